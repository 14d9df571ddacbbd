"""A document marked 绝密 does not get onto a stick, and the security team sees why."""

import filecmp
import json
import os
import subprocess
import unittest

import harness  # first: it says where the others are
import find_on_device
import make_documents

REFUSED = ("投标方案.docx", "投标方案.pdf", "打包资料.zip", "客户清单.xlsx")


class MainJob(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.documents = self.folder / "documents"
        subprocess.run(["python3", make_documents.__file__, str(self.documents)], check=True)
        self.start_server()
        self.sign_in()
        self.stick = self.new_stick()
        self.stick.mount()
        self.agent = self.new_agent(sticks=[self.stick])
        self.agent.start()
        self.apply_policy()
        self.wait_for_enforcement(self.agent, self.stick)

    def test_clean_passes_marked_is_refused_and_seen(self):
        clean = self.documents / "周例会纪要.docx"
        self.assertEqual(harness.copy(clean, self.stick.mount_point), (0, ""))
        self.assertTrue(filecmp.cmp(clean, self.stick.mount_point / clean.name, shallow=False))

        for name in REFUSED:
            with self.subTest(document=name):
                status, message = harness.copy(self.documents / name, self.stick.mount_point)
                self.assertEqual(status, 1)
                self.assertIn("Operation not permitted", message)
                self.assertFalse((self.stick.mount_point / name).exists())
        os.sync()  # the kernel passes no syncfs(2) on through FUSE
        image = find_on_device.read_image(self.stick.image)
        for name in REFUSED:
            found, wanted = find_on_device.count(image, (self.documents / name).read_bytes(),
                                                 known=clean.read_bytes())
            self.assertGreater(wanted, 50, name)
            self.assertEqual(found, 0, name)
            for code in ("utf-8", "utf-16-le"):
                self.assertNotIn(name.encode(code), image, name)
        found, wanted = find_on_device.count(image, clean.read_bytes())
        self.assertEqual(found, wanted, "the search itself does not work")

        rows = harness.wait_for("four incidents", lambda: len(self.incidents()) >= 4 and self.incidents())
        self.assertEqual(len(rows), len(REFUSED))
        self.assertEqual({row["action"] for row in rows}, {"block"})

        secret = harness.identity_numbers(" ".join(map(str, make_documents.client_rows(
            __import__("random").Random(20260302), 60))))
        self.assertTrue(secret)
        for row in rows:
            shown = self.ctl("incidents", "show", row["number"]).stdout
            shown += self.ctl("incidents", "show", row["number"], "--json").stdout
            self.assertEqual(harness.identity_numbers(shown), [], "an identity number in clear")
        listing = json.loads(self.ctl("incidents", "show", rows[0]["number"], "--json").stdout)
        self.assertIn("marking.classification", json.dumps(listing))

        for log in (self.server.text(), self.agent.text()):
            self.assertEqual(harness.identity_numbers(log), [], "an identity number in a log")
            for name in REFUSED:
                self.assertNotIn(name, log)

    def test_the_same_file_is_inspected_once_and_judged_each_time(self):
        clean = self.documents / "周例会纪要.docx"
        marked = self.documents / REFUSED[0]
        for folder in ("one", "two"):
            (self.stick.mount_point / folder).mkdir()
            self.assertEqual(harness.copy(clean, self.stick.mount_point / folder), (0, ""))
            self.assertEqual(harness.copy(marked, self.stick.mount_point / folder)[0], 1)
        counters = self.status(self.agent)["state"]["counters"]
        # The folders' names, and each of the documents once.
        self.assertEqual((counters["inspected"], counters["inspect_remembered"]), ("4", "2"))
        rows = harness.wait_for("two incidents", lambda: len(self.incidents()) == 2 and self.incidents())
        shown = [json.loads(self.ctl("incidents", "show", row["number"], "--json").stdout) for row in rows]
        self.assertEqual(*(json.dumps(one["incident"]["findings"]) for one in shown))
        # Another name is another content: names are inspected, too.
        self.assertEqual(harness.copy(clean, self.stick.mount_point / "机密★10年.docx")[0], 1)

    def test_batch_is_judged_file_by_file(self):
        names = sorted(path.name for path in self.documents.iterdir())
        done = subprocess.run(["cp", *[str(self.documents / n) for n in names],
                               str(self.stick.mount_point)], capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("Operation not permitted"), len(REFUSED), done.stderr)
        self.assertIn("周例会纪要.docx", os.listdir(self.stick.mount_point))

    def test_status_tells_the_employee(self):
        state = self.status(self.agent)
        self.assertIsNotNone(state)
        text = json.dumps(state)
        self.assertIn("usb", text)
        self.assertIn("TEST-0", text)


if __name__ == "__main__":
    unittest.main()
