#!/usr/bin/env bash
# The long forms of tests that CI runs short.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'EOT'
usage: tests/soak/run.sh [kill|mixed]

Runs the long forms of the end-to-end tests against build/release, as root:
  kill   the agent is killed 200 times at random points of copies that must be blocked; about 7 minutes
  mixed  copies, opens and pastes for 30 minutes: nothing is lost, nothing grows
SHOUMI_SOAK_SECONDS chooses another time, SHOUMI_KILL_ROUNDS and SHOUMI_KILL_SEED another length or the same run again.

exit status: 0 all hold, 1 something did not, 2 bad usage
EOT
}

case ${1:-kill} in
  kill) SHOUMI_KILL_ROUNDS=${SHOUMI_KILL_ROUNDS:-200} exec python3 tests/e2e/test_kill.py -v ;;
  mixed) SHOUMI_SOAK_SECONDS=${SHOUMI_SOAK_SECONDS:-1800} exec python3 tests/e2e/test_soak.py -v ;;
  -h | --help) usage ;;
  *)
    echo "tests/soak/run.sh: no soak test '$1'" >&2
    usage >&2
    exit 2
    ;;
esac
