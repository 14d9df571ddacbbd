"""Large files, a full stick, and verdicts that come late or never."""

import errno
import os
import subprocess
import threading
import time

from guarded import FORBIDDEN, GuardedStick, content, forbidden, main, write
from support.processes import wait_for

MIB = 1 << 20


class Large(GuardedStick):
    megabytes = 800

    def test_file_larger_than_the_stage_in_memory(self):
        """300 MB go through the unnamed file on the local disk, in and out unchanged."""
        block = content("large", MIB)
        source = self.folder / "large"
        with open(source, "wb") as out:
            for index in range(300):
                out.write(index.to_bytes(8, "big") + block[8:])
        self.assert_runs("cp", source, self.stick_folder)
        self.assert_runs("cmp", source, self.stick_folder / "large")
        self.assertEqual(self.lower_stat(self.stick_folder / "large").st_size, 300 * MIB)

        with open(source, "r+b") as out:
            out.seek(299 * MIB)
            out.write(FORBIDDEN)
        self.assert_refused("cp", source, self.stick_folder / "secret")
        self.assert_absent(self.stick_folder / "secret")

        handle = os.open(self.stick_folder / "large", os.O_WRONLY)
        os.pwrite(handle, b"changed", 150 * MIB)
        os.close(handle)
        with open(source, "r+b") as out:
            out.seek(299 * MIB)
            out.write((299).to_bytes(8, "big") + block[8:])
            out.seek(150 * MIB)
            out.write(b"changed")
        self.assert_runs("cmp", source, self.stick_folder / "large")
        handle = os.open(self.stick_folder / "large", os.O_WRONLY)
        os.pwrite(handle, FORBIDDEN, 250 * MIB)
        self.assert_errno(errno.EPERM, os.close, handle)
        self.assert_runs("cmp", source, self.stick_folder / "large")

    def test_around_the_bound_of_the_stage_in_memory(self):
        for size in (MIB - 1, MIB, MIB + 1, 5 * MIB):
            path = self.stick_folder / str(size)
            with open(path, "wb", buffering=0) as out:
                for at in range(0, size, 100_000):
                    out.write(content(size, size)[at:at + 100_000])
            self.assert_holds(path, content(size, size))
            with self.assertRaises(PermissionError):
                write(self.stick_folder / "secret", forbidden(size, size))
            self.assert_absent(self.stick_folder / "secret")

    def test_staged_files_leave_nothing_behind(self):
        before = os.statvfs(self.base).f_bavail * os.statvfs(self.base).f_frsize
        handles = []
        for index in range(4):
            handles.append(os.open(self.stick_folder / str(index), os.O_WRONLY | os.O_CREAT))
            os.write(handles[-1], forbidden(index, 20 * MIB))
        self.assertEqual(os.listdir(self.base / "staging"), [])
        for handle in handles:
            self.assert_errno(errno.EPERM, os.close, handle)
        wait_for("the stages go", lambda: before - os.statvfs(self.base).f_bavail *
                 os.statvfs(self.base).f_frsize < 40 * MIB, seconds=5)


class Full(GuardedStick):
    megabytes = 32

    def setUp(self):
        super().setUp()
        self.room = self.free()
        self.addCleanup(self.remove_all)

    def free(self):
        now = os.statvfs(self.stick.mount_point)
        return now.f_bavail * now.f_frsize

    def remove_all(self):
        """The room of a removed file comes back when the kernel has forgotten it."""
        for name in os.listdir(self.stick_folder):
            os.unlink(self.stick_folder / name)
        self.wait_for_room(self.room)

    def wait_for_room(self, room):
        wait_for("the room is free again", lambda: self.free() >= room - 64 * 1024, seconds=5)

    def test_no_room_is_said_at_the_write(self):
        path = self.stick_folder / "too big"
        size = self.free() + 4 * MIB
        handle = os.open(path, os.O_WRONLY | os.O_CREAT)
        written = 0
        with self.assertRaises(OSError) as caught:
            while written < size:
                written += os.write(handle, content("full", 64 << 10))
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        self.assertGreater(written, self.free() // 2)
        os.close(handle)  # what was written fits, and is judged and kept
        self.assertEqual(self.lower_stat(path).st_size, written)

    def test_cp_dd_and_fallocate_to_a_full_stick(self):
        size = self.free() + 4 * MIB
        source = self.folder / "source"
        with open(source, "wb") as out:
            for _ in range(size // MIB + 1):
                out.write(content("source", MIB))
        done = self.assert_refused("cp", source, self.stick_folder, message="No space left on device")
        self.assertIn("error writing", done.stderr)
        os.unlink(self.stick_folder / "source")
        self.assert_refused("dd", "status=none", f"if={source}", f"of={self.stick_folder / 'dd'}", "bs=1M",
                            "oflag=direct", message="No space left on device")
        os.unlink(self.stick_folder / "dd")
        self.assert_refused("fallocate", "-l", size, self.stick_folder / "allocated",
                            message="No space left on device")
        os.unlink(self.stick_folder / "allocated")
        self.assert_refused("sh", "-c", "cat \"$0\" > \"$1\"", source, self.stick_folder / "cat",
                            message="No space left on device")
        os.unlink(self.stick_folder / "cat")

    def test_what_others_hold_counts(self):
        """Two open files do not get the same room promised."""
        one = os.open(self.stick_folder / "one", os.O_WRONLY | os.O_CREAT)
        two = os.open(self.stick_folder / "two", os.O_WRONLY | os.O_CREAT)
        half = self.free() // 2 // MIB * MIB
        for _ in range(half // MIB):
            os.write(one, content("one", MIB))
            os.write(two, content("two", MIB))
        with self.assertRaises(OSError) as caught:
            for _ in range(4):
                os.write(two, content("two", MIB))
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        os.close(one)
        os.close(two)
        self.assertEqual(self.lower_stat(self.stick_folder / "one").st_size, half)

    def test_refused_content_gives_its_room_back(self):
        before = self.free()
        for _ in range(3):
            with self.assertRaises(PermissionError):
                write(self.stick_folder / "secret", forbidden("room", before // 2))
        self.wait_for_room(before)

    def test_writes_while_another_file_is_committed(self):
        """A file under way to the device counts once, not as promised and as used."""
        source = self.source("large", content("under way", self.free() * 9 // 10))
        failed = []
        stop = threading.Event()

        def small():
            index = 0
            while not stop.is_set():
                try:
                    write(self.stick_folder / "small", content(index, 10_000))
                except OSError as error:
                    failed.append(error)
                index += 1

        thread = threading.Thread(target=small)
        thread.start()
        for _ in range(15):
            self.assert_runs("cp", source, self.stick_folder / "large")
            os.unlink(self.stick_folder / "large")
            self.wait_for_room(self.room)
        stop.set()
        thread.join(20)
        self.assertEqual(failed, [])

    def test_overwriting_in_place_needs_no_room(self):
        path = self.stick_folder / "file"
        write(path, content("in place", MIB))
        filler = os.open(self.stick_folder / "filler", os.O_WRONLY | os.O_CREAT)
        with self.assertRaises(OSError):
            for _ in range(self.room // (256 << 10) + 2):
                os.write(filler, content("filler", 256 << 10))
        os.close(filler)
        handle = os.open(path, os.O_WRONLY)
        os.pwrite(handle, b"changed", 1000)
        os.close(handle)
        with open(path, "rb") as back:
            self.assertEqual(back.read(),
                             content("in place", MIB)[:1000] + b"changed" + content("in place", MIB)[1007:])

    def test_filling_the_holes_of_an_old_file_needs_room(self):
        path = self.stick_folder / "sparse"
        size = self.free() + 8 * MIB
        with open(path, "wb") as out:
            out.truncate(size)
        handle = os.open(path, os.O_WRONLY)
        with self.assertRaises(OSError) as caught:
            for at in range(0, size, MIB):
                os.pwrite(handle, content("holes", MIB), at)
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        os.close(handle)


class Late(GuardedStick):
    options = ("--verdict-delay-ms", "60000", "--verdict-ms-max", "300", "--answer-grace-ms", "300")
    may_fail = True

    def test_late_verdict_is_a_refusal_within_the_bound(self):
        source = self.source("clean", content("late"))
        started = time.monotonic()
        self.assert_refused("cp", source, self.stick_folder)
        took = time.monotonic() - started
        self.assertGreater(took, 0.5)
        self.assertLess(took, 3)
        self.assert_absent(self.stick_folder / "clean")
        self.assert_event("GUARD_FAILED", "never answered")

    def test_names_too(self):
        started = time.monotonic()
        self.assert_errno(errno.EPERM, os.symlink, "target", self.stick_folder / "link")
        self.assertLess(time.monotonic() - started, 3)
        self.assert_absent(self.stick_folder / "link")

    def test_others_go_on_meanwhile(self):
        source = self.source("clean", content("late"))
        thread = threading.Thread(target=self.run_program, args=("cp", source, self.stick_folder))
        thread.start()
        started = time.monotonic()
        for _ in range(20):
            os.listdir(self.stick_folder)
            os.statvfs(self.stick_folder)
        self.assertLess(time.monotonic() - started, 0.3)
        thread.join(20)


class Lost(GuardedStick):
    options = ("--lose-answers",)
    may_fail = True

    def test_lost_answer_is_a_refusal_at_once(self):
        source = self.source("clean", content("lost"))
        started = time.monotonic()
        self.assert_refused("cp", source, self.stick_folder)
        self.assert_errno(errno.EPERM, os.symlink, "target", self.stick_folder / "link")
        self.assertLess(time.monotonic() - started, 3)
        self.assert_absent(self.stick_folder / "clean")
        self.assert_absent(self.stick_folder / "link")
        self.assert_event("GUARD_FAILED", "never answered")


class Slow(GuardedStick):
    """Each verdict takes its time; programs wait for theirs only."""

    options = ("--verdict-delay-ms", "300")

    def test_files_are_judged_beside_each_other(self):
        started = time.monotonic()
        threads = [threading.Thread(target=write, args=(self.stick_folder / str(index), content(index)))
                   for index in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertLess(time.monotonic() - started, 3)
        for index in range(30):
            self.assert_holds(self.stick_folder / str(index), content(index))

    def test_operations_that_meet_a_verdict_wait_for_it(self):
        path = self.stick_folder / "file"
        for name, data in (("clean", content("meets")), ("secret", forbidden("meets"))):
            path = self.stick_folder / name
            handle = os.open(path, os.O_RDWR | os.O_CREAT)
            os.write(handle, data)
            os.setxattr(handle, "user.removed", b"x")
            results = {}

            def attempt(what, call, *arguments):
                try:
                    call(*arguments)
                    results[what] = 0
                except OSError as error:
                    results[what] = error.errno

            closing = threading.Thread(target=attempt, args=("fsync", os.fsync, handle))
            closing.start()
            time.sleep(0.1)
            others = [threading.Thread(target=attempt, args=arguments) for arguments in (
                ("write", os.pwrite, handle, b"more", len(data)),
                ("rename", os.rename, path, self.stick_folder / f"{name} renamed"),
                ("chmod", os.chmod, path, 0o600), ("set", os.setxattr, handle, "user.set", b"x"),
                ("remove", os.removexattr, handle, "user.removed"))]
            for thread in others:
                thread.start()
            self.assertEqual(os.stat(path).st_size, len(data))
            for thread in [closing, *others]:
                thread.join(20)
            if name == "clean":
                self.assertEqual(set(results.values()), {0}, results)
                self.assertEqual(os.listxattr(handle), ["user.set"])
                os.close(handle)
                self.assert_holds(self.stick_folder / "clean renamed", data + b"more")
            else:
                self.assertEqual((results["fsync"], results["write"]), (errno.EPERM, errno.EPERM))
                self.assert_errno(errno.EPERM, os.close, handle)
                self.assert_absent(self.stick_folder / "secret renamed")
                self.assert_absent(path)

    def test_killed_while_it_waits(self):
        """Killed programs go once their verdict is there, and the verdict holds."""
        secret = self.source("secret", forbidden("killed"))
        with subprocess.Popen(["cp", secret, self.stick_folder]) as program:
            time.sleep(0.15)
            program.kill()
            program.wait(5)
        self.assert_absent(self.stick_folder / "secret")


if __name__ == "__main__":
    main()
