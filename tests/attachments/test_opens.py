"""What a watched program opens is judged, what others open is not, and nobody waits for long."""

import os
import shutil
import signal
import subprocess
import threading
import time

from watched import DENIED, FORBIDDEN, WatchedTest, main, run
from support.processes import wait_for


class Opens(WatchedTest):
    def test_forbidden_is_denied_to_the_messenger_and_to_nobody_else(self):
        path = self.secret()
        self.assertEqual(run("cat", path)[0], 0)
        self.assert_denied(path)
        self.assertEqual(run("cat", path)[0], 0)
        line = self.channel.wait_line("block open", str(path))
        self.assertIn("app=talk", line)
        self.assertIn(f"program={self.messenger}", line)
        self.assertIn("uid=0", line)

    def test_clean_is_read(self):
        self.assert_read(self.file("clean.txt", "harmless\n"))

    def test_name_counts(self):
        self.assert_denied(self.file(f"{FORBIDDEN}.txt", "harmless\n"))

    def test_empty_file_and_new_file(self):
        self.assertEqual(self.read_as_messenger(self.file("empty", ""))[1], "")
        new = self.home / "new"
        self.assertEqual(run(self.messenger, "-c", f"echo saved > {new}"), (0, ""))
        self.assertEqual(new.read_text(), "saved\n")

    def test_helper_of_the_messenger_is_the_messenger(self):
        path = self.secret()
        status, text = run(self.messenger, "-c", f"cat {path}; true")
        self.assertIn(DENIED, text)
        self.assertNotIn("clients", text)
        self.assertIn("app=talk program=/usr/bin/cat", self.channel.wait_line("block open"))

    def test_program_changes_by_exec(self):
        path = self.secret()
        # The same process: first not watched, then the messenger.
        status, text = run("/bin/bash", "-c",
                           f"read -r a < {path}; echo first $a; exec {self.messenger} -c 'read -r b < {path}; echo then $b'")
        self.assertIn("first clients", text)
        self.assertIn(DENIED, text)
        self.assertNotIn("then clients", text)

    def test_other_user(self):
        os.chmod(self.home, 0o777)
        path = self.secret()
        os.chmod(path, 0o644)
        status, text = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", self.messenger,
                           "-c", f"read -r a < {path}; echo $a")
        self.assertIn(DENIED, text)
        self.assertIn("uid=65534", self.channel.wait_line("block open"))

    def test_own_paths_are_not_judged(self):
        own = self.home / ".talk" / "received.txt"
        own.parent.mkdir()
        self.assertEqual(run(self.messenger, "-c", f"echo received {FORBIDDEN} > {own}"), (0, ""))
        self.assert_read(own)
        counters = self.channel.counters()
        self.assertEqual((counters["own_paths"], counters["events"]), (2, 0))

    def test_class_that_is_not_watched(self):
        (self.folder / "post").mkdir()
        shutil.copy(self.messenger, self.folder / "post" / "app")
        path = self.secret()
        self.assert_read(path, program=self.folder / "post" / "app")
        self.apply_policy(classes=("messenger", "mail"))
        self.assert_denied(path, program=self.folder / "post" / "app")

    def test_many_previews_are_one_event(self):
        path = self.secret()
        status, text = self.read_as_messenger(*[path] * 20)
        self.assertEqual(text.count(DENIED), 20)
        with_threads = [threading.Thread(target=self.read_as_messenger, args=(path,)) for _ in range(10)]
        for thread in with_threads:
            thread.start()
        for thread in with_threads:
            thread.join()
        self.assertEqual(len(self.channel.lines("block open")), 1)
        self.assertEqual(self.channel.counters()["folded"], 29)

    def test_changed_file_is_judged_anew(self):
        path = self.file("a.txt", "harmless\n")
        self.assert_read(path)
        path.write_text(f"{FORBIDDEN}\n", encoding="utf-8")
        self.assert_denied(path)
        path.write_text("harmless again\n", encoding="utf-8")
        self.assert_read(path)

    def test_own_opens_are_not_judged(self):
        # The harness reads its policy from the watched file system, with and without marks there.
        for number in range(3):
            self.write_policy()
            inside = self.home / "policy.txt"
            shutil.copy(self.policy, inside)
            channel = self.new_channel()
            channel.kill()
        link = self.home / "policy.txt"
        self.policy.unlink()
        self.policy.symlink_to(link)
        before = len(self.channel.lines("policy applied"))
        self.channel.process.send_signal(signal.SIGUSR1)
        wait_for("the policy is applied", lambda: len(self.channel.lines("policy applied")) > before)
        wait_for("an own open", lambda: self.channel.counters()["opens_own"] >= 1)


class Modes(WatchedTest):
    def test_report_only_lets_pass_and_reports(self):
        self.apply_policy(mode="REPORT_ONLY")
        path = self.secret()
        self.assert_read(path)
        self.channel.wait_line("block report-only open", str(path))

    def test_off_and_on_again(self):
        path = self.secret()
        self.assert_denied(path)
        self.apply_policy(mode="OFF")
        wait_for("nothing is watched", lambda: "COVERAGE_NOT_COVERED" in self.channel.state())
        self.assert_read(path)
        wait_for("no mark is left", lambda: "guarded" not in self.channel.state())
        before = self.channel.counters()["opens"]
        run("cat", path)
        self.assertEqual(self.channel.counters()["opens"], before)
        self.apply_policy()
        wait_for("it is watched", lambda: "COVERAGE_COVERED" in self.channel.state())
        self.assert_denied(path)

    def test_state_says_why(self):
        self.assertIn('channel: "attachment" coverage: COVERAGE_COVERED guarded: 1', self.channel.state())
        self.apply_policy(classes=())
        self.assertIn("names no programs", self.channel.state())
        self.apply_policy(mode="OFF")
        self.assertIn("switched off by the policy", self.channel.state())


class Mounts(WatchedTest):
    def test_file_systems_come_and_go(self):
        second = self.new_stick("second")
        wait_for("both are watched", lambda: "guarded: 2" in self.channel.state())
        self.assert_denied(self.secret(folder=second))
        # The file that was just judged is open for a moment longer.
        wait_for("unmounted", lambda: run("umount", second)[0] == 0)
        wait_for("one is watched", lambda: "guarded: 1" in self.channel.state())
        self.assertEqual(run("mount", self.sticks[1].device, second), (0, ""))
        wait_for("both are watched", lambda: "guarded: 2" in self.channel.state())
        self.assert_denied(second / "list.txt")

    def test_tmpfs(self):
        place = self.folder / "shm"
        place.mkdir()
        self.assertEqual(run("mount", "-t", "tmpfs", "none", place), (0, ""))
        self.addCleanup(run, "umount", "-l", place)
        wait_for("both are watched", lambda: "guarded: 2" in self.channel.state())
        self.assert_denied(self.secret(folder=place))


class Ends(WatchedTest):
    harness_options = ("--verdict-delay-ms", "60000")
    start_channel = False

    def open_and_wait(self, channel, path):
        """A messenger that waits for the verdict."""
        process = subprocess.Popen([self.messenger, "-c", f"read -r a < {path}; echo end $a"],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.communicate)
        wait_for("it waits", lambda: channel.counters()["opens_watched"] >= 1)
        return process

    def test_killed_during_pending_opens(self):
        self.write_policy(verdict_ms_max=60000)
        channel = self.new_channel("--verdict-delay-ms", "60000")
        paths = [self.secret(f"{n}.txt") for n in range(8)]
        waiting = [self.open_and_wait(channel, path) for path in paths]
        wait_for("all wait", lambda: channel.counters()["opens_watched"] >= len(paths))
        self.assertTrue(all(process.poll() is None for process in waiting))
        channel.kill()
        for process in waiting:
            self.assertIn("end", process.communicate(timeout=10)[0])
        self.assertEqual(run("cat", paths[0])[0], 0)

    def test_stopped_during_pending_opens(self):
        self.write_policy(verdict_ms_max=60000)
        channel = self.new_channel("--verdict-delay-ms", "3000")
        process = self.open_and_wait(channel, self.secret())
        self.assertEqual(channel.stop(), 0)
        self.assertIn("end", process.communicate(timeout=10)[0])

    def test_lost_answers_end_by_the_fallback(self):
        for action, word in (("BLOCK", DENIED), ("ALLOW", "got clients")):
            self.write_policy(verdict_ms_max=300, timeout=action)
            channel = self.new_channel("--lose-answers", "--answer-grace-ms", "200")
            started = time.monotonic()
            self.assertIn(word, self.read_as_messenger(self.secret())[1])
            self.assertLess(time.monotonic() - started, 5)
            self.assertEqual(channel.counters()["lost"], 1)
            channel.wait_line("report KIND_GUARD_FAILED", "never came")
            channel.kill()

    def test_full_queue_is_answered_at_once_and_others_go_on(self):
        for action, allowed in (("BLOCK", False), ("ALLOW", True)):
            self.write_policy(verdict_ms_max=60000, timeout=action)
            channel = self.new_channel("--verdict-delay-ms", "60000", "--undecided-max", "4",
                                       "--no-ahead")
            paths = [self.secret(f"{action}{n}.txt") for n in range(12)]
            held = [subprocess.Popen([self.messenger, "-c", f"read -r a < {path} && echo got"],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                    for path in paths]
            wait_for("the rest is answered", lambda: sum(p.poll() is not None for p in held) == 8)
            self.assertEqual(sum("got" in p.communicate()[0] for p in held if p.poll() is not None),
                             8 if allowed else 0)
            started = time.monotonic()
            self.assertEqual(run("cat", *paths)[0], 0)
            self.assertLess(time.monotonic() - started, 5)
            channel.wait_line("report KIND_GUARD_FAILED", "overload")
            self.assertEqual(channel.counters()["overloaded"], 8)
            channel.kill()
            for process in held:
                process.communicate(timeout=10)

    def test_verdicts_that_are_remembered(self):
        self.write_policy()
        channel = self.new_channel("--folded-max", "2", "--no-ahead")
        paths = [self.secret(f"{n}.txt") for n in range(5)]
        for _ in range(2):
            self.assert_denied(*paths)
        # Not all could be, and each was denied all the same.
        self.assertGreater(channel.counters()["events"], 5)
        self.assertLessEqual(channel.counters()["events"] + channel.counters()["folded"], 10)

    def test_opens_that_wait_for_one_verdict(self):
        self.write_policy(verdict_ms_max=60000)
        channel = self.new_channel("--verdict-delay-ms", "1000", "--waiters-max", "3")
        path = self.secret()
        opens = [subprocess.Popen([self.messenger, "-c", f"read -r a < {path} && echo got"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                 for _ in range(8)]
        for process in opens:
            self.assertIn(DENIED, process.communicate(timeout=20)[0])
        counters = channel.counters()
        self.assertEqual(counters["denied"], 8)
        self.assertGreaterEqual(counters["events"], 2)


if __name__ == "__main__":
    main()
