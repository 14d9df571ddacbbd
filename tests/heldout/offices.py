"""Papers of offices from offices_<set>.txt, with values planted among the numbers that such papers hold anyway."""

import random
import re
import uuid
from dataclasses import dataclass

import containers
import lookalikes
import values

RULES = {"email": "intl.email", "iban": "intl.iban", "card": "intl.card"}
MARK = re.compile(r"<<([~=#]?)([a-z_]*)(?:/| ?)([0-9]*)>>")


@dataclass
class Case:
    name: str
    data: bytes
    planted: list      # (rule, value as it is written)
    said: str


def symbols(text):
    return "".join(c for c in text if c.isalnum()).upper()


def shows(masked, value):
    """Whether `masked` is what is left of `value`, all of it: length, head and tail. Of an address it is the first
    letter and the domain, of a card of fourteen figures nothing."""
    if not masked.strip("*"):
        return True
    if "@" in value:
        return masked == f"{value[0]}***@{value.split('@')[1]}"
    head, _, tail = masked.partition("*")
    mine = symbols(value)
    stars = masked.count("*")
    return (len(symbols(head)) + stars + len(symbols(tail.replace("*", ""))) == len(mine)
            and mine.startswith(symbols(head)) and mine.endswith(symbols(tail)))


def fill(text, rng):
    planted = []

    def one(match):
        how, name, size = match.groups()
        if how == "#":
            return values.digits(rng, int(size))
        if name == "hex":
            return "".join(rng.choice("0123456789abcdef") for _ in range(int(size)))
        if name == "uuid":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
        value = "-".join(values.landline(rng)) if name == "landline" else getattr(values, name)(rng)
        if how == "~":
            return lookalikes.other_end(value) if name == "uscc" else lookalikes.spoiled(value)
        if size:
            value = " ".join(value[i:i + int(size)] for i in range(0, len(value), int(size)))
        if not how:
            planted.append((RULES.get(name, f"cn.{name}"), value))
        return value

    return MARK.sub(one, text), planted


def carry(carrier, text):
    table = [line.split("\t") for line in text.rstrip("\n").split("\n")]
    if carrier == "docx":
        return "doc.docx", containers.docx(text)
    if carrier == "xlsx":
        return "doc.xlsx", containers.xlsx(table)
    if carrier == "pdf":
        return "doc.pdf", containers.pdf(text.split("\n"))
    if carrier == "csv":
        return "doc.csv", text.encode()
    return "doc.txt", text.encode("gb18030" if carrier == "gb18030" else "utf-8")


def cases(folder, which, seed):
    rng = random.Random(f"{seed}/offices")
    for block in (folder / f"offices_{which}.txt").read_text(encoding="utf-8").split("\n%% ")[1:]:
        carrier, text = block.split("\n", 1)
        filled, planted = fill(text, rng)
        yield Case(*carry(carrier, filled), planted, filled)
