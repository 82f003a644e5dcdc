# What the checks share. Each sources this file at the root of the repository.

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

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
  if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
    cat "$log" >&2
    fail "could not install $*"
  fi
  rm "$log"
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
  if said=$("${@:2}" 2>&1); then report 0 "$1"; else report 1 "$1: ${*:2}: $said"; fi
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

# wait_for_line FILE PATTERN: waits until a line of FILE matches, for 10 s at most
wait_for_line() {
  local attempt
  for attempt in $(seq 200); do
    ! grep -qs "$2" "$1" || return 0
    sleep 0.05
  done
  fail "no line of $1 matches $2: $(cat "$1")"
}

# start_appliance FILE [OPTION...]: starts the example `appliance`, whose shell lines go into FILE; sets $appliance
start_appliance() {
  env -u CLIENT_ID -u CLIENT_SECRET -u NC_USER -u NC_PASSWORD "$target/debug/examples/appliance" "${@:2}" >"$1" &
  appliance=$!
  children+=("$appliance")
  wait_for_line "$1" SERVICE_PORT_LOCATOR
}
