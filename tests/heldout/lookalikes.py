"""Documents that hold no identifier of the kind asked for, written to look as if they did."""

import random

import values as v


def spoiled(text):
    """The last digit of `text` made wrong."""
    return text[:-1] + str((int(text[-1]) + 3) % 10 if text[-1].isdigit() else 4)


def other_end(text):
    """`text` with another last letter, which is no check character of it."""
    return text[:-1] + ("B" if text[-1] == "A" else "A")


def inside(rng, text):
    return v.digits(rng, 3) + text + v.digits(rng, 2)


# {}: a spoiled or foreign value made by the function beside it.
SPECIFIC = {
    "cn.resident_id": [
        ("身份证号：{}", lambda r: spoiled(v.resident_id(r))),
        ("客户{}已登记", lambda r: spoiled(v.resident_id(r))),
        ("身份证 {}", lambda r: "110101" + "19901332" + v.digits(r, 4)),
        ("证件号码{}", lambda r: "991101" + v.date(r) + v.digits(r, 4)),
        ("身份证号：{}", lambda r: v.resident_id(r)[:6] + "********" + v.resident_id(r)[-4:]),
        ("流水号{}", lambda r: inside(r, v.resident_id(r))),
        ("设备串号 {}", lambda r: v.resident_id_15(r)),
        ("IMEI: {}", lambda r: "86" + v.digits(r, 13)),
        ("https://shop.example.com/item/{}.html", lambda r: spoiled(v.resident_id(r))),
        ("订单号：{}", lambda r: "2023" + v.digits(r, 14)),
        ("身份证号 {}", lambda r: v.resident_id(r)[:-2]),
        ("sha1 {}", lambda r: "a" + inside(r, v.resident_id(r)) + "f0"),
        ("0.{}", lambda r: v.resident_id_15(r)),
        ("物料编码{}，规格20mm", lambda r: v.resident_id_15(r)),
        ("证件号 {}", lambda r: v.REGIONS[0] + "2999" + v.digits(r, 8)),
    ],
    "cn.uscc": [
        ("统一社会信用代码：{}", lambda r: other_end(v.uscc(r))),
        ("税号{}", lambda r: v.uscc(r)[:-1]),
        ("信用代码 {}", lambda r: "91110105" + "IOZSV" + v.digits(r, 5)),
        ("序列号{}", lambda r: "SN" + v.uscc(r)),
        ("VIN {}", lambda r: "LSVAG" + v.digits(r, 12)),
        ("授权码：{}", lambda r: "".join(r.choice("ABCDEF0123456789") for _ in range(24))),
        ("运单 {}", lambda r: "91" + v.digits(r, 20)),
        ("token={}", lambda r: "x" + v.uscc(r).lower() + "Zq"),
        ("信用代码：{}", lambda r: v.uscc(r)[:8] + "****" + v.uscc(r)[-6:]),
        ("代码{}", lambda r: "88" + v.uscc(r)[2:]),
        ("LEI {}", lambda r: "5493" + "".join(r.choice(v.CREDIT) for _ in range(16))),
        ("身份证 {}", v.resident_id),
        ("ISIN DE000{}", lambda r: v.digits(r, 7)),
        ("卡号 {}", v.bank_card),
        ("批号{}", lambda r: "92" + v.digits(r, 15)),
    ],
    "cn.org_code": [
        ("组织机构代码：{}", lambda r: other_end(v.org_code(r))),
        ("批次号 {}", lambda r: f"{v.date(r, 2020, 2024)}-{r.randint(0, 9)}"),
        ("零件号{}", lambda r: f"{v.digits(r, 8)}-{r.randint(0, 9)}"),
        ("样品编号：{}", v.org_code),
        ("邮编{}", lambda r: v.digits(r, 6)),
        ("ISBN 7-{}", lambda r: f"{v.digits(r, 4)}-{v.digits(r, 4)}-{r.randint(0, 9)}"),
        ("合同编号HT-{}", lambda r: f"{v.date(r, 2020, 2024)}-{r.randint(0, 9)}"),
        ("QQ：{}", lambda r: v.digits(r, 9)),
        ("电话010-{}", lambda r: f"6{v.digits(r, 7)}-{r.randint(1, 9)}"),
        ("组织机构代码：{}", lambda r: v.digits(r, 7)),
        ("组织机构代码：{}", lambda r: v.digits(r, 12)),
        ("工单{}", v.org_code),
        ("金额：{}", lambda r: f"{v.digits(r, 3)},{v.digits(r, 3)},{v.digits(r, 3)}"),
        ("订单{}已发货", lambda r: v.org_code(r)[:8] + "-" + v.org_code(r)[8]),
        ("型号 {}", lambda r: f"{r.randint(10000000, 99999999)}-X"),
    ],
    "cn.mobile": [
        ("电话：{}", lambda r: "12" + v.digits(r, 9)),
        ("手机 {}", lambda r: v.mobile(r)[:-1]),
        ("编号{}", lambda r: v.mobile(r) + v.digits(r, 2)),
        ("订单号：{}", v.mobile),
        ("运单号 {}", v.mobile),
        ("金额{}元", v.mobile),
        ("坐标 {}", lambda r: f"{v.mobile(r)[:3]}.{v.mobile(r)[3:]}"),
        ("时间戳 {}", lambda r: f"16{v.digits(r, 11)}"),
        ("比率0.{}", v.mobile),
        ("ICCID 8986{}", lambda r: v.digits(r, 2) + v.mobile(r) + v.digits(r, 3)),
        ("总额 {} 元", lambda r: f"13,{v.digits(r, 3)},{v.digits(r, 3)},{v.digits(r, 3)}.00"),
        ("手机：{}", lambda r: v.mobile(r)[:3] + "****" + v.mobile(r)[-4:]),
        ("md5 {}", lambda r: "e" + v.mobile(r) + "bb0" + v.digits(r, 5)),
        ("SN{}A", v.mobile),
        ("ISBN 978{}", lambda r: v.digits(r, 10)),
        ("https://d.example.cn/p/{}", v.mobile),
    ],
    "cn.landline": [
        ("日期 {}", lambda r: f"20{v.digits(r, 2)}-0{r.randint(1, 9)}-1{r.randint(0, 9)}"),
        ("招标编号：{}", lambda r: f"0701-{v.digits(r, 4)}SH{v.digits(r, 4)}"),
        ("项目编号 {}", lambda r: f"0811-234DSITC{v.digits(r, 4)}"),
        ("料号 {}", lambda r: f"010-{v.digits(r, 4)}"),
        ("编号{}", lambda r: f"010-{v.digits(r, 12)}"),
        ("第{}号", lambda r: f"021-{v.digits(r, 3)}"),
        ("电话：{}", lambda r: f"0123-{r.choice('23456')}{v.digits(r, 7)}"),
        ("批次 {}", lambda r: f"07-{v.digits(r, 8)}"),
        ("ISBN {}", lambda r: f"978-7-{v.digits(r, 3)}-{v.digits(r, 5)}-{r.randint(0, 9)}"),
        ("数值 0.{}", lambda r: f"10{v.digits(r, 8)}"),
        ("流水{}", lambda r: f"0{v.digits(r, 11)}"),
        ("CAS {}", lambda r: f"{v.digits(r, 5)}-{v.digits(r, 2)}-{r.randint(0, 9)}"),
        ("传真：{}", lambda r: f"0571-0{v.digits(r, 7)}"),
        ("订单 {}", lambda r: "020" + r.choice("2345678") + v.digits(r, 7)),
        ("第{}章第3节", lambda r: f"{r.randint(10, 99)}-{r.randint(10, 99)}"),
    ],
    "cn.bank_card": [
        ("卡号：{}", lambda r: spoiled(v.bank_card(r))),
        ("银行卡 {}", lambda r: v.bank_card(r)[:6] + "******" + v.bank_card(r)[-4:]),
        ("对公账号：{}", lambda r: "1001" + v.digits(r, 15)),
        ("ICCID: {}", lambda r: "89860" + v.digits(r, 15)),
        ("运单 {}", lambda r: inside(r, v.bank_card(r))),
        ("账号 {}", lambda r: v.luhn("9" + "111" + v.digits(r, 11))),
        ("流水号：{}", lambda r: "20230115" + v.digits(r, 11)),
        ("卡号 {}", lambda r: v.luhn("622202" + v.digits(r, 5))),
        ("0.{}", v.bank_card),
        ("hash {}", lambda r: "c" + v.bank_card(r) + "ae"),
        ("订单号：{}", lambda r: spoiled(v.luhn("62" + v.digits(r, 13)))),
        ("积分{}", lambda r: f"6,{v.digits(r, 3)},{v.digits(r, 3)},{v.digits(r, 3)}"),
        ("Visa {}", v.card),
        ("条码 {}", lambda r: "69" + v.digits(r, 11)),
        ("卡号{}", lambda r: "62" + v.digits(r, 6)),
    ],
    "cn.passport": [
        ("产品编号 {}", v.passport), ("合同编号：{}", v.passport), ("发票号{}", v.passport), ("型号{}现货", v.passport),
        ("护照号：{}", lambda r: "E" + v.digits(r, 6)), ("护照号码 {}", lambda r: "Q" + v.digits(r, 8)),
        ("护照：{}", lambda r: "E" + v.digits(r, 11)), ("护照 {}", lambda r: "E" + v.digits(r, 3) + "****" + v.digits(r, 1)),
        ("护照有效期十年，办理费用120元，受理号{}", lambda r: v.digits(r, 12)), ("色号#{}", v.passport),
        ("资产编号：{}", v.passport), ("SKU-{}", v.passport), ("{}", v.passport), ("0x{}", v.passport),
        ("批次{}共3箱", v.passport)],
    "cn.travel_permit": [
        ("零件 {}", v.travel_permit), ("合同号：{}", v.travel_permit), ("{}", v.travel_permit),
        ("小区通行证 No.{}", lambda r: v.digits(r, 4)), ("港澳通行证：{}", lambda r: "C" + v.digits(r, 6)),
        ("通行证号码 {}", lambda r: "Z" + v.digits(r, 8)), ("回乡证：{}", lambda r: "H" + v.digits(r, 5)),
        ("发票号 {}", v.travel_permit), ("元器件{}", v.travel_permit), ("型号{}", v.travel_permit),
        ("港澳通行证 {}", lambda r: "C" + v.digits(r, 12)), ("证书编号 {}", v.travel_permit),
        ("办理港澳通行证请拨打{}", lambda r: v.digits(r, 8)), ("批号{}", v.travel_permit),
        ("通行证 {}", lambda r: "C12" + "***" + v.digits(r, 3))],
    "cn.plate": [
        ("增值电信业务经营许可证：{}", lambda r: f"京B2-{v.digits(r, 8)}"), ("{}", lambda r: f"粤B2-20{v.digits(r, 6)}"),
        ("京ICP备{}号", lambda r: v.digits(r, 8)), ("车牌 {}", lambda r: f"京A{v.digits(r, 3)}"),
        ("编号{}", lambda r: f"沪A{v.digits(r, 8)}"), ("苏E栋{}室", lambda r: v.digits(r, 4)),
        ("浙A{}", lambda r: "股" + v.digits(r, 6)), ("川A类{}", lambda r: v.digits(r, 5)), ("A{}", lambda r: v.digits(r, 5)),
        ("车牌号 {}", lambda r: f"东A{v.digits(r, 5)}"), ("沪I{}", lambda r: v.digits(r, 5)),
        ("津A4纸{}张", lambda r: v.digits(r, 5)), ("京公网安备{}号", lambda r: v.digits(r, 14)),
        ("鲁班奖A{}", lambda r: v.digits(r, 5)), ("车牌：{}", lambda r: f"京A**{v.digits(r, 3)}")],
    "intl.email": [
        ("logo@2x.png {}", lambda r: v.digits(r, 3)), ("npm i @types/node@18.{}", lambda r: v.digits(r, 2)),
        ("关注 @小{}", v.name), ("root@localhost {}", lambda r: v.digits(r, 2)), ("user@{}", lambda r: "10.0.0." + v.digits(r, 2)),
        ("lodash@4.17.{}", lambda r: v.digits(r, 2)), ("12 pcs @ 3.{} each", lambda r: v.digits(r, 2)),
        ("a@b {}", v.name), ("zhang at example dot com {}", v.name), ("@media (max-width: {}px)", lambda r: v.digits(r, 3)),
        ("@Override.run{}", lambda r: v.digits(r, 1)), ("image@3x.jpg{}", lambda r: ""), ("x@.com{}", lambda r: ""),
        ("SELECT @a.b, @{}", lambda r: "c"), ("libfoo.so.1@@GLIBC_2.{}", lambda r: v.digits(r, 2))],
    "intl.iban": [
        ("IBAN: {}", lambda r: spoiled(v.iban(r))), ("IBAN {}", lambda r: "XX" + v.iban(r)[2:]),
        ("IBAN {}", lambda r: v.iban(r)[:-3]), ("VAT DE{}", lambda r: v.digits(r, 9)), ("ISIN DE000{}", lambda r: v.digits(r, 7)),
        ("LEI {}", lambda r: "5493" + "".join(r.choice(v.CREDIT) for _ in range(16))), ("ref {}", lambda r: "R" + v.iban(r)),
        ("key {}", lambda r: v.iban(r) + "Q7A"), ("BIC {}", lambda r: "DEUTDEFF" + v.digits(r, 3)),
        ("IBAN: {}", lambda r: v.iban(r)[:6] + "********" + v.iban(r)[-4:]), ("SE{}", lambda r: v.digits(r, 22)),
        ("tracking {}", lambda r: f"LX{v.digits(r, 9)}DE"), ("DE{}", lambda r: v.digits(r, 20)[:18] + "AB"),
        ("GB{}", lambda r: v.digits(r, 12)), ("uuid {}", lambda r: f"de89{v.digits(r, 4)}-{v.digits(r, 4)}-4{v.digits(r, 3)}")],
    "intl.card": [
        ("Card number: {}", lambda r: spoiled(v.card(r))), ("Visa {}", lambda r: v.card(r)[:4] + " **** **** " + v.card(r)[-4:]),
        ("order {}", lambda r: spoiled(v.luhn("4539" + v.digits(r, 11)))), ("ISBN {}", lambda r: "978" + v.digits(r, 10)),
        ("IMEI {}", lambda r: v.luhn("35" + v.digits(r, 12))), ("timestamp {}", lambda r: "16" + v.digits(r, 14)),
        ("serial {}", lambda r: inside(r, v.card(r))), ("card {}", lambda r: v.luhn("9012" + v.digits(r, 11))),
        ("0.{}", v.card), ("hash f{}", lambda r: v.card(r) + "e1"), ("卡号 {}", v.bank_card),
        ("EAN {}", lambda r: "40" + v.digits(r, 11)), ("id {}", lambda r: v.luhn("0" + v.digits(r, 14))),
        ("tracking {}", lambda r: "9400" + v.digits(r, 18)), ("card {}", lambda r: v.luhn("4539" + v.digits(r, 7)))],
}

# Documents that hold no identifier of any kind.
ORDINARY = [
    "订单明细\n订单号,数量,金额\n{13},2,{3}.50\n{13},1,{3}.00", "{8}-{4}-4{3}-a{3}-{12}", "2024-03-1{1}T08:{2}:00.{6}Z INFO 请求 {6} 完成",
    "sha256:9f{8}ab{8}cd{8}ef{8}", "下载地址 https://cdn.example.com/v{1}/{10}/{6}.zip", "快递单号 SF{13}", "运单号：YT{13}",
    "ISBN 978-7-{3}-{5}-{1}", "纬度 39.{8} 经度 116.{8}", "MAC 00:1A:{2}:3C:4D:5E", "恒银发〔2024〕{2}号", "邮政编码 1{5}",
    "股票代码 600{3}，收盘价 {2}.{2}", "彩票开奖号码 {2} {2} {2} {2} {2} {2} {2}", "0.{9} 1.{9} 2.{9}\n3.{9} 4.{9}", "IPv4 10.{2}.{2}.{2}",
    "CAS 号 {4}-{2}-{1}", "ICCID 8986{16}", "版本 {1}.{2}.{4}-build{6}", "收入 {1},{3},{3},{3}.00 元，同比增长 {1}.{1}%", "发票代码 {12} 发票号码 {8}",
    "增值税专用发票号码：{20}", "案号（2023）京01民终{4}号", "工号 {6} 考勤 {4}", "货号{10} 尺码42", "QQ群 {9}", "流水号 2024{2}1{1}{14}", "学号 2021{8}",
    "电表读数 {6}.{2}", "专利号 ZL2020{8}.{1}", "国药准字H2{7}", "生产许可证 SC{14}", "批准文号 Z{8}", "GB/T {5}-2018", "tel:ext {4}",
    "设备 SN：{4}-{4}-{4}-{4}", "文件 IMG_2023{4}_{6}.jpg", "commit {8}e{6}b{8}d", "房产证号 京房权证朝字第{6}号", "条形码 69{11}",
    "车架号 LFV{14}", "航班 CA{4}，登机口 {2}", "会议号 {3}-{3}-{3}", "验证码 {6}，5分钟内有效", "密码 Ab{6}!x", "型号 E{8}-G", "Order no. {16}0",
]


def fill(template, rng):
    out, rest = "", template
    while "{" in rest:
        head, rest = rest.split("{", 1)
        count, rest = rest.split("}", 1)
        out += head + v.digits(rng, int(count))
    return out + rest


def specific(rule, seed, rounds=4):
    rng = random.Random(f"{seed}/{rule}/negative")
    for _ in range(rounds):
        for template, make in SPECIFIC[rule]:
            yield template.replace("{}", make(rng))


def listed(rule, templates, seed, rounds=8):
    """Of a list of texts: {ok} a right value, {bad} one with a wrong end, {3} figures."""
    rng = random.Random(f"{seed}/{rule}/listed")
    make = getattr(v, {"intl.card": "card"}.get(rule, rule.split(".")[1]))
    for _ in range(rounds):
        for template in templates:
            text = template.replace("{ok}", make(rng)) if "{ok}" in template else template
            if "{bad}" in text:
                value = make(rng)
                text = text.replace("{bad}", spoiled(value) if value[-1].isdigit() else other_end(value))
            yield fill(text, rng)


def ordinary(seed, rounds=2):
    rng = random.Random(f"{seed}/ordinary")
    for _ in range(rounds):
        for template in ORDINARY:
            yield fill(template, rng)
