"""An employee asks that a file may leave: the request reaches the server, once, also later."""

import json
import os
import pwd
import signal
import subprocess
import unittest

import harness


class Releases(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.start_server()
        self.sign_in()
        self.agent = self.new_agent()
        self.agent.start()
        self.apply_policy()
        harness.wait_for("a policy in force", lambda: self.policy_in_force())
        self.file = self.folder / "报价.txt"
        self.file.write_text("机密★5年\n报价方案\n", encoding="utf-8")
        os.chmod(self.folder, 0o755)

    def policy_in_force(self):
        return int(((self.status(self.agent) or {}).get("state") or {}).get("policy_version", 0)) > 0

    def request(self, *arguments, user="nobody"):
        who = pwd.getpwnam(user)
        command = [harness.BIN / "shoumi", "request", "--socket", self.agent.run / "request.sock", *arguments]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60,
                              user=who.pw_uid, group=who.pw_gid, env={"LANG": "C.UTF-8"}, check=False)

    def requests(self):
        return json.loads(self.ctl("releases", "list", "--json").stdout).get("requests", [])

    def test_a_request_of_an_ordinary_user_reaches_the_server(self):
        asked = self.request(self.file, "--to", "客户甲", "--reason", "合同要求", "--channel", "mail", "--days", "3")
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertIn("level: secret", asked.stdout)
        self.assertIn("marking.classification", asked.stdout)
        rows = harness.wait_for("the request", self.requests)
        request = rows[0]["request"]
        self.assertIn(request["request_id"], asked.stdout)
        self.assertEqual(request["user"]["name"], "nobody")
        self.assertEqual((request["content_name"], request["recipient"], request["reason"]),
                         ("报价.txt", "客户甲", "合同要求"))
        self.assertEqual(request["channel"], "CHANNEL_MAIL")
        self.assertEqual(len(request["content_sha256"]), 64)
        self.assertNotIn("报价方案", json.dumps(rows, ensure_ascii=False))
        table = self.ctl("releases", "list").stdout
        self.assertIn("客户甲", table)
        # A request stops nothing and lets nothing out: it is no incident either.
        self.assertEqual(self.incidents(), [])
        refused = self.request(self.folder / "nowhere", "--to", "a", "--reason", "b")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("nowhere", refused.stderr)
        self.assertEqual(self.request(self.file, "--to", "a").returncode, 2)

    def test_requests_made_without_a_server_arrive_later_once(self):
        self.server.stop(signal.SIGKILL)
        for number in range(3):
            asked = self.request(self.file, "--to", f"r{number}", "--reason", "b")
            self.assertEqual(asked.returncode, 0, asked.stderr)
        self.agent.kill()
        self.agent.start()
        self.start_server()
        rows = harness.wait_for("three requests", lambda: len(self.requests()) >= 3 and self.requests(), 90)
        self.assertEqual([row["request"]["recipient"] for row in rows], ["r2", "r1", "r0"])


if __name__ == "__main__":
    unittest.main()
