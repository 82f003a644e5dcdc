//! The program, run as a process against the loopback appliance.

#[path = "../../../tests/support/mod.rs"]
mod support;

mod command_line;
mod locator;
mod output;
mod pages;
mod renew;
mod signing;
mod tls;
