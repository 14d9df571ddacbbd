"""File systems that programs serve, as document portals are: judged as well, and nobody but those who
open files there waits for them."""

import ctypes
import os
import subprocess
import time
from pathlib import Path

from watched import DENIED, FORBIDDEN, HARNESS, WatchedTest, main, run
from support.processes import wait_for
from support.sticks import mounts_at

SERVED = Path(os.environ.get("SHOUMI_SERVED_FILES", HARNESS.parent / "served_files"))
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Served(WatchedTest):
    def setUp(self):
        super().setUp()
        self.behind = self.folder / "behind"
        self.behind.mkdir()
        os.chmod(self.behind, 0o755)

    def serve(self, *options, user=()):
        place = self.folder / "served"
        place.mkdir(exist_ok=True)
        at, kept = str(place), ()
        if user:
            # As fusermount3 does it for a user, whom not every machine lets open the device.
            device = os.open("/dev/fuse", os.O_RDWR)
            self.addCleanup(os.close, device)
            libc = ctypes.CDLL(None, use_errno=True)
            options_text = f"fd={device},rootmode=40000,user_id=65534,group_id=65534"
            self.assertEqual(libc.mount(b"served", os.fsencode(place), b"fuse.served", 0,
                                        options_text.encode()), 0, os.strerror(ctypes.get_errno()))
            at, kept = f"/dev/fd/{device}", (device,)
        log = open(self.folder / "served.log", "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen([*user, str(SERVED), str(self.behind), at, "-f", *options],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=kept)
        self.addCleanup(self.end, process, place)
        wait_for("it is mounted", lambda: mounts_at(place) or process.poll() is not None)
        if process.poll() is not None:
            self.skipTest(f"FUSE does not mount here: {(self.folder / 'served.log').read_text()}")
        return place, process

    @staticmethod
    def end(process, place):
        process.kill()
        process.wait()
        run("umount", "-l", place)

    def wait_watched(self, count):
        wait_for("it is watched", lambda: f"guarded: {count}" in self.channel.state()
                 and "COVERAGE_COVERED" in self.channel.state())

    def test_forbidden_is_denied(self):
        self.secret("list.txt", self.behind)
        self.file("clean.txt", "harmless\n", self.behind)
        place, _ = self.serve("-o", "allow_other")
        self.wait_watched(2)
        self.assert_denied(place / "list.txt")
        self.assert_read(place / "clean.txt")
        self.assertEqual(run("cat", place / "list.txt")[0], 0)

    def test_that_nobody_but_its_user_may_look_into(self):
        os.chmod(self.secret("list.txt", self.behind), 0o644)
        os.chmod(self.file("clean.txt", "harmless\n", self.behind), 0o644)
        place, _ = self.serve(user=NOBODY)
        self.wait_watched(2)
        read = [*NOBODY, str(self.messenger), "-c"]
        status, text = run(*read, f"read -r a < {place}/list.txt && echo got $a")
        self.assertIn(DENIED, text)
        status, text = run(*read, f"read -r a < {place}/clean.txt && echo got $a")
        self.assertIn("got harmless", text)

    def test_larger_than_what_is_copied(self):
        self.channel.kill()
        self.channel = self.new_channel("--copy-bytes-max", "1000")
        self.file("large.txt", "harmless\n" * 200, self.behind)
        place, _ = self.serve("-o", "allow_other")
        self.wait_watched(2)
        self.assert_denied(place / "large.txt")
        self.channel.wait_line("refusal oversize open", "large.txt", "app=talk")

    def test_hanging_open_holds_up_nobody_else(self):
        self.file("hang-open", "never\n", self.behind)
        place, process = self.serve("-o", "allow_other")
        self.wait_watched(2)
        hanging = subprocess.Popen(["cat", place / "hang-open"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        secret = self.secret()
        clean = self.file("clean.txt", "harmless\n")
        started = time.monotonic()
        for _ in range(5):
            self.assert_denied(secret)
            self.assert_read(clean)
            self.assertEqual(run("cat", clean)[0], 0)
        self.assertLess(time.monotonic() - started, 10)
        self.assertIsNone(hanging.poll())
        # The file system ends, and with it the waiting.
        process.kill()
        run("umount", "-l", place)
        hanging.wait(timeout=10)
        wait_for("it is forgotten", lambda: "guarded: 1" in self.channel.state())

    def test_hanging_read_holds_up_nobody_else(self):
        self.file("hang-read", "never\n", self.behind)
        place, process = self.serve("-o", "allow_other")
        self.wait_watched(2)
        hanging = subprocess.Popen([self.messenger, "-c", f"read -r a < {place}/hang-read"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("it is looked at", lambda: self.channel.counters()["opens_watched"] >= 1)
        self.assert_denied(self.secret())
        self.assert_read(self.file("clean.txt", "harmless\n"))
        self.assertIsNone(hanging.poll())
        process.kill()
        run("umount", "-l", place)
        hanging.wait(timeout=10)

    def test_more_than_may_be_watched(self):
        self.channel.kill()
        self.channel = self.new_channel("--served-max", "0")
        self.serve("-o", "allow_other")
        self.channel.wait_line("report KIND_GUARD_FAILED", "more than 0 served file systems")
        self.assertIn("COVERAGE_PARTIAL", self.channel.state())


if __name__ == "__main__":
    main()
