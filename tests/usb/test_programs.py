"""What people copy with: each program with clean and with forbidden content."""

import os
import shutil
import sqlite3
import stat
import tarfile
import zipfile

from guarded import FORBIDDEN, GuardedStick, content, forbidden, main, write

NOT_PERMITTED = "Operation not permitted"


class Copying(GuardedStick):
    def test_cp(self):
        clean, secret = self.source("clean", content(1)), self.source("secret", forbidden(1))
        self.assert_runs("cp", clean, self.stick_folder)
        self.assert_holds(self.stick_folder / "clean", content(1))
        done = self.assert_refused("cp", secret, self.stick_folder)
        self.assertIn("failed to close", done.stderr)
        self.assert_absent(self.stick_folder / "secret")
        self.assert_event("block", "write", "/test_cp/secret", f"bytes={len(forbidden(1))}", "program=cp")

    def test_cp_empty_and_tiny(self):
        for size in (0, 1, 4095, 4096, 4097):
            data = content(size, size)
            self.assert_runs("cp", self.source(f"size{size}", data), self.stick_folder)
            self.assert_holds(self.stick_folder / f"size{size}", data)
        self.assert_refused("cp", self.source("token", FORBIDDEN), self.stick_folder)
        self.assert_absent(self.stick_folder / "token")

    def test_cp_forbidden_over_clean_keeps_the_old(self):
        old = self.stick_folder / "report"
        self.assert_runs("cp", self.source("old", content("old")), old)
        self.assert_refused("cp", self.source("new", forbidden("new")), old)
        self.assert_holds(old, content("old"))
        self.assert_runs("cp", self.source("shorter", content("shorter", 100)), old)
        self.assert_holds(old, content("shorter", 100))

    def test_cp_by_name(self):
        self.assert_refused("cp", self.source("clean", content("name")),
                            self.stick_folder / f"{FORBIDDEN.decode()}.txt")
        self.assertEqual(os.listdir(self.stick_folder), [])

    def test_cp_recursive_batch_is_judged_file_by_file(self):
        tree = self.folder / "tree"
        bad = set()
        for index in range(40):
            name = f"folder{index % 4}/file{index}"
            bad |= {name} if index % 5 == 0 else set()
            self.source(f"tree/{name}", (forbidden if name in bad else content)(name))
        done = self.assert_refused("cp", "-r", tree, self.stick_folder)
        self.assertEqual(done.stderr.count(NOT_PERMITTED), len(bad), done.stderr)
        for index in range(40):
            name = f"folder{index % 4}/file{index}"
            target = self.stick_folder / "tree" / name
            if name in bad:
                self.assert_absent(target)
            else:
                self.assert_holds(target, content(name))

    def test_cp_preserves_attributes(self):
        source = self.source("clean", content("attributes"))
        os.chmod(source, 0o640)
        os.chown(source, 1234, 2345)
        os.utime(source, ns=(1_500_000_000_123_456_789, 1_400_000_000_987_654_321))
        self.assert_runs("cp", "-a", source, self.stick_folder)
        self.assert_holds(self.stick_folder / "clean", content("attributes"))
        for now in (os.stat(self.stick_folder / "clean"), self.lower_stat(self.stick_folder / "clean")):
            self.assertEqual((stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid, now.st_mtime_ns),
                             (0o640, 1234, 2345, 1_400_000_000_987_654_321))

    def test_mv_from_elsewhere(self):
        clean, secret = self.source("clean", content(2)), self.source("secret", forbidden(2))
        self.assert_runs("mv", clean, self.stick_folder)
        self.assertFalse(clean.exists())
        self.assert_holds(self.stick_folder / "clean", content(2))
        self.assert_refused("mv", secret, self.stick_folder)
        self.assertEqual(secret.read_bytes(), forbidden(2), "mv lost what was refused")
        self.assert_absent(self.stick_folder / "secret")

    def test_mv_within_the_stick(self):
        write(self.stick_folder / "a", content("a"))
        write(self.stick_folder / "b", content("b"))
        (self.stick_folder / "sub").mkdir()
        self.assert_runs("mv", self.stick_folder / "a", self.stick_folder / "sub/c")
        self.assert_absent(self.stick_folder / "a")
        self.assert_holds(self.stick_folder / "sub/c", content("a"))
        self.assert_runs("mv", self.stick_folder / "b", self.stick_folder / "sub/c")
        self.assert_holds(self.stick_folder / "sub/c", content("b"))
        self.assert_refused("mv", self.stick_folder / "sub/c", self.stick_folder / FORBIDDEN.decode())
        self.assert_holds(self.stick_folder / "sub/c", content("b"))
        self.assert_runs("mv", self.stick_folder / "sub", self.stick_folder / "renamed")
        self.assert_absent(self.stick_folder / "sub/c")
        self.assert_holds(self.stick_folder / "renamed/c", content("b"))

    def test_cp_within_the_stick(self):
        write(self.stick_folder / "a", content("within", 300_000))
        for flags in ([], ["--reflink=always"], ["-l"], ["-s"]):
            done = self.run_program("cp", *flags, "a", "b", cwd=self.stick_folder)
            if flags == ["--reflink=always"]:
                self.assertIn("not supported", done.stderr)
                os.unlink(self.stick_folder / "b")
                continue
            self.assertEqual((done.returncode, done.stderr), (0, ""), flags)
            with open(self.stick_folder / "b", "rb") as back:
                self.assertEqual(back.read(), content("within", 300_000))
            os.unlink(self.stick_folder / "b")

    def test_rsync(self):
        tree = self.folder / "tree"
        for index in range(12):
            self.source(f"tree/sub{index % 3}/file{index}", content(f"rsync {index}"))
        for flags in (["-r"], ["-a"], ["-a", "--delete", "--checksum"]):
            self.assert_runs("rsync", *flags, f"{tree}/", self.stick_folder)
        for index in range(12):
            self.assert_holds(self.stick_folder / f"sub{index % 3}/file{index}", content(f"rsync {index}"))
        secret = self.source("secret", forbidden("rsync"))
        for flags in (["-t"], ["-a"], ["--inplace"], ["-W", "--fsync"]):
            self.assert_refused("rsync", *flags, secret, self.stick_folder, status=11)
            self.assertEqual(sorted(os.listdir(self.stick_folder)), ["sub0", "sub1", "sub2"])

    def test_rsync_inplace_of_an_existing_file(self):
        target = self.stick_folder / "file"
        old = content("inplace", 300_000)
        write(target, old)
        changed = old[:150_000] + FORBIDDEN + old[150_000 + len(FORBIDDEN):]
        source = self.source("file", changed)
        self.assert_refused("rsync", "--inplace", "--no-whole-file", "-I", source, target, status=11)
        self.assert_holds(target, old)
        self.source("file", old[:150_000] + b"harmless" + old[150_008:])
        self.assert_runs("rsync", "--inplace", "--no-whole-file", "-I", source, target)
        self.assert_holds(target, old[:150_000] + b"harmless" + old[150_008:])

    def test_gio_copy(self):
        if not shutil.which("gio"):
            self.skipTest("gio is not installed")
        clean, secret = self.source("clean", content(3)), self.source("secret", forbidden(3))
        self.assert_runs("gio", "copy", clean, self.stick_folder / "clean")
        self.assert_holds(self.stick_folder / "clean", content(3))
        self.assert_refused("gio", "copy", secret, self.stick_folder / "secret", message="not permitted")
        self.assert_absent(self.stick_folder / "secret")

    def test_install_and_shell(self):
        self.assert_runs("install", "-m", "0600", self.source("clean", content(4)),
                         self.stick_folder / "installed")
        self.assert_holds(self.stick_folder / "installed", content(4))
        self.assert_runs("sh", "-c", "echo clean > \"$0\"; echo more >> \"$0\"", self.stick_folder / "shell")
        self.assert_holds(self.stick_folder / "shell", b"clean\nmore\n")
        self.assert_refused("sh", "-c", "cat \"$1\" > \"$0\"", self.stick_folder / "secret",
                            self.source("secret", forbidden(4)), message="write error")
        self.assert_absent(self.stick_folder / "secret")

    def test_git_clone(self):
        if not shutil.which("git"):
            self.skipTest("git is not installed")
        origin = self.folder / "origin"
        run = {"cwd": self.folder}
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main",
               "-c", "safe.directory=*", "-c", "advice.detachedHead=false"]
        self.assert_runs(*git, "init", "-q", origin, **run)
        (origin / "file").write_bytes(content("git"))
        self.assert_runs(*git, "-C", origin, "add", "file", **run)
        self.assert_runs(*git, "-C", origin, "commit", "-qm", "clean", **run)
        clone = self.stick_folder / "clone"
        self.assert_runs(*git, "clone", "-q", "--no-hardlinks", origin, clone, **run)
        self.assert_holds(clone / "file", content("git"))
        self.assertEqual(self.assert_runs(*git, "-C", clone, "status", "--porcelain", **run), "")
        self.assert_runs(*git, "-C", clone, "fsck", "--no-progress", **run)


class Writing(GuardedStick):
    def test_dd(self):
        clean = self.source("clean", content("dd", 1 << 20))
        secret = self.source("secret", forbidden("dd", 1 << 20))
        for flags in ([], ["oflag=direct"], ["conv=fsync"], ["conv=fdatasync", "iflag=direct"]):
            name = "-".join(["out", *flags])
            self.assert_runs("dd", "status=none", "bs=64K", f"if={clean}", f"of={self.stick_folder / name}", *flags)
            self.assert_holds(self.stick_folder / name, content("dd", 1 << 20))
            name += "-refused"
            done = self.run_program("dd", "status=none", "bs=64K", f"if={secret}",
                                    f"of={self.stick_folder / name}", *flags)
            self.assertEqual(done.returncode, 1, (flags, done.stderr))
            self.assertIn(NOT_PERMITTED, done.stderr)
            self.assert_absent(self.stick_folder / name)
        # Every write by itself is a promise: what came before the forbidden text stays.
        name = self.stick_folder / "dsync"
        self.assert_refused("dd", "status=none", "bs=64K", f"if={secret}", f"of={name}", "oflag=dsync")
        self.assert_holds(name, forbidden("dd", 1 << 20)[:512 << 10])
        back = self.run_program("dd", "status=none", "bs=64K", "iflag=direct", f"if={self.stick_folder / 'out'}",
                                f"of={self.folder / 'back'}")
        self.assertEqual((back.returncode, back.stderr), (0, ""))
        self.assertEqual((self.folder / "back").read_bytes(), content("dd", 1 << 20))

    def test_dd_into_an_existing_file(self):
        target = self.stick_folder / "file"
        old = content("dd old", 200_000)
        write(target, old)
        piece = self.source("piece", content("piece", 5000))
        self.assert_runs("dd", "status=none", "conv=notrunc", "bs=1000", "seek=50", f"if={piece}", f"of={target}")
        new = old[:50_000] + content("piece", 5000) + old[55_000:]
        self.assert_holds(target, new)
        self.assert_refused("dd", "status=none", "conv=notrunc", "bs=1000", "seek=70",
                            f"if={self.source('secret', forbidden('dd piece', 4000))}", f"of={target}")
        self.assert_holds(target, new)
        self.assert_runs("dd", "status=none", "bs=1000", "seek=20", f"if={piece}", f"of={target}")
        self.assert_holds(target, new[:20_000] + content("piece", 5000))

    def test_tar(self):
        names = [f"file{index}" for index in range(10)]
        bad = {"file3", "file7"}
        archive = self.folder / "all.tar"
        with tarfile.open(archive, "w") as tar:
            for name in names:
                tar.add(self.source(name, (forbidden if name in bad else content)(f"tar {name}")), name)
        done = self.assert_refused("tar", "-xf", archive, "-C", self.stick_folder, status=2)
        self.assertEqual(done.stderr.count("Cannot close: " + NOT_PERMITTED), len(bad), done.stderr)
        for name in names:
            if name in bad:
                self.assert_absent(self.stick_folder / name)
            else:
                self.assert_holds(self.stick_folder / name, content(f"tar {name}"))

        clean = self.stick_folder / "clean.tar"
        self.assert_runs("tar", "-cf", clean, "-C", self.folder, "file0", "file1")
        self.assert_holds(clean, clean.read_bytes())
        self.assertEqual(self.assert_runs("tar", "-tf", clean).split(), ["file0", "file1"])
        self.assert_refused("tar", "-cf", self.stick_folder / "secret.tar", "-C", self.folder, "file2", "file3",
                            status=2)
        self.assert_absent(self.stick_folder / "secret.tar")
        before = clean.read_bytes()
        self.assert_refused("tar", "-rf", clean, "-C", self.folder, "file3", status=2)
        self.assert_holds(clean, before)

    def test_zip_and_unzip(self):
        for program in ("zip", "unzip"):
            if not shutil.which(program):
                self.skipTest(f"{program} is not installed")
        clean, secret = self.source("clean", content(5)), self.source("secret", forbidden(5))
        made = self.stick_folder / "made.zip"
        self.assert_runs("zip", "-q0", made, clean.name, cwd=self.folder)
        self.assert_holds(made, made.read_bytes())
        self.assertEqual(zipfile.ZipFile(made).read("clean"), content(5))
        refused = self.run_program("zip", "-q0", self.stick_folder / "secret.zip", secret.name, cwd=self.folder)
        self.assertNotEqual(refused.returncode, 0, refused)
        self.assertIn(NOT_PERMITTED, refused.stdout + refused.stderr)
        before = made.read_bytes()
        refused = self.run_program("zip", "-q0", made, secret.name, cwd=self.folder)
        self.assertNotEqual(refused.returncode, 0, refused)
        self.assert_holds(made, before)
        self.assertEqual(os.listdir(self.stick_folder), ["made.zip"], "something of zip's was left behind")

        archive = self.folder / "both.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as both:
            both.write(clean, "clean")
            both.write(secret, "secret")
        done = self.run_program("unzip", "-q", archive, "-d", self.stick_folder)
        self.assert_holds(self.stick_folder / "clean", content(5))
        self.assert_absent(self.stick_folder / "secret")
        # unzip does not look at what close() says; the file's attributes are the first it misses.
        self.assertIn("secret", done.stdout + done.stderr)

    def office_save(self, target, data):
        """As office programs save: a new file beside the old one, synced, renamed over it."""
        temporary = target.with_name(".~lock.new.tmp")
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for at in range(0, len(data), 4096):
                os.write(handle, data[at:at + 4096])
            os.fsync(handle)
        except OSError:
            os.unlink(temporary)
            raise
        finally:
            try:
                os.close(handle)
            except OSError:
                pass
        os.rename(temporary, target)
        folder = os.open(target.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def test_office_save(self):
        target = self.stick_folder / "方案.docx"
        self.office_save(target, content("first", 50_000))
        self.office_save(target, content("second", 40_000))
        self.assert_holds(target, content("second", 40_000))
        with self.assertRaises(PermissionError):
            self.office_save(target, forbidden("third"))
        self.assert_holds(target, content("second", 40_000))
        self.assertEqual(os.listdir(self.stick_folder), [target.name])

    def test_office_program(self):
        if not shutil.which("soffice"):
            self.skipTest("soffice is not installed")
        for name, text in (("clean/paper", b"clean\n"), ("secret/paper", FORBIDDEN + b"\n"),
                           ("secret", FORBIDDEN + b"\n")):
            done = self.run_program("soffice", "--headless", f"-env:UserInstallation=file://{self.folder}/profile",
                                    "--convert-to", "txt", "--outdir", self.stick_folder,
                                    self.source(f"{name}.txt", text), seconds=120)
            self.assertEqual("Error" in done.stdout + done.stderr, name.startswith("secret"), done)
            self.assertEqual((self.stick_folder / "paper.txt").read_bytes(), b"\xef\xbb\xbfclean\n")
        self.assertEqual(os.listdir(self.stick_folder), ["paper.txt"])

    def test_python(self):
        path = self.stick_folder / "file"
        path.write_bytes(content(6))
        self.assert_holds(path, content(6))
        with self.assertRaises(PermissionError):
            path.write_bytes(forbidden(6))
        self.assert_holds(path, content(6))
        with self.assertRaises(PermissionError):
            shutil.copyfile(self.source("secret", forbidden(6)), self.stick_folder / "copied")
        self.assert_absent(self.stick_folder / "copied")

    def test_database(self):
        path = self.stick_folder / "database"
        with sqlite3.connect(path) as database:
            database.execute("create table t (x)")
            database.executemany("insert into t values (?)", [(f"row {i}",) for i in range(500)])
        with self.assertRaises(sqlite3.OperationalError):
            with sqlite3.connect(path) as database:
                database.execute("insert into t values (?)", (FORBIDDEN.decode(),))
        database.close()
        with sqlite3.connect(path) as database:
            self.assertEqual(database.execute("select count(*) from t").fetchone(), (500,))
            self.assertEqual(database.execute("pragma integrity_check").fetchone(), ("ok",))
        database.close()

    def test_programs_run_from_the_stick(self):
        program = self.stick_folder / "true"
        self.assert_runs("cp", "/bin/true", program)
        self.assert_runs(program)
        script = self.stick_folder / "script"
        script.write_text("#!/bin/sh\necho it runs\n")
        os.chmod(script, 0o755)
        self.assertEqual(self.assert_runs(script), "it runs\n")


if __name__ == "__main__":
    main()
