"""T8: what the USB guard costs, against the bare mount of the same device in the same minute.

Runs alternate between bare and guarded, the first of each pair changing places. Shown are the least
and the median of each side; the ratio is that of the least, which other work on the machine changes
least. Guarded is the whole agent with its inspection, the starter policy and a server; with
--harness it is the guard alone, whose verdict is a search for one text.

Devices are a file system on a loop device: once as fast as the machine's memory, where every
microsecond shows and which no stick is, and at the write speeds of sticks. Makers and reviewers give
writes of 27 to 110 MB/s for USB 3 sticks (380 for the fastest), and USB 2 ends at about 35.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402
from support import sticks  # noqa: E402
from support.processes import Process, wait_for  # noqa: E402

HARNESS = os.environ.get("SHOUMI_USB_HARNESS",
                         str(ROOT / "build/release/agent/channels/usb/usb_guard_harness"))
SMALL_BYTES = 10_000
SLOW_SECONDS = 4  # about what a big file takes on a slow device


def sh(*command):
    # timeout(1), not Python's own: that one looks every 50 ms whether the command has ended.
    subprocess.run(["timeout", "600", *[str(part) for part in command]], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def seconds(*command):
    started = time.monotonic()
    sh(*command)
    return time.monotonic() - started


def prose(seed, size):
    """Plain text of `size` bytes that no rule minds."""
    words = random.Random(seed).choices(
        "the minutes of our weekly meeting say that water for plants was ordered again and will "
        "come on Monday 会议 纪要 项目 进度 安排 如下".split(), k=size // 3)
    return " ".join(words).encode()[:size].decode(errors="ignore").encode().ljust(size)


class Stick:
    def __init__(self, folder, megabytes):
        self.image = folder / "stick.img"
        self.mount_point = folder / "stick"
        self.mount_point.mkdir()
        # Written once, so that neither side pays for the image's blocks.
        sh("dd", "if=/dev/zero", f"of={self.image}", "bs=1M", f"count={megabytes}", "status=none")
        sh("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", self.image)
        self.device = subprocess.run(["losetup", "-f", "--show", str(self.image)], check=True,
                                     capture_output=True, text=True).stdout.strip()
        sh("blockdev", "--setrw", self.device)

    guarded = sticks.Stick.guarded

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
        sh("blockdev", "--setrw", self.device)
        sh("mount", self.device, self.mount_point)

    def empty(self):
        for left in self.mount_point.glob("*"):
            if left.name != "lost+found":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        sh("sync")

    def unmount(self):
        for _ in range(50):
            if not sticks.mounts_at(self.mount_point):
                return
            subprocess.run(["umount", str(self.mount_point)], capture_output=True, check=False)
            time.sleep(0.1)
        raise RuntimeError(f"{self.mount_point} stays mounted")

    def remove(self):
        self.unmount()
        self.slow_down(0)
        sh("blockdev", "--setrw", self.device)
        sh("losetup", "-d", self.device)


class GuardAlone:
    """The guard over a mounted stick while the `with` block runs."""

    def __init__(self, stick, folder, options):
        self.stick = stick
        self.process = Process("usb_guard_harness", [
            HARNESS, "--fake-rule", "no such text is in any of the files", "--staging",
            folder / "staging", *options, stick.device], folder / "guard.log")

    def __enter__(self):
        self.process.start()
        # "ready" follows a look at all that was open or written before.
        wait_for("the stick is guarded",
                 lambda: self.stick.guarded() and self.process.text().endswith("ready\n"))

    def __exit__(self, *_):
        self.process.stop()

    def remove(self):
        self.process.kill()


class Agent:
    """The same with all of the agent."""

    def __init__(self, stick):
        self.stick = stick
        self.site = harness.Site()
        self.site.setUp()
        self.site.start_server()
        self.site.sign_in()
        self.agent = self.site.new_agent(sticks=[stick])
        self.agent.start()
        self.site.apply_policy()
        self.agent.stop()

    def __enter__(self):
        self.agent.start()
        self.site.wait_for_enforcement(self.agent, self.stick)

    def __exit__(self, *_):
        self.agent.stop()

    def remove(self):
        self.site.doCleanups()


class Bench:
    def __init__(self, folder, arguments):
        self.folder, self.pairs, self.rows = folder, arguments.pairs, arguments.rows
        self.stick = Stick(folder, arguments.big_mb * 2 + 256)
        self.big = folder / "big"
        self.many = folder / "many"
        self.many.mkdir()
        for number in range(arguments.files):
            (self.many / f"{number}.txt").write_bytes(prose(number, SMALL_BYTES))
        self.guard = (GuardAlone(self.stick, folder, arguments.guard_option)
                      if arguments.harness else Agent(self.stick))

    def remove(self):
        self.guard.remove()
        self.stick.remove()

    def copy(self, command):
        # Not `sync -f`: the kernel does not hand that on to a FUSE file system. This reaches the
        # file system of the device on both sides, and no other.
        return seconds("sh", "-c", f"{command} && blockdev --flushbufs {self.stick.device}")

    def copy_big(self):
        return self.copy(f"cp {self.big} {self.stick.mount_point}/big")

    def copy_many(self):
        return self.copy(f"cp -r {self.many} {self.stick.mount_point}/")

    def read_big(self):
        shutil.copy(self.big, self.stick.mount_point / "read")
        sh("sync")
        Path("/proc/sys/vm/drop_caches").write_text("3\n", encoding="ascii")
        return seconds("dd", f"if={self.stick.mount_point}/read", "of=/dev/null", "bs=1M",
                       "status=none")

    def once(self, what, guarded):
        self.stick.mount()
        self.stick.empty()
        try:
            if not guarded:
                return what()
            with self.guard:
                return what()
        finally:
            self.stick.unmount()

    def run(self, only, device, big_mb):
        self.big.write_bytes(os.urandom(1 << 20) * big_mb)
        if "big" in only:
            self.compare(f"{big_mb} MB, cp + flush, {device}", self.copy_big, speed_min=0.9)
        if "many" in only:
            files = len(list(self.many.iterdir()))
            self.compare(f"{files} files of 10 KB, {device}", self.copy_many, time_max=1.5)
        if "read" in only:
            self.compare(f"reading {big_mb} MB, cold, {device}", self.read_big, speed_min=0.9)

    def compare(self, name, what, speed_min=None, time_max=None):
        bare, guarded = [], []
        for pair in range(self.pairs):
            sides = [(False, bare), (True, guarded)]
            for is_guarded, times in sides if pair % 2 == 0 else sides[::-1]:
                times.append(self.once(what, is_guarded))
        ratio = min(guarded) / min(bare)
        if time_max:
            measured, target, holds = f"x{ratio:.2f} time", f"<= x{time_max}", ratio <= time_max
        else:
            measured, target, holds = f"x{1 / ratio:.2f} speed", f">= x{speed_min}", 1 / ratio >= speed_min
        if self.rows:
            print("T8", name, measured, target, "yes" if holds else "no", sep="\t", flush=True)
            return
        median = statistics.median
        print(f"{name:44} bare {min(bare):6.3f} / {median(bare):6.3f} s   guarded {min(guarded):6.3f} "
              f"/ {median(guarded):6.3f} s   {measured:12} target {target:8} "
              f"{'holds' if holds else 'DOES NOT HOLD'}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--big-mb", type=int, default=512, help="less on a slow device")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--only", choices=("big", "many", "read"), action="append")
    parser.add_argument("--device-mb-s", type=int, action="append",
                        help="0: no limit (default 0, 150 and 30)")
    parser.add_argument("--folder", default="/var/tmp", help="where the image and the stage lie")
    parser.add_argument("--harness", action="store_true", help="the guard alone, without the agent")
    parser.add_argument("--guard-option", action="append", default=[], help="with --harness")
    parser.add_argument("--rows", action="store_true", help="one line of tab-separated fields a result")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        sys.exit("skipped: needs root and /dev/fuse")
    only = arguments.only or ("big", "many", "read")
    folder = Path(tempfile.mkdtemp(prefix="shoumi-bench-", dir=arguments.folder))
    bench = Bench(folder, arguments)
    try:
        if not arguments.rows:
            print(f"least / median of {arguments.pairs}, load {os.getloadavg()[0]:.1f}", flush=True)
        for limit in arguments.device_mb_s or (0, 150, 30):
            if not bench.stick.slow_down(limit):
                print(f"skipped: device at {limit} MB/s needs the blkio controller", file=sys.stderr)
                continue
            big_mb = min(arguments.big_mb, limit * SLOW_SECONDS) if limit else arguments.big_mb
            bench.run(only, f"{limit} MB/s" if limit else "no limit", big_mb)
    finally:
        bench.remove()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
