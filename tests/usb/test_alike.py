"""A guarded stick behaves as a plain file system does: the same random operations on both, one
after the other, must give the same results, and the same tree at the end. Nothing here is
forbidden.

    SHOUMI_SEEDS=7,8,9 SHOUMI_OPERATIONS=2000 python3 test_alike.py
"""

import errno
import hashlib
import os
import random
import stat

from guarded import GuardedStick, libc, main

SEEDS = [int(seed) for seed in os.environ.get("SHOUMI_SEEDS", "1,2,3,4,5,6").split(",")]
OPERATIONS = int(os.environ.get("SHOUMI_OPERATIONS", "600"))
AT_FDCWD, RENAME_NOREPLACE = -100, 1
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE = 1, 2, 16

FLAGS = 6 * (os.O_RDWR | os.O_CREAT, os.O_RDWR) + (
         os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_TRUNC, os.O_WRONLY | os.O_APPEND,
         os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_CREAT | os.O_EXCL, os.O_RDWR | os.O_CREAT | os.O_TRUNC,
         os.O_WRONLY | os.O_CREAT | os.O_APPEND, os.O_RDONLY | os.O_CREAT, os.O_RDONLY | os.O_NOFOLLOW,
         os.O_WRONLY | os.O_TRUNC, os.O_RDONLY | os.O_DIRECTORY)


def seen(path):
    """What stat() says that must not depend on the file system."""
    now = os.lstat(path)
    size = now.st_size if not stat.S_ISDIR(now.st_mode) else 0
    return stat.S_IFMT(now.st_mode), stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid, size


def links(path):
    now = os.lstat(path)
    return now.st_nlink if not stat.S_ISDIR(now.st_mode) else 0


class World:
    """One side: a folder and what is open in it. Every operation returns what a program sees."""

    def __init__(self, folder):
        self.folder = folder
        self.open_files = {}

    def at(self, name):
        return os.path.join(self.folder, name)

    def do(self, operation, *arguments):
        try:
            result = getattr(self, operation)(*arguments)
        except OSError as error:
            return errno.errorcode[error.errno]
        return "" if result is None else result

    def open(self, slot, name, flags, mode):
        self.close(slot)
        self.open_files[slot] = os.open(self.at(name), flags, mode)

    def close(self, slot):
        if slot in self.open_files:
            os.close(self.open_files.pop(slot))

    def handle(self, slot):
        if slot not in self.open_files:
            raise OSError(errno.EBADF, "nothing open")
        return self.open_files[slot]

    def duplicate(self, slot, other):
        handle = os.dup(self.handle(slot))
        self.close(other)
        self.open_files[other] = handle

    def write(self, slot, data):
        return os.write(self.handle(slot), data)

    def write_at(self, slot, data, offset):
        return os.pwrite(self.handle(slot), data, offset)

    def read(self, slot, size):
        return os.read(self.handle(slot), size)

    def read_at(self, slot, size, offset):
        return os.pread(self.handle(slot), size, offset)

    def seek(self, slot, offset, whence):
        if stat.S_ISDIR(os.fstat(self.handle(slot)).st_mode):
            return None  # what a folder's offsets are is the file system's own business
        return os.lseek(self.handle(slot), offset, whence)

    def sync(self, slot):
        os.fsync(self.handle(slot))

    def truncate_open(self, slot, size):
        os.ftruncate(self.handle(slot), size)

    def allocate(self, slot, mode, offset, size):
        failed = libc("fallocate", self.handle(slot), mode, offset, size)
        if failed:
            raise OSError(failed, "fallocate")

    def stat_open(self, slot):
        now = os.fstat(self.handle(slot))
        regular = stat.S_ISREG(now.st_mode)
        return now.st_mode, now.st_size if regular else 0

    def truncate(self, name, size):
        os.truncate(self.at(name), size)

    def rename(self, name, new_name):
        try:
            os.rename(self.at(name), self.at(new_name))
        except FileExistsError as error:  # POSIX lets file systems choose
            raise OSError(errno.ENOTEMPTY, "rename") from error

    def rename_new(self, name, new_name):
        failed = libc("renameat2", AT_FDCWD, self.at(name), AT_FDCWD, self.at(new_name), RENAME_NOREPLACE)
        if failed:
            raise OSError(failed, "renameat2")

    def link(self, name, new_name):
        os.link(self.at(name), self.at(new_name), follow_symlinks=False)

    def symlink(self, target, name):
        os.symlink(target, self.at(name))

    def readlink(self, name):
        return os.readlink(self.at(name))

    def unlink(self, name):
        os.unlink(self.at(name))

    def mkdir(self, name, mode):
        os.mkdir(self.at(name), mode)

    def rmdir(self, name):
        os.rmdir(self.at(name))

    def chmod(self, name, mode):
        os.chmod(self.at(name), mode)

    def chown(self, name, uid, gid):
        os.chown(self.at(name), uid, gid, follow_symlinks=False)

    def utime(self, name, when):
        os.utime(self.at(name), ns=(when, when))
        return os.stat(self.at(name)).st_mtime_ns

    def set_xattr(self, name, key, value):
        os.setxattr(self.at(name), key, value)

    def get_xattr(self, name, key):
        return os.getxattr(self.at(name), key)

    def remove_xattr(self, name, key):
        os.removexattr(self.at(name), key)

    def list(self, name):
        return sorted(os.listdir(self.at(name)))

    def stat(self, name):
        return seen(self.at(name))

    def contents(self, name):
        with open(self.at(name), "rb") as handle:
            return handle.read()

    def tree(self):
        rows = {}
        for folder, folders, files in os.walk(self.folder):
            for name in folders + files:
                path = os.path.join(folder, name)
                # Not sooner: a name that is replaced by a pending one counts until that is judged.
                row = (*seen(path), links(path))
                if stat.S_ISREG(row[0]):
                    with open(path, "rb") as handle:
                        row += (hashlib.sha256(handle.read()).hexdigest(),)
                elif stat.S_ISLNK(row[0]):
                    row += (os.readlink(path),)
                rows[os.path.relpath(path, self.folder)] = row
        return rows

    def close_all(self):
        return [self.do("close", slot) for slot in sorted(self.open_files)]


class Operations:
    """The operations of one seed."""

    # Few, so that operations meet.
    NAMES = ("a", "b", "c", "d/a", "d/b", "d/e/a")
    FOLDERS = ("d", "d/e", "f")

    def __init__(self, seed):
        self.random = random.Random(seed)

    def name(self):
        return self.random.choice(self.NAMES if self.random.random() < 0.95 else self.FOLDERS)

    def size(self):
        return self.random.choice((0, 1, 100, 4095, 4096, 4097, 10_000, 70_000, 300_000, 1_200_000))

    def data(self):
        return self.random.randbytes(self.random.choice((1, 10, 512, 4096, 5000, 40_000, 200_000)))

    def slot(self):
        return self.random.randrange(3)

    def next(self):
        pick, choose = self.random.random, self.random.choice
        kinds = {
            "open": (20, lambda: (self.slot(), self.name(), choose(FLAGS), choose((0o644, 0o600, 0o755)))),
            "close": (7, lambda: (self.slot(),)),
            "duplicate": (2, lambda: (self.slot(), self.slot())),
            "write": (10, lambda: (self.slot(), self.data())),
            "write_at": (14, lambda: (self.slot(), self.data(), self.size())),
            "read": (3, lambda: (self.slot(), self.size())),
            "read_at": (10, lambda: (self.slot(), self.size(), self.size())),
            "seek": (2, lambda: (self.slot(), self.size(), choose((os.SEEK_SET, os.SEEK_END, os.SEEK_CUR)))),
            "sync": (5, lambda: (self.slot(),)),
            "truncate_open": (8, lambda: (self.slot(), self.size())),
            "allocate": (4, lambda: (self.slot(), choose((0, 1, 3, 16, 17)), self.size(), choose((1, 4096, 9999)))),
            "stat_open": (4, lambda: (self.slot(),)),
            "truncate": (6, lambda: (self.name(), self.size())),
            "rename": (7, lambda: (self.name(), self.name())),
            "rename_new": (2, lambda: (self.name(), self.name())),
            "link": (4, lambda: (self.name(), self.name())),
            "symlink": (2, lambda: (choose(("a", "d/b", "nowhere", "d")), self.name())),
            "readlink": (1, lambda: (self.name(),)),
            "unlink": (3, lambda: (self.name(),)),
            "mkdir": (3, lambda: (self.name(), choose((0o755, 0o700)))),
            "rmdir": (1, lambda: (self.name(),)),
            "chmod": (2, lambda: (self.name(), choose((0o644, 0o600, 0o711)))),
            "chown": (1, lambda: (self.name(), choose((0, 1000)), choose((0, 1000)))),
            "utime": (2, lambda: (self.name(), self.random.randrange(10 ** 9, 10 ** 18))),
            "set_xattr": (1, lambda: (self.name(), choose(("user.a", "user.b")), self.random.randbytes(20))),
            "get_xattr": (1, lambda: (self.name(), choose(("user.a", "user.b")))),
            "remove_xattr": (1, lambda: (self.name(), choose(("user.a", "user.b")))),
            "list": (2, lambda: (choose(self.FOLDERS + (".",)),)),
            "stat": (6, lambda: (self.name(),)),
            "contents": (14, lambda: (self.name(),)),
        }
        at = pick() * sum(weight for weight, _ in kinds.values())
        for operation, (weight, arguments) in kinds.items():
            at -= weight
            if at < 0:
                return operation, arguments()
        raise AssertionError("unreachable")


def brief(value):
    if isinstance(value, bytes) and len(value) > 24:
        return f"{len(value)} bytes {hashlib.sha256(value).hexdigest()[:12]}"
    return repr(value)


class Alike(GuardedStick):
    def run_seed(self, seed):
        print(f"seed {seed}, {OPERATIONS} operations", flush=True)
        plain = self.folder / f"{seed}"
        guarded = self.stick_folder / f"{seed}"
        plain.mkdir()
        guarded.mkdir()
        sides = World(plain), World(guarded)
        operations = Operations(seed)
        for side in sides:
            for folder in Operations.FOLDERS:
                side.do("mkdir", folder, 0o755)
        history = []
        for step in range(OPERATIONS):
            operation, arguments = operations.next()
            expected, got = (side.do(operation, *arguments) for side in sides)
            history.append(f"{step} {operation}({', '.join(map(brief, arguments))}) = {brief(expected)}")
            if expected != got:
                self.fail("\n".join([f"seed {seed}:", *history[-25:], f"but on the stick {brief(got)}"]))
        self.assertEqual(sides[0].close_all(), sides[1].close_all())
        self.assertEqual(sides[0].tree(), sides[1].tree(), f"seed {seed}")
        return sides[0].tree(), guarded

    def test_random_operations(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                tree, guarded = self.run_seed(seed)
                # Looked at again without the guard.
                for name, row in tree.items():
                    if stat.S_ISREG(row[0]):
                        with open(guarded / name, "rb") as handle:
                            self.expected[guarded / name] = handle.read()


if __name__ == "__main__":
    main()
