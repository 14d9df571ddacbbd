"""Small documents of office formats with text at a named place, written from the formats' own rules."""

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OOXML = "application/vnd.openxmlformats-officedocument"


class Number(str):
    """A cell's number as it stands in the file."""


def _pack(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in parts.items():
            z.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)),
                       '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text)
    return out.getvalue()


def _types(**overrides):
    rows = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in overrides.items())
    return ('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>')


def _rels(*targets):
    rows = "".join(f'<Relationship Id="rId{i}" Type="{kind}" Target="{target}"/>'
                   for i, (kind, target) in enumerate(targets, 1))
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def _properties(subject, custom, field="keywords", custom_name="密级"):
    """`field`: the core property that holds `subject`."""
    prefix = "dc" if field in ("title", "subject", "description") else "cp"
    core = ('<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>wang</dc:creator>'
            f'<{prefix}:{field}>{escape(subject)}</{prefix}:{field}></cp:coreProperties>')
    own = ('<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
           'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
           f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" name={quoteattr(custom_name)}>'
           f'<vt:lpwstr>{escape(custom)}</vt:lpwstr></property></Properties>')
    parts, rels = {}, []
    if subject:
        parts["docProps/core.xml"] = core
        rels.append(("http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties",
                     "docProps/core.xml"))
    if custom:
        parts["docProps/custom.xml"] = own
        rels.append((f"{REL}/custom-properties", "docProps/custom.xml"))
    return parts, rels


def _paragraph(text):
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _table(rows):
    cells = "".join("<w:tr>" + "".join(f"<w:tc>{_paragraph(c)}</w:tc>" for c in row) + "</w:tr>" for row in rows)
    return f"<w:tbl>{cells}</w:tbl>"


def _watermark(text):
    return ('<w:p><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" id="PowerPlusWaterMarkObject1" '
            'style="position:absolute;rotation:315" fillcolor="silver">'
            f'<v:textpath style="font-family:宋体" string={quoteattr(text)}/></v:shape></w:pict></w:r></w:p>')


def _wordart(text):
    """A watermark as later programs write it: a drawing behind the text of the header."""
    return ('<w:p><w:r><w:drawing><wp:anchor behindDoc="1" '
            'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
            '<wp:docPr id="1" name="PowerPlusWaterMarkObject7"/>'
            f'<a:graphic {A}><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape">'
            '<wps:wsp xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape">'
            f"<wps:txbx><w:txbxContent>{_paragraph(text)}</w:txbxContent></wps:txbx></wps:wsp>"
            "</a:graphicData></a:graphic></wp:anchor></w:drawing></w:r></w:p>")


def _textbox(text):
    inner = "".join(_paragraph(line) for line in text.split("\n"))
    return ('<w:p><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" id="s1">'
            f"<v:textbox><w:txbxContent>{inner}</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>")


def docx(body, *, header="", first="", footer="", watermark="", wordart="", textbox="", table=(), subject="", custom="",
         field="keywords", custom_name="密级"):
    """`first`: the header of the first page alone."""
    blocks = (_textbox(textbox) if textbox else "") + (_table(table) if table else "")
    blocks += "".join(_paragraph(line) for line in body.split("\n"))
    top = _watermark(watermark) if watermark else _wordart(wordart) if wordart else "".join(
        "<w:p>" + "<w:r><w:tab/></w:r>".join(f"<w:r><w:t>{escape(c)}</w:t></w:r>" for c in line.split("\t")) + "</w:p>"
        for line in (first or header).split("\n"))
    kind, title = ("first", "<w:titlePg/>") if first else ("default", "")
    bottom = "".join(_paragraph(line) for line in footer.split("\n"))
    extra, rels = _properties(subject, custom, field, custom_name)
    main = f"{OOXML}.wordprocessingml"
    return _pack({
        "[Content_Types].xml": _types(**{"word/document.xml": f"{main}.document.main+xml",
                                         "word/header1.xml": f"{main}.header+xml",
                                         "word/footer1.xml": f"{main}.footer+xml"}),
        "_rels/.rels": _rels((f"{REL}/officeDocument", "word/document.xml"), *rels),
        "word/_rels/document.xml.rels": _rels((f"{REL}/header", "header1.xml"), (f"{REL}/footer", "footer1.xml")),
        "word/document.xml": f'<w:document {W} {R}><w:body>{blocks}<w:sectPr><w:headerReference w:type="{kind}" '
                             f'r:id="rId1"/><w:footerReference w:type="default" r:id="rId2"/>{title}</w:sectPr></w:body>'
                             "</w:document>",
        "word/header1.xml": f"<w:hdr {W}>{top}</w:hdr>",
        "word/footer1.xml": f"<w:ftr {W}>{bottom}</w:ftr>",
        **extra})


def xlsx(rows, *, header="", footer="", subject="", sheet="Sheet1"):
    """Cells of type str are shared strings, of Number, int and float numbers. `header` without a section is centred."""
    strings, lines = [], []
    for r, row in enumerate(rows, 1):
        cells = ""
        for c, value in enumerate(row):
            at = f"{chr(65 + c)}{r}"
            if isinstance(value, str) and not isinstance(value, Number):
                strings.append(value)
                cells += f'<c r="{at}" t="s"><v>{len(strings) - 1}</v></c>'
            else:
                cells += f'<c r="{at}"><v>{value}</v></c>'
        lines.append(f'<row r="{r}">{cells}</row>')
    extra, rels = _properties(subject, "")
    bands = "".join(f"<{tag}>{escape(text if text.startswith('&') else '&C' + text)}</{tag}>"
                    for tag, text in (("oddHeader", header), ("oddFooter", footer)) if text)
    band = f"<headerFooter>{bands}</headerFooter>" if bands else ""
    main = f"{OOXML}.spreadsheetml"
    return _pack({
        "[Content_Types].xml": _types(**{"xl/workbook.xml": f"{main}.sheet.main+xml",
                                         "xl/worksheets/sheet1.xml": f"{main}.worksheet+xml",
                                         "xl/sharedStrings.xml": f"{main}.sharedStrings+xml"}),
        "_rels/.rels": _rels((f"{REL}/officeDocument", "xl/workbook.xml"), *rels),
        "xl/_rels/workbook.xml.rels": _rels((f"{REL}/worksheet", "worksheets/sheet1.xml"),
                                            (f"{REL}/sharedStrings", "sharedStrings.xml")),
        "xl/workbook.xml": f'<workbook {S} {R}><sheets><sheet name={quoteattr(sheet)} sheetId="1" r:id="rId1"/>'
                           "</sheets></workbook>",
        "xl/worksheets/sheet1.xml": f"<worksheet {S}><sheetData>{''.join(lines)}</sheetData>{band}</worksheet>",
        "xl/sharedStrings.xml": f"<sst {S}>" + "".join(f"<si><t xml:space=\"preserve\">{escape(s)}</t></si>"
                                                       for s in strings) + "</sst>",
        **extra})


def _shape(n, kind, text):
    lines = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in text.split("\n"))
    return (f'<p:sp><p:nvSpPr><p:cNvPr id="{n}" name="s{n}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
            f"</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp>")


def pptx(title, body, *, footer="", subject="", field="keywords"):
    shapes = _shape(2, "title", title) + _shape(3, "body", body) + (_shape(4, "ftr", footer) if footer else "")
    extra, rels = _properties(subject, "", field)
    main = f"{OOXML}.presentationml"
    return _pack({
        "[Content_Types].xml": _types(**{"ppt/presentation.xml": f"{main}.presentation.main+xml",
                                         "ppt/slides/slide1.xml": f"{main}.slide+xml"}),
        "_rels/.rels": _rels((f"{REL}/officeDocument", "ppt/presentation.xml"), *rels),
        "ppt/_rels/presentation.xml.rels": _rels((f"{REL}/slide", "slides/slide1.xml")),
        "ppt/presentation.xml": f'<p:presentation {P} {R}><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>'
                                "</p:presentation>",
        "ppt/slides/slide1.xml": f"<p:sld {P} {A}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>",
        **extra})


def pdf(lines, *, top="", bottom="", watermark="", keywords=""):
    """One page A4; a font that is not embedded and a code that poppler knows (UniGB-UCS2-H)."""
    def show(y, text):
        return f"BT /F1 12 Tf 72 {y} Td <{text.encode('utf-16-be').hex()}> Tj ET\n"
    content = "".join(show(800 - 18 * i, t) for i, t in enumerate(top.split("\n")) if t)
    content += "".join(show(700 - 20 * i, t) for i, t in enumerate(lines))
    content += show(30, bottom) if bottom else ""
    content += (f"BT 0.8 g /F1 72 Tf 0.707 0.707 -0.707 0.707 160 260 Tm <{watermark.encode('utf-16-be').hex()}> Tj ET\n"
                if watermark else "")
    info = (b"\xfe\xff" + keywords.encode("utf-16-be")).hex()
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(content)}>>stream\n{content}endstream",
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>",
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
        "/Supplement 2>>/DW 1000/W[1 95 500]/FontDescriptor 7 0 R>>",
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 900"
        "/Descent -200/CapHeight 700/StemV 80>>",
        f"<</Keywords<{info}>>>"]
    out, offsets = b"%PDF-1.4\n", []
    for n, text in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{n} 0 obj\n{text}\nendobj\n".encode()
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{o:010} 00000 n \n" for o in offsets)
    tail = f"trailer<</Size {len(objects) + 1}/Root 1 0 R/Info 8 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + table.encode() + tail.encode()
