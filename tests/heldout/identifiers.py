"""One document for each identifier as people write them, and documents that only look as if."""

import json
import random
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


# The surroundings a value stands in, without the carrier: {} is the value, {n} a name, {d} a date.
AROUND = {
    "cn.resident_id": ["客户{n}，身份证号{}，{d}开户。", "{n}（身份证号码：{}）系本公司法定代表人", "公民身份号码 {}",
                       "借款人{n}{}于{d}签署借款合同", "证件类型：居民身份证\n证件号码：{}", "Resident ID: {}, name {n}",
                       "被告{n}，男，汉族，{d}出生，住朝阳区，公民身份号码{}。", "经办人：{n}【{}】", "投保人 {n} | {} | 已核验",
                       "乙方{n}，身份证：{}，住址：中山路18号", "[{}]", "社保号：{}", "ID No.{}", "持证人{n}证号{}有效期至{d}"],
    "cn.uscc": ["统一社会信用代码：{}", "恒泰商贸有限公司（统一社会信用代码{}）", "纳税人识别号:{}", "税号 {}", "开票信息：名称：恒泰公司 税号：{} 地址：人民路1号",
                "营业执照注册号{}，成立于{d}", "供应商代码表\n恒泰公司,{},正常", "USCC {}", "社会信用代码为{}的企业", "购买方纳税人识别号{}开户行工行",
                "受让方：恒泰公司，{}", "【{}】", "{}恒泰商贸有限公司", "甲方信用代码{}乙方"],
    "cn.org_code": ["组织机构代码：{}", "组织机构代码证号{}", "组织机构代码 {}，有效期至{d}", "机构代码证：{}", "单位组织机构代码为{}。",
                    "恒泰公司（组织机构代码：{}）", "Organization code: {}", "贷款卡号略，组织机构代码【{}】", "代码证编号 组织机构代码{}",
                    "组织机构代码(企业)：{}"],
    "cn.mobile": ["联系电话：{}", "请拨打{}联系{n}", "手机号{}，微信同号", "{n} {} 北京市海淀区", "Tel: {}", "收件人：{n}，{}，上海市", "机主{n}{}于{d}入网",
                  "mobile {}", "有事打我电话{}", "（{}）", "{n}/{}", "紧急联系人：{n} {}", "客户经理{n}：{}；备用：无", "短信已发送至{}。", "手机:{}"],
    "cn.landline": ["电话：{}", "传真：{}", "公司总机{}", "Tel. {}", "联系电话：{} 联系人：{n}", "客服热线 {}", "办公室电话{}，{d}启用", "座机：{}",
                    "Fax {}", "地址：人民路1号 电话：{}", "（电话{}）", "固话：{}"],
    "cn.bank_card": ["银行卡号：{}", "账号{}", "收款人：{n}，开户行：工商银行，账号：{}", "卡号 {}", "请汇至{n}{}建设银行", "{n},{},5000.00", "Card no. {}",
                     "储蓄卡{}余额变动", "工资卡号：{}", "户名：{n}\n帐号：{}\n开户行：农业银行城南支行", "银联卡号[{}]", "转入卡号{}，{d}到账", "还款账户：{}"],
    "cn.passport": ["护照号：{}", "护照号码：{}，签发日期{d}", "Passport No. {}", "passport number: {}", "{n}，护照{}", "持中国护照（{}）入境",
                    "证件类型：护照 证件号码：{}", "护照 {} 有效期至{d}", "旅客护照号{}", "Passport: {}", "护照编号 {}", "普通护照：{}"],
    "cn.travel_permit": ["港澳通行证：{}", "往来港澳通行证号码{}", "回乡证号：{}", "港澳居民来往内地通行证 {}", "通行证号码：{}，有效期至{d}",
                         "证件类型：港澳居民来往内地通行证\n证件号码：{}", "{n}，往来港澳通行证{}", "通行证：{}", "持通行证（{}）",
                         "Exit-Entry Permit for Travelling to and from Hong Kong and Macau: {}", "回乡证{}"],
    "cn.plate": ["车牌号：{}", "车牌号码{}，{d}年检", "{}闯红灯", "车辆{}登记在{n}名下", "号牌号码：{}", "Plate: {}", "抵押车辆：{}，大众牌", "被保险车辆{}",
                 "停车位23 {} 业主{n}", "一辆{}的轿车", "车号【{}】", "公车{}由{n}驾驶"],
    "intl.email": ["邮箱：{}", "请发送至{}。", "E-mail: {}", "<{}>", "{n}的邮箱是{}，请查收", "mailto:{}", "contact {} for details", "{},{n}",
                   "“{}”", "联系人{n}{}", "(e-mail {})", "抄送:{};李四", "账号为{}的用户"],
    "intl.iban": ["IBAN: {}", "IBAN {}", "Bitte überweisen Sie auf {}", "Account {} at our bank", "收款账号（IBAN）：{}", "Please pay to {} by {d}.",
                  "IBAN={};BIC=COBADEFF", "国际账号{}", "beneficiary account: {}", "({})", "Compte : {}"],
    "intl.card": ["信用卡号：{}", "Card number: {}", "Visa {}", "credit card {} exp 09/27", "卡号{}，有效期09/27", "MasterCard: {}", "Charge {} today",
                  "card {} CVV on file", "信用卡{}逾期", "持卡人{n}，卡号{}", "AmEx/Visa/MC no {}", "支付卡：{}"],
}


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


def prose(rule, rng, value):
    text = rng.choice(AROUND[rule])
    return text.replace("{n}", v.name(rng)).replace("{d}", rng.choice(
        ("2021年3月9日", "2019-07-15", "2023/11/02", "2020.01.31"))).replace("{}", value)


def plain(text, rng):
    coding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"))
    if coding == "utf-16-le":
        return "﻿".encode("utf-16-le") + text.encode(coding)
    return text.encode(coding)


PAD = "\n本页为业务办理记录，请妥善保存。办理完毕后由经办人复核并归档，相关材料按年度装订。\n"


def carried(rule, rng, make, n):
    """(name, bytes, planted, text) of one document; the carrier follows n."""
    head, kind = HEADS[rule], n % 11
    if kind < 3:
        text = PAD * (n % 2) + prose(rule, rng, make()) + PAD
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
        text = "情况说明\n" + prose(rule, rng, make()) + PAD
        return "doc.docx", containers.docx(text), 1, "docx " + text
    if kind == 9:
        rows = [["序号", "姓名", head], [1, v.name(rng), make()], [2, v.name(rng), make()]]
        return "doc.xlsx", containers.xlsx(rows), 2, f"xlsx {rows}"
    text = prose(rule, rng, make()).replace(ZERO, "").replace("\n", " ")
    return "doc.pdf", containers.pdf([text]), 1, "pdf " + text


def numbers_in_cells(rule, rng, n):
    """Values that a spreadsheet holds as numbers, some written by exponent."""
    cells = [v.mobile(rng) if rule == "cn.mobile" else v.luhn("3714" + v.digits(rng, 10)) for _ in range(3)]
    if n % 2 and rule == "cn.mobile":
        cells = [f"{c[0]}.{c[1:]}".rstrip("0") + "E10" for c in cells]
    return containers.xlsx([[HEADS[rule], "备注"]] + [[containers.Number(c), "无"] for c in cells]), 3


def positives(rule, seed):
    rng = random.Random(f"{seed}/{rule}/positive")
    pool = []
    for n in range(55):
        def make():
            if not pool:
                pool.extend(writings(rule, rng))
                rng.shuffle(pool)
            return pool.pop()
        name, data, planted, said = carried(rule, rng, make, n)
        yield Case(name, data, rule, planted, said.replace(PAD, ""))
    if rule in ("cn.mobile", "intl.card"):
        for n in range(6):
            data, planted = numbers_in_cells(rule, rng, n)
            yield Case("doc.xlsx", data, rule, planted, "numeric cells")
    if rule == "cn.resident_id":
        for label in ("身份证号：", "原身份证号码", "身份证(15位) ", "公民身份证号码："):
            text = f"{v.name(rng)} {label}{v.resident_id_15(rng)}"
            yield Case("doc.txt", text.encode(), rule, 1, text)
