//! What an answer to a token request says that has no token: by status, code, words and media type.

mod advice;
mod no_token;
mod redaction;
mod words;

use minbearer::client_credentials::{self, ClientAuthentication};
use minbearer::{Error, Method, Request, Response, Token, Url};

/// `{"alg":"RS256"}`, `{}` and a signature.
const ASSERTION: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

fn request(url: &str, secret: &str) -> Request {
    Request::for_token(Method::Post, Url::parse("URL", url).unwrap()).with_secret(secret)
}

/// The error for that answer to a flow without options of the program.
fn error_of(request: &Request, response: Response) -> Error {
    Token::from_answer(request, response).unwrap_err()
}

fn error_at(url: &str, status: u16, body: &str) -> Error {
    error_of(&request(url, "hunter2"), Response::new(status, body))
}

fn refused(status: u16, body: &str) -> Error {
    error_at("http://h:1/?s=hunter2", status, body)
}

fn refused_with(secret: &str, status: u16, body: &str) -> Error {
    error_of(&request("http://h:1/", secret), Response::new(status, body))
}

/// The error for that answer to client credentials, which have options.
fn refused_to(authentication: ClientAuthentication, status: u16, body: &str) -> String {
    let config = client_credentials::Config::new("http://[::1]:1/", "id", authentication).unwrap();
    let request = config.request().unwrap();
    config.read_answer(&request, Response::new(status, body)).unwrap_err().to_string()
}

fn secret() -> ClientAuthentication {
    ClientAuthentication::body("hunter2")
}

fn assertion() -> ClientAuthentication {
    ClientAuthentication::assertion(ASSERTION)
}
