#!/usr/bin/env bash
# Format, shell and wording checks over the files that git tracks. Changes nothing.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
failed=0
complain() { echo "lint: $*" >&2; failed=1; }

mapfile -t cpp < <(git ls-files -co --exclude-standard '*.cc' '*.h')
mapfile -t shell < <(git ls-files -co --exclude-standard '*.sh' .ci/run)

if [[ ${#cpp[@]} -gt 0 ]]; then
  clang-format --dry-run --Werror "${cpp[@]}" || complain "clang-format -i FILE mends the lines above"
fi
if [[ ${#shell[@]} -gt 0 ]]; then
  shellcheck --severity=warning "${shell[@]}" || complain "shellcheck found the problems above"
fi

if git grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' -- ':!tests/lint.sh'; then
  complain "unfinished marks: finish it or write down what is left in docs/"
fi
# Only public, stable names belong in the repository.
if git grep -nIE '(^|[^a-zA-Z0-9_.])/work/' -- ':!tests/lint.sh'; then
  complain "a path of one machine"
fi
while read -r file; do
  lines=$(wc -l <"$file")
  if [[ $lines -gt 600 ]]; then complain "$file: $lines lines; past 600 a file asks for a seam"; fi
done < <(printf '%s\n' "${cpp[@]}")
for list in installer/packages/*.txt; do
  LC_ALL=C sort -uc "$list" || complain "$list is not sorted"
done
exit "$failed"
