//! What is printed of a token: itself, a header line, or JSON for programs.

use minbearer::Token;
use minbearer::internal::Utc;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Token,
    Header,
    Json,
    /// <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
    ExecCredential,
}

/// 2026-01-01, before this program was written. A device's clock before that is wrong, and no date is made of it.
const RELEASED: u64 = 1_767_225_600;

impl Format {
    /// What is printed, with a line's end but after a token alone: some readers of a file take a newline for a part
    /// of it. `obtained` is the device's time, in seconds since 1970, when the token was asked for.
    pub fn render(self, token: &Token, obtained: u64) -> Zeroizing<String> {
        let lifetime = token.lifetime().filter(|_| obtained >= RELEASED);
        let expires = lifetime.map(|lifetime| obtained.saturating_add(lifetime.as_secs()));
        let parts = [token.authorization(), token.scope().unwrap_or_default()];
        // Never reallocated: a byte becomes six at most.
        let room = 256 + parts.map(str::len).iter().sum::<usize>() * 6;
        let mut text = Zeroizing::new(String::with_capacity(room));
        match self {
            Format::Token => text.push_str(token.access_token()),
            Format::Header => {
                text.extend(["Authorization: ", token.authorization(), "\n"]);
            }
            Format::Json => {
                text.push_str("{\"access_token\":");
                push_json(&mut text, token.access_token());
                text.push_str(",\"token_type\":");
                push_json(&mut text, token.token_type());
                if let Some(scope) = token.scope() {
                    text.push_str(",\"scope\":");
                    push_json(&mut text, scope);
                }
                if let Some(expires) = expires {
                    text.extend([",\"expires_at\":", &expires.to_string()]);
                }
                text.push_str("}\n");
            }
            Format::ExecCredential => {
                text.push_str(
                    "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":",
                );
                push_json(&mut text, token.access_token());
                if let Some(expires) = expires {
                    let time = Utc(expires).to_string();
                    text.extend([",\"expirationTimestamp\":\"", &time, "\""]);
                }
                text.push_str("}}\n");
            }
        }
        text
    }
}

/// A JSON string. A token has no byte outside `0x21..=0x7E`, and a scope none that JSON escapes but these two
/// (RFC 6749 section 3.3 allows neither).
fn push_json(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: u64 = RELEASED + 60;

    fn token(text: &str, seconds: Option<u64>) -> Token {
        Token::new(text, seconds.map(Duration::from_secs)).unwrap()
    }

    #[test]
    fn a_token_is_rendered_in_each_format() {
        for (format, seconds, now, expected) in [
            (Format::Token, Some(60), NOW, "a\"b\\c"),
            (Format::Header, Some(60), NOW, "Authorization: Bearer a\"b\\c\n"),
            (
                Format::Json,
                Some(60),
                NOW,
                "{\"access_token\":\"a\\\"b\\\\c\",\"token_type\":\"Bearer\",\"expires_at\":1767225720}\n",
            ),
            (
                Format::Json,
                None,
                NOW,
                "{\"access_token\":\"a\\\"b\\\\c\",\"token_type\":\"Bearer\"}\n",
            ),
            // A device's clock before the release is wrong.
            (
                Format::Json,
                Some(60),
                RELEASED - 1,
                "{\"access_token\":\"a\\\"b\\\\c\",\"token_type\":\"Bearer\"}\n",
            ),
            (
                Format::ExecCredential,
                Some(60),
                NOW,
                "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"a\\\"b\\\\c\",\"expirationTimestamp\":\"2026-01-01T00:02:00Z\"}}\n",
            ),
            (
                Format::ExecCredential,
                None,
                NOW,
                "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"a\\\"b\\\\c\"}}\n",
            ),
        ] {
            let text = format.render(&token("a\"b\\c", seconds), now);
            assert_eq!(*text, expected, "{format:?} {seconds:?} {now}");
        }
    }

    #[test]
    fn the_buffer_of_a_token_is_never_reallocated() {
        let text = "\"".repeat(8 * 1024);
        for format in [Format::Token, Format::Header, Format::Json, Format::ExecCredential] {
            let made = format.render(&token(&text, Some(60)), NOW);
            let room = 256 + ("Bearer ".len() + text.len()) * 6;
            assert!(made.len() <= room && made.capacity() >= room, "{format:?}");
        }
    }
}
