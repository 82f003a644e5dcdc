//! A token server that issues tokens from a stock: part of their lifetime has passed when they are issued.

use base64ct::{Base64UrlUnpadded, Encoding};
use minbearer::client_credentials::Config;
use minbearer::{Error, Request, Response, Session, Transport};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The lifetime that is left when a token is first issued, of the hour between `iat` and `exp`.
const LEFT: u64 = 4;

/// Token server and API in one, with the same clock as the client.
#[derive(Default)]
struct Server {
    stock: Mutex<Option<(String, u64)>>,
    handed_out: AtomicUsize,
    dead: AtomicUsize,
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

impl Server {
    fn token(&self) -> String {
        self.handed_out.fetch_add(1, Ordering::SeqCst);
        let mut stock = self.stock.lock().unwrap();
        let kept = stock.take().filter(|(_, exp)| now() + 1.0 < *exp as f64);
        let (token, _) = stock.insert(kept.unwrap_or_else(|| {
            let exp = now() as u64 + LEFT;
            let claims = format!(r#"{{"iat":{},"exp":{exp}}}"#, exp - 3600);
            let claims = Base64UrlUnpadded::encode_string(claims.as_bytes());
            (format!("e30.{claims}.c2ln"), exp)
        }));
        token.clone()
    }

    fn is_live(&self, authorization: &str) -> bool {
        let stock = self.stock.lock().unwrap();
        let (token, exp) = stock.as_ref().expect("a token was issued");
        authorization == format!("Bearer {token}") && now() < *exp as f64
    }
}

impl Transport for Server {
    fn send(&self, request: &Request, _: Instant) -> Result<Response, Error> {
        if request.url().path_and_query() == "/token" {
            let answer = format!(r#"{{"access_token":"{}"}}"#, self.token());
            return Ok(Response::new(200, answer));
        }
        let authorization = request.headers().find(|(name, _)| *name == "Authorization");
        let is_live = self.is_live(authorization.expect("a token").1);
        self.dead.fetch_add(usize::from(!is_live), Ordering::SeqCst);
        Ok(Response::new(if is_live { 200 } else { 401 }, ""))
    }
}

#[test]
fn a_jwt_that_was_issued_from_a_stock_is_renewed_before_it_expires() {
    let server = Arc::new(Server::default());
    let config = Config::new("http://localhost/token", "id", "secret").unwrap();
    let session = Session::with_transport(config, Arc::clone(&server));
    let request = Request::get("http://localhost/api").unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2 * LEFT) {
        assert_eq!(session.send(request.clone()).unwrap().status(), 200);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(server.dead.load(Ordering::SeqCst), 0, "calls with an expired token");
    let handed_out = server.handed_out.load(Ordering::SeqCst);
    assert!((2..=12).contains(&handed_out), "{handed_out} token requests");
}
