//! The header field `WWW-Authenticate`
//! ([RFC 9110 section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)), which says why a request was
//! refused ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)):
//!
//! ```text
//! Bearer realm="api", error="insufficient_scope", scope="read write"
//! ```

use alloc::string::String;

/// A parameter of a challenge, by its name, compared without case: a token, or a text in quotes with backslashes undone.
pub(crate) fn parameter(challenge: &str, name: &str) -> Option<String> {
    let mut rest = challenge;
    while let Some(equals) = rest.bytes().position(|byte| byte == b'=') {
        let before = rest.get(..equals)?.trim_ascii_end();
        let separator = before.bytes().rposition(|byte| matches!(byte, b' ' | b'\t' | b','));
        let known = before.get(separator.map_or(0, |at| at + 1)..)?;
        let after = rest.get(equals + 1..)?.trim_ascii_start();
        let quoted = after.strip_prefix('"');
        let mut value = String::new();
        let mut characters = quoted.unwrap_or(after).chars();
        while let Some(character) = characters.next() {
            value.push(match (quoted, character) {
                (Some(_), '\\') => characters.next()?,
                (Some(_), '"') | (None, ' ' | '\t' | ',') => break,
                _ => character,
            });
        }
        if known.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = characters.as_str();
    }
    None
}

/// Whether a list of challenges has one of that scheme, compared without case. A scheme is the first word of an element, and no
/// parameter: what stands in quotes, such as a realm, does not count.
#[cfg(feature = "tls-no-provider")]
pub(crate) fn has_scheme(challenges: &str, scheme: &str) -> bool {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let mut elements = challenges.split(|character| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        character == ',' && !is_quoted
    });
    elements.any(|element| {
        let element = element.trim_ascii();
        let (word, rest) = element.split_once([' ', '\t']).unwrap_or((element, ""));
        word.eq_ignore_ascii_case(scheme) && !rest.trim_ascii_start().starts_with('=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::response::Response;

    #[test]
    fn a_parameter_is_found_outside_of_quotes_alone() {
        let challenge = r#"Basic realm="x, error=\"no\"", Bearer REALM = api , error="invalid_token",scope="a b", z"#;
        for (name, expected) in [
            ("realm", Some(r#"x, error="no""#)),
            ("error", Some("invalid_token")),
            ("Scope", Some("a b")),
            ("z", None),
            ("cope", None),
        ] {
            assert_eq!(parameter(challenge, name).as_deref(), expected, "{name}");
        }
        for challenge in
            ["", "Negotiate", "Basic", "=", "a=", "a=\"", "a=\"\\", "NTLM TlRMTVNTUAAC==", "error"]
        {
            assert_eq!(parameter(challenge, "error"), None, "{challenge}");
        }
        assert_eq!(parameter("Bearer error=a", "error").as_deref(), Some("a"));
        assert_eq!(
            parameter("Bearer error=\"a", "error").as_deref(),
            Some("a"),
            "an end is missing"
        );
    }

    #[cfg(feature = "tls-no-provider")]
    #[test]
    fn a_scheme_is_found_outside_of_quotes_and_parameters_alone() {
        for (challenges, expected) in [
            ("Basic", true),
            ("basic realm=\"proxy\"", true),
            ("BASIC\trealm=x", true),
            ("Digest realm=\"a, b\", nonce=\"x\" , Basic realm=\"c\"", true),
            ("Negotiate, NTLM TlRMTVNTUAAC==, Basic", true),
            (r#"Digest realm="\", Basic", Basic"#, true),
            ("", false),
            ("Digest realm=\"Use basic login\", nonce=\"x\"", false),
            ("Digest realm=\"no, basic , login\"", false),
            (r#"Digest realm="\", Basic realm=""#, false),
            ("Digest realm=x, basic=y", false),
            ("Digest realm=x, basic = y", false),
            ("Digest basic", false),
            ("BasicPlus", false),
        ] {
            assert_eq!(has_scheme(challenges, "Basic"), expected, "{challenges}");
        }
    }

    #[test]
    fn of_several_challenges_that_with_an_error_counts() {
        let answer = |fields: &[&str]| {
            let response = Response::new(401, "");
            fields
                .iter()
                .fold(response, |response, value| response.with_header("WWW-Authenticate", value))
        };
        for (fields, expected) in [
            (&[][..], None),
            (&["Basic realm=\"a\""], Some("Basic realm=\"a\"")),
            (&["Basic realm=\"a\"", "Bearer error=\"b\""], Some("Bearer error=\"b\"")),
            (&["Negotiate", "NTLM"], Some("Negotiate")),
        ] {
            assert_eq!(answer(fields).challenge(), expected, "{fields:?}");
        }
    }
}
