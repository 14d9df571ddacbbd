"""F7: ways round the judging of opens, each denied, or judged and reported where it cannot be.

Reported only: files that a program had open before it was watched, that another program hands to it,
or that change after it opened them. Not seen: a file that is known to be clean and is written to
through a mapping, until that mapping ends; a descriptor that was handed over, read and closed between
two looks.
"""

import array
import mmap
import os
import shutil
import socket
import subprocess
import sys

from watched import DENIED, FORBIDDEN, WatchedTest, main, run
from support.processes import wait_for


class OtherNames(WatchedTest):
    def test_copies_under_other_names_and_suffixes(self):
        path = self.secret("list.csv")
        for name in ("holiday.jpg", "a.so", "core", ".hidden", "x" * 200):
            copy = self.home / name
            shutil.copy(path, copy)
            self.assert_denied(copy)

    def test_hard_and_symbolic_links(self):
        path = self.secret()
        os.link(path, self.home / "hard")
        os.symlink(path, self.home / "soft")
        self.assert_denied(self.home / "hard")
        self.assert_denied(self.home / "soft")

    def test_rename_into_an_allowed_place(self):
        path = self.secret()
        (self.home / "shared").mkdir()
        os.rename(path, self.home / "shared" / "a.txt")
        self.assert_denied(self.home / "shared" / "a.txt")

    def test_through_proc(self):
        path = self.secret()
        self.assert_denied(f"/proc/self/root{path}")
        self.assert_denied(f"/proc/{os.getpid()}/root{path}")
        with open(path, "rb") as held:
            self.assert_denied(f"/proc/{os.getpid()}/fd/{held.fileno()}")

    def test_bind_mounts(self):
        path = self.secret("folder/list.txt")
        place = self.folder / "bound"
        place.mkdir()
        self.assertEqual(run("mount", "--bind", path.parent, place), (0, ""))
        self.addCleanup(run, "umount", "-l", place)
        self.assert_denied(place / "list.txt")

    def test_other_mount_of_the_same_device(self):
        path = self.secret()
        place = self.folder / "again"
        place.mkdir()
        self.assertEqual(run("mount", self.sticks[0].device, place), (0, ""))
        self.addCleanup(run, "umount", "-l", place)
        self.assert_denied(place / path.name)

    def test_own_mount_namespace(self):
        path = self.secret()
        status, text = run("unshare", "--mount", self.messenger, "-c", f"read -r a < {path} && echo got $a")
        self.assertIn(DENIED, text)

    def test_file_system_that_only_the_messenger_has(self):
        # Named so that the harness may watch it.
        place = self.folder / "private"
        place.mkdir()
        program = (f"mount -t tmpfs none {place} && echo {FORBIDDEN} > {place}/a && "
                   f"exec {self.messenger} -c 'read -r a < {self.file('b', 'harmless')}; echo up; read -r go; "
                   f"read -r a < {place}/a && echo got $a'")
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", program], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.communicate)
        self.assertEqual(process.stdout.readline(), "up\n")
        wait_for("its file system is watched", lambda: "guarded: 2" in self.channel.state())
        text = process.communicate("go\n", timeout=20)[0]
        self.assertIn(DENIED, text)
        self.assertNotIn("got", text)
        wait_for("it is gone", lambda: "guarded: 1" in self.channel.state())


class OwnFolders(WatchedTest):
    """Profile and caches pass, but for what another program put there."""

    def setUp(self):
        super().setUp()
        self.own = self.home / ".talk"
        self.own.mkdir()

    def assert_planted(self, path):
        self.assert_denied(path)
        self.assertEqual(self.channel.counters()["own_paths"], 0)

    def test_written_by_the_program_itself(self):
        path = self.own / "cache"
        # It reads its file itself, so that it is still there when the channel asks who wrote it: who has
        # ended by then may have been anybody, and the file is judged.
        write_and_read = f"echo received {FORBIDDEN} > {path}; read -r line < {path}"
        self.assertEqual(run(self.messenger, "-c", write_and_read), (0, ""))
        self.assert_read(path)
        # By a helper that has ended when anybody asks.
        self.assertEqual(run(self.messenger, "-c", f"cp {path} {self.own}/copy; true"), (0, ""))
        self.assert_read(self.own / "copy")
        self.assertEqual(self.channel.counters()["planted"], 0)

    def test_copied_there(self):
        self.assertEqual(run("cp", self.secret(), self.own / "a.txt"), (0, ""))
        self.assert_planted(self.own / "a.txt")

    def test_moved_there(self):
        os.rename(self.secret(), self.own / "a.txt")
        self.assert_planted(self.own / "a.txt")

    def test_linked_there(self):
        os.link(self.secret(), self.own / "a.txt")
        self.assert_planted(self.own / "a.txt")

    def test_still_open_for_writing(self):
        with open(self.own / "a.txt", "w", encoding="utf-8") as file:
            file.write(FORBIDDEN + "\n")
            file.flush()
            self.assert_planted(self.own / "a.txt")

    def test_own_file_overwritten_by_another(self):
        path = self.own / "cache"
        self.assertEqual(run(self.messenger, "-c", f"echo harmless > {path}"), (0, ""))
        self.assertEqual(run("cp", self.secret(), path), (0, ""))
        self.assert_denied(path)
        # And by the program itself again.
        self.assertEqual(run(self.messenger, "-c", f"echo {FORBIDDEN} >> {path}")[0], 2)
        path.unlink()
        # Still there when the channel asks who wrote it, as above.
        self.assertEqual(run(self.messenger, "-c", f"echo {FORBIDDEN} > {path}; read -r line < {path}"), (0, ""))
        self.assert_read(path)

    def test_whole_folder_moved_there(self):
        self.secret("folder/deep/list.txt")
        os.rename(self.home / "folder", self.own / "folder")
        self.assert_planted(self.own / "folder" / "deep" / "list.txt")

    def test_folder_made_there(self):
        (self.own / "new").mkdir()
        self.assertEqual(run("cp", self.secret(), self.own / "new" / "a.txt"), (0, ""))
        self.assert_planted(self.own / "new" / "a.txt")


class OtherPrograms(WatchedTest):
    def test_messenger_under_another_name(self):
        path = self.secret()
        link = self.home / "innocent"
        os.symlink(self.messenger, link)
        self.assert_denied(path, program=link)
        hard = self.messenger.parent / "hard"
        os.link(self.messenger, hard)
        self.assert_denied(path, program=hard)

    def test_messenger_whose_file_was_replaced(self):
        path = self.secret()
        process = subprocess.Popen([self.messenger, "-c", f"read -r go; read -r a < {path} && echo got $a"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        wait_for("it runs", lambda: os.readlink(f"/proc/{process.pid}/exe") == str(self.messenger))
        self.messenger.unlink()
        shutil.copy("/bin/true", self.messenger)
        text = process.communicate("go\n", timeout=20)[0]
        self.assertIn(DENIED, text)

    def test_helpers_that_leave_their_parent(self):
        path = self.secret()
        # The helper is known from an open before its parent ends.
        status, text = run(self.messenger, "-c",
                           f"(read -r a < {self.file('b', 'harmless')}; exec cat {path}) & wait; true")
        self.assertIn(DENIED, text)
        self.assertNotIn("clients", text)


# A messenger in Python: opens what it is told to before it is watched, or takes a descriptor over a
# socket, and says what it reads whenever it is asked.
HOLDER = """
import array, mmap, os, socket, sys
file = None
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "open":
        file = os.open(rest, os.O_RDONLY)
    elif word == "take":
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(rest)
            _, ancillary, _, _ = link.recvmsg(1, socket.CMSG_SPACE(4))
            file = array.array("i", ancillary[0][2])[0]
    print("has", os.pread(file, 100, 0), flush=True)
"""


class Held(WatchedTest):
    start_channel = False

    def holder(self):
        program = self.messenger.parent / "python"
        if not program.exists():
            shutil.copy(os.path.realpath(sys.executable), program)
        process = subprocess.Popen([program, "-c", HOLDER], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "PYTHONHOME": sys.base_prefix})
        self.addCleanup(process.communicate)
        return process

    def say(self, process, line):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline()

    def test_opened_before_the_watch(self):
        path = self.secret()
        process = self.holder()
        self.assertIn(FORBIDDEN, self.say(process, f"open {path}"))
        channel = self.new_channel()
        line = channel.wait_line("block report-only held open", str(path))
        self.assertIn("app=talk", line)
        self.assertIn(f"pid={process.pid}", line)

    def test_descriptor_handed_over(self):
        channel = self.new_channel()
        path = self.secret()
        place = str(self.folder / "socket")
        with socket.socket(socket.AF_UNIX) as server, open(path, "rb") as file:
            server.bind(place)
            server.listen()
            process = self.holder()
            process.stdin.write(f"take {place}\n")
            process.stdin.flush()
            link, _ = server.accept()
            with link:
                link.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))])
            self.assertIn(FORBIDDEN, process.stdout.readline())
        channel.wait_line("block report-only held open", str(path))

    def test_changed_after_it_was_opened(self):
        channel = self.new_channel()
        path = self.file("a.txt", "harmless\n")
        process = self.holder()
        self.assertIn("harmless", self.say(process, f"open {path}"))
        with open(path, "r+b") as file:
            file.write(FORBIDDEN.encode())
        self.assertIn(FORBIDDEN, self.say(process, "again"))
        channel.wait_line("block report-only held open", str(path))

    def test_mapping_of_an_open_file_changed(self):
        channel = self.new_channel()
        path = self.file("a.txt", "harmless and of some length\n")
        process = self.holder()
        self.say(process, f"open {path}")
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
            mapping[:len(FORBIDDEN)] = FORBIDDEN.encode()
        channel.wait_line("block report-only held open", str(path))

    def test_judged_files_are_not_reported_again(self):
        channel = self.new_channel()
        process = self.holder()
        self.say(process, f"open {self.file('a.txt', 'harmless')}")
        looks = channel.counters()["looks"]
        wait_for("two looks at what it holds", lambda: channel.counters()["looks"] >= looks + 2)
        self.assertEqual(channel.lines("held open"), [])
        self.assertEqual(channel.counters()["held"], 0)


if __name__ == "__main__":
    main()
