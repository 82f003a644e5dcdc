//! Programs that a test writes or copies, by way of a child process. If this process had the file open for writing, another
//! test's child could inherit the descriptor for a moment, and running the file would fail with `Text file busy`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

pub fn write_executable(path: &Path, content: &[u8]) {
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    shell.stdin.take().expect("piped").write_all(content).expect("the shell reads");
    assert!(shell.wait().expect("the shell ends").success());
}

pub fn copy_executable(from: impl AsRef<Path>, to: &Path) {
    let status = Command::new("cp").arg(from.as_ref()).arg(to).status().expect("cp starts");
    assert!(status.success(), "{}: {status}", to.display());
}
