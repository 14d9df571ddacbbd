#!/usr/bin/env bash
# clang-tidy over our own translation units, with the release preset's compile commands. Results
# are cached by the content of a unit and everything it includes, so a second run costs seconds.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
database=build/release
if [[ ! -f $database/compile_commands.json ]]; then
  echo "tidy: configure the release preset first" >&2
  exit 1
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/shoumi-tidy
mkdir -p "$cache"
export cache database

check_one() {
  local file=$1 key out
  key=$({ cat .clang-tidy; clang++ -std=c++20 -E -P -I. -Ibuild/release/proto "$file" 2>/dev/null || cat "$file"; } |
    sha256sum | cut -d' ' -f1)
  [[ -e $cache/$key ]] && return 0
  if out=$(clang-tidy --quiet -p "$database" "$file" 2>/dev/null); then
    : >"$cache/$key"
  else
    printf '%s\n' "$out"
    return 1
  fi
}
export -f check_one

git ls-files '*.cc' | grep -v -e '_test\.cc$' -e '_fuzz\.cc$' |
  xargs -P "$(nproc)" -I{} bash -c 'check_one "$1"' _ {}
