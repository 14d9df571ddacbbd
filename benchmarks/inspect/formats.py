#!/usr/bin/env python3
"""Target T6: the whole verdict on a file in the warm pool of workers, against the program that people
would read the file with.

usage: formats.py [--bin DIR] [--rounds N] [--rows]

Needs pdftotext and 7zz; the docx row needs soffice and is left out, with a word on standard error,
where there is none. Exit status: 0 measured, 1 something did not run, 2 bad usage.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from shutil import which

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 300
PDF_RATIO_MAX = 1.3
ZIP_RATIO_MAX = 1.3
DOCX_RATIO_MIN = 50
PAGES = 100
LINES_A_PAGE = 50
LINE = "The delivery was delayed by three days because of the weather; item {} moves to week {}."
LINE_ZH = "各部门应于第{}周前提交第{}项工作的进度报告，并由专人负责归档。"


class Failed(Exception):
    pass


def run(command):
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr.strip()}")
    return seconds, done.stdout


def write_pdf(path):
    """ISO 32000-1, 7.5: pages of one content stream each, with one of the standard fonts."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for page in range(PAGES):
        lines = " ".join(f"({LINE.format(page * LINES_A_PAGE + i, page)}) Tj T*" for i in range(LINES_A_PAGE))
        stream = f"BT /F1 9 Tf 12 TL 40 800 Td {lines} ET"
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
                       f"/Resources << /Font << /F1 3 0 R >> >> /Contents {len(objects) + 2} 0 R >>")
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {PAGES} >>"
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    out += (f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n").encode()
    path.write_bytes(out)


def write_docx(path):
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    paragraphs = "".join(f"<w:p><w:r><w:t>{LINE_ZH.format(i % 52, i)}</w:t></w:r></w:p>"
                         for i in range(PAGES * LINES_A_PAGE))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml",
                         f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
                         '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName='
                         '"/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
                         'wordprocessingml.document.main+xml"/></Types>')
        archive.writestr("_rels/.rels",
                         f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type='
                         '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
                         'Target="word/document.xml"/></Relationships>')
        archive.writestr("word/document.xml",
                         f'<w:document xmlns:w="{w}"><w:body>{paragraphs}</w:body></w:document>')


def write_zip(path, text_path):
    """The same text twice: in an archive of many files, and plain."""
    members = ["".join(LINE_ZH.format(i % 52, i + 997 * member) + "\n" for i in range(2000))
               for member in range(PAGES)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in enumerate(members):
            archive.writestr(f"report-{member}.txt", text)
    text_path.write_text("".join(members))


class Samples:
    """Seconds of each command, taken in turn."""

    def __init__(self, binary, rounds):
        self.binary, self.rounds = binary, rounds

    def verdict(self, path):
        _, out = run([self.binary, "--file", path, "--rounds", "5"])
        return float(out) / 1000

    def medians(self, path, others):
        ours, theirs = [], [[] for _ in others]
        for _ in range(self.rounds):
            ours.append(self.verdict(path))
            for values, other in zip(theirs, others):
                values.append(other())
        return statistics.median(ours), [statistics.median(values) for values in theirs]


def measure(args, folder):
    samples = Samples(args.bin / "bench_inspect", args.rounds)
    pdf, docx, archive, text = (folder / name for name in ("a.pdf", "a.docx", "a.zip", "a.txt"))
    write_pdf(pdf)
    ours, (theirs,) = samples.medians(pdf, [lambda: run(["pdftotext", pdf, "/dev/null"])[0]])
    yield f"pdf of {PAGES} pages, of pdftotext", ours / theirs, f"<= {PDF_RATIO_MAX}", ours / theirs <= PDF_RATIO_MAX
    write_docx(docx)
    if which("soffice"):
        convert = ["soffice", "--headless", "--convert-to", "txt:Text", "--outdir", folder / "out", docx]
        ours, (theirs,) = samples.medians(docx, [lambda: run(convert)[0]])
        yield (f"docx of {PAGES * LINES_A_PAGE} paragraphs, times faster than soffice", theirs / ours,
               f">= {DOCX_RATIO_MIN}", theirs / ours >= DOCX_RATIO_MIN)
    else:
        print("formats.py: no soffice here: docx is not measured", file=sys.stderr)
    write_zip(archive, text)
    ours, (test, scan) = samples.medians(
        archive, [lambda: run(["7zz", "t", archive])[0], lambda: samples.verdict(text)])
    ratio = ours / (test + scan)
    yield f"zip of {PAGES} texts, of 7zz t and the plain text", ratio, f"<= {ZIP_RATIO_MAX}", ratio <= ZIP_RATIO_MAX


def main():
    parser = argparse.ArgumentParser(description="Measures target T6: verdicts on files.")
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin", help="folder of the programs")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of (default 5)")
    parser.add_argument("--rows", action="store_true", help="one line of tab-separated fields a result")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="shoumi-t6-") as folder:
            for what, ratio, target, holds in measure(args, Path(folder)):
                fields = ["T6", what, f"{ratio:.2f}", target, "yes" if holds else "no"]
                print(("\t" if args.rows else "  ").join(fields))
    except (Failed, OSError, subprocess.TimeoutExpired) as error:
        print(f"formats.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
