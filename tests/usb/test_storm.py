"""Programs beside each other on the same few names, some of what they write forbidden: nobody may
hang, the guard must live, and the device must hold none of it (looked at when the class ends).

    SHOUMI_SEED=5 SHOUMI_STORM_SECONDS=60 python3 test_storm.py
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from guarded import FORBIDDEN, GuardedStick, content, main, write

SEED = int(os.environ.get("SHOUMI_SEED", "1"))
SECONDS = float(os.environ.get("SHOUMI_STORM_SECONDS", "5"))
PROGRAMS = 6

PROGRAM = r"""
import mmap, os, random, sys, time
folder, seed, seconds, forbidden = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4].encode()
pick = random.Random(seed)
end = time.monotonic() + seconds
done = refused = 0

def name():
    return os.path.join(folder, pick.choice(("a", "b", "c", "d/a", "d/b", "d/e/a")))

def data():
    clean = pick.randbytes(pick.choice((0, 10, 5000, 100_000, 1_500_000)))
    return clean + forbidden + clean if pick.random() < 0.3 else clean

def with_file(change, flags=os.O_RDWR | os.O_CREAT, path=None):
    handle = os.open(path or name(), flags, 0o644)
    try:
        change(handle)
    finally:
        os.close(handle)

def through_mapping(handle):
    os.ftruncate(handle, 40_000)
    with mmap.mmap(handle, 40_000) as view:
        text = forbidden if pick.random() < 0.3 else b"harmless"
        view[1000:1000 + len(text)] = text
        view.flush()

def synced(handle):
    os.write(handle, data())
    os.fsync(handle)
    os.pwrite(handle, data(), pick.randrange(100_000))

STEPS = (
    lambda: with_file(lambda handle: os.write(handle, data())),
    lambda: with_file(lambda handle: os.write(handle, data()), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    lambda: with_file(lambda handle: os.write(handle, data()), os.O_WRONLY | os.O_APPEND),
    lambda: with_file(lambda handle: os.pwrite(handle, data(), pick.randrange(300_000))),
    lambda: with_file(synced),
    # By name of its own: a mapping of a file that another cuts off is a SIGBUS, guard or none.
    lambda: with_file(through_mapping, path=os.path.join(folder, f"mapped {seed}")),
    lambda: with_file(lambda handle: os.ftruncate(handle, pick.randrange(200_000))),
    lambda: with_file(lambda handle: os.read(handle, 200_000), os.O_RDONLY),
    lambda: os.truncate(name(), pick.randrange(200_000)),
    lambda: os.rename(name(), name()),
    lambda: os.link(name(), name()),
    lambda: os.unlink(name()),
    lambda: os.mkdir(os.path.join(folder, pick.choice(("d", "d/e")))),
    lambda: os.chmod(name(), 0o600),
    lambda: os.setxattr(name(), "user.x", pick.randbytes(20)),
    lambda: os.utime(name()),
    lambda: [entry.stat() for entry in os.scandir(folder)],
    lambda: os.statvfs(folder),
)
while time.monotonic() < end:
    try:
        pick.choice(STEPS)()
        done += 1
    except PermissionError:
        refused += 1
    except OSError:
        pass
print(done, refused)
"""


class Storm(GuardedStick):
    megabytes = 64

    def storm(self, seconds):
        programs = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(self.stick_folder),
                                      str(SEED * 100 + index), str(seconds), FORBIDDEN.decode()],
                                     stdout=subprocess.PIPE, text=True) for index in range(PROGRAMS)]
        for program in programs:
            self.addCleanup(program.communicate)
            self.addCleanup(program.kill)
        return programs

    def test_everything_at_once(self):
        print(f"seed {SEED}", flush=True)
        for folder in ("d", "d/e"):
            (self.stick_folder / folder).mkdir()
        programs = self.storm(SECONDS)
        done = refused = 0
        for program in programs:
            text, _ = program.communicate(timeout=SECONDS + 30)
            self.assertEqual(program.returncode, 0)
            done += int(text.split()[0])
            refused += int(text.split()[1])
        self.assertGreater(done, 100)
        self.assertGreater(refused, 10)
        self.assertTrue(self.guard.alive, self.guard.text()[-2000:])
        self.assert_nothing_pending()

    def test_killed_programs(self):
        """Killed at any point; their files are judged as at any close."""
        programs = self.storm(SECONDS)
        time.sleep(min(1, SECONDS / 2))
        for program in programs:
            program.send_signal(signal.SIGKILL)
        for program in programs:
            program.communicate(timeout=30)
        self.assertTrue(self.guard.alive)
        self.assert_nothing_pending()

    def assert_nothing_pending(self):
        """What programs see is what the device has, once all is closed."""
        deadline = time.monotonic() + 10
        while self.pending() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.pending(), [])
        write(self.stick_folder / "last", content("last"))
        self.assert_holds(self.stick_folder / "last", content("last"))
        for path in sorted(Path(self.stick_folder).rglob("*")):
            if path.is_file():
                self.assert_holds(path, path.read_bytes())

    def pending(self):
        return [path for path in self.stick_folder.rglob("*") if not self.on_device(path)]


if __name__ == "__main__":
    main()
