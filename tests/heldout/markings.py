"""Documents that are marked, or only speak of it, from the lists beside this file."""

from dataclasses import dataclass
from pathlib import Path

import containers

BODY = ("根据年度工作安排，现将有关情况报告如下。\n今年以来，各分行围绕中心任务，扎实推进各项工作，整体运行平稳。"
        "\n下一步将继续加强统筹协调，按时完成全年任务。")


@dataclass
class Case:
    name: str          # of the file
    data: bytes
    expect: str        # level, "over", or "" for clean
    said: str          # the line of the list, to show


def read(path):
    """Lines of `placement, [level,] text`."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.replace("\\n", "\n").replace("\\t", "\v").split("\t")


def table(text):
    return [line.split("\v") for line in text.split("\n")]


def build(placement, text, plain_body):
    """(name, bytes) of one document; `plain_body` is what stands around the text."""
    kind, _, place = placement.partition(".")
    flat = text.replace("\v", "\t")
    if kind == "name":
        bodies = {"docx": lambda: containers.docx(BODY), "xlsx": lambda: containers.xlsx([["项目", "数量"], ["甲", 3]]),
                  "pdf": lambda: containers.pdf(BODY.split("\n")), "txt": BODY.encode,
                  "pptx": lambda: containers.pptx("年度安排", BODY)}
        return f"{text}.{place}", bodies[place]()
    if kind == "txt":
        return "doc.txt", (flat + plain_body).encode()
    if kind == "docx":
        if place == "body":
            return "doc.docx", containers.docx(flat + plain_body)
        value = {"cell": ("table", table(text)), "property": ("subject", text)}.get(place, (place, flat))
        return "doc.docx", containers.docx(BODY, **{value[0]: value[1]})
    if kind == "xlsx":
        if place == "cell":
            return "doc.xlsx", containers.xlsx(table(text) + [["序号", "金额"], [1, 250000.5], [2, 98000]])
        return "doc.xlsx", containers.xlsx([["序号", "金额"], [1, 250000.5]],
                                           **{"subject" if place == "property" else place: text})
    if kind == "pptx":
        if place == "title":
            return "doc.pptx", containers.pptx(text, BODY)
        return "doc.pptx", containers.pptx("年度安排", BODY, **{"subject" if place == "property" else place: text})
    return "doc.pdf", containers.pdf(BODY.split("\n"), **{"keywords" if place == "property" else place: text})


def cases(folder, which):
    for placement, level, text in read(folder / f"marked_{which}.txt"):
        name, data = build(placement, text, "\n" + BODY)
        yield Case(name, data, level, f"{placement}: {text!r}")
    for placement, text in read(folder / f"clean_{which}.txt"):
        name, data = build(placement, text, "")
        yield Case(name, data, "", f"{placement}: {text!r}")
