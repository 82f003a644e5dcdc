//! No panic on any input: property tests of encodings, URLs and redaction, against independent decoders. What servers send
//! is in `tests/servers/hostile/`, any bytes at all in `fuzz/`.

use base64ct::{Base64, Encoding};
use minbearer::{Error, Request, Response, Url, accelerator, client_credentials, jsa};
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use proptest::prelude::*;

/// Any text, with many characters that are special in some encoding.
fn text() -> impl Strategy<Value = String> {
    let odd = proptest::sample::select(vec![
        "%",
        "+",
        " ",
        "&",
        "=",
        "%25",
        "%41",
        "%2",
        "é",
        "\u{0}",
        "\r\n",
        "\u{1f600}",
        "a",
        "Z",
        "~",
        "\"",
        "\\",
        "'",
        "/",
        "&amp;",
        "\\u0026",
    ]);
    prop_oneof![
        ".*".prop_map(String::from),
        proptest::collection::vec(odd, 0..12).prop_map(|parts| parts.concat()),
    ]
}

fn some_text() -> impl Strategy<Value = String> {
    text().prop_filter("empty", |text| !text.is_empty())
}

/// What a client id or a secret can be.
fn credential() -> impl Strategy<Value = String> {
    some_text().prop_filter("it is refused", |text| is_credential(text))
}

fn is_credential(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_control() || c == '\u{feff}')
}

fn pairs(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).map(|(name, value)| (name.into(), value.into())).collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
}

/// Only unreserved characters and well-formed escapes, RFC 3986 section 2.
fn is_encoded(text: &str) -> bool {
    const ENCODED: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'+');
    text == utf8_percent_encode(text, ENCODED).to_string()
        && text.split('%').skip(1).all(|rest| {
            rest.len() >= 2
                && rest.bytes().take(2).all(|digit| b"0123456789ABCDEF".contains(&digit))
        })
}

fn refusal(secret: &str, text: &str) -> Error {
    let config = jsa::Config::new("id", secret).unwrap().with_qoauth_url("http://h:1").unwrap();
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    let escaped: String = quoted
        .chars()
        .map(|c| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() })
        .collect();
    let answer = Response::new(401, format!("{{\"error\":\"{escaped}\"}}"));
    config.read_answer(&config.request(1).unwrap(), answer).unwrap_err()
}

fn shown(secret: &str, text: &str) -> String {
    match refusal(secret, text) {
        error if error.kind() == minbearer::Kind::Refused => {
            error.refusal().and_then(|refusal| refusal.error()).unwrap_or_default().to_owned()
        }
        other => panic!("{other}"),
    }
}

/// Whether the host has to be an IPv4 address.
fn ends_in_number(host: &str) -> bool {
    let label = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_lowercase();
    let digits = label.strip_prefix("0x").unwrap_or(&label);
    let is_hexadecimal = digits.len() < label.len();
    digits.chars().all(|c| c.is_ascii_digit() || (is_hexadecimal && c.is_ascii_hexdigit()))
}

/// The ways in which servers encode a character.
const SPELLINGS: [fn(char) -> String; 8] = [
    |c| c.into(),
    |c| utf8_percent_encode(&c.to_string(), NON_ALPHANUMERIC).to_string(),
    |c| c.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect(),
    |c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    |c| format!("&#{};", u32::from(c)),
    |c| format!("&#x{:02X};", u32::from(c)),
    |c| match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&quot;".into(),
        '\'' => "&#039;".into(),
        other => other.into(),
    },
    |c| if c == '/' { "\\/".into() } else { c.into() },
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn a_form_decodes_to_its_fields(
        id in credential(), secret in credential(), scope in some_text(), name in some_text(), value in text(),
    ) {
        let config = client_credentials::Config::new("https://h/t", &*id, &*secret).unwrap().with_scope(&scope);
        let mut expected = owned(&[
            ("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret), ("scope", &scope),
        ]);
        expected.push((name.clone(), value.clone()));
        let request = config.with_parameter(&name, &value).unwrap().request().unwrap();
        let form = request.body().unwrap();
        prop_assert_eq!(pairs(form), expected);
        prop_assert!(is_encoded(std::str::from_utf8(form).unwrap()));

        let request = accelerator::Config::new("http://h", &*id, &*secret).unwrap().request().unwrap();
        prop_assert_eq!(pairs(request.body().unwrap()), owned(&[("username", &id), ("password", &secret)]));
    }

    #[test]
    fn credentials_are_sent_or_refused_without_being_shown(id in text(), secret in text()) {
        let is_right = is_credential(&id) && is_credential(&secret);
        let errors = [
            client_credentials::Config::new("https://h/t", &*id, &*secret).err(),
            jsa::Config::new(&*id, &*secret).err(),
            accelerator::Config::new("http://h", &*id, &*secret).err(),
        ];
        for error in errors {
            prop_assert_eq!(error.is_none(), is_right);
            if let Some(error) = error {
                prop_assert_eq!(error.kind(), minbearer::Kind::Config);
                prop_assert!(error.to_string().is_ascii());
            }
        }
    }

    #[test]
    fn a_query_decodes_to_its_fields(id in credential(), secret in credential()) {
        let request = jsa::Config::new(&*id, &*secret).unwrap().request(1).unwrap();
        let query = request.url().path_and_query().strip_prefix("/token?").unwrap();
        let expected = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)];
        prop_assert_eq!(pairs(query.as_bytes()), owned(&expected));
        // Also by RFC 3986 alone, where a plus sign is not a space.
        prop_assert!(is_encoded(query));
        let last = query.rsplit('=').next().unwrap();
        prop_assert_eq!(decoded(last), secret);
    }

    #[test]
    fn basic_credentials_decode_to_id_and_secret(id in credential(), secret in credential()) {
        let config = client_credentials::Config::new("https://h/t", &*id, &*secret).unwrap().with_basic().unwrap();
        let request: Request = config.request().unwrap();
        let value = request.headers().find(|(name, _)| *name == "Authorization").unwrap().1;
        let pair = Base64::decode_vec(value.strip_prefix("Basic ").unwrap()).unwrap();
        let pair = String::from_utf8(pair).unwrap();
        let (sent_id, sent_secret) = pair.split_once(':').unwrap();
        prop_assert!(is_encoded(sent_id) && is_encoded(sent_secret));
        prop_assert_eq!((decoded(sent_id), decoded(sent_secret)), (id, secret));
        prop_assert_eq!(pairs(request.body().unwrap()), owned(&[("grant_type", "client_credentials")]));
    }

    #[test]
    fn a_parsed_url_equals_its_text(
        https in any::<bool>(), host in "[a-zA-Z0-9_]([a-zA-Z0-9._-]{0,40})?".prop_filter("a number", |host| !ends_in_number(host)),
        port in proptest::option::of(1u16..),
        path in "(/[!-\"$-\\[\\]-~]{0,30})?", query in proptest::option::of("[!-\"$-\\[\\]-~]{0,30}"),
    ) {
        let scheme = if https { "https" } else { "http" };
        let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = Url::parse("URL", &format!("{scheme}://{host}{port_text}{path}{query}")).unwrap();
        let path = if path.is_empty() { "/" } else { &path };
        prop_assert_eq!(url.as_str(), format!("{scheme}://{host}{port_text}{path}{query}"));
        prop_assert_eq!((url.is_https(), url.host()), (https, host.as_str()));
        prop_assert_eq!(url.port(), port.unwrap_or(if https { 443 } else { 80 }));
        prop_assert_eq!(url.path_and_query(), format!("{path}{query}"));
        let again = Url::parse("URL", url.as_str()).unwrap();
        prop_assert_eq!(again.as_str(), url.as_str());
    }

    #[test]
    fn any_text_is_a_url_or_an_error_that_does_not_repeat_it(text in ".{0,40}", prefix in "(https?://)?") {
        match Url::parse("URL", &format!("{prefix}{text}")) {
            Ok(url) => {
                let again = Url::parse("URL", url.as_str()).unwrap();
                prop_assert_eq!(again.as_str(), url.as_str());
                prop_assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
            Err(error) => prop_assert!(error.to_string().len() < 120, "{}", error),
        }
    }

    #[test]
    fn a_servers_text_in_an_error_is_short_and_has_no_control_characters(text in ".{0,600}|[\\x00-\\x7e\\u{80}-\\u{9f}]{0,300}") {
        let shown = shown("s3cr3t&=+%#/?é Zq7", &text);
        prop_assert!(shown.chars().count() <= 256, "{}", shown.chars().count());
        prop_assert!(!shown.chars().any(char::is_control), "{:?}", shown);
    }

    /// Only the text around the secret is left, whatever encoding each of its characters has.
    #[test]
    fn a_secret_is_redacted_in_every_encoding(
        secret in credential(), before in "[<>]{0,20}", after in "[<>]{0,20}",
        each in any::<[u8; 32]>(), over in 0..SPELLINGS.len(),
    ) {
        prop_assume!(!secret.contains(['<', '>']));
        // Of white space at a text's end nothing is shown.
        prop_assume!(!secret.trim_matches(['+', ' ']).trim_ascii().is_empty());
        let spell = |text: &str, by: fn(char) -> String| text.chars().map(by).collect::<String>();
        // Each character in its own encoding.
        let mix: String = secret.chars().enumerate().map(|(at, c)| SPELLINGS[usize::from(each[at % 32]) % SPELLINGS.len()](c)).collect();
        let json = serde_json::Value::from(secret.as_str()).to_string();
        let mut spelt = vec![
            secret.replace('+', " "),
            form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            json[1..json.len() - 1].into(),
            mix,
        ];
        for by in SPELLINGS {
            let once = spell(&secret, by);
            spelt.push(spell(&once, SPELLINGS[over]));
            spelt.push(once);
        }
        for spelt in spelt {
            let expected = format!("{before}[redacted]{after}");
            prop_assert_eq!(shown(&secret, &format!("{before}{spelt}{after}")), expected, "{}", spelt);
        }
    }
}
