//! TLS for qoauth and the console, with a private CA that is made at the start. Its key is dropped, so that no one can
//! issue further certificates.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream as TlsStream};

use super::http::Stream;
use super::listener::Connection;

/// The names in the server's certificate.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "qoauth.service.consul"];

pub struct Tls {
    config: Arc<ServerConfig>,
    ca: PathBuf,
    client_certificate: PathBuf,
    client_key: PathBuf,
}

impl Tls {
    /// Writes the CA's certificate, a client's certificate and its key into `folder`.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let ca = authority().map_err(io::Error::other)?;
        let names = NAMES.map(String::from).to_vec();
        let server = issue(&ca, names, ExtendedKeyUsagePurpose::ServerAuth);
        let (certificate, key) = server.map_err(io::Error::other)?;
        let client = issue(&ca, Vec::new(), ExtendedKeyUsagePurpose::ClientAuth);
        let (client_certificate, client_key) = client.map_err(io::Error::other)?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text)?;
            io::Result::Ok(path)
        };
        Ok(Self {
            config: Arc::new(config(&ca, &certificate, &key).map_err(io::Error::other)?),
            ca: write("ca.pem", ca.pem())?,
            client_certificate: write("client.pem", client_certificate.pem())?,
            client_key: write("client.key", client_key.serialize_pem())?,
        })
    }

    pub fn ca_file(&self) -> &Path {
        &self.ca
    }

    pub fn client_certificate_file(&self) -> &Path {
        &self.client_certificate
    }

    pub fn client_key_file(&self) -> &Path {
        &self.client_key
    }

    /// Calls `exchange` with what is inside TLS and whether the client has shown a certificate of the CA.
    pub fn serve(
        &self,
        connection: &mut Connection,
        exchange: impl FnOnce(&mut dyn Stream, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut tls = ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(connection)?;
        }
        let has_certificate = tls.peer_certificates().is_some();
        exchange(&mut TlsStream::new(&mut tls, connection), has_certificate)?;
        tls.send_close_notify();
        while tls.wants_write() {
            tls.write_tls(connection)?;
        }
        connection.flush()
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "The loopback appliance's CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn issue(
    ca: &CertifiedIssuer<'static, KeyPair>,
    names: Vec<String>,
    purpose: ExtendedKeyUsagePurpose,
) -> Result<(Certificate, KeyPair), rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "The loopback appliance");
    params.extended_key_usages = vec![purpose];
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, ca)?, key))
}

/// Requests a client certificate without requiring one. qoauth decides who needs one.
fn config(
    ca: &CertifiedIssuer<'static, KeyPair>,
    certificate: &Certificate,
    key: &KeyPair,
) -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone())?;
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate.der().clone()], key)?)
}
