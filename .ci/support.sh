# What the checks share. Each sources this file first, and is then at the root of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TERM_COLOR=never

# Options for the smallest code. Many of LLVM's are off, or high, to make code faster by writing some of it twice, or by keeping
# more values at hand than there are registers.
smallest='-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none'
for option in inline-threshold=10 inline-call-penalty=35 enable-machine-outliner=always enable-pre=0 min-jump-table-entries=30 \
  tail-merge-size=1 two-entry-phi-node-folding-threshold=1 join-splitedges \
  disable-{lsr,block-placement,machine-licm,machine-cse,phi-elim-edge-splitting,early-taildup}; do smallest+=" -Cllvm-args=-$option"; done

# fail WHAT...: ends the script
fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# install_packages PACKAGE...: installs the Debian packages unless all of them are installed
install_packages() {
  local log
  ! dpkg -s "$@" >/dev/null 2>&1 || return 0
  log=$(mktemp)
  { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 ||
    { cat "$log" >&2 && fail "could not install $*"; }
  rm "$log"
}

# install_tool CRATE@VERSION COMMAND...: installs the crate's program unless COMMAND, its --version, says VERSION
install_tool() {
  "${@:2}" 2>/dev/null | grep -qwF "${1#*@}" || cargo install --locked --quiet "$1" || fail "could not install $1"
}

passed=0 failed=0
# report STATUS WHAT: counts and prints WHAT as passed if STATUS is 0
report() {
  if [ "$1" = 0 ]; then
    passed=$((passed + 1))
    echo "ok      $2"
  else
    failed=$((failed + 1))
    echo "FAILED  $2"
  fi
}

# check WHAT COMMAND...: WHAT passes if COMMAND succeeds; shows what COMMAND printed if not
check() {
  local said
  if said=$("${@:2}" 2>&1 </dev/null); then report 0 "$1"; else report 1 "$1: ${*:2}: $said"; fi
}

# same WHAT EXPECTED GOT
same() {
  if [ "$2" = "$3" ]; then report 0 "$1"; else report 1 "$1: not $2, but $3"; fi
}

# conclude: the last line of a check, and its status
conclude() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

children=()
# end_children: for a script's exit
end_children() {
  local child
  for child in "${children[@]}"; do
    kill "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  done
}

# until_true SECONDS COMMAND...
until_true() {
  local end=$((SECONDS + $1 + 1))
  until "${@:2}"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# wait_for_line FILE PATTERN: waits until a line of FILE matches, for 10 s
wait_for_line() {
  until_true 10 grep -qs "$2" "$1" || fail "no line of $1 matches $2: $(cat "$1")"
}

# start_appliance FILE [OPTION...]: starts the example `appliance`, whose shell lines go into FILE; sets $appliance
start_appliance() {
  : >"$1"
  env -u CLIENT_ID -u CLIENT_SECRET -u NC_USER -u NC_PASSWORD "$target/debug/examples/appliance" "${@:2}" >"$1" &
  appliance=$!
  children+=("$appliance")
  wait_for_line "$1" SERVICE_PORT_LOCATOR
}

# free_port: prints a port of loopback on which nothing listens
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# start_dnsmasq FOLDER OPTION...: a name server on a free port of loopback, which FOLDER/resolv.conf names
start_dnsmasq() {
  local port
  command -v dnsmasq >/dev/null || install_packages dnsmasq-base
  port=$(free_port)
  dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --no-poll --pid-file= --user="$(id -un)" \
    --listen-address=127.0.0.1 --bind-interfaces --port="$port" --local=/consul/ --log-facility=- "${@:2}" \
    >"$1/dnsmasq.log" 2>&1 </dev/null &
  dnsmasq_pid=$!
  children+=("$dnsmasq_pid")
  wait_for_line "$1/dnsmasq.log" started
  printf 'nameserver 127.0.0.1#%s\n' "$port" >"$1/resolv.conf"
}
