#!/usr/bin/env python3
"""Looks for the bytes of files in a raw device image, whatever its file system says.

usage: find_on_device.py IMAGE [--known FILE]... FILE...

Prints for each FILE how many of its 48-byte windows (one every 16 bytes, those that are nearly all
one byte left out) stand anywhere in the image. Windows that are also in a --known file, which may
be on the device, prove nothing and are left out: two office documents begin alike. Exit status: 0
nothing found, 1 something found, 2 bad usage.
"""

import os
import sys

WINDOW = 48
STEP = 16
DISTINCT_MIN = 5  # different bytes in a window that says anything


def windows(data, known=b""):
    """The windows of `data` that prove its presence."""
    for start in range(0, max(len(data) - WINDOW, 0) + 1, STEP):
        window = data[start:start + WINDOW]
        if len(window) >= STEP and len(set(window)) >= DISTINCT_MIN and window not in known:
            yield window


def read_image(path):
    """What the image holds, its holes left out."""
    pieces = []
    with open(path, "rb") as handle:
        at = 0
        while True:
            try:
                start = os.lseek(handle.fileno(), at, os.SEEK_DATA)
            except OSError:  # ENXIO: only a hole is left
                return b"\0".join(pieces)
            at = os.lseek(handle.fileno(), start, os.SEEK_HOLE)
            pieces.append(os.pread(handle.fileno(), at - start, start))


def count(image, data, known=b""):
    """(windows found, windows looked for)"""
    wanted = list(windows(data, known))
    return sum(window in image for window in wanted), len(wanted)


def read(path):
    with open(path, "rb") as handle:
        return handle.read()


def main(arguments):
    known = b""
    while "--known" in arguments[:-1]:
        at = arguments.index("--known")
        known += read(arguments[at + 1])
        del arguments[at:at + 2]
    if len(arguments) < 2 or any(a.startswith("--") for a in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    image = read_image(arguments[0])
    found_any = False
    for name in arguments[1:]:
        found, wanted = count(image, read(name), known)
        found_any |= found > 0
        print(f"{name}: {found} of {wanted} windows on the device")
    return 1 if found_any else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
