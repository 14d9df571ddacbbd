"""Names: renames, links, folders, attributes; of files on the stick and of ones still pending."""

import errno
import os
import stat
import threading
import time

from guarded import FORBIDDEN, GuardedStick, content, forbidden, libc, main, write
from support.processes import wait_for

WORD = FORBIDDEN.decode()
AT_FDCWD, RENAME_NOREPLACE, RENAME_EXCHANGE = -100, 1, 2


class Pending:
    """A new file that is open: programs see it, the device does not have it."""

    def __init__(self, path, data):
        self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(self.handle, data)

    def __enter__(self):
        return self.handle

    def __exit__(self, *error):
        os.close(self.handle)


class Renames(GuardedStick):
    def test_over_an_existing_file(self):
        old, new = self.stick_folder / "old", self.stick_folder / "new"
        write(old, content("old"))
        write(new, content("new"))
        with open(old, "rb") as reader:
            os.rename(new, old)
            self.assertEqual(reader.read(), content("old"), "open files keep what they are")
            self.assertEqual(os.fstat(reader.fileno()).st_nlink, 0)
        self.assert_holds(old, content("new"))
        self.assert_absent(new)

    def test_while_open(self):
        for name, data in (("clean", content("renamed")), ("secret", forbidden("renamed"))):
            first, second = self.stick_folder / f"{name}1", self.stick_folder / f"{name}2"
            pending = Pending(first, data)
            os.rename(first, second)
            self.assertFalse(os.path.exists(first))
            self.assertEqual(second.stat().st_size, len(data))
            if name == "secret":
                self.assert_errno(errno.EPERM, os.close, pending.handle)
                self.assert_absent(second)
            else:
                os.close(pending.handle)
                self.assert_holds(second, data)
            self.assert_absent(first)

    def test_pending_over_an_existing_file(self):
        target = self.stick_folder / "target"
        write(target, content("old"))
        with Pending(self.stick_folder / "temporary", content("new")):
            os.rename(self.stick_folder / "temporary", target)
            self.assertEqual(self.lower_stat(target).st_size, len(content("old")))
        self.assert_holds(target, content("new"))

        pending = Pending(self.stick_folder / "temporary", forbidden("newer"))
        os.rename(self.stick_folder / "temporary", target)
        self.assert_errno(errno.EPERM, os.close, pending.handle)
        self.assert_holds(target, content("new"))
        self.assert_absent(self.stick_folder / "temporary")

    def test_over_a_pending_file(self):
        write(self.stick_folder / "file", content("file"))
        with Pending(self.stick_folder / "pending", forbidden("never judged")) as handle:
            os.rename(self.stick_folder / "file", self.stick_folder / "pending")
            self.assertEqual(os.fstat(handle).st_nlink, 0)
        self.assert_holds(self.stick_folder / "pending", content("file"))
        self.assert_absent(self.stick_folder / "file")

    def test_pending_name_is_judged_as_it_ends(self):
        pending = Pending(self.stick_folder / "harmless", content("named"))
        os.rename(self.stick_folder / "harmless", self.stick_folder / WORD)
        self.assert_errno(errno.EPERM, os.close, pending.handle)
        self.assertEqual(os.listdir(self.stick_folder), [])

    def test_folder_with_pending_files(self):
        folder, moved = self.stick_folder / "folder", self.stick_folder / "moved"
        folder.mkdir()
        with Pending(folder / "pending", content("moved")):
            self.assert_errno(errno.ENOTEMPTY, os.rmdir, folder)
            (self.stick_folder / "other").mkdir()
            self.assert_errno(errno.ENOTEMPTY, os.rename, self.stick_folder / "other", folder)
            os.rename(folder, moved)
            self.assertEqual(os.listdir(moved), ["pending"])
        self.assert_holds(moved / "pending", content("moved"))

    def test_exchange_and_no_replace(self):
        a, b = self.stick_folder / "a", self.stick_folder / "b"
        write(a, content("a"))
        write(b, content("b"))
        self.assert_refused("mv", "-n", a, b, status=0, message="")
        self.assert_holds(b, content("b"))
        self.assertEqual(self.renameat2(a, b, RENAME_EXCHANGE), 0)
        self.assert_holds(a, content("b"))
        self.assert_holds(b, content("a"))
        self.assertEqual(self.renameat2(a, b, RENAME_NOREPLACE), errno.EEXIST)
        with Pending(self.stick_folder / "pending", b"x"):
            self.assertEqual(self.renameat2(a, self.stick_folder / "pending", RENAME_NOREPLACE), errno.EEXIST)
            self.assertEqual(self.renameat2(a, self.stick_folder / "pending", RENAME_EXCHANGE), errno.EINVAL)

    def renameat2(self, old, new, flags):
        return libc("renameat2", AT_FDCWD, old, AT_FDCWD, new, flags)


class Links(GuardedStick):
    def test_hard_links(self):
        one, two = self.stick_folder / "one", self.stick_folder / "two"
        write(one, content("linked"))
        self.assert_runs("ln", one, two)
        self.assertEqual((os.stat(one).st_ino, os.stat(one).st_nlink), (os.stat(two).st_ino, 2))
        self.assert_refused("ln", one, self.stick_folder / WORD)
        self.assertEqual(self.lower_stat(one).st_nlink, 2)
        with self.assertRaises(PermissionError):
            write(two, forbidden("linked"))
        self.assert_holds(one, content("linked"))
        write(two, content("both"))
        self.assert_holds(one, content("both"))
        os.unlink(one)
        self.assertEqual(os.stat(two).st_nlink, 1)
        self.assert_holds(two, content("both"))
        self.assert_absent(one)

    def test_links_of_what_a_pending_file_replaces(self):
        kept, replaced, removed = (self.stick_folder / name for name in ("kept", "replaced", "removed"))
        write(kept, content("kept"))
        os.link(kept, replaced)
        os.link(kept, removed)
        with Pending(self.stick_folder / "one", content("one")):
            os.rename(self.stick_folder / "one", replaced)
            self.assertEqual(os.stat(kept).st_nlink, 3, "not judged yet")
        wait_for("a link less", lambda: os.stat(kept).st_nlink == 2, seconds=2)
        with Pending(self.stick_folder / "two", content("two")):
            os.rename(self.stick_folder / "two", removed)
            os.stat(kept)
            os.unlink(removed)
            wait_for("a link less", lambda: os.stat(kept).st_nlink == 1, seconds=2)
        self.assert_holds(kept, content("kept"))
        self.assert_holds(replaced, content("one"))
        self.assert_absent(removed)

    def test_links_to_a_pending_file(self):
        for name, data in (("clean", content("links")), ("secret", forbidden("links"))):
            one, two, three = (self.stick_folder / f"{name}{number}" for number in "123")
            pending = Pending(one, data)
            os.link(one, two)
            os.link(two, three)
            self.assertEqual(os.fstat(pending.handle).st_nlink, 3)
            os.unlink(one)
            if name == "secret":
                self.assert_errno(errno.EPERM, os.close, pending.handle)
                self.assert_absent(two)
                self.assert_absent(three)
            else:
                os.close(pending.handle)
                self.assert_holds(two, data)
                self.assert_holds(three, data)
                self.assertEqual(self.lower_stat(two).st_nlink, 2)
                self.assertEqual(os.stat(two).st_nlink, 2)
            self.assert_absent(one)

    def test_every_name_of_a_pending_file_is_judged(self):
        pending = Pending(self.stick_folder / "harmless", content("names"))
        self.assert_errno(errno.EPERM, os.link, self.stick_folder / "harmless", self.stick_folder / WORD)
        os.close(pending.handle)
        self.assert_holds(self.stick_folder / "harmless", content("names"))
        self.assertEqual(os.listdir(self.stick_folder), ["harmless"])

    def test_renamed_link_of_a_pending_file_is_judged(self):
        pending = Pending(self.stick_folder / "first", content("second name"))
        os.link(self.stick_folder / "first", self.stick_folder / "second")
        self.assert_errno(errno.EPERM, os.rename, self.stick_folder / "second", self.stick_folder / WORD)
        os.close(pending.handle)
        self.assert_holds(self.stick_folder / "second", content("second name"))
        self.assertEqual(sorted(os.listdir(self.stick_folder)), ["first", "second"])

    def test_symbolic_links(self):
        link = self.stick_folder / "link"
        self.assert_runs("ln", "-s", "target", link)
        self.assertEqual(os.readlink(link), "target")
        self.assertTrue(stat.S_ISLNK(self.lower_stat(link).st_mode))
        write(link, content("through"))
        self.assert_holds(self.stick_folder / "target", content("through"))
        self.assert_refused("ln", "-s", f"text {WORD}", self.stick_folder / "carrier")
        self.assert_refused("ln", "-s", "target", self.stick_folder / WORD)
        self.assertEqual(sorted(os.listdir(self.stick_folder)), ["link", "target"])
        self.assert_errno(errno.ELOOP, os.open, link, os.O_RDONLY | os.O_NOFOLLOW)
        os.symlink("loop", self.stick_folder / "loop")
        self.assert_errno(errno.ELOOP, os.stat, self.stick_folder / "loop")

    def test_unlink_while_open(self):
        path = self.stick_folder / "on the stick"
        write(path, content("unlinked"))
        handle = os.open(path, os.O_RDWR)
        os.unlink(path)
        self.assert_absent(path)
        os.pwrite(handle, forbidden("scratch"), 0)  # nobody will find it there
        self.assertEqual(os.pread(handle, 50_000, 0)[:20_000], forbidden("scratch")[:20_000])
        os.close(handle)

        path = self.stick_folder / "pending"
        with Pending(path, forbidden("scratch")) as handle:
            os.unlink(path)
            self.assert_absent(path)
            os.fsync(handle)
            self.assertEqual(os.pread(handle, 50_000, 0), forbidden("scratch"))
        self.assert_absent(path)


class Folders(GuardedStick):
    def test_make_list_and_remove(self):
        folder = self.stick_folder / "folder"
        self.assert_runs("mkdir", "-m", "0750", folder)
        self.assertEqual(stat.S_IMODE(self.lower_stat(folder).st_mode), 0o750)
        self.assert_errno(errno.EEXIST, os.mkdir, folder)
        self.assert_refused("mkdir", self.stick_folder / WORD)
        names = {f"file{index}" for index in range(300)}
        for name in names:
            write(folder / name, b"x")
        with Pending(folder / "pending", b"x"):
            self.assertEqual(set(os.listdir(folder)), names | {"pending"})
            for entry in os.scandir(folder):
                self.assertTrue(entry.is_file())
                self.assertEqual(entry.stat().st_size, 1)
            self.assert_errno(errno.ENOTEMPTY, os.rmdir, folder)
        self.assert_errno(errno.ENOTEMPTY, os.rmdir, folder)
        self.assert_runs("rm", "-r", folder)
        self.assert_absent(folder)

    def test_numbers_of_files_agree(self):
        """find, du and tar take two names with one inode number for one file."""
        for index in range(20):
            write(self.stick_folder / f"file{index}", content(index, 100))
        with Pending(self.stick_folder / "pending", b"x"):
            for entry in os.scandir(self.stick_folder):
                self.assertEqual(entry.inode(), os.stat(entry.path).st_ino, entry.name)
            self.assertEqual(len({os.stat(entry.path).st_ino for entry in os.scandir(self.stick_folder)}), 21)

    def test_deep_and_long_names(self):
        deep = self.stick_folder
        for level in range(60):
            deep = deep / f"level{level}"
        os.makedirs(deep)
        write(deep / "file", content("deep"))
        self.assert_holds(deep / "file", content("deep"))
        with self.assertRaises(PermissionError):
            write(deep / "secret", forbidden("deep"))
        self.assert_absent(deep / "secret")
        for name in ("n" * 255, "密" * 85, "文件 名\n'\"\\", "…🗎", "-rf", "a" * 251 + ".txt"):
            self.assert_runs("cp", self.source("clean", content(name)), self.stick_folder / name)
            self.assert_holds(self.stick_folder / name, content(name))
        for call in (os.mkdir, lambda path: os.open(path, os.O_CREAT), os.stat):
            self.assert_errno(errno.ENAMETOOLONG, call, self.stick_folder / ("n" * 256))
        self.assert_errno(errno.ENAMETOOLONG, os.rename, self.stick_folder / "-rf", self.stick_folder / ("n" * 256))
        with Pending(self.stick_folder / "pending", b"x"):
            self.assert_errno(errno.ENAMETOOLONG, os.rename, self.stick_folder / "pending",
                              self.stick_folder / ("n" * 256))

    def test_bytes_that_are_no_text(self):
        path = os.fsencode(self.stick_folder) + b"/\xb2\xe2\xca\xd4.txt"  # GB 18030
        with open(path, "wb") as out:
            out.write(content("gb"))
        self.assertIn(b"\xb2\xe2\xca\xd4.txt", os.listdir(os.fsencode(self.stick_folder)))
        with self.assertRaises(PermissionError):
            with open(path, "wb", buffering=0) as out:
                out.write(forbidden("gb"))
        with open(path, "rb") as back:
            self.assertEqual(back.read(), content("gb"))

    def settled(self):
        """statvfs() once the file system has given back what earlier tests left: XFS does so later."""
        os.sync()
        seen = [None]

        def same_again():
            seen.append(os.statvfs(self.stick.mount_point))
            return seen[-1] == seen[-2] and seen[-1]

        return wait_for("the free room settles", same_again, pause_seconds=0.2)

    def test_statfs(self):
        before = self.settled()
        with Pending(self.stick_folder / "big", content("big", 8 << 20)):
            while_open = os.statvfs(self.stick.mount_point)
            self.assertLessEqual((before.f_bavail - while_open.f_bavail) * before.f_frsize, 9 << 20)
            self.assertGreaterEqual((before.f_bavail - while_open.f_bavail) * before.f_frsize, 8 << 20)
        after = os.statvfs(self.stick.mount_point)
        self.assertGreaterEqual((before.f_bavail - after.f_bavail) * before.f_frsize, 8 << 20)
        self.assertEqual((after.f_blocks, after.f_namemax), (before.f_blocks, 255))
        self.assertIn(str(self.stick.mount_point), self.assert_runs("df", self.stick_folder))

    def test_fifo_and_device_nodes(self):
        os.mkfifo(self.stick_folder / "fifo", 0o600)
        self.assertTrue(stat.S_ISFIFO(self.lower_stat(self.stick_folder / "fifo").st_mode))
        self.assert_errno(errno.EPERM, os.mknod, self.stick_folder / "null", stat.S_IFCHR | 0o666,
                          os.makedev(1, 3))
        self.assert_absent(self.stick_folder / "null")

    def test_many_at_once(self):
        """Programs beside each other in one folder; each file is judged on its own."""
        wrong = []

        def work(worker):
            for index in range(40):
                path = self.stick_folder / f"{worker}-{index}"
                bad = (worker + index) % 7 == 0
                try:
                    write(path, (forbidden if bad else content)((worker, index), 3000))
                    refused = False
                except PermissionError:
                    refused = True
                if refused != bad:
                    wrong.append(path)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual(wrong, [])
        for worker in range(6):
            for index in range(40):
                path = self.stick_folder / f"{worker}-{index}"
                if (worker + index) % 7 == 0:
                    self.assert_absent(path)
                else:
                    self.assert_holds(path, content((worker, index), 3000))


class Attributes(GuardedStick):
    def check(self, path):
        for seen in (os.stat(path), self.lower_stat(path)):
            self.assertEqual((stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_mtime_ns),
                             (0o604, 1234, 2345, 1_400_000_000_123_456_000))
        self.assertEqual(os.getxattr(path, "user.note"), b"value")
        self.assertEqual(os.listxattr(path), ["user.note"])

    def change(self, path):
        os.chmod(path, 0o604)
        os.chown(path, 1234, 2345)
        os.setxattr(path, "user.note", b"value")
        os.setxattr(path, "user.other", b"value")
        os.removexattr(path, "user.other")
        os.utime(path, ns=(1_300_000_000_123_456_000, 1_400_000_000_123_456_000))

    def test_on_the_stick(self):
        path = self.stick_folder / "file"
        write(path, content("attributes"))
        self.change(path)
        self.check(path)
        self.assert_errno(errno.EPERM, os.setxattr, path, "user.note", FORBIDDEN)
        self.assert_errno(errno.EPERM, os.setxattr, path, f"user.{WORD}", b"x")
        self.assert_errno(errno.ENODATA, os.getxattr, path, "user.absent")
        self.assert_errno(errno.ENODATA, os.removexattr, path, "user.absent")
        self.assert_errno(errno.EEXIST, os.setxattr, path, "user.note", b"x", os.XATTR_CREATE)
        self.check(path)

    def test_on_a_pending_file(self):
        path = self.stick_folder / "file"
        with Pending(path, content("attributes")):
            self.change(path)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o604)
            self.assertEqual(os.getxattr(path, "user.note"), b"value")
            self.assert_errno(errno.EPERM, os.setxattr, path, "user.note", FORBIDDEN)
            self.assert_errno(errno.EEXIST, os.setxattr, path, "user.note", b"x", os.XATTR_CREATE)
            self.assert_errno(errno.ENODATA, os.setxattr, path, "user.absent", b"x", os.XATTR_REPLACE)
        self.assert_holds(path, content("attributes"))
        self.check(path)

    def test_permissions_hold_for_ordinary_users(self):
        path = self.stick_folder / "root's"
        write(path, content("root"))
        os.chmod(path, 0o600)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        self.assert_refused("cat", path, message="Permission denied", **nobody)
        self.assert_refused("sh", "-c", "echo x > \"$0\"", path, status=2, message="Permission denied", **nobody)
        self.assert_holds(path, content("root"))
        os.chmod(self.stick_folder, 0o1777)
        self.assert_refused("rm", "-f", path, **nobody)
        mine = self.stick_folder / "mine"
        self.assert_runs("cp", "/etc/passwd", mine, **nobody)
        self.assertEqual((self.lower_stat(mine).st_uid, self.lower_stat(mine).st_gid), (65534, 65534))
        self.assert_event("allow", "/mine", "uid=65534", "program=cp")
        self.assert_runs("mkdir", self.stick_folder / "mine.d", **nobody)
        self.assertEqual(self.lower_stat(self.stick_folder / "mine.d").st_uid, 65534)

    def test_setgid_folder(self):
        os.chown(self.stick_folder, 0, 4321)
        os.chmod(self.stick_folder, 0o2777)
        write(self.stick_folder / "file", b"x")
        (self.stick_folder / "sub").mkdir()
        self.assertEqual(self.lower_stat(self.stick_folder / "file").st_gid, 4321)
        below = self.lower_stat(self.stick_folder / "sub")
        self.assertEqual((below.st_gid, bool(below.st_mode & stat.S_ISGID)), (4321, True))

    def test_umask(self):
        old = os.umask(0o027)
        try:
            write(self.stick_folder / "file", b"x")
            (self.stick_folder / "folder").mkdir()
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(self.lower_stat(self.stick_folder / "file").st_mode), 0o640)
        self.assertEqual(stat.S_IMODE(self.lower_stat(self.stick_folder / "folder").st_mode) & 0o777, 0o750)


if __name__ == "__main__":
    main()
