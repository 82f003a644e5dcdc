//! TLS on loopback: certificates made at run time, and servers that end when dropped.

use super::listener;

use base64ct::{Base64, Encoding};
pub use listener::Connection;
use listener::{Listener, Stop, is_interrupted};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{
    ClientCertVerifierBuilder, ClientHello, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme,
    StreamOwned, SupportedProtocolVersion,
};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tempfile::NamedTempFile;

/// How often the relay switches between its two sides.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, Debug)]
pub enum Key {
    P256,
    P384,
    Rsa2048,
}

impl Key {
    fn generate(self) -> KeyPair {
        match self {
            Key::P256 => KeyPair::generate(),
            Key::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            // ring cannot generate RSA keys. Made by: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048
            Key::Rsa2048 => KeyPair::from_pem(include_str!("rsa2048.pem")),
        }
        .expect("a key")
    }
}

/// A private CA.
pub struct Authority {
    key: Key,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str, key: Key) -> Authority {
        Authority::with(name, key, IsCa::Ca(BasicConstraints::Unconstrained))
    }

    pub fn with(name: &str, key: Key, is_ca: IsCa) -> Authority {
        let is_server = is_ca == IsCa::ExplicitNoCa;
        let names = is_server.then(|| name.to_owned()).into_iter().collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = is_ca;
        let issuer = CertifiedIssuer::self_signed(params, key.generate()).expect("a certificate");
        Authority { key, issuer }
    }

    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }

    /// Its certificate as a server's own.
    pub fn identity(&self) -> Identity {
        let key = PrivateKeyDer::try_from(self.issuer.key().serialize_der()).expect("PKCS #8");
        Identity { certificate: self.certificate().clone(), key }
    }

    /// A file with the CA's certificate, for `SSL_CERT_FILE`.
    pub fn file(&self) -> NamedTempFile {
        pem_file(&[self.certificate()])
    }

    /// A server's certificate for these names and addresses, with a key of the CA's kind.
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.issue_with(names, |_| {})
    }

    pub fn issue_with(&self, names: &[&str], change: impl Fn(&mut CertificateParams)) -> Identity {
        let key = self.key.generate();
        let certificate = params(names, change).signed_by(&key, &self.issuer);
        Identity::of(certificate.expect("a certificate"), &key)
    }
}

/// A server's certificate that is signed with its own key.
pub fn self_signed(names: &[&str], change: impl Fn(&mut CertificateParams)) -> Identity {
    let key = Key::P256.generate();
    let certificate = params(names, change).self_signed(&key);
    Identity::of(certificate.expect("a certificate"), &key)
}

fn params(names: &[&str], change: impl Fn(&mut CertificateParams)) -> CertificateParams {
    let names: Vec<String> = names.iter().copied().map(String::from).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, "a server");
    change(&mut params);
    params
}

/// A server's certificate and key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// The certificate and the key (PKCS #8) in PEM.
    pub fn to_pem(&self) -> (String, String) {
        (pem(&self.certificate), pem_of("PRIVATE KEY", self.key.secret_der()))
    }

    fn of(certificate: rcgen::Certificate, key: &KeyPair) -> Identity {
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS #8 or PKCS #1");
        Identity { certificate: certificate.der().clone(), key }
    }

    /// A server's settings with TLS 1.2 and 1.3.
    pub fn config(&self) -> ServerConfig {
        self.config_for(rustls::ALL_VERSIONS)
    }

    /// A server's settings that require a client certificate of this CA.
    pub fn config_for_clients_of(
        &self,
        authority: &Authority,
        version: &'static SupportedProtocolVersion,
    ) -> ServerConfig {
        self.config_with_clients(authority, version, |verifier| verifier)
    }

    /// A server's settings that ask for a client certificate of this CA, and go on without.
    pub fn config_that_asks_clients(
        &self,
        authority: &Authority,
        version: &'static SupportedProtocolVersion,
    ) -> ServerConfig {
        self.config_with_clients(authority, version, |verifier| verifier.allow_unauthenticated())
    }

    fn config_with_clients(
        &self,
        authority: &Authority,
        version: &'static SupportedProtocolVersion,
        change: fn(ClientCertVerifierBuilder) -> ClientCertVerifierBuilder,
    ) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).expect("a CA");
        let verifier =
            change(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()));
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("versions")
            .with_client_cert_verifier(verifier.build().expect("a CA"))
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .expect("the key belongs to the certificate")
    }

    pub fn config_for(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .expect("the key belongs to the certificate")
    }
}

pub fn pem_file(certificates: &[&CertificateDer<'_>]) -> NamedTempFile {
    let text: String = certificates.iter().map(|certificate| pem(certificate)).collect();
    file(text)
}

pub fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), content).expect("a temporary file");
    file
}

pub fn pem(certificate: &[u8]) -> String {
    pem_of("CERTIFICATE", certificate)
}

pub fn pem_of(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in Base64::encode_string(der).as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("ASCII"));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// A listening port of 127.0.0.1 that serves each connection with a function. It ends when dropped.
pub struct Server(Listener);

impl Server {
    pub fn start(serve: impl Fn(Connection) -> io::Result<()> + Send + Sync + 'static) -> Server {
        Server::start_on(Ipv4Addr::LOCALHOST.into(), serve)
    }

    pub fn start_on(
        address: IpAddr,
        serve: impl Fn(Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind((address, 0)).expect("a port");
        Server(Listener::start(listener, serve).expect("a thread"))
    }

    /// Terminates TLS and relays to `port` of 127.0.0.1, such as the appliance's console. A client that disconnects or
    /// rejects the certificate ends only its own connection.
    pub fn terminating_tls(config: ServerConfig, port: u16) -> Server {
        let config = Arc::new(config);
        Server::start(move |outside| {
            let tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            let inside = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            inside.set_read_timeout(Some(POLL_INTERVAL))?;
            outside.stream().set_read_timeout(Some(POLL_INTERVAL))?;
            outside.stream().set_write_timeout(None)?;
            relay(StreamOwned::new(tls, outside.stream()), inside, outside.stop())
        })
    }

    /// Reads once, answers with these pieces, a pause before each, and closes.
    pub fn answering(pieces: Vec<Vec<u8>>, pause: Duration) -> Server {
        Server::start(move |mut connection| {
            let _ = connection.read(&mut [0; 4096])?;
            for piece in &pieces {
                connection.stop().sleep(pause)?;
                connection.write_all(piece)?;
            }
            Ok(())
        })
    }

    /// Accepts connections and sends nothing.
    pub fn silent() -> Server {
        Server::start(|mut connection| {
            connection.drain();
            Ok(())
        })
    }

    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// `https://<host>:<port><path>`
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port())
    }
}

/// Makes the connection end with a reset.
pub fn end_with_a_reset(connection: &Connection) -> io::Result<()> {
    socket2::SockRef::from(connection.stream()).set_linger(Some(Duration::ZERO))
}

/// Relays until the inner server has closed and everything has been sent.
fn relay(
    mut outside: StreamOwned<ServerConnection, &TcpStream>,
    mut inside: TcpStream,
    stop: &Stop,
) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let mut outside_is_open = true;
    while !stop.is_set() {
        if outside_is_open {
            match outside.read(&mut buffer) {
                Ok(0) => {
                    outside_is_open = false;
                    inside.shutdown(Shutdown::Write)?;
                }
                Ok(read) => inside.write_all(&buffer[..read])?,
                Err(error) if is_interrupted(&error) => {}
                Err(error) => return Err(error),
            }
        }
        match inside.read(&mut buffer) {
            Ok(0) => {
                outside.conn.send_close_notify();
                return outside.flush();
            }
            Ok(read) => outside.write_all(&buffer[..read])?,
            Err(error) if is_interrupted(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The key inside PKCS #8 (RFC 5208 section 5): PKCS #1 for RSA (RFC 8017), SEC1 for EC (RFC 5915).
pub fn inner_key(pkcs8: &[u8]) -> &[u8] {
    let (info, _) = der_element(0x30, pkcs8);
    let (_, after_version) = der_element(0x02, info);
    let (_, after_algorithm) = der_element(0x30, after_version);
    der_element(0x04, after_algorithm).0
}

/// The content of the element with this tag that `der` starts with, and what follows it.
fn der_element(tag: u8, der: &[u8]) -> (&[u8], &[u8]) {
    assert_eq!(der[0], tag, "another element of DER");
    let (start, len) = match der[1] {
        len @ 0..0x80 => (2, usize::from(len)),
        more => {
            let start = 2 + usize::from(more - 0x80);
            (start, der[2..start].iter().fold(0, |len, byte| len << 8 | usize::from(*byte)))
        }
    };
    der[start..].split_at(len)
}

/// Presents these certificates whatever they are, and signs with this key whether or not it is theirs.
#[derive(Debug)]
pub struct Presented(pub Arc<CertifiedKey>);

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A key that signs anything by zeros.
#[derive(Clone, Debug)]
pub struct Zeros;

impl SigningKey for Zeros {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Zeros))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for Zeros {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(vec![0; 256])
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}
