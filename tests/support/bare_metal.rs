use alloc::vec::Vec;
use minbearer::{Error, Response, Token, Url, jsa};
use zeroize::Zeroizing;

/// Sends `bytes` to the URL's host and port, and hands back what came until the other side closed.
fn exchange(url: &Url, bytes: &[u8]) -> Vec<u8> {
    assert_eq!((url.host(), url.port(), url.is_https()), ("192.0.2.7", 8080, false));
    assert!(bytes.starts_with(b"GET /token?grant_type=client_credentials&client_id=my-app&"));
    assert!(bytes.ends_with(b"\r\nAccept: application/json\r\n\r\n"));
    b"HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"access_token\": \"abc\"}".to_vec()
}

pub fn get_token() -> Result<Token, Error> {
    let config = jsa::Config::new("my-app", "hunter2")?.with_qoauth_host("192.0.2.7")?;
    let request = config.request(8080); // the port, as the device knows it
    let received = Zeroizing::new(exchange(request.url(), &request.to_bytes()));
    config.read(&request, Response::from_bytes(&received)?)
}
