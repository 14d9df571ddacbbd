"""F7: ways round the guard, each blocked, or reported where it cannot be blocked.

Reported only: files that were open for writing before the guard came; names and attributes that
root changes through a mount in another namespace; root's way through the guard's own descriptors
(/proc/PID/fd), which is not even seen; a second loop device over the same image, which only a
loop-mounted stick has.
"""

import os
import shutil
import subprocess
import sys
import time

from guarded import FORBIDDEN_TEXT, NOBODY, OwnGuards, main, python, run
from support.processes import wait_for
from support.sticks import mounts_at

WRITE = """
import sys
with open(sys.argv[1], "w") as file:
    file.write(sys.argv[2])
"""


def write(path, text=FORBIDDEN_TEXT, user=()):
    return python(WRITE, path, text, user=user)


class Guarded(OwnGuards):
    def setUp(self):
        super().setUp()
        self.stick = self.new_stick()
        self.guard = self.new_guard([self.stick])
        self.top = self.stick.mount_point
        self.guarded(self.top)


class OtherMounts(Guarded):
    def test_second_mount_is_guarded_and_reported(self):
        second = self.place("second")
        self.assertEqual(run("mount", self.stick.device, second)[0], 0)
        self.assert_failed(write(second / "at-once"))
        self.guarded(second)
        self.assert_failed(write(second / "later"))
        self.assertEqual(write(second / "clean", "harmless")[0], 0)
        self.assertEqual((self.top / "clean").read_text(), "harmless")
        self.guard.wait_line(f"BYPASS_ATTEMPT .*another mount at {second}")
        self.assertEqual(run("umount", second)[0], 0)
        wait_for("the second mount is gone wholly", lambda: not mounts_at(second))
        self.assertEqual(mounts_at(self.top), ["ext4", "fuse.shoumi"])
        self.assert_forbidden_nowhere(self.stick)

    def test_read_only_second_mount_stays_read_only(self):
        second = self.place("second")
        self.assertEqual(run("mount", "-o", "bind,ro", self.top, second)[0], 0)
        self.assert_failed(write(second / "x", "harmless"), "Read-only file system")

    def test_bind_of_a_folder_shows_the_guard(self):
        (self.top / "folder").mkdir()
        second = self.place("second")
        self.assertEqual(run("mount", "--bind", self.top / "folder", second)[0], 0)
        self.assertEqual(mounts_at(second), ["fuse.shoumi"])
        self.assert_failed(write(second / "x"), "Operation not permitted")
        self.assert_forbidden_nowhere(self.stick)

    def test_moved_guard_leaves_nothing_open(self):
        second = self.place("second")
        self.assertEqual(run("mount", "--move", self.top, second)[0], 0)
        self.assert_failed(write(second / "x"), "Operation not permitted")
        wait_for("nothing of the device shows where it was",
                 lambda: mounts_at(self.top)[-1:] in ([], ["fuse.shoumi"]))
        if mounts_at(self.top):
            self.assert_failed(write(self.top / "x"), "Operation not permitted")
        self.assertEqual(self.guard.stop(), 0)
        wait_for("no guard is left", lambda: "fuse.shoumi" not in mounts_at(second) + mounts_at(self.top))
        self.assert_forbidden_nowhere(self.stick)

    def test_something_else_mounted_over_the_guard(self):
        self.assertEqual(run("mount", "-t", "tmpfs", "none", self.top)[0], 0)
        time.sleep(1)
        self.assertEqual(mounts_at(self.top), ["ext4", "fuse.shoumi", "tmpfs"])
        self.assertEqual(run("umount", self.top)[0], 0)
        self.assert_failed(write(self.top / "x"), "Operation not permitted")

    def test_remount_opens_nothing(self):
        run("mount", "-o", "remount,rw", self.top)
        run("mount", "-o", "remount,rw", self.stick.device)
        run("mount", "-o", "remount,bind,rw", self.top)
        self.assertEqual(mounts_at(self.top), ["ext4", "fuse.shoumi"])
        self.assert_failed(write(self.top / "x"), "Operation not permitted")
        self.assert_forbidden_nowhere(self.stick)


class MountsBefore(OwnGuards):
    def test_all_mounts_that_were_there_are_guarded(self):
        stick = self.new_stick()
        (stick.mount_point / "folder").mkdir()
        second, bound = self.place("second"), self.place("bound")
        self.assertEqual(run("mount", stick.device, second)[0], 0)
        self.assertEqual(run("mount", "--bind", stick.mount_point / "folder", bound)[0], 0)
        self.new_guard([stick])
        for place in (stick.mount_point, second, bound):
            self.guarded(place)
            self.assert_failed(write(place / "x"), "Operation not permitted")
        self.assertEqual(write(bound / "clean", "harmless")[0], 0)
        self.assertEqual((second / "folder/clean").read_text(), "harmless")
        self.assert_forbidden_nowhere(stick)

    def test_file_open_for_writing_before_is_reported(self):
        stick = self.new_stick()
        with open(stick.mount_point / "early", "w", encoding="utf-8"):
            holder = subprocess.Popen([sys.executable, "-c",
                                       "import sys; f = open(sys.argv[1], 'a'); sys.stdin.read()",
                                       str(stick.mount_point / "early")], stdin=subprocess.PIPE)
        self.addCleanup(holder.communicate)
        wait_for("it holds the file", lambda: any(
            os.path.realpath(f"/proc/{holder.pid}/fd/{fd}").endswith("/early")
            for fd in os.listdir(f"/proc/{holder.pid}/fd")))
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        guard.wait_line(rf"GUARD_FAILED .*already open for writing by .*\({holder.pid}\)")


class Namespaces(Guarded):
    def test_guard_taken_away_in_another_mount_namespace(self):
        result = run(f"unshare -m sh -c 'umount {self.top} && ! mountpoint -q /nowhere && "
                     f"grep -q \" {self.top} .* - ext4\" /proc/self/mountinfo && "
                     f"echo {FORBIDDEN_TEXT} > {self.top}/x'")
        self.assert_failed(result)
        self.assert_failed(run(f"unshare -m sh -c 'umount {self.top} && mkdir {self.top}/{FORBIDDEN_TEXT}'"),
                            "Read-only file system")
        self.assertEqual(mounts_at(self.top), ["ext4", "fuse.shoumi"])
        self.assert_forbidden_nowhere(self.stick)

    def test_device_mounted_in_another_mount_namespace(self):
        second = self.place("second")
        result = run(f"unshare -m sh -c 'mount {self.stick.device} {second} && "
                     f"echo {FORBIDDEN_TEXT} > {second}/x'")
        self.assert_failed(result, "Operation not permitted", "Permission denied")
        self.guard.wait_line("BYPASS_ATTEMPT .*opened past the guard by .*, denied")
        self.assert_forbidden_nowhere(self.stick)

    def test_names_made_in_another_mount_namespace_are_reported(self):
        second = self.place("second")
        self.assertEqual(run(f"unshare -m sh -c 'mount {self.stick.device} {second} && "
                             f"mkdir {second}/name && sleep 1'")[0], 0)
        self.guard.wait_line("BYPASS_ATTEMPT .*names or attributes changed past the guard by")

    def test_another_users_namespaces(self):
        inside = self.place("inside")
        os.chmod(inside, 0o777)
        source = self.folder / "source"
        source.write_text(FORBIDDEN_TEXT)
        script = (f"umount {self.top}; umount -l {self.top}; "
                  f"mount --bind {self.top} {inside}; "
                  f"cp {source} {inside}/x; cp {source} {self.top}/x; "
                  f"mount {self.stick.device} {inside}")
        code, text = run(*NOBODY, "unshare", "-Urm", "sh", "-c", script)
        if "unshare failed" in text:
            self.skipTest(f"no user namespaces for users here: {text}")
        self.assertGreaterEqual(text.count("Operation not permitted"), 2, f"{code}: {text}")
        self.assertFalse((self.top / "x").exists())
        self.assertEqual(mounts_at(self.top), ["ext4", "fuse.shoumi"])
        self.assert_forbidden_nowhere(self.stick)


class ForeignMount(OwnGuards):
    def test_sealed_device_mounted_in_another_namespace_only(self):
        self.mounted_elsewhere("Read-only file system")

    def test_device_mounted_in_another_namespace_only(self):
        self.mounted_elsewhere("ot permitted", "--unmounted-open")

    def mounted_elsewhere(self, refusal, *options):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick], *options)
        second = self.place("second")
        holder = subprocess.Popen(["unshare", "-m", "sh", "-c",
                                   f"mount {stick.device} {second} && read go; "
                                   f"echo {FORBIDDEN_TEXT} > {second}/x; echo $? ; read end"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
        self.addCleanup(holder.kill)
        guard.wait_line("BYPASS_ATTEMPT .*mounted in another mount namespace", 20)
        out, _ = holder.communicate("go\n", timeout=20)
        self.assertIn(refusal, out)
        self.assert_forbidden_nowhere(stick)
        # The fence goes when the device is mounted where it can be guarded.
        stick.mount()
        self.guarded(stick.mount_point)
        self.assertEqual(write(stick.mount_point / "clean", "harmless")[0], 0)


class RawDevice(Guarded):
    def raw_write(self, node):
        return run("dd", "if=/dev/zero", f"of={node}", "bs=4096", "count=1", "seek=2000",
                   "conv=notrunc,fsync")

    def test_nodes_are_read_only_while_guarded(self):
        number = os.stat(self.stick.device).st_rdev
        made = self.folder / "made"
        os.mknod(made, 0o600 | 0o060000, number)
        link = self.folder / f"{os.major(number)}:{os.minor(number)}"
        link.symlink_to(self.stick.device)
        wait_for("the node is protected", lambda: run("blockdev", "--getro", made)[1].strip() == "1")
        for node in (self.stick.device, made, link):
            self.assert_failed(self.raw_write(node), "Operation not permitted")
            self.assertIn("not permitted", run("debugfs", "-w", "-R", "mkdir evil", node)[1])
        self.guard.wait_line("BYPASS_ATTEMPT .*opened for writing past the guard|written past")
        self.assertFalse((self.top / "evil").exists())
        # The file system below still takes what is clean.
        self.assertEqual(write(self.top / "clean", "harmless")[0], 0)
        self.assertEqual(run("sync", "-f", self.top / "clean")[0], 0)
        self.assertEqual(self.guard.stop(), 0)
        self.assertEqual((self.top / "clean").read_text(), "harmless")
        self.assertEqual(run("blockdev", "--getro", self.stick.device)[1].strip(), "0")

    def test_who_opened_for_a_moment_is_named(self):
        self.guard.wait_line("KIND_DEVICE_GUARDED")
        for number in range(3):
            program = self.folder / f"quick-{number}"
            shutil.copy(shutil.which("dash"), program)
            # The node is closed again when the shell waits for sleep.
            run(str(program), "-c", f": > {self.stick.device}; sleep 0.5")
            self.guard.wait_line(f"BYPASS_ATTEMPT .*opened for writing past the guard by {program} ")
        run("dash", "-c", f": < {self.stick.device}; sleep 0.5")
        self.assertEqual(len(self.guard.lines("BYPASS_ATTEMPT")), 3)

    def test_descriptor_opened_before(self):
        stick = self.new_stick("other")
        with open(stick.device, "r+b", buffering=0) as early:
            guard = self.new_guard([stick])
            self.guarded(stick.mount_point)
            wait_for("the node is protected",
                     lambda: run("blockdev", "--getro", stick.device)[1].strip() == "1")
            early.seek(8 << 20)
            with self.assertRaises(PermissionError):
                early.write(b"\0" * 4096)
        guard.stop()

    def test_set_writable_by_root_is_reported_and_undone(self):
        wait_for("the node is protected",
                 lambda: run("blockdev", "--getro", self.stick.device)[1].strip() == "1")
        self.assertEqual(run("blockdev", "--setrw", self.stick.device)[0], 0)
        self.guard.wait_line("BYPASS_ATTEMPT .*was set writable past the guard", 15)
        self.assertEqual(run("blockdev", "--getro", self.stick.device)[1].strip(), "1")

    def test_second_loop_device_over_the_node(self):
        wait_for("the node is protected",
                 lambda: run("blockdev", "--getro", self.stick.device)[1].strip() == "1")
        loop = subprocess.run(["losetup", "-f", "--show", self.stick.device], check=True,
                              capture_output=True, text=True).stdout.strip()
        self.addCleanup(run, "losetup", "-d", loop)
        self.assert_failed(self.raw_write(loop), "Input/output error", "Operation not permitted")

    def test_second_loop_device_over_the_image(self):
        """Not stopped: only a loop-mounted stick has an image beside it. A mount of it is seen."""
        loop = subprocess.run(["losetup", "-f", "--show", str(self.stick.image)], check=True,
                              capture_output=True, text=True).stdout.strip()
        self.addCleanup(run, "losetup", "-d", loop)
        self.assertEqual(self.raw_write(loop)[0], 0)

    def test_allow_mode_leaves_the_node_alone(self):
        stick = self.new_stick("allowed")
        guard = self.new_guard([stick], "--mode", "allow")
        self.guarded(stick.mount_point)
        time.sleep(0.5)
        self.assertEqual(run("blockdev", "--getro", stick.device)[1].strip(), "0")
        guard.stop()


class Partition(OwnGuards):
    def test_partition_and_whole_disk(self):
        image = self.folder / "disk.img"
        with open(image, "wb") as handle:
            handle.truncate(96 << 20)
        disk = subprocess.run(["losetup", "-P", "-f", "--show", str(image)], check=True,
                              capture_output=True, text=True).stdout.strip()
        self.addCleanup(run, "losetup", "-d", disk)
        if run("addpart", disk, "1", "2048", "180000")[0] != 0:
            self.skipTest("loop devices take no partitions here")
        self.addCleanup(run, "delpart", disk, "1")
        part = f"{disk}p1"
        self.assertEqual(run("mkfs.ext4", "-q", part)[0], 0)
        top = self.place("part")
        self.assertEqual(run("mount", part, top)[0], 0)
        self.addCleanup(run, "umount", "-l", top)
        guard = self.new_guard([part])
        self.addCleanup(guard.stop)
        self.guarded(top)
        for node in (part, disk):
            wait_for("the node is protected",
                     lambda node=node: run("blockdev", "--getro", node)[1].strip() == "1")
            self.assert_failed(run("dd", "if=/dev/zero", f"of={node}", "bs=4096", "count=1",
                                    "seek=9000", "conv=notrunc,fsync"), "Operation not permitted")
        self.assertEqual(write(top / "clean", "harmless")[0], 0)

    def test_stick_below_another_device(self):
        """As an encrypted stick is: what is mounted is a device over the stick's own."""
        stick = self.new_stick(mounted=False)
        loop = subprocess.run(["losetup", "-f", "--show", stick.device], check=True,
                              capture_output=True, text=True).stdout.strip()
        self.addCleanup(run, "losetup", "-d", loop)
        self.assertEqual(run("mount", loop, stick.mount_point)[0], 0)
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        self.assert_failed(write(stick.mount_point / "x"), "Operation not permitted")
        self.assertEqual(write(stick.mount_point / "clean", "harmless")[0], 0)
        self.assertEqual(run("umount", stick.mount_point)[0], 0)
        wait_for("unmounted wholly", lambda: not mounts_at(stick.mount_point))
        guard.stop()

    def test_node_that_was_renamed_after_mounting(self):
        stick = self.new_stick(mounted=False)
        made = self.folder / "made"
        os.mknod(made, 0o600 | 0o060000, os.stat(stick.device).st_rdev)
        self.assertEqual(run("mount", made, stick.mount_point)[0], 0)
        made.unlink()
        self.new_guard([stick])
        self.guarded(stick.mount_point)
        self.assert_failed(write(stick.mount_point / "x"), "Operation not permitted")


class Files(Guarded):
    def test_direct_writes(self):
        program = ("import os, mmap, sys\n"
                   "fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600)\n"
                   "page = mmap.mmap(-1, 4096)\n"
                   "page.write(sys.argv[2].encode())\n"
                   "os.pwrite(fd, page, 0)\n"
                   "os.close(fd)")
        self.assert_failed(python(program, self.top / "direct", FORBIDDEN_TEXT), "not permitted")
        self.assert_forbidden_nowhere(self.stick)

    def test_mapped_writes(self):
        (self.top / "mapped").write_bytes(b"\0" * 8192)
        program = ("import mmap, sys\n"
                   "f = open(sys.argv[1], 'r+b')\n"
                   "m = mmap.mmap(f.fileno(), 8192)\n"
                   "m[100:100 + len(sys.argv[2])] = sys.argv[2].encode()\n"
                   "m.flush()\nm.close()\nf.close()")
        self.assert_failed(python(program, self.top / "mapped", FORBIDDEN_TEXT), "not permitted")
        self.assertEqual((self.top / "mapped").read_bytes(), b"\0" * 8192)
        self.assert_forbidden_nowhere(self.stick)

    def test_mapped_writes_after_the_descriptor_is_closed(self):
        (self.top / "mapped").write_bytes(b"\0" * 8192)
        program = ("import mmap, sys, os\n"
                   "f = open(sys.argv[1], 'r+b')\n"
                   "m = mmap.mmap(f.fileno(), 8192)\n"
                   "f.close()\n"
                   "m[100:100 + len(sys.argv[2])] = sys.argv[2].encode()\n"
                   "m.close()")
        python(program, self.top / "mapped", FORBIDDEN_TEXT)
        self.guard.wait_line("block .*mapped")
        wait_for("the change is gone", lambda: (self.top / "mapped").read_bytes() == b"\0" * 8192)
        self.assert_forbidden_nowhere(self.stick)

    def test_links_out_of_and_onto_the_stick(self):
        outside = self.folder / "outside"
        outside.write_text(FORBIDDEN_TEXT)
        self.assert_failed(run("ln", outside, self.top / "hard"), "Invalid cross-device link")
        onto = self.folder / "onto"
        onto.symlink_to(self.top / "target")
        self.assert_failed(write(onto), "Operation not permitted")
        (self.top / "out").symlink_to(outside)
        self.assertEqual(write(self.top / "out", FORBIDDEN_TEXT + "!")[0], 0)
        self.assertEqual(outside.read_text(), FORBIDDEN_TEXT + "!")
        self.assert_failed(run("ln", "-s", f"/{FORBIDDEN_TEXT}", self.top / "link"), "not permitted")
        self.assert_failed(run("mkdir", self.top / FORBIDDEN_TEXT), "not permitted")
        self.assert_forbidden_nowhere(self.stick)

    def test_hard_link_on_the_stick_to_what_is_written(self):
        (self.top / "clean").write_text("harmless")
        os.link(self.top / "clean", self.top / "twin")
        self.assert_failed(write(self.top / "twin"), "Operation not permitted")
        self.assertEqual((self.top / "clean").read_text(), "harmless")
        self.assert_forbidden_nowhere(self.stick)

    def test_move_from_elsewhere(self):
        outside = self.folder / "outside"
        outside.write_text(FORBIDDEN_TEXT)
        with self.assertRaises(OSError):
            os.rename(outside, self.top / "moved")
        self.assert_failed(run("mv", outside, self.top / "moved"), "Operation not permitted")
        self.assertEqual(outside.read_text(), FORBIDDEN_TEXT)
        self.assertFalse((self.top / "moved").exists())
        self.assert_forbidden_nowhere(self.stick)

    def test_append_in_pieces(self):
        half = len(FORBIDDEN_TEXT) // 2
        self.assertEqual(write(self.top / "pieces", FORBIDDEN_TEXT[:half])[0], 0)
        append = WRITE.replace('"w"', '"a"')
        self.assert_failed(python(append, self.top / "pieces", FORBIDDEN_TEXT[half:]), "not permitted")
        self.assertEqual((self.top / "pieces").read_text(), FORBIDDEN_TEXT[:half])
        self.assert_forbidden_nowhere(self.stick)

    def test_the_guards_own_descriptors_are_closed_to_users(self):
        pid = self.guard.process.pid
        for way in (f"/proc/{pid}/root{self.top}/x", f"/proc/{pid}/cwd/x"):
            self.assert_failed(write(way, user=NOBODY))
        code, text = run(*NOBODY, "ls", f"/proc/{pid}/fd")
        self.assertIn("Permission denied", text, f"{code}")
        for fd in os.listdir(f"/proc/{pid}/fd"):
            self.assert_failed(write(f"/proc/{pid}/fd/{fd}/x", user=NOBODY))
        # Root's way through /proc/PID/root ends at the guard as well.
        self.assert_failed(write(f"/proc/{pid}/root{self.top}/x"), "Operation not permitted")
        self.assert_forbidden_nowhere(self.stick)


if __name__ == "__main__":
    main()
