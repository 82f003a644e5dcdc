//! Secret rotation while the secret's file is empty, absent or half-written for a moment.

use super::*;
use crate::secret::SecretSource;
use std::fs;
use std::path::Path;

/// Accepts one secret, which a test can change.
struct Server {
    secret: std::sync::Mutex<&'static str>,
    requests: AtomicUsize,
    lifetime: u64,
}

impl Transport for Server {
    fn send(&self, request: &Request, _: Instant) -> Result<Response, Error> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let wanted = format!("&client_secret={}", self.secret.lock().unwrap());
        if !core::str::from_utf8(request.body().unwrap()).unwrap().ends_with(&wanted) {
            return Ok(Response::new(401, r#"{"error":"invalid_client"}"#));
        }
        let lifetime = self.lifetime;
        Ok(Response::new(200, format!(r#"{{"access_token":"{number}","expires_in":{lifetime}}}"#)))
    }
}

fn session(server: &Arc<Server>, file: &Path) -> Session {
    let config = Config::new("http://localhost/token", "id", SecretSource::file(file)).unwrap();
    with_fake_clock(config, server)
}

#[test]
fn a_session_with_a_valid_token_survives_a_file_that_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    for (lifetime, not_whole_for) in [(60, 3), (300, 10), (3600, 20)] {
        for content in
            [Some(&b"old-secret"[..]), None, Some(b""), Some(b"\n"), Some(b"new-"), Some(b"\xff")]
        {
            let case = format!("{:?}, {lifetime} s", content.map(String::from_utf8_lossy));
            let server = Arc::new(Server {
                secret: std::sync::Mutex::new("old-secret"),
                requests: AtomicUsize::new(0),
                lifetime,
            });
            fs::write(&file, "old-secret").unwrap();
            let session = session(&server, &file);
            // The earliest that it can be due.
            let rotated_at = lifetime - (lifetime / 10).min(60) - lifetime / 10;
            for second in 0..2 * lifetime {
                if second == rotated_at {
                    *server.secret.lock().unwrap() = "new-secret";
                    match content {
                        Some(content) => fs::write(&file, content).unwrap(),
                        None => fs::remove_file(&file).unwrap(),
                    }
                }
                if second == rotated_at + not_whole_for {
                    fs::write(&file, "new-secret\n").unwrap();
                }
                token(&session)
                    .unwrap_or_else(|error| panic!("{error:?} after {second} s: {case}"));
                pass(1);
            }
            let requests = server.requests.load(Ordering::SeqCst);
            assert!((3..=7).contains(&requests), "{requests} requests: {case}");
        }
    }
}
