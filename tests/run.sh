#!/usr/bin/env bash
# Builds everything and runs every test, the end-to-end ones included.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
  cat <<'EOF'
usage: tests/run.sh [options]

Installs the packages that building and testing need, builds the release preset, checks the
sources and runs all tests. On Debian 12, as root: some tests mount file systems and use FUSE and
fanotify; as another user those are skipped with the reason printed.

  -R REGEX     only the tests whose name matches
  --no-lint    leave out format, lint and layering checks
  --no-tidy    leave out clang-tidy only
  --no-install do not look for missing packages
  --help       this text

exit status: 0 everything passed, 1 something failed, 2 bad usage
EOF
}

filter=""
lint=1
tidy=1
install=1
while [[ $# -gt 0 ]]; do
  case $1 in
    -R) filter=${2:?"-R needs a regular expression"}; shift 2 ;;
    --no-lint) lint=0; shift ;;
    --no-tidy) tidy=0; shift ;;
    --no-install) install=0; shift ;;
    -h|--help) usage; exit 0 ;;
    *) echo "tests/run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
done

started=$SECONDS
say() { printf '\n== %s (%d s)\n' "$*" "$((SECONDS - started))"; }
jobs=$(nproc)

if [[ $install -eq 1 ]]; then
  say "packages"
  installer/install-packages.sh build run test
fi

say "build"
cmake --preset release >build-configure.log 2>&1 || { cat build-configure.log; rm -f build-configure.log; exit 1; }
rm -f build-configure.log
cmake --build --preset release -j "$jobs" -- --quiet

failed=0
if [[ $lint -eq 1 ]]; then
  say "source checks"
  tests/lint.sh || failed=1
  if [[ $tidy -eq 1 ]]; then
    say "clang-tidy"
    tests/tidy.sh || failed=1
  fi
fi

say "tests"
ctest_arguments=(--test-dir build/release --output-on-failure -j "$jobs" --no-tests=error)
[[ -n $filter ]] && ctest_arguments+=(-R "$filter")
ctest "${ctest_arguments[@]}" || failed=1

say "done"
exit "$failed"
