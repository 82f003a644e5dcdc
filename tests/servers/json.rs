//! The crate's JSON parser against serde_json: which texts are JSON, the content of strings, and the value of numbers.
//! `src/wire/json` has the tables.

use minbearer::{Request, Response, Token, client_credentials};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Pieces of valid and invalid JSON, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"a\":",
        "{\"b\":",
        "[1,",
        "],",
        "},",
        "null",
        "true",
        "false",
        "nul",
        "0",
        "-",
        "-0",
        "12",
        "1.5",
        ".",
        "e",
        "E+",
        "1e400",
        "01",
        "+1",
        " ",
        "\n",
        "\t",
        "\r",
        "\u{b}",
        "\u{a0}",
        "\u{feff}",
        "\0",
        "\\",
        "\\\"",
        "\\u0041",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\u00g0",
        "\\/",
        "é",
        "\u{7f}",
    ]);
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 30, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A document with up to two characters replaced, removed or inserted.
fn nearly_json() -> impl Strategy<Value = String> {
    let change =
        (any::<Index>(), 0..2_usize, select(vec!["", "\"", ",", "]", "}", "\\", "1", " "]));
    let changes = proptest::collection::vec(change, 0..3);
    (value(), any::<bool>(), changes).prop_map(|(value, is_pretty, changes)| {
        let text = if is_pretty { format!("{value:#}") } else { value.to_string() };
        let mut text: Vec<char> = text.chars().collect();
        for (place, left_out, put_in) in changes {
            let start = place.index(text.len() + 1);
            let end = (start + left_out).min(text.len());
            text.splice(start..end, put_in.chars());
        }
        text.into_iter().collect()
    })
}

/// A valid string, of whole characters and escapes.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[^\"\\\\\\x00-\\x1f]{1,5}",
        select(vec![
            "\\\"",
            "\\\\",
            "\\/",
            "\\b",
            "\\f",
            "\\n",
            "\\r",
            "\\t",
            "\\\\u0041",
            "QB\u{7f}"
        ])
        .prop_map(Into::into),
        any::<u16>()
            .prop_filter("half a pair", |unit| !(0xD800..0xE000).contains(unit))
            .prop_map(|unit| format!("\\u{unit:04x}")),
        any::<char>().prop_map(|c| c
            .encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect()),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn is_json(text: &str) -> bool {
    Response::new(200, text).json_text().is_ok()
}

fn token(body: &str) -> Token {
    let request = Request::get("http://h/").unwrap();
    Token::from_answer(&request, Response::new(200, body)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn a_text_is_json_if_serde_json_accepts_it(text in prop_oneof![pieces(), nearly_json()]) {
        // Of a byte order mark serde_json knows nothing; here one is passed over.
        let plain = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let expected = serde_json::from_str::<serde_json::Value>(plain);
        prop_assert_eq!(is_json(&text), expected.is_ok(), "{:?}: {:?}", text, expected);
    }

    #[test]
    fn a_member_has_the_value_that_serde_json_reads(
        name in string(), before in value(), wanted in string(), after in value(), further in pieces(),
    ) {
        let name_read: String = serde_json::from_str(&name).unwrap();
        prop_assume!(!name_read.is_empty() && name_read != "a" && name_read != "error");
        let config = client_credentials::Config::new("https://h/t", "id", "secret").unwrap().with_answer_member(&name_read);
        for last in [after.to_string(), further] {
            let body = format!("{{\"a\":{before},\"access_token\":\"t\",{name} : {wanted},\"a\":{last}}}");
            let expected = serde_json::from_str::<serde_json::Value>(&body);
            let token = config.read_answer(&config.request().unwrap(), Response::new(200, &*body));
            match (token, expected) {
                (Ok(token), Ok(object)) => prop_assert_eq!(token.member(&name_read), object[&name_read].as_str(), "{}", body),
                (Ok(_), Err(error)) => prop_assert!(false, "{}: {}", body, error),
                // Only this crate refuses a document in which a member that it reads comes twice.
                (Err(_), Ok(_)) => prop_assert!(["access_token", "token_type"].contains(&&*name_read), "{}", body),
                (Err(_), Err(_)) => {}
            }
        }
    }

    #[test]
    fn a_lifetime_is_the_number_that_serde_json_reads(
        number in "-?(0|[1-9][0-9]{0,11})(\\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?", is_text in any::<bool>(),
    ) {
        let value = if is_text { format!("\" {number} \"") } else { number.clone() };
        let lifetime = token(&format!("{{\"access_token\":\"t\",\"expires_in\":{value}}}")).lifetime();
        let expected = number.parse::<f64>().unwrap();
        let expected = if (0.0..=10.0 * 365.0 * 86_400.0).contains(&expected) { expected } else { 0.0 };
        let lifetime = lifetime.map_or(0.0, |lifetime| lifetime.as_secs_f64());
        prop_assert!((lifetime - expected).abs() <= 1e-9 + expected * 1e-12, "{}: {}", number, lifetime);
    }
}

#[test]
#[ignore = "needs the documents that .ci/run downloads"]
fn the_public_test_suite_is_accepted_and_rejected_as_it_says() {
    let path = std::env::var_os("JSON_TEST_SUITE").expect("JSON_TEST_SUITE, as .ci/run sets it");
    let cases: Vec<serde_json::Value> =
        serde_json::from_reader(std::fs::File::open(path).unwrap()).unwrap();
    let mut counts = [0, 0];
    for case in &cases {
        let (name, text) = (case["name"].as_str().unwrap(), case["input"].as_str().unwrap());
        // A name with an `i` marks a document that a parser may accept or reject.
        let Some(is_valid) = ["n", "y"].iter().position(|kind| name.starts_with(kind)) else {
            continue;
        };
        counts[is_valid] += 1;
        assert_eq!(is_json(text), is_valid == 1, "{name}: {text:?}");
        let request = Request::get("http://h/").unwrap();
        let body = format!("{{\"access_token\":\"t\",\"x\":{text}}}");
        let token = Token::from_answer(&request, Response::new(200, body));
        assert_eq!(token.is_ok(), is_valid == 1, "{name}, as a member: {text:?}");
    }
    assert_eq!(counts, [188, 95], "invalid and valid documents");
}
