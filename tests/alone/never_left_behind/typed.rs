//! A password that is typed at a terminal.

use crate::observer::{Process, count, random_text};
use crate::subject::stay;
use crate::terminal;
use minbearer::prompt;
use rustix::process::{ioctl_tiocsctty, setsid};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;
use std::time::Duration;

/// What the subject is told, in the environment.
const TOLD: [&str; 2] = ["LEFT_TYPED_MODE", "LEFT_TYPED_TERMINAL"];

#[test]
#[ignore = "child process of the other tests"]
fn subject() {
    let [mode, terminal] = TOLD.map(|name| std::env::var(name).unwrap_or_default());
    setsid().unwrap();
    ioctl_tiocsctty(File::open(terminal).unwrap()).unwrap();
    if mode == "two at once" {
        let ask = || std::thread::spawn(|| prompt::password("Password: ").unwrap());
        for asked in [ask(), ask()] {
            let password = asked.join().unwrap();
            let (first, rest) = password.expose().split_at(1);
            assert_eq!(rest, first.repeat(999));
        }
        return stay("has both");
    }
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
        let (mut person, _program_side, name) = terminal::open();
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

#[test]
fn each_of_two_prompts_at_once_gets_a_line() {
    let (mut person, program_side, name) = terminal::open();
    let typing = std::thread::spawn(move || {
        for letter in ["a", "b"] {
            let mut shown = Vec::new();
            while !shown.ends_with(b"Password: ") {
                let mut byte = [0];
                person.read_exact(&mut byte).unwrap();
                shown.extend(byte);
            }
            // For the other prompt, were it to come too early.
            std::thread::sleep(Duration::from_millis(100));
            writeln!(person, "{}", letter.repeat(1000)).unwrap();
        }
        person
    });
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.envs(TOLD.into_iter().zip(["two at once", &name]));
    Process::start("typed::subject", &mut command, "has both");
    let settings = tcgetattr(&program_side).unwrap();
    assert!(settings.local_modes.contains(LocalModes::ECHO), "the echo stays off");
    drop(typing.join().unwrap());
}
