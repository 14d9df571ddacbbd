#!/usr/bin/env bash
# Installs the Debian packages of the named sets (installer/packages/SET.txt) that are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'EOF'
usage: installer/install-packages.sh SET...

Installs what is missing of the Debian packages in installer/packages/SET.txt.
Sets: build, run, test, bench. Needs root only when something is missing.

exit status: 0 all there, 1 a package could not be installed, 2 bad usage
EOF
}

if [[ $# -eq 0 || $1 == --help || $1 == -h ]]; then
  usage
  [[ $# -gt 0 ]] && exit 0
  exit 2
fi

wanted=()
for set in "$@"; do
  list=$here/packages/$set.txt
  if [[ ! -r $list ]]; then
    echo "install-packages: no package set '$set' (looked for $list)" >&2
    exit 2
  fi
  while read -r name; do
    [[ -n $name ]] && wanted+=("$name")
  done <"$list"
done

missing=()
for name in $(printf '%s\n' "${wanted[@]}" | sort -u); do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)
  [[ $state == installed ]] || missing+=("$name")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

if [[ $EUID -ne 0 ]]; then
  echo "install-packages: root is needed to install: ${missing[*]}" >&2
  exit 1
fi
echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# --no-install-recommends: a desktop's worth of packages hangs on some of these.
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "install-packages: apt-get failed; see the lines above" >&2
  exit 1
fi
