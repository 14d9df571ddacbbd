#!/bin/sh
# T8: copying to a guarded stick against the bare mount, in the same minute. Options: --help.
exec python3 "$(dirname "$0")/bench_usb.py" "$@"
