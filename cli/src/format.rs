//! What is printed of a token: itself, a header line, or JSON for programs.

use minbearer::Token;
use minbearer::internal::{RELEASED, Utc, push_quoted};
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Token,
    Header,
    Json,
    /// <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
    ExecCredential,
}

impl Format {
    /// What is printed, with a line's end but after a token alone: some readers of a file take a newline for a part
    /// of it. `obtained` is the device's time, in seconds since 1970, when the token was asked for; no date is made
    /// of a clock that is obviously wrong.
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
                push_quoted(token.access_token(), &mut text);
                text.push_str(",\"token_type\":");
                push_quoted(token.token_type(), &mut text);
                if let Some(scope) = token.scope() {
                    text.push_str(",\"scope\":");
                    push_quoted(scope, &mut text);
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
                push_quoted(token.access_token(), &mut text);
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
                "{\"access_token\":\"a\\\"b\\\\c\",\"token_type\":\"Bearer\",\"expires_at\":1793491320}\n",
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
                "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"a\\\"b\\\\c\",\"expirationTimestamp\":\"2026-11-01T00:02:00Z\"}}\n",
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
