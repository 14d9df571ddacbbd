"""T8: what the USB guard costs, against the bare mount of the same device in the same minute.

Runs alternate between bare and guarded, the first of each pair changing places. Shown are the least
and the median of each side and the ratio of the medians: once with the image as fast as the
machine's memory, once with the loop device slowed down to what a USB 3 stick takes. The verdict is the harness's own, a search
for one text; what the real one adds is the inspection, see benchmarks/inspect.
"""

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUARD = os.environ.get("SHOUMI_USB_GUARD",
                       str(ROOT / "build/release/agent/channels/usb/usb_guard_harness"))


def sh(*command):
    # timeout(1), not Python's own: that one looks every 50 ms whether the command has ended.
    subprocess.run(["timeout", "600", *[str(part) for part in command]], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Stick:
    def __init__(self, folder, megabytes):
        self.image = folder / "stick.img"
        self.top = folder / "stick"
        self.top.mkdir()
        # Written once, so that neither side pays for the image's blocks.
        sh("dd", "if=/dev/zero", f"of={self.image}", "bs=1M", f"count={megabytes}", "status=none")
        sh("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", self.image)
        self.device = subprocess.run(["losetup", "-f", "--show", str(self.image)], check=True,
                                     capture_output=True, text=True).stdout.strip()
        sh("blockdev", "--setrw", self.device)

    def slow_down(self, megabytes_per_second):
        """0: no limit. Through the block I/O controller of the kernel's first cgroups."""
        number = os.stat(self.device).st_rdev
        for way in ("read", "write"):
            control = Path(f"/sys/fs/cgroup/blkio/blkio.throttle.{way}_bps_device")
            if not control.exists():
                return megabytes_per_second == 0
            control.write_text(f"{os.major(number)}:{os.minor(number)} "
                               f"{megabytes_per_second * 1_000_000}\n", encoding="ascii")
        return True

    def mount(self):
        sh("mount", self.device, self.top)

    def unmount(self):
        for _ in range(50):
            table = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
            if f" {self.top} " not in table:
                return
            subprocess.run(["umount", str(self.top)], capture_output=True, check=False)
            time.sleep(0.1)
        raise RuntimeError(f"{self.top} stays mounted")

    def remove(self):
        self.unmount()
        self.slow_down(0)
        sh("blockdev", "--setrw", self.device)
        sh("losetup", "-d", self.device)


class Guard:
    """The guard over a stick while the `with` block runs."""

    def __init__(self, stick, folder, options):
        self.stick = stick
        self.command = [GUARD, "--fake-rule", "no such text is in any of the files", "--staging",
                        str(folder / "staging"), *options, stick.device]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        while self.process.stdout.readline() != "ready\n":
            if self.process.poll() is not None:
                raise RuntimeError("the guard ended")
        self.sink = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()
        self.sink.wait(20)


def prose(seed, size):
    """Plain text of `size` bytes that no rule minds."""
    words = random.Random(seed).choices(
        "the minutes of our weekly meeting say that water for plants was ordered again and will "
        "come on Monday 会议 纪要 项目 进度 安排 如下".split(), k=size // 3)
    return " ".join(words).encode()[:size].decode(errors="ignore").encode().ljust(size)


def seconds(*command):
    started = time.monotonic()
    sh(*command)
    return time.monotonic() - started


def drop_caches():
    sh("sync")
    Path("/proc/sys/vm/drop_caches").write_text("3\n", encoding="ascii")


class Bench:
    def __init__(self, folder, arguments):
        self.folder, self.arguments = folder, arguments
        self.stick = Stick(folder, arguments.big_mb * 2 + 256)
        self.big = folder / "big"
        self.big.write_bytes(os.urandom(1 << 20) * arguments.big_mb)
        self.many = folder / "many"
        self.many.mkdir()
        for number in range(arguments.files):
            (self.many / f"{number}.txt").write_bytes(prose(number, 10_000))

    def copy(self, command):
        # Not `sync -f`: the kernel does not hand that on to a FUSE file system. This reaches the
        # file system of the device on both sides, and no other.
        return seconds("sh", "-c", f"{command} && blockdev --flushbufs {self.stick.device}")

    def copy_big(self):
        return self.copy(f"cp {self.big} {self.stick.top}/big")

    def copy_many(self):
        return self.copy(f"cp -r {self.many} {self.stick.top}/")

    def read_big(self):
        shutil.copy(self.big, self.stick.top / "read")
        drop_caches()
        return seconds("dd", f"if={self.stick.top}/read", "of=/dev/null", "bs=1M", "status=none")

    def once(self, what, guarded):
        self.stick.mount()
        for left in self.stick.top.glob("*"):
            if left.name != "lost+found":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        sh("sync")
        try:
            if not guarded:
                return what()
            with Guard(self.stick, self.folder, self.arguments.guard_option):
                return what()
        finally:
            self.stick.unmount()

    def run(self, only):
        big_mb, files = self.arguments.big_mb, self.arguments.files
        if "big" in only:
            self.compare(f"one file of {big_mb} MB, cp + flush", self.copy_big, big_mb, "MB/s")
        if "many" in only:
            self.compare(f"{files} files of 10 KB, cp -r + flush", self.copy_many, files, "files/s")
        if "read" in only:
            self.compare(f"reading {big_mb} MB, cold", self.read_big, big_mb, "MB/s")

    def compare(self, name, what, amount, unit):
        bare, guarded = [], []
        for pair in range(self.arguments.pairs):
            sides = [(False, bare), (True, guarded)]
            for is_guarded, times in sides if pair % 2 == 0 else sides[::-1]:
                times.append(self.once(what, is_guarded))
        median = statistics.median
        print(f"{name:28} bare {min(bare):6.3f} s / {median(bare):6.3f} s   "
              f"guarded {min(guarded):6.3f} s / {median(guarded):6.3f} s   "
              f"{amount / median(guarded):7.0f} {unit}   time x{median(guarded) / median(bare):.2f}  "
              f"speed x{median(bare) / median(guarded):.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--big-mb", type=int, default=512)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--only", choices=("big", "many", "read"), action="append")
    parser.add_argument("--device-mb-s", type=int, action="append", help="0: no limit")
    parser.add_argument("--folder", default="/var/tmp", help="where the image and the stage lie")
    parser.add_argument("--guard-option", action="append", default=[])
    arguments = parser.parse_args()
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        sys.exit("skipped: needs root and /dev/fuse")
    only = arguments.only or ("big", "many", "read")
    folder = Path(tempfile.mkdtemp(prefix="shoumi-bench-", dir=arguments.folder))
    bench = Bench(folder, arguments)
    try:
        print(f"USB guard against the bare mount, least / median of {arguments.pairs} pairs")
        for limit in arguments.device_mb_s or (0, 150):
            if not bench.stick.slow_down(limit):
                print(f"skipped: device at {limit} MB/s needs the blkio controller", flush=True)
                continue
            print(f"device at {limit} MB/s" if limit else "device without a limit", flush=True)
            bench.run(only)
    finally:
        bench.stick.remove()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
