# Images and containers for .ci/containers, in a store of their own that is removed at the end.
# Containers use the host's network, to reach the servers on loopback, and have no other rights.

store=
memory=()

install_podman() {
  install_packages buildah podman runc
  store=$(mktemp -d)
}

remove_containers() {
  [ -n "$store" ] || return 0
  podman rm --all --force >/dev/null 2>&1 || true
  rm -rf "$store"
}

buildah() { command buildah --root "$store/root" --runroot "$store/run" --storage-driver vfs "$@"; }
podman() { command podman --root "$store/root" --runroot "$store/run" --storage-driver vfs --runtime runc "$@"; }

# build_image NAME CONTEXT OPTION...
build_image() {
  local name=$1 context=$2
  shift 2
  buildah bud --isolation chroot --pull-never --tag "$name" "$@" "$context" >"$store/build" 2>&1 ||
    { echo "the image $name cannot be built: $(cat "$store/build")" >&2; exit 1; }
}

# contain OPTION... IMAGE ARGUMENT...
contain() {
  podman run --rm --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --read-only --cap-drop all \
    --security-opt no-new-privileges "${memory[@]}" "$@"
}

# probe_containers IMAGE STATUS: tries whether containers run here, and whether with a limit of 8 MiB. The image's
# program without arguments and variables must end with STATUS.
probe_containers() {
  local image=$1 expected=$2 status=0
  memory=(--memory 8m --memory-swap 8m)
  contain "$image" >"$store/limited" 2>&1 </dev/null || status=$?
  [ "$status" != "$expected" ] || return 0
  memory=()
  status=0
  contain "$image" >"$store/unlimited" 2>&1 </dev/null || status=$?
  if [ "$status" != "$expected" ]; then
    echo "containers cannot run here: status $status: $(cat "$store/unlimited")" >&2
    exit 1
  fi
  echo "NOT APPLIED: the limit of 8 MiB of memory: $(cat "$store/limited")"
}

# check_memory PID: the process's memory limit and peak use
check_memory() {
  local group mount limit peak
  [ "${#memory[@]}" -gt 0 ] || return 0
  if group=$(sed -n 's/^[0-9]*:memory://p' "/proc/$1/cgroup") && [ -n "$group" ]; then
    mount=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
    limit=memory.limit_in_bytes peak=memory.max_usage_in_bytes
  else
    group=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
    mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    limit=memory.max peak=memory.peak
  fi
  check "the limit of 8 MiB of memory is in force" [ "$(cat "$mount$group/$limit")" = 8388608 ]
  # Kernels before 5.19 have no memory.peak.
  echo "peak memory, the kernel's part included: $(cat "$mount$group/$peak" 2>/dev/null || echo unknown) bytes"
}

image_bytes() { podman image inspect --format '{{.Size}}' "$1"; }

# image_files IMAGE: the paths of the files in it
image_files() {
  local mount
  mount=$(podman image mount "$1")
  (cd "$mount" && find . -type f | sed 's/^\.//' | sort | tr '\n' ' ' | sed 's/ $//')
  podman image unmount "$1" >/dev/null
}
