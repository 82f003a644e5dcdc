//! The registered error codes: those of [RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), to which RFC 6750,
//! RFC 7009, RFC 8628, RFC 8707, RFC 9449, RFC 9470 and OpenID Connect Core 1.0 section 3.1.2.6 add; and `invalid_resource`, Microsoft's name for `invalid_target`.

use super::redact::redacted;
use alloc::string::String;

/// In one text, which takes less room than twenty.
const CODES: &str = "access_denied authorization_pending consent_required expired_token insufficient_scope insufficient_user_authentication interaction_required invalid_client invalid_dpop_proof invalid_grant invalid_request invalid_resource invalid_scope invalid_target invalid_token login_required server_error slow_down temporarily_unavailable unauthorized_client unsupported_grant_type unsupported_token_type use_dpop_nonce";

pub(super) fn registered(code: &str) -> Option<&'static str> {
    // Bytes: `str::split` brings the search for a character with it, 0.5 KB.
    let mut known = CODES.as_bytes().split(|byte| *byte == b' ');
    core::str::from_utf8(known.find(|known| *known == code.as_bytes())?).ok()
}

/// An error code to print: a registered one as it is, so that a secret which is a part of it, such as `client`, does not
/// show by what is missing.
pub(super) fn shown_code(code: &str, secrets: &[&str]) -> String {
    registered(code).map_or_else(|| redacted(code, secrets), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_is_shown_whatever_the_secret() {
        for code in CODES.split(' ') {
            for secret in [code, &code[..5], "_"] {
                assert_eq!(shown_code(code, &[secret]), code);
            }
        }
        assert_eq!(shown_code("no_such_client", &["client"]), "no_such_[redacted]");
        assert!(CODES.split(' ').is_sorted());
        assert_eq!(registered(""), None);
        assert_eq!(registered("invalid"), None);
        assert_eq!(registered("invalid_client invalid_dpop_proof"), None);
    }
}
