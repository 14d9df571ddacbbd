"""What is stopped is said on the desktop, once for many of a kind, and release can be asked for there."""

import hashlib
import json
import os
import shutil
import subprocess
import unittest

import harness
from support.desktop import Desktop, missing_program

SECRET = "绝密★10年\n第一号测算\n"


class Notifications(harness.Site):
    def setUp(self):
        harness.need_root()
        if (missing := missing_program()) is not None:
            self.skipTest(f"needs {missing}")
        super().setUp()
        self.start_server()
        self.sign_in()
        self.desktop = Desktop(self.folder)
        self.addCleanup(self.desktop.end)

    def start_session(self, agent, **environment):
        self.desktop.start(harness.BIN / "shoumi-session", "--socket", agent.run / "session.sock",
                           **environment)

    def agent_state(self):
        return (self.status(self.agent) or {}).get("state") or {}

    def counter(self, name):
        return int(self.agent_state().get("counters", {}).get(name, 0))

    def channel(self, name):
        return next((c for c in self.agent_state().get("channels", []) if c["channel"] == name), {})

    def test_what_a_messenger_may_not_open_is_said_and_release_asked_for(self):
        home = self.new_stick()
        home.mount()
        os.chmod(home.mount_point, 0o777)
        messenger = self.folder / "wechat-universal/wechat"
        messenger.parent.mkdir()
        shutil.copy("/bin/bash", messenger)
        self.agent = self.new_agent(watched=[home.mount_point])
        self.agent.start()
        self.apply_policy()
        harness.wait_for("attachments are watched", lambda: self.channel("attachment").get(
            "coverage") == "COVERAGE_COVERED", 60)
        self.start_session(self.agent)

        def opens(name):
            return subprocess.run([messenger, "-c", f"read -r line < '{home.mount_point / name}'"],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                                  check=False).returncode == 0

        for index in range(20):
            (home.mount_point / f"图{index}.txt").write_text(f"{SECRET}{index}\n", encoding="utf-8")
        # The session is there when it has shown something; until then each is counted as unseen.
        harness.wait_for("the notification", lambda: not opens("图0.txt") and self.desktop.shown(), 90)
        for index in range(20):
            self.assertFalse(opens(f"图{index}.txt"))
        last = harness.wait_for("the last file's name in it", lambda: next(
            (line for line in self.desktop.shown() if "图19.txt" in line), None), 30)
        self.assertIn("A file was kept closed to WeChat", last)
        self.assertIn("Rule: A document marked top secret must not leave", last)
        self.assertIn("more times", last)
        self.assertEqual(self.desktop.displayed(), 1, self.desktop.shown())
        self.assertLess(len(self.desktop.shown()), 12)
        self.assertGreaterEqual(self.counter("notifications_folded"), 19)

        self.desktop.choose_button()
        self.desktop.window("Request release")
        self.desktop.type("client@example.com")
        self.desktop.press("Tab")
        self.desktop.type("the contract says so")
        self.desktop.press("Tab", "Tab", "Return")  # past "Cancel"
        rows = harness.wait_for("the request at the server", lambda: json.loads(
            self.ctl("releases", "list", "--json").stdout).get("requests", []), 30)
        request = rows[0]["request"]
        self.assertEqual((request["recipient"], request["reason"], request["content_name"]),
                         ("client@example.com", "the contract says so", "图19.txt"))
        self.assertEqual(request["content_sha256"],
                         hashlib.sha256(f"{SECRET}19\n".encode()).hexdigest())
        self.assertEqual(request["level"], "LEVEL_TOP_SECRET")
        shown = next(row for row in self.incidents() if row["content_name"] == "图19.txt")
        incident = json.loads(self.ctl("incidents", "show", shown["number"], "--json").stdout)["incident"]
        self.assertEqual(request["incident_id"], incident["incident_id"])
        self.assertEqual(incident["event"]["content_sha256"], request["content_sha256"])
        harness.wait_for("the outcome on the desktop", lambda: any(
            request["request_id"] in line for line in self.desktop.shown()), 30)

    def test_in_chinese_where_the_session_speaks_it(self):
        stick = self.new_stick()
        stick.mount()
        self.agent = self.new_agent(sticks=[stick])
        self.agent.start()
        self.apply_policy()
        self.wait_for_enforcement(self.agent, stick)
        self.start_session(self.agent, LC_ALL="zh_CN.UTF-8")
        plan = self.folder / "plan.txt"
        plan.write_text(SECRET, encoding="utf-8")

        def refused():
            self.assertNotEqual(harness.copy(plan, stick.mount_point / "plan.txt")[0], 0)
            return self.desktop.shown()
        lines = harness.wait_for("the notification", refused, 90)
        self.assertIn("未复制到移动存储设备|plan.txt|规则：", lines[0])


if __name__ == "__main__":
    unittest.main()
