"""Text that looks like identifiers and is none: one line each."""

import hashlib
import uuid

import values
from values import cut, digits


def stamp(rng):
    return "%04d%02d%02d%02d%02d%02d" % (rng.randint(2019, 2026), rng.randint(1, 12),
                                         rng.randint(1, 28), rng.randint(0, 23),
                                         rng.randint(0, 59), rng.randint(0, 59))


def sha(rng, size):
    return hashlib.sha256(str(rng.random()).encode()).hexdigest()[:size]


def imei(rng):
    body = rng.choice(["35", "86", "01"]) + digits(rng, 12)
    return body + values.luhn_digit(body)


def iccid(rng):
    body = "8986" + digits(rng, 15)
    return body + values.luhn_digit(body)


def ean(rng):
    body = rng.choice(["690", "692", "694", "978"]) + digits(rng, 9)
    total = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body))
    return body + str(-total % 10)


SHARED = [
    lambda r: "订单号：" + stamp(r) + digits(r, r.randint(4, 6)),
    lambda r: "订单编号 " + digits(r, r.randint(10, 20), "123456789"),
    lambda r: "流水号:" + digits(r, r.randint(12, 19), "123456789"),
    lambda r: "交易时间 " + stamp(r),
    lambda r: "备份文件 backup_" + stamp(r) + ".tar.gz",
    lambda r: "timestamp=" + str(r.randint(1500000000000, 1790000000000)),
    lambda r: "ts: " + str(r.randint(1500000000, 1790000000)) + ".%06d" % r.randint(0, 999999),
    lambda r: "序列号 SN" + digits(r, r.randint(8, 14)),
    lambda r: "S/N: " + digits(r, r.randint(9, 18)),
    lambda r: "md5 " + sha(r, 32),
    lambda r: "commit " + sha(r, 40),
    lambda r: "sha256:" + sha(r, 64),
    lambda r: "request " + str(uuid.UUID(int=r.getrandbits(128), version=4)),
    lambda r: "地址 %d.%d.%d.%d 端口 %d" % tuple([r.randint(1, 254) for _ in range(4)] + [r.randint(1, 65535)]),
    lambda r: "版本 %d.%d.%d.%d" % (r.randint(1, 20), r.randint(0, 99), r.randint(0, 9999), r.randint(0, 99999)),
    lambda r: "条形码 " + ean(r),
    lambda r: "ISBN " + cut(ean(r), (3, 1, 4, 4), "-"),
    lambda r: "IMEI: " + imei(r),
    lambda r: "ICCID " + iccid(r),
    lambda r: "发票号码 " + digits(r, 8) + " 发票代码 " + digits(r, 12, "01"),
    lambda r: "全电发票号码：" + str(r.randint(23, 26)) + digits(r, 18),
    lambda r: "快递单号：" + r.choice(["SF", "YT", "JD", ""]) + digits(r, r.choice([12, 13, 15]), "1234567"),
    lambda r: "运单号 " + digits(r, 13, "1347"),
    lambda r: "金额：%d.%02d元" % (r.randint(1000, 99999999999), r.randint(0, 99)),
    lambda r: "合计 ¥{:,}.00".format(r.randint(10000, 99999999999)),
    lambda r: "存储用量 %d 字节" % r.randint(10**9, 10**14),
    lambda r: "圆周率 3.1415926535897932384626433832795",
    lambda r: "坐标 %.13f,%.13f" % (r.uniform(70, 135), r.uniform(18, 53)),
    lambda r: "https://item.example.cn/%s.html?spm=%s" % (digits(r, r.randint(9, 18), "1356"), sha(r, 12)),
    lambda r: "img/%s_%s.jpg" % (stamp(r), digits(r, 6)),
    lambda r: "mmexport%d.jpg" % r.randint(1500000000000, 1790000000000),
    lambda r: "QQ群：" + digits(r, 9, "123456789"),
    lambda r: "邮编 " + digits(r, 6, "12345678"),
    lambda r: "联行号 " + digits(r, 12, "13"),
    lambda r: "合同编号 HT-%d-%s" % (r.randint(2019, 2026), digits(r, 6)),
    lambda r: "图号 " + r.choice("ABCDEFGH") + digits(r, 6) + "-" + digits(r, 2),
    lambda r: "2024-01-01 10:20:30.%06d [%d] INFO done in %d ms" % (r.randint(0, 999999), r.randint(1000, 99999), r.randint(1, 9999)),
    lambda r: "MAC " + ":".join(sha(r, 2) for _ in range(6)),
    lambda r: "\"id\": " + digits(r, r.choice([17, 18, 19]), "78") + ", \"ok\": true",
    lambda r: "雪花号 1" + digits(r, 18),
    lambda r: "客服热线 400-%s-%s，短号 95%s" % (digits(r, 3), digits(r, 4), digits(r, 3)),
    lambda r: "服务电话 800-%s-%s" % (digits(r, 3, "8"), digits(r, 4)),
    lambda r: "data:image/png;base64," + sha(r, 60) + "==",
    lambda r: "0x" + sha(r, 16) + " " + digits(r, 11, "0") + "h",
    lambda r: "编号 " + "-".join(digits(r, 4) for _ in range(5)),
    lambda r: "000000000000000000 111111111111111 999999999999999999",
    lambda r: "1234567890123456789 9876543210987654321",
    lambda r: "会议号 %s %s %s" % (digits(r, 3, "4579"), digits(r, 3), digits(r, 3)),
    lambda r: "车次 G%d 航班 CA%d 座位 %d%s" % (r.randint(1, 9999), r.randint(100, 9999), r.randint(1, 60), r.choice("ABCDEF")),
    lambda r: "股票 %s 成交 %d 股" % (digits(r, 6, "036"), r.randint(100, 10**10)),
]


def wrong_last(rng, value, alphabet="0123456789"):
    other = rng.choice([c for c in alphabet if c != value[-1].upper()])
    return value[:-1] + other


def labelled(rng, rule, value):
    import surroundings
    labels = surroundings.LABELS[rule][0]
    return rng.choice(["{l}：{v}", "{l} {v}", "{v}", "{l}为{v}。"]).format(l=rng.choice(labels), v=value)


def other_label(rng, value):
    return rng.choice(["订单号：", "流水号:", "运单号 ", "序列号：", "交易号: ", "serial: ", "order_id=",
                       "\"trace_id\": \"", "批次号 ", "条形码："]) + value


def embedded(rng, value):
    return rng.choice([digits(rng, 3, "123456789") + value, value + digits(rng, 3), "x" + value + "f",
                       "0." + value, value + ".25%", "ID_" + value + "_v2", "/f/a" + value + "/b",
                       sha(rng, 8) + "a" + value, "https://cdn.cn/o/" + value + ".png"])


def resident_id(r):
    value, _ = values.resident_id(r)
    bad_month = value[:10] + r.choice(["00", "13", "19"]) + value[12:17]
    bad_region = r.choice(["00", "10", "19", "29", "57", "69", "88"]) + value[2:17]
    future = value[:6] + str(r.randint(2030, 2099)) + value[10:17]
    return r.choice([
        lambda: labelled(r, "cn.resident_id", wrong_last(r, value, "0123456789X")),
        lambda: labelled(r, "cn.resident_id", bad_month + values.ric_check(bad_month)),
        lambda: labelled(r, "cn.resident_id", bad_region + values.ric_check(bad_region)),
        lambda: labelled(r, "cn.resident_id", future + values.ric_check(future)),
        lambda: embedded(r, value), lambda: other_label(r, value)])()


def uscc(r):
    value, _ = values.uscc(r)
    return r.choice([
        lambda: labelled(r, "cn.uscc", wrong_last(r, value, values.CREDIT)),
        lambda: labelled(r, "cn.uscc", value[:8] + "I" + value[9:]),
        lambda: "key " + sha(r, 18).upper(), lambda: embedded(r, value),
        lambda: other_label(r, value), lambda: digits(r, 18, "9")])()


def org_code(r):
    value, _ = values.org_code(r)
    return r.choice([
        lambda: labelled(r, "cn.org_code", wrong_last(r, value, "0123456789X")),
        lambda: "物料 " + value, lambda: "零件 " + value[:8] + "-" + value[8],
        lambda: "数量 " + digits(r, 9, "123456789"), lambda: other_label(r, value),
        lambda: embedded(r, value), lambda: "QQ " + digits(r, 9, "123456789")])()


def mobile(r):
    value, _ = values.mobile(r)
    return r.choice([
        lambda: labelled(r, "cn.mobile", r.choice(["12", "10", "11"]) + digits(r, 9)),
        lambda: labelled(r, "cn.mobile", r.choice(["154", "161", "179", "194", "140"]) + digits(r, 8)),
        lambda: embedded(r, value), lambda: other_label(r, value), lambda: value + "元",
        lambda: "编号 2024-" + digits(r, 4) + "-" + value, lambda: "PO-" + value,
        lambda: "中国移动客服 10086"])()


def landline(r):
    area, local = r.choice(values.LONG_AREAS), digits(r, 8, "2345678")
    return r.choice([
        lambda: labelled(r, "cn.landline", r.choice(["012", "014", "026", "0300", "0490", "0610"]) + "-" + local),
        lambda: labelled(r, "cn.landline", area + "-" + r.choice("01") + digits(r, 7)),
        lambda: "区间 0100-0200", lambda: "日期 %d-%02d-%02d" % (r.randint(2000, 2026), r.randint(1, 12), r.randint(1, 28)),
        lambda: "料号 " + area + "-" + digits(r, 5), lambda: area + "-" + local + "-" + digits(r, 6),
        lambda: other_label(r, area + local), lambda: "热线 400" + digits(r, 7),
        lambda: digits(r, 4, "9") + "-" + area + "-" + local])()


def bank_card(r):
    value, _ = values.bank_card(r)
    return r.choice([
        lambda: labelled(r, "cn.bank_card", wrong_last(r, value)),
        lambda: labelled(r, "cn.bank_card", cut(wrong_last(r, value), [4] * 4, " ")),
        lambda: other_label(r, value), lambda: embedded(r, value),
        lambda: "对公账号 " + digits(r, r.choice([12, 15, 17]), "1378"),
        lambda: " ".join(digits(r, 4) for _ in range(7))])()


def passport(r):
    value, _ = values.passport(r)
    return r.choice([
        lambda: "型号 " + value, lambda: "物料 " + value + " 入库", lambda: "色值 #" + value,
        lambda: "护照 " + value + digits(r, 2), lambda: "护照 " + r.choice("ABFJ") + digits(r, 8),
        lambda: "护照 " + value[:6], lambda: "工单 " + value, lambda: embedded(r, value)])()


def travel_permit(r):
    value, _ = values.travel_permit(r)
    return r.choice([
        lambda: "型号 " + value, lambda: "日期 " + stamp(r)[:8], lambda: "批次 " + digits(r, 8),
        lambda: "通行证 " + value[:5], lambda: "通行证 " + r.choice("ABDE") + digits(r, 8),
        lambda: "零件 " + value + " 两件", lambda: embedded(r, value)])()


def plate(r):
    value, _ = values.plate(r)
    return r.choice([
        lambda: "车牌 " + value[:6], lambda: value + digits(r, 4), lambda: "阿里云A" + digits(r, 5),
        lambda: "腾讯云S" + digits(r, 5), lambda: "京" + digits(r, 6), lambda: "全新X" + digits(r, 5),
        lambda: "沪I" + digits(r, 5), lambda: "苏OABCDE", lambda: "新增A区" + digits(r, 5),
        lambda: "川" + "A" + "IOIOI"])()


def email(r):
    name = "user" + digits(r, 4)
    return r.choice([
        lambda: name + "@localhost", lambda: "icon-" + digits(r, 2) + "@2x.png",
        lambda: "git@github.com:org/" + name + ".git", lambda: "npm i " + name + "@4.17." + digits(r, 2),
        lambda: "ssh://git@code.example.com/" + name, lambda: "https://" + name + ":pw@host.example.com/",
        lambda: "@" + name + " 请看", lambda: "@Override public void " + name + "()",
        lambda: name + "@b", lambda: "单价 @ 3.5" + digits(r, 2), lambda: name + "@corp.c0m",
        lambda: "Message-ID: <" + sha(r, 12) + "@mail.example.com>", lambda: name + "@@qq.com",
        lambda: name + "@.com", lambda: "logo@3x." + r.choice(["webp", "jpg", "svg"])])()


def iban(r):
    value, _ = values.iban(r)
    flip = r.randint(4, len(value) - 1)
    changed = value[:flip] + ("7" if value[flip] != "7" else "3") + value[flip + 1:]
    return r.choice([
        lambda: labelled(r, "intl.iban", changed), lambda: labelled(r, "intl.iban", value[:-1]),
        lambda: labelled(r, "intl.iban", "XX" + value[2:]), lambda: "key " + sha(r, 22).upper(),
        lambda: embedded(r, value)])()


def card(r):
    value, _ = values.card(r)
    return r.choice([
        lambda: labelled(r, "intl.card", wrong_last(r, value)),
        lambda: labelled(r, "intl.card", cut(wrong_last(r, value), [4] * 3, " ")),
        lambda: other_label(r, value), lambda: embedded(r, value), lambda: "编号 " + " ".join(
            digits(r, 4) for _ in range(6))])()


OWN = {
    "cn.resident_id": resident_id, "cn.uscc": uscc, "cn.org_code": org_code, "cn.mobile": mobile,
    "cn.landline": landline, "cn.bank_card": bank_card, "cn.passport": passport,
    "cn.travel_permit": travel_permit, "cn.plate": plate, "intl.email": email, "intl.iban": iban,
    "intl.card": card,
}


def line(rng, rule):
    if rng.random() < 0.5:
        return OWN[rule](rng)
    return rng.choice(SHARED)(rng)
