//! The examples, run as programs, and the loopback appliance that they and the tests use.

mod support;

mod examples {
    mod background_process;
    mod background_process_tls;
    mod programs;
    mod service_port_locator;
    mod the_appliance;
}
