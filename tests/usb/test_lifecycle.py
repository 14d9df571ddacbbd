"""From the mount of a stick to its removal, and the guard's own end in between."""

import ctypes
import errno
import os
import signal
import subprocess
import sys
import threading
import time

from guarded import FORBIDDEN_TEXT, OwnGuards, main, python, run
from support.processes import wait_for
from support.sticks import mounts_at

ROUNDS = 20

class Appearing(OwnGuards):
    def test_unmount_and_mount_again(self):
        stick = self.new_stick()
        guard = self.new_guard([stick])
        for _ in range(3):
            self.guarded(stick.mount_point)
            self.assertEqual(run("cp", "/etc/hostname", stick.mount_point)[0], 0)
            self.assertEqual(run("umount", stick.mount_point), (0, ""))
            wait_for("unmounted wholly", lambda: not mounts_at(stick.mount_point))
            # Read-only all the while: nobody writes to it between two mounts.
            self.assertTrue(stick.sealed())
            # The kernel ends the file system a moment after its last mount went.
            wait_for("a sound file system", lambda: run("e2fsck", "-fn", stick.device)[0] == 0)
            stick.mount()
        self.guarded(stick.mount_point)
        self.assertEqual(len(guard.lines("DEVICE_RELEASED .*: unmounted")), 3)

    def test_unmounted_the_moment_it_is_guarded(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick])
        unmount = ctypes.CDLL(None).umount2
        for _ in range(ROUNDS):
            stick.mount()
            wait_for("the stick is guarded", lambda: mounts_at(stick.mount_point)[-1:] == ["fuse.shoumi"],
                     pause_seconds=0)
            # Busy for a moment, while the guard itself looks at what it mounted.
            wait_for("unmounted", lambda: unmount(os.fsencode(stick.mount_point), 0) == 0, pause_seconds=0)
            wait_for("unmounted wholly", lambda: not mounts_at(stick.mount_point))
        self.assertEqual(guard.lines("GUARD_FAILED"), [])

    def test_lazy_unmount_with_a_file_open_then_mounted_again(self):
        stick = self.new_stick()
        self.new_guard([stick])
        self.guarded(stick.mount_point)
        held = os.open(stick.mount_point / "open", os.O_WRONLY | os.O_CREAT)
        os.write(held, b"harmless")
        self.assertEqual(run("umount", "-l", stick.mount_point)[0], 0)
        wait_for("nothing of it shows", lambda: not mounts_at(stick.mount_point))
        self.assertEqual(run("mount", stick.device, stick.mount_point)[0], 0)
        self.guarded(stick.mount_point)
        self.assertNotEqual(run("cp", self.secret(), stick.mount_point)[0], 0)
        with self.assertRaises(OSError) as caught:
            os.close(held)
        self.assertEqual(caught.exception.errno, errno.ENOTCONN)
        self.assert_forbidden_nowhere(stick)

    def secret(self):
        path = self.folder / "secret.txt"
        path.write_text(FORBIDDEN_TEXT)
        return path

    def test_unmounted_here_but_kept_by_another_namespace(self):
        stick = self.new_stick()
        self.new_guard([stick])
        self.guarded(stick.mount_point)
        keeper = subprocess.Popen(["unshare", "-m", "sleep", "60"])
        self.addCleanup(keeper.wait)
        self.addCleanup(keeper.kill)
        time.sleep(0.3)
        self.assertEqual(run("umount", stick.mount_point), (0, ""))
        wait_for("nothing of it shows", lambda: not mounts_at(stick.mount_point))
        self.assertEqual(run("mount", stick.device, stick.mount_point)[0], 0)
        self.guarded(stick.mount_point)
        self.assertNotEqual(run("cp", self.secret(), stick.mount_point)[0], 0)

    def test_what_was_copied_reaches_the_device_by_itself(self):
        stick = self.new_stick()
        self.new_guard([stick])
        self.guarded(stick.mount_point)
        source = self.folder / "copied"
        source.write_text("found on the device " * 500)
        self.assertEqual(run("cp", source, stick.mount_point), (0, ""))
        # The kernel by itself takes some 30 s (vm.dirty_expire_centisecs).
        wait_for("it is on the device", lambda: source.read_bytes() in stick.image.read_bytes(), seconds=8)

    def test_two_sticks(self):
        sticks = [self.new_stick("one"), self.new_stick("two", mounted=False)]
        guard = self.new_guard(sticks)
        self.guarded(sticks[0].mount_point)
        sticks[1].mount()
        self.guarded(sticks[1].mount_point)
        for stick in sticks:
            self.assertEqual(run("cp", "/etc/hostname", stick.mount_point)[0], 0)
            self.assertNotEqual(run("cp", self.secret(), stick.mount_point)[0], 0)
        self.assertEqual(run("cp", sticks[0].mount_point / "hostname",
                             sticks[1].mount_point / "copied")[0], 0)
        self.assertEqual(run("umount", sticks[0].mount_point)[0], 0)
        wait_for("one is gone wholly", lambda: not mounts_at(sticks[0].mount_point))
        self.assertNotEqual(run("cp", self.secret(), sticks[1].mount_point)[0], 0)
        self.assertEqual(len(guard.lines("DEVICE_GUARDED")), 2)
        for stick in sticks:
            self.assert_forbidden_nowhere(stick)

    def test_stick_mounted_read_only(self):
        stick = self.new_stick(mounted=False)
        self.assertEqual(run("mount", "-o", "ro", stick.device, stick.mount_point)[0], 0)
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        self.assertIn("Read-only", run("touch", stick.mount_point / "x")[1])
        self.assertEqual(guard.stop(), 0)
        self.assertEqual(mounts_at(stick.mount_point), ["ext4"])
        self.assertIn("Read-only", run("touch", stick.mount_point / "x")[1])


class Removal(OwnGuards):
    def setUp(self):
        super().setUp()
        self.stick = self.new_stick()
        self.guard = self.new_guard([self.stick])
        self.guarded(self.stick.mount_point)

    def test_device_fails_under_a_copy(self):
        big = self.folder / "big"
        big.write_bytes(os.urandom(24 << 20))
        os.truncate(self.stick.image, 1 << 20)  # every access beyond gives an I/O error
        result = run(f"cp {big} {self.stick.mount_point}/ && sync -f {self.stick.mount_point}")
        self.assertNotEqual(result[0], 0, "a copy to a device that is gone went well")
        self.assertTrue(self.guard.alive)
        self.assertEqual(run("umount", "-l", self.stick.mount_point)[0], 0)
        wait_for("nothing of it shows", lambda: not mounts_at(self.stick.mount_point))
        self.guard.wait_line("DEVICE_RELEASED")
        other = self.new_stick("other", mounted=False)
        self.assertTrue(self.guard.alive)
        other.remove()

    def test_pulled_out(self):
        """As udisks does it for a device that went: lazy unmount, then the device is detached."""
        with open(self.stick.mount_point / "open", "wb") as held:
            held.write(b"harmless" * 1000)
            held.flush()
            self.assertEqual(run("umount", "-l", self.stick.mount_point)[0], 0)
            self.assertEqual(run("losetup", "-d", self.stick.device)[0], 0)
            wait_for("nothing of it shows", lambda: not mounts_at(self.stick.mount_point))
        self.assertTrue(self.guard.alive)
        self.guard.wait_line("DEVICE_RELEASED")
        wait_for("the device is free", lambda: not run("losetup", "-j", self.stick.image)[1])
        self.stick.attach()


class Ending(OwnGuards):
    SLOW = ("--verdict-delay-ms", "3000")

    def copy_in_flight(self, stick):
        source = self.folder / "source"
        source.write_text("harmless, but not judged yet " * 200000)
        copy = subprocess.Popen(["cp", str(source), str(stick.mount_point / "copy")],
                                stderr=subprocess.PIPE, text=True,
                                env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.addCleanup(copy.kill)
        wait_for("the copy waits for its verdict",
                 lambda: "fuse" in (run("cat", f"/proc/{copy.pid}/wchan")[1] or "")
                 or "flush" in run("cat", f"/proc/{copy.pid}/stack")[1])
        time.sleep(0.5)
        return copy

    def test_killed_with_a_copy_in_flight(self):
        stick = self.new_stick()
        second = self.place("second")
        guard = self.new_guard([stick], *self.SLOW)
        self.guarded(stick.mount_point)
        self.assertEqual(run("mount", stick.device, second)[0], 0)
        self.guarded(second)
        copy = self.copy_in_flight(stick)
        guard.kill()
        _, text = copy.communicate(timeout=20)
        self.assertNotEqual(copy.returncode, 0)
        self.assertRegex(text, "not connected|Software caused connection abort")
        for place in (stick.mount_point, second):
            with self.assertRaises(OSError) as caught:
                os.listdir(place)
            self.assertEqual(caught.exception.errno, errno.ENOTCONN)
        self.assertEqual(os.listdir(self.folder / "staging"), [])
        # Who takes the dead guard away finds the stick read-only, and its node too.
        self.assertEqual(run("umount", second)[0], 0)
        self.assertIn("Read-only", run("touch", second / "x")[1])
        self.assertIn("not permitted", run("dd", "if=/dev/zero", f"of={stick.device}", "count=1",
                                           "seek=20000", "conv=notrunc,fsync")[1])
        self.assertEqual(run("umount", second)[0], 0)
        again = self.new_guard([stick])
        self.guarded(stick.mount_point)
        again.wait_line("GUARD_HEALED")
        self.assertFalse((stick.mount_point / "copy").exists())
        self.assertEqual(run("cp", "/etc/hostname", stick.mount_point)[0], 0)
        self.assertEqual(again.stop(), 0)
        self.assertEqual(mounts_at(stick.mount_point), ["ext4"])
        self.assertEqual(run("touch", stick.mount_point / "writable")[0], 0)
        self.assertEqual(run("blockdev", "--getro", stick.device)[1].strip(), "0")

    def test_killed_and_the_dead_guard_taken_away_by_hand(self):
        stick = self.new_stick()
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        guard.kill()
        self.assertEqual(run("umount", stick.mount_point)[0], 0)
        self.assertIn("Read-only", run("touch", stick.mount_point / "x")[1])
        again = self.new_guard([stick])
        self.guarded(stick.mount_point)
        again.wait_line("GUARD_HEALED")
        self.assertEqual(run("cp", "/etc/hostname", stick.mount_point), (0, ""))

    def test_killed_and_unmounted_wholly(self):
        stick = self.new_stick()
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        guard.kill()
        for _ in range(2):
            self.assertEqual(run("umount", stick.mount_point)[0], 0)
        self.assertEqual(run("blockdev", "--getro", stick.device)[1].strip(), "1")
        again = self.new_guard([stick])
        self.assertTrue(stick.sealed())
        stick.mount()
        self.guarded(stick.mount_point)
        self.assertEqual(run("cp", "/etc/hostname", stick.mount_point), (0, ""))
        self.assertEqual(again.stop(), 0)
        self.assertFalse(stick.sealed())

    def test_stopped_with_files_open_and_a_copy_in_flight(self):
        stick = self.new_stick()
        guard = self.new_guard([stick], "--verdict-delay-ms", "60000")
        self.guarded(stick.mount_point)
        held = os.open(stick.mount_point / "open", os.O_WRONLY | os.O_CREAT)
        copy = self.copy_in_flight(stick)
        started = time.monotonic()
        self.assertEqual(guard.stop(seconds=9), 0)
        took = time.monotonic() - started
        _, text = copy.communicate(timeout=20)
        self.assertNotEqual(copy.returncode, 0, text)
        with self.assertRaises(OSError):
            os.write(held, b"harmless")
        with self.assertRaises(OSError):
            os.close(held)
        print(f"stopped after {took:.1f} s; the bound for what is under way is 5 s")
        self.assertEqual(mounts_at(stick.mount_point), ["ext4"])
        self.assertFalse((stick.mount_point / "copy").exists())

    def test_stopped_when_idle_is_quick(self):
        stick = self.new_stick()
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        started = time.monotonic()
        self.assertEqual(guard.stop(), 0)
        self.assertLess(time.monotonic() - started, 3)

    def test_a_thousand_files_while_killed_and_healed(self):
        """What was answered is there; what was not is not there in part."""
        stick = self.new_stick()
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        source = self.place("many")
        for number in range(400):
            (source / f"{number}").write_text(f"{number} " * 2000)
        done = []
        thread = threading.Thread(target=lambda: done.append(
            run("cp", "-r", source, stick.mount_point, seconds=60)))
        thread.start()
        time.sleep(0.15)
        guard.kill()
        thread.join(60)
        self.new_guard([stick])
        self.guarded(stick.mount_point)
        for path in (stick.mount_point / "many").glob("*"):
            self.assertIn(path.read_text(), ((source / path.name).read_text(), ""), path.name)


class Modes(OwnGuards):
    def test_mode_changes_while_files_are_open(self):
        stick = self.new_stick()
        (stick.mount_point / "there").write_text("old content")
        guard = self.new_guard([stick], "--second-mode", "deny")
        self.guarded(stick.mount_point)
        there = stick.mount_point / "there"
        self.assertEqual(there.read_text(), "old content")
        reader = open(there, "rb", buffering=0)
        self.addCleanup(reader.close)
        guard.process.send_signal(signal.SIGUSR1)
        wait_for("access is denied", lambda: run("cat", there)[0] != 0)
        with self.assertRaises(PermissionError):
            os.listdir(stick.mount_point)
            reader.read()
        guard.wait_line("refusal usb.deny open")
        guard.process.send_signal(signal.SIGUSR2)
        wait_for("access is back", lambda: run("cat", there) == (0, "old content"))
        guard.stop()

    @staticmethod
    def refuses_change(place):
        try:
            (place / "folder").mkdir(exist_ok=True)
            os.rmdir(place / "folder")
        except OSError as error:  # of either: the mode may change between the two
            return error.errno == errno.EROFS
        return False

    def test_read_only_while_a_file_is_being_written(self):
        stick = self.new_stick()
        guard = self.new_guard([stick])
        self.guarded(stick.mount_point)
        half = os.open(stick.mount_point / "half", os.O_WRONLY | os.O_CREAT)
        os.write(half, b"one")
        guard.process.send_signal(signal.SIGUSR1)
        wait_for("it is read-only", lambda: self.refuses_change(stick.mount_point))
        with self.assertRaises(OSError) as caught:
            os.write(half, b"two")
        self.assertEqual(caught.exception.errno, errno.EROFS)
        with self.assertRaises(OSError):
            os.close(half)
        wait_for("nothing is left of it", lambda: not (stick.mount_point / "half").exists())

    def test_nodes_follow_the_mode(self):
        stick = self.new_stick()
        guard = self.new_guard([stick], "--second-mode", "allow")
        self.guarded(stick.mount_point)
        for signal_number, read_only in ((None, "1"), (signal.SIGUSR1, "0"), (signal.SIGUSR2, "1")):
            if signal_number:
                guard.process.send_signal(signal_number)
            wait_for("the node follows", lambda expected=read_only: run(
                "blockdev", "--getro", stick.device)[1].strip() == expected)

    def test_device_rules(self):
        names = {"own": "allow", "shown": "read-only", "foreign": "deny", "other": None}
        sticks = {name: self.new_stick(name) for name in names}
        for stick in sticks.values():
            (stick.mount_point / "there").write_text("there")
        devices = [f"{stick.device}=0951:1666:{name}" for name, stick in sticks.items()]
        rules = [f"--device-rule=0951:1666:{name}={mode}" for name, mode in names.items() if mode]
        guard = self.new_guard(devices, *rules)
        secret = self.folder / "secret.txt"
        secret.write_text(FORBIDDEN_TEXT)
        for stick in sticks.values():
            self.guarded(stick.mount_point)
        copies = {name: run("cp", secret, stick.mount_point) for name, stick in sticks.items()}
        self.assertEqual(copies["own"][0], 0, copies["own"][1])
        self.assertIn("Read-only file system", copies["shown"][1])
        self.assertIn("Permission denied", copies["foreign"][1])
        self.assertIn("Operation not permitted", copies["other"][1])
        reads = {name: run("cat", stick.mount_point / "there") for name, stick in sticks.items()}
        self.assertEqual([reads[name][0] for name in ("own", "shown", "other")], [0, 0, 0])
        self.assertNotEqual(reads["foreign"][0], 0)
        guard.wait_line("DEVICE_GUARDED .*0951:1666:own")
        guard.wait_line("refusal usb.read_only create")

    def test_first_rule_that_fits_wins(self):
        stick = self.new_stick()
        self.new_guard([f"{stick.device}=0951:1666:A1"], "--mode", "deny",
                       "--device-rule=0951:*:A2=deny", "--device-rule=0951:1666:*=read-only",
                       "--device-rule=*:*:*=allow")
        self.guarded(stick.mount_point)
        self.assertIn("Read-only", run("touch", stick.mount_point / "x")[1])

    def test_report_mode_lets_pass_and_records(self):
        stick = self.new_stick()
        guard = self.new_guard([stick], "--mode", "report")
        self.guarded(stick.mount_point)
        self.assertEqual(python("open(__import__('sys').argv[1], 'w').write('%s')" % FORBIDDEN_TEXT,
                                stick.mount_point / "x")[0], 0)
        guard.wait_line("block report-only write /x")
        self.assertEqual((stick.mount_point / "x").read_text(), FORBIDDEN_TEXT)


if __name__ == "__main__":
    main()
