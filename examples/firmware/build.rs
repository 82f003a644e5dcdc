//! Passes the board's linker script to the linker.

const BOARDS: [&str; 3] = ["microbit", "lm3s6965evb", "sifive_e"];

fn main() {
    let is_chosen = |name: &str| {
        std::env::var_os(format!("CARGO_FEATURE_{}", name.to_ascii_uppercase())).is_some()
    };
    let mut chosen = BOARDS.into_iter().filter(|name| is_chosen(name));
    let (Some(board), None) = (chosen.next(), chosen.next()) else {
        panic!("choose one board: --features with one of {}", BOARDS.join(", "));
    };
    assert!(board == "lm3s6965evb" || !is_chosen("ethernet"), "{board} has no Ethernet of its own");
    println!("cargo:rustc-link-arg=-L{}/link", env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rustc-link-arg=-T{board}.ld");
    println!("cargo:rerun-if-changed=link");
}
