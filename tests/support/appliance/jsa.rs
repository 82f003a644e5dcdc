//! JSA: qoauth, which issues tokens, and the console, whose API requires them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::client::{Client, Refusal};
use super::form::Fields;
use super::message::{Answer, Request, quoted};
use super::token::{self, LiveTokens};
use super::{Credentials, lock};

const DATABASES: &str = r#"["events", "flows", "simarc"]"#;
const OFFENSES: &str = r#"[{"id": 42, "description": "Multiple login failures", "status": "OPEN", "severity": 5, "magnitude": 4, "offense_source": "192.0.2.7", "event_count": 117, "start_time": 1795312800000}, {"id": 41, "description": "Port scan", "status": "CLOSED", "severity": 3, "magnitude": 2, "offense_source": "198.51.100.23", "event_count": 2048, "start_time": 1795309200000}]"#;

pub struct Jsa {
    pub client: Client,
    /// `None` as on the platform, whose token answers have no lifetime.
    lifetime: Mutex<Option<Duration>>,
    live_tokens: LiveTokens,
    token_requests: AtomicUsize,
}

impl Jsa {
    pub fn new(credentials: &Credentials) -> Self {
        Self {
            client: Client::new(credentials),
            lifetime: Mutex::default(),
            live_tokens: LiveTokens::default(),
            token_requests: AtomicUsize::new(0),
        }
    }

    pub fn revoke_tokens(&self) {
        self.live_tokens.revoke();
    }

    pub fn set_token_lifetime(&self, lifetime: Duration) {
        *lock(&self.lifetime) = Some(lifetime);
    }

    pub fn token_requests(&self) -> usize {
        self.token_requests.load(Ordering::SeqCst)
    }

    pub fn qoauth(&self, request: &Request) -> Answer {
        if request.path != "/token" {
            return oauth_error(404, "not_found", "only /token is served here");
        }
        self.token_requests.fetch_add(1, Ordering::SeqCst);
        if !matches!(request.method.as_str(), "GET" | "POST") {
            return oauth_error(405, "invalid_request", "GET or POST /token")
                .with("Allow", "GET, POST");
        }
        let mut fields = Fields::default();
        let mut read = fields.read(request.query.as_bytes());
        if request.method == "POST" {
            read = read.and_then(|()| request.form()).and_then(|form| fields.read(form));
        }
        if let Err(complaint) = read {
            return oauth_error(400, "invalid_request", complaint);
        }
        let client = self.client.authenticate(request, &fields);
        if fields.get("grant_type") != Some("client_credentials") {
            let complaint = "grant_type must be client_credentials";
            return oauth_error(400, "unsupported_grant_type", complaint);
        }
        match client {
            Ok(()) => self.issue(),
            Err(Refusal::Invalid(complaint)) => oauth_error(400, "invalid_request", complaint),
            Err(Refusal::Unauthenticated) => {
                oauth_error(401, "invalid_client", "client authentication failed")
                    .with("WWW-Authenticate", r#"Basic realm="qoauth""#)
            }
        }
    }

    fn issue(&self) -> Answer {
        let (token, lifetime) = (token::opaque(), *lock(&self.lifetime));
        let expires_in = lifetime.map(token::whole_seconds);
        let expires_in =
            expires_in.map_or(String::new(), |seconds| format!(r#", "expires_in": {seconds}"#));
        let json = format!(
            r#"{{"access_token": "{token}", "token_type": "Bearer", "scope": "ADMIN"{expires_in}}}"#
        );
        self.live_tokens.insert(token, lifetime);
        Answer::json(200, json)
    }

    pub fn console(&self, request: &Request) -> Answer {
        let token = request.bearer_token(&[' ']);
        let is_live = token.is_some_and(|token| self.live_tokens.contains(token));
        match (request.path.as_str(), request.method.as_str()) {
            (path, _) if !path.starts_with("/api/") => {
                qradar_error(404, 0, "The resource you requested could not be found.")
            }
            _ if !is_live => qradar_error(401, 18, "No live authorization token was presented."),
            ("/api/ariel/databases", "GET") => Answer::json(200, DATABASES.to_owned()),
            ("/api/siem/offenses", "GET") => Answer::json(200, OFFENSES.to_owned()),
            ("/api/echo", "POST") => {
                let content_type = request.content_type().unwrap_or("application/octet-stream");
                Answer::new(200, content_type, request.body())
            }
            ("/api/ariel/databases" | "/api/siem/offenses", method) => {
                not_supported(method).with("Allow", "GET")
            }
            ("/api/echo", method) => not_supported(method).with("Allow", "POST"),
            (path, _) => {
                let complaint = format!("The endpoint {path} could not be found.");
                qradar_error(404, 1002, &complaint)
            }
        }
    }
}

fn not_supported(method: &str) -> Answer {
    qradar_error(405, 5, &format!("{method} is not supported by this endpoint."))
}

fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    let (error, description) = (quoted(error), quoted(description));
    let json = format!(r#"{{"error": {error}, "error_description": {description}}}"#);
    Answer::json(status, json)
}

/// An error in the format of the console's REST API.
fn qradar_error(status: u16, code: u16, message: &str) -> Answer {
    let summary = match status {
        401 => "You are unauthorized to access the requested resource.",
        404 => "We could not find the resource you requested.",
        _ => "The method is not allowed for the resource you requested.",
    };
    let (summary, message) = (quoted(summary), quoted(message));
    let json = format!(
        r#"{{"http_response": {{"code": {status}, "message": {summary}}}, "code": {code}, "message": {message}, "description": "", "details": {{}}}}"#
    );
    Answer::json(status, json)
}
