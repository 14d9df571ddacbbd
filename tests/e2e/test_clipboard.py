"""The clipboard: what may be pasted where is decided by the policy in force, in a real X server."""

import os
import shutil
import subprocess
import unittest

import harness
from support.processes import Process

RULE = """rules:
  - id: no-ids-to-messengers
    title: {zh: 身份证号不得粘贴到即时通讯软件, en: No ID numbers into messengers}
    when: {detector: cn.resident_id}
    conditions: {channels: [clipboard], programs: ["class:messenger"]}
    action: block
    severity: high
"""
SECRET = "王小明 110105198504123514\n"


class Clipboard(harness.Site):
    def setUp(self):
        harness.need_root()
        for program in ("Xvfb", "xclip"):
            if shutil.which(program) is None:
                self.skipTest(f"needs {program}")
        super().setUp()
        self.start_server()
        self.sign_in()
        self.agent = self.new_agent(clipboard=True)
        self.agent.start()
        self.display = self.start_display()
        self.guard = Process("shoumi-session", [
            harness.BIN / "shoumi-session", "--display", self.display, "--socket",
            self.agent.run / "session.sock"], self.folder / "session.log")
        self.addCleanup(self.guard.kill)
        self.messenger = self.folder / "wechat-universal/wechat"
        self.messenger.parent.mkdir()
        shutil.copy(shutil.which("xclip"), self.messenger)

    def start_display(self):
        read, write = os.pipe()
        server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-nolisten", "tcp", "-screen", "0",
                                   "640x480x24"], pass_fds=[write], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        with os.fdopen(read) as number:
            return ":" + number.readline().strip()

    def copy(self, text):
        # xclip stays and owns the selection until another does.
        owner = subprocess.Popen(["xclip", "-selection", "clipboard", "-quiet", "-display", self.display],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self.addCleanup(owner.wait)
        self.addCleanup(owner.kill)
        owner.stdin.write(text.encode())
        owner.stdin.close()

    def paste(self, program="xclip"):
        done = subprocess.run([str(program), "-selection", "clipboard", "-o", "-target", "UTF8_STRING",
                               "-display", self.display], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)
        return done.returncode, done.stdout.decode()

    def test_a_messenger_gets_nothing_that_the_policy_keeps(self):
        policy = self.folder / "policy.yaml"
        policy.write_text(harness.STARTER.read_text(encoding="utf-8")
                          .replace("rules:\n", RULE, 1)
                          .replace("clipboard:\n  mode: report_only", "clipboard:\n  mode: inspect"),
                          encoding="utf-8")
        self.apply_policy(policy)
        self.guard.start()
        harness.wait_for("the session is guarded", self.guarded)
        self.copy("lunch at noon\n")
        harness.wait_for("the clean text", lambda: self.paste() == (0, "lunch at noon\n"))
        self.assertEqual(self.paste(self.messenger), (0, "lunch at noon\n"))
        self.copy(SECRET)
        harness.wait_for("the other text", lambda: self.paste() == (0, SECRET))
        status, text = self.paste(self.messenger)
        self.assertNotEqual(status, 0)
        self.assertEqual(text, "")
        rows = harness.wait_for("the incident", lambda: self.incidents())
        self.assertEqual([(row["channel"], row["rule"], row["action"]) for row in rows][-1],
                         ("clipboard", "no-ids-to-messengers", "block"))

    def guarded(self):
        state = (self.status(self.agent) or {}).get("state") or {}
        channel = next((c for c in state.get("channels", []) if c["channel"] == "clipboard"), {})
        return int(channel.get("guarded", 0)) > 0


if __name__ == "__main__":
    unittest.main()
