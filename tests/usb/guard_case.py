"""The USB guard alone over loop-mounted file systems: what the tests of this folder share.

Every step has a deadline; sticks, guards and mounts go away again, also when a test fails. The tests
run in a mount namespace of their own: no other agent of this machine sees what they mount.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Process, Stick, need_root, wait_for  # noqa: E402

GUARD = os.environ.get("SHOUMI_USB_HARNESS",
                       str(ROOT / "build/release/agent/channels/usb/usb_guard_harness"))
SECRET = "SECRET-of-the-client"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def main():
    if os.geteuid() == 0 and "SHOUMI_OWN_MOUNTS" not in os.environ:
        os.environ["SHOUMI_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    unittest.main()


def run(*command, seconds=30):
    """(exit status, all it printed); a shell command when it is one text with spaces."""
    shell = len(command) == 1 and " " in str(command[0])
    done = subprocess.run(command[0] if shell else [str(c) for c in command], shell=shell,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=seconds, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return done.returncode, done.stdout + done.stderr


def python(program, *arguments, user=()):
    """run() of a Python program."""
    return run(*user, sys.executable, "-c", program, *arguments)


def mounts(place):
    """File system types mounted at a place, the lowest first."""
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        rows = [line.split() for line in table]
    return [row[row.index("-") + 1] for row in rows if row[4] == str(place)]


class Guard(Process):
    """The guard as a process of its own; its events are lines of text()."""

    def __init__(self, folder, sticks, *options):
        number = len(list(folder.glob("guard*.log")))
        super().__init__("usb_guard_harness",
                         [GUARD, "--fake-rule", SECRET, "--staging", folder / "staging", *options,
                          *(getattr(stick, "device", stick) for stick in sticks)],
                         folder / f"guard{number}.log")

    def begin(self):
        self.start()
        wait_for("the guard is ready", self._ready)
        return self

    def _ready(self):
        if not self.alive:
            raise AssertionError(f"the guard ended:\n{self.text()}")
        return "ready\n" in self.text()

    def lines(self, pattern):
        return [line for line in self.text().splitlines() if re.search(pattern, line)]

    def wait_line(self, pattern, seconds=20):
        return wait_for(f"{pattern!r} in\n{self.text()}", lambda: self.lines(pattern), seconds)[0]


class GuardCase(unittest.TestCase):
    def setUp(self):
        need_root()
        if not os.access(GUARD, os.X_OK):
            raise unittest.SkipTest(f"needs {GUARD}, or SHOUMI_USB_HARNESS")
        self.folder = Path(tempfile.mkdtemp(prefix="shoumi-usb-"))
        os.chmod(self.folder, 0o755)
        self.addCleanup(self._remove)
        self.sticks = []
        self.guards = []

    def _remove(self):
        for guard in self.guards:
            guard.kill()
        with open("/proc/self/mountinfo", encoding="utf-8") as table:
            places = [line.split()[4] for line in table]
        for place in reversed(places):
            if place.startswith(f"{self.folder}/"):
                run("umount", "-l", place)
        for stick in self.sticks:
            stick.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_stick(self, name="stick", mounted=True, **options):
        stick = Stick(self.folder, name, **options)
        self.sticks.append(stick)
        stick.attach()
        if mounted:
            stick.mount()
        return stick

    def new_guard(self, sticks, *options):
        guard = Guard(self.folder, sticks, *options)
        self.guards.append(guard)
        return guard.begin()

    def place(self, name):
        folder = self.folder / name
        folder.mkdir()
        return folder

    def guarded(self, place):
        return wait_for(f"{place} is guarded: {mounts(place)}",
                        lambda: mounts(place)[-1:] == ["fuse.shoumi"])

    def assert_secret_nowhere(self, stick):
        """The device does not hold the secret, neither as content nor as a name."""
        run("sync")
        self.assertFalse(SECRET.encode() in stick.image.read_bytes(), "the secret is on the device")

    def assert_refused(self, result, *words):
        code, text = result
        self.assertNotEqual(code, 0, f"went through: {text}")
        wanted = words or ("Operation not permitted", "Permission denied", "Read-only file system")
        self.assertTrue(any(word in text for word in wanted), f"failed for another reason: {text}")


__all__ = ["GUARD", "Guard", "GuardCase", "NOBODY", "SECRET", "main", "mounts", "python", "run", "signal",
           "wait_for"]
