//! The JSA app against a console that serves only HTTPS, with a certificate of a private CA.

#![cfg(feature = "tls")]

use crate::support::appliance::{Appliance, Credentials};
use crate::support::processes::command;
use crate::support::tls::{Authority, Key, Server};

#[test]
fn an_https_console_with_a_private_ca_is_polled_and_another_ca_is_rejected() {
    let appliance = Appliance::start(Credentials::default()).expect("the appliance starts");
    let console = appliance.console_url();
    let port = console.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let authority = Authority::new("console CA", Key::P256);
    let server = Server::terminating_tls(authority.issue(&["localhost"]).config(), port);
    let another = Authority::new("another CA", Key::P256);
    for (authority, expected) in [
        (&authority, r#"response=["events", "flows", "simarc"]"#),
        (&another, "Error: the API call to localhost"),
    ] {
        let file = authority.file();
        let variables = [
            ("CLIENT_ID", appliance.credentials().client_id.as_str()),
            ("CLIENT_SECRET", &appliance.credentials().client_secret),
            ("QOAUTH_HOST", "127.0.0.1"),
            ("SERVICE_PORT_LOCATOR", appliance.locator().to_str().expect("UTF-8")),
            ("CONSOLE_URL", &server.url("localhost", "/")),
            ("SSL_CERT_FILE", file.path().to_str().expect("UTF-8")),
            ("POLL_SECONDS", "0.01"),
            ("POLL_COUNT", "3"),
        ];
        let output = command("background_process", &variables).output().expect("it runs");
        let log = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "{log}");
        assert_eq!(log.matches(expected).count(), 3, "{log}");
    }
}
