//! TLS for the exchange, by rustls.

pub(crate) mod certificate;
mod client_certificate;
mod connection;
mod failure;
mod pem;
mod plaintext;
mod provider;
#[cfg(feature = "tls-ring")]
mod ring;
mod roots;
mod verifier;

use crate::error::Error;
use crate::wire::url::Url;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
pub(crate) use failure::Failure;
use roots::{Roots, Trust};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, ClientConfig, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::sync::OnceLock;
use std::time::Instant;
use verifier::Verifier;

/// How many servers' TLS sessions are kept for resumption.
const MAX_SESSIONS: usize = 16;

/// Not rustls's default, which depends on the features that other crates turn on.
const VERSIONS: &[&SupportedProtocolVersion] =
    if cfg!(feature = "tls12") { rustls::DEFAULT_VERSIONS } else { &[&rustls::version::TLS13] };

/// A server that speaks another protocol under the same certificate, as a mail server may, refuses the handshake instead
/// of taking the request for mail: <https://alpaca-attack.com>.
const PROTOCOL: &[u8] = b"http/1.1";

/// What the exchanges of one `Http` and of its clones share: trust anchors, client certificate, TLS sessions.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    trust: Trust,
    client: Option<Arc<CertifiedKey>>,
    /// Hosts whose certificates are for another name.
    names: Vec<(String, ServerName<'static>)>,
    /// Made at the first use, when the trust anchors can be read.
    ready: Arc<OnceLock<Ready>>,
}

struct Ready {
    config: Arc<ClientConfig>,
    /// The text for a server whose CA is not trusted: see [`Roots::unknown_issuer`].
    unknown_issuer: Result<String, String>,
}

impl Tls {
    /// Trusts the CAs in a PEM text and no others.
    pub(crate) fn with_ca(self, pem: &[u8]) -> Result<Tls, Error> {
        Ok(Tls { trust: Trust::only(pem)?, ..self.anew() })
    }

    /// Trusts the CAs in a PEM text too.
    pub(crate) fn with_added_ca(mut self, pem: &[u8]) -> Result<Tls, Error> {
        let trust = core::mem::take(&mut self.trust).and(pem)?;
        Ok(Tls { trust, ..self.anew() })
    }

    pub(crate) fn with_server_name(mut self, host: &str, name: &str) -> Result<Tls, Error> {
        let name = failure::server_name(name).ok_or_else(|| Error::config(failure::WRONG_NAME))?;
        self.names.retain(|(of, _)| !of.eq_ignore_ascii_case(host));
        self.names.push((host.to_string(), name));
        Ok(self.anew())
    }

    /// The same settings, with a new cache of TLS sessions: a session that was made under others is not resumed.
    fn anew(self) -> Tls {
        Tls { ready: Arc::default(), ..self }
    }

    pub(crate) fn with_client_certificate(self, chain: &[u8], key: &[u8]) -> Result<Tls, Error> {
        let client = Some(Arc::new(client_certificate::parse(chain, key)?));
        Ok(Tls { client, ..self.anew() })
    }

    /// Prepares an exchange over TLS, before a socket is opened for it. A failure is not kept: a certificate may be
    /// mounted later.
    pub(crate) fn make_ready(&self, deadline: Instant) -> Result<(), Failure> {
        if self.ready.get().is_none() {
            let ready = self.prepare(deadline)?;
            // If another thread was faster, its configuration is used.
            let _ = self.ready.set(ready);
        }
        Ok(())
    }

    fn prepare(&self, deadline: Instant) -> Result<Ready, Failure> {
        let provider = provider::current().map_err(Failure::Config)?;
        let Roots { anchors, unknown_issuer } = self.trust.roots(deadline)?;
        let verifier = Arc::new(Verifier::new(&provider, anchors));
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(VERSIONS)
            .map_err(Failure::Tls)?
            .dangerous() // rustls's name for any verifier but its own; this one makes the same checks
            .with_custom_certificate_verifier(verifier);
        let client = Arc::new(Presented(self.client.clone()));
        let mut config = builder.with_client_cert_resolver(client);
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Another crate can turn on what decompresses certificates.
        config.cert_decompressors = Vec::new();
        config.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
        Ok(Ready { config: Arc::new(config), unknown_issuer })
    }

    /// Makes one exchange: the handshake, the request, and the answer, which `push` gets until it returns that the answer
    /// is complete, or the server has closed the connection.
    pub(crate) fn exchange(
        &self,
        url: &Url,
        socket: &mut (impl Read + Write),
        request: &[u8],
        push: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Failure> {
        let Some(ready) = self.ready.get() else { return Err(Failure::unexpected_state()) };
        let name = self.name_of(url)?;
        let asked_for = name.to_str().into_owned();
        let _ = ASKED.try_with(|asked| asked.set(false));
        connection::exchange(ready.config.clone(), name, socket, request, push).map_err(|failure| {
            match failure {
                Failure::Tls(rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer,
                )) => Failure::UnknownIssuer(ready.unknown_issuer.clone()),
                Failure::Tls(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)) => {
                    Failure::UnknownName(asked_for)
                }
                failure => failure,
            }
        })
    }

    /// The name that the server's certificate must be valid for.
    fn name_of(&self, url: &Url) -> Result<ServerName<'static>, Failure> {
        let host = url.host();
        match self.names.iter().find(|(of, _)| of.eq_ignore_ascii_case(host)) {
            Some((_, name)) => Ok(name.clone()),
            None => failure::server_name(host).ok_or_else(|| {
                let what = format!("{host} is neither a DNS name nor an address, as TLS needs");
                Failure::Config(Error::config(what))
            }),
        }
    }
}

std::thread_local! {
    /// See [`lacks_certificate`].
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the server of this thread's last exchange asked for a client certificate, and there was none.
fn lacks_certificate() -> bool {
    ASKED.try_with(Cell::get).unwrap_or_default()
}

/// Presents one certificate to every server that asks, or none.
#[derive(Debug)]
struct Presented(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Presented {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let _ = ASKED.try_with(|asked| asked.set(self.0.is_none()));
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
