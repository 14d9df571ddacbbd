"""What one file goes through between its open and its close."""

import errno
import fcntl
import mmap
import os
import subprocess
import sys
import unittest

from guarded import FORBIDDEN, GuardedStick, content, forbidden, libc, main, write

FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_ZERO_RANGE = 1, 2, 8, 16


def half_forbidden():
    """Two pieces that are clean each, and forbidden one after the other."""
    middle = len(FORBIDDEN) // 2
    return FORBIDDEN[:middle], FORBIDDEN[middle:]


class Changes(GuardedStick):
    def closing(self, handle, number=errno.EPERM):
        self.assert_errno(number, os.close, handle)

    def test_append(self):
        path = self.stick_folder / "log"
        write(path, content("log"))
        with open(path, "ab", buffering=0) as log:
            log.write(b"more")
        self.assert_holds(path, content("log") + b"more")
        self.assert_runs("sh", "-c", "printf again >> \"$0\"", path)
        self.assert_holds(path, content("log") + b"moreagain")

    def test_append_that_is_refused_leaves_the_end_where_it_was(self):
        path = self.stick_folder / "log"
        write(path, content("log", 5000))
        with self.assertRaises(PermissionError):
            with open(path, "ab", buffering=0) as log:
                log.write(forbidden("more", 3000))
        self.assertEqual(os.stat(path).st_size, 5000)
        self.assert_runs("sh", "-c", "printf clean >> \"$0\"", path)
        self.assert_holds(path, content("log", 5000) + b"clean")

    def test_pieces_are_judged_whole(self):
        first, second = half_forbidden()
        path = self.stick_folder / "appended"
        write(path, content("pieces") + first)
        with self.assertRaises(PermissionError):
            with open(path, "ab", buffering=0) as handle:
                handle.write(second)
        self.assert_holds(path, content("pieces") + first)

        path = self.stick_folder / "overwritten"
        old = content("old", 9000) + b"." * len(first) + second + content("end", 300_000)
        write(path, old)
        handle = os.open(path, os.O_WRONLY)
        os.pwrite(handle, first, 9000)
        self.closing(handle)
        self.assert_holds(path, old)

        path = self.stick_folder / "byte by byte"
        with self.assertRaises(PermissionError):
            with open(path, "wb", buffering=0) as out:
                for byte in forbidden("bytes", 600):
                    out.write(bytes([byte]))
        self.assert_absent(path)

        path = self.stick_folder / "backwards"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT)
        data = forbidden("backwards", 6000)
        for at in reversed(range(0, len(data), 100)):
            os.pwrite(handle, data[at:at + 100], at)
        self.closing(handle)
        self.assert_absent(path)

    def test_the_rest_of_an_old_file_counts(self):
        """Forbidden text already on a stick: whoever changes the file is told."""
        first, second = half_forbidden()
        path = self.stick_folder / "file"
        write(path, first + b"gap" + second)
        handle = os.open(path, os.O_RDWR)
        os.pwrite(handle, second, len(first))
        os.ftruncate(handle, len(FORBIDDEN))
        self.closing(handle)
        self.assert_holds(path, first + b"gap" + second)

    def test_truncate(self):
        path = self.stick_folder / "file"
        write(path, content("truncate", 10_000))
        self.assert_runs("truncate", "-s", "4000", path)
        self.assert_holds(path, content("truncate", 10_000)[:4000])
        self.assert_runs("truncate", "-s", "9000", path)
        self.assert_holds(path, content("truncate", 10_000)[:4000] + bytes(5000))
        os.truncate(path, 0)
        self.assert_holds(path, b"")
        os.truncate(path, 3_000_000)
        self.assert_holds(path, bytes(3_000_000))
        self.assertLess(self.lower_stat(path).st_blocks, 100, "no hole")

    def test_ftruncate(self):
        path = self.stick_folder / "file"
        write(path, content("ftruncate", 10_000))
        with open(path, "r+b", buffering=0) as handle:
            handle.truncate(100)
            self.assertEqual(os.fstat(handle.fileno()).st_size, 100)
            handle.truncate(5000)
            handle.seek(4000)
            handle.write(b"end")
            handle.seek(0)
            now = content("ftruncate", 10_000)[:100] + bytes(3900) + b"end" + bytes(997)
            self.assertEqual(handle.read(), now)
        self.assert_holds(path, now)

    def test_truncated_and_written_again(self):
        path = self.stick_folder / "file"
        write(path, content("cut", 5000))
        with self.assertRaises(PermissionError):
            with open(path, "r+b", buffering=0) as handle:
                handle.truncate(1000)
                handle.seek(1000)
                handle.write(FORBIDDEN)
        self.assert_holds(path, content("cut", 5000))

    def test_open_truncate_then_refused_keeps_the_old(self):
        path = self.stick_folder / "file"
        write(path, content("kept"))
        handle = os.open(path, os.O_WRONLY | os.O_TRUNC)
        self.assertEqual(os.stat(path).st_size, 0)
        os.write(handle, forbidden("other", 100))
        self.closing(handle)
        self.assert_holds(path, content("kept"))

    def test_after_a_refusal(self):
        path = self.stick_folder / "new"
        handle = os.open(path, os.O_RDWR | os.O_CREAT)
        copy = os.dup(handle)
        os.write(handle, forbidden("new"))
        self.assert_errno(errno.EPERM, os.fsync, handle)
        self.assert_errno(errno.EPERM, os.write, handle, b"more")
        self.assert_errno(errno.EPERM, os.ftruncate, handle, 0)
        self.closing(copy)
        self.closing(handle)
        self.assert_absent(path)
        write(path, content("again"))  # the name is free again
        self.assert_holds(path, content("again"))

    def test_readers_see_what_is_being_written(self):
        first, second = content("first", 50_000), content("second", 20_000)
        after = first[:10_000] + second + first[30_000:]
        for name, flags in (("new", os.O_CREAT), ("over", os.O_TRUNC)):
            with self.subTest(name):
                path = self.stick_folder / name
                if flags == os.O_TRUNC:
                    write(path, content("before", 50_000))
                    self.assert_holds(path, content("before", 50_000))
                handle = os.open(path, os.O_WRONLY | flags)
                os.pwrite(handle, first, 0)
                with open(path, "rb", buffering=0) as reader:
                    self.assertEqual(os.pread(reader.fileno(), 60_000, 0), first)
                    os.pwrite(handle, second, 10_000)
                    self.assertEqual(os.pread(reader.fileno(), 60_000, 0), after)
                    os.close(handle)
                    self.assertEqual(os.pread(reader.fileno(), 60_000, 0), after)
                self.assert_holds(path, after)

    def test_refused_change_is_gone_for_readers(self):
        path = self.stick_folder / "file"
        old = content("readers", 50_000)
        write(path, old)
        with open(path, "rb", buffering=0) as reader, mmap.mmap(reader.fileno(), 0, prot=mmap.PROT_READ) as view:
            self.assertEqual(view[:], old)
            handle = os.open(path, os.O_WRONLY)
            os.pwrite(handle, forbidden("readers", 30_000), 10_000)
            self.assertEqual(os.pread(reader.fileno(), 100, 10_000), forbidden("readers", 30_000)[:100])
            self.closing(handle)
            self.assertEqual(os.pread(reader.fileno(), 60_000, 0), old)
            self.assertEqual(view[:], old)
        self.assert_holds(path, old)

    def test_made_empty_and_written_in_a_second_go(self):
        """Office programs do so, overlook that the second close failed, and go on with the file as
        it is: it must be gone, not empty."""
        path = self.stick_folder / "two goes"
        path.touch()
        self.assert_holds(path, b"")
        with self.assertRaises(PermissionError):
            write(path, forbidden("two goes"))
        self.assert_absent(path)
        path.touch()
        write(path, content("two goes"))
        with self.assertRaises(PermissionError):
            write(path, forbidden("three goes"))
        self.assert_holds(path, content("two goes"))
        other = self.stick_folder / "somebody else's"
        self.assert_runs("touch", other)
        with self.assertRaises(PermissionError):
            write(other, forbidden("not mine"))
        self.assert_holds(other, b"")

    def test_empty_file_is_there_while_open(self):
        path = self.stick_folder / "empty"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.close(os.dup(handle))  # `cmd > file` closes a duplicate first
        self.assertEqual(os.stat(path).st_size, 0)
        os.write(handle, forbidden("late"))
        self.closing(handle)
        self.assert_absent(path)
        self.assert_runs("touch", path)
        self.assert_holds(path, b"")


class AlreadyThere(GuardedStick):
    """Forbidden text that was on the stick before the guard: it may be read, moved and deleted, and
    every change of it is judged."""

    @classmethod
    def prepare(cls, folder):
        write(folder / "old", forbidden("old"))
        with open(folder / "kept", "wb") as kept:
            kept.write(forbidden("kept"))
            kept.flush()
            os.fsync(kept.fileno())

    @classmethod
    def look_at_stick(cls):
        with unittest.TestCase().assertRaisesRegex(AssertionError, "forbidden text on the raw device"):
            super().look_at_stick()

    def setUp(self):
        super().setUp()
        self.old = self.stick_folder / "old"

    def test_read_and_moved(self):
        self.assert_runs("cmp", self.old, self.source("same", forbidden("old")))
        self.assert_runs("mv", self.old, self.stick_folder / "moved")
        self.assert_holds(self.stick_folder / "moved", forbidden("old"))
        self.assert_refused("cp", self.stick_folder / "moved", self.stick_folder / "copy")
        self.assert_absent(self.stick_folder / "copy")
        self.assert_runs("rm", self.stick_folder / "moved")
        self.assert_absent(self.stick_folder / "moved")

    def test_changed(self):
        self.assert_errno(errno.EPERM, os.truncate, self.old, len(forbidden("old")) - 1)
        self.assert_holds(self.old, forbidden("old"))
        self.assert_refused("sh", "-c", "cat \"$1\" >> \"$0\"", self.old, self.source("more", content("more")),
                            message="write error")
        self.assert_holds(self.old, forbidden("old"))
        os.truncate(self.old, 100)
        self.assert_holds(self.old, forbidden("old")[:100])

    def test_replaced(self):
        write(self.old, content("new"))
        self.assert_holds(self.old, content("new"))


class Mappings(GuardedStick):
    def mapped(self, path, data):
        with open(path, "w+b") as handle:
            handle.truncate(len(data))
            with mmap.mmap(handle.fileno(), len(data)) as view:
                view[:] = data
                view.flush()

    def test_mmap(self):
        path = self.stick_folder / "mapped"
        self.mapped(path, content("mapped", 100_000))
        self.assert_holds(path, content("mapped", 100_000))
        with self.assertRaises(PermissionError):
            self.mapped(self.stick_folder / "secret", forbidden("mapped", 100_000))
        self.assert_absent(self.stick_folder / "secret")

    def test_mmap_of_an_existing_file(self):
        path = self.stick_folder / "mapped"
        old = content("old", 100_000)
        write(path, old)
        with open(path, "r+b") as handle, mmap.mmap(handle.fileno(), 0) as view:
            view[5000:5004] = b"abcd"
            view.flush()
        old = old[:5000] + b"abcd" + old[5004:]
        self.assert_holds(path, old)
        with self.assertRaises(OSError):
            with open(path, "r+b") as handle, mmap.mmap(handle.fileno(), 0) as view:
                view[5000:5000 + len(FORBIDDEN)] = FORBIDDEN
                view.flush()
        self.assert_holds(path, old)

    def test_mmap_written_after_the_close(self):
        """The mapping outlives its descriptor: judged when it goes, although nobody can be told."""
        for name, data in (("clean", content("late", 40_000)), ("secret", forbidden("late", 40_000))):
            path = self.stick_folder / name
            write(path, bytes(len(data)))
            self.assert_runs(sys.executable, "-c",
                             "import mmap, os, sys\n"
                             "data = open(sys.argv[2], 'rb').read()\n"
                             "handle = os.open(sys.argv[1], os.O_RDWR)\n"
                             "view = mmap.mmap(handle, 0)\n"
                             "os.close(handle)\n"
                             "view[:] = data\n", path, self.source(name, data))
        self.assert_holds(self.stick_folder / "clean", content("late", 40_000))
        self.assert_holds(self.stick_folder / "secret", bytes(len(forbidden("late", 40_000))))


class Holes(GuardedStick):
    def test_sparse(self):
        path = self.stick_folder / "sparse"
        handle = os.open(path, os.O_RDWR | os.O_CREAT)
        os.pwrite(handle, b"start", 0)
        os.pwrite(handle, b"end", 30 << 20)
        self.assertEqual(os.lseek(handle, 1 << 20, os.SEEK_DATA), 30 << 20)
        self.assertLess(os.lseek(handle, 0, os.SEEK_HOLE), 1 << 20)
        os.close(handle)
        data = b"start" + bytes((30 << 20) - 5) + b"end"
        self.assert_holds(path, data)
        self.assertLess(self.lower_stat(path).st_blocks, 200)
        with open(path, "rb") as reader:
            self.assertEqual(os.lseek(reader.fileno(), 1 << 20, os.SEEK_DATA), 30 << 20)
            self.assert_errno(errno.ENXIO, os.lseek, reader.fileno(), 31 << 20, os.SEEK_DATA)
        handle = os.open(path, os.O_RDWR)
        os.pwrite(handle, b"middle", 15 << 20)
        os.close(handle)
        data = data[:15 << 20] + b"middle" + data[(15 << 20) + 6:]
        self.assert_holds(path, data)
        self.assertLess(self.lower_stat(path).st_blocks, 300, "the hole was filled")
        handle = os.open(path, os.O_RDWR)
        os.pwrite(handle, FORBIDDEN, 20 << 20)
        self.assert_errno(errno.EPERM, os.close, handle)
        self.assert_holds(path, data)
        self.assertLess(self.lower_stat(path).st_blocks, 300)

    def test_cp_sparse(self):
        source = self.folder / "sparse"
        with open(source, "wb") as out:
            out.truncate(20 << 20)
            out.seek(5 << 20)
            out.write(content("sparse"))
        self.assert_runs("cp", "--sparse=always", source, self.stick_folder)
        self.assert_holds(self.stick_folder / "sparse", source.read_bytes())
        self.assertLess(self.lower_stat(self.stick_folder / "sparse").st_blocks, 200)

    def fallocate(self, path, mode, offset, length):
        flags = {0: [], 1: ["-n"], 3: ["-p"], 16: ["-z"], 8: ["-c"]}[mode]
        return self.run_program("fallocate", *flags, "-o", str(offset), "-l", str(length), path)

    def test_fallocate(self):
        path = self.stick_folder / "file"
        data = content("allocated", 40_000)
        write(path, data)
        self.assertEqual(self.fallocate(path, 0, 0, 100_000).returncode, 0)
        self.assert_holds(path, data + bytes(60_000))
        self.assertEqual(self.fallocate(path, FALLOC_FL_KEEP_SIZE, 0, 2 << 20).returncode, 0)
        self.assert_holds(path, data + bytes(60_000))
        self.assertGreaterEqual(self.lower_stat(path).st_blocks * 512, 2 << 20)
        self.assertEqual(self.fallocate(path, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 8192, 8192).returncode, 0)
        data = data[:8192] + bytes(8192) + data[16384:]
        self.assert_holds(path, data + bytes(60_000))
        self.assertEqual(self.fallocate(path, FALLOC_FL_ZERO_RANGE, 20_000, 1000).returncode, 0)
        data = data[:20_000] + bytes(1000) + data[21_000:]
        self.assert_holds(path, data + bytes(60_000))
        self.assertEqual(self.fallocate(path, FALLOC_FL_ZERO_RANGE, 90_000, 30_000).returncode, 0)
        self.assert_holds(path, data + bytes(80_000))
        refused = self.fallocate(path, FALLOC_FL_COLLAPSE_RANGE, 0, 4096)
        self.assertIn("not supported", refused.stderr)
        self.assert_holds(path, data + bytes(80_000))

    def test_fallocate_of_a_new_file(self):
        path = self.stick_folder / "new"
        handle = os.open(path, os.O_RDWR | os.O_CREAT)
        os.posix_fallocate(handle, 0, 1 << 20)
        self.assertEqual(os.pread(handle, 100, 5000), bytes(100))
        os.pwrite(handle, b"data", 5000)
        self.assertGreaterEqual(os.fstat(handle).st_blocks * 512, 1 << 20)
        os.close(handle)
        self.assert_holds(path, bytes(5000) + b"data" + bytes((1 << 20) - 5004))
        self.assertGreaterEqual(self.lower_stat(path).st_blocks * 512, 1 << 20)

    def test_fallocate_after_a_refusal(self):
        path = self.stick_folder / "file"
        handle = os.open(path, os.O_RDWR | os.O_CREAT)
        os.write(handle, forbidden("allocated"))
        self.assert_errno(errno.EPERM, os.fsync, handle)
        self.assert_errno(errno.EPERM, os.posix_fallocate, handle, 0, 1 << 20)
        self.assert_errno(errno.EPERM, os.close, handle)
        self.assert_absent(path)

    def test_punched_out_before_the_close(self):
        """What is not there at the verdict is not judged, and is not on the device either."""
        path = self.stick_folder / "file"
        write(path, content("punched", 4096))
        handle = os.open(path, os.O_RDWR)
        os.pwrite(handle, FORBIDDEN, 4096)
        os.pwrite(handle, b"end", 8192)
        self.assertEqual(libc("fallocate", handle, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 4096, 4096), 0)
        os.close(handle)
        self.assert_holds(path, content("punched", 4096) + bytes(4096) + b"end")


class TwoPrograms(GuardedStick):
    def child(self, code, *arguments):
        """A second program: it runs `code`, says what it prints, and goes on when told to."""
        process = subprocess.Popen([sys.executable, "-uc", code, *map(str, arguments)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_flock(self):
        path = self.stick_folder / "locked"
        write(path, b"x")
        other = self.child("import fcntl, sys\nf = open(sys.argv[1], 'r+')\nfcntl.flock(f, fcntl.LOCK_EX)\n"
                           "print('held')\nsys.stdin.readline()\nfcntl.flock(f, fcntl.LOCK_UN)\nprint('free')\n"
                           "sys.stdin.readline()", path)
        self.assertEqual(other.stdout.readline(), "held\n")
        with open(path, "r+b") as handle:
            self.assert_errno(errno.EAGAIN, fcntl.flock, handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.assertEqual(self.run_program("flock", "-n", path, "true").returncode, 1)
            other.stdin.write("\n")
            other.stdin.flush()
            self.assertEqual(other.stdout.readline(), "free\n")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_record_locks(self):
        path = self.stick_folder / "locked"
        write(path, b"x" * 100)
        other = self.child("import fcntl, sys\nf = open(sys.argv[1], 'r+')\n"
                           "fcntl.lockf(f, fcntl.LOCK_EX, 10, 0)\nprint('held')\nsys.stdin.readline()", path)
        self.assertEqual(other.stdout.readline(), "held\n")
        with open(path, "r+b") as handle:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
            self.assert_errno(errno.EAGAIN, fcntl.lockf, handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5)
            other.communicate("\n")
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5)

    def test_locks_on_a_new_file(self):
        with open(self.stick_folder / "new", "wb") as one, open(self.stick_folder / "new", "rb") as two:
            fcntl.flock(one, fcntl.LOCK_EX)
            self.assert_errno(errno.EAGAIN, fcntl.flock, two, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_two_writers(self):
        path = self.stick_folder / "shared"
        with open(path, "wb", buffering=0) as one, open(path, "r+b", buffering=0) as two:
            one.write(b"1" * 5000)
            two.seek(5000)
            two.write(b"2" * 5000)
            one.write(b"3" * 100)
        self.assert_holds(path, b"1" * 5000 + b"3" * 100 + b"2" * 4900)

    def test_two_writers_one_forbidden(self):
        """Their changes are one content: both are told, the old content stays."""
        path = self.stick_folder / "shared"
        write(path, content("shared", 8000))
        one, two = os.open(path, os.O_WRONLY), os.open(path, os.O_WRONLY)
        os.pwrite(one, b"harmless", 0)
        os.pwrite(two, FORBIDDEN, 4000)
        self.assert_errno(errno.EPERM, os.close, one)
        self.assert_errno(errno.EPERM, os.write, two, b"more")
        self.assert_errno(errno.EPERM, os.close, two)
        self.assert_holds(path, content("shared", 8000))

    def test_appenders(self):
        path = self.stick_folder / "log"
        write(path, b"")
        lines = "import os, sys\nf = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)\n" \
                "for i in range(200):\n  os.write(f, (sys.argv[2] * 20 + '\\n').encode())\n"
        others = [self.child(lines, path, letter) for letter in "abc"]
        for other in others:
            other.wait(20)
        text = path.read_text().splitlines()
        self.assertEqual(len(text), 600)
        self.assertEqual({line for line in text}, {letter * 20 for letter in "abc"})
        self.assert_holds(path, path.read_bytes())

    def test_reading_while_another_writes(self):
        path = self.stick_folder / "growing"
        with open(path, "wb", buffering=0) as writer, open(path, "rb", buffering=0) as reader:
            for index in range(20):
                writer.write(bytes([65 + index]) * 1000)
                self.assertEqual(reader.read(), bytes([65 + index]) * 1000)
                self.assertFalse(self.on_device(path), "not judged yet")
        self.assert_holds(path, b"".join(bytes([65 + index]) * 1000 for index in range(20)))

    def test_exclusive_creation(self):
        path = self.stick_folder / "once"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self.assert_errno(errno.EEXIST, os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(handle, b"x")
        os.close(handle)
        self.assert_errno(errno.EEXIST, os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self.assert_holds(path, b"x")


if __name__ == "__main__":
    main()
