# A dnsmasq of one's own, for .ci/dns and .ci/scratch: on a free port of loopback, a child of the script, without
# files of the system's.

dnsmasq_pid=

install_dnsmasq() {
  if ! command -v dnsmasq >/dev/null; then
    { apt-get update && apt-get install -y --no-install-recommends dnsmasq-base; } >/dev/null 2>&1 ||
      { echo 'could not install dnsmasq-base' >&2; exit 1; }
  fi
}

# start_dnsmasq FOLDER OPTION...: also writes FOLDER/resolv.conf, which points to it.
start_dnsmasq() {
  local folder=$1 port attempt
  shift
  for attempt in $(seq 20); do
    port=$((20000 + RANDOM % 12000))
    dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --no-poll --pid-file= --user="$(id -un)" \
      --listen-address=127.0.0.1 --bind-interfaces --port="$port" --local=/consul/ --log-facility=- "$@" \
      >"$folder/dnsmasq.log" 2>&1 </dev/null &
    dnsmasq_pid=$!
    for _ in $(seq 100); do
      # It listens on both before it says so.
      grep -qs 'started' "$folder/dnsmasq.log" && break
      kill -0 "$dnsmasq_pid" 2>/dev/null || break
      sleep 0.05
    done
    if grep -qs 'started' "$folder/dnsmasq.log"; then
      printf 'nameserver 127.0.0.1#%s\n' "$port" >"$folder/resolv.conf"
      return
    fi
    stop_dnsmasq
  done
  echo "dnsmasq does not start: $(cat "$folder/dnsmasq.log")" >&2
  exit 1
}

stop_dnsmasq() {
  if [ -n "$dnsmasq_pid" ]; then
    kill "$dnsmasq_pid" 2>/dev/null || true
    wait "$dnsmasq_pid" 2>/dev/null || true
    dnsmasq_pid=
  fi
}
