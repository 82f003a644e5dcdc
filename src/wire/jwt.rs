//! The lifetime of a JSON Web Token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)).
//!
//! Nothing is verified: the token is for the server that issued it, and only that server can tell
//! whether it is good. All that is read is how long it lives.

use super::json::{Members, Value};
use crate::secret::Buffer;
use base64ct::{Base64UrlUnpadded, Encoding};

/// `exp - iat` in seconds, if the token is a JWT that has both.
pub(crate) fn lifetime_seconds(token: &str) -> Option<f64> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let mut claims = Buffer::from(alloc::vec![0; payload.len() / 4 * 3 + 3]);
    let len = Base64UrlUnpadded::decode(payload, claims.as_mut_slice()).ok()?.len();
    let claims = Members::read(claims.as_mut_slice().get_mut(..len)?).ok()?;
    let number = |claim: Option<Value>| claim?.number();
    Some(number(claims.exp)? - number(claims.iat)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn the_lifetime_is_exp_less_iat() {
        for (claims, expected) in [
            (r#"{"sub":"rose","iat":1700000000,"exp":1700003600}"#, Some(3600.0)),
            (r#"{"iat":1700000000.5,"exp":1700003600}"#, Some(3599.5)),
            (r#"{"iat":2,"exp":1}"#, Some(-1.0)),
            (r#"{"exp":1700003600}"#, None),
            (r#"{"iat":"1","exp":2}"#, None),
            ("", None),
            ("x", None),
        ] {
            let payload = Base64UrlUnpadded::encode_string(claims.as_bytes());
            assert_eq!(lifetime_seconds(&format!("e30.{payload}.c2ln")), expected, "{claims}");
        }
    }

    #[test]
    fn what_is_not_a_jwt_has_no_lifetime() {
        let payload = Base64UrlUnpadded::encode_string(br#"{"iat":1,"exp":2}"#);
        for token in [
            String::new(),
            "opaque".into(),
            "..".into(),
            format!("a.{payload}"),
            format!("a.{payload}.b.c"),
            format!("a.{payload}=.b"),
            "a.é.b".into(),
        ] {
            assert_eq!(lifetime_seconds(&token), None, "{token}");
        }
    }

    use alloc::string::String;
}
