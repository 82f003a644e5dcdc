//! Servers that answer 200 in valid HTTP, with JSON that is not a token answer. For an API caller each is a success.

use super::*;

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |name: String, body: String, token: Outcome| {
        let sent = vec![Step::send(answer("200 OK", &[], body))];
        rows.push(Row::new(format!("JSON: {name}"), sent, token, OK));
    };
    let token = format!("\"access_token\":\"{TOKEN}\"");
    let bearer = "\"token_type\":\"Bearer\"";
    let huge = "x".repeat(60_000);

    // access_token
    let with_token = |value: &str| format!("{{\"access_token\":{value},{bearer}}}");
    for (name, value) in [
        ("null", "null"),
        ("a number", "7"),
        ("true", "true"),
        ("an array", "[\"t\"]"),
        ("an object", "{\"t\":\"t\"}"),
        ("empty", "\"\""),
        ("60 KB long", &format!("\"{huge}\"")),
        ("16 KiB and a byte long", &format!("\"{}\"", "x".repeat(16 * 1024 + 1))),
        ("with a space", "\"t t\""),
        ("with a line end", "\"t\\r\\nX: y\""),
        ("with a raw line end", "\"t\nt\""),
        ("with a NUL", "\"t\\u0000\""),
        ("with a DEL", "\"t\\u007f\""),
        ("with a raw DEL", "\"t\u{7f}\""),
        ("with an escape for terminals", "\"\\u001b[2Jt\""),
        ("not ASCII", "\"té\""),
        ("not ASCII by an escape", "\"t\\u00e9\""),
        ("with half a surrogate pair", "\"t\\ud800\""),
        ("with a surrogate pair the wrong way round", "\"\\udc00\\ud800\""),
        ("with an unknown escape", "\"t\\x41\""),
        ("with a short escape", "\"t\\u41\""),
        ("in single quotes", "'t'"),
        ("without its end", "\"t"),
    ] {
        add(format!("access_token {name}"), with_token(value), MALFORMED);
    }
    let escaped: String = TOKEN.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
    add("access_token all in escapes".into(), with_token(&format!("\"{escaped}\"")), GOOD);
    add("access_token missing".into(), format!("{{{bearer}}}"), MALFORMED);
    add("access_token twice".into(), format!("{{{token},{token},{bearer}}}"), MALFORMED);
    add(
        "access_token twice, once escaped".into(),
        format!("{{{token},\"\\u0061ccess_token\":\"{TOKEN}\",{bearer}}}"),
        MALFORMED,
    );
    add(
        "access_token in another case".into(),
        format!("{{\"Access_Token\":\"{TOKEN}\",{bearer}}}"),
        MALFORMED,
    );
    add(
        "access_token one level down".into(),
        format!("{{\"data\":{{{token},{bearer}}}}}"),
        MALFORMED,
    );
    add(
        "access_token's name escaped".into(),
        format!("{{\"\\u0061ccess_token\":\"{TOKEN}\",{bearer}}}"),
        GOOD,
    );

    // token_type
    for (name, value, expected) in [
        ("null", "null", GOOD),
        ("in capitals", "\"BEARER\"", GOOD),
        ("escaped", "\"\\u0042earer\"", GOOD),
        ("a number", "7", MALFORMED),
        ("an array", "[\"Bearer\"]", MALFORMED),
        ("an object", "{}", MALFORMED),
        ("true", "true", MALFORMED),
        ("empty", "\"\"", GOOD),
        ("60 KB long", &format!("\"{huge}\""), MALFORMED),
        ("mac", "\"mac\"", MALFORMED),
        ("with a space at its end", "\"Bearer \"", GOOD),
        ("with a space in it", "\"Bea rer\"", MALFORMED),
        ("with a line end", "\"Bearer\\r\\nX: y\"", MALFORMED),
        ("with an escape for terminals", "\"\\u001b]0;x\\u0007\"", MALFORMED),
        ("with a letter that folds to ASCII", "\"Bear\u{212a}er\"", MALFORMED),
    ] {
        add(format!("token_type {name}"), format!("{{{token},\"token_type\":{value}}}"), expected);
    }
    add("token_type missing".into(), format!("{{{token}}}"), GOOD);
    add("token_type twice".into(), format!("{{{token},{bearer},{bearer}}}"), MALFORMED);

    // Optional members: an unusable value is ignored.
    for member in ["expires_in", "scope"] {
        for (name, value) in [
            ("null", "null"),
            ("a number", "-1e300"),
            ("zero", "0"),
            ("true", "true"),
            ("an array", "[60]"),
            ("an object", "{\"s\":60}"),
            ("empty", "\"\""),
            ("60 KB long", &format!("\"{huge}\"")),
            ("escaped", "\"\\u0036\\u0030\""),
            ("with control characters", "\"\\u0000\\u001b\\r\\n\""),
        ] {
            let body = format!("{{{token},{bearer},\"{member}\":{value}}}");
            add(format!("{member} {name}"), body, GOOD);
        }
        let body = format!("{{{token},\"{member}\":\"60\",\"{member}\":\"60\"}}");
        add(format!("{member} twice"), body, MALFORMED);
    }
    for number in ["99999999999999999999999999", "0.0000001", "-0", "1E+2", "1e999", "-1e999"] {
        add(format!("expires_in {number}"), format!("{{{token},\"expires_in\":{number}}}"), GOOD);
    }
    for number in ["01", "+1", "1.", ".5", "0x10", "NaN", "Infinity", "1e", "--1", "1e999e"] {
        add(
            format!("expires_in {number}"),
            format!("{{{token},\"expires_in\":{number}}}"),
            MALFORMED,
        );
    }

    // An error with status 200 beside a good token.
    for (name, value) in [
        ("a code", "\"invalid_client\""),
        ("null", "null"),
        ("empty", "\"\""),
        ("a number", "0"),
        ("false", "false"),
        ("an array", "[]"),
        ("an object", "{\"code\":7}"),
        ("20 KB long", &format!("\"{}\"", "x".repeat(20_000))),
        ("escaped", "\"\\u0069nvalid\""),
        ("with control characters", "\"\\u001b[2J\\r\\n\\u0000\\u202e\""),
    ] {
        // Some servers write `"error": null` or `"error": ""` beside a token.
        let is_none = name == "null" || name == "empty";
        let (with_token, alone) = if is_none { (GOOD, MALFORMED) } else { (REFUSED, REFUSED) };
        add(format!("error {name}"), format!("{{{token},{bearer},\"error\":{value}}}"), with_token);
        let all = format!("\"error_description\":{value},\"error_uri\":{value}");
        add(format!("error and its texts {name}"), format!("{{\"error\":{value},{all}}}"), alone);
    }
    add("error's name escaped".into(), format!("{{{token},\"\\u0065rror\":\"x\"}}"), REFUSED);
    add("error twice".into(), format!("{{{token},\"error\":\"x\",\"error\":\"x\"}}"), MALFORMED);
    add("error one level down".into(), format!("{{{token},\"x\":{{\"error\":\"x\"}}}}"), GOOD);
    add("error_description alone".into(), format!("{{{token},\"error_description\":\"x\"}}"), GOOD);

    // The whole document.
    let nested =
        |depth: usize| format!("{{{token},\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let objects = "{\"x\":".repeat(5_000);
    for (name, body, expected) in [
        ("an empty object", "{}".into(), MALFORMED),
        ("null", "null".into(), MALFORMED),
        ("a string", format!("\"{TOKEN}\""), MALFORMED),
        ("an array", format!("[{{{token}}}]"), MALFORMED),
        ("63 arrays deep", nested(63), GOOD),
        ("64 arrays deep", nested(64), MALFORMED),
        ("30,000 arrays deep", nested(30_000), MALFORMED),
        ("30,000 arrays that never end", "[".repeat(60_000), MALFORMED),
        (
            "5,000 objects deep",
            format!("{{{token},\"x\":{objects}1{}}}", "}".repeat(5_000)),
            MALFORMED,
        ),
        ("text after it", format!("{{{token}}} x"), MALFORMED),
        ("another object after it", format!("{{{token}}}{{\"error\":\"x\"}}"), MALFORMED),
        ("a bracket too many", format!("{{{token}}}}}"), MALFORMED),
        ("a comma too many", format!("{{{token},}}"), MALFORMED),
        ("a comma too few", format!("{{{token} {bearer}}}"), MALFORMED),
        ("a comment", format!("{{{token}/* x */}}"), MALFORMED),
        ("names without quotes", format!("{{access_token:\"{TOKEN}\"}}"), MALFORMED),
        ("its end missing", format!("{{{token}"), MALFORMED),
        ("white space all around", format!(" \r\n\t{{ {token} }}\r\n "), GOOD),
        ("a form feed before it", format!("\u{c}{{{token}}}"), MALFORMED),
        ("5,000 further members", format!("{{{}{token}}}", "\"x\":1,".repeat(5_000)), GOOD),
        ("a member with an empty name", format!("{{\"\":1,{token}}}"), GOOD),
        ("an unknown member twice", format!("{{\"x\":1,\"x\":2,{token}}}"), GOOD),
    ] {
        add(name.into(), body, expected);
    }
    rows
}
