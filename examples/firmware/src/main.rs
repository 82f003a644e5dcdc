//! Gets a token and calls an API with it, on a microcontroller.
//!
//! `device` is the part to copy into a firmware; the other files run it on three boards. All `unsafe` code is in `board`
//! and `heap`.

#![no_std]
#![no_main]
#![deny(unsafe_code)]
// An image without a flow shows the size of the board's own code.
#![cfg_attr(
    not(any(feature = "jsa", feature = "accelerator", feature = "client-credentials")),
    allow(dead_code, unused_variables)
)]

extern crate alloc;

#[allow(unsafe_code)]
mod board;
mod device;
#[cfg(feature = "ethernet")]
mod ethernet;
#[allow(unsafe_code)]
mod heap;
#[cfg(not(feature = "ethernet"))]
mod modem;
mod network;
mod settings;

use board::console::{self, print};
use device::Device;
use minbearer::Error;
use network::Network;
use settings::Settings;
use zeroize::Zeroizing;

#[cfg(feature = "ethernet")]
fn network() -> impl Network {
    ethernet::Ethernet::new(board::Controller::start())
}

#[cfg(not(feature = "ethernet"))]
fn network() -> impl Network {
    modem::Modem::new(board::Uart::start())
}

/// Called at the end of the board's start-up.
fn main() -> ! {
    let (status, stops) = run();
    if stops {
        console::pause("dropped");
    }
    print!("heap: {} bytes at the peak, {} left over\n", heap::peak(), heap::in_use());
    print!("stack: {} bytes at the deepest\n", board::deepest_stack());
    console::exit(status)
}

/// Returns the exit status, and whether the program stops so that the RAM can be read.
fn run() -> (u8, bool) {
    // A product has its settings in flash. This buffer is not moved before it is wiped: a move would leave a copy.
    let mut line = Zeroizing::new([0; 512]);
    let settings = match Settings::parse(console::command_line(&mut *line)) {
        Ok(settings) => settings,
        Err(error) => return (report(&error), false),
    };
    let outcome = round(&settings, &mut network());
    let status = outcome.as_ref().map_or_else(report, |_| 0);
    if settings.stops {
        console::pause("held");
    }
    (status, settings.stops)
}

fn round(settings: &Settings, network: &mut dyn Network) -> Result<Device, Error> {
    let mut device = Device::default();
    let len = device.token(settings, network)?.access_token().len();
    print!("token: {len} characters, got with {} bytes of heap\n", heap::peak());
    if let Some(due) = device.due_in() {
        print!("to be renewed after {} s\n", due.as_secs());
    }
    let answer = device.poll(settings, network)?.error_for_status()?;
    print!("answer: {}\n", answer.text()?);
    Ok(device)
}

/// Prints an error, and returns its exit status, the same as that of the program `minbearer`.
fn report(error: &Error) -> u8 {
    print!("error: {error}\n");
    error.kind().exit_status()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    console::exit(101)
}
