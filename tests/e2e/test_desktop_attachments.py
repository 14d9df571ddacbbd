"""Attachments in real programs: what the policy keeps can be attached neither in a messenger nor in
Thunderbird; an editor opens it.

Only a loop-mounted file system is watched.
"""

import base64
import json
import os
import shutil
import subprocess
import unittest

import harness
from support.desktop import Desktop, missing_program
from support.spoken import PYTHON, has_gtk, start_gtk

SECRET = "绝密★10年\n第一号测算\n"
CLEAN = "lunch at noon, all are welcome\n"
# An account that needs no network, with its drafts in a local folder.
PREFERENCES = {
    "mail.accountmanager.accounts": "account1,account2",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.accountmanager.localfoldersserver": "server2",
    "mail.account.account1.identities": "id1",
    "mail.account.account1.server": "server1",
    "mail.account.account2.server": "server2",
    "mail.identity.id1.fullName": "A",
    "mail.identity.id1.useremail": "a@example.com",
    "mail.identity.id1.valid": True,
    "mail.identity.id1.compose_html": False,
    "mail.identity.id1.draft_folder": "mailbox://nobody@Local%20Folders/Drafts",
    "mail.identity.id1.drafts_folder_picker_mode": "1",
    "mail.server.server1.type": "pop3",
    "mail.server.server1.hostname": "127.0.0.1",
    "mail.server.server1.name": "a@example.com",
    "mail.server.server1.userName": "a",
    "mail.server.server1.check_new_mail": False,
    "mail.server.server1.login_at_startup": False,
    "mail.server.server1.directory-rel": "[ProfD]Mail/127.0.0.1",
    "mail.server.server2.type": "none",
    "mail.server.server2.hostname": "Local Folders",
    "mail.server.server2.name": "Local Folders",
    "mail.server.server2.userName": "nobody",
    "mail.server.server2.directory-rel": "[ProfD]Mail/Local Folders",
    "mail.shell.checkDefaultClient": False,
    "mail.rights.version": 1,
    "mail.compose.autosave": False,
    "mail.compose.attachment_reminder": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "app.donation.eoy.version.viewed": 999,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.dns.disabled": True,
}


class DesktopAttachments(harness.Site):
    def setUp(self):
        harness.need_root()
        if (missing := missing_program()) is not None:
            self.skipTest(f"needs {missing}")
        super().setUp()
        self.start_server()
        self.sign_in()
        self.home = self.new_stick(megabytes=64)
        self.home.mount()
        os.chmod(self.home.mount_point, 0o777)
        self.agent = self.new_agent(watched=[self.home.mount_point])
        self.agent.start()
        self.apply_policy()
        harness.wait_for("attachments are watched", self.watched, 60)
        self.desktop = Desktop(self.folder)
        self.addCleanup(self.desktop.end)
        self.marked = self.home.mount_point / "测算.txt"
        self.marked.write_text(SECRET, encoding="utf-8")
        self.clean = self.home.mount_point / "menu.txt"
        self.clean.write_text(CLEAN, encoding="utf-8")

    def watched(self):
        channels = ((self.status(self.agent) or {}).get("state") or {}).get("channels", [])
        return any(c["channel"] == "attachment" and c.get("coverage") == "COVERAGE_COVERED" for c in channels)

    def apps_of_incidents(self):
        apps = []
        for row in self.incidents():
            shown = json.loads(self.ctl("incidents", "show", row["number"], "--json").stdout)
            apps.append((shown["incident"]["event"]["program"].get("app"), row["content_name"], row["action"]))
        return apps

    def test_a_messenger_and_an_editor(self):
        if not has_gtk():
            self.skipTest("needs python3-gi and gir1.2-gtk-3.0")
        program = self.folder / "wechat-universal/wechat"
        program.parent.mkdir()
        shutil.copy(os.path.realpath(PYTHON), program)
        messenger, editor = start_gtk(self.desktop, program, "messenger"), start_gtk(self.desktop, PYTHON, "editor")
        self.assertEqual(messenger.ask(f"open {self.clean}"), f"read {len(CLEAN)}")
        self.assertIn("Operation not permitted", messenger.ask(f"open {self.marked}"))
        self.assertEqual(editor.ask(f"open {self.marked}"), f"read {len(SECRET.encode())}")
        harness.wait_for("the incident", self.incidents)
        self.assertEqual(self.apps_of_incidents(), [("wechat", "测算.txt", "block")])

    def compose(self, path):
        """A new message with the file, kept as a draft by the keyboard; the window's end is not waited for."""
        subject = f"about {path.stem.encode().hex()}"
        subprocess.run(["thunderbird", "--profile", self.profile, "-compose",
                        f"to='b@example.com',subject='{subject}',body='x',attachment='{path.as_uri()}'"],
                       env=self.desktop.environment, stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=120, check=False)
        return self.desktop.window(subject, 120)

    def drafts(self):
        file = self.profile / "Mail/Local Folders/Drafts"
        return file.read_text(errors="replace").replace("\n", "").replace("\r", "") if file.exists() else ""

    def test_thunderbird(self):
        if shutil.which("thunderbird") is None:
            self.skipTest("needs thunderbird")
        self.profile = self.folder / "thunderbird"
        (self.profile / "Mail/Local Folders").mkdir(parents=True)
        (self.profile / "user.js").write_text("".join(
            f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in PREFERENCES.items()))
        self.desktop.start("thunderbird", "--profile", self.profile)
        self.desktop.window("Thunderbird", 120)
        window = self.compose(self.clean)

        def kept():
            self.desktop.activate(window)
            self.desktop.press("ctrl+s")
            return base64.b64encode(CLEAN.encode()).decode() in self.drafts() or CLEAN.strip() in self.drafts()
        harness.wait_for("the draft with the clean file", kept, 90, 2)
        self.assertEqual(self.incidents(), [])
        window = self.compose(self.marked)

        def refused():
            self.desktop.activate(window)
            self.desktop.press("ctrl+s")
            return self.incidents()
        harness.wait_for("the incident", refused, 90, 2)
        self.assertEqual(set(self.apps_of_incidents()), {("thunderbird", "测算.txt", "block")})
        self.assertNotIn("第一号测算", self.drafts())
        self.assertNotIn(base64.b64encode(SECRET.encode()).decode()[:24], self.drafts())


if __name__ == "__main__":
    unittest.main()
