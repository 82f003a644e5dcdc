//! Forms, queries and Basic credentials: an independent decoder returns the original fields.
#![no_main]

use base64ct::{Base64, Encoding};
use libfuzzer_sys::fuzz_target;
use minbearer::{Request, Response, SecretSource, accelerator, client_credentials, jsa};

fn pairs(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).map(|(name, value)| (name.into(), value.into())).collect()
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
}

fuzz_target!(|data: (&str, &str, &str, Vec<(&str, &str)>)| {
    let (id, secret, scope, parameters) = data;
    let is_wrong = |text: &str| {
        text.is_empty() || text.contains('\u{feff}') || text.contains(char::is_control)
    };
    if is_wrong(id) || is_wrong(secret) {
        let config = client_credentials::Config::new("https://h/t", id, secret);
        assert!(config.and_then(|config| config.request()).is_err(), "{id:?} {secret:?}");
        return;
    }
    let new = || client_credentials::Config::new("https://h/t?a=b", id, secret).unwrap();
    let mut config = new();
    let mut expected =
        vec![("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    if !scope.is_empty() {
        config = config.with_scope(scope);
        if is_wrong(scope) {
            assert!(config.request().is_err(), "{scope:?}");
            return;
        }
        expected.push(("scope", scope));
    }
    for (name, value) in parameters {
        let reserved = ["", "grant_type", "client_id", "client_secret", "scope"].contains(&name);
        match (config.with_parameter(name, value), reserved) {
            (Ok(more), false) => {
                config = more;
                expected.push((name, value));
            }
            (Err(_), true) => return,
            _ => panic!("the parameter {name:?}"),
        }
    }
    let request = config.request().unwrap();
    let found = pairs(request.body().unwrap());
    assert!(found.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected));
    assert!(request.body().unwrap().iter().all(u8::is_ascii_graphic));

    let request = new().with_basic().unwrap().request().unwrap();
    let header = |request: &Request| {
        let mut headers = request.headers();
        headers.find(|(name, _)| *name == "Authorization").map(|(_, value)| value.to_owned())
    };
    let header = header(&request).expect("Basic credentials");
    let pair = Base64::decode_vec(header.strip_prefix("Basic ").unwrap()).unwrap();
    let pair = String::from_utf8(pair).unwrap();
    let (sent_id, sent_secret) = pair.split_once(':').unwrap();
    assert_eq!((decoded(sent_id).as_str(), decoded(sent_secret).as_str()), (id, secret));

    let request = jsa::Config::new(id, secret).unwrap().request(1).unwrap();
    let query = request.url().path_and_query().strip_prefix("/token?").unwrap();
    let expected =
        [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    assert!(pairs(query.as_bytes()).iter().map(|(n, v)| (n.as_str(), v.as_str())).eq(expected));

    // To redact a password that came from a function, the flow reads it back out of the form.
    let owned = secret.to_owned();
    let config =
        accelerator::Config::new("http://h", id, SecretSource::from_fn(move || Ok(owned.as_str().into()))).unwrap();
    let request = config.request().unwrap();
    let found = pairs(request.body().unwrap());
    assert!(
        found
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .eq([("username", id), ("password", secret)])
    );
    // With a word before it: a secret that is an error code of the RFCs is shown as that code.
    let body = serde_json::json!({ "error": format!("no {secret}") }).to_string();
    // Of white space at the end of a text nothing is shown.
    let is_blank = secret.trim_matches('+').trim().is_empty();
    if !is_blank {
        let error = config.read_answer(&request, Response::new(401, body)).unwrap_err();
        // A secret of hundreds of backslashes takes more comparisons than there may be: then nothing is shown.
        let is_hidden = ["[redacted]", "no …"].iter().any(|text| error.to_string().contains(text));
        assert!(is_hidden, "{error} for {secret:?}");
    }
});
