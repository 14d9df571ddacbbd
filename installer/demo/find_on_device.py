#!/usr/bin/env python3
"""Looks for the bytes of files in a raw device image, file system or none.

usage: find_on_device.py IMAGE FILE...

Prints for each file how many of its 48-byte windows (one every 16 bytes, those that are all one
byte left out) stand anywhere in the image. Exit status: 0 nothing found, 1 something found, 2 bad
usage. Text inside the files is looked for as well, in UTF-8 and UTF-16, where a document format
would hide it: pass it as --text TEXT.
"""

import mmap
import sys

WINDOW = 48
STEP = 16


def windows(data):
    for start in range(0, max(len(data) - WINDOW, 0) + 1, STEP):
        window = data[start:start + WINDOW]
        if len(window) >= 16 and len(set(window)) > 4:
            yield window


def main(arguments):
    texts = []
    while "--text" in arguments:
        at = arguments.index("--text")
        texts.append(arguments[at + 1])
        del arguments[at:at + 2]
    if len(arguments) < 1 or not (arguments[1:] or texts):
        print(__doc__, file=sys.stderr)
        return 2
    found_any = False
    with open(arguments[0], "rb") as handle, \
            mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as image:
        for name in arguments[1:]:
            with open(name, "rb") as content:
                wanted = list(windows(content.read()))
            found = sum(1 for window in wanted if image.find(window) >= 0)
            found_any |= found > 0
            print(f"{name}: {found} of {len(wanted)} windows on the device")
        for text in texts:
            found = sum(image.find(text.encode(code)) >= 0
                        for code in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"))
            found_any |= found > 0
            print(f"text of {len(text)} characters: {'found' if found else 'not found'}")
    return 1 if found_any else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
