//! The records of a session: one for each step in the life of its token, and no secret in any.

use super::*;
use std::sync::{Mutex, Once};

/// Collects the records that this thread writes.
struct Collector;

std::thread_local! {
    static RECORDS: Mutex<Vec<String>> = const { Mutex::new(Vec::new()) };
    /// Locked by the test while it looks whether a record is written under a session's lock.
    static SESSION: core::cell::RefCell<Option<Session>> = const { core::cell::RefCell::new(None) };
}

impl log::Log for Collector {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        if record.target() != "minbearer" {
            return;
        }
        // A logger is a function of the caller's: with the lock held, this would wait for ever.
        SESSION.with_borrow(|session| session.as_ref().map(Session::next_attempt));
        let line = format!("{} {}", record.level(), record.args());
        RECORDS.with(|records| records.lock().unwrap().push(line));
    }

    fn flush(&self) {}
}

fn records() -> Vec<String> {
    RECORDS.with(|records| core::mem::take(&mut *records.lock().unwrap()))
}

#[test]
fn each_step_in_the_life_of_a_token_is_one_record_without_a_secret() {
    static START: Once = Once::new();
    START.call_once(|| {
        log::set_logger(&Collector).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    struct Echo;
    impl Transport for Echo {
        fn send(&self, request: &Request, _: Instant) -> Result<Response, Error> {
            let sent = core::str::from_utf8(request.body().unwrap_or_default()).unwrap();
            let (status, answer) = match sent {
                _ if request.url().path_and_query() == "/api" => (401, String::new()),
                sent if sent.contains("bad") => (
                    401,
                    String::from(
                        r#"{"error":"invalid_client","error_description":"no bad-secret-of-mine"}"#,
                    ),
                ),
                sent if sent.contains("busy") => return Err(Error::network("down")),
                _ => {
                    let scope = "read good-secret-of-mine token-of-the-server";
                    let token = "token-of-the-server";
                    (
                        200,
                        format!(
                            r#"{{"access_token":"{token}","expires_in":3600,"scope":"{scope}"}}"#
                        ),
                    )
                }
            };
            Ok(Response::new(status, answer))
        }
    }
    let secret = Arc::new(Mutex::new("good-secret-of-mine"));
    let source = Arc::clone(&secret);
    let source = crate::SecretSource::from_fn(move || Ok((*source.lock().unwrap()).into()));
    let config = Config::new("http://localhost/token", "id", source).unwrap();
    let session = with_fake_clock(config, &Arc::new(Echo));
    SESSION.set(Some(session.clone()));

    session.token().unwrap();
    let obtained = records();
    assert!(
        matches!(&obtained[..], [line] if line.starts_with("INFO obtained a token: lifetime 3600 s, scope read [redacted] [redacted]; due in: 3")),
        "{obtained:?}"
    );

    pass(2);
    session.send(Request::get("http://localhost/api").unwrap()).unwrap();
    let rejected = records();
    assert!(
        matches!(&rejected[..], [rejected, renewed, again]
        if renewed.starts_with("INFO renewed the token: lifetime 3600 s, scope read ")
        && [rejected, again].iter().all(|line| *line == "INFO the API rejected the token with 401")),
        "{rejected:?}"
    );

    pass(2);
    session.wake();
    *secret.lock().unwrap() = "bad-secret-of-mine";
    session.token().unwrap();
    let refused = records();
    assert!(
        matches!(&refused[..], [woken, refused] if woken == "INFO woken: the next call asks for a token"
        && refused.starts_with("WARN refused: ") && refused.contains("invalid_client") && refused.contains("the next attempt is in: ")),
        "{refused:?}"
    );

    pass(2);
    session.wake();
    *secret.lock().unwrap() = "busy";
    session.token().unwrap();
    let unavailable = records();
    assert!(
        matches!(&unavailable[..], [_, line] if line.starts_with("WARN unavailable: down; the next attempt is in: ")),
        "{unavailable:?}"
    );
    assert!(session.token().is_ok() && records().is_empty(), "nothing happens in a pause");

    for line in [obtained, rejected, refused, unavailable].concat() {
        assert!(!line.contains("secret-of-mine") && !line.contains("of-the-server"), "{line}");
    }
    SESSION.set(None);
}
