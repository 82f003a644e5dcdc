//! `minbearer` prints a bearer token, or keeps a fresh one in a file. `minbearer --help`, or minbearer(1), says how.

#![forbid(unsafe_code)]

mod arguments;
mod client;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "clock_elsewhere.rs")]
mod clock;
mod console;
mod notify;
mod output;
mod random;
mod renewal;
mod renewing;
mod signals;
mod signing;
mod stdout;
mod table;

use arguments::{Arguments, Asked};
use client::Client;
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
    // No core dump, which would write secrets to a disk. If the limit cannot be set, the program runs all the same.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Writing beyond the limit on a file's size (`ulimit -f`) is then an error and does not end the program.
    survive(SIGXFSZ);
    match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Token(mut arguments)) => match arguments.output.take() {
            Some(file) if arguments.renew => renewing::run(*arguments, file),
            file => console::exit(PROGRAM, once(*arguments, file)),
        },
        Ok(Asked::Help) => console::exit(PROGRAM, stdout::print(&[&table::help()])),
        Ok(Asked::Version) => {
            let version = concat!("minbearer ", env!("CARGO_PKG_VERSION"), "\n");
            console::exit(PROGRAM, stdout::print(&[version]))
        }
        Err(error) => console::exit(PROGRAM, Err(error)),
    }
}

/// From now on this signal does not end the program.
fn survive(signal: i32) {
    let _ = signal_hook::flag::register(signal, Arc::default());
}

/// Gets one token. Its destination is checked before anything is sent.
fn once(arguments: Arguments, file: Option<PathBuf>) -> Result<(), Error> {
    let (mode, header) = (arguments.mode, arguments.header);
    let output = match file {
        Some(file) => Some(Output::new(file, mode, header)?),
        None => stdout::check().map(|()| None)?,
    };
    let client = Client::new(arguments)?;
    let token = client.get_token()?;
    if let Some(line) = client.narrower_scope(&token) {
        console::print_error(PROGRAM, &line);
    }
    match output {
        Some(output) => {
            // A program that ends while it writes leaves its temporary file. It ends right after that anyway.
            for signal in &[SIGHUP, SIGINT, SIGTERM] {
                survive(*signal);
            }
            output.write(&token)
        }
        None if header => stdout::print(&["Authorization: ", token.authorization(), "\n"]),
        None => stdout::print(&[token.access_token(), "\n"]),
    }
}
