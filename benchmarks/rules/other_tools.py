#!/usr/bin/env python3
"""Target T2: text to findings against rg and clamscan --detect-structured on the same bytes, in turn.
rg runs with the anchors that the engine's first stage looks for, and with expressions as a person
would write them for the same things: with word boundaries of ASCII, and with rg's own, of Unicode.
It counts all matches, as the engine does.

usage: other_tools.py [--bin DIR] [--documents DIR] [--megabytes N] [--rounds N] [--rows]

Needs ripgrep and clamav (installer/install-packages.sh bench). Exit status: 0 measured, 1 something
did not run, 2 bad usage.
"""

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RG_RATIO_MIN = 6
# What a person would write for the same detectors, for a tool that has no validators behind.
WRITTEN = [
    r"\b[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]\b",  # identity
    r"\b[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}\b",  # credit code
    r"\b[0-9A-Z]{8}-[0-9X]\b",  # organisation code
    r"\b(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}\b",  # mobile
    r"(?:\(0\d{2,3}\)|\b0\d{2,3}-)[2-8]\d{2,3}[- ]?\d{4}\b",  # landline
    r"\b(?:62|4\d|5[1-5]|3[47]|35|6[05])\d{2}(?:[- ]?\d{4}){2}[- ]?\d{3,4}(?:[- ]?\d{1,3})?\b",  # cards
    r"\b(?:E[A-Z0-9]|[GDSPHK]\d|DE|SE|PE|KJ|MA)\d{7}\b",  # passport
    r"\b(?:[HM]\d{8}(?:\d{2})?|[CWTL]\d{8}|C[A-Z]\d{7})\b",  # travel permit
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使] ?[A-Z][·•. -]?[A-Z0-9]{4,5}[A-Z0-9警学挂港澳领]",
    r"\b[\w.%+-]+@[\w-]+(?:\.[\w-]+)+\b",  # e-mail
    r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,4})?\b",  # IBAN
    r"[\[【(（](?:绝密|机密|秘密)[\]】)）]|(?:绝密|机密|秘密)\s*★",  # marking
    r"(?i:\b(?:top secret|secret|confidential)\b)",
]
CLAMSCAN_RATIO_MIN = 4
SECONDS_MAX = 600
# Word boundaries in text outside ASCII cost rg its fast engine: of that text it gets the head, and
# its time counts for as many bytes as the others read.
WRITTEN_BYTES = 2_000_000


class Failed(Exception):
    pass


class Time(NamedTuple):
    wall: float  # seconds from start to end
    core: float  # seconds of the processor, of all its processes


def core_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command, good_statuses):
    """Time that the whole process took, and what it printed."""
    start, core = time.monotonic(), core_seconds()
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    taken = Time(time.monotonic() - start, core_seconds() - core)
    if done.returncode not in good_statuses:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr.strip()}")
    return taken, done.stdout


def in_process(bench, text):
    """Time for one pass inside a process that has compiled the packs before."""
    _, out = run([bench, "--only", "office", "--rounds", "1", "--input", text], {0})
    rate = re.search(r"([0-9.]+) GB/s", out)
    if rate is None:
        raise Failed(f"{bench}: no rate in {out!r}")
    seconds = text.stat().st_size / 1e9 / float(rate.group(1))
    return Time(seconds, seconds)


def terms():
    """The business terms of the shipped packs, as expressions."""
    pack = (ROOT / "rules/packs/business-terms/pack.yaml").read_text()
    found = sorted(set(re.findall(r"\{text: '?([^'\n]+?)'?, weight: ", pack)))
    if not found:
        raise Failed("rules/packs/business-terms/pack.yaml: no terms")
    literals = [re.sub(r"[][.^$|(){}*+?\\]", r"\\\g<0>", term) for term in found]
    return [f"(?i:{literal})" for literal in literals]


def commands(binaries, folder, text):
    patterns = folder / "patterns"
    run([binaries / "bench_rules", "--write-patterns", patterns], {0})
    written = folder / "written"
    written.write_text("\n".join(WRITTEN + terms()) + "\n")
    ascii_edges = folder / "ascii-edges"
    ascii_edges.write_text(written.read_text().replace(r"\b", r"(?-u:\b)"))
    head = folder / "head.txt"
    with text.open("rb") as whole:
        head.write_bytes(whole.read(WRITTEN_BYTES).rpartition(b"\n")[0] + b"\n")
    signatures = folder / "signatures"
    signatures.mkdir()
    # clamscan does not start without a signature; this one occurs nowhere.
    (signatures / "bench.ndb").write_text("Shoumi.Bench:0:*:" + b"no text holds this".hex() + "\n")
    bound = f"{text.stat().st_size // 1_000_000 + 64}M"
    return {
        "rg": (["rg", "--no-config", "--count-matches", "-f", patterns, text], {0, 1}),
        "rg, written": (["rg", "--no-config", "--count-matches", "-f", ascii_edges, text], {0, 1}),
        "rg, Unicode": (["rg", "--no-config", "--count-matches", "-f", written, head], {0, 1}),
        "clamscan": (["clamscan", "--no-summary", "-d", signatures, "--detect-structured=yes",
                      f"--max-filesize={bound}", f"--max-scansize={bound}", text], {0, 1}),
        "shoumi scan": ([binaries / "shoumi", "scan", "--json", "--packs", ROOT / "rules/packs", text], {0, 1}),
    }


def measure(args, folder):
    text = folder / "office.txt"
    make = [args.bin / "bench_rules", "--megabytes", str(args.megabytes), "--dump", text]
    if args.documents:
        make += ["--documents", args.documents]
    run(make, {0})
    tools = commands(args.bin, folder, text)
    times = {name: [] for name in ["in process", *tools]}
    for number in range(args.rounds):
        print(f"T2: round {number + 1} of {args.rounds}", file=sys.stderr)
        times["in process"].append(in_process(args.bin / "bench_rules", text))
        for name, (command, good) in tools.items():
            taken = run(command, good)[0]
            scale = text.stat().st_size / Path(command[-1]).stat().st_size
            times[name].append(Time(taken.wall * scale, taken.core * scale))
    return text.stat().st_size, times


def report(size, times, rows):
    def median(name, field):
        return statistics.median(getattr(taken, field) for taken in times[name])

    if not rows:
        for name, values in times.items():
            print(f"{name:<12} {size / 1e6:7.1f} MB  wall min {min(t.wall for t in values) * 1000:7.1f} ms, median "
                  f"{median(name, 'wall') * 1000:7.1f} ms", end="")
            if name == "shoumi scan":  # its workers are not its children to wait for
                print()
                continue
            print(f"  core min {min(t.core for t in values) * 1000:7.1f} ms, "
                  f"median {median(name, 'core') * 1000:7.1f} ms  {size / 1e6 / median(name, 'core'):7.1f} MB/s")
    # Inside the agent packs are compiled once, so a pass is held against the other's processor time;
    # whole processes are held against each other as the user waits for them.
    for ours, field, what in (("in process", "core", "text to findings"),
                              ("shoumi scan", "wall", "shoumi scan, packs compiled")):
        for tool, least, against in (("rg", RG_RATIO_MIN, "rg, same patterns"),
                                     ("rg, written", RG_RATIO_MIN, "rg, written by hand, ASCII \\b"),
                                     ("rg, Unicode", None,
                                      f"rg, written by hand, Unicode \\b, its first {WRITTEN_BYTES // 1_000_000} MB"),
                                     ("clamscan", CLAMSCAN_RATIO_MIN, "clamscan --detect-structured")):
            ratio = median(tool, field) / median(ours, field)
            verdict = "yes" if least and ratio >= least else "no"
            # Without a target: no rival, but what happens to who writes it so.
            fields = ["T2", f"{what}, times {against}", f"{ratio:.2f}", f">= {least}" if least else "-",
                      verdict if least else "-"]
            print("\t".join(fields) if rows else "  ".join(fields))


def main():
    parser = argparse.ArgumentParser(description="Measures target T2: against rg and clamscan.")
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin", help="folder of the programs")
    parser.add_argument("--documents", help="folder of texts to mix in")
    parser.add_argument("--megabytes", type=int, default=256, help="size of the text (default 256)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of (default 5)")
    parser.add_argument("--rows", action="store_true", help="one line of tab-separated fields a result")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="shoumi-t2-") as folder:
            report(*measure(args, Path(folder)), args.rows)
    except (Failed, OSError, subprocess.TimeoutExpired) as error:
        print(f"other_tools.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
