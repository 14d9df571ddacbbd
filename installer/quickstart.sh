#!/usr/bin/env bash
# Shoumi on one machine in one command: build, server, agent, a guarded stick, and the proof.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${SHOUMI_QUICKSTART_STATE:-/var/lib/shoumi-quickstart}
run=${SHOUMI_QUICKSTART_RUN:-/run/shoumi-quickstart}
mount_point=${SHOUMI_QUICKSTART_MOUNT:-/media/shoumi-stick}
port=${SHOUMI_QUICKSTART_PORT:-7443}
metrics_port=${SHOUMI_QUICKSTART_METRICS_PORT:-9464}
account=${SHOUMI_QUICKSTART_ACCOUNT:-shoumi-inspect}
bin=$root/build/release/bin
demo=$state/demo
image=$demo/stick.img
server_state=$state/server
agent_state=$state/agent
secrets=$state/operator

usage() {
  cat <<EOF
usage: installer/quickstart.sh [--down | --help]

On Debian 12, as root: installs the packages that are missing, builds the programs, starts
shoumi-server on its embedded store, enrols this machine, starts shoumi-agent with the starter
policy, guards a stick (a loop-mounted file system of its own stands in for one; real sticks are
guarded too, and not written to) and shows what happens to documents copied to it. Running it again
repeats the demonstration on what is already there.

  --down   stop both, take the stick away and delete $state and $run
  --help   this text

Environment: SHOUMI_QUICKSTART_STATE, _RUN, _MOUNT, _PORT, _METRICS_PORT, _ACCOUNT move it
elsewhere.
exit status: 0 everything shown as it should be, 1 something was not, 2 bad usage
EOF
}

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else bold='' green='' red='' plain=''; fi
started=$SECONDS
step() { printf '\n%s[%3d s] %s%s\n' "$bold" "$((SECONDS - started))" "$*" "$plain"; }
good() { printf '  %sok%s    %s\n' "$green" "$plain" "$*"; }
wrong=0
bad() { printf '  %swrong%s %s\n' "$red" "$plain" "$*"; wrong=$((wrong + 1)); }
die() { printf '%squickstart: %s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

running() {
  local pid
  pid=$(cat "$run/$1.pid" 2>/dev/null) || return 1
  [[ -n $pid && $(readlink "/proc/$pid/exe" 2>/dev/null) == */$1* ]]
}

stop_process() {
  local name=$1 pid
  running "$name" || { rm -f "$run/$name.pid"; return 0; }
  pid=$(cat "$run/$name.pid")
  kill -TERM "$pid"
  for _ in $(seq 100); do
    [[ -d /proc/$pid ]] || break
    sleep 0.1
  done
  if [[ -d /proc/$pid ]]; then
    echo "  $name did not stop within 10 s; killed"
    kill -KILL "$pid"
  fi
  rm -f "$run/$name.pid"
}

unmount_all() {
  for _ in 1 2 3 4; do
    mountpoint -q "$mount_point" 2>/dev/null || grep -q " $mount_point " /proc/self/mountinfo || return 0
    umount "$mount_point" 2>/dev/null || umount -l "$mount_point" 2>/dev/null || return 0
  done
}

detach_image() {
  local loop
  for loop in $(losetup -n -O NAME -j "$image" 2>/dev/null); do losetup -d "$loop" || true; done
}

down() {
  step "Taking it away"
  stop_process shoumi-agent && good "agent stopped"
  stop_process shoumi-server && good "server stopped"
  unmount_all
  detach_image
  rmdir "$mount_point" 2>/dev/null || true
  if [[ -e $state/made-account ]]; then userdel "$account" 2>/dev/null || true; fi
  rm -rf "$state" "$run"
  good "nothing of it is left ($state, $run, $mount_point); Debian packages and $root/build stay"
}

need_root_and_kernel() {
  [[ $EUID -eq 0 ]] || die "root is needed (packages, mounts, FUSE, fanotify). Run: sudo $0 $*"
  [[ -c /dev/fuse ]] || die "/dev/fuse is missing: load the module with 'modprobe fuse' (in a container, pass --device /dev/fuse)"
  [[ -c /dev/loop-control ]] || die "/dev/loop-control is missing: 'modprobe loop' (the demonstration's stick is a loop device)"
}

wait_for() {  # wait_for SECONDS WHAT COMMAND...
  local limit=$1 what=$2
  shift 2
  for _ in $(seq $((limit * 10))); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  die "$what did not happen within $limit s; see $state/*.log"
}

ctl() { HOME=$secrets "$bin/shoumictl" --server "127.0.0.1:$port" --ca "$server_state/ca.pem" "$@"; }

start_server() {
  if running shoumi-server; then good "already running"; return; fi
  mkdir -p "$server_state" "$secrets"
  chmod 700 "$server_state" "$secrets"
  setsid "$bin/shoumi-server" --state "$server_state" --listen "127.0.0.1:$port" \
    --metrics-listen "127.0.0.1:$metrics_port" --packs "$root/rules/packs" \
    --admin-password-file "$secrets/one-time-password" >>"$state/server.log" 2>&1 </dev/null &
  echo $! >"$run/shoumi-server.pid"
  wait_for 20 "server on port $port" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
  good "shoumi-server on 127.0.0.1:$port, state in $server_state, own CA made"
}

sign_in() {
  if [[ ! -s $secrets/password ]]; then
    printf '  first administrator: %sadmin%s, one-time password %s%s%s\n' "$bold" "$plain" "$bold" \
      "$(cat "$secrets/one-time-password")" "$plain"
    ctl login --user admin --password-file "$secrets/one-time-password" >/dev/null
    (umask 077; head -c 24 /dev/urandom | base64 >"$secrets/password.new")
    ctl passwd --old-password-file "$secrets/one-time-password" --new-password-file "$secrets/password.new" >/dev/null
    mv "$secrets/password.new" "$secrets/password"
    rm -f "$secrets/one-time-password"
    good "signed in; one-time password replaced by the one in $secrets/password (0600)"
  fi
  ctl login --user admin --password-file "$secrets/password" >/dev/null
}

attach_stick() {
  local device
  mkdir -p "$demo"
  # What an agent that was killed left mounted cannot even be looked at: the next one heals it.
  if ! grep -q " $mount_point " /proc/self/mountinfo; then
    mkdir -p "$mount_point"
    detach_image  # somebody unmounted it; once the file is gone nobody finds its loop device
    rm -f "$image"
    truncate -s 64M "$image"
    mkfs.ext4 -q -L STICK "$image"
    device=$(losetup -f --show "$image")
    blockdev --setrw "$device"  # a loop device stays as an agent that was killed left it: read-only
    mount "$device" "$mount_point"
    chmod 777 "$mount_point"
  fi
  stick_device=$(losetup -n -O NAME -j "$image" | head -n 1)
  good "$stick_device (ext4 in $image) on $mount_point stands in for a stick"
}

write_agent_config() {
  cat >"$state/agent.yaml" <<EOF
state_dir: $agent_state
run_dir: $run
inspect:
  program: $bin/shoumi-inspect
  user: $account
channels:
  attachments:
    enabled: false  # would watch this whole machine; docs/OPERATIONS.md
  usb:
    enabled: true
    extra_devices:
      - {node: "/dev/loop*", backing_file: "$image", vendor_id: "0951", product_id: "1666", serial: "DEMO-0001"}
EOF
}

start_agent() {
  if running shoumi-agent; then good "already running"; return; fi
  if ! id "$account" >/dev/null 2>&1; then
    useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$account"
    touch "$state/made-account"
  fi
  write_agent_config
  if [[ ! -s $agent_state/device.pem ]]; then
    ctl enrol-token create --valid 10m --output "$run/enrol-token" >/dev/null
    "$bin/shoumi-agent" enrol --server "127.0.0.1:$port" --ca "$server_state/ca.pem" \
      --token-file "$run/enrol-token" --state "$agent_state" >>"$state/agent.log" 2>&1 ||
      die "enrolment failed; see $state/agent.log"
    rm -f "$run/enrol-token"
    good "this machine is enrolled"
  fi
  setsid "$bin/shoumi-agent" run --config "$state/agent.yaml" >>"$state/agent.log" 2>&1 </dev/null &
  echo $! >"$run/shoumi-agent.pid"
  wait_for 20 "the agent's status" "$bin/shoumi" status --socket "$run/status.sock"
  good "shoumi-agent runs"
}

# Without a policy nothing can be written; an agent that has only just connected has none yet.
in_force() {
  "$bin/shoumi" status --socket "$run/status.sock" --json 2>/dev/null |
    grep -qE '"policy_version": ?"?[1-9]'
}
guarded() { [[ -d $mount_point ]] && awk -v m="$mount_point" '$5 == m && / - fuse\.shoumi / {found = 1} END {exit !found}' /proc/self/mountinfo; }

# Copies a document that must be stopped and holds cp, the folder and the raw device against it.
show_refused() {
  local file=$1 name message
  name=$(basename "$file")
  if message=$(LC_ALL=C.UTF-8 cp "$file" "$mount_point/" 2>&1); then
    bad "$name: cp said nothing"
  elif [[ $message != *"Operation not permitted"* ]]; then
    bad "$name failed for another reason: ${message##*$'\n'}"
  else
    good "$name refused, cp says: ${message##*$'\n'}"
  fi
  # The name goes after the last close, which does not wait for that.
  gone() { [[ ! -e $mount_point/$name ]]; }
  wait_for 5 "$name to go from the stick" gone
}

demonstrate() {
  local before after clean=$demo/documents/周例会纪要.docx
  python3 "$root/installer/demo/make_documents.py" "$demo/documents"
  before=$(ctl incidents list --json 2>/dev/null | grep -c '"incident_id"' || true)

  step "A clean document is copied"
  if cp "$clean" "$mount_point/" && cmp -s "$clean" "$mount_point/周例会纪要.docx"; then
    good "周例会纪要.docx is on the stick, byte-identical"
  else
    bad "周例会纪要.docx was not copied as it is"
  fi

  step "Marked documents and a client list are not"
  local refused=(投标方案.docx 投标方案.pdf 打包资料.zip 客户清单.xlsx) paths=() name
  for name in "${refused[@]}"; do
    show_refused "$demo/documents/$name"
    paths+=("$demo/documents/$name")
  done

  step "The raw device, read past every file system"
  sync  # not "sync -f": the kernel passes that on to no FUSE file system
  if python3 "$root/installer/demo/find_on_device.py" "$image" --known "$clean" "${paths[@]}" | sed 's|^.*/||; s/^/  /'; then
    good "not one byte of the refused documents"
  else
    bad "bytes of a refused document are on the device"
  fi
  if python3 "$root/installer/demo/find_on_device.py" "$image" "$clean" >/dev/null; then
    bad "the search does not find the clean document either, so it proves nothing"
  else
    good "(the same search does find the clean one)"
  fi

  step "What the security team sees: shoumictl incidents list"
  incidents_arrived() { [[ $(ctl incidents list --json | grep -c '"incident_id"') -ge $((before + ${#refused[@]})) ]]; }
  wait_for 20 "arrival of ${#refused[@]} incidents" incidents_arrived
  ctl incidents list | sed 's/^/  /'
  after=$(ctl incidents list --json | grep -c '"incident_id"')
  good "$((after - before)) new incidents"

  step "One of them: shoumictl incidents show $after"
  ctl incidents show "$after" | sed 's/^/  /'

  step "What the employee sees: shoumi status"
  "$bin/shoumi" status --socket "$run/status.sock" | sed 's/^/  /'
}

up() {
  need_root_and_kernel "$@"
  step "Packages"
  "$root/installer/install-packages.sh" build run
  good "all there"

  step "Build (release; minutes when cold)"
  (cd "$root" && cmake --preset release >/dev/null && cmake --build --preset release --target shoumi_programs)
  good "programs in $bin"

  mkdir -p "$state" "$run"
  chmod 755 "$run"
  step "Server"
  start_server
  sign_in
  step "Stick"
  attach_stick
  step "Agent"
  start_agent
  step "Policy"
  ctl policy apply "$root/rules/policies/starter.yaml" --packs "$root/rules/packs" --wait 20 | sed 's/^/  /'
  wait_for 20 "the guard over $mount_point" guarded
  wait_for 20 "the policy at the agent" in_force
  good "the stick is guarded, and the policy is in force"
  demonstrate

  step "Done"
  if [[ $wrong -gt 0 ]]; then die "$wrong of the things above are not as they should be"; fi
  cat <<EOF
  Copy something of your own to $mount_point and watch:
    $bin/shoumi scan FILE
    $bin/shoumi status --socket $run/status.sock
    HOME=$secrets $bin/shoumictl --server 127.0.0.1:$port --ca $server_state/ca.pem incidents list
  Take all of it away: installer/quickstart.sh --down
EOF
}

case ${1:-} in
  "") up "$@" ;;
  --down) need_root_and_kernel "$@"; down ;;
  -h|--help) usage ;;
  *) echo "quickstart: unknown option '$1'" >&2; usage >&2; exit 2 ;;
esac
