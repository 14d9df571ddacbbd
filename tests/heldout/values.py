"""Identifiers with check characters computed here, from the standards and not from the engine."""

import string

REGIONS = ("110101 110108 120103 130102 140105 150102 210203 220104 230103 310115 310104 320583 330106 340111 350203 "
           "360102 370202 410105 420106 430104 440305 440106 450103 460105 500112 510107 520103 530102 540102 610113 "
           "620102 630104 640104 650102").split()
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟 芳 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 兰 霞 平 建国 子涵 雨桐 浩然".split()
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def digits(rng, n):
    return "".join(rng.choice(string.digits) for _ in range(n))


def name(rng):
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def date(rng, first=1955, last=2006):
    return f"{rng.randint(first, last)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


def mod_11_2(body):
    # ISO 7064 MOD 11-2 as GB 11643 has it: weights 2^17 ... 2^1.
    total = sum(int(c) * pow(2, len(body) - i, 11) for i, c in enumerate(body))
    return "0123456789X"[(12 - total) % 11]


def resident_id(rng):
    body = rng.choice(REGIONS) + date(rng) + digits(rng, 3)
    return body + mod_11_2(body)


def resident_id_15(rng):
    return rng.choice(REGIONS) + date(rng, 1950, 1980)[2:] + digits(rng, 3)


def org_code(rng):
    body = rng.choice("1345678") + digits(rng, 7)
    rest = 11 - sum(int(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2))) % 11
    return body + {10: "X", 11: "0"}.get(rest, str(rest))


def uscc(rng):
    body = rng.choice(("91", "92", "12", "51", "93")) + rng.choice(REGIONS) + org_code(rng)
    return body + CREDIT[-sum(CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(body)) % 31]


def luhn(body):
    total = 0
    for i, c in enumerate(reversed(body)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d - 9 if d > 9 else d
    return body + str(-total % 10)


def bank_card(rng):
    prefix, length = rng.choice((("622202", 19), ("621700", 19), ("622848", 19), ("621660", 19), ("622588", 16),
                                 ("622260", 19), ("621226", 19), ("622188", 19), ("622908", 18), ("623052", 19),
                                 ("622689", 16), ("625965", 16), ("621483", 16), ("622155", 16)))
    return luhn(prefix + digits(rng, length - len(prefix) - 1))


def card(rng):
    prefix, length = rng.choice((("4539", 16), ("4716", 16), ("4024", 16), ("5211", 16), ("5425", 16), ("5578", 16),
                                 ("2299", 16), ("3714", 15), ("3472", 15), ("3566", 16), ("6011", 16), ("3612", 14)))
    return luhn(prefix + digits(rng, length - len(prefix) - 1))


def mobile(rng):
    return rng.choice("130 131 133 135 136 137 138 139 147 150 151 155 158 159 166 173 176 178 180 182 185 186 188 "
                      "189 191 193 198 199".split()) + digits(rng, 8)


def landline(rng):
    area = rng.choice("010 021 022 023 024 025 027 028 029 0755 0571 0512 0532 0411 0592 0731 0371 0871 0991".split())
    return area, rng.choice("2345678") + digits(rng, 6 if area in ("0592", "0991") else 7)


def passport(rng):
    return rng.choice((f"E{digits(rng, 8)}", f"G{digits(rng, 8)}", f"E{rng.choice('ABCDEFGHJKLM')}{digits(rng, 7)}"))


def travel_permit(rng):
    return rng.choice((f"C{digits(rng, 8)}", f"H{digits(rng, 8)}", f"M{digits(rng, 8)}",
                       f"C{rng.choice('ABCDEFG')}{digits(rng, 7)}"))


def plate(rng):
    region = rng.choice("京沪津渝冀豫鲁苏浙皖粤闽湘鄂川陕辽黑吉云贵桂琼")
    letter = rng.choice("ABCDEFG")
    tail = rng.choice((lambda: digits(rng, 5), lambda: rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") + digits(rng, 4),
                       lambda: digits(rng, 3) + rng.choice("ABCEFGHJ") + digits(rng, 1),
                       lambda: rng.choice("DF") + digits(rng, 5)))()
    return region + letter + tail


def email(rng):
    user = rng.choice(("zhang.wei", "lina", "j.o'brien", "sales", "k_meyer", "li-ming", "a.b.c", "wang88", "finance+ap",
                       "maria.garcia1979"))
    return user + rng.choice(("", digits(rng, 2))) * ("'" not in user) + "@" + rng.choice(
        ("hengtai-bank.com.cn", "163.com", "qq.com", "example.co.uk", "mail.tsinghua.edu.cn", "deutsche-firma.de",
         "outlook.com", "sub.dept.gov.cn", "foo.io", "hotmail.fr"))


def iban(rng):
    country, body = rng.choice((("DE", lambda: digits(rng, 18)), ("GB", lambda: "NWBK" + digits(rng, 14)),
                                ("FR", lambda: digits(rng, 23)), ("NL", lambda: "ABNA" + digits(rng, 10)),
                                ("CH", lambda: digits(rng, 17)), ("ES", lambda: digits(rng, 20)),
                                ("IT", lambda: "X" + digits(rng, 22)), ("AT", lambda: digits(rng, 16)),
                                ("BE", lambda: digits(rng, 12)), ("NO", lambda: digits(rng, 11)),
                                ("MT", lambda: "MALT" + digits(rng, 23)), ("SA", lambda: digits(rng, 20))))
    bban = body()
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    return f"{country}{98 - number % 97:02}{bban}"
