#!/bin/sh
# T7: opens while attachments are guarded, against the same without. Options: --help.
exec python3 "$(dirname "$0")/bench_attachments.py" "$@"
