#!/usr/bin/env python3
"""Q3: how much of a document's text is read, against what other programs read of the same file.

usage: oracles.py [--show N] [--json FILE] FOLDER...

A token counts where two ways of reading the file agree on it:
  pdf               pdftotext; and mutool where it is installed
  text documents    soffice to text; and soffice to PDF, then pdftotext
  spreadsheets      soffice to CSV (all sheets, as shown); and soffice to PDF, then pdftotext
  presentations     soffice to PDF, then pdftotext
  archives          7zz, members that are text; and libarchive's bsdtar
Tokens are runs of two or more letters or digits, and pairs of neighbouring Han characters; each counts
once a file. Files that an oracle cannot read, or finds no token in, are counted and left out, as are
those that `shoumi extract` says it could not read wholly, for another reason than pictures: those are
no silent loss.
"""

import argparse
import concurrent.futures
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOUMI = ROOT / "build/release/bin/shoumi"
TARGET = 0.95
SECONDS_MAX = 120
BATCH = 25  # files that one soffice converts
KINDS = {
    "pdf": ("pdf",),
    "text documents": ("doc", "docx", "docm", "odt", "rtf", "wps"),
    "spreadsheets": ("xls", "xlsx", "xlsm", "xlsb", "ods", "et"),
    "presentations": ("ppt", "pptx", "odp", "dps"),
    "archives": ("zip", "7z", "tar", "gz", "tgz", "bz2", "xz", "rar"),
}
KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}
CSV_OF_ALL_SHEETS = "csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,true,false,false,false,-1"
TEXT_MEMBER = (".txt", ".csv", ".md", ".html", ".htm", ".xml", ".json", ".c", ".h", ".py", ".log", ".conf")
WORD = re.compile(r"[^\W_\u3400-\u9fff]{2,}")
HAN = re.compile(r"[\u3400-\u9fff]+")


def tokens(text):
    found = {word.lower() for word in WORD.findall(text)}
    for run in HAN.findall(text):
        found.update(run[i:i + 2] for i in range(len(run) - 1))
    return found


def run(*command):
    """What it printed, or None when it failed or took too long."""
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def ours(path):
    """(tokens, whole): what we read, and whether all of it."""
    try:
        done = subprocess.run([str(SHOUMI), "extract", "--json", str(path)], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return set(), False
    text, whole = [], True
    for line in done.stdout.decode(errors="replace").splitlines():
        row = json.loads(line)
        # What is unsupported are pictures and the like, which no oracle reads either.
        whole = whole and row.get("reason", "") in ("", "unsupported")
        text += [part["text"] for part in row.get("parts", [])]
    return tokens("\n".join(text)), whole


def pdf_tokens(path):
    text = run("pdftotext", "-q", path, "-")
    return None if text is None else tokens(text)


def agreed(*readings):
    """Tokens of all readings that there are; None when there is none."""
    there = [reading for reading in readings if reading is not None]
    return set.intersection(*there) if there else None


def convert(paths, form, folder):
    """{path: converted file}, by one soffice for many files."""
    made = {}
    for start in range(0, len(paths), BATCH):
        batch = paths[start:start + BATCH]
        with tempfile.TemporaryDirectory() as place:
            # Names of their own: two files may have the same.
            links = {}
            for number, path in enumerate(batch):
                link = Path(place) / f"{start + number}{path.suffix.lower()}"
                shutil.copyfile(path, link)
                links[link] = path
            for group in (list(links), *([link] for link in links)):
                todo = [link for link in group if links[link] not in made]
                if not todo:
                    break
                try:
                    subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile",
                                    "--convert-to", form, "--outdir", str(folder), *map(str, todo)],
                                   stdin=subprocess.DEVNULL, capture_output=True,
                                   timeout=SECONDS_MAX, check=False)
                except subprocess.TimeoutExpired:
                    pass
                suffix = form.split(":")[0]
                for link in todo:
                    # One file a sheet: "7-Sheet1.csv".
                    results = sorted(folder.glob(f"{link.stem}.{suffix}")) + sorted(folder.glob(f"{link.stem}-*.{suffix}"))
                    if results:
                        made[links[link]] = results
                if len(group) == 1:
                    continue
                if len(todo) - sum(links[link] in made for link in todo) > 3:
                    continue  # one that hangs holds up the batch: each by itself
                break
    return made


def converted(paths, form, read):
    with tempfile.TemporaryDirectory() as folder:
        made = convert(paths, form, Path(folder))
        return {path: set().union(*(read(result) or set() for result in results))
                for path, results in made.items()}


def read_text(path):
    return tokens(path.read_text(encoding="utf-8-sig", errors="replace"))


def office(paths, plain):
    """Oracles of office files: {path: tokens}."""
    by_pdf = converted(paths, "pdf", pdf_tokens)
    if plain is None:
        return by_pdf
    by_text = converted(paths, plain, read_text)
    return {path: agreed(by_pdf.get(path), by_text.get(path)) for path in {*by_pdf, *by_text}}


def of_pdf(path):
    second = None
    if shutil.which("mutool"):
        text = run("mutool", "draw", "-q", "-F", "txt", path)
        second = None if text is None else tokens(text)
    return agreed(pdf_tokens(path), second)


def of_archive(path):
    names = run("7zz", "l", "-ba", "-slt", path)
    if names is None:
        return None
    members = [line[7:] for line in names.splitlines() if line.startswith("Path = ")]
    members = [name for name in members if name.lower().endswith(TEXT_MEMBER)][:50]
    if not members:
        return None
    first = run("7zz", "e", "-so", path, *members)
    second = run("bsdtar", "-xOf", path, *members) if shutil.which("bsdtar") else None
    return agreed(*(None if text is None else tokens(text) for text in (first, second)))


def oracles(kind, paths):
    if kind == "text documents":
        return office(paths, "txt:Text (encoded):UTF8")
    if kind == "spreadsheets":
        return office(paths, CSV_OF_ALL_SHEETS)
    if kind == "presentations":
        return office(paths, None)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(paths, pool.map(of_pdf if kind == "pdf" else of_archive, paths)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=10, help="how many of the worst files of a kind to name")
    parser.add_argument("--only", choices=KINDS, action="append")
    arguments = parser.parse_args()
    files = defaultdict(list)
    for folder in arguments.folders:
        for path in sorted(folder.rglob("*")):
            kind = KIND_OF.get(path.suffix.lower().lstrip("."))
            if kind and path.is_file() and (arguments.only is None or kind in arguments.only):
                files[kind].append(path)
    print("| files | compared | said to be unread | no oracle | tokens | read | files below 0.95 |")
    print("|---|---|---|---|---|---|---|")
    below = {}
    missed = False
    for kind, paths in files.items():
        theirs = oracles(kind, paths)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            read = dict(zip(paths, pool.map(ours, paths)))
        whole = [path for path in paths if read[path][1]]
        compared = [path for path in whole if theirs.get(path)]
        expected = sum(len(theirs[path]) for path in compared)
        found = sum(len(theirs[path] & read[path][0]) for path in compared)
        shares = {path: len(theirs[path] & read[path][0]) / len(theirs[path]) for path in compared}
        low = sorted((share, path) for path, share in shares.items() if share < TARGET)
        below[kind] = low
        missed = missed or found < TARGET * expected
        print(f"| {kind} ({len(paths)}) | {len(compared)} | {len(paths) - len(whole)} | "
              f"{len(whole) - len(compared)} | {expected} | {found / max(1, expected):.4f} | {len(low)} |",
              flush=True)
    for kind, low in below.items():
        for share, path in low[:arguments.show]:
            print(f"{kind}: {share:.2f} {path}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
