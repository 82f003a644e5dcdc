//! Altair Accelerator: the REST API v3 of vovserver.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::form::Fields;
use super::message::{Answer, Request, quoted};
use super::token::{self, LiveTokens};
use super::{Credentials, lock};

pub struct Accelerator {
    username: String,
    password: Mutex<String>,
    lifetime: Mutex<Duration>,
    live_tokens: LiveTokens,
    token_requests: AtomicUsize,
    last_password: Mutex<Option<String>>,
}

impl Accelerator {
    pub fn new(credentials: &Credentials) -> Self {
        Self {
            username: credentials.username.clone(),
            password: Mutex::new(credentials.password.clone()),
            lifetime: Mutex::new(Duration::from_secs(3600)),
            live_tokens: LiveTokens::default(),
            token_requests: AtomicUsize::new(0),
            last_password: Mutex::default(),
        }
    }

    pub fn revoke_tokens(&self) {
        self.live_tokens.revoke();
    }

    pub fn set_password(&self, password: &str) {
        *lock(&self.password) = password.to_owned();
    }

    pub fn set_token_lifetime(&self, lifetime: Duration) {
        *lock(&self.lifetime) = lifetime;
    }

    pub fn token_requests(&self) -> usize {
        self.token_requests.load(Ordering::SeqCst)
    }

    pub fn last_password(&self) -> Option<String> {
        lock(&self.last_password).clone()
    }

    pub fn vovserver(&self, request: &Request) -> Answer {
        match (request.path.as_str(), request.method.as_str()) {
            ("/api/v3/token", "POST") => {
                self.token_requests.fetch_add(1, Ordering::SeqCst);
                self.issue(request)
            }
            ("/api/v3/token", _) => Answer::error(405, "use POST").with("Allow", "POST"),
            ("/api/v3/project/1/project", _) if !self.is_authorized(request) => {
                Answer::error(401, "the token is missing, unknown or expired")
            }
            ("/api/v3/project/1/project", "GET") => self.project(request.origin.port),
            ("/api/v3/project/1/project", _) => Answer::error(405, "use GET").with("Allow", "GET"),
            _ => Answer::error(404, "no such resource"),
        }
    }

    fn issue(&self, request: &Request) -> Answer {
        let mut fields = Fields::default();
        if let Err(complaint) = request.form().and_then(|form| fields.read(form)) {
            return Answer::error(400, complaint);
        }
        if let Some(password) = fields.get("password") {
            *lock(&self.last_password) = Some(password.to_owned());
        }
        let (Some(username), Some(password)) = (fields.get("username"), fields.get("password"))
        else {
            return Answer::error(400, "username and password are both required");
        };
        if username != self.username || password != *lock(&self.password) {
            return Answer::error(401, "invalid username or password");
        }
        let lifetime = *lock(&self.lifetime);
        let token = token::jwt(username, lifetime);
        let json = format!(r#"{{"access_token": "{token}", "token_type": "Bearer"}}"#);
        self.live_tokens.insert(token, Some(lifetime));
        Answer::json(200, json)
    }

    fn is_authorized(&self, request: &Request) -> bool {
        let token = request.bearer_token(&[':', ' ']);
        token.is_some_and(|token| self.live_tokens.contains(token))
    }

    fn project(&self, port: u16) -> Answer {
        let owner = quoted(&self.username);
        let json = format!(
            r#"{{"id": 1, "name": "project", "owner": {owner}, "host": "127.0.0.1", "port": {port}, "product": "nc", "status": "running", "jobs": {{"total": 42, "valid": 40, "running": 1, "scheduled": 0, "failed": 1}}}}"#
        );
        Answer::json(200, json)
    }
}
