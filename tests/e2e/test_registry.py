"""The company's own clients: imported at the server, found on the workstation, also without it."""

import json
import shutil
import signal
import unittest
import zipfile

import harness

PACK = """pack: own-clients
version: 1
detectors:
  - id: clients.row
    title: {zh: 本公司客户, en: A client of ours}
    registry: clients
    columns_min: 2
    within_chars: 200
"""
SPEC = """registry: clients
columns:
  - {head: 客户名称, type: name}
  - {head: 手机, type: phone}
  - {head: 联系人, type: contact}
level:
  head: 级别
  default: confidential
"""
HEADS = "客户名称,手机,联系人,级别\n"
SHEET = """<worksheet><sheetData>
<row><c t="inlineStr"><is><t>客户名称</t></is></c><c t="inlineStr"><is><t>手机</t></is></c>
<c t="inlineStr"><is><t>联系人</t></is></c><c t="inlineStr"><is><t>级别</t></is></c></row>
<row><c t="inlineStr"><is><t>深圳市鑫瑞科技"有限"公司</t></is></c><c><v>13800138000</v></c>
<c t="inlineStr"><is><t>王小明</t></is></c><c t="inlineStr"><is><t>绝密</t></is></c></row>
</sheetData></worksheet>"""
FIRST = "深圳市鑫瑞科技有限公司,13800138000,王小明,绝密\n"
SECOND = "杭州云栖网络股份有限公司,0571-88157788,李静,\n"
CITIES = "北京", "上海", "广州", "深圳"


class Registry(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.start_server()
        self.sign_in()
        self.stick = self.new_stick()
        self.stick.mount()
        self.agent = self.new_agent(sticks=[self.stick])
        self.agent.start()
        self.packs = self.folder / "packs"
        shutil.copytree(harness.PACKS, self.packs)
        (self.packs / "own-clients").mkdir()
        (self.packs / "own-clients/pack.yaml").write_text(PACK, encoding="utf-8")
        self.table = self.folder / "clients.csv"
        (self.folder / "clients.yaml").write_text(SPEC, encoding="utf-8")

    def import_table(self, rows, *flags, encoding="utf-8", check=True):
        self.table.write_bytes((HEADS + rows).encode(encoding))
        return self.ctl("registry", "import", self.table, *flags, check=check)

    def registry_at_agent(self):
        state = (self.status(self.agent) or {}).get("state") or {}
        return [(one["name"], int(one["version"]), int(one["rows"]))
                for one in state.get("registries", [])]

    def copy(self, name, text):
        source = self.folder / name
        source.write_text(text, encoding="utf-8")
        return harness.copy(source, self.stick.mount_point)

    def test_clients_are_found_from_import_to_removal(self):
        shown = self.ctl("policy", "apply", harness.STARTER, "--packs", self.packs, "--wait", 20)
        self.assertIn("P152", shown.stdout)
        self.wait_for_enforcement(self.agent, self.stick)
        letter = "致 深圳市鑫瑞科技有限责任公司\n王小明 先生：报价见附件。\n"
        self.assertEqual(self.copy("before.txt", letter), (0, ""))

        done = self.import_table(FIRST + SECOND, encoding="gb18030")
        self.assertIn("2 clients with 6 values", done.stdout)
        harness.wait_for("the registry is in force",
                         lambda: self.registry_at_agent() == [("clients", 1, 2)])
        status, message = self.copy("letter.txt", letter)
        self.assertEqual(status, 1)
        self.assertIn("Operation not permitted", message)
        other = "杭州云栖网络有限公司，电话 0571 8815 7788"
        self.assertEqual(self.copy("other.txt", other)[0], 1)
        self.assertEqual(self.copy("unknown.txt", "广州远达贸易有限公司 13700137000"), (0, ""))
        self.assertEqual(self.copy("one.txt", "电话 13800138000"), (0, ""))

        rows = harness.wait_for("both incidents", lambda: len(self.incidents()) >= 2 and self.incidents())
        self.assertEqual([row["rule"] for row in rows], ["marked-top-secret", "marked-classified"])
        shown = self.ctl("incidents", "show", rows[0]["number"], "--json").stdout
        match = json.loads(shown)["incident"]["findings"][0]["matches"][0]
        self.assertEqual(match["columns"], ["name", "contact"])
        self.assertNotIn("王小明", shown)
        self.assertNotIn("鑫瑞", shown)
        # Nobody reads the list out of what is on the workstation.
        for path in self.agent.state.rglob("*"):
            if path.is_file():
                bytes_ = path.read_bytes()
                for value in ("鑫瑞", "王小明", "13800138000", "88157788"):
                    self.assertNotIn(value.encode(), bytes_, path)
        kept = [self.agent.state / "policy.bundle", *(self.agent.state / "indexes").iterdir()]
        self.assertEqual([path.stat().st_mode & 0o077 for path in kept], [0, 0])

        # A bad row: told with its line, and nothing changes.
        done = self.import_table(FIRST + "广州远达贸易有限公司,12,陈晨,\n", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("clients.csv:3: 手机: ", done.stdout)
        self.assertEqual(self.registry_at_agent(), [("clients", 1, 2)])
        # Another list: without the second client.
        self.import_table(FIRST)
        harness.wait_for("the next version is in force",
                         lambda: self.registry_at_agent() == [("clients", 2, 1)])
        self.assertEqual(self.copy("other-again.txt", other), (0, ""))

        # A spreadsheet, with a number that is stored as one.
        sheet = self.folder / "clients.xlsx"
        with zipfile.ZipFile(sheet, "w") as package:
            package.writestr("[Content_Types].xml", "<Types/>")
            package.writestr("xl/worksheets/sheet1.xml", SHEET)
        done = self.ctl("registry", "import", sheet)
        self.assertIn("1 client with 3 values", done.stdout)
        harness.wait_for("the sheet is in force",
                         lambda: self.registry_at_agent() == [("clients", 3, 1)])
        self.assertEqual(self.copy("sheet.txt", letter)[0], 1)

        # Also after a crash, and without a server.
        self.server.stop(signal.SIGKILL)
        self.agent.kill()
        self.agent.start()
        self.wait_for_enforcement(self.agent, self.stick)
        self.assertEqual(self.copy("offline.txt", letter)[0], 1)

        self.start_server()
        self.assertIn("clients", self.ctl("registry", "list").stdout)
        self.ctl("registry", "remove", "clients")
        harness.wait_for("the registry is gone", lambda: self.registry_at_agent() == [], 60)
        self.assertEqual(self.copy("after.txt", letter), (0, ""))

    def counter(self, name):
        state = (self.status(self.agent) or {}).get("state") or {}
        return int(state.get("counters", {}).get(name, 0))

    def test_an_update_costs_what_changed(self):
        self.ctl("policy", "apply", harness.STARTER, "--packs", self.packs, "--wait", 20)
        self.wait_for_enforcement(self.agent, self.stick)
        rows = [f"{CITIES[i % 4]}市{i * 7919 % 100003}号鑫瑞科技有限公司,{13800000000 + i * 37},李{i},\n"
                for i in range(20000)]
        self.import_table("".join(rows))
        harness.wait_for("the registry is in force",
                         lambda: self.registry_at_agent() == [("clients", 1, 20000)])
        whole = self.counter("index_bytes_fetched")
        self.assertGreater(whole, 500_000)
        self.assertEqual(self.counter("index_bytes_copied"), 0)

        # Also when neither side remembers: what the agent has is on its disk, versions in the store.
        self.agent.kill()
        self.agent.start()
        self.server.stop(signal.SIGKILL)
        self.start_server()
        self.wait_for_enforcement(self.agent, self.stick)
        fetched = self.counter("index_bytes_fetched")
        for i in range(10):
            rows[i * 1999] = f"{CITIES[i % 4]}市新到{i}号贸易有限公司,{13900000000 + i},王{i},绝密\n"
        for i in range(10):
            name, _, contact, level = rows[i * 1999 + 500].split(",")
            rows[i * 1999 + 500] = f"{name},{13700000000 + i},{contact},{level}"
        self.import_table("".join(rows))
        harness.wait_for("the next version is in force",
                         lambda: self.registry_at_agent() == [("clients", 2, 20000)])
        update = self.counter("index_bytes_fetched") - fetched
        self.assertGreater(update, 0)
        self.assertLess(update, whole * 0.05)
        self.assertGreater(self.counter("index_bytes_copied"), whole * 0.9)
        self.assertEqual(self.counter("index_deltas_refused"), 0)

        # New values are found, those that went are not, the others still are.
        found = {"new.txt": "北京市新到0号贸易有限公司 13900000000",
                 "changed.txt": f"{rows[500].split(',')[0]} 13700000000",
                 "other.txt": ",".join(rows[7].split(",")[:2])}
        for name, text in found.items():
            self.assertEqual(self.copy(name, text)[0], 1, name)
        gone = {"old.txt": f"北京市0号鑫瑞科技有限公司 {13800000000}",
                "phone.txt": f"{rows[500].split(',')[0]} {13800000000 + 500 * 37}"}
        for name, text in gone.items():
            self.assertEqual(self.copy(name, text), (0, ""), name)


if __name__ == "__main__":
    unittest.main()
