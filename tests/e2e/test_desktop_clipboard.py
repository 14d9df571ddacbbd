"""The clipboard among real programs under a real window manager: what is clean arrives as it was copied,
what the policy keeps from messengers and browsers does not arrive there, and the desktop goes on.

Whoever copied owns the clipboard until the guard has taken it over; a paste counts here once the guard
was asked about it.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import unittest

import harness
from support.desktop import Desktop, missing_program
from support.spoken import PYTHON, has_gtk, has_uno, start_gtk, start_office

PERSON = "王小明 110105198504123514"
RULE = ("rules:\n", """rules:
  - id: no-ids-outside
    title: {zh: 身份证号不得粘贴到即时通讯软件和浏览器, en: No ID numbers into messengers or browsers}
    when: {detector: cn.resident_id}
    conditions: {channels: [clipboard], programs: ["class:messenger", "class:browser"]}
    action: block
    severity: high
""")
PAGE = """<!DOCTYPE html><meta charset=utf-8><title>ready</title>
<p id=copied>季度 summary <b>bold</b></p><div id=into contenteditable style="min-height:5em"></div>
<script>
const into = document.getElementById('into');
addEventListener('keydown', event => {
  if (event.key == 'F2') { getSelection().selectAllChildren(document.getElementById('copied')); document.title = 'selected'; }
  if (event.key == 'F4') { into.innerHTML = ''; into.focus(); document.title = 'waiting'; }
});
addEventListener('copy', () => document.title = 'copied');
into.addEventListener('paste', event => {
  const data = event.clipboardData;
  document.title = 'pasted [' + data.getData('text/plain') + '] ' + /<b/.test(data.getData('text/html'));
});
</script>"""


class DesktopClipboard(harness.Site):
    def setUp(self):
        harness.need_root()
        if (missing := missing_program()) is not None:
            self.skipTest(f"needs {missing}")
        if not has_gtk():
            self.skipTest("needs python3-gi and gir1.2-gtk-3.0")
        super().setUp()
        self.start_server()
        self.sign_in()
        self.agent = self.new_agent(clipboard=True)
        self.agent.start()
        policy = self.folder / "policy.yaml"
        policy.write_text(harness.STARTER.read_text(encoding="utf-8").replace(*RULE, 1).replace(
            "clipboard:\n  mode: report_only", "clipboard:\n  mode: inspect"), encoding="utf-8")
        self.apply_policy(policy)
        self.desktop = Desktop(self.folder)
        self.addCleanup(self.desktop.end)
        self.desktop.start(harness.BIN / "shoumi-session", "--socket", self.agent.run / "session.sock")
        harness.wait_for("the session is guarded", self.guarded, 60)
        self.editor = self.gtk(PYTHON, "editor")

    def need(self, *programs):
        for program in programs:
            if shutil.which(program) is None:
                self.skipTest(f"needs {program}")

    def gtk(self, interpreter, title):
        return start_gtk(self.desktop, interpreter, title)

    def messenger(self):
        program = self.folder / "wechat-universal/wechat"
        program.parent.mkdir()
        shutil.copy(os.path.realpath(PYTHON), program)
        return self.gtk(program, "messenger")

    def office(self):
        self.need("soffice")
        if not has_uno():
            self.skipTest("needs python3-uno")
        return start_office(self.desktop, f"shoumi{os.getpid()}", self.folder / "office")

    def agent_state(self):
        return (self.status(self.agent) or {}).get("state") or {}

    def guarded(self):
        channels = self.agent_state().get("channels", [])
        return any(c["channel"] == "clipboard" and int(c.get("guarded", 0)) > 0 for c in channels)

    def judged(self):
        return int(self.agent_state().get("counters", {}).get("events", 0))

    def guarded_paste(self, paste, seconds=30):
        """What paste() gave once the guard was asked about it."""
        def once():
            before = self.judged()
            result = paste()
            return (result,) if self.judged() > before else None
        return harness.wait_for("a paste that is judged", once, seconds)[0]

    def refused(self, paste, seconds=30):
        harness.wait_for("the refusal", lambda: paste() == "nothing", seconds)

    @staticmethod
    def text_of(answer):
        return answer if answer == "nothing" else base64.b64decode(answer).decode()

    def test_gtk_programs(self):
        messenger = self.messenger()
        self.editor.ask("copy lunch at noon")
        paste = "paste UTF8_STRING"
        self.assertEqual(self.text_of(self.guarded_paste(lambda: messenger.ask(paste))), "lunch at noon")
        self.editor.ask(f"copy {PERSON}")
        self.refused(lambda: messenger.ask(paste))
        other = self.gtk(PYTHON, "another editor")
        self.assertTrue(self.text_of(self.guarded_paste(lambda: other.ask(paste))) == PERSON)
        rows = harness.wait_for("the incident", self.incidents)
        self.assertIn(("clipboard", "no-ids-outside", "block"),
                      {(row["channel"], row["rule"], row["action"]) for row in rows})
        try:
            shown = harness.wait_for("the notification", self.desktop.shown)
        except AssertionError:
            self.fail(f"no notification: {self.agent_state().get('counters')}")
        self.assertTrue(shown[0].startswith("Not pasted into WeChat"), shown)
        # A picture has no text that could be read: the starter policy lets it pass.
        pixels = self.editor.ask("copy-image")
        self.assertEqual(self.guarded_paste(lambda: other.ask("paste-image")), pixels)

    def test_libreoffice(self):
        office = self.office()
        messenger = self.messenger()

        def pasted(command, wanted):
            # On a busy machine the office does not wait for its own format and takes another.
            harness.wait_for(f"{command} as it was copied", lambda: json.loads(
                self.guarded_paste(lambda: office.ask(command), 60)) == wanted, 60)
        office.ask("copy-cells")
        pasted("paste-cells", [["季度 总结", 150], ["007", 100]])
        self.assertIn("007", self.text_of(messenger.ask("paste UTF8_STRING")))
        office.ask("copy-text")
        pasted("paste-text", ["Quarterly summary", 150])
        self.assertIn("<b>", self.text_of(self.editor.ask("paste text/html")))
        office.ask("copy-cells " + PERSON.replace(" ", "\t"))
        self.refused(lambda: messenger.ask("paste UTF8_STRING"), 60)
        self.refused(lambda: messenger.ask("paste text/html"), 60)
        pasted("paste-cells", [[word, weight] for word, weight in zip(PERSON.split(" "), (150, 100))])

    def test_chromium(self):
        self.need("chromium")
        page = self.folder / "page.html"
        page.write_text(PAGE, encoding="utf-8")
        self.desktop.start("chromium", "--no-sandbox", "--no-first-run", "--disable-gpu", "--password-store=basic",
                           f"--user-data-dir={self.folder}/chromium", f"--app=file://{page}")
        self.desktop.window("ready", 90)
        window = self.desktop.window("ready")

        def title():
            return self.desktop.title(window)

        def press(*keys):
            self.desktop.activate(window)
            self.desktop.press(*keys)

        def copied():
            press("F2")
            press("ctrl+c")
            return title() == "copied"

        def paste():
            press("F4")
            harness.wait_for("the page waits", lambda: title() == "waiting", 20)
            press("ctrl+v")
            try:
                return harness.wait_for("a paste", lambda: title().startswith("pasted") and title(), 10)
            except AssertionError:
                return "nothing"
        harness.wait_for("the page's copy", copied, 60)
        text = self.guarded_paste(lambda: self.editor.ask("paste UTF8_STRING"))
        self.assertEqual(self.text_of(text), "季度 summary bold")
        self.assertIn("<b", self.text_of(self.editor.ask("paste text/html")))
        self.assertEqual(self.guarded_paste(paste, 60), "pasted [季度 summary bold] true")
        self.editor.ask("copy lunch at noon")
        self.assertEqual(self.guarded_paste(paste, 60), "pasted [lunch at noon] false")
        self.editor.ask(f"copy {PERSON}")
        harness.wait_for("the refusal", lambda: not re.search("[0-9]", paste()), 60)
        self.assertTrue(self.text_of(self.editor.ask("paste UTF8_STRING")) == PERSON)

    def test_terminal_and_clipboard_manager(self):
        self.need("xterm", "parcellite", "xclip", "xsel")
        self.desktop.start("parcellite", "-n")
        messenger = self.messenger()
        for number in range(5):
            self.editor.ask(f"copy note {number}")
            text = self.guarded_paste(lambda: messenger.ask("paste UTF8_STRING"))
            self.assertEqual(self.text_of(text), f"note {number}")
        self.editor.ask(f"copy {PERSON}")
        self.refused(lambda: messenger.ask("paste UTF8_STRING"))
        for command in (["xclip", "-selection", "clipboard", "-o"], ["xsel", "--clipboard", "--output"]):
            done = subprocess.run(command, env=self.desktop.environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=30, check=False)
            self.assertTrue(done.stdout == PERSON, f"{command[0]}: another text")
        # The middle button pastes what is selected, not what was copied.
        typed = self.folder / "typed"
        self.desktop.start("xterm", "-title", "terminal", "-e", f"head -n 1 > {typed}")
        window = self.desktop.window("terminal")
        subprocess.run(["xsel", "--primary", "--input"], input="selected words\n", text=True, timeout=30,
                       env=self.desktop.environment, check=True)

        def pasted():
            if typed.exists() and typed.read_text():
                return True
            self.desktop.click(window, 2)  # one that comes before the terminal is ready is lost
            return False
        harness.wait_for("the terminal's line", pasted, 60, 1)
        self.assertEqual(typed.read_text(), "selected words\n")


if __name__ == "__main__":
    unittest.main()
