//! The lifetime of a JSON Web Token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)).
//!
//! The signature is not verified: the token is for the server that issued it. Only the lifetime is read.

use super::json::{Value, read_members, seconds};
use super::time::{LAST_SECOND, RELEASED};
use crate::secret::Buffer;
use base64ct::{Base64UrlUnpadded, Encoding};
use core::time::Duration;

/// The lifetime of a JWT that has `exp`, and `iat` or else `nbf`; `None` for any other token, `Some(None)` if it has one that
/// cannot be told.
///
/// It is `exp` less the other, whatever the device's clock says. But if `now`, in seconds since 1970, lies between the two,
/// the clock is probably right, and the lifetime is `exp - now`: a server may issue a token that it has cached. Without
/// `iat` and `nbf`, the clock counts if it lies between [`RELEASED`] and `exp`; one that lies elsewhere is wrong, and may be
/// set later.
pub(crate) fn lifetime(token: &str, now: Option<u64>) -> Option<Option<Duration>> {
    let mut parts = token.as_bytes().split(|byte| *byte == b'.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    // In place: `decode` would encode the last block again, to compare, which takes 1 KB of code.
    let mut payload = Buffer::from(payload.to_vec());
    let json = Base64UrlUnpadded::decode_in_place(payload.as_mut_slice()).ok()?;
    let mut claims = [("exp", None), ("iat", None), ("nbf", None)];
    read_members(json, &mut claims).ok()?;
    let [exp, iat, nbf] = claims.map(|(_, claim)| match claim {
        // Some servers write the milliseconds of JavaScript or Java. In seconds these lie beyond the year 9999.
        Some(Value::Number(number)) => seconds(number).map(|date| match date.as_secs() {
            milliseconds if milliseconds > LAST_SECOND => Duration::from_millis(milliseconds),
            _ => date,
        }),
        _ => None,
    });
    let (exp, start) = (exp?, iat.or(nbf));
    let earliest = start.unwrap_or(Duration::from_secs(RELEASED));
    let right = now.map(Duration::from_secs).filter(|now| (earliest..exp).contains(now));
    match right.or(start) {
        Some(start) => Some(exp.checked_sub(start)),
        None => now.map(|_| None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    #[test]
    fn the_lifetime_is_exp_less_iat_or_else_nbf() {
        for (claims, expected) in [
            (r#"{"sub":"rose","iat":1700000000,"exp":1700003600}"#, Some(3600.0)),
            (r#"{"iat":1700000000.5,"exp":1700003600}"#, Some(3599.5)),
            (r#"{"iat":1.7e9,"exp":17000000600e-1}"#, Some(60.0)),
            (r#"{"iat":-2,"exp":1}"#, None),
            (r#"{"exp":1700003600}"#, None),
            (r#"{"iat":"1","exp":2}"#, None),
            (r#"{"nbf":1700000000,"exp":1700003600}"#, Some(3600.0)),
            (r#"{"nbf":1699999700,"iat":1700000000,"exp":1700003600}"#, Some(3600.0)),
            (r#"{"nbf":1700000000,"iat":null,"exp":1700003600}"#, Some(3600.0)),
            (r#"{"iat":1795979531000,"exp":1795980131000}"#, Some(600.0)),
            (r#"{"iat":1795979531000,"exp":1795980131}"#, Some(600.0)),
            (r#"{"iat":1795979531,"exp":1795980131500}"#, Some(600.5)),
            (r#"{"nbf":1795979531000,"exp":1795980131000}"#, Some(600.0)),
            (r#"{"iat":1700000000,"exp":253402300799}"#, Some(251_702_300_799.0)),
            (r#"{"nbf":1700000000}"#, None),
            ("", None),
            ("x", None),
        ] {
            let payload = Base64UrlUnpadded::encode_string(claims.as_bytes());
            let token = format!("e30.{payload}.c2ln");
            let expected = expected.map(|seconds| Some(Duration::from_secs_f64(seconds)));
            assert_eq!(lifetime(&token, None), expected, "{claims}");
        }
    }

    #[test]
    fn one_that_cannot_be_told_is_not_the_same_as_none() {
        for (claims, now, expected) in [
            (r#"{"iat":2,"exp":1}"#, None, Some(None)),
            (r#"{"nbf":2,"exp":1}"#, None, Some(None)),
            (r#"{"exp":1700003600}"#, None, None),
            (r#"{"exp":1700003600}"#, Some(0), Some(None)),
            (r#"{"iat":1}"#, Some(0), None),
        ] {
            let payload = Base64UrlUnpadded::encode_string(claims.as_bytes());
            assert_eq!(lifetime(&format!("e30.{payload}.c2ln"), now), expected, "{claims} {now:?}");
        }
    }

    #[test]
    fn a_clock_between_iat_and_exp_counts_and_any_other_does_not() {
        let payload = Base64UrlUnpadded::encode_string(br#"{"iat":1700000000,"exp":1700003600}"#);
        let token = format!("e30.{payload}.c2ln");
        for (now, expected) in [
            (None, 3600),
            (Some(0), 3600),
            (Some(1_699_999_999), 3600),
            (Some(1_700_000_000), 3600),
            (Some(1_700_003_000), 600),
            (Some(1_700_003_599), 1),
            (Some(1_700_003_600), 3600),
            (Some(u64::MAX), 3600),
        ] {
            let expected = Some(Some(Duration::from_secs(expected)));
            assert_eq!(lifetime(&token, now), expected, "{now:?}");
        }
    }

    #[test]
    fn milliseconds_are_compared_with_the_clock_in_seconds() {
        for (claims, now, expected) in [
            (r#"{"iat":1795979531000,"exp":1795980131000}"#, 1_795_979_831, Some(300)),
            (r#"{"exp":1795980131000}"#, 1_795_979_831, Some(300)),
            (r#"{"exp":1795980131000}"#, 1_795_980_131, None),
        ] {
            let payload = Base64UrlUnpadded::encode_string(claims.as_bytes());
            let own = lifetime(&format!("e30.{payload}.c2ln"), Some(now));
            assert_eq!(own, Some(expected.map(Duration::from_secs)), "{claims} at {now}");
        }
    }

    #[test]
    fn without_iat_and_nbf_a_clock_counts_that_lies_between_the_crates_own_date_and_exp() {
        let exp = RELEASED + 3600;
        let payload = Base64UrlUnpadded::encode_string(format!("{{\"exp\":{exp}}}").as_bytes());
        let token = format!("e30.{payload}.c2ln");
        for (now, expected) in [
            (0, None),
            (RELEASED - 1, None),
            (RELEASED, Some(3600)),
            (exp - 1, Some(1)),
            (exp, None),
            (u64::MAX, None),
        ] {
            let expected = Some(expected.map(Duration::from_secs));
            assert_eq!(lifetime(&token, Some(now)), expected, "{now}");
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
            assert_eq!(lifetime(token.as_str(), Some(1)), None, "{token}");
        }
    }
}
