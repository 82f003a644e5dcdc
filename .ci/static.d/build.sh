# Static executables for .ci/static, .ci/release and .ci/platforms, the standard library built for size. Who reads this
# has read .ci/support.sh, and sets $out, where all of it goes, and $strip, symbols or none.
# What is built does not depend on the folder that it is built in: the linker is found by its name, and compilers write
# short names of folders instead of theirs (.ci/release compares).
# The compiler is Debian's rustc-web, which takes unstable options and comes with the sources of its standard library.
# The C compiler and linker is zig (pip install ziglang), which carries musl for every processor.

zig_version=0.15.2
# Written in C, and linked to every program: smaller.c and trap.c.
c_sources=$(realpath "${BASH_SOURCE[0]%/*}")

install_tools() {
  install_packages rustc-web cargo-web rust-web-src python3-venv
  # Not grep -q, which leaves at the first match: pip, not yet done, then fails at the closed pipe.
  if ! "$out/venv/bin/pip" show ziglang 2>/dev/null | grep -x "Version: $zig_version" >/dev/null; then
    python3 -m venv --clear "$out/venv"
    "$out/venv/bin/pip" install --quiet --disable-pip-version-check "ziglang==$zig_version" ||
      fail "could not install ziglang"
  fi
}

# write_compiler NAME ZIG_TARGET [OPTION]...: a C compiler and linker for one processor.
# It leaves out what it is told but zig does not know: LLVM's name of the target, the least version of macOS, and two
# options of the linker. smaller.o and trap.o stand for those of NAME.
write_compiler() {
  cat >"$out/$1" <<EOF
#!/usr/bin/env bash
arguments=()
for argument in "\$@"; do
  case \$argument in
    --target=* | -mmacosx-version-min=* | -Wl,--as-needed | -Wl,-melf*) ;;
    smaller.o | trap.o) arguments+=("$out/\${argument%.o}-${1#cc-}.o") ;;
    *) arguments+=("\$argument") ;;
  esac
done
exec "$out/venv/bin/python" -m ziglang cc -target ${*:2} "\${arguments[@]}"
EOF
  chmod +x "$out/$1"
}

# prepare: installs and writes all of the above.
prepare() {
  mkdir -p "$out"
  install_tools
  printf '#!/bin/sh\nexec "%s" -m ziglang ar "$@"\n' "$out/venv/bin/python" >"$out/ar"
  chmod +x "$out/ar"
}

# compile ARCH COMMAND OPTION...: runs this command of Cargo's, and leaves what it built in $built.
compile() {
  local arch=$1 command=$2 target zig name flags folder maps='' ring='' manifest=Cargo.toml
  shift 2
  case $arch in
    x86_64) target=x86_64-unknown-linux-musl zig=x86_64-linux-musl ;;
    aarch64) target=aarch64-unknown-linux-musl zig=aarch64-linux-musl ;;
    armv7) target=armv7-unknown-linux-musleabihf zig=arm-linux-musleabihf ;;
    riscv64) target=riscv64gc-unknown-linux-musl zig=riscv64-linux-musl ;;
    mipsel) target=mipsel-unknown-linux-musl zig='mipsel-linux-musleabi -mcpu=mips32r2+soft_float' ;;
    *) fail "$arch is none of x86_64, aarch64, armv7, riscv64, mipsel" ;;
  esac
  # shellcheck disable=SC2086 # a target and options
  write_compiler "cc-$arch" $zig
  # ring has small tables of multiples on 32 bits. On 64 it takes them by OPENSSL_SMALL; smaller.c has two functions that
  # it then lacks, and whose names have its version.
  [[ "$*" =~ --manifest-path[\ =]([^\ ]+) ]] && manifest=${BASH_REMATCH[1]}
  [[ $arch != @(x86_64|aarch64) ]] || ring=$(cargo tree --manifest-path "$manifest" --all-features --target all -i ring \
    --depth 0 --prefix none 2>/dev/null | sed -n 's/^ring v\([0-9.]*\).*/\1/p' | tr . _) || ring=''
  [ -z "$ring" ] || maps=' -DOPENSSL_SMALL'
  for name in smaller trap; do
    "$out/cc-$arch" -Oz -ffunction-sections ${ring:+-DRING=ring_core_${ring}__} -c -o "$out/$name-$arch.o" "$c_sources/$name.c" ||
      fail "$arch: could not compile $name.c"
  done
  # What lies far from the stack pointer takes more bytes to name. By the C library rustix finds the kernel's own code for the clock;
  # but where a register has 32 bits it takes musl's times of 32 bits for such of 64, and no pause and no lifetime is kept.
  flags="$smallest -Cllvm-args=-inline-max-stacksize=384 -Cforce-unwind-tables=no -Crelocation-model=static"
  [[ $arch != *64 ]] || flags+=" --cfg=rustix_use_libc"
  # A segment that is read-only after relocation takes one page more in memory. Here it has a few pointers of .got alone.
  flags+=" -Clinker=cc-$arch -Clink-self-contained=no -Clink-arg=smaller.o -Clink-arg=trap.o -Clink-arg=-Wl,-z,norelro"
  case $arch in
    # The linker leaves room for pages of 64 KiB, in the file too if the sections end unluckily. This processor has none.
    armv7) flags+=" -Clink-arg=-Wl,-z,max-page-size=4096" ;;
    riscv64) flags+=" -Ctarget-feature=+crt-static" ;;
    # musl's dlsym, which rustix calls, is position-independent there, and expects its caller to be.
    mipsel) flags+=" -Ctarget-feature=+crt-static -Crelocation-model=pic -Clink-arg=-Wl,-z,relro" ;;
  esac
  # zig takes it for the parts of libc that it compiles, and as a wish for no symbols.
  [ "$strip" = none ] || flags+=" -Clink-arg=-Oz"
  for folder in "$PWD=." "$out=static" "${CARGO_HOME:-$HOME/.cargo}/registry/src=registry"; do
    flags+=" --remap-path-prefix=$folder"
    maps+=" -ffile-prefix-map=$folder"
  done
  env -u RUSTC_WRAPPER PATH="$out:$PATH" RUSTUP_TOOLCHAIN= RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc \
    RUSTFLAGS="$flags" "CC_${target//-/_}=$out/cc-$arch" "CFLAGS_${target//-/_}=${maps# }" "AR_${target//-/_}=$out/ar" \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=z CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
    CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_STRIP="$strip" \
    /usr/bin/cargo "$command" --quiet --release -Zbuild-std=std -Zbuild-std-features=optimize_for_size \
    --target "$target" --target-dir "$out/build" "$@" </dev/null || fail "$arch: cargo $command failed"
  mkdir -p "$out/$arch"
  built=$out/build/$target/release
}
