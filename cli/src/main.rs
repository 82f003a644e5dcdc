//! `minbearer` prints a bearer token, or keeps a fresh one in a file. `minbearer --help`, or minbearer(1), says how.

#![forbid(unsafe_code)]

mod advice;
mod arguments;
mod client;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "clock_elsewhere.rs")]
mod clock;
mod format;
mod keep_fresh;
mod notify;
mod output;
#[cfg(test)]
mod pages;
mod report;
mod schedule;
mod signals;
mod signing;
mod streams;
mod table;

use arguments::{Arguments, Asked};
use client::Client;
use format::Format;
use minbearer::Error;
use output::Output;
use rustix::process::{Resource, Rlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

const PROGRAM: &str = "minbearer";

fn main() -> ExitCode {
    protect_memory();
    // Writing beyond the limit on a file's size (`ulimit -f`) is then an error and does not end the program.
    survive(SIGXFSZ);
    match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Token(mut arguments)) => match arguments.output.take() {
            Some(file) if arguments.renew => keep_fresh::run(*arguments, file),
            file => streams::exit(PROGRAM, once(*arguments, file)),
        },
        Ok(Asked::Check { file, max_age }) => match output::check_age(&file, max_age) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                streams::print_error(PROGRAM, &why);
                ExitCode::FAILURE
            }
        },
        Ok(Asked::Help(None)) => streams::exit(PROGRAM, streams::print(&table::help())),
        Ok(Asked::Help(Some(command))) => {
            streams::exit(PROGRAM, streams::print(&table::command_help(command)))
        }
        Ok(Asked::Version) => streams::exit(PROGRAM, streams::print(&table::version())),
        Err(error) => streams::exit(PROGRAM, Err(error)),
    }
}

/// Before there is a secret: no core file, which would write it to a disk. A program to which the system pipes a core
/// gets one whatever the limit is, and another process of the same user could read the memory: being "not dumpable" ends
/// both. If neither can be set, the program runs all the same.
fn protect_memory() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// From now on this signal does not end the program.
fn survive(signal: i32) {
    let _ = signal_hook::flag::register(signal, Arc::default());
}

/// Gets one token. Its destination is checked before anything is sent.
fn once(arguments: Arguments, file: Option<PathBuf>) -> Result<(), Error> {
    let format = arguments.format;
    let output = file.map(|file| Output::new(file, arguments.mode)).transpose()?;
    let client = Client::new(arguments)?;
    let obtained = client.get_token()?;
    if let Some(line) = client.narrower_scope(&obtained.token) {
        streams::print_error(PROGRAM, &line);
    }
    let text = format.render(&obtained.token, obtained.requested);
    match output {
        Some(output) => {
            // A program that ends while it writes leaves its temporary file. It ends right after that anyway.
            for signal in &[SIGHUP, SIGINT, SIGTERM] {
                survive(*signal);
            }
            output.write(&text).map_err(|unwritten| unwritten.error)
        }
        None if format == Format::Token => {
            streams::print(&text).and_then(|()| streams::print("\n"))
        }
        None => streams::print(&text),
    }
}
