//! The program, run as a process against the loopback appliance.

mod support;

mod it {
    mod certificates;
    mod command_line;
    mod credentials;
    mod locator;
    mod output;
    mod proxy;
    mod renew;
    mod signing;
    mod tls;
}
