//! Programs as a user would write them, against servers on loopback: the public interface needs no work-around.

#[cfg(feature = "tls")]
use crate::support::tls;

use crate::support::appliance::{Appliance, Credentials};
use crate::support::hostile::{Port, Server, Step};
use minbearer::{
    Error, Flow, Kind, NetworkCause, Request, Response, Secret, SecretSource, Session, Transport,
    accelerator, client_credentials, jsa,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ANSWER: &str = r#"{"access_token":"abc","token_type":"Bearer"}"#;

fn start() -> Appliance {
    Appliance::start(Credentials::default()).expect("the appliance")
}

fn jsa_config(appliance: &Appliance) -> jsa::Config {
    let known = appliance.credentials();
    jsa::Config::new(known.client_id.as_str(), &known.client_secret)
        .and_then(|config| config.with_qoauth_url(&appliance.qoauth_url()))
        .expect("a configuration")
}

fn answering(answer: &str) -> Server {
    let step = Step::send(answer.replace("LEN", &ANSWER.len().to_string()));
    Server::script(vec![Step::Request, step])
}

/// A poller that keeps its session in a struct.
#[test]
fn a_session_in_a_struct_is_shared_between_threads() {
    struct Poller {
        session: Session,
        databases: Request,
    }

    impl Poller {
        fn poll(&self) -> Result<String, Error> {
            self.session.send(self.databases.clone())?.error_for_status()?.into_text()
        }
    }

    let appliance = start();
    let console = appliance.console_url();
    let poller = Arc::new(Poller {
        session: Session::new(jsa_config(&appliance)),
        databases: Request::get(&format!("{console}/api/ariel/databases")).expect("a URL"),
    });
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let poller = Arc::clone(&poller);
            std::thread::spawn(move || poller.poll())
        })
        .collect();
    for thread in threads {
        let answer = thread.join().expect("a thread").expect("an answer");
        assert!(answer.contains("events"), "{answer}");
    }
    appliance.revoke_tokens();
    assert!(poller.poll().is_ok(), "a revoked token is replaced");
    assert_eq!(appliance.qoauth_requests(), 2);
}

#[test]
fn a_flow_is_chosen_at_run_time() {
    fn flow(name: &str, appliance: &Appliance) -> Result<Box<dyn Flow>, Error> {
        let known = appliance.credentials();
        let token_url = format!("{}/token", appliance.qoauth_url());
        Ok(match name {
            "jsa" => Box::new(jsa_config(appliance)),
            "accelerator" => {
                let password = SecretSource::from(&known.password);
                Box::new(accelerator::Config::new(&appliance.nc_url(), &known.username, password)?)
            }
            "client-credentials" => {
                let secret = known.client_secret.clone();
                Box::new(client_credentials::Config::new(&token_url, &known.client_id, secret)?)
            }
            other => return Err(Error::config(format!("there is no flow {other}"))),
        })
    }

    let appliance = start();
    for (name, start) in
        [("jsa", "Bearer "), ("accelerator", "Bearer:"), ("client-credentials", "Bearer ")]
    {
        let session = Session::new(flow(name, &appliance).expect(name));
        let token = session.token().expect(name);
        assert!(token.authorization().starts_with(start), "{name}: {token:?}");
    }
    assert_eq!(flow("kerberos", &appliance).err().map(|error| error.kind()), Some(Kind::Config));
}

/// A user's test with a fake transport, which it inspects afterwards.
#[test]
fn a_fake_transport_can_be_inspected_after_the_calls() {
    #[derive(Default)]
    struct Fake {
        sent: AtomicUsize,
    }

    impl Transport for Fake {
        fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
            assert!(deadline > Instant::now() && request.url().host() == "qoauth");
            self.sent.fetch_add(1, Ordering::SeqCst);
            Ok(Response::new(200, ANSWER))
        }
    }

    let fake = Arc::new(Fake::default());
    let config = jsa::Config::new("id", "secret").expect("credentials");
    let config = config.with_qoauth_url("http://qoauth").expect("a URL");
    let session = Session::with_transport(config, Arc::clone(&fake));
    assert_eq!(session.token().expect("a token").access_token(), "abc");
    session.token().expect("the same token");
    assert_eq!(fake.sent.load(Ordering::SeqCst), 1);
}

#[test]
fn a_match_distinguishes_a_wrong_secret_an_outage_dns_and_tls() {
    fn advice(error: &Error) -> &'static str {
        match (error.kind(), error.refusal()) {
            (Kind::Refused, Some(refusal)) if refusal.error() == Some("invalid_client") => {
                "wrong secret"
            }
            (Kind::Unavailable, Some(refusal)) if refusal.retry_after().is_some() => {
                "come back later"
            }
            (Kind::Unavailable, _) => "server down",
            (Kind::Timeout, _) => "too slow",
            _ => match error.network_cause() {
                Some(NetworkCause::Lookup) => "DNS",
                Some(NetworkCause::Connect) => "nothing listens",
                Some(NetworkCause::Tls) => "TLS",
                Some(NetworkCause::CutShort) => "cut short",
                Some(NetworkCause::NotHttp) => "not HTTP",
                _ => "something else",
            },
        }
    }

    let refused = "HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}";
    let down = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";

    let later = "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{";
    for (server, expected) in [
        (answering(refused), "wrong secret"),
        (answering(down), "server down"),
        (answering(later), "come back later"),
        (answering(cut), "cut short"),
        (answering("SSH-2.0-x\r\n"), "not HTTP"),
        (Server::start(Port::Refusing), "nothing listens"),
        (Server::start(Port::Idle), "too slow"),
    ] {
        let config = jsa::Config::new("id", "secret").expect("credentials");
        let config = config.with_qoauth_url(&server.url()).expect("a URL");
        let config = config.with_timeout(Duration::from_secs(2));
        let error = jsa::get_token(&config).expect_err(expected);
        assert_eq!(advice(&error), expected, "{error}");
        assert_eq!(format!("{error:?}"), error.to_string(), "Debug is the message");
    }
    // RFC 6761 section 6.4: no resolver finds this name.
    let config = jsa::Config::new("id", "secret").expect("credentials");
    let config = config.with_qoauth_url("http://qoauth.invalid").expect("a URL");
    assert_eq!(advice(&jsa::get_token(&config).expect_err("DNS")), "DNS");
    #[cfg(feature = "tls")]
    {
        let server = Server::script(vec![Step::send("HTTP/1.1 400 this is no TLS\r\n\r\n")]);
        let url = server.url().replace("http://", "https://");
        let config = jsa::Config::new("id", "secret").expect("credentials");
        let authority = tls::Authority::new("a CA", tls::Key::P256);
        let ca = std::fs::read(authority.file().path()).expect("its certificate");
        let http = minbearer::Http::new().with_ca(ca).expect("a CA");
        let config = config.with_qoauth_url(&url).expect("a URL");
        let error = minbearer::get_token(&config, &http).expect_err("TLS");
        assert_eq!(advice(&error), "TLS", "{error}");
    }
}

#[test]
fn a_loop_over_minreq_or_ureq_survives_a_revocation() {
    type Poll = fn(&Session, &str) -> Result<u16, Error>;

    fn by_minreq(session: &Session, url: &str) -> Result<u16, Error> {
        session.send_minreq(minreq::get(url).with_timeout(10)).map(|response| response.status_code)
    }

    fn by_minreq_itself(session: &Session, url: &str) -> Result<u16, Error> {
        let request = minreq::get(url);
        let call = |token: &minbearer::Token| token.authorize(request.clone()).send();
        let outcome = session.call(call, |outcome| {
            outcome.as_ref().is_ok_and(|response| response.status_code == 401)
        })?;
        Ok(outcome.map_or(0, |response| response.status_code))
    }

    fn by_ureq(session: &Session, url: &str) -> Result<u16, Error> {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent = agent.build().new_agent();
        let call = |token: &minbearer::Token| {
            agent.get(url).header("Authorization", token.authorization()).call()
        };
        let outcome = session.call(call, |outcome| {
            outcome.as_ref().is_ok_and(|response| response.status() == 401)
        })?;
        Ok(outcome.map_or(0, |response| response.status().as_u16()))
    }

    for (name, poll) in [
        ("send_minreq", by_minreq as Poll),
        ("Token::authorize", by_minreq_itself),
        ("ureq", by_ureq),
    ] {
        let appliance = start();
        let url = format!("{}/api/ariel/databases", appliance.console_url());
        let session = Session::new(jsa_config(&appliance));
        for round in 0..20 {
            // One in a minute. That more cost no call is not promised: the API may forbid the call.
            if round == 4 {
                appliance.revoke_tokens();
            }
            assert_eq!(poll(&session, &url).ok(), Some(200), "{name}, round {round}");
        }
        assert_eq!(appliance.qoauth_requests(), 2, "{name}: one, and one for the revocation");
    }
}

#[test]
fn after_a_second_of_502_a_token_comes_within_ten() {
    struct Proxy {
        up_at: Instant,
    }

    impl Transport for Proxy {
        fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
            let is_up = Instant::now() >= self.up_at;
            Ok(if is_up { Response::new(200, ANSWER) } else { Response::new(502, "Bad Gateway") })
        }
    }

    let start = Instant::now();
    let proxy = Proxy { up_at: start + Duration::from_secs(1) };
    let config = jsa::Config::new("id", "secret").expect("credentials");
    let config = config.with_qoauth_url("http://qoauth").expect("a URL");
    let session = Session::with_transport(config, proxy);
    let mut kinds = Vec::new();
    while let Err(error) = session.token() {
        kinds.push(error.kind());
        assert!(start.elapsed() < Duration::from_secs(10), "{error}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == Kind::Unavailable), "{kinds:?}");
}

#[test]
fn an_answer_above_the_limit_is_malformed_and_a_refusal_loses_its_body() {
    let deadline = Instant::now() + Duration::from_secs(10);
    for (status, expected) in [(200, Err(Kind::Malformed)), (401, Ok(401))] {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\n123456789");
        let server = Server::script(vec![Step::Request, Step::send(answer)]);
        let request = Request::get(&server.url()).expect("a URL").with_max_answer_bytes(8);
        let outcome = minbearer::Http::new().send(&request, deadline);
        let outcome = outcome.inspect(|response| assert_eq!(response.body(), b""));
        let outcome = outcome.map(|response| response.status());
        assert_eq!(outcome.map_err(|error| error.kind()), expected);
    }
}

#[test]
fn a_secret_that_took_all_the_time_is_not_blamed_on_the_server() {
    let server = Server::script(vec![Step::Request]);
    let ask = || {
        SecretSource::from_fn(|| {
            std::thread::sleep(Duration::from_millis(20));
            Ok("s".into())
        })
    };
    let timeout = Duration::from_millis(10);
    let jsa = jsa::Config::new("id", ask()).expect("a source").with_locator("/nonexistent");
    let accelerator = accelerator::Config::new(&server.url(), "rose", ask()).expect("a URL");
    for outcome in [
        jsa::get_token(&jsa.with_timeout(timeout)),
        accelerator::get_token(&accelerator.with_timeout(timeout)),
    ] {
        let error = outcome.expect_err("no token");
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(error.to_string().contains("the time to supply the secret"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_refusal_that_a_flow_of_ones_own_makes_has_its_status() {
    let request = Request::get("http://h/token").unwrap();
    for status in [401, 403, 503] {
        let error = Error::refused(&request, status, "no");
        assert_eq!(error.refusal().map(minbearer::Refusal::status), Some(status), "{error}");
    }
}

/// RFC 6749 section 3.3.
#[test]
fn a_scope_with_a_character_that_no_scope_has_is_none() {
    let request = Request::get("http://h/token").unwrap();
    for (scope, is_one) in [
        ("read write", true),
        ("!#[]~", true),
        ("a\\\"b", false),
        ("a\\\\b", false),
        ("a\\tb", false),
        ("a\\u007fb", false),
        ("\u{e9}", false),
    ] {
        let answer = format!(r#"{{"access_token":"abc","scope":"{scope}"}}"#);
        let token = minbearer::Token::from_answer(&request, Response::new(200, answer)).unwrap();
        assert_eq!(token.scope(), Some(scope).filter(|_| is_one), "{scope}");
    }
}

#[test]
fn each_type_that_converts_into_a_secret_source_is_accepted() {
    let owned = String::from("s");
    for source in [
        SecretSource::from("s"),
        SecretSource::from(&owned),
        SecretSource::from(owned.clone()),
        SecretSource::from(Secret::from("s")),
        SecretSource::from_fn(|| Ok("s".into())),
    ] {
        let config = jsa::Config::new("id", source).expect("a source");
        let request = config.request(1).expect("a request");
        assert!(request.url().path_and_query().ends_with("client_secret=s"));
    }
}

/// As django-oauth-toolkit's resource views answer: the page of `Session::call` says what such a program does.
#[test]
fn an_api_that_answers_a_revoked_token_with_a_bare_403_is_served_by_a_predicate_of_the_programs_own()
 {
    struct Numbered(AtomicUsize);
    impl Transport for Numbered {
        fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
            let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(Response::new(200, format!(r#"{{"access_token": "token-{number}"}}"#)))
        }
    }
    let config = jsa::Config::new("id", "secret").expect("credentials");
    let config = config.with_qoauth_url("http://localhost").expect("a URL");
    let session = Session::with_transport(config, Numbered(AtomicUsize::new(0)));
    let first = session.token().expect("a token");
    std::thread::sleep(Duration::from_millis(1100)); // a replacement comes a second after the request at the earliest
    let status = |token: &minbearer::Token| {
        if token.access_token() == first.access_token() { 403 } else { 200 }
    };
    let by_401 = session.call(status, |status| *status == 401).expect("an outcome");
    assert_eq!(by_401, 403, "a 403 is the call's answer");
    let by_403 = session.call(status, |status| matches!(status, 401 | 403)).expect("an outcome");
    assert_eq!(by_403, 200);
}

/// A struct of a program derives `Debug`, and moves to another thread, whatever of this crate is in it.
#[test]
fn every_type_has_debug_and_may_be_sent_and_shared() {
    fn check<T: std::fmt::Debug + Send + Sync + 'static>() {}
    check::<(Error, Kind, NetworkCause, minbearer::Refusal)>();
    check::<(jsa::Config, accelerator::Config, client_credentials::Config)>();
    check::<(client_credentials::ClientAuthentication, client_credentials::SignedAssertion)>();
    check::<(client_credentials::SigningKey, client_credentials::SigningInput)>();
    check::<(client_credentials::Algorithm, minbearer::AfterRefusal, Secret, SecretSource)>();
    check::<(minbearer::Lifecycle, minbearer::Lifetime, minbearer::Rejection, minbearer::Step)>();
    check::<(Session, minbearer::Http, minbearer::Token, minbearer::Url, minbearer::Method)>();
    check::<(Request, Response, minbearer::Incoming)>();
}
