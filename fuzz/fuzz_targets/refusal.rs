//! A refusal with fuzzed fields, JSON of another shape, text, page or challenge, read by each flow: the error may show
//! neither the secret nor control characters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::{Error, Request, Response, SecretSource, Token, accelerator, client_credentials, jsa};
use minbearer_fuzz::{SECRET, check_error, kind_of_refusal, with_secret};

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
    let status = [200, 302, 400, 401, 404, 429, 500, 501][usize::from(selector >> 2) % 8];
    let read = FLOWS[usize::from(selector & 3)];
    let mut fields = text.splitn(4, '\u{5}');
    let first = fields.next().unwrap_or_default();
    let (response, code) = match selector >> 5 {
        // A refusal with status 200 is one by its `error` alone.
        0..=2 => {
            let mut object = serde_json::Map::new();
            object.insert("error".into(), if first.is_empty() { "x".into() } else { first.into() });
            for (name, field) in ["error_description", "error_uri", "token_type"].iter().zip(fields) {
                object.insert((*name).into(), field.into());
            }
            let code = String::from(object["error"].as_str().unwrap());
            (Response::new(status, serde_json::Value::Object(object).to_string()), code)
        }
        _ if status == 200 => return,
        3 => {
            let body = serde_json::json!({ "message": text }).to_string();
            (Response::new(status, body).with_header("Content-Type", "application/json"), String::new())
        }
        4 => (Response::new(status, text.as_bytes()), String::new()),
        5 => {
            let page = format!("<html><title>{first}</title>{}", fields.next().unwrap_or_default());
            (Response::new(status, page).with_header("Content-Type", "text/html"), String::new())
        }
        _ => {
            let description = fields.next().unwrap_or_default();
            let challenge = format!("Bearer error=\"x\", realm=\"{first}\", error_description=\"{description}\"");
            let response = Response::new(status, "").with_header("WWW-Authenticate", &challenge);
            (response.with_header("Location", &text), String::from("x"))
        }
    };
    let body = response.body().to_vec();
    let error = read(response).expect_err("a refusal");
    // A body in the second half may have an `error` of the fuzzer's.
    if selector >> 5 != 4 {
        assert_eq!(error.kind(), kind_of_refusal(status, &code), "{}", String::from_utf8_lossy(&body));
    }
    check_error(&error);
});
