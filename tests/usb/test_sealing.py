"""A stick is read-only from when it arrives to when its guard stands, so that nobody comes first.

SHOUMI_RACE_ROUNDS (default 50) is how often a program races the guard for a new mount.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import unittest

from guarded import FORBIDDEN_TEXT, OwnGuards, main, run
from support.processes import wait_for
from support.sticks import Stick, mounts_at

ROUNDS = int(os.environ.get("SHOUMI_RACE_ROUNDS", "50"))
# From the kernel's announcement to the read-only node; udev's rules alone take longer than this.
SEAL_SECONDS_MAX = 2
LOOP_CTL_ADD, LOOP_CTL_REMOVE = 0x4C80, 0x4C81  # linux/loop.h

# Waits in the mount table for a mount at argv[1], then writes argv[2] to a new file there at once.
RACER = """
import os, select, sys
table = os.open("/proc/self/mountinfo", os.O_RDONLY)
poll = select.poll()
poll.register(table, select.POLLPRI | select.POLLERR)
place = (" " + sys.argv[1] + " ").encode()
print("waiting", flush=True)
while True:
    os.lseek(table, 0, os.SEEK_SET)
    if place in os.read(table, 1 << 20):
        break
    poll.poll(20000)
try:
    fd = os.open(sys.argv[1] + "/raced", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, sys.argv[2].encode())
    os.close(fd)
    print("written")
except OSError as error:
    print("refused", error.strerror)
"""


# Opens argv[1] for writing, again and again until it is told to end, and says how often that was on the
# file system of the device argv[2], and not on the guard or on what lies below the mount.
STUBBORN = """
import os, select, sys
number = os.stat(sys.argv[2]).st_rdev
print("trying", flush=True)
tries = through = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(50):
        tries += 1
        try:
            fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:
            continue
        through += os.fstat(fd).st_dev == number
        os.close(fd)
print(tries, through)
"""


class Race(OwnGuards):
    def stubborn(self, stick, rounds, between=lambda: None):
        """How often a program got through while the stick was mounted and unmounted `rounds` times."""
        program = subprocess.Popen([sys.executable, "-c", STUBBORN, stick.mount_point / "raced", stick.device],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(program.kill)
        self.assertEqual(program.stdout.readline(), "trying\n")
        for _ in range(rounds):
            stick.mount()
            self.guarded(stick.mount_point)
            between()
            # Busy where the program has the file open.
            wait_for("unmounted", lambda: run("umount", stick.mount_point)[0] == 0)
            wait_for("unmounted wholly", lambda: not mounts_at(stick.mount_point))
        tries, through = map(int, program.communicate("end\n", timeout=30)[0].split())
        print(f"{tries} tries over {rounds} mounts, {through} through")
        self.assertGreater(tries, rounds)
        return through

    def test_a_program_that_never_stops_trying(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick])
        wait_for("sealed", stick.sealed, SEAL_SECONDS_MAX)
        self.assertEqual(self.stubborn(stick, 10), 0)
        self.assertEqual(guard.lines("GUARD_FAILED"), [])

    def test_a_program_that_never_stops_trying_where_another_namespace_keeps_it_mounted(self):
        stick = self.new_stick(mounted=False)
        self.new_guard([stick])
        wait_for("sealed", stick.sealed, SEAL_SECONDS_MAX)
        keepers = []

        def keep():
            keepers.append(subprocess.Popen(["unshare", "-m", "sleep", "60"]))
            wait_for("it has its own mounts", lambda: os.readlink(f"/proc/{keepers[-1].pid}/ns/mnt") !=
                     os.readlink("/proc/self/ns/mnt"))

        try:
            self.assertEqual(self.stubborn(stick, 10, keep), 0)
        finally:
            for keeper in keepers:
                keeper.kill()
                keeper.wait()
    def race(self, stick):
        racer = subprocess.Popen([sys.executable, "-c", RACER, str(stick.mount_point), FORBIDDEN_TEXT],
                                 stdout=subprocess.PIPE, text=True)
        self.addCleanup(racer.kill)
        self.assertEqual(racer.stdout.readline(), "waiting\n")
        stick.mount()
        outcome, _ = racer.communicate(timeout=30)
        self.guarded(stick.mount_point)
        return outcome

    def unmount(self, stick):
        self.assertEqual(run("umount", stick.mount_point), (0, ""))
        wait_for("unmounted wholly", lambda: not mounts_at(stick.mount_point))

    def name_left_behind(self, stick, guard, before, what):
        """Opened through the guard, a file is refused at its close, and its name goes after that. A mount
        that is made while the kernel still takes the last one down shares its writable file system: the
        open is denied there as well, but O_CREAT has made the name before that is asked (decision 0006)."""
        raced = stick.mount_point / "raced"
        try:
            wait_for("nothing of it is there", lambda: not raced.exists(), 2)
            return 0
        except AssertionError:
            said = guard.text()[before:]
            self.assertEqual(raced.lstat().st_size, 0, what)
            self.assertIn("/raced was changed before the guard stood", said, what)
            self.assertIn("opened past the guard", said, what)
        wait_for("the early change is judged", lambda: "early /raced" in guard.text()[before:])
        raced.unlink()
        return 1

    def test_a_program_that_writes_at_once_is_refused(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick])
        wait_for("sealed", stick.sealed, SEAL_SECONDS_MAX)
        names = 0
        for number in range(ROUNDS):
            before = len(guard.text())
            outcome = self.race(stick)
            self.assertRegex(outcome, "refused (Read-only file system|Operation not permitted)")
            names += self.name_left_behind(stick, guard, before, f"round {number}: {outcome}")
            self.unmount(stick)
        print(f"{ROUNDS} races refused, {names} empty names made in the moment of unmounting and reported")
        self.assertEqual(len(guard.lines("GUARD_FAILED")), names)
        self.assert_forbidden_nowhere(stick)

    def test_unsealed_by_policy_it_is_refused_or_reported_and_judged(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick], "--unmounted-open")
        counts = {"refused": 0, "reported": 0}
        for _ in range(ROUNDS):
            self.assertFalse(stick.sealed())
            before = len(guard.text())
            if "refused" in self.race(stick):
                counts["refused"] += 1
            else:
                wait_for("the write is reported", lambda at=before: any(
                    "/raced was changed before" in line or "open for writing by" in line
                    for line in guard.text()[at:].splitlines()))
                counts["reported"] += 1
            (stick.mount_point / "raced").unlink(missing_ok=True)
            self.unmount(stick)
            wait_for("the node is given back", lambda: not stick.sealed())
        print(f"{ROUNDS} races: {counts['refused']} refused, {counts['reported']} written before the "
              "guard stood and reported")

    def test_what_was_written_early_is_judged_too(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick], "--unmounted-open")
        # Stopped, so that the program certainly comes first.
        guard.process.send_signal(signal.SIGSTOP)
        stick.mount()
        (stick.mount_point / "early").write_text(FORBIDDEN_TEXT)
        guard.process.send_signal(signal.SIGCONT)
        self.guarded(stick.mount_point)
        guard.wait_line("GUARD_FAILED .*/early was changed before the guard stood")
        guard.wait_line("block report-only early /early")


class Sealing(OwnGuards):
    def unused_loop_device(self):
        """One that nobody else is given, as losetup takes the first that is free."""
        number = 1000 + os.getpid() % 10_000
        with open("/dev/loop-control", "rb") as control:
            fcntl.ioctl(control, LOOP_CTL_ADD, number)
        self.addCleanup(self.remove_loop_device, number)
        return f"/dev/loop{number}"

    @staticmethod
    def remove_loop_device(number):
        with open("/dev/loop-control", "rb") as control:
            fcntl.ioctl(control, LOOP_CTL_REMOVE, number)

    def test_sealed_when_it_arrives_and_given_back_when_the_agent_stops(self):
        early = self.new_stick("early", mounted=False)
        late = Stick(self.folder, "late")
        self.sticks.append(late)
        place = self.unused_loop_device()
        self.addCleanup(late.remove)
        guard = self.new_guard([early, place])
        self.assertTrue(early.sealed())
        self.assertEqual(run("losetup", place, late.image), (0, ""))
        late.device = place
        wait_for("sealed", late.sealed, SEAL_SECONDS_MAX)
        for stick in (early, late):
            self.assert_failed(run("dd", "if=/dev/zero", f"of={stick.device}", "count=1", "conv=notrunc,fsync"),
                               "Operation not permitted")
        self.assertEqual(guard.stop(), 0)
        self.assertFalse(early.sealed() or late.sealed())
        self.assertEqual(guard.lines("GUARD_FAILED"), [])

    def test_a_sealed_stick_is_guarded_and_written_to_as_any_other(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick])
        second = self.place("second")
        wait_for("sealed", stick.sealed, SEAL_SECONDS_MAX)
        stick.mount()
        self.assertEqual(run("mount", stick.device, second)[0], 0)
        for place in (stick.mount_point, second):
            self.guarded(place)
        for place in (stick.mount_point, second):
            self.assertEqual(run("cp", "/etc/hostname", place / place.name), (0, ""))
        self.assertTrue(stick.sealed())
        self.assertEqual(run("umount", second), (0, ""))
        wait_for("second is gone", lambda: not mounts_at(second))
        # Who stops the agent finds the stick as if there had been none.
        self.assertEqual(guard.stop(), 0)
        self.assertEqual(run("touch", stick.mount_point / "later"), (0, ""))
        self.assertEqual(guard.lines("GUARD_FAILED|GUARD_HEALED"), [])
        stick.unmount()
        self.assertEqual(stick.check()[0], 0)

    def test_killed_while_sealed_it_stays_read_only_until_the_next_start(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick])
        wait_for("sealed", stick.sealed, SEAL_SECONDS_MAX)
        guard.kill()
        stick.mount()
        self.assert_failed(run("cp", "/etc/hostname", stick.mount_point), "Read-only file system")
        self.new_guard([stick])
        self.guarded(stick.mount_point)
        self.assertEqual(run("cp", "/etc/hostname", stick.mount_point), (0, ""))

    def test_what_cannot_be_sealed_is_said(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick])
        wait_for("sealed", stick.sealed, SEAL_SECONDS_MAX)
        self.assertIn("coverage: COVERAGE_COVERED sealed {", self.state_of(guard))
        self.assertEqual(guard.stop(), 0)
        with open(stick.device, "r+b") as node:  # nothing that is known
            node.write(bytes(8192))
        guard = self.new_guard([stick])
        state = self.state_of(guard)
        self.assertFalse(stick.sealed())
        self.assertRegex(state, r'coverage: COVERAGE_PARTIAL why: "a stick that is not mounted can be written to')
        self.assertIn("its file system cannot be sealed", state)
        self.assertIn(f'node: "{stick.device}"', state)

    def state_of(self, guard):
        before = len(guard.lines("^state "))
        guard.process.send_signal(signal.SIGHUP)
        return wait_for("the guard's state", lambda: guard.lines("^state ")[before:])[0]

    def test_a_journal_that_must_be_replayed_is_left_to_the_mount(self):
        stick = self.new_stick()
        write_back = ["sh", "-c", f"echo harmless > {stick.mount_point}/there; sync -f {stick.mount_point}"]
        self.assertEqual(run(*write_back), (0, ""))
        dirty = Stick(self.folder, "dirty")
        self.sticks.append(dirty)
        shutil.copy(stick.image, dirty.image)
        dirty.attach()
        self.assertIn("needs_recovery", run("dumpe2fs", "-h", dirty.device)[1])
        guard = self.new_guard([dirty])
        self.assertFalse(dirty.sealed())
        dirty.mount()
        self.guarded(dirty.mount_point)
        self.assertEqual((dirty.mount_point / "there").read_text(), "harmless\n")
        self.assertEqual(run("cp", "/etc/hostname", dirty.mount_point), (0, ""))
        # From now on it is one like others.
        self.assertEqual(run("umount", dirty.mount_point), (0, ""))
        wait_for("unmounted wholly", lambda: not mounts_at(dirty.mount_point))
        self.assertTrue(wait_for("sealed", dirty.sealed, SEAL_SECONDS_MAX))
        self.assertEqual(guard.lines("GUARD_FAILED"), [])

    def test_what_is_read_only_by_itself_stays_so(self):
        stick = self.new_stick(mounted=False)
        self.assertEqual(run("blockdev", "--setro", stick.device), (0, ""))
        guard = self.new_guard([stick])
        stick.mount()
        self.guarded(stick.mount_point)
        self.assert_failed(run("touch", stick.mount_point / "x"), "Read-only file system")
        self.assertEqual(guard.stop(), 0)
        self.assertTrue(stick.sealed())
        self.assertEqual(guard.lines("GUARD_FAILED"), [])

    def test_read_only_in_fstab_stays_so(self):
        stick = self.new_stick(mounted=False)
        table = self.folder / "fstab"
        table.write_text(f"{stick.device} {stick.mount_point} ext4 ro,noauto 0 0\n")
        fstab = "/etc/fstab"
        if not os.path.exists(fstab):
            raise unittest.SkipTest("needs an /etc/fstab to cover in its own namespace")
        self.assertEqual(run("mount", "--bind", table, fstab), (0, ""))
        self.addCleanup(run, "umount", fstab)
        self.new_guard([stick])
        wait_for("sealed", stick.sealed, SEAL_SECONDS_MAX)
        self.assertEqual(run("mount", stick.mount_point), (0, ""))
        self.guarded(stick.mount_point)
        self.assert_failed(run("touch", stick.mount_point / "x"), "Read-only file system")

    def test_seals_follow_the_mode(self):
        stick = self.new_stick(mounted=False)
        guard = self.new_guard([stick], "--mode", "allow", "--second-mode", "inspect")
        self.assertFalse(stick.sealed())
        for number, sealed in ((signal.SIGUSR1, True), (signal.SIGUSR2, False)):
            guard.process.send_signal(number)
            wait_for("the seal follows", lambda expected=sealed: stick.sealed() == expected)

    def test_file_systems_of_real_sticks(self):
        """FAT and exFAT, as sticks are sold, are sealed as well; a file system that may refuse to be
        mounted from a read-only device, and what is none, are not."""
        kinds = {"vfat": ["mkfs.vfat", "-F", "32"], "exfat": ["mkfs.exfat"], "xfs": ["mkfs.xfs", "-q"],
                 "none": ["true"]}
        devices = {}
        for kind, command in kinds.items():
            image = self.folder / f"{kind}.img"
            with open(image, "wb") as handle:
                handle.truncate(320 << 20)
            self.assertEqual(run(*command, image)[0], 0, kind)
            device = run("losetup", "-f", "--show", image)[1].strip()
            self.addCleanup(run, "losetup", "-d", device)
            self.addCleanup(run, "blockdev", "--setrw", device)
            self.assertEqual(run("blockdev", "--setrw", device), (0, ""))
            devices[kind] = device
        self.new_guard(list(devices.values()))
        sealed = {kind: run("blockdev", "--getro", device)[1].strip() for kind, device in devices.items()}
        self.assertEqual(sealed, {"vfat": "1", "exfat": "1", "xfs": "0", "none": "0"})


if __name__ == "__main__":
    main()
