"""Business documents as companies write them, and texts that only mention the subject."""

import random
import re

import containers
import identifiers
import lookalikes
import values as v


def read(path):
    """(kind, text) of each document of the list."""
    for block in re.split(r"^== ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        kind, text = block.split("\n", 1)
        yield kind, text.strip().replace("\\n", "\n")


def filled(text, rng):
    text = text.replace("{d}", f"20{rng.randint(20, 26)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日")
    text = text.replace("{n}", v.name(rng))
    return lookalikes.fill(re.sub(r"\{(\d+)\}", r"8{\1}", text), rng)


def carried(text, n):
    """(name, bytes); a table becomes one where the format has them."""
    rows = [line.split("\t") for line in text.split("\n")]
    if n % 5 == 1:
        return "doc.docx", containers.docx(text.replace("\t", " "))
    if n % 5 == 2 and any(len(r) > 2 for r in rows):
        return "doc.xlsx", containers.xlsx(rows)
    if n % 5 == 3:
        return "doc.pdf", containers.pdf([part for line in text.replace("\t", "  ").split("\n") for part in
                                          (line[i:i + 38] for i in range(0, len(line), 38))])
    return "doc.txt", text.encode("gb18030" if n % 5 == 4 else "utf-8")


def cases(folder, which, seed):
    rng = random.Random(f"{seed}/business")
    for kind, text in read(folder / f"business_{which}.txt"):
        for n in range(2 if kind == "clean" else 4):
            name, data = carried(filled(text, rng), n + rng.randint(0, 4))
            rule = "" if kind == "clean" else f"business.{kind}"
            yield identifiers.Case(name, data, rule, int(kind != "clean"), f"{name}: {text[:70]!r}")
