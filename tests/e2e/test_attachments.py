"""Attachments: what a messenger opens is judged by the policy in force, what others open is not.

The stand-ins are a real interpreter under paths of the shipped catalogue. Only a loop-mounted file
system is watched.
"""

import json
import os
import shutil
import subprocess
import unittest

import harness

SECRET = "绝密★10年\n第一号测算\n"


class Attachments(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.start_server()
        self.sign_in()
        self.home = self.new_stick()  # stands in for a user's disk
        self.home.mount()
        os.chmod(self.home.mount_point, 0o777)
        self.agent = self.new_agent(watched=[self.home.mount_point])
        self.agent.start()
        self.messenger = self.stand_in("wechat-universal/wechat")
        self.mail = self.stand_in("thunderbird/thunderbird")

    def stand_in(self, path):
        program = self.folder / path
        program.parent.mkdir(parents=True)
        shutil.copy("/bin/bash", program)
        return program

    def opened(self, program, path):
        """(whether it could be read, what was read or said)."""
        done = subprocess.run([str(program), "-c", f"read -r line < '{path}' && echo $line"],
                              env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=60, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.returncode == 0, done.stdout + done.stderr

    def file(self, name, text):
        path = self.home.mount_point / name
        path.write_text(text, encoding="utf-8")
        return path

    def channel(self):
        state = (self.status(self.agent) or {}).get("state") or {}
        return next((c for c in state.get("channels", []) if c["channel"] == "attachment"), {})

    def wait_until_watched(self):
        harness.wait_for("attachments are watched",
                         lambda: self.channel().get("coverage") == "COVERAGE_COVERED", 60)

    def test_a_messenger_cannot_open_what_the_policy_keeps(self):
        self.assertNotEqual(self.channel().get("coverage"), "COVERAGE_COVERED")
        self.apply_policy()
        self.wait_until_watched()
        marked, clean = self.file("测算.txt", SECRET), self.file("menu.txt", "lunch at noon\n")
        self.assertEqual(self.opened(self.messenger, clean), (True, "lunch at noon\n"))
        self.assertEqual(self.opened("/bin/bash", marked), (True, "绝密★10年\n"))
        passed, said = self.opened(self.messenger, marked)
        self.assertFalse(passed, said)
        self.assertIn("Operation not permitted", said)
        # Twenty previews of it are one incident.
        for _ in range(20):
            self.assertFalse(self.opened(self.messenger, marked)[0])
        rows = harness.wait_for("the incident", lambda: self.incidents())
        self.assertEqual([(row["channel"], row["action"], row["content_name"]) for row in rows],
                         [("attachment", "block", "测算.txt")])
        shown = json.loads(self.ctl("incidents", "show", rows[0]["number"], "--json").stdout)
        program = shown["incident"]["event"]["program"]
        self.assertEqual((program["app"], program["app_classes"]), ("wechat", ["messenger"]))
        self.assertEqual(program["executable"], str(self.messenger))

    def test_rules_can_name_programs(self):
        policy = self.folder / "policy.yaml"
        policy.write_text(harness.STARTER.read_text(encoding="utf-8").replace("rules:\n", """rules:
  - id: mail-is-read
    title: {zh: 邮件只记录, en: Mail is only reported}
    when: {level_at_least: confidential}
    conditions: {channels: [attachment], programs: ["class:mail"]}
    action: report
    severity: high
""", 1), encoding="utf-8")
        self.apply_policy(policy)
        self.wait_until_watched()
        marked = self.file("plan.txt", SECRET)
        self.assertTrue(self.opened(self.mail, marked)[0])
        self.assertFalse(self.opened(self.messenger, marked)[0])
        rows = harness.wait_for("both incidents", lambda: len(self.incidents()) >= 2 and self.incidents())
        self.assertEqual([(row["rule"], row["action"]) for row in rows],
                         [("mail-is-read", "report"), ("marked-top-secret", "block")])
        wrong = self.folder / "wrong.yaml"
        wrong.write_text(policy.read_text(encoding="utf-8").replace("class:mail", "wechatt"),
                         encoding="utf-8")
        done = self.ctl("policy", "apply", wrong, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no app 'wechatt' in the catalogue", done.stdout + done.stderr)

    def test_nobody_hangs_when_the_agent_dies(self):
        self.apply_policy()
        self.wait_until_watched()
        big = self.file("big.txt", "harmless words\n" * 2_000_000)
        opening = subprocess.Popen([str(self.messenger), "-c", f"read -r line < '{big}'"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(opening.kill)
        self.agent.kill()
        opening.wait(20)
        self.agent.start()
        self.wait_until_watched()
        self.assertFalse(self.opened(self.messenger, self.file("again.txt", SECRET))[0])


if __name__ == "__main__":
    unittest.main()
