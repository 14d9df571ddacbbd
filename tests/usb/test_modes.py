"""What the policy's modes make of a stick, and changes of mode while files are open."""

import errno
import mmap
import os
import signal
import unittest

from guarded import FORBIDDEN, GuardedStick, content, forbidden, main, write
from support.processes import wait_for


class Mode(GuardedStick):
    """Every test's folder holds `old` already."""

    @classmethod
    def prepare(cls, folder):
        write(folder / "old", content("old"))

    def change_mode(self, number):
        before = self.guard.text().count("\nmode ")
        self.guard.process.send_signal(number)
        wait_for("the mode is changed", lambda: self.guard.text().count("\nmode ") > before)

    def assert_changes_fail(self, number):
        old, new = self.stick_folder / "old", self.stick_folder / "new"
        for call in ((os.open, new, os.O_WRONLY | os.O_CREAT), (os.open, old, os.O_WRONLY),
                     (os.open, old, os.O_RDWR | os.O_TRUNC), (os.truncate, old, 0), (os.mkdir, new),
                     (os.symlink, "x", new), (os.link, old, new), (os.unlink, old), (os.rename, old, new),
                     (os.chmod, old, 0o600), (os.utime, old), (os.setxattr, old, "user.x", b"x"),
                     (os.mkfifo, new)):
            with self.subTest(call=call[0].__name__):
                self.assert_errno(number, *call)
        self.assertFalse(os.path.lexists(new))


class ReadOnly(Mode):
    options = ("--mode", "read-only")

    def test_reading_goes_on_and_changes_fail(self):
        self.assert_holds(self.stick_folder / "old", content("old"))
        self.assertEqual(os.listdir(self.stick_folder), ["old"])
        self.assert_changes_fail(errno.EROFS)
        self.assert_refused("cp", self.source("clean", content("clean")), self.stick_folder,
                            message="Read-only file system")
        self.assert_refused("rm", "-f", self.stick_folder / "old", message="Read-only file system")
        self.assert_holds(self.stick_folder / "old", content("old"))
        self.assert_event("refusal", "usb.read_only", "create", "/new")
        self.assert_event("refusal", "usb.read_only", "program=cp")


class Deny(Mode):
    options = ("--mode", "deny")

    def test_nothing_is_read_and_nothing_changed(self):
        old = self.stick_folder / "old"
        self.assert_errno(errno.EACCES, os.open, old, os.O_RDONLY)
        self.assert_errno(errno.EACCES, os.listdir, self.stick.mount_point)
        self.assert_errno(errno.EACCES, os.readlink, old)
        for command in (("cat", old), ("ls", self.stick_folder), ("cp", old, self.folder)):
            done = self.run_program(*command)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("Permission denied", done.stderr)
        self.assert_refused("cp", self.source("clean", content("clean")), self.stick_folder,
                            message="Permission denied")
        self.assert_errno(errno.EACCES, os.mkdir, self.stick.mount_point / "new")
        self.assert_event("refusal", "usb.deny", "open")
        self.expected[old] = content("old")


class Report(Mode):
    options = ("--mode", "report")

    def test_everything_passes_and_is_recorded(self):
        """The one mode in which the forbidden text is on the device afterwards."""
        secret = self.source("secret", forbidden("reported"))
        self.assert_runs("cp", secret, self.stick_folder)
        self.assert_holds(self.stick_folder / "secret", forbidden("reported"))
        self.assert_event("block report-only", "write", "/secret")
        os.symlink(FORBIDDEN.decode(), self.stick_folder / "link")
        self.assert_event("block report-only", "symlink", "/link")
        self.assert_runs("cp", self.source("clean", content("clean")), self.stick_folder)
        self.assert_event("allow report-only", "write", "/clean")

    @classmethod
    def look_at_stick(cls):
        with cls.subTest_found():
            super().look_at_stick()

    @classmethod
    def subTest_found(cls):
        return unittest.TestCase().assertRaisesRegex(AssertionError, "forbidden text on the raw device")


class ReportWithoutAnswers(Mode):
    options = ("--mode", "report", "--lose-answers")
    may_fail = True

    def test_a_mode_that_only_looks_stops_nobody(self):
        self.assert_runs("cp", self.source("clean", content("clean")), self.stick_folder)
        self.assert_holds(self.stick_folder / "clean", content("clean"))
        self.assert_event("GUARD_FAILED", "never answered")


class Allow(Mode):
    options = ("--mode", "allow")

    def test_nothing_is_judged(self):
        self.assert_runs("cp", self.source("clean", content("clean")), self.stick_folder)
        self.assert_holds(self.stick_folder / "clean", content("clean"))
        os.symlink("target", self.stick_folder / "link")
        self.assertEqual(self.events(), [])


class ToReadOnly(Mode):
    def tearDown(self):
        self.change_mode(signal.SIGUSR2)

    def test_what_is_open_is_not_written_any_more(self):
        old, new = self.stick_folder / "old", self.stick_folder / "new"
        writing = os.open(new, os.O_WRONLY | os.O_CREAT)
        os.write(writing, content("new"))
        changing = os.open(old, os.O_RDWR)
        os.pwrite(changing, b"changed", 0)
        appending = os.open(old, os.O_WRONLY | os.O_APPEND)
        self.change_mode(signal.SIGUSR1)
        self.assert_errno(errno.EROFS, os.write, writing, b"more")
        self.assert_errno(errno.EROFS, os.write, appending, b"more")
        self.assert_errno(errno.EROFS, os.ftruncate, changing, 0)
        self.assert_errno(errno.EROFS, os.close, writing)
        self.assert_errno(errno.EROFS, os.close, changing)
        self.assert_errno(errno.EROFS, os.close, appending)
        self.assert_absent(new)
        self.assert_holds(old, content("old"))
        self.assert_event("refusal", "usb.read_only", "write", "/new")
        self.assert_event("refusal", "usb.read_only", "write", "/old")

    def test_and_back(self):
        self.change_mode(signal.SIGUSR1)
        self.assert_errno(errno.EROFS, os.open, self.stick_folder / "new", os.O_WRONLY | os.O_CREAT)
        self.change_mode(signal.SIGUSR2)
        write(self.stick_folder / "new", content("new"))
        self.assert_holds(self.stick_folder / "new", content("new"))


class ToDeny(Mode):
    options = ("--second-mode", "deny")

    def tearDown(self):
        self.change_mode(signal.SIGUSR2)

    def test_what_is_open_is_not_read_any_more(self):
        old = self.stick_folder / "old"
        with open(old, "rb", buffering=0) as reader:
            self.assertEqual(reader.read(100), content("old")[:100])
            writing = os.open(self.stick_folder / "new", os.O_WRONLY | os.O_CREAT)
            os.write(writing, content("new"))
            view = mmap.mmap(reader.fileno(), 0, prot=mmap.PROT_READ)
            self.assertEqual(view[:10], content("old")[:10])
            view.close()
            self.change_mode(signal.SIGUSR1)
            wait_for("the pages go", lambda: self.fails(errno.EACCES, os.pread, reader.fileno(), 100, 0), seconds=3)
            self.assert_errno(errno.EACCES, os.write, writing, b"more")
            self.assert_errno(errno.EACCES, os.close, writing)
            self.assert_errno(errno.EACCES, os.open, old, os.O_RDONLY)
            self.assert_errno(errno.EACCES, os.listdir, self.stick_folder)
            self.change_mode(signal.SIGUSR2)
            self.assertEqual(os.pread(reader.fileno(), 50_000, 0), content("old"))
        self.assert_holds(old, content("old"))
        self.assert_absent(self.stick_folder / "new")

    def fails(self, number, call, *arguments):
        try:
            call(*arguments)
            return False
        except OSError as error:
            return error.errno == number


if __name__ == "__main__":
    main()
