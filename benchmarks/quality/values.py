"""Identifiers drawn by rules of their own, not by the tables of the validators.

Each maker returns (canonical, written forms); the first form is the plain one.
Check characters follow the published formulas; `generate.py --check` holds them against stdnum.
"""

COUNTIES = """
110101 110105 110108 110112 120101 120104 130102 130203 130682 132201 132929 140105 140202 142601
150102 150203 152101 210102 210203 211322 220104 220202 222403 230102 230604 232103 310104 310110
310115 320102 320583 320981 321023 330106 330281 330382 332526 340103 340322 342401 342623 350203
350525 352124 360102 360732 362201 362523 370202 370883 371323 372901 410102 411025 412728 413026
420106 420682 422302 422801 430104 430626 432524 433101 440106 440305 440583 441900 450103 450881
452724 460106 469023 500103 500233 510104 510824 512301 513001 513401 520102 520382 522401 522601
530102 530381 532901 533101 540102 542421 610104 610724 612301 612526 620102 620523 622301 622926
630102 632124 632801 640104 640324 650102 652201 653101 654001 810000 820000 830000
""".split()

MOBILE_PREFIXES = """
130 131 132 133 134 135 136 137 138 139 145 147 149 150 151 152 153 155 156 157 158 159 162 165 166
167 170 171 172 173 175 176 177 178 180 181 182 183 184 185 186 187 188 189 190 191 192 193 195 196
197 198 199
""".split()

LONG_AREAS = """
0311 0312 0315 0335 0351 0371 0379 0391 0411 0421 0431 0451 0471 0512 0514 0523 0531 0532 0536 0551
0553 0571 0574 0577 0591 0592 0595 0631 0663 0710 0717 0731 0734 0745 0755 0757 0760 0769 0771 0773
0791 0797 0816 0831 0851 0871 0888 0898 0911 0917 0931 0951 0971 0991 0902 0891
""".split()
SHORT_AREAS = "010 020 021 022 023 024 025 027 028 029".split()

UNIONPAY = """
622202 622848 621700 621660 622588 622609 622262 621485 623058 625190 622155 620302 621226 628288
622908 623668 621799 622188 621081 624301 955880 955881 955888 955990 955991 436742 456351 601382
""".split()
NINETEEN = {"955880", "955881", "955888", "955990", "955991", "436742", "456351", "601382"}

IBAN_FORMS = {
    "DE": "n18", "FR": "n10 c11 n2", "GB": "a4 n14", "NL": "a4 n10", "ES": "n20", "IT": "a1 n10 c12",
    "CH": "n5 c12", "AT": "n16", "BE": "n12", "SE": "n20", "NO": "n11", "DK": "n14", "FI": "n14",
    "PL": "n24", "PT": "n21", "IE": "a4 n14", "AE": "n19", "SA": "n2 c18", "TR": "n5 n1 c16",
    "KZ": "n3 c13", "LU": "n3 c13", "MT": "a4 n5 c18", "CZ": "n20", "GR": "n7 c16", "QA": "a4 c21",
}
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ"
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def digits(rng, count, first="0123456789"):
    return rng.choice(first) + "".join(rng.choice("0123456789") for _ in range(count - 1))


def cut(text, sizes, separator):
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at:at + size])
        at += size
    if at < len(text):
        parts.append(text[at:])
    return separator.join(parts)


def luhn_digit(body):
    total = 0
    for place, char in enumerate(reversed(body)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def ric_check(body):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(c) * w for c, w in zip(body, weights)) % 11]


def org_check(body):
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    check = 11 - sum(int(c, 36) * w for c, w in zip(body, weights)) % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def credit_check(body):
    total = sum(CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return CREDIT[-total % 31]


def birthday(rng):
    return "%04d%02d%02d" % (rng.randint(1936, 2019), rng.randint(1, 12), rng.randint(1, 28))


def resident_id(rng):
    body = rng.choice(COUNTIES) + birthday(rng) + "%03d" % rng.randint(1, 999)
    value = body + ric_check(body)
    sizes = rng.choice([(6, 8, 4), (6, 4, 4, 4), (6, 8, 4)])
    return value, [value, value.lower(), cut(value, sizes, " "), cut(value, sizes, "-")]


def resident_id_15(rng):
    value = (rng.choice(COUNTIES[:-3]) + "%02d%02d%02d" %
             (rng.randint(36, 95), rng.randint(1, 12), rng.randint(1, 28)) +
             "%03d" % rng.randint(1, 999))
    return value, [value, cut(value, (6, 6, 3), " ")]


def org_body(rng):
    if rng.random() < 0.4:
        return "MA" + "".join(rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(6))
    return digits(rng, 8, "1234567")


def uscc(rng):
    kind = rng.choice(["91", "91", "91", "92", "93", "11", "12", "51", "52", "53", "31", "81"])
    body = kind + rng.choice(COUNTIES[:-3]) + org_body(rng)
    body += org_check(body[8:])
    value = body + credit_check(body)
    forms = [value, value, value.lower(), cut(value, (4, 4, 4, 4), " ")]
    return value, forms


def org_code(rng):
    body = org_body(rng)
    value = body + org_check(body)
    return value, [value, body + "-" + value[-1]]


def mobile(rng):
    value = rng.choice(MOBILE_PREFIXES) + digits(rng, 8)
    spaced, dashed = cut(value, (3, 4), " "), cut(value, (3, 4), "-")
    return value, [value, value, spaced, dashed, "+86 " + value, "+86-" + dashed, "+86" + value,
                   "0086 " + spaced, "86-" + value, cut(value, (4, 4), " ")]


def landline(rng):
    if rng.random() < 0.4:
        area, local = rng.choice(SHORT_AREAS), digits(rng, 8, "2345678")
    else:
        area, local = rng.choice(LONG_AREAS), digits(rng, rng.choice([7, 8]), "2345678")
    parted = cut(local, (len(local) - 4,), " ")
    return area + local, [
        area + "-" + local, area + "-" + local, f"({area}){local}", f"（{area}）{local}",
        f"({area}) {parted}", f"{area} {local}", f"{area} {parted}", f"+86-{area[1:]}-{local}",
        f"+86 {area[1:]} {local}", f"0086-{area[1:]}-{local}", area + local,
        f"{area}-{local}-{rng.randint(100, 8999)}"]


def bank_card(rng):
    issuer = rng.choice(UNIONPAY)
    length = 19 if issuer in NINETEEN else rng.choice([16, 16, 19, 19, 19, 17, 18])
    body = issuer + digits(rng, length - 7)
    value = body + luhn_digit(body)
    fours = [4] * (length // 4)
    return value, [value, value, cut(value, fours, " "), cut(value, fours, "-"),
                   cut(value, (6,), " ")]


def card(rng):
    kind = rng.choice(["visa", "visa", "mc", "mc2", "amex", "jcb", "diners", "discover"])
    prefix, length = {
        "visa": ("4" + digits(rng, 5), 16), "mc": (rng.choice("51 52 53 54 55".split()), 16),
        "mc2": (str(rng.randint(2221, 2720)), 16), "amex": (rng.choice(["34", "37"]), 15),
        "jcb": (str(rng.randint(3528, 3589)), 16),
        "diners": (rng.choice("300 301 302 303 304 305 36 38".split()), 14),
        "discover": (rng.choice("6011 644 645 649 65".split()), 16)}[kind]
    body = prefix + digits(rng, length - 1 - len(prefix))
    value = body + luhn_digit(body)
    sizes = {15: (4, 6, 5), 14: (4, 6, 4), 16: (4, 4, 4, 4)}[length]
    return value, [value, value, cut(value, sizes, " "), cut(value, sizes, "-")]


def passport(rng):
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    value = rng.choice(["E" + digits(rng, 8), "E" + digits(rng, 8),
                        "E" + rng.choice(letters) + digits(rng, 7), "G" + digits(rng, 8),
                        "PE" + digits(rng, 7), "SE" + digits(rng, 7), "DE" + digits(rng, 7),
                        "K" + digits(rng, 8), "KJ" + digits(rng, 7)])
    return value, [value, value, value.lower()]


def travel_permit(rng):
    value = rng.choice(["H" + digits(rng, 8), "M" + digits(rng, 8), "H" + digits(rng, 10),
                        "C" + digits(rng, 8), "C" + rng.choice("ABCDEFGH") + digits(rng, 7),
                        "W" + digits(rng, 8), "T" + digits(rng, 8)])
    return value, [value]


def taiwan_permit(rng):
    value = digits(rng, 8)
    return value, [value]


def plate(rng):
    head = rng.choice(PROVINCES) + rng.choice(PLATE)
    kind = rng.random()
    if kind < 0.5:
        tail = digits(rng, 5)
    elif kind < 0.7:
        spots = rng.sample(range(5), rng.randint(1, 2))
        tail = "".join(rng.choice(PLATE) if i in spots else rng.choice("0123456789")
                       for i in range(5))
    elif kind < 0.85:
        tail = rng.choice([rng.choice("DF") + rng.choice(PLATE + "0123456789") + digits(rng, 4),
                           digits(rng, 5) + rng.choice("DF")])
    else:
        tail = digits(rng, 4) + rng.choice("警学挂")
    return head + tail, [head + tail, head + tail, head + "·" + tail, head + " " + tail,
                         head + "-" + tail]


def email(rng):
    names = "zhang.san li_si wangwu chen-jing liu2019 m.huang procurement yang+bid kefu sales01".split()
    hosts = ("qq.com 163.com 126.com sina.cn mail.huaxin.com.cn gmail.com outlook.com bj.gov.cn "
             "pku.edu.cn sub-dept.corp.co.uk startup.io art.design").split()
    value = rng.choice(names) + str(rng.randint(0, 99999)) + "@" + rng.choice(hosts)
    return value, [value, value, value.upper() if rng.random() < 0.3 else value]


def iban(rng):
    country = rng.choice(sorted(IBAN_FORMS))
    account = ""
    for part in IBAN_FORMS[country].split():
        pool = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "c": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}[part[0]]
        account += "".join(rng.choice(pool) for _ in range(int(part[1:])))
    number = int("".join(str(int(c, 36)) for c in account + country + "00"))
    value = country + "%02d" % (98 - number % 97) + account
    return value, [value, value, cut(value, [4] * (len(value) // 4), " ")]


MAKERS = {
    "cn.resident_id": resident_id, "cn.uscc": uscc, "cn.org_code": org_code, "cn.mobile": mobile,
    "cn.landline": landline, "cn.bank_card": bank_card, "cn.passport": passport,
    "cn.travel_permit": travel_permit, "cn.plate": plate, "intl.email": email, "intl.iban": iban,
    "intl.card": card,
}
