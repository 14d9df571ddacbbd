"""Small amounts of one user add up over hours, over files, channels and a killed agent."""

import json
import os
import random
import subprocess
import unittest

import harness  # first: it says where the others are
import make_documents

SOMEBODY = 65534  # nobody
SOMEBODY_ELSE = 1  # daemon
FALLBACKS = """unscanned: {default: block}
default_action: allow
usb: {mode: inspect}
"""
OVER_TIME = """name: over-time
rules:
  - id: drip
    title: {zh: 一段时间内的居民身份证号过多, en: Too many resident identity numbers over time}
    when: {detector: cn.resident_id, min_distinct: 50, within: 8h}
    action: block
    severity: high
""" + FALLBACKS
ALONE = """name: alone
rules:
  - id: many
    title: {zh: 居民身份证号过多, en: Too many resident identity numbers}
    when: {detector: cn.resident_id, min_distinct: 50}
    action: block
    severity: high
""" + FALLBACKS


class Drip(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.start_server()
        self.sign_in()
        self.stick = self.new_stick()
        self.stick.mount()
        self.events = self.folder / "events"
        self.events.mkdir()
        self.agent = self.new_agent(sticks=[self.stick],
                                    extra=f"  replay:\n    enabled: true\n    folder: {self.events}\n")
        self.agent.start()
        self.apply(OVER_TIME)
        self.wait_for_enforcement(self.agent, self.stick)
        rng = random.Random(20261127)
        self.numbers = sorted({make_documents.resident_id(rng) for _ in range(200)})
        rng.shuffle(self.numbers)
        self.files = [self.file(f"list{i}.txt", self.numbers[8 * i:8 * i + 8]) for i in range(10)]

    def apply(self, text):
        policy = self.folder / "policy.yaml"
        policy.write_text(text, encoding="utf-8")
        self.apply_policy(policy)

    def file(self, name, numbers):
        path = self.folder / name
        path.write_text("".join(f"身份证号 {number}\n" for number in numbers), encoding="utf-8")
        return path

    def copy(self, file, uid=SOMEBODY, name=None):
        """True when it got onto the stick."""
        target = self.stick.mount_point / (name or f"{uid}-{file.name}")
        done = subprocess.run(["cp", str(file), str(target)], capture_output=True, text=True, user=uid,
                              group=uid, extra_groups=[], env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=120,
                              check=False)
        if done.returncode != 0:
            self.assertIn("Operation not permitted", done.stderr)
        return done.returncode == 0

    def counter(self, name):
        status = harness.wait_for("the agent's status", lambda: self.status(self.agent))
        return int(status["state"]["counters"][name])

    def replay(self, name, numbers, uid):
        (self.events / f"{name}.event").write_text(json.dumps(
            {"text": " ".join(f"身份证号 {number}" for number in numbers), "name": "a.txt",
             "context": {"user": {"uid": uid}}}), encoding="utf-8")
        verdict = self.events / f"{name}.verdict"
        harness.wait_for("a verdict", verdict.exists)
        return json.loads(verdict.read_text(encoding="utf-8"))

    def why(self, incident):
        listing = json.loads(self.ctl("incidents", "show", incident["number"], "--json").stdout)
        for finding in listing["incident"]["findings"]:
            self.assertEqual(finding["value_keys"], [], "hashes that must stay on the workstation")
        return listing["incident"]["verdict"]["trace"][0]["why"]

    def test_the_seventh_of_eight_is_one_too_many_also_after_a_kill(self):
        for file in self.files[:3]:
            self.assertTrue(self.copy(file))
        self.assertEqual(self.counter("ledger_values"), 24)
        harness.wait_for("what passed is on disk", lambda: self.counter("ledger_unsaved") == 0)
        kept = (self.agent.state / "ledger" / "values").read_bytes()
        self.assertNotIn(b"resident_id", kept)
        self.agent.kill()
        self.agent.start()
        self.wait_for_enforcement(self.agent, self.stick)
        self.assertEqual(self.counter("ledger_values"), 24)

        for file in self.files[3:6]:
            self.assertTrue(self.copy(file))
        self.assertTrue(self.copy(self.files[0], name="again.txt"))  # nothing new in it
        for file in self.files[6:]:
            self.assertFalse(self.copy(file), file.name)
        for file in self.files[4:]:
            self.assertTrue(self.copy(file, SOMEBODY_ELSE), file.name)
        rows = harness.wait_for("four incidents", lambda: len(self.incidents()) >= 4 and self.incidents())
        self.assertEqual([(row["action"], row["rule"]) for row in rows], [("block", "drip")] * 4)
        for row in rows:  # what was stopped did not add to it
            self.assertEqual(self.why(row), "cn.resident_id: 8 found, 8 distinct here, 56 within 8h")
        self.assertEqual(self.counter("ledger_values"), 96)

    def test_it_adds_up_over_all_channels_and_is_forgotten_with_its_rule(self):
        self.assertTrue(self.copy(self.files[0]))
        passed = self.replay("a", self.numbers[8:48], SOMEBODY)
        self.assertEqual(passed["action"], "ACTION_ALLOW")
        self.assertEqual(passed["trace"][0]["why"],
                         "cn.resident_id: 40 distinct here, 48 within 8h, needs 50")
        self.assertTrue(self.copy(self.file("one.txt", self.numbers[48:49])))
        self.assertFalse(self.copy(self.file("two.txt", self.numbers[49:50])))
        said = subprocess.run([str(harness.BIN / "shoumi"), "status", "--socket",
                               str(self.agent.run / "status.sock")], capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8"}, check=True).stdout
        self.assertIn("Values are counted over time", said)
        self.assertIn("for up to 8h. 49 values now", said)

        values = self.agent.state / "ledger" / "values"
        harness.wait_for("it is on disk", values.exists)
        self.apply(ALONE)
        self.assertEqual(self.counter("ledger_values"), 0)
        self.assertTrue(self.copy(self.files[9]))
        harness.wait_for("it has left the disk", lambda: not values.parent.exists())

    def test_a_damaged_file_is_said_and_counting_starts_anew(self):
        self.assertTrue(self.copy(self.files[0]))
        harness.wait_for("what passed is on disk", lambda: self.counter("ledger_unsaved") == 0)
        self.agent.kill()
        values = self.agent.state / "ledger" / "values"
        values.write_bytes(values.read_bytes()[:-1])
        self.agent.start()
        self.wait_for_enforcement(self.agent, self.stick)
        self.assertEqual(self.counter("ledger_values"), 0)
        harness.wait_for("the event", lambda: "counting starts anew" in self.ctl("events", "list").stdout)
        self.assertTrue(self.copy(self.files[1]))
        harness.wait_for("what passed is on disk", lambda: self.counter("ledger_unsaved") == 0)
        self.assertEqual(self.counter("ledger_values"), 8)


if __name__ == "__main__":
    unittest.main()
