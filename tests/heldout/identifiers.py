"""One document for each identifier as people write them, and documents that only look as if."""

import json
import random
from collections import defaultdict
from dataclasses import dataclass

import containers
import values as v

FULL = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
ZERO = "\u200b"


@dataclass
class Case:
    name: str
    data: bytes
    rule: str          # that the document is about
    planted: int       # values of it; 0: a document that must be clean of the rule
    said: str


def full(s):
    return s.translate(FULL)


def groups(s, n, by=" "):
    return by.join(s[i:i + n] for i in range(0, len(s), n))


def cut(s, *at, by=" "):
    edges = (0, *at, len(s))
    return by.join(s[a:b] for a, b in zip(edges, edges[1:]))


def hidden(s):
    return s[:3] + ZERO + s[3:7] + ZERO + s[7:]


def same(s):
    return s


def read_rows(path):
    """rule -> texts of a list of `rule, text`."""
    rows = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            rule, text = line.split("\t", 1)
            rows[rule].append(text.replace("\\n", "\n"))
    return rows


def writings(rule, rng):
    """One value in each way that people write it."""
    if rule == "cn.resident_id":
        x = v.resident_id
        return [x(rng), x(rng), x(rng).lower(), cut(x(rng), 6, 14), cut(x(rng), 6, 14, by="-"), full(x(rng)),
                hidden(x(rng)), groups(x(rng), 6), cut(x(rng), 6, 10, 14), x(rng)]
    if rule == "cn.uscc":
        x = v.uscc
        return [x(rng), x(rng), x(rng).lower(), groups(x(rng), 4), cut(x(rng), 2, 8, 17), x(rng).translate(
            str.maketrans(v.CREDIT, "".join(chr(ord(c) + 0xFEE0) for c in v.CREDIT))), hidden(x(rng)),
            cut(x(rng), 8, 17, by="-")]
    if rule == "cn.org_code":
        x = v.org_code
        return [cut(x(rng), 8, by="-"), x(rng), cut(x(rng), 8, by="-"), full(x(rng)), cut(x(rng), 8, by="－"),
                cut(x(rng), 8, by=" - "), x(rng).lower()]
    if rule == "cn.mobile":
        x = v.mobile
        return [x(rng), cut(x(rng), 3, 7), cut(x(rng), 3, 7, by="-"), "+86 " + x(rng), "+86" + x(rng), "0086" + x(rng),
                "(+86)" + x(rng), "+86-" + cut(x(rng), 3, 7, by="-"), full(x(rng)), hidden(x(rng)), "86-" + x(rng),
                "+86 " + cut(x(rng), 3, 7), "（86）" + x(rng), cut(x(rng), 3, 6)]
    if rule == "cn.landline":
        out = []
        for form in ("{}-{}", "({}){}", "（{}）{}", "{} {}", "{}{}", "+86-{1}-{2}", "+86 {1} {2}", "{}-{}-801", "{}-{}转802",
                     "0086-{1}-{2}", "{}—{}", "({}) {}", "{}－{}"):
            area, local = v.landline(rng)
            out.append(form.format(area, local) if "{1}" not in form else form.format(area, area[1:], local))
        return out
    if rule == "cn.bank_card":
        x = v.bank_card
        return [x(rng), x(rng), groups(x(rng), 4), groups(x(rng), 4, "-"), full(x(rng)), hidden(x(rng)), cut(x(rng), 6, 10),
                cut(x(rng), 6), x(rng)]
    if rule == "cn.passport":
        x = v.passport
        return [x(rng), x(rng), x(rng).lower(), hidden(x(rng)), x(rng)[0] + " " + x(rng)[1:], x(rng),
                "".join(chr(ord(c) + 0xFEE0) for c in x(rng))]
    if rule == "cn.travel_permit":
        x = v.travel_permit
        return [x(rng), x(rng), x(rng).lower(), hidden(x(rng)), x(rng), f"H{v.digits(rng, 10)}", full(x(rng))]
    if rule == "cn.plate":
        x = v.plate
        return [x(rng), cut(x(rng), 2, by="·"), cut(x(rng), 2), cut(x(rng), 2, by="•"), x(rng), cut(x(rng), 2, by="-"),
                f"粤Z{v.digits(rng, 4)}港", f"京A{v.digits(rng, 4)}学", x(rng).lower(), cut(x(rng), 2, by=".")]
    if rule == "intl.email":
        x = v.email
        return [x(rng), x(rng), x(rng).upper(), x(rng), "".join(chr(ord(c) + 0xFEE0) for c in "wang") + x(rng).replace(
            "'", ""), x(rng).replace("@", "＠")]
    if rule == "intl.iban":
        x = v.iban
        return [x(rng), groups(x(rng), 4), x(rng), groups(x(rng), 4, "-"), x(rng).lower(), groups(x(rng), 4, "\u00a0"),
                hidden(x(rng))]
    x = v.card
    return [x(rng), groups(x(rng), 4), groups(x(rng), 4, "-"), x(rng), full(x(rng)), hidden(x(rng)), x(rng)]


HEADS = {"cn.resident_id": "身份证号", "cn.uscc": "统一社会信用代码", "cn.org_code": "组织机构代码", "cn.mobile": "手机",
         "cn.landline": "电话", "cn.bank_card": "卡号", "cn.passport": "护照号码", "cn.travel_permit": "通行证号码",
         "cn.plate": "车牌号", "intl.email": "邮箱", "intl.iban": "IBAN", "intl.card": "信用卡号"}


def prose(around, rng, value):
    return rng.choice(around).replace("{n}", v.name(rng)).replace("{d}", rng.choice(
        ("2021年3月9日", "2019-07-15", "2023/11/02", "2020.01.31"))).replace("{}", value)


def plain(text, rng):
    coding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"))
    if coding == "utf-16-le":
        return "﻿".encode("utf-16-le") + text.encode(coding)
    return text.encode(coding)


PAD = "\n本页为业务办理记录，请妥善保存。办理完毕后由经办人复核并归档，相关材料按年度装订。\n"


def carried(rule, around, rng, make, n):
    """(name, bytes, planted, text) of one document; the carrier follows n."""
    head, kind = HEADS[rule], n % 11
    if kind < 3:
        text = PAD * (n % 2) + prose(around, rng, make()) + PAD
        return "doc.txt", plain(text, rng), 1, text
    if kind == 3:
        rows = "".join(f"{v.name(rng)},{make()},{rng.choice(('正常', '销户'))}\n" for _ in range(3))
        text = f"姓名,{head},状态\n{rows}"
        return "doc.csv", plain(text, rng), 3, text
    if kind == 4:
        text = json.dumps({"客户": v.name(rng), head: make(), "level": 3}, ensure_ascii=False)
        return "doc.json", text.encode(), 1, text
    if kind == 5:
        text = f"<客户><名称>{v.name(rng)}</名称><{head}>{make()}</{head}></客户>"
        return "doc.xml", text.encode(), 1, text
    if kind == 6:
        text = f"INSERT INTO t ({head}, 姓名) VALUES ('{make()}', '{v.name(rng)}');\n".replace("o'b", "ob")
        return "doc.sql", text.encode(), 1, text
    if kind == 7:
        rows = [["姓名", head], [v.name(rng), make()], [v.name(rng), make()]]
        return "doc.docx", containers.docx("登记表", table=rows), 2, f"docx {rows}"
    if kind == 8:
        text = "情况说明\n" + prose(around, rng, make()) + PAD
        return "doc.docx", containers.docx(text), 1, "docx " + text
    if kind == 9:
        rows = [["序号", "姓名", head], [1, v.name(rng), make()], [2, v.name(rng), make()]]
        return "doc.xlsx", containers.xlsx(rows), 2, f"xlsx {rows}"
    text = prose(around, rng, make()).replace("\n", " ")
    for mark in (ZERO, "·", "•"):  # the font's code has none of them
        text = text.replace(mark, "")
    return "doc.pdf", containers.pdf([text]), 1, "pdf " + text


def numbers_in_cells(rule, rng, n):
    """Values that a spreadsheet holds as numbers, some written by exponent."""
    cells = [v.mobile(rng) if rule == "cn.mobile" else v.luhn("3714" + v.digits(rng, 10)) for _ in range(3)]
    if n % 2 and rule == "cn.mobile":
        cells = [f"{c[0]}.{c[1:]}".rstrip("0") + "E10" for c in cells]
    return containers.xlsx([[HEADS[rule], "备注"]] + [[containers.Number(c), "无"] for c in cells]), 3


def positives(rule, around, seed):
    rng = random.Random(f"{seed}/{rule}/positive")
    pool = []
    for n in range(55):
        def make():
            if not pool:
                pool.extend(writings(rule, rng))
                rng.shuffle(pool)
            return pool.pop()
        name, data, planted, said = carried(rule, around, rng, make, n)
        yield Case(name, data, rule, planted, said.replace(PAD, ""))
    if rule in ("cn.mobile", "intl.card"):
        for n in range(6):
            data, planted = numbers_in_cells(rule, rng, n)
            yield Case("doc.xlsx", data, rule, planted, "numeric cells")
    if rule == "cn.resident_id":
        for label in ("身份证号：", "原身份证号码", "身份证(15位) ", "公民身份证号码："):
            text = f"{v.name(rng)} {label}{v.resident_id_15(rng)}"
            yield Case("doc.txt", text.encode(), rule, 1, text)
