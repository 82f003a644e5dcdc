//! JSA: qoauth, which issues tokens, and the console, whose API wants them.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::form::Fields;
use super::message::{Answer, Request, quoted};
use super::{Credentials, lock, token};

pub struct Jsa {
    client_id: String,
    client_secret: String,
    live_tokens: Mutex<HashSet<String>>,
    token_requests: AtomicUsize,
    last_secret: Mutex<Option<String>>,
}

impl Jsa {
    pub fn new(credentials: &Credentials) -> Self {
        Self {
            client_id: credentials.client_id.clone(),
            client_secret: credentials.client_secret.clone(),
            live_tokens: Mutex::default(),
            token_requests: AtomicUsize::new(0),
            last_secret: Mutex::default(),
        }
    }

    pub fn revoke_tokens(&self) {
        lock(&self.live_tokens).clear();
    }

    pub fn token_requests(&self) -> usize {
        self.token_requests.load(Ordering::SeqCst)
    }

    pub fn last_secret(&self) -> Option<String> {
        lock(&self.last_secret).clone()
    }

    pub fn qoauth(&self, request: &Request<'_>) -> Answer {
        if request.path != "/token" {
            return oauth_error(404, "not_found", "only /token is served here");
        }
        self.token_requests.fetch_add(1, Ordering::SeqCst);
        if !matches!(request.method, "GET" | "POST") {
            return oauth_error(405, "invalid_request", "GET or POST /token")
                .with("Allow: GET, POST");
        }
        let mut fields = Fields::default();
        let mut read = fields.read(request.query.as_bytes());
        if request.method == "POST" {
            read = read.and_then(|()| request.form()).and_then(|form| fields.read(form));
        }
        if let Err(complaint) = read {
            return oauth_error(400, "invalid_request", complaint);
        }
        if let Some(secret) = fields.get("client_secret") {
            *lock(&self.last_secret) = Some(secret.to_owned());
        }
        if fields.get("grant_type") != Some("client_credentials") {
            let complaint = "grant_type must be client_credentials";
            return oauth_error(400, "unsupported_grant_type", complaint);
        }
        let (Some(id), Some(secret)) = (fields.get("client_id"), fields.get("client_secret"))
        else {
            let complaint = "client_id and client_secret are both required";
            return oauth_error(400, "invalid_request", complaint);
        };
        if id != self.client_id || secret != self.client_secret {
            return oauth_error(401, "invalid_client", "client authentication failed");
        }
        let token = token::opaque();
        let json =
            format!(r#"{{"access_token": "{token}", "token_type": "Bearer", "scope": "ADMIN"}}"#);
        lock(&self.live_tokens).insert(token);
        Answer::json(200, json)
    }

    pub fn console(&self, request: &Request<'_>) -> Answer {
        let is_live = request
            .bearer_token(&[' '])
            .is_some_and(|token| lock(&self.live_tokens).contains(token));
        match (request.path, request.method) {
            (path, _) if !path.starts_with("/api/") => {
                qradar_error(404, 0, "The resource you requested could not be found.")
            }
            _ if !is_live => qradar_error(401, 18, "No live authorization token was presented."),
            ("/api/ariel/databases", "GET") => {
                Answer::json(200, r#"["events", "flows", "simarc"]"#.to_owned())
            }
            ("/api/ariel/databases", method) => {
                let complaint = format!("{method} is not supported by this endpoint.");
                qradar_error(405, 5, &complaint).with("Allow: GET")
            }
            (path, _) => {
                let complaint = format!("The endpoint {path} could not be found.");
                qradar_error(404, 1002, &complaint)
            }
        }
    }
}

fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    let (error, description) = (quoted(error), quoted(description));
    let json = format!(r#"{{"error": {error}, "error_description": {description}}}"#);
    Answer::json(status, json)
}

/// An error as the console's REST API words it.
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
