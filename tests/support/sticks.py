"""File systems on loop devices that stand in for sticks. Test programs that use one call
need_root() first and are skipped with the reason printed where it is not to be had."""

import errno
import mmap
import os
import subprocess
import time
import unittest

from support.processes import wait_for


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root: mounts, FUSE and fanotify")
    for node in ("/dev/fuse", "/dev/loop-control"):
        if not os.path.exists(node):
            raise unittest.SkipTest(f"needs {node}")


def mounts_at(place):
    """The types of what is mounted at `place`, the covering one last."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        rows = [line.split() for line in mounts]
    return [row[row.index("-") + 1] for row in rows if row[4] == str(place)]


class Stick:
    """A file system in an image on a loop device, standing in for a stick."""

    def __init__(self, folder, name="stick", megabytes=96, kind="ext4"):
        self.image = folder / f"{name}.img"
        self.mount_point = folder / name
        self.kind = kind
        self.device = None
        with open(self.image, "wb") as handle:
            handle.truncate(megabytes << 20)
        subprocess.run([f"mkfs.{kind}", "-q", str(self.image)], check=True, capture_output=True)
        self.mount_point.mkdir()
        # Open to everybody from the start: once a guard stands, its mode decides about chmod.
        self.attach()
        self.mount()
        os.chmod(self.mount_point, 0o777)
        self.remove()

    def attach(self):
        self.device = subprocess.run(["losetup", "-f", "--show", str(self.image)], check=True,
                                     capture_output=True, text=True).stdout.strip()
        # A guard that was killed leaves its nodes read-only, and a loop device stays so when detached.
        subprocess.run(["blockdev", "--setrw", self.device], check=True)
        return self.device

    def mount(self):
        """From a sealed device it comes up read-only, as mount(8) warns, until its guard stands."""
        done = subprocess.run(["mount", self.device, str(self.mount_point)], check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"mount: {done.returncode}: {done.stderr}")

    def sealed(self):
        """Whether the node is read-only."""
        return subprocess.run(["blockdev", "--getro", self.device], check=True, capture_output=True,
                              text=True).stdout.strip() == "1"

    def guarded(self):
        """By a guard that lives: the mount of a killed one is still in the table."""
        if "fuse.shoumi" not in mounts_at(self.mount_point):
            return False
        try:
            os.statvfs(self.mount_point)  # asks the guard; what stat(2) says may be remembered
        except OSError:
            return False
        return True

    def unmount(self):
        """Takes away every mount at the mount point; fails when one is in use. Waits until the
        device is free: other mount namespaces may hold copies for a moment."""
        for _ in mounts_at(self.mount_point):
            subprocess.run(["umount", str(self.mount_point)], check=True, capture_output=True)
        wait_for(f"{self.device} is mounted nowhere", self._is_free, seconds=60)

    def _is_free(self):
        try:
            os.close(os.open(self.device, os.O_RDONLY | os.O_EXCL))
            return True
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False

    def check(self):
        """What the file system's own checker says of the unmounted stick: (exit status, text)."""
        command = {"ext4": ["e2fsck", "-fn"], "xfs": ["xfs_repair", "-n"]}[self.kind]
        done = subprocess.run([*command, str(self.image)], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def remove(self):
        for _ in range(6):
            if not mounts_at(self.mount_point):
                break
            subprocess.run(["umount", "-l", str(self.mount_point)], capture_output=True, check=False)
        if self.device:
            subprocess.run(["blockdev", "--setrw", self.device], capture_output=True, check=False)
            for _ in range(50):
                if subprocess.run(["losetup", "-d", self.device], capture_output=True,
                                  check=False).returncode == 0:
                    break
                time.sleep(0.1)
            self.device = None

    def find_in_image(self, needle):
        """Where `needle` stands in the image, whatever the file system says of the place, with
        what is around it; None when nowhere."""
        with open(self.image, "rb") as handle, mmap.mmap(handle.fileno(), 0, prot=mmap.PROT_READ) as image:
            at = 0
            while True:
                try:
                    start = os.lseek(handle.fileno(), at, os.SEEK_DATA)
                except OSError:
                    return None  # only a hole is left
                end = os.lseek(handle.fileno(), start, os.SEEK_HOLE)
                found = image.find(needle, max(start - len(needle), 0), min(end + len(needle), len(image)))
                if found >= 0:
                    return found, image[max(found - 80, 0):found + 80]
                at = end
