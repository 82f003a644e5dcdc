//! What TLS adds to an exchange: a provider of cryptography before it, and words for what went wrong
//! in it.
//!
//! minreq builds one rustls client configuration for the process, at the first `https` request, with
//! the provider that is then the process's default and with the certificates that rustls-native-certs
//! finds. That crate reads `SSL_CERT_FILE` and `SSL_CERT_DIR`; there is no way to hand it a path. Here
//! the two are read only after it has failed, to say what is wrong with them.

use crate::error::Error;
use crate::os::env::shown_path;
use crate::wire::redact;
use crate::wire::url::Url;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, PeerIncompatible,
    RootCertStore,
};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is read of a certificate file to see what is wrong with it. A system's bundle has 200 to 500 KiB.
const MAX_CERTIFICATE_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// 9999-12-31T23:59:59Z, the last moment a certificate can name.
const LAST_SECOND: u64 = 253_402_300_799;

/// The servers over which time ran out, until one answers in a handshake.
static SILENT: Mutex<BTreeSet<Server>> = Mutex::new(BTreeSet::new());

/// A server that is spoken to over TLS.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Server {
    host: String,
    port: u16,
}

impl Server {
    /// The URL's server. From here on the process has a provider of cryptography.
    pub(crate) fn of(url: &Url) -> Server {
        install_provider();
        Server { host: String::from(url.host()), port: url.port() }
    }

    /// Notes that time ran out over this server.
    pub(crate) fn ran_out(self) {
        silent().insert(self);
    }

    /// Whether it is worth starting an exchange: where time ran out before, tries a handshake first,
    /// whose reads end at the deadline.
    ///
    /// minreq 3.0.0 sets no timeout on what it reads in the handshake. A server that takes the
    /// connection and is silent keeps minreq's thread and socket for as long as the connection lasts.
    /// So one of each is the price of such a server, rather than one of each for every request to it.
    pub(crate) fn answers(&self, deadline: Instant) -> bool {
        if !silent().contains(self) {
            return true;
        }
        // A failure that is not silence will be met again in the exchange, and described there.
        let is_silent = self.handshake(deadline).is_err_and(|error| {
            matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
        });
        if !is_silent {
            silent().remove(self);
        }
        !is_silent
    }

    /// As far as the server's certificate: nobody is trusted, and nothing is sent.
    fn handshake(&self, deadline: Instant) -> std::io::Result<()> {
        let config = ClientConfig::builder()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from(self.host.clone()).map_err(std::io::Error::other)?;
        let mut tls =
            ClientConnection::new(Arc::new(config), name).map_err(std::io::Error::other)?;
        let mut socket = self.connect(deadline)?;
        while tls.is_handshaking() {
            socket.set_write_timeout(Some(left(deadline)?))?;
            while tls.wants_write() {
                tls.write_tls(&mut socket)?;
            }
            socket.set_read_timeout(Some(left(deadline)?))?;
            if tls.read_tls(&mut socket)? == 0 {
                break;
            }
            tls.process_new_packets().map_err(std::io::Error::other)?;
        }
        Ok(())
    }

    fn connect(&self, deadline: Instant) -> std::io::Result<TcpStream> {
        let mut failure = ErrorKind::NotFound.into();
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(deadline)?) {
                Ok(socket) => return Ok(socket),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Makes a provider the process's default, unless the program has chosen one.
///
/// rustls panics over two providers compiled in and none chosen.
fn install_provider() {
    if CryptoProvider::get_default().is_some() {
        return;
    }
    #[cfg(feature = "tls")]
    let provider = rustls::crypto::ring::default_provider();
    #[cfg(not(feature = "tls"))]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    // If another thread was first, then one is installed, and that is all that matters.
    let _ = provider.install_default();
}

fn silent() -> MutexGuard<'static, BTreeSet<Server>> {
    SILENT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn left(deadline: Instant) -> std::io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

/// What a failed exchange over TLS failed of, if it was TLS. `doing` names the exchange.
pub(crate) fn describe(doing: &str, url: &Url, error: &minreq::Error) -> Option<Error> {
    match error {
        minreq::Error::RustlsCreateConnection(error) => Some(describe_tls(doing, url, error)),
        minreq::Error::IoError(error) => describe_io(doing, url, error),
        _ => None,
    }
}

fn describe_io(doing: &str, url: &Url, error: &std::io::Error) -> Option<Error> {
    let below = error.get_ref();
    if let Some(error) = below.and_then(|below| below.downcast_ref()) {
        return Some(describe_tls(doing, url, error));
    }
    if below.is_some_and(|below| below.is::<InvalidDnsNameError>()) {
        return Some(Error::config(format!(
            "the {doing} was not sent: {} is neither a DNS name nor an address, as TLS needs",
            url.host()
        )));
    }
    let what = match error.kind() {
        // After the handshake rustls has words for it, which follow as an error below.
        ErrorKind::UnexpectedEof if below.is_none() => {
            "the server cut the TLS handshake off; is this the right port, and does it speak TLS?"
        }
        ErrorKind::UnexpectedEof => "the server closed the connection without an answer",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "the server hung up; is this the right port, and does it speak TLS?"
        }
        _ => return None,
    };
    Some(Error::network(format!("the {doing} failed: {what}")))
}

fn describe_tls(doing: &str, url: &Url, error: &rustls::Error) -> Error {
    let what = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => match trusted() {
            Ok(trusted) => format!(
                "the server's certificate is signed by {trusted}; let SSL_CERT_FILE name a PEM file with the certificate of its CA, and see that the server sends any intermediate ones"
            ),
            Err(wrong) => {
                return Error::config(format!("the {doing} failed: {wrong}"))
                    .with_source(error.clone());
            }
        },
        rustls::Error::InvalidCertificate(error) => describe_certificate(url, error),
        rustls::Error::General(text) if text.contains("No CA certificates") => {
            return Error::config(format!(
                "the {doing} was not sent: {}",
                why_nothing_is_trusted()
            ))
            .with_source(error.clone());
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => String::from(
            "the server has no TLS version that is taken here, which are 1.2 and 1.3; let it speak one of them",
        ),
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => String::from(
            "the server refused the TLS handshake: it may know no cipher suite or curve that is offered here, or want a client certificate",
        ),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            String::from("the server wants a client certificate, and there is none here")
        }
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            format!("the server does not know the name {}; use the name it goes by", url.host())
        }
        rustls::Error::AlertReceived(alert) => {
            format!("the server ended the TLS connection with the alert {alert:?}")
        }
        rustls::Error::PeerIncompatible(why) => {
            format!("the server and this program have too little of TLS in common: {why:?}")
        }
        rustls::Error::InvalidMessage(what) => format!(
            "the answer is not TLS ({what:?}); is this the right port, and does it speak plain HTTP?"
        ),
        _ => format!("TLS failed: {}", redact::shown(&error.to_string(), &[])),
    };
    Error::network(format!("the {doing} failed: {what}")).with_source(error.clone())
}

fn describe_certificate(url: &Url, error: &CertificateError) -> String {
    let host = url.host();
    match error {
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            if names.is_empty() {
                format!(
                    "the server's certificate is not for {host}: it names no host at all, as a common name does not count; have it issued with a subjectAltName"
                )
            } else {
                format!(
                    "the server's certificate is not for {host} but for {}; use that, or have it issued for {host}",
                    redact::shown(&names.join(", "), &[])
                )
            }
        }
        CertificateError::NotValidForName => format!("the server's certificate is not for {host}"),
        CertificateError::ExpiredContext { time, not_after } => format!(
            "the server's certificate expired at {}, and it is {} by this device's clock; have it renewed, or set the clock",
            utc(*not_after),
            utc(*time)
        ),
        CertificateError::Expired => String::from("the server's certificate has expired"),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "the server's certificate is not valid before {}, and it is {} by this device's clock; is the clock right?",
            utc(*not_before),
            utc(*time)
        ),
        CertificateError::NotValidYet => {
            String::from("the server's certificate is not valid yet; is this device's clock right?")
        }
        // Or with a key of another kind.
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            String::from(
                "the signature on the server's certificate is wrong: a CA of that name is trusted, but with another key; was the CA renewed?",
            )
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. } => String::from(
            "the server's certificate is signed in a way that is not taken here, such as SHA-1; have it issued with SHA-256 or better",
        ),
        CertificateError::BadEncoding => String::from("the server's certificate cannot be read"),
        // webpki's own errors, whose types are not within reach, print the names of their variants.
        CertificateError::Other(error) => match error.to_string().as_str() {
            "CaUsedAsEndEntity" => String::from(
                "the server's certificate is marked as that of a CA, which may sign but not serve; let the server use one with the basic constraint CA:FALSE, self-signed or signed by that CA",
            ),
            "UnsupportedCertVersion" => String::from(
                "the server's certificate is not of X.509 version 3; have it issued again, with a subjectAltName",
            ),
            "certificate had invalid extensions" => String::from(
                "the server's certificate is not meant for servers; have it issued with the extended key usage serverAuth, or without any",
            ),
            other => {
                format!("the server's certificate is not taken: {}", redact::shown(other, &[]))
            }
        },
        other => format!(
            "the server's certificate is not taken: {}",
            redact::shown(&other.to_string(), &[])
        ),
    }
}

/// `DnsName("a.example")` and `IpAddress(127.0.0.1)` without the words around the name.
fn bare_name(presented: &str) -> &str {
    let name = presented.split_once('(').map_or(presented, |(_, name)| name);
    name.trim_end_matches(')').trim_matches('"')
}

/// Whom rustls-native-certs was told to trust, to end "signed by none of"; or what is wrong with the
/// caller's file.
fn trusted() -> Result<String, String> {
    if cfg!(target_vendor = "apple") {
        return Ok(String::from("none that this system trusts"));
    }
    let Some(file) = certificate_file() else {
        return Ok(String::from(if certificate_folders().is_empty() {
            "none of this system's CAs (SSL_CERT_FILE is not set)"
        } else {
            "none of the CAs in SSL_CERT_DIR"
        }));
    };
    match check(&file) {
        Ok(_) => Ok(format!(
            "none of the CAs in {} (SSL_CERT_FILE, read once, at the program's first https request)",
            shown_path(&file)
        )),
        Err(what) => Err(what),
    }
}

/// Why no CA certificate was found: whether a path is wrong, or none is given.
fn why_nothing_is_trusted() -> String {
    let folders = certificate_folders();
    match certificate_file().map(|file| check(&file).map(|()| file)) {
        Some(Err(what)) => what,
        Some(Ok(file)) => format!(
            "{} (SSL_CERT_FILE) has certificates now, but had none at the program's first https request; start the program again",
            shown_path(&file)
        ),
        None if folders.is_empty() => String::from(
            "this system has no CA certificates; let SSL_CERT_FILE name a PEM file with the certificate of the server's CA",
        ),
        None => {
            let folders: Vec<_> = folders.iter().map(|folder| shown_path(folder)).collect();
            format!(
                "SSL_CERT_DIR names no folder that holds a PEM certificate: {}",
                folders.join(", ")
            )
        }
    }
}

fn certificate_file() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE").map(PathBuf::from)
}

fn certificate_folders() -> Vec<PathBuf> {
    let folders = std::env::var_os("SSL_CERT_DIR").unwrap_or_default();
    std::env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()).collect()
}

/// Reads what `SSL_CERT_FILE` names as rustls-native-certs does. The error names variable and file.
fn check(path: &Path) -> Result<(), String> {
    if path.as_os_str().is_empty() {
        return Err(String::from("the environment variable SSL_CERT_FILE is empty"));
    }
    let wrong = |what: &str| format!("the file {} (SSL_CERT_FILE) {what}", shown_path(path));
    let unreadable = |error: std::io::Error| wrong(&format!("cannot be read: {error}"));
    // Looked at before it is opened: opening a pipe, which rustls-native-certs has read to its end, waits for ever.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(wrong("is a folder; that is for SSL_CERT_DIR"));
    }
    if !metadata.is_file() {
        return Err(wrong("is not a regular file"));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut content = Vec::new();
    file.take(MAX_CERTIFICATE_FILE_BYTES).read_to_end(&mut content).map_err(unreadable)?;
    if content.is_empty() {
        return Err(wrong("is empty"));
    }
    let certificates: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(&content).filter_map(Result::ok).collect();
    if RootCertStore::empty().add_parsable_certificates(certificates).0 > 0 {
        Ok(())
    } else if RootCertStore::empty().add(CertificateDer::from(content)).is_ok() {
        Err(wrong("is a certificate in DER; convert it: openssl x509 -inform DER -in FILE"))
    } else {
        Err(wrong("holds no PEM certificate (-----BEGIN CERTIFICATE-----)"))
    }
}

/// RFC 3339, in UTC.
fn utc(time: UnixTime) -> String {
    let seconds = time.as_secs().min(LAST_SECOND);
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of = |year| if is_leap(year) { 366 } else { 365 };
    while days >= days_of(year) {
        days -= days_of(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for days_of_month in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < days_of_month {
            break;
        }
        days -= days_of_month;
        month += 1;
    }
    let (day, hour, minute, second) = (days + 1, second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn a_time_is_shown_as_rfc_3339() {
        // date -u -d @SECONDS +%FT%TZ
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_763_773_323, "2025-11-22T01:02:03Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            assert_eq!(utc(time), shown, "{seconds}");
        }
    }
}
