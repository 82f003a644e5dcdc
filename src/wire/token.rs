//! An access token, in one buffer.

use crate::error::Error;
use crate::life::Lifetime;
use crate::secret::joined;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// The longest access token accepted.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
pub(super) const BEARER: &str = "Bearer";

/// An access token.
///
/// It is kept in one buffer, the value of the `Authorization` header, which is wiped when the token is dropped. `Debug`
/// does not show it, and there is no `Clone`: share it in an `Arc`, as [`Session`](crate::Session) does.
///
/// ```
/// use minbearer::Token;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), minbearer::Error> {
/// let token = Token::new("2YotnFZFEjr1zCsicMWpAA", Duration::from_secs(3600))?;
/// assert_eq!(token.authorization(), "Bearer 2YotnFZFEjr1zCsicMWpAA");
/// assert_eq!(token.lifetime(), Some(Duration::from_secs(3600)));
/// # Ok(()) }
/// ```
/// ```compile_fail,E0599
/// let _ = minbearer::Token::new("abc", None).unwrap().clone(); // no Clone
/// ```
/// ```compile_fail,E0277
/// println!("{}", minbearer::Token::new("abc", None).unwrap()); // no Display
/// ```
/// ```compile_fail,E0369
/// let new = || minbearer::Token::new("abc", None).unwrap();
/// let _ = new() == new(); // no PartialEq
/// ```
pub struct Token {
    pub(super) authorization: Zeroizing<String>,
    pub(super) scope: Option<String>,
    pub(super) lifetime: Lifetime,
    /// Further members of the answer, by name.
    pub(super) members: Vec<(String, Zeroizing<String>)>,
}

impl Token {
    /// Makes a token of type Bearer, for a flow of your own. `lifetime` is a `Duration` or `None`, and counts from
    /// the request. Zero is [not usable](crate::Lifetime::Unusable); more than ten years counts as `None`. See
    /// [A header cannot be forged](crate#a-header-cannot-be-forged).
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) for an empty token, one longer than 16 KiB, and one with a byte outside
    /// `0x21..=0x7E`.
    pub fn new(access_token: &str, lifetime: impl Into<Option<Duration>>) -> Result<Token, Error> {
        check(access_token).map_err(|what| Error::malformed(format!("the access token {what}")))?;
        let authorization = joined(&[BEARER, " ", access_token]);
        let lifetime = Lifetime::from(lifetime.into());
        Ok(Token { authorization, scope: None, lifetime, members: Vec::new() })
    }

    /// The value for the `Authorization` header, such as `Bearer 2YotnFZFEjr1zCsicMWpAA`.
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// The token alone: a slice of [`authorization`](Self::authorization).
    pub fn access_token(&self) -> &str {
        &self.authorization[BEARER.len() + 1..]
    }

    /// The token's type ([RFC 6749 section 7.1](https://www.rfc-editor.org/rfc/rfc6749#section-7.1)):
    /// always `Bearer`, whatever the server called it (`bearer`, `BearerToken`, nothing); another type is refused.
    pub fn token_type(&self) -> &str {
        &self.authorization[..BEARER.len()]
    }

    /// The scope that the server says it granted. A server may leave it out if it is what was asked
    /// for; one with characters that are not allowed in a scope
    /// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)) counts as left out.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The token's lifetime, counted from the request: `expires_in`, or that of a JSON Web Token if it is shorter. The latter
    /// is `exp - iat`, or else `exp - nbf`, so that a device with a wrong clock still renews in time. Without `expires_in`
    /// the device's clock counts too: if it lies between the two, what is left until `exp`; if the token has neither `iat`
    /// nor `nbf`, that as well, unless the clock lies before this version of the crate. A date in it beyond the year 9999 is
    /// one in milliseconds. `None` if the server says neither, or a lifetime of zero or above ten years.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime.usable()
    }

    /// A string member of the answer that
    /// [`with_answer_member`](crate::client_credentials::Config::with_answer_member) asked to keep, if the server sent
    /// it.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("lifetime", &self.lifetime()).finish_non_exhaustive()
    }
}

impl From<&Token> for Lifetime {
    fn from(token: &Token) -> Lifetime {
        token.lifetime
    }
}

pub(super) fn check(access_token: &str) -> Result<(), &'static str> {
    if access_token.is_empty() {
        Err("is empty")
    } else if access_token.len() > MAX_TOKEN_BYTES {
        Err("is longer than 16 KiB; have the server put less into it")
    } else if access_token.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("Bearer ")) {
        Err(
            "starts with `Bearer `, so the type is in it twice; have the server send the token alone",
        )
    // These bytes cannot end a header line or split its value.
    } else if !access_token.bytes().all(|byte| matches!(byte, 0x21..=0x7E)) {
        Err("has a byte that is not allowed in a header; have the server send visible ASCII alone")
    } else {
        Ok(())
    }
}
