//! A refusal with fuzzed fields, read by each flow: the error may show neither the secret nor control characters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::{Error, Kind, Request, Response, SecretSource, Token, accelerator, client_credentials, jsa};
use minbearer_fuzz::{SECRET, check_error, with_secret};

type Read = fn(Response) -> Result<Token, Error>;

const FLOWS: [Read; 4] = [
    |response| {
        let config = jsa::Config::new("id", SECRET)?.with_qoauth_url("http://h:1")?;
        config.read_answer(&config.request(1).unwrap(), response)
    },
    |response| {
        let config = accelerator::Config::new("http://h", "rose", SECRET)?;
        config.read_answer(&config.request()?, response)
    },
    |response| {
        let config = accelerator::Config::new("http://h", "rose", SecretSource::from_fn(|| Ok(SECRET.into())))?;
        config.read_answer(&config.request()?, response)
    },
    |response| {
        let config = client_credentials::Config::new("https://h", "id", SECRET)?.with_basic()?;
        let request: Request = config.request()?;
        config.read_answer(&request, response)
    },
];

fuzz_target!(|data: &[u8]| {
    let Some((&selector, rest)) = data.split_first() else { return };
    let text = with_secret(rest);
    let text = String::from_utf8_lossy(&text);
    let mut fields = text.splitn(4, '\u{5}');
    let mut object = serde_json::Map::new();
    for name in ["error", "error_description", "error_uri", "token_type"] {
        if let Some(field) = fields.next() {
            object.insert(name.into(), field.into());
        }
    }
    object.entry("error").or_insert("x".into());
    let status = [200, 302, 400, 401, 404, 500][usize::from(selector >> 2) % 6];
    let is_unavailable = status == 500 || object["error"] == "temporarily_unavailable";
    let expected = if is_unavailable { Kind::Unavailable } else { Kind::Refused };
    let body = serde_json::Value::Object(object).to_string();
    let read = FLOWS[usize::from(selector & 3)];
    let error = read(Response::new(status, body.clone())).expect_err("a refusal");
    assert_eq!(error.kind(), expected, "{body}");
    check_error(&error);
});
