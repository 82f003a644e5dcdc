//! A replacement for `/service_port_locator.py`: a program that prints the content of a file beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = r#"#!/bin/sh
if [ $# -ne 1 ] || [ -z "$1" ]; then
    echo "usage: ${0##*/} SERVICE" >&2
    exit 1
fi
read -r port <"${0%/*}/port" && echo "$port"
"#;

pub struct Locator {
    program: PathBuf,
    port: PathBuf,
}

impl Locator {
    pub fn write(folder: &Path, port: u16) -> io::Result<Self> {
        let program = folder.join("service_port_locator");
        // A shell writes the program. If this process had the file open for writing while another thread forked, the
        // child would keep it open until its exec, and running the program would meanwhile fail with ETXTBSY.
        let status = Command::new("/bin/sh")
            .args(["-c", r#"printf %s "$1" >"$0" && chmod 755 "$0""#])
            .arg(&program)
            .arg(SCRIPT)
            .status()?;
        if !status.success() {
            let complaint = format!("cannot write {}: /bin/sh: {status}", program.display());
            return Err(io::Error::other(complaint));
        }
        let locator = Self { program, port: folder.join("port") };
        locator.point_to(port)?;
        Ok(locator)
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Replaced by a rename: the program prints the old port or the new one, never half of one.
    pub fn point_to(&self, port: u16) -> io::Result<()> {
        let next = self.port.with_extension("next");
        fs::write(&next, format!("{port}\n"))?;
        fs::rename(next, &self.port)
    }
}
