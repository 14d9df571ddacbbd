#!/usr/bin/env python3
"""Writes the documents of the demonstration into a folder. Standard library only.

Everything in them is made up: the identity numbers, telephone numbers and credit codes carry right
check digits but are drawn from a fixed random sequence and belong to nobody that was looked up.
"""

import random
import sys
import zipfile
from pathlib import Path

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def relationships(*targets):
    rows = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets, 1))
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def content_types(*parts):
    rows = "".join(f'<Override PartName="{name}" ContentType="application/vnd.openxmlformats-'
                   f'officedocument.{kind}+xml"/>' for name, kind in parts)
    return (f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
            f'"application/vnd.openxmlformats-package.relationships+xml"/>{rows}</Types>')


def write_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 2, 9, 30, 0)), data,
                             zipfile.ZIP_DEFLATED)


def docx(path, paragraphs, header=None):
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    section, targets, parts = "", [], []
    members = []
    if header:
        section = '<w:sectPr><w:headerReference w:type="default" r:id="rId1"/></w:sectPr>'
        targets = [("header", "header1.xml")]
        parts = [("/word/header1.xml", "wordprocessingml.header")]
        members = [("word/header1.xml",
                    f"{XML}<w:hdr {W}><w:p><w:r><w:t>{header}</w:t></w:r></w:p></w:hdr>")]
    write_zip(path, [
        ("[Content_Types].xml",
         content_types(("/word/document.xml", "wordprocessingml.document.main"), *parts)),
        ("_rels/.rels", relationships(("officeDocument", "word/document.xml"))),
        ("word/_rels/document.xml.rels", relationships(*targets)),
        ("word/document.xml",
         f"{XML}<w:document {W} {R}><w:body>{body}{section}</w:body></w:document>"),
        *members])


def xlsx(path, rows):
    def cell(value):
        if isinstance(value, int):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    data = "".join(f"<row>{''.join(cell(v) for v in row)}</row>" for row in rows)
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    write_zip(path, [
        ("[Content_Types].xml", content_types(("/xl/workbook.xml", "spreadsheetml.sheet.main"),
                                              ("/xl/worksheets/sheet1.xml",
                                               "spreadsheetml.worksheet"))),
        ("_rels/.rels", relationships(("officeDocument", "xl/workbook.xml"))),
        ("xl/_rels/workbook.xml.rels", relationships(("worksheet", "worksheets/sheet1.xml"))),
        ("xl/workbook.xml", f'{XML}<workbook {main} {R}><sheets><sheet name="客户" sheetId="1" '
                            f'r:id="rId1"/></sheets></workbook>'),
        ("xl/worksheets/sheet1.xml",
         f"{XML}<worksheet {main}><sheetData>{data}</sheetData></worksheet>")])


def pdf(path, lines):
    """One page, one composite font whose codes are UTF-16 units (ISO 32000-1, 9.7 and 9.10.3)."""
    used = sorted(set("".join(lines)))
    to_unicode = ("/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
                  "/CMapName /Demo def /CMapType 2 def\n"
                  "1 begincodespacerange <0000> <FFFF> endcodespacerange\n")
    for start in range(0, len(used), 100):
        chunk = used[start:start + 100]
        to_unicode += f"{len(chunk)} beginbfchar\n"
        to_unicode += "".join(f"<{ord(c):04X}> <{ord(c):04X}>\n" for c in chunk)
        to_unicode += "endbfchar\n"
    to_unicode += "endcmap CMapName currentdict /CMap defineresource pop end end"
    text = "BT /F1 14 Tf 18 TL 60 780 Td " + " ".join(
        f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in lines) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type0 /BaseFont /Demo /Encoding /Identity-H "
        "/DescendantFonts [6 0 R] /ToUnicode 7 0 R >>",
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Demo /CIDSystemInfo << /Registry (Adobe) "
        "/Ordering (Identity) /Supplement 0 >> /DW 1000 /FontDescriptor 8 0 R >>",
        f"<< /Length {len(to_unicode)} >>\nstream\n{to_unicode}\nendstream",
        "<< /Type /FontDescriptor /FontName /Demo /Flags 4 /FontBBox [0 0 1000 1000] "
        "/ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
    ]
    out = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    xref = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n".encode()
    path.write_bytes(out)


def resident_id(rng):
    """GB 11643-1999, 4.3: ISO 7064 MOD 11-2."""
    region = rng.choice(["110105", "310104", "440106", "330106", "510104", "320102"])
    body = (f"{region}{rng.randint(1962, 2001)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
            f"{rng.randint(1, 999):03d}")
    weights = [pow(2, 17 - i, 11) for i in range(17)]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def credit_code(rng):
    """GB 32100-2015, 5: weights 3^i MOD 31."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    organisation = [rng.choice("0123456789ABCDEFGH") for _ in range(8)]
    weights = [3, 7, 9, 10, 5, 8, 4, 2]
    plain = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    check = 11 - sum(plain.index(c) * w for c, w in zip(organisation, weights)) % 11
    body = "91" + rng.choice(["110105", "310115", "440300", "330100"]) + "".join(organisation)
    body += {10: "X", 11: "0"}.get(check, str(check))
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


def client_rows(rng, count):
    rows = [["客户名称", "统一社会信用代码", "联系人", "身份证号", "手机"]]
    places, trades = ["华东", "江北", "海淀", "越秀", "滨江"], ["建设工程", "装饰设计", "公关咨询", "商贸"]
    families, given = "王李张刘陈杨赵黄周吴", "伟芳娜敏静丽强磊军洋"
    for index in range(count):
        company = f"{rng.choice(places)}{rng.choice(trades)}第{index + 1}有限公司"
        person = rng.choice(families) + rng.choice(given)
        phone = int(rng.choice(["138", "139", "186", "177"]) + f"{rng.randint(0, 99999999):08d}")
        rows.append([company, credit_code(rng), person, resident_id(rng), phone])
    return rows


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_documents.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(20260302)

    minutes = ["周例会纪要", "一、上周完成了新办公区的布线和验收，会议室投影机已更换。",
               "二、下周安排消防演练，请各部门提前通知到人。",
               "三、食堂意见汇总后由行政部统一答复。"] + [
        f"附注{i}：值班表第{rng.randint(1, 400)}号，第{rng.randint(1, 400)}组。" for i in range(200)]
    plan = ["滨江项目投标方案", "一、报价策略与底价测算见附件。", "二、评审前不得向任何外部单位提供。"] + [
        f"测算{i}：分项{rng.randint(1, 9999)}，系数{rng.randint(1, 9999)}。" for i in range(200)]
    docx(folder / "周例会纪要.docx", minutes)
    docx(folder / "投标方案.docx", plan, header="绝密★10年")
    pdf(folder / "投标方案.pdf", ["绝密★10年"] + plan[:40])
    write_zip(folder / "打包资料.zip", [("资料/说明.txt", "见附件。\n".encode()),
                                    ("资料/方案.docx", (folder / "投标方案.docx").read_bytes())])
    xlsx(folder / "客户清单.xlsx", client_rows(rng, 60))


if __name__ == "__main__":
    main()
