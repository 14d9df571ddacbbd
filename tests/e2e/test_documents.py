"""Registered documents: a copied page is found on the workstation, a blank form is not."""

import json
import shutil
import unittest

import harness

PACK = """pack: own-documents
version: 1
except_documents: [forms]
detectors:
  - id: documents.contracts
    title: {zh: 复制自合同, en: Copied from a contract}
    documents: contracts
    level: secret
    units_min: 60
  - id: documents.id
    title: {zh: 身份证, en: Identity number}
    priority: 99
    patterns:
      - {regex: '[^0-9][1-9](?:[ -]?[0-9]){12}', validator: resident_id, symbols: 13}
"""


def contract(of, clauses=40):
    return "".join(
        f"第{i}条 {of}方应于第{i * 7 % 31}日前交付编号{i * 977}的货物，验收后支付{i * 1313}元，逾期按日计收违约金。\n"
        for i in range(1, clauses + 1))


class Documents(harness.Site):
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
        (self.packs / "own-documents").mkdir()
        (self.packs / "own-documents/pack.yaml").write_text(PACK, encoding="utf-8")
        self.policy = self.folder / "policy.yaml"
        starter = (harness.STARTER).read_text(encoding="utf-8")
        rule = ("rules:\n  - id: copied\n    title: {zh: 复制自登记文档, en: Copied from a registered document}\n"
                "    when: {any: [{detector: documents.contracts}, {detector: documents.id}]}\n"
                "    action: block\n    severity: high\n")
        self.policy.write_text(starter.replace("rules:\n", rule, 1), encoding="utf-8")
        self.registered = self.folder / "legal"
        (self.registered / "2026").mkdir(parents=True)
        (self.registered / "2026/采购合同.txt").write_text(contract("采购"), encoding="utf-8")
        (self.registered / "运输.txt").write_text(contract("运输"), encoding="gb18030")

    def collections(self):
        state = (self.status(self.agent) or {}).get("state") or {}
        return {one["name"]: int(one["version"]) for one in state.get("collections", [])}

    def copies(self, text, name, goes):
        source = self.folder / name
        source.write_text(text, encoding="utf-8")
        status, message = harness.copy(source, self.stick.mount_point)
        self.assertEqual(status, 0 if goes else 1, message)

    def in_force(self, collections):
        harness.wait_for(f"in force: {collections}", lambda: self.collections() == collections)

    def newest_incident(self):
        rows = harness.wait_for("an incident", self.incidents)
        return self.ctl("incidents", "show", rows[0]["number"]).stdout, json.loads(
            self.ctl("incidents", "show", rows[0]["number"], "--json").stdout)["incident"]

    def test_a_copied_page_is_found_and_a_form_is_not(self):
        applied = self.ctl("policy", "apply", self.policy, "--packs", self.packs, "--wait", 20)
        self.assertIn("P154", applied.stdout)
        self.wait_for_enforcement(self.agent, self.stick)
        page = contract("运输").split("第31条")[0].split("第20条")[1]
        paper = "会议纪要\n今天讨论了下周的安排。\n第20条" + page + "散会。\n"
        self.copies(paper, "before.txt", goes=True)

        imported = self.ctl("documents", "import", "contracts", self.registered)
        self.assertIn("2 documents", imported.stdout)
        self.in_force({"contracts": 1})
        self.copies(paper, "page.txt", goes=False)
        shown, incident = self.newest_incident()
        found = [one for one in incident["findings"] if one["rule"] == "documents.contracts"][0]
        self.assertEqual(found["documents"][0]["title"], "legal/运输.txt")
        self.assertEqual(found["level"], "LEVEL_SECRET")
        self.assertNotIn("运输方应于", json.dumps(incident, ensure_ascii=False))
        self.assertIn("legal/运输.txt", shown)
        # Nothing of the documents, or of what they are called, is on the workstation.
        for kept in [self.agent.state / "policy.bundle", *(self.agent.state / "indexes").iterdir()]:
            content = kept.read_bytes()
            for secret in ("legal/", "运输.txt", "运输方应于"):
                self.assertFalse(secret.encode() in content, f"{secret} in {kept}")

        form = ("报销单填写说明：请在左侧写明姓名与部门，示例证件号码 11010519491231002X 仅供参考，"
                "随后附上发票与明细说明，交由财务部门审核，审核完成后归档保存五年。\n")
        self.copies(form, "form.txt", goes=False)
        blank = self.folder / "form.txt"
        blank.write_text(form, encoding="utf-8")
        self.ctl("documents", "import", "forms", blank, "--excluded")
        self.in_force({"contracts": 1, "forms": 1})
        self.copies(form, "blank.txt", goes=True)
        self.copies(form.replace("11010519491231002X", "110101199003074514"), "filled.txt", goes=False)

        listed = json.loads(self.ctl("documents", "list", "--json").stdout)
        self.assertEqual([one["name"] for one in listed["collections"]], ["contracts", "forms"])
        self.assertIn("legal/2026/采购合同.txt", self.ctl("documents", "list", "contracts").stdout)
        self.ctl("documents", "remove", "contracts")
        self.in_force({"forms": 1})
        self.copies(paper, "after.txt", goes=True)

    def test_what_cannot_be_registered_is_named(self):
        (self.registered / "short.txt").write_text("太短", encoding="utf-8")
        refused = self.ctl("documents", "import", "contracts", self.registered, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r"short\.txt: not registered: too little text")
        self.assertEqual(json.loads(self.ctl("documents", "list", "--json").stdout).get("collections", []), [])
        checked = self.ctl("documents", "import", "contracts", self.registered, "--good-files", "--check")
        self.assertIn("2 documents", checked.stdout)
        self.assertNotIn("Imported", checked.stdout)
        taken = self.ctl("documents", "import", "contracts", self.registered, "--good-files")
        self.assertIn("Imported as version 1", taken.stdout)
        nowhere = self.ctl("documents", "import", "contracts", self.folder / "nowhere", check=False)
        self.assertEqual(nowhere.returncode, 1)


if __name__ == "__main__":
    unittest.main()
