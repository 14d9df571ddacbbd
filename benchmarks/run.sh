#!/usr/bin/env bash
# Builds and runs the benchmarks and prints their results as one table.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=$root/build/release/bin
known=(T1 T2 T3 T4 T5 T6 T7 T8 T9 T11 Q5)

usage() {
  cat <<'EOF'
usage: benchmarks/run.sh [--only ID,ID...] [--documents DIR] [--write FILE] [--no-build]

Builds the release preset's benchmarks, installs what they are held against (the package set
"bench"), runs them one after the other and prints one table: id, what, measured, target, holds.
Writes nothing into the repository unless --write says where.

  --only IDS       of T1 T2 T3 T4 (rules engine), T5 (registry), T6 (inspection), T7 (attachments),
                   T8 (usb), T9 (clipboard), T11 (agent at rest), Q5 (registered documents)
  --documents DIR  texts to mix into the generated office text of T1 and T2
  --write FILE     put the table there as well, e.g. docs/BENCHMARKS.md; what follows the line
                   "<!-- notes -->" in FILE is kept
  --no-build       run what is built

exit status: 0 every benchmark ran (whether its target holds or not), 1 one could not run, 2 bad usage
EOF
}

fail_usage() { echo "run.sh: $1 (--help)" >&2; exit 2; }

only=("${known[@]}")
documents=()
write=
build=1
while [[ $# -gt 0 ]]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --only) [[ $# -gt 1 ]] || fail_usage "--only needs ids"; IFS=, read -ra only <<<"$2"; shift 2 ;;
    --documents) [[ $# -gt 1 && -d $2 ]] || fail_usage "--documents needs a folder"; documents=(--documents "$2"); shift 2 ;;
    --write) [[ $# -gt 1 ]] || fail_usage "--write needs a file"; write=$2; shift 2 ;;
    --no-build) build=0; shift ;;
    *) fail_usage "unknown option $1" ;;
  esac
done
for id in "${only[@]}"; do
  [[ " ${known[*]} " == *" $id "* ]] || fail_usage "no benchmark $id; there are ${known[*]}"
done

rows=$(mktemp)
output=$(mktemp)
trap 'rm -f "$rows" "$output"' EXIT
failed=0

wanted() {
  local id
  for id in "$@"; do
    [[ " ${only[*]} " == *" $id "* ]] && return 0
  done
  return 1
}

# measure IDS COMMAND...: the rows that COMMAND prints, of those ids that were asked for.
measure() {
  local ids=$1
  shift
  echo "run.sh: $ids: $(basename "$1")" >&2
  if ! "$@" >"$output"; then
    echo "run.sh: $ids: $1 failed" >&2
    failed=1
    return
  fi
  local id
  for id in $ids; do
    wanted "$id" && awk -F '\t' -v id="$id" '$1 == id && NF == 5' "$output" >>"$rows"
  done
  return 0
}

machine() {
  local model
  model=$(awk -F ': ' '/^model name/ {print $2; exit}' /proc/cpuinfo)
  local vectors=
  for vectors in avx512vbmi avx512bw avx2 ssse3; do
    grep -qw -m1 "$vectors" /proc/cpuinfo && break
  done
  echo "${model:-processor unknown} (up to $vectors), $(nproc) cores, $(awk '/^MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo) of memory, Linux $(uname -r), load $(cut -d ' ' -f 1 /proc/loadavg) at the end"
}

table() {
  echo "| id | what | measured | target | holds |"
  echo "|---|---|---|---|---|"
  awk -F '\t' '{printf "| %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5}' "$rows"
}

if [[ $build -eq 1 ]]; then
  echo "run.sh: building" >&2
  (cd "$root" && cmake --preset release >/dev/null && cmake --build --preset release --target shoumi_programs shoumi_benchmarks >/dev/null)
fi
"$root/installer/install-packages.sh" bench >&2

wanted T1 T3 T4 && measure "T1 T3 T4" "$bin/bench_rules" --rows "${documents[@]}"
wanted T2 && measure T2 "$root/benchmarks/rules/other_tools.py" --rows "${documents[@]}"
wanted T5 && measure T5 "$bin/bench_registry" --rows "${documents[@]}"
wanted Q5 && measure Q5 "$bin/bench_documents" --rows
wanted T6 && measure T6 "$root/benchmarks/inspect/formats.py" --rows
wanted T7 && measure T7 "$root/benchmarks/attachments/run.sh" --rows
if wanted T8; then
  if [[ -x $root/benchmarks/usb/run.sh ]]; then
    measure T8 "$root/benchmarks/usb/run.sh" --rows
  else
    echo "run.sh: T8 has no benchmark in this tree" >&2
  fi
fi
wanted T9 && measure T9 "$bin/bench_clipboard" --rows
wanted T11 && measure T11 "$bin/bench_at_rest" --rows

echo
machine
echo
if command -v column >/dev/null; then
  { printf 'id\twhat\tmeasured\ttarget\tholds\n'; cat "$rows"; } | column -t -s $'\t'
else
  table
fi
if [[ -n $write ]]; then
  notes=
  [[ -e $write ]] && notes=$(sed -n '/^<!-- notes -->$/,$p' "$write")
  {
    echo "# Benchmarks"
    echo
    echo "The last table of \`benchmarks/run.sh\`, $(date -u +%Y-%m-%d), on: $(machine)."
    echo
    table
    [[ -n $notes ]] && printf '\n%s\n' "$notes"
  } >"$write.new"
  mv "$write.new" "$write"
fi
exit "$failed"
