use minbearer::{Error, Flow, Method, Request, Response, Token, Url};
use std::time::{Duration, Instant};

struct AppRole {
    login: Url,
    role_id: String,
    secret_id: String,
}

impl AppRole {
    fn new(
        vault: &str,
        role_id: &str,
        secret_id: &str,
    ) -> Result<AppRole, Error> {
        let login = Url::parse("the Vault URL", vault)?
            .with_path("/v1/auth/approle/login")?;
        Ok(AppRole {
            login,
            role_id: role_id.into(),
            secret_id: secret_id.into(),
        })
    }
}

impl Flow for AppRole {
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn prepare(&self, _: Instant) -> Result<Request, Error> {
        // Both are UUIDs, which need no escapes in JSON.
        let (role, secret) = (&self.role_id, &self.secret_id);
        let body = format!(r#"{{"role_id":"{role}","secret_id":"{secret}"}}"#);
        Request::for_token(Method::Post, self.login.clone())
            .with_secret(self.secret_id.as_str())
            .with_body("application/json", body)
    }

    fn read_answer(
        &self,
        request: &Request,
        response: Response,
    ) -> Result<Token, Error> {
        if !response.is_success() {
            // The error shows the server's text with the secret redacted.
            let words = response.text().unwrap_or("no text");
            return Err(Error::refused(request, response.status(), words));
        }
        let json = response.json_text()?;
        let token = between(json, r#""client_token":""#, "\"")
            .ok_or_else(|| Error::malformed("Vault sent no client_token"))?;
        let seconds = between(json, r#""lease_duration":"#, ",");
        let lifetime = seconds
            .and_then(|text| text.parse().ok())
            .map(Duration::from_secs);
        Token::new(token, lifetime)
    }
}

/// The text between two others. A program with a JSON library would use that.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}
