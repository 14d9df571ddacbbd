"""The clipboard of a Wayland session, in a real sway: programs are not known there, so that a rule that
names some of them holds for every paste."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

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
SECRET = "王小明 110105198504123514\n".encode()
NOBODY = 65534


class Wayland(harness.Site):
    def setUp(self):
        harness.need_root()
        for program in ("sway", "wl-copy", "wl-paste", "setpriv"):
            if shutil.which(program) is None:
                self.skipTest(f"needs {program}")
        super().setUp()
        self.start_server()
        self.sign_in()
        self.agent = self.new_agent(clipboard=True)
        self.agent.start()
        self.start_compositor()
        self.guard = Process("shoumi-session", [
            harness.BIN / "shoumi-session", "--display", "", "--wayland-display",
            self.runtime / "wayland-1", "--socket", self.agent.run / "session.sock"],
            self.folder / "session.log")
        self.addCleanup(self.guard.kill)

    def start_compositor(self):
        # sway refuses to run as root, and its user cannot reach the test's own folder.
        self.runtime = Path(tempfile.mkdtemp(prefix="shoumi-sway-"))
        self.addCleanup(shutil.rmtree, self.runtime, ignore_errors=True)
        os.chown(self.runtime, NOBODY, NOBODY)
        (self.runtime / "config").write_text("xwayland disable\n", encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.runtime), "XDG_RUNTIME_DIR": str(self.runtime),
                       "WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman", "LIBSEAT_BACKEND": "noop"}
        sway = subprocess.Popen(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sway", "-c",
                                 str(self.runtime / "config")], env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(sway.wait)
        self.addCleanup(sway.kill)
        self.client = dict(os.environ, XDG_RUNTIME_DIR=str(self.runtime), WAYLAND_DISPLAY="wayland-1")
        harness.wait_for("sway", (self.runtime / "wayland-1").exists)

    def copy(self, content, kind):
        subprocess.run(["wl-copy", "--type", kind], input=content, env=self.client, timeout=60, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def paste(self, kind):
        return subprocess.run(["wl-paste", "--no-newline", "--type", kind], env=self.client,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False).stdout

    def test_marked_content_is_refused_and_clean_content_passes_unchanged(self):
        policy = self.folder / "policy.yaml"
        policy.write_text(harness.STARTER.read_text(encoding="utf-8")
                          .replace("rules:\n", RULE, 1)
                          .replace("clipboard:\n  mode: report_only", "clipboard:\n  mode: inspect"),
                          encoding="utf-8")
        self.apply_policy(policy)
        self.guard.start()
        harness.wait_for("the session is guarded", lambda: int(self.channel().get("guarded", 0)) > 0)
        self.assertEqual(self.channel()["coverage"], "COVERAGE_PARTIAL")
        self.assertIn("does not say which program pastes", self.channel()["why"])
        text = ("lunch at noon\n" * 5000).encode()
        self.copy(text, "text/plain;charset=utf-8")
        harness.wait_for("the clean text", lambda: self.paste("text/plain;charset=utf-8") == text)
        self.copy(SECRET, "text/plain;charset=utf-8")
        rows = harness.wait_for("the incident", lambda: self.paste("text/plain;charset=utf-8") == b"" and
                                self.incidents())
        self.assertEqual(self.paste("text/plain;charset=utf-8"), b"")
        self.assertEqual([(row["channel"], row["rule"], row["action"]) for row in rows][-1],
                         ("clipboard", "no-ids-to-messengers", "block"))
        self.copy(text, "text/plain;charset=utf-8")
        harness.wait_for("clean text again", lambda: self.paste("text/plain;charset=utf-8") == text)

    def channel(self):
        state = (self.status(self.agent) or {}).get("state") or {}
        return next((c for c in state.get("channels", []) if c["channel"] == "clipboard"), {})


if __name__ == "__main__":
    unittest.main()
