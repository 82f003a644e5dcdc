//! A password that is typed at a terminal.

use crate::observer::{Process, count, random_text};
use crate::subject::stay;
use crate::terminal;
use minbearer::prompt;
use rustix::process::{ioctl_tiocsctty, setsid};
use std::fs::File;
use std::io::Write;
use std::process::Command;

/// What the subject is told, in the environment.
const TOLD: [&str; 2] = ["LEFT_TYPED_MODE", "LEFT_TYPED_TERMINAL"];

#[test]
#[ignore = "child process of the other test"]
fn subject() {
    let [mode, terminal] = TOLD.map(|name| std::env::var(name).unwrap_or_default());
    setsid().unwrap();
    ioctl_tiocsctty(File::open(terminal).unwrap()).unwrap();
    let password = prompt::password("Password: ").unwrap();
    if mode == "kept" {
        stay("has the password");
    }
    drop(password);
    stay("has dropped the password");
}

#[test]
fn a_typed_password_leaves_no_copy() {
    for (mode, said, copies) in
        [("kept", "has the password", 1), ("dropped", "has dropped the password", 0)]
    {
        let (mut person, name) = terminal::open();
        // What is typed waits in the terminal, which exists as long as one side has it open.
        let _program = File::options().read(true).write(true).open(&name).unwrap();
        let password = random_text(40);
        writeln!(person, "{password}").unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.envs(TOLD.into_iter().zip([mode, &name]));
        let process = Process::start("typed::subject", &mut command, said);
        let memory = process.memory();
        // The allocator's data overwrites the start of a small copy that was freed.
        let (start, end) = password.as_bytes().split_at(20);
        assert_eq!([count(&memory, start), count(&memory, end)], [copies; 2], "{mode}");
    }
}
