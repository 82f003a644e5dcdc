//! Client authentication ([RFC 6749 section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).

use crate::error::{Error, HAS_NO_READER};
use crate::secret::{Deadline, Recipient, Secret, SecretSource};
use crate::wire::basic::{BASIC, basic};
use crate::wire::request::Request;
use crate::wire::response::Response;
#[cfg(feature = "std")]
use crate::wire::retry_after::http_date;
#[cfg(feature = "std")]
use crate::wire::time::Utc;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// The longest assertion accepted.
const MAX_ASSERTION_BYTES: usize = 16 * 1024;
/// [RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const CLIENT_SECRET: &str = "the client secret";
const CLIENT_ASSERTION: &str = "the client assertion";

/// What to check after an assertion was refused: the client's, or that which is the grant.
pub(super) const ASSERTION_ADVICE: &str = "check client id, and the assertion's issuer, audience, key and times; many servers accept an assertion once only";

/// The client's authentication at the token endpoint, in one of four ways:
///
/// - **A secret in the body**, with the other form parameters ([RFC 6749 section
///   2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1); servers call it `client_secret_post`): [`body`](Self::body),
///   the default.
/// - **A secret as Basic**, in the `Authorization` header ([the same
///   section](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1), `client_secret_basic`): [`basic`](Self::basic). That
///   section requires id and secret to be form-encoded before a colon joins them. Some servers do not decode them, and
///   refuse a correct secret that has a `+`, a `/` or a `=`; [`unencoded`](Self::unencoded) is for those.
/// - **An assertion**, a signed JWT, instead of a secret ([RFC 7521 section
///   4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2) and [RFC 7523 section
///   2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2), `private_key_jwt`): [`assertion`](Self::assertion). A
///   [`SignedAssertion`](super::SignedAssertion) is signed for each request, by a key of the program's own or in a TPM. Or
///   it comes from elsewhere: Kubernetes writes one into a file and renews it; SPIFFE's agent issues one.
/// - **A certificate**, presented in the TLS handshake; the form has the client id alone ([RFC 8705 section
///   2](https://www.rfc-editor.org/rfc/rfc8705#section-2), `tls_client_auth` and `self_signed_tls_client_auth`):
///   [`none`](Self::none), over an `Http` with a client certificate.
///
/// Which one a server expects is in its metadata (`/.well-known/openid-configuration` or, [RFC
/// 8414](https://www.rfc-editor.org/rfc/rfc8414), `/.well-known/oauth-authorization-server`):
/// `token_endpoint_auth_methods_supported` lists the methods, and means `client_secret_basic` if it is absent. The
/// client's registration may say it too. A server refuses the wrong one as `invalid_client`, even with the right secret.
///
/// Whatever converts into a [`SecretSource`] converts into this too: the secret then goes into the body.
///
/// ```no_run
/// use minbearer::client_credentials::{ClientAuthentication, Config};
/// use minbearer::{Http, SecretSource, get_token};
///
/// # fn main() -> Result<(), minbearer::Error> {
/// # let url = "https://auth.example/token";
/// // A secret, in the body or as Basic
/// let config = Config::new(url, "my-client", "secret")?;
/// let basic = ClientAuthentication::basic("secret");
/// let config = Config::new(url, "my-client", basic)?;
///
/// // A JWT that the platform writes and renews:
/// // a service account token, a JWT-SVID
/// let file = SecretSource::file("/var/run/secrets/tokens/client-assertion");
/// let assertion = ClientAuthentication::assertion(file);
/// let config = Config::new(url, "my-client", assertion)?;
///
/// // A certificate
/// # #[cfg(feature = "tls")] {
/// let chain = std::fs::read("client.pem").unwrap();
/// let key = std::fs::read("client.key").unwrap();
/// let http = Http::new().with_client_certificate(&chain, &key)?;
/// let config = Config::new(url, "my-client", ClientAuthentication::none())?;
/// let token = get_token(&config, &http)?;
/// # }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct ClientAuthentication(AuthenticationMethod);

#[derive(Debug)]
enum AuthenticationMethod {
    Body(SecretSource),
    Basic { secret: SecretSource, is_encoded: bool },
    Assertion { assertion: SecretSource, assertion_type: Cow<'static, str> },
    None,
}

impl ClientAuthentication {
    /// Sends the secret in the body, `client_secret_post`.
    pub fn body(secret: impl Into<SecretSource>) -> Self {
        ClientAuthentication(AuthenticationMethod::Body(secret.into()))
    }

    /// Sends id and secret as HTTP Basic, `client_secret_basic`, both form-encoded first.
    pub fn basic(secret: impl Into<SecretSource>) -> Self {
        ClientAuthentication(AuthenticationMethod::Basic {
            secret: secret.into(),
            is_encoded: true,
        })
    }

    /// Makes [`basic`](Self::basic) send id and secret without form-encoding, as curl does, for servers that do not
    /// decode them. It matters only if id or secret has characters other than letters, digits and `-._~`; most secrets
    /// in base64 have some. Other methods are not changed.
    pub fn unencoded(mut self) -> Self {
        if let AuthenticationMethod::Basic { is_encoded, .. } = &mut self.0 {
            *is_encoded = false;
        }
        self
    }

    /// Sends an assertion, a JWT: a [`SignedAssertion`](super::SignedAssertion), made for each request, or one that the
    /// platform, a sidecar or a function of the program writes. It is wiped and redacted like a secret.
    pub fn assertion(assertion: impl Into<SecretSource>) -> Self {
        let (assertion, assertion_type) = (assertion.into(), Cow::Borrowed(JWT_BEARER));
        ClientAuthentication(AuthenticationMethod::Assertion { assertion, assertion_type })
    }

    /// Sets another `client_assertion_type` for [`assertion`](Self::assertion) than that of RFC 7523, for profiles that
    /// have their own, such as [SPIFFE's](https://datatracker.ietf.org/doc/draft-ietf-oauth-spiffe-client-auth/). The
    /// assertion may then be any graphic ASCII text. Other methods are not changed.
    pub fn with_assertion_type(mut self, uri: &str) -> Self {
        if let AuthenticationMethod::Assertion { assertion_type, .. } = &mut self.0 {
            *assertion_type = Cow::Owned(uri.into());
        }
        self
    }

    /// Sends the client id alone, for a client that authenticates by its TLS certificate, which
    /// `Http::with_client_certificate` sets.
    pub fn none() -> Self {
        ClientAuthentication(AuthenticationMethod::None)
    }

    /// Rejects a fixed secret that is empty.
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.0 {
            AuthenticationMethod::Body(secret) | AuthenticationMethod::Basic { secret, .. } => {
                secret.check(CLIENT_SECRET)
            }
            AuthenticationMethod::Assertion { assertion, .. } => assertion.check(CLIENT_ASSERTION),
            AuthenticationMethod::None => Ok(()),
        }
    }

    /// The same secret as Basic.
    pub(super) fn into_basic(self) -> Result<Self, Error> {
        match self.0 {
            AuthenticationMethod::Body(secret) => Ok(ClientAuthentication::basic(secret)),
            AuthenticationMethod::Basic { .. } => Ok(self),
            AuthenticationMethod::Assertion { .. } | AuthenticationMethod::None => {
                Err(Error::config("Basic needs a client secret, and there is none"))
            }
        }
    }

    /// Sets the form of a token request: grant type, client authentication and the other parameters.
    pub(super) fn add_to(
        &self,
        mut request: Request,
        to: Recipient,
        grant_type: (&str, &str),
        others: &[(&str, &str)],
        deadline: Deadline,
    ) -> Result<Request, Error> {
        request.note_outer_space(to.client_id.unwrap_or_default());
        let with_form =
            |own: &[(&str, &str)]| request.with_form(&[&[grant_type], own, others].concat());
        let Some(client_id) = to.client_id else { return Ok(with_form(&[])) };
        match &self.0 {
            AuthenticationMethod::Body(secret) => {
                let secret = secret.supply(CLIENT_SECRET, deadline)?;
                let request = with_form(&[("client_id", client_id), ("client_secret", &secret)]);
                Ok(request.with_secret(&*secret))
            }
            AuthenticationMethod::Basic { secret, is_encoded } => {
                let secret = secret.supply(CLIENT_SECRET, deadline)?;
                if !is_encoded && client_id.as_bytes().contains(&b':') {
                    return Err(Error::config(
                        "a client id with a colon cannot go into Basic unless it is encoded",
                    ));
                }
                let value = basic(client_id, &secret, *is_encoded);
                let encoded = value.strip_prefix(BASIC).unwrap_or_default();
                let mut request = with_form(&[]).with_secret(&*secret).with_secret(encoded);
                request.push_header("Authorization", value);
                Ok(request)
            }
            AuthenticationMethod::Assertion { assertion, assertion_type } => {
                let assertion = assertion.supply_for(CLIENT_ASSERTION, to, deadline)?;
                check_assertion(&assertion, assertion_type == JWT_BEARER)?;
                let request = with_form(&[
                    ("client_id", client_id),
                    ("client_assertion_type", assertion_type),
                    ("client_assertion", &assertion),
                ]);
                Ok(request.with_secret(&*assertion))
            }
            AuthenticationMethod::None => Ok(with_form(&[("client_id", client_id)])),
        }
    }

    /// Whether an assertion is sent, which the server compares with its clock.
    pub(super) fn is_assertion(&self) -> bool {
        matches!(self.0, AuthenticationMethod::Assertion { .. })
    }

    /// What to check after a refusal of this request.
    pub(super) fn advice(&self, request: &Request) -> &'static str {
        match &self.0 {
            _ if HAS_NO_READER => {
                "check client id and secret, and whether the server wants them as Basic or in the body; or the assertion"
            }
            AuthenticationMethod::Body(_) => {
                "check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic"
            }
            AuthenticationMethod::Basic { is_encoded: true, .. }
                if has_encoded_character(request) =>
            {
                "check client id and secret; form-encoding changed the Basic credentials, as RFC 6749 asks, and a server that does not decode them wants them as curl sends them: --basic-unencoded, in code ClientAuthentication::unencoded, or in the body"
            }
            AuthenticationMethod::Basic { .. } => {
                "check client id and secret, and whether the server wants the secret in the body: without --basic, in code ClientAuthentication::body"
            }
            AuthenticationMethod::Assertion { .. } => ASSERTION_ADVICE,
            AuthenticationMethod::None => {
                "check client id, and the certificate or secret that the server wants from this client"
            }
        }
    }

    /// The source of the secret or the assertion.
    #[cfg(feature = "std")]
    pub(super) fn source(&self) -> Option<&SecretSource> {
        match &self.0 {
            AuthenticationMethod::Body(source)
            | AuthenticationMethod::Basic { secret: source, .. }
            | AuthenticationMethod::Assertion { assertion: source, .. } => Some(source),
            AuthenticationMethod::None => None,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self.0, AuthenticationMethod::None)
    }

    /// Reads the environment: `CLIENT_SECRET`, or the file that `CLIENT_SECRET_FILE` names, for the body; or the
    /// assertion in the file that `CLIENT_ASSERTION_FILE` names. `None` if none of the three is set. Files are read anew
    /// for each request.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the variables, if one is empty or more than one is set.
    #[cfg(feature = "std")]
    pub fn from_env() -> Result<Option<Self>, Error> {
        use crate::os::env;
        match (env::client_secret()?, env::optional("CLIENT_ASSERTION_FILE")?) {
            (Some(_), Some(_)) => Err(Error::config(
                "CLIENT_ASSERTION_FILE is set beside a client secret; remove one of them",
            )),
            (Some(secret), None) => Ok(Some(ClientAuthentication::body(secret))),
            (None, Some(path)) => {
                let file = env::named_file("CLIENT_ASSERTION_FILE", path);
                Ok(Some(ClientAuthentication::assertion(file)))
            }
            (None, None) => Ok(None),
        }
    }
}

macro_rules! from_secret {
    ($($from:ty),*) => {$(
        impl From<$from> for ClientAuthentication {
            fn from(secret: $from) -> Self {
                ClientAuthentication::body(secret)
            }
        }
    )*};
}

from_secret!(SecretSource, Secret, String, &str, &String, Zeroizing<String>);

/// Whether form-encoding changed the Basic credentials of this request. A percent sign tells: it is encoded itself.
fn has_encoded_character(request: &Request) -> bool {
    let is_it = |(name, _): &(&str, &str)| *name == "Authorization";
    let encoded = request.headers().find(is_it).and_then(|(_, value)| value.strip_prefix(BASIC));
    let mut pair = Zeroizing::new(encoded.unwrap_or_default().as_bytes().to_vec());
    Base64::decode_in_place(&mut pair).is_ok_and(|pair| pair.contains(&b'%'))
}

/// What the clocks of device and server say, if they differ by more than a minute: assertions are not valid longer.
#[cfg(feature = "std")]
pub(super) fn clocks(response: &Response) -> Option<String> {
    const MAX_DIFFERENCE: u64 = 60;
    let device = response.received_at?;
    let server = http_date(response.header("date")?)?;
    (device.abs_diff(server) > MAX_DIFFERENCE).then(|| {
        format!(
            "; the device's clock says {} and the server's {}: an assertion is valid only around the time when it was made",
            Utc(device),
            Utc(server)
        )
    })
}

/// Without `std` there is no clock.
#[cfg(not(feature = "std"))]
pub(super) fn clocks(_: &Response) -> Option<String> {
    None
}

/// Rejects what cannot be an assertion, so that the content of a wrong file is not sent.
fn check_assertion(assertion: &str, is_jwt: bool) -> Result<(), Error> {
    let what = if assertion.len() > MAX_ASSERTION_BYTES {
        "is longer than 16 KiB"
    } else if !assertion.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has a space or another character that no assertion has"
    } else if is_jwt && !is_jwt_like(assertion) {
        "is not a JWT: three or five parts in base64url, with dots between them"
    } else {
        return Ok(());
    };
    Err(Error::config(format!("{CLIENT_ASSERTION} {what}")))
}

/// A JWT has three parts if it is signed, five if it is encrypted. Of the five, the second is the encrypted key, which is
/// empty if both sides share the key ([RFC 7516 section
/// 5.1](https://www.rfc-editor.org/rfc/rfc7516#section-5.1)).
fn is_jwt_like(text: &str) -> bool {
    let is_base64url = |part: &[u8]| {
        part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let parts = || text.as_bytes().split(|byte| *byte == b'.');
    let count = parts().count();
    matches!(count, 3 | 5)
        && parts().enumerate().all(|(index, part)| {
            is_base64url(part) && (!part.is_empty() || (count, index) == (5, 1))
        })
}

#[cfg(test)]
mod tests;
