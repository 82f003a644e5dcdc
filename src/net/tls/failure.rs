//! The errors of an exchange over TLS, and their messages.

use super::lacks_certificate;
use crate::error::{Error, NetworkCause};
use crate::net::socket::describe_io;
use crate::wire::redact;
use crate::wire::time::Utc;
use crate::wire::token_answer::advice::CLIENT_CERTIFICATE;
use crate::wire::url::Url;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, OtherError, PeerIncompatible, PeerMisbehaved};
use std::io::ErrorKind;

/// Why an exchange over TLS failed.
pub(crate) enum Failure {
    Config(Error),
    Io(std::io::Error),
    /// The server closed the connection within the handshake, or reset it.
    HandshakeCutShort(Option<std::io::Error>),
    /// The connection ended after the request, without `close_notify`: the answer may have been cut off.
    Truncated,
    /// With [`Roots::unknown_issuer`](super::roots::Roots::unknown_issuer).
    UnknownIssuer(Result<String, String>),
    /// The server has no certificate for the name that it was asked for.
    UnknownName(String),
    Tls(rustls::Error),
}

impl Failure {
    /// A state that rustls does not reach with a client of this kind.
    pub(super) fn unexpected_state() -> Failure {
        Failure::Tls(rustls::Error::HandshakeNotComplete)
    }

    /// Whether the deadline passed.
    pub(crate) fn is_timeout(&self) -> bool {
        matches!(self, Failure::Io(error) if error.kind() == ErrorKind::TimedOut)
    }

    /// Whether the answer is truncated, so that its parser's error is more precise.
    pub(crate) fn is_truncation(&self) -> bool {
        matches!(self, Failure::Truncated)
    }

    /// `doing` names the exchange.
    pub(crate) fn describe(self, doing: &str, url: &Url) -> Error {
        let failed = |cause: NetworkCause, what: &str| {
            Error::network(format!("the {doing} failed: {what}")).with_network_cause(cause)
        };
        match self {
            Failure::Config(error) => Error::config(format!("the {doing} was not sent: {error}")),
            Failure::Io(error) => describe_io(doing, error),
            Failure::HandshakeCutShort(error) => {
                let advice = if lacks_certificate() {
                    CLIENT_CERTIFICATE
                } else {
                    "is this the right port, and does it speak TLS?"
                };
                let what = format!("the server closed the connection in the TLS handshake; {advice}");
                let described = failed(NetworkCause::Tls, &what);
                match error {
                    Some(error) => described.with_source(error),
                    None => described,
                }
            }
            Failure::Truncated => failed(
                NetworkCause::CutShort,
                "the answer has no length, and the connection ended without TLS's close_notify: it may be cut short",
            ),
            Failure::UnknownIssuer(Ok(whose)) => {
                failed(NetworkCause::Tls, &format!("the server's certificate is signed by {whose}"))
                    .with_source(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
            }
            Failure::UnknownIssuer(Err(wrong)) => {
                Error::config(format!("the {doing} failed: {wrong}"))
            }
            Failure::UnknownName(name) => failed(
                NetworkCause::Tls,
                &format!(
                    "the server does not know the name {name}; use a name that the server is configured for"
                ),
            )
            .with_source(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)),
            Failure::Tls(error) => {
                let described = failed(NetworkCause::Tls, &describe_tls(url, &error));
                described.with_source(match error {
                    rustls::Error::InvalidCertificate(error) => bounded(error).into(),
                    error => error,
                })
            }
        }
    }
}

/// The error without what it has of certificates: up to 64 KiB of any characters.
fn bounded(error: CertificateError) -> CertificateError {
    match error {
        CertificateError::NotValidForNameContext { .. } => CertificateError::NotValidForName,
        CertificateError::InvalidPurposeContext { .. } => CertificateError::InvalidPurpose,
        CertificateError::UnsupportedSignatureAlgorithmContext { .. } => {
            CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: Vec::new(),
                supported_algorithms: Vec::new(),
            }
        }
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            CertificateError::BadSignature
        }
        CertificateError::Other(OtherError(ref other)) => match other.downcast_ref() {
            Some(Rejected::Intermediate { error, .. }) => bounded(error.clone()),
            _ => error,
        },
        error => error,
    }
}

/// A DNS name, or an address as a URL has it.
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare).ok().map(|name| name.to_owned())
}

/// For a name that is not [`server_name`]'s. It is not shown, as it may be a secret in the wrong place.
pub(super) const WRONG_NAME: &str = "the server's name (--server-name, in code Http::with_server_name) is neither a DNS name nor an address, as TLS needs";

const NO_COMMON_VERSION: &str = if cfg!(feature = "tls12") {
    "the server has no TLS version that is supported here (1.2 and 1.3); enable one of them on the server"
} else {
    "the server has no TLS version that is supported here (1.3 alone); enable it on the server, or build minbearer with its feature `tls12`"
};

fn describe_tls(url: &Url, error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => describe_certificate(url, error),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => String::from(NO_COMMON_VERSION),
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) if !lacks_certificate() => String::from(
            "the server refused the TLS handshake: it may have no cipher suite or curve that is offered here (AES-GCM; X25519, P-256, P-384), or a key of another type than RSA, P-256, P-384 or Ed25519 (P-521 is not supported)",
        ),
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)
        | rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            String::from(
                "the server does not speak HTTP/1.1 there, says its ALPN; is this the right port?",
            )
        }
        rustls::Error::AlertReceived(alert) => {
            let (separator, advice) =
                if is_of_certificate(*alert) { (": ", CLIENT_CERTIFICATE) } else { ("", "") };
            format!(
                "the server ended the TLS connection with the alert {alert:?}{separator}{advice}"
            )
        }
        rustls::Error::PeerIncompatible(why) => {
            format!("the server and this program support no common TLS parameters: {why:?}")
        }
        rustls::Error::InvalidMessage(what) => format!(
            "the answer is not TLS ({what:?}); is this the right port, and does it speak plain HTTP?"
        ),
        _ => format!("TLS failed: {}", redact::redacted(&error.to_string(), &[])),
    }
}

/// Whether the server misses a client certificate, or does not accept the one that it got. OpenSSL says so in TLS 1.2 by
/// `handshake_failure`, and Java by `bad_certificate`.
fn is_of_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::HandshakeFailure
            | AlertDescription::CertificateRequired
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
    )
}

fn describe_certificate(url: &Url, error: &CertificateError) -> String {
    let of_server = ("the server's certificate", "have it renewed", error);
    let (whose, renew, error) = match error {
        CertificateError::Other(OtherError(other)) => match other.downcast_ref() {
            Some(Rejected::Intermediate { whose, error }) => {
                (whose.as_str(), "let the server send the current one", error)
            }
            Some(rejected) => return rejected.to_string(),
            None => of_server,
        },
        _ => of_server,
    };
    match error {
        CertificateError::NotValidForNameContext { presented, expected } => {
            let host = expected.to_str();
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            if names.is_empty() {
                format!(
                    "the server's certificate is not for {host}: it names no host at all, as a common name does not count; have it issued with a subjectAltName, or trust this certificate itself"
                )
            } else {
                format!(
                    "the server's certificate is not for {host} but for {}; use that, or name it by --server-name, in code Http::with_server_name, or have it issued for {host}",
                    redact::redacted(&names.join(", "), &[])
                )
            }
        }
        CertificateError::NotValidForName => {
            format!("the server's certificate is not for {}", url.host())
        }
        CertificateError::ExpiredContext { time, not_after } => format!(
            "{whose} expired at {}, and it is {} by this device's clock; {renew}, or set the clock",
            Utc(not_after.as_secs()),
            Utc(time.as_secs())
        ),
        CertificateError::Expired => String::from("the server's certificate has expired"),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "{whose} is not valid before {}, and it is {} by this device's clock; is the clock right?",
            Utc(not_before.as_secs()),
            Utc(time.as_secs())
        ),
        CertificateError::NotValidYet => {
            String::from("the server's certificate is not valid yet; is this device's clock right?")
        }
        // Or with a key of another type.
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            String::from(
                "the signature on the server's certificate is wrong: a CA of that name is trusted, but with another key; was the CA renewed?",
            )
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. } => format!(
            "{whose} has a signature that is not supported here, such as SHA-1, or SHA-512 with ECDSA; have it issued with SHA-256 or SHA-384"
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            format!(
                "{whose} is not meant for servers; have it issued with the extended key usage serverAuth, or without any"
            )
        }
        CertificateError::BadEncoding => String::from("the server's certificate cannot be read"),
        // webpki's, by the names of its variants.
        CertificateError::Other(OtherError(error)) => format!(
            "the server's certificate was rejected: {}",
            redact::redacted(&error.to_string(), &[])
        ),
        other => format!(
            "the server's certificate was rejected: {}",
            redact::redacted(&other.to_string(), &[])
        ),
    }
}

/// The name alone in `DnsName("a.example")` and `IpAddress(127.0.0.1)`.
fn bare_name(presented: &str) -> &str {
    let name = presented.split_once('(').map_or(presented, |(_, name)| name);
    name.trim_end_matches(')').trim_matches('"')
}

/// Why a certificate was rejected, where webpki does not say it, or not as well.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rejected {
    LongChain,
    AmbiguousChain,
    MayNotSign {
        whose: &'static str,
        why: &'static str,
    },
    /// What is wrong is wrong with an intermediate certificate, which `whose` names.
    Intermediate {
        whose: String,
        error: CertificateError,
    },
    NotVersion3,
    MarkedAsCa,
    UnsupportedKey {
        whose: &'static str,
        kind: &'static str,
    },
    NotItsKey,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rejected::LongChain => {
                "the server sent more than six intermediate certificates, or more than 16 KiB of them; let it send only those between its own and a root"
            }
            Rejected::AmbiguousChain => {
                "the server sent more than two intermediate certificates of one name; let it send only those between its own and a root"
            }
            Rejected::MayNotSign { whose, why } => {
                return write!(f, "{whose} may not sign others: {why}; have it issued as a CA's, or trust the server's certificate itself");
            }
            // The message is `describe_certificate`'s.
            Rejected::Intermediate { error, .. } => return error.fmt(f),
            Rejected::NotVersion3 => {
                "the server's certificate is not of X.509 version 3; have it issued again, with a subjectAltName, or trust this certificate itself"
            }
            Rejected::MarkedAsCa => {
                "the server's certificate is marked as that of a CA, which may sign but not serve; trust this certificate itself, or let the server use one with the basic constraint CA:FALSE, self-signed or signed by that CA"
            }
            Rejected::UnsupportedKey { whose, kind } => {
                return write!(f, "{whose} has {kind}, which is not supported; use RSA from 2048 to 8192 bits, P-256, P-384 or Ed25519");
            }
            Rejected::NotItsKey => {
                "the server does not have the key of its certificate: it signed the handshake with another; does the server's key belong to its certificate, and is it this server that answers there?"
            }
        })
    }
}

impl core::error::Error for Rejected {}

impl From<Rejected> for rustls::Error {
    fn from(rejected: Rejected) -> rustls::Error {
        CertificateError::Other(OtherError(Arc::new(rejected))).into()
    }
}
