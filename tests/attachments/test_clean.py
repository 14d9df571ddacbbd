"""Files that are known to be clean raise no more events, until they may not be clean any more."""

import mmap
import os
import subprocess
import time

from watched import FORBIDDEN, WatchedTest, main, run
from support.processes import wait_for


class Clean(WatchedTest):
    def setUp(self):
        super().setUp()
        self.path = self.file("a.txt", "harmless, and known to be so\n")
        self.make_clean(self.path)

    def make_clean(self, path, opens=100):
        """Opened by others until it is known to be clean and ignored."""
        def ignored():
            before = self.opens()
            os.close(os.open(path, os.O_RDONLY))
            return self.opens() == before

        wait_for(f"{path} is ignored", ignored)
        self.assert_no_event(path, opens)

    def assert_no_event(self, path, opens=100):
        before = self.opens()
        for _ in range(opens):
            os.close(os.open(path, os.O_RDONLY))
        self.assertEqual(self.opens(), before)

    def opens(self):
        """Events of opens by others than the channel itself."""
        now = self.channel.counters()
        return now["opens"] - now["opens_own"]

    def test_no_event_for_anybody(self):
        before = self.channel.counters()
        self.assert_read(self.path)
        now = self.channel.counters()
        self.assertEqual((now["opens"], now["events"]), (before["opens"], before["events"]))

    def test_forbidden_never_becomes_clean(self):
        path = self.secret()
        for _ in range(3):
            os.close(os.open(path, os.O_RDONLY))
            time.sleep(0.2)  # a file is looked at only some time after its last change
        wait_for("it was looked at", lambda: self.channel.lines("dirty look ahead", str(path)))
        before = self.opens()
        os.close(os.open(path, os.O_RDONLY))
        self.assertEqual(self.opens(), before + 1)
        self.assert_denied(path)
        self.assertEqual(len(self.channel.lines("dirty look ahead", str(path))), 1)

    def test_written_to(self):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{FORBIDDEN}\n")
            file.flush()
            # The writer still has it open: the change counts at once.
            self.assert_denied(self.path)
        self.assert_denied(self.path)

    def test_truncated_and_written(self):
        os.truncate(self.path, 0)
        self.assertEqual(self.read_as_messenger(self.path)[1], "")
        self.assertEqual(self.channel.lines("open ", "a.txt")[-1].split()[:2], ["allow", "open"])
        self.path.write_text(f"{FORBIDDEN}\n", encoding="utf-8")
        self.assert_denied(self.path)

    def test_written_through_a_mapping(self):
        with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
            mapping[:len(FORBIDDEN)] = FORBIDDEN.encode()
        # The kernel tells of the mapping's end, and of nothing before.
        wait_for("the mark is taken back", lambda: self.channel.counters()["writable_closes"] >= 1)
        self.assert_denied(self.path)

    def test_not_ignored_while_somebody_could_write(self):
        path = self.file("b.txt", "harmless as long as nobody writes\n")
        with open(path, "r+b") as file:
            mapping = mmap.mmap(file.fileno(), 0)
        for _ in range(5):
            os.close(os.open(path, os.O_RDONLY))
            time.sleep(0.1)
        before = self.opens()
        os.close(os.open(path, os.O_RDONLY))
        self.assertEqual(self.opens(), before + 1)
        self.assert_read(path)
        mapping[:len(FORBIDDEN)] = FORBIDDEN.encode()
        # What was clean a moment ago is judged anew, though the mapping left no trace.
        self.assert_denied(path)
        mapping.close()

    def test_replaced_by_rename(self):
        other = self.secret("other.txt")
        os.rename(other, self.path)
        self.assert_denied(self.path)

    def test_clean_file_under_other_names(self):
        os.link(self.path, self.home / "link.txt")
        self.assert_no_event(self.home / "link.txt")
        os.rename(self.path, self.home / "moved.txt")
        self.assert_no_event(self.home / "moved.txt")

    def test_policy_change_flushes(self):
        self.apply_policy()
        before = self.opens()
        os.close(os.open(self.path, os.O_RDONLY))
        self.assertEqual(self.opens(), before + 1)
        self.make_clean(self.path)

    def test_memory_pressure_takes_marks_and_nothing_else(self):
        # An inode that leaves memory takes its mark along.
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as control:
            control.write("2\n")
        before = self.channel.counters()
        os.close(os.open(self.path, os.O_RDONLY))
        wait_for("it is ignored anew, without an inspection",
                 lambda: self.channel.counters()["clean_again"] > before["clean_again"]
                 or self.channel.counters()["opens"] == before["opens"])
        self.assertEqual(self.channel.counters()["clean_inspected"], before["clean_inspected"])
        self.assert_no_event(self.path)

    def test_waiting_files_do_not_hold_the_file_system(self):
        for number in range(300):
            self.file(f"many/{number}", f"harmless {number}\n")
        time.sleep(0.2)  # until they are old enough to be looked at
        run("cat", *[self.home / "many" / str(n) for n in range(300)])
        wait_for("unmounted", lambda: run("umount", self.home)[0] == 0, seconds=5)

    def test_system_files_are_ignored_without_inspection(self):
        # A file of root's below /usr, by a mount over a folder there that only this test sees.
        place = "/usr/local/share"
        self.assertEqual(run("mount", "--bind", self.home, place), (0, ""))
        self.addCleanup(run, "umount", "-l", place)
        path = self.file("font.ttf", f"a font that holds {FORBIDDEN}\n")
        os.chmod(path, 0o644)
        before = self.channel.counters()["clean_system"]
        run("cat", f"{place}/font.ttf")
        wait_for("it is ignored", lambda: self.channel.counters()["clean_system"] == before + 1)
        self.assert_no_event(path)
        self.assertEqual(self.channel.lines("font.ttf"), [])


class WithoutAhead(WatchedTest):
    harness_options = ("--no-ahead",)

    def test_nothing_is_inspected_before_it_is_needed(self):
        path = self.file("a.txt", "harmless\n")
        time.sleep(0.2)  # old enough to be looked at
        for _ in range(20):
            os.close(os.open(path, os.O_RDONLY))
        counters = self.channel.counters()
        self.assertEqual((counters["clean_inspected"], counters["events"]), (0, 0))
        self.assertGreaterEqual(counters["opens"], 20)


class Bounds(WatchedTest):
    start_channel = False

    def many(self, count):
        for number in range(count):
            self.file(f"many/{number}", f"harmless {number}\n")
        time.sleep(0.2)  # until they are old enough to be looked at
        return [self.home / "many" / str(number) for number in range(count)]

    def test_files_that_wait(self):
        paths = self.many(20)
        channel = self.new_channel("--backlog-max", "5", "--ahead-delay-ms", "200")
        self.assertEqual(run("cat", *paths)[0], 0)
        wait_for("some are turned away", lambda: channel.counters()["clean_dropped"] >= 1)
        # They have their turn with a later open.
        def all_ignored():
            run("cat", *paths)
            return channel.counters()["clean"] >= len(paths)
        wait_for("all are ignored", all_ignored, pause_seconds=0.3)

    def test_files_that_are_remembered(self):
        paths = self.many(20)
        channel = self.new_channel("--known-max", "4", "--ahead-delay-ms", "10")
        self.assertEqual(run("cat", *paths)[0], 0)
        wait_for("all are ignored", lambda: channel.counters()["clean"] >= len(paths))

    def test_large_files_are_not_inspected_ahead(self):
        path = self.file("large.txt", "harmless\n" * 1000)
        time.sleep(0.2)
        channel = self.new_channel("--ahead-bytes-max", "8999")
        for _ in range(20):
            os.close(os.open(path, os.O_RDONLY))
        self.assertEqual(channel.counters()["clean_inspected"], 0)
        other = self.new_channel("--ahead-bytes-max", "9000")
        os.close(os.open(path, os.O_RDONLY))
        wait_for("it is inspected", lambda: other.counters()["clean_inspected"] == 1)


if __name__ == "__main__":
    main()
