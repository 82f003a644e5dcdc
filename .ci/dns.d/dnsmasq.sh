# A private dnsmasq for .ci/dns, .ci/scratch and .ci/containers: on a free port of loopback, as a child of the script,
# reading none of the system's files.

dnsmasq_pid=

install_dnsmasq() {
  command -v dnsmasq >/dev/null || install_packages dnsmasq-base
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
      # It listens on UDP and TCP before it logs this.
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
