#!/usr/bin/env python3
"""Target T2: text to findings against rg with the same patterns and clamscan --detect-structured,
on the same bytes, in turn.

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
CLAMSCAN_RATIO_MIN = 4
SECONDS_MAX = 600


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


def commands(binaries, folder, text):
    patterns = folder / "patterns"
    run([binaries / "bench_rules", "--write-patterns", patterns], {0})
    signatures = folder / "signatures"
    signatures.mkdir()
    # clamscan does not start without a signature; this one occurs nowhere.
    (signatures / "bench.ndb").write_text("Shoumi.Bench:0:*:" + b"no text holds this".hex() + "\n")
    bound = f"{text.stat().st_size // 1_000_000 + 64}M"
    return {
        "rg": (["rg", "--no-config", "-c", "-f", patterns, text], {0, 1}),
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
            times[name].append(run(command, good)[0])
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
                                     ("clamscan", CLAMSCAN_RATIO_MIN, "clamscan --detect-structured")):
            ratio = median(tool, field) / median(ours, field)
            fields = ["T2", f"{what}, times {against}", f"{ratio:.2f}", f">= {least}",
                      "yes" if ratio >= least else "no"]
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
