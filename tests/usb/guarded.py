"""The guard alone over loop-mounted file systems, with a rule that refuses whatever content or name
holds FORBIDDEN. A class of tests either shares one stick and one guard (GuardedStick), or each of its
tests has sticks and guards of its own (OwnGuards).

Every step has a deadline; sticks, guards and mounts go away again, also when a test fails. The tests
run in a mount namespace of their own: no other agent of this machine sees what they mount.
"""

import ctypes
import errno
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.processes import Process, wait_for  # noqa: E402
from support.sticks import Stick, mounts_at, need_root  # noqa: E402

# Where the build puts test programs that are not installed.
HARNESS = Path(os.environ.get("SHOUMI_USB_HARNESS",
                              ROOT / "build/release/agent/channels/usb/usb_guard_harness"))
KIND = os.environ.get("SHOUMI_STICK", "ext4")
MEGABYTES_MIN = {"ext4": 16, "xfs": 320}

FORBIDDEN = b"SHOUMI-FORBIDDEN-TEXT"
FORBIDDEN_TEXT = FORBIDDEN.decode()
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
PROGRAM_SECONDS_MAX = 40


def content(seed, size=20_000):
    """Bytes that no other seed gives; clean."""
    return random.Random(f"shoumi {seed}").randbytes(size)


def forbidden(seed, size=20_000):
    """As content(), with the forbidden text in the middle."""
    half = content(seed, size // 2)
    return half + FORBIDDEN + half


def libc(function, *arguments):
    """Calls a C function in this very process: starting another closes duplicates of what is open
    here, and each such close asks for a verdict. Returns the errno value, 0 for success."""
    library = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(0)
    getattr(library, function)(*(ctypes.c_long(argument) if isinstance(argument, int) else
                                 ctypes.c_char_p(os.fsencode(argument)) for argument in arguments))
    return ctypes.get_errno()


def write(path, data):
    with open(path, "wb", buffering=0) as handle:
        handle.write(data)


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


def main():
    if os.geteuid() == 0 and "SHOUMI_OWN_MOUNTS" not in os.environ:
        os.environ["SHOUMI_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    unittest.main()


class Guard(Process):
    """The guard as a process of its own; its events are lines of text()."""

    def __init__(self, folder, sticks, *options):
        number = len(list(folder.glob("guard*.log")))
        super().__init__("usb_guard_harness",
                         [HARNESS, "--fake-rule", FORBIDDEN_TEXT, "--staging", folder / "staging",
                          *options, *(getattr(stick, "device", stick) for stick in sticks)],
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


class GuardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_root()
        if not os.access(HARNESS, os.X_OK):
            raise unittest.SkipTest(f"needs {HARNESS}, or SHOUMI_USB_HARNESS")

    def assert_failed(self, result, *words):
        """`result` of run(): it did not go through, and said why."""
        status, text = result
        self.assertNotEqual(status, 0, f"went through: {text}")
        wanted = words or ("Operation not permitted", "Permission denied", "Read-only file system")
        self.assertTrue(any(word in text for word in wanted), f"failed for another reason: {text}")


class OwnGuards(GuardTest):
    """Each test makes its sticks and guards in self.folder."""

    def setUp(self):
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
        return wait_for(f"{place} is guarded: {mounts_at(place)}",
                        lambda: mounts_at(place)[-1:] == ["fuse.shoumi"])

    def assert_forbidden_nowhere(self, stick):
        """Neither as content nor as a name on the raw device."""
        run("sync")
        self.assertIsNone(stick.find_in_image(FORBIDDEN))


class GuardedStick(GuardTest):
    """self.stick_folder is a folder of the test's own on the stick, self.folder one beside it. When
    the class ends, the stick is looked at without the guard: it must hold what the tests say it
    holds, its file system must be sound, and the raw image must not hold the forbidden text."""

    kind = KIND
    megabytes = 96
    options = ()  # more arguments for the guard
    may_fail = False  # whether the tests make the guard report failures of its own

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.base = Path(tempfile.mkdtemp(prefix="shoumi-usb-"))
        cls.addClassCleanup(shutil.rmtree, cls.base, ignore_errors=True)
        os.chmod(cls.base, 0o755)
        cls.stick = Stick(cls.base, megabytes=max(cls.megabytes, MEGABYTES_MIN[cls.kind]), kind=cls.kind)
        cls.addClassCleanup(cls.stick.remove)
        cls.stick.attach()
        cls.stick.mount()
        # Before the guard is there: not every mode lets tests make their folders.
        for name in unittest.defaultTestLoader.getTestCaseNames(cls):
            (cls.stick.mount_point / name).mkdir()
            os.chmod(cls.stick.mount_point / name, 0o777)
            cls.prepare(cls.stick.mount_point / name)
        cls.expected = {}
        cls.start_guard()

    @classmethod
    def prepare(cls, folder):
        """What is in each test's folder before the guard is there."""

    @classmethod
    def start_guard(cls):
        # Opened before the guard is there: stat() through it sees the device itself.
        cls.lower = os.open(cls.stick.mount_point, os.O_PATH | os.O_DIRECTORY)
        cls.guard = Guard(cls.base, [cls.stick], *cls.options)
        cls.addClassCleanup(cls.guard.kill)
        cls.guard.begin()
        wait_for("the stick is guarded", cls.stick.guarded)

    @classmethod
    def tearDownClass(cls):
        os.close(cls.lower)
        status = cls.guard.stop()
        if status != 0:
            raise AssertionError(f"the guard ended with {status}:\n{cls.guard.text()[-3000:]}")
        if not cls.may_fail and "GUARD_FAILED" in cls.guard.text():
            raise AssertionError(f"the guard failed:\n{cls.guard.text()[-3000:]}")
        cls.stick.unmount()
        cls.look_at_stick()

    @classmethod
    def look_at_stick(cls):
        """The stick without the guard."""
        cls.stick.mount()
        wrong = []
        for path, data in sorted(cls.expected.items()):
            there = path.read_bytes() if path.is_file() else None
            if there != data:
                wrong.append(f"{path.relative_to(cls.stick.mount_point)}: {describe(there)} on the stick, "
                             f"not {describe(data)}")
        leftovers = [str(path) for path in cls.stick.mount_point.rglob(".shoumi-*")]
        cls.stick.unmount()
        status, text = cls.stick.check()
        if wrong or leftovers or status != 0:
            raise AssertionError("\n".join([*wrong, *leftovers, text if status else ""]))
        found = cls.stick.find_in_image(FORBIDDEN)
        if found:
            raise AssertionError(f"forbidden text on the raw device: {found}")

    def setUp(self):
        name = self._testMethodName
        self.folder = self.base / name
        self.folder.mkdir(mode=0o755)
        self.stick_folder = self.stick.mount_point / name
        self.events_before = len(self.guard.text())

    # What was seen

    def events(self):
        """The lines of the guard's log since the test began."""
        return self.guard.text()[self.events_before:].splitlines()

    def assert_event(self, *words):
        self.assertTrue([line for line in self.events() if all(word in line for word in words)],
                        f"no event with {words} in {self.events()}")

    def source(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, data)
        return path

    def run_program(self, *command, seconds=PROGRAM_SECONDS_MAX, **options):
        return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=seconds, check=False,
                              **{"stdin": subprocess.DEVNULL, **options})

    def assert_runs(self, *command, **options):
        done = self.run_program(*command, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout

    def assert_refused(self, *command, status=1, message="Operation not permitted", **options):
        done = self.run_program(*command, **options)
        self.assertEqual(done.returncode, status, (command, done.stdout, done.stderr))
        self.assertIn(message, done.stdout + done.stderr)
        return done

    def assert_errno(self, number, call, *arguments, **options):
        with self.assertRaises(OSError) as caught:
            call(*arguments, **options)
        self.assertEqual(errno.errorcode[caught.exception.errno], errno.errorcode[number])

    # What must be on the stick, now and when the guard has gone

    def assert_holds(self, path, data):
        self.expected[Path(path)] = data
        with open(path, "rb") as handle:
            there = handle.read()
        if there != data:
            self.fail(f"{path}: {describe(there)}, not {describe(data)}")
        self.assertEqual(os.stat(path).st_size, len(data))
        # An empty file is written after its last close, which does not wait for it.
        wait_for(f"{path} on the device", lambda: self.on_device(path), seconds=2)
        self.assertEqual(self.lower_stat(path).st_size, len(data), "not on the device")

    def assert_absent(self, path):
        path = Path(path)
        self.expected[path] = None
        # The name of what is refused goes after the last close, which does not wait for it.
        wait_for(f"{path} goes", lambda: not os.path.lexists(path), seconds=2)
        if path.parent.is_dir():
            self.assertNotIn(path.name, os.listdir(path.parent))
        self.assertFalse(self.on_device(path))

    def on_device(self, path):
        try:
            self.lower_stat(path)
            return True
        except FileNotFoundError:
            return False

    def lower_stat(self, path):
        return os.stat(Path(path).relative_to(self.stick.mount_point), dir_fd=self.lower,
                       follow_symlinks=False)


def describe(data):
    if data is None:
        return "nothing"
    return f"{len(data)} bytes{' with forbidden text' if FORBIDDEN in data else ''} ({data[:24]!r}…)"
