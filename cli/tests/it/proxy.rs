//! `minbearer --proxy`.
#![cfg(feature = "tls")]

use crate::support::appliance::{Appliance, Setup};
use crate::support::hostile::{Port, Server, Step};
use crate::support::processes::{command, run};
use crate::support::proxy::Proxy;

#[test]
fn a_proxy_is_taken_from_the_command_line_and_never_from_the_environment() {
    let setup = Setup { tls: true, ..Setup::default() };
    let appliance = Appliance::set_up(setup).expect("the appliance starts");
    let url = appliance.qoauth_url() + "/token";
    let ca = appliance.ca_file().unwrap().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (password, wrong) = (file("password", "petal\n"), file("wrong", "thorn"));
    let open = Proxy::start(None);
    let closed = Proxy::start(Some("Basic cm9zZTpwZXRhbA==")); // rose:petal
    let (open_url, closed_url) = (open.url(), closed.url());
    let credentials = appliance.credentials();
    let client = [
        ("CLIENT_ID", credentials.client_id.as_str()),
        ("CLIENT_SECRET", &credentials.client_secret),
    ];
    let to_closed = ["--proxy", &closed_url, "--proxy-user", "rose"];
    let with_password = [("PROXY_PASSWORD_FILE", password.as_str())];
    for (url, options, variables, status, part) in [
        (&url, &["--proxy", &open_url][..], &[][..], 0, ""),
        (&url, &to_closed, &with_password, 0, ""),
        (&url, &to_closed, &[("PROXY_PASSWORD_FILE", &*wrong)], 4, "does not accept the user"),
        (&url, &["--proxy", &closed_url], &[], 4, "407 Proxy Authentication Required; it wants a"),
        (&url, &to_closed, &[], 2, "--proxy-user is given, and PROXY_PASSWORD_FILE is not set"),
        (&url, &["--proxy", &closed_url], &with_password, 2, "--proxy-user is not given"),
        (&url, &["--proxy-user", "rose"], &with_password, 2, "is given without --proxy URL"),
        (&url, &["--proxy", "https://p"], &[], 2, "the proxy URL is https"),
        (&url, &["--proxy", "http://u:hunter2@p"], &[], 2, "the proxy URL has user info"),
        (
            &"http://127.0.0.1:1/token".to_owned(),
            &["--proxy", &open_url],
            &[],
            2,
            "a proxy is for https alone",
        ),
    ] {
        let arguments = [&["client-credentials", url, "--cacert", ca], options].concat();
        let outcome = run("minbearer", &arguments, &[&client[..], variables].concat());
        if status == 0 {
            assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{options:?}");
        } else {
            outcome.expect_failure("minbearer", status, part);
            assert!(!outcome.err.contains("hunter2"), "{outcome:?}");
        }
    }
    assert_eq!((open.seen().heads.len(), closed.seen().heads.len()), (1, 3));

    // A proxy that cannot be reached is no reason to look for one in a variable.
    let gone = Server::start(Port::Refusing).url();
    let variables = [client[0], client[1], ("https_proxy", open_url.as_str())];
    let arguments = ["client-credentials", &url, "--cacert", ca, "--proxy", &gone];
    let outcome = run("minbearer", &arguments, &variables);
    outcome.expect_failure("minbearer", 4, "no connection to the proxy 127.0.0.1:");
    assert!(!outcome.err.contains("https_proxy"), "{outcome:?}");

    let other = Server::script(vec![Step::Hold]);
    let mut command = command("minbearer", &client);
    for name in ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
    {
        command.env(name, other.url());
    }
    let output = command.args(["client-credentials", &url, "--cacert", ca]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(other.connections(), 0, "a variable was obeyed");
}

#[test]
fn a_proxy_of_the_environment_that_is_not_used_is_named_where_it_may_be_missed() {
    let (refusing, holding) = (Server::start(Port::Refusing), Server::script(vec![Step::Hold]));
    let (http, silent) = (refusing.url(), holding.url());
    let closed = http.replace("http", "https");
    let odd = Server::script(vec![Step::Request, Step::send("SSH-2.0-x\r\n")]);
    let answering = odd.url();
    let no = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let unwilling = Server::script(vec![Step::Request, Step::send(no)]);
    let refused = unwilling.url();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .unwrap();
    let (pipe, proxy) = (pipe.to_str().unwrap(), ("https_proxy", "http://127.0.0.1:9"));
    let secret = ("CLIENT_SECRET", "secret");
    let hint = "https_proxy is set, but not used: see --proxy";
    for (url, variables, status, has_hint) in [
        (&closed, &[secret, proxy][..], 4, true),
        (&silent, &[secret, proxy], 5, true),
        (&closed, &[secret], 4, false),
        (&http, &[secret, proxy], 4, true),
        (&closed, &[secret, ("https_proxy", "")], 4, false),
        (&answering, &[secret, proxy], 4, false),
        (&refused, &[secret, proxy], 6, false),
        (&closed, &[secret, proxy, ("NO_PROXY", "a.test,127.0.0.1")], 4, false),
        (&closed, &[secret, ("HTTP_PROXY", proxy.1), ("http_proxy", proxy.1)], 4, false),
        // The secret is awaited, and no server.
        (&closed, &[("CLIENT_SECRET_FILE", pipe), proxy], 5, false),
    ] {
        let arguments = ["client-credentials", url, "--timeout", "1"];
        let outcome = run("minbearer", &arguments, &[&[("CLIENT_ID", "id")], variables].concat());
        outcome.expect_failure("minbearer", status, "");
        assert_eq!(outcome.err.contains(hint), has_hint, "{url} {variables:?}: {outcome:?}");
        assert!(has_hint || !outcome.err.contains("--proxy"), "{outcome:?}");
    }
    let arguments = ["client-credentials", &closed, "--proxy", &http, "--timeout", "1"];
    let outcome = run("minbearer", &arguments, &[("CLIENT_ID", "id"), secret, proxy]);
    outcome.expect_failure("minbearer", 4, "refused");
    assert!(!outcome.err.contains(hint), "there is a proxy: {outcome:?}");
}
