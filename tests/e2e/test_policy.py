"""Policies on their way: broken ones are refused with every problem, the previous one stays."""

import re
import unittest

import harness


class Policy(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.start_server()
        self.sign_in()
        self.stick = self.new_stick()
        self.stick.mount()
        self.agent = self.new_agent(sticks=[self.stick])
        self.agent.start()

    def test_broken_policy_names_every_problem_and_changes_nothing(self):
        self.apply_policy()
        self.wait_for_enforcement(self.agent, self.stick)
        before = self.ctl("policy", "show", "--json").stdout
        text = harness.STARTER.read_text(encoding="utf-8")
        broken = self.folder / "broken.yaml"
        broken.write_text(re.sub(r"action: block", "action: blok", text, count=1) + "\nsurprise: 1\n",
                          encoding="utf-8")
        done = self.ctl("policy", "apply", broken, "--packs", harness.PACKS, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        problems = re.findall(r"broken\.yaml:(\d+): \S+ [A-Z]\d+", done.stdout + done.stderr)
        self.assertGreaterEqual(len(problems), 2, done.stdout + done.stderr)
        self.assertEqual(self.ctl("policy", "show", "--json").stdout, before)

        marked = self.folder / "plan.txt"
        marked.write_text("绝密★10年\n", encoding="utf-8")
        self.assertEqual(harness.copy(marked, self.stick.mount_point)[0], 1)

    def test_new_version_is_in_force_at_the_device(self):
        self.apply_policy()
        self.wait_for_enforcement(self.agent, self.stick)
        note = self.folder / "plan.txt"
        note.write_text("绝密★10年\n", encoding="utf-8")
        self.assertEqual(harness.copy(note, self.stick.mount_point)[0], 1)
        relaxed = self.folder / "relaxed.yaml"
        relaxed.write_text(harness.STARTER.read_text(encoding="utf-8").replace(
            "action: block", "action: report"), encoding="utf-8")
        shown = self.apply_policy(relaxed).stdout
        self.assertIn("2", shown)
        self.assertEqual(harness.copy(note, self.stick.mount_point), (0, ""))
        rows = harness.wait_for("both incidents", lambda: len(self.incidents()) >= 2 and self.incidents())
        self.assertEqual([row["action"] for row in rows], ["block", "report"])


if __name__ == "__main__":
    unittest.main()
