"""Whole documents from documents_<set>.txt: what stands at a place and the text that it belongs to."""

import containers
from markings import Case


def read(path):
    """(placement, level, body's name, text) of each document, bodies filled in."""
    heads, texts = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("%% "):
            heads.append(line[3:].split())
            texts.append([])
        elif not line.startswith("#") or heads:
            texts[-1].append(line)
    bodies = {head[1]: "\n".join(text) for head, text in zip(heads, texts) if head[0] == "body"}
    for head, text in zip(heads, texts):
        if head[0] != "body":
            placement, level, *body = head
            yield placement, level, bodies[body[0]] if body else "", "\n".join(text)


def rows(text):
    return [line.split("\t") for line in text.split("\n")]


def place(placement, text, body):
    """(file name, bytes) of the document; a body of an unmarked document may be empty."""
    kind, _, spot = placement.partition(".")
    whole = (text.rstrip("\n") + "\n" + body).rstrip("\n") + "\n"
    around = body or "各部门：\n现将有关材料印发给你们，请结合实际认真组织学习。"
    if kind == "name":
        makers = {"docx": lambda: containers.docx(around), "pdf": lambda: containers.pdf(around.split("\n")),
                  "xlsx": lambda: containers.xlsx(rows(around.replace("　", "\t"))), "txt": around.encode,
                  "pptx": lambda: containers.pptx("汇报材料", around)}
        return f"{text}.{spot}", makers[spot]()
    if kind == "txt":
        return "doc.txt", whole.encode(spot)
    if kind == "eml":
        head, _, mail = text.partition("\n")
        return "doc.eml", f"{head}\nContent-Type: text/plain; charset=utf-8\n\n{mail}\n".encode()
    if kind == "pdf":
        return "doc.pdf", containers.pdf(around.split("\n"), **{spot: text})
    group, _, name = spot.partition(".")
    if kind == "docx":
        values = {"cell": {"table": rows(text)}, "core": {"subject": text, "field": name},
                  "custom": {"custom": text, "custom_name": name}}.get(group, {group: text})
        return "doc.docx", containers.docx(whole) if group == "body" else containers.docx(around, **values)
    if kind == "xlsx":
        table = rows(around.replace("　", "\t"))
        return "doc.xlsx", containers.xlsx(rows(text) + table) if spot == "cell" else containers.xlsx(table, **{spot: text})
    if group in ("title", "body"):
        title, shown = (text, around) if group == "title" else ("汇报材料", whole)
        return "doc.pptx", containers.pptx(title, shown)
    values = {"subject": text, "field": name} if group == "core" else {group: text}
    return "doc.pptx", containers.pptx("汇报材料", around, **values)


def cases(folder, which):
    for placement, level, body, text in read(folder / f"documents_{which}.txt"):
        name, data = place(placement, text, body)
        yield Case(name, data, "" if level == "-" else level, f"{placement}: {text!r}")
