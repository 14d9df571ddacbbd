#!/usr/bin/env python3
"""Writes the cases of bench_quality: one a line,
rule TAB 1|0 TAB kind or "-" TAB file name TAB expected TAB base64 of the content.

`expected` is rule=canonical value (or rule=level), empty for a negative. With a kind the content is
the text of one part of that kind, otherwise a file to be extracted. The same seed gives the same
bytes. With --check every positive is held against python3-stdnum first.
"""

import argparse
import base64
import random
import sys

import containers
import markings
import negatives
import surroundings
import values

ENCODINGS = ["utf-8"] * 10 + ["utf-8-bom"] + ["gb18030"] * 4 + ["utf-16le"] * 2 + ["utf-16be"]
TAIWAN_LABELS = ["台胞证", "台湾居民来往大陆通行证号码"]


def fullwidth(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "　" if c == " " else c for c in text)


def zero_width(rng, text):
    at = rng.randint(1, len(text) - 1)
    return text[:at] + rng.choice("\u200b\u200c\ufeff") + text[at:]


def dressed(rng, rule, forms):
    """How the value is written in this document."""
    form = rng.choice(forms)
    dress = rng.random()
    if dress < 0.12 and rule not in ("intl.email", "cn.plate"):
        return fullwidth(form)
    if dress < 0.16 and rule not in ("intl.email",):
        return zero_width(rng, form)
    return form


def positive(rng, rule, number):
    """(file name, expected, content)"""
    maker, label = values.MAKERS[rule], None
    if rule == "cn.resident_id" and number % 12 == 5:
        maker, label = values.resident_id_15, "身份证号码"
    if rule == "cn.travel_permit" and number % 8 == 5:
        maker, label = values.taiwan_permit, rng.choice(TAIWAN_LABELS)
    value, forms = maker(rng)
    expected = f"{rule}={value}"
    way = number % 20
    if way == 3:
        cells = [["姓名", label or rng.choice(surroundings.LABELS[rule][0]), "备注"],
                 [rng.choice(surroundings.NAMES), value, "无"]]
        return "a.xlsx", expected, containers.xlsx(rng, cells, numeric=number % 40 == 3)
    if way == 4:
        cells = [["项目", "内容"], [label or rng.choice(surroundings.LABELS[rule][0]), rng.choice(forms)]]
        return "b.xlsx", expected, containers.xlsx(rng, cells)
    if way == 5 and surroundings.TRADITIONAL[rule] and not label:
        text = surroundings.TRADITIONAL[rule] + rng.choice(["：", ":", " "]) + forms[0]
        text = surroundings.document(rng, text, surroundings.FILLER_TRADITIONAL)
        return "c.txt", expected, containers.encode(text, "big5")
    written = dressed(rng, rule, forms)
    text = f"{label}：{written}" if label else surroundings.line(rng, rule, written)
    text = surroundings.document(rng, text)
    if way in (6, 7):
        return "d.docx", expected, containers.docx(rng, text)
    if way == 8:
        inner = containers.encode(text, "gb18030")
        return "e.zip", expected, containers.archive([("inner.txt", inner)])
    return "f.txt", expected, containers.encode(text, rng.choice(ENCODINGS))


def negative(rng, rule, number):
    text = negatives.line(rng, rule)
    if rng.random() < 0.2:
        text = fullwidth(text)
    text = surroundings.document(rng, text)
    if number % 20 == 6:
        return "d.docx", containers.docx(rng, text)
    return "f.txt", containers.encode(text, rng.choice(ENCODINGS))


def cases(seed, positives_count, negatives_count):
    for rule in values.MAKERS:
        rng = random.Random(f"{seed} {rule}")
        for number in range(positives_count):
            name, expected, content = positive(rng, rule, number)
            yield rule, 1, "-", name, expected, content
        for number in range(negatives_count):
            name, content = negative(rng, rule, number)
            yield rule, 0, "-", name, "", content
    rule = "marking.classification"
    rng = random.Random(f"{seed} {rule}")
    for number, (kind, level, text) in enumerate(markings.positives(rng, positives_count)):
        expected = f"{rule}={level}"
        if kind == "first_page" and number % 3 == 0:
            yield rule, 1, "-", "m.docx", expected, containers.docx(rng, text)
        elif kind == "first_page" and number % 3 == 1:
            encoding = rng.choice(ENCODINGS)
            yield rule, 1, "-", "m.txt", expected, containers.encode(text, encoding)
        elif kind == "header" and number % 2 == 0:
            document = containers.docx(rng, "会议纪要\n" + rng.choice(markings.NEUTRAL), text)
            yield rule, 1, "-", "h.docx", expected, document
        else:
            yield rule, 1, kind, "", expected, text.encode("utf-8")
    for number, (kind, text) in enumerate(markings.negatives(rng, negatives_count)):
        if number % 4 == 0:
            yield rule, 0, "-", "p.docx", "", containers.docx(rng, text)
        elif number % 4 == 1:
            yield rule, 0, "-", "p.txt", "", text.encode("utf-8")
        else:
            yield rule, 0, kind, "", "", text.encode("utf-8")


def check_with_stdnum(count):
    from stdnum import iban, luhn
    from stdnum.cn import ric, uscc
    rng = random.Random(1)
    for _ in range(count):
        number = values.resident_id(rng)[0]
        assert ric.calc_check_digit(number) == number[-1], number
        uscc.validate(values.uscc(rng)[0])
        luhn.validate(values.bank_card(rng)[0])
        luhn.validate(values.card(rng)[0])
        number = values.iban(rng)[0]
        assert iban.validate(number, check_country=False) == number, number
    print(f"{count} values of each kind agree with stdnum", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output")
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--positives", type=int, default=1200)
    parser.add_argument("--negatives", type=int, default=2400)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        check_with_stdnum(2000)
    with open(options.output, "w", encoding="utf-8", newline="\n") as out:
        for rule, sign, kind, name, expected, content in cases(
                options.seed, options.positives, options.negatives):
            encoded = base64.b64encode(content).decode("ascii")
            out.write(f"{rule}\t{sign}\t{kind}\t{name}\t{expected}\t{encoded}\n")


if __name__ == "__main__":
    main()
