//! The pages of the documentation, as a browser shows them.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// A line of code that is longer needs a scroll bar in a window of 1,100 pixels: measured in Chromium.
const MAX_CHARS: usize = 82;

/// Code that a page includes as a whole.
const INCLUDED: [&str; 3] = ["bare_metal.rs", "own_transport.rs", "vault_approle.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines of the examples in a file's documentation. rustdoc hides those that start with `# `. Blocks of `text` are
/// pictures in private modules.
fn examples(source: &str) -> Vec<&str> {
    let (mut is_code, mut is_text) = (false, false);
    let mut lines = Vec::new();
    for line in source.lines().map(str::trim_start) {
        // What is included is code, although an attribute may have opened the block.
        is_code |= line.contains("include_str!(") && line.contains("examples/support/");
        let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            continue;
        };
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with("```") {
            is_code = !is_code;
            is_text = line == "```text";
        } else if is_code && !is_text && !line.starts_with("# ") {
            lines.push(line);
        }
    }
    lines
}

#[test]
fn no_example_needs_a_scroll_bar() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    sources(&root.join("src"), &mut paths);
    let mut lines = 0;
    let mut check = |path: &Path, line: &str| {
        lines += 1;
        let chars = line.chars().count();
        assert!(chars <= MAX_CHARS, "{}: {chars} characters: {line}", path.display());
    };
    for path in paths {
        let source = read_to_string(&path).expect("a source file");
        examples(&source).iter().for_each(|line| check(&path, line));
    }
    for name in INCLUDED {
        let path = root.join("examples/support").join(name);
        read_to_string(&path).expect("an example").lines().for_each(|line| check(&path, line));
    }
    assert!(lines > 300, "{lines} lines of code were found");
}
