#!/usr/bin/env python3
"""Checks who may include whom, which headers and calls are banned where, and that contracts hold.

usage: check.py [ROOT]      prints one line a breach: file:line: what. Exit status 1 when there is one.
       check.py --self-test each rule is held against a line that breaks it

Why the rules are as they are: docs/ARCHITECTURE.md.
"""

import re
import sys
from pathlib import Path

# Longest prefix wins. A folder may include itself, what is listed, and generated contracts.
MAY_INCLUDE = {
    "common": [],
    "rules": ["common"],
    "agent/inspect/extract": ["common"],
    "agent/inspect/sandbox": ["common"],
    "agent/inspect": ["common", "rules/documents", "rules/engine", "rules/policy", "rules/registry"],
    "agent/channels": ["common"],
    "agent/channels/clipboard": ["common", "agent/channels/apps", "agent/channels/channel.h", "agent/session_hub"],
    "agent/session_hub": ["common", "agent/channels/apps", "agent/channels/channel.h", "agent/inspect/wire"],
    "agent/notify": ["common"],
    "agent/session": ["common", "agent/inspect/wire"],
    "agent/session/guard": ["common"],
    "agent/session/wayland": ["common", "agent/session/guard", "agent/session/x11/testing"],
    "agent/session/x11": ["common", "agent/session/guard"],
    "agent/decide": ["common", "rules/policy"],
    "agent/ledger": ["common", "agent/decide", "rules/policy"],
    "agent/spool": ["common"],
    "agent/releases": ["common", "agent/inspect/inspector_pool.h", "agent/inspect/wire"],
    "agent/uplink": ["common", "agent/inspect/inspector_rules.h", "agent/spool", "rules/documents", "rules/engine",
                     "rules/policy", "rules/registry"],
    "agent/pipeline": ["common", "agent/channels/channel.h", "agent/decide", "agent/inspect/inspector_pool.h",
                       "agent/ledger/ledger.h", "agent/spool", "rules/engine", "rules/policy"],
    "agent/cli": ["common", "rules/documents", "rules/engine", "rules/policy", "rules/registry", "agent/decide", "agent/inspect"],
    "agent/main": ["common", "rules", "agent"],
    "server/store": ["common"],
    "server/identity": ["common", "server/store"],
    "server/policy": ["common", "server/store", "server/identity/key_file.h", "rules/apps", "rules/engine", "rules/policy"],
    "server/indexes": ["common", "server/store", "server/policy", "rules/documents", "rules/registry"],
    "server/incidents": ["common", "server/store", "rules/policy"],
    "server/fleet": ["common", "server/store"],
    "server/rpc": ["common", "server", "rules/documents", "rules/policy", "rules/registry"],
    "server/ctl": ["common", "rules/apps", "rules/engine", "rules/policy"],
    "server/main": ["common", "server", "rules"],
    "benchmarks": ["common", "rules", "agent", "server", "benchmarks"],
    "tests": ["common", "rules", "agent", "server", "tests"],
}

# (pattern of an include, folders where it is allowed, why)
HEADER_RULES = [
    (r"sys/fanotify|fuse3?/|fuse_lowlevel|fuse\.h|libudev", ["agent/channels"],
     "kernel and desktop interfaces stay in the channels"),
    (r"^xcb/|^X11/|wayland|systemd/", ["agent/channels", "agent/session"],
     "desktop interfaces stay in the session's program and the channels"),
    (r"seccomp|linux/landlock|linux/seccomp", ["agent/inspect/sandbox"],
     "sandbox headers stay in agent/inspect/sandbox"),
    (r"soci|sqlite3", ["server/store", "server/main", "agent/inspect/extract"], "only the store talks SQL"),
    (r"grpc", ["server/rpc", "server/ctl", "server/main", "agent/uplink", "agent/main", "tests"],
     "gRPC stays at the edges"),
    (r"poppler|qpdf|expat|\bzip\.h|unicode/", ["agent/inspect/extract", "rules/engine", "benchmarks", "tests"],
     "what parses documents runs in the worker"),
    (r"hs\.h|hs/", ["rules/engine", "benchmarks"], "Hyperscan stays in the rules engine"),
]

# (pattern, folders exempt, why). Comments and strings are blanked before.
CALL_RULES = [
    (r"\b(?:std::)?(?:system|popen)\s*\(", [], "no shell"),
    (r"\b(?:strcpy|strcat|sprintf|vsprintf|gets|tmpnam|mktemp)\s*\(", [], "unbounded or racy C call"),
    (r"\b(?:std::)?s?rand\s*\(", [], "not random: use common/crypto or <random>"),
    (r"\bstd::regex\b", [], "unbounded backtracking"),
    (r"\busing namespace (?!std::(?:literals|chrono_literals|string_literals|string_view_literals|filesystem))",
     [], "using namespace hides where a name comes from"),
    (r"\bassert\s*\(", [], "vanishes in release builds: return a Status or abort"),
    (r"InsecureServerCredentials|InsecureChannelCredentials", ["tests"], "no insecure transport"),
    (r"\bsleep_for\b", ["tests", "benchmarks"], "wait for the thing, with a deadline"),
]
TEST_FILE = re.compile(r"(_test|_bench|_fuzz)\.cc$|/testing/|/fuzz/|^tests/|^benchmarks/")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def owner(path):
    best = None
    for folder in MAY_INCLUDE:
        if (path == folder or path.startswith(folder + "/")) and (best is None or len(folder) > len(best)):
            best = folder
    return best


def blank(text):
    """Comments and literals become spaces; line breaks stay."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def check_includes(path, lines):
    mine = owner(path)
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(2)
        test = TEST_FILE.search(path)
        top = target.split("/")[0]
        if match.group(1) == '"' and top in ("common", "rules", "agent", "server", "tests", "benchmarks") and not test:
            if mine is None:
                yield number, f"{path} lies in a folder that the layering table does not know"
                continue
            allowed = [mine] + MAY_INCLUDE[mine]
            if owner(target) != mine and not any(
                    target == a or target.startswith(a.rstrip("/") + "/") for a in allowed):
                yield number, f"{mine} must not include {target}"
        for pattern, folders, why in HEADER_RULES:
            if re.search(pattern, target) and not target.startswith(("common/", "agent/", "server/", "rules/")):
                if not test and not any(path.startswith(f + "/") for f in folders):
                    yield number, f"<{target}>: {why}"


def check_calls(path, text):
    for number, line in enumerate(blank(text).splitlines(), 1):
        for pattern, folders, why in CALL_RULES:
            match = re.search(pattern, line)
            if not match or any(path.startswith(f + "/") for f in folders):
                continue
            if TEST_FILE.search(path) and why in ("wait for the thing, with a deadline", "no shell",
                                                  "no insecure transport"):
                continue
            yield number, f"{match.group(0).strip()}: {why}"


def check_protos(root):
    """Zero enum values are UNSPECIFIED; the package is versioned."""
    for path in sorted((root / "proto").rglob("*.proto")):
        name = path.relative_to(root).as_posix()
        text = re.sub(r"//[^\n]*", "", path.read_text())
        if "package shoumi.v1;" not in text:
            yield name, 1, "package is not shoumi.v1"
        for match in re.finditer(r"enum\s+(\w+)\s*\{\s*(\w+)\s*=\s*0;", text):
            if not match.group(2).endswith("_UNSPECIFIED"):
                yield name, text[:match.start()].count("\n") + 1, f"{match.group(1)}: zero is not UNSPECIFIED"


def check_tree(root):
    for folder in ("common", "rules", "agent", "server", "tests", "benchmarks"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".cc", ".h"):
                continue
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            for number, what in check_includes(name, text.splitlines()):
                yield name, number, what
            for number, what in check_calls(name, text):
                yield name, number, what
    yield from check_protos(root)


def self_test():
    broken = [
        ("common/a.cc", '#include "agent/spool/spool.h"'),
        ("rules/engine/a.cc", '#include "server/store/store.h"'),
        ("agent/channels/usb/a.cc", '#include "agent/spool/spool.h"'),
        ("agent/decide/a.cc", "#include <sys/fanotify.h>"),
        ("agent/main/a.cc", "#include <xcb/xcb.h>"),
        ("agent/session/x11/a.cc", '#include "agent/inspect/wire/frame.h"'),
        ("agent/session/a.cc", '#include "agent/channels/channel.h"'),
        ("agent/main/a.cc", "#include <seccomp.h>"),
        ("server/rpc/a.cc", "#include <soci/soci.h>"),
        ("server/incidents/a.cc", "#include <grpcpp/grpcpp.h>"),
        ("agent/pipeline/a.cc", "#include <hs/hs.h>"),
        ("agent/elsewhere/a.cc", '#include "common/fd.h"'),
    ] + [("agent/spool/a.cc", line) for line in (
        "system(command);", "strcpy(a, b);", "int x = rand();", "std::regex r;", "using namespace std;",
        "assert(x);", "grpc::InsecureChannelCredentials();", "std::this_thread::sleep_for(s);")]
    missed = [(p, line) for p, line in broken
              if not list(check_includes(p, [line])) and not list(check_calls(p, line))]
    fine = [("agent/pipeline/a.cc", '#include "agent/spool/spool.h"'),
            ("agent/spool/a.cc", "// system(x) in a comment"),
            ("agent/spool/a.cc", 'Log("system(x)");'),
            ("server/store/a.cc", "#include <soci/soci.h>")]
    alarms = [(p, line) for p, line in fine
              if list(check_includes(p, [line])) or list(check_calls(p, line))]
    for kind, rows in (("missed", missed), ("false alarm", alarms)):
        for path, line in rows:
            print(f"{kind}: {path}: {line}")
    print(f"{len(broken) + len(fine) - len(missed) - len(alarms)} passed, {len(missed) + len(alarms)} failed")
    return 1 if missed or alarms else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    count = 0
    for name, number, what in check_tree(root):
        print(f"{name}:{number}: {what}")
        count += 1
    print(f"layering: {count} breaches")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
