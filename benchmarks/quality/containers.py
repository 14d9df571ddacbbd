"""Text to bytes: encodings, and office files with the text cut into runs."""

import io
import zipfile
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
P = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "application/vnd.openxmlformats-officedocument."
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def encode(text, encoding):
    if encoding == "utf-16le":
        return b"\xff\xfe" + text.encode("utf-16-le")
    if encoding == "utf-16be":
        return b"\xfe\xff" + text.encode("utf-16-be")
    if encoding == "utf-8-bom":
        return b"\xef\xbb\xbf" + text.encode("utf-8")
    return text.encode(encoding)


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in files:
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, text)
    return out.getvalue()


def package(main, kind, parts, overrides):
    types = "".join(f'<Override PartName="/{name}" ContentType="{OFFICE}{content}+xml"/>'
                    for name, content in overrides)
    return archive([
        ("[Content_Types].xml", HEAD + f'<Types xmlns="{P}/content-types">'
         '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
         'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
         f"{types}</Types>"),
        ("_rels/.rels", HEAD + f'<Relationships xmlns="{P}/relationships"><Relationship Id="rId1" '
         f'Type="{R}/officeDocument" Target="{main}"/></Relationships>'),
    ] + parts)


def runs(rng, text):
    """The text of a paragraph in two to five pieces."""
    cuts = sorted(rng.sample(range(1, len(text)), min(len(text) - 1, rng.randint(1, 4)))) \
        if len(text) > 1 else []
    return [text[a:b] for a, b in zip([0] + cuts, cuts + [len(text)])]


def docx(rng, text, header=None):
    body = ""
    for line in text.rstrip("\n").split("\n"):
        pieces = "".join(f'<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{escape(piece)}</w:t>'
                         "</w:r>" for piece in runs(rng, line)) if line else ""
        body += f"<w:p>{pieces}</w:p>"
    parts = []
    overrides = [("word/document.xml", "wordprocessingml.document.main")]
    section = ""
    if header:
        section = f'<w:sectPr><w:headerReference xmlns:r="{R}" w:type="default" r:id="rId9"/></w:sectPr>'
        parts.append(("word/header1.xml", HEAD + f'<w:hdr xmlns:w="{W}"><w:p><w:r><w:t>'
                      f"{escape(header)}</w:t></w:r></w:p></w:hdr>"))
        parts.append(("word/_rels/document.xml.rels", HEAD + f'<Relationships xmlns="{P}/relationships">'
                      f'<Relationship Id="rId9" Type="{R}/header" Target="header1.xml"/>'
                      "</Relationships>"))
        overrides.append(("word/header1.xml", "wordprocessingml.header"))
    parts.insert(0, ("word/document.xml", HEAD + f'<w:document xmlns:w="{W}"><w:body>{body}'
                     f"{section}</w:body></w:document>"))
    return package("word/document.xml", "docx", parts, overrides)


def xlsx(rng, rows, numeric=False):
    """Cells as shared strings in runs of rich text; long digits as numbers when `numeric`."""
    strings, sheet = [], ""
    for number, row in enumerate(rows, 1):
        cells = ""
        for column, value in enumerate(row):
            name = "ABCDEFGHIJ"[column] + str(number)
            if numeric and value.isdigit() and len(value) <= 15 and value[0] != "0":
                cells += f'<c r="{name}"><v>{value}</v></c>'
                continue
            pieces = "".join(f'<r><t xml:space="preserve">{escape(piece)}</t></r>'
                             for piece in runs(rng, value))
            cells += f'<c r="{name}" t="s"><v>{len(strings)}</v></c>'
            strings.append(f"<si>{pieces}</si>")
        sheet += f'<row r="{number}">{cells}</row>'
    parts = [
        ("xl/workbook.xml", HEAD + f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets><sheet name="Sheet1"'
         ' sheetId="1" r:id="rId1"/></sheets></workbook>'),
        ("xl/_rels/workbook.xml.rels", HEAD + f'<Relationships xmlns="{P}/relationships">'
         f'<Relationship Id="rId1" Type="{R}/worksheet" Target="worksheets/sheet1.xml"/>'
         f'<Relationship Id="rId2" Type="{R}/sharedStrings" Target="sharedStrings.xml"/>'
         "</Relationships>"),
        ("xl/worksheets/sheet1.xml", HEAD + f'<worksheet xmlns="{S}"><sheetData>{sheet}</sheetData>'
         "</worksheet>"),
        ("xl/sharedStrings.xml", HEAD + f'<sst xmlns="{S}" count="{len(strings)}" '
         f'uniqueCount="{len(strings)}">{"".join(strings)}</sst>'),
    ]
    return package("xl/workbook.xml", "xlsx", parts,
                   [("xl/workbook.xml", "spreadsheetml.sheet.main"),
                    ("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet"),
                    ("xl/sharedStrings.xml", "spreadsheetml.sharedStrings")])
