//! TLS on loopback: certificates made on the spot, and servers that end when they are dropped.

#![allow(dead_code)] // each test file uses its part

use base64ct::{Base64, Encoding};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::NamedTempFile;

/// How soon a connection looks at its other side, or notices that its server is stopping.
const TICK: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, Debug)]
pub enum Key {
    P256,
    Rsa2048,
}

impl Key {
    fn generate(self) -> KeyPair {
        match self {
            Key::P256 => KeyPair::generate(),
            // ring makes no RSA keys. openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048
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
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key.generate()).expect("a certificate");
        Authority { key, issuer }
    }

    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.issuer.der()
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

/// What a server shows.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    fn of(certificate: rcgen::Certificate, key: &KeyPair) -> Identity {
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS #8 or PKCS #1");
        Identity { certificate: certificate.der().clone(), key }
    }

    /// A server's settings with TLS 1.2 and 1.3.
    pub fn config(&self) -> ServerConfig {
        self.config_for(rustls::ALL_VERSIONS)
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

fn pem(certificate: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in Base64::encode_string(certificate).as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("ASCII"));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

/// A listening port of 127.0.0.1 and what is done with each connection. It ends when dropped.
pub struct Server {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// `serve` is given a connection whose reads end after a tick, and looks now and then whether the
    /// server is stopping.
    pub fn start(serve: impl Fn(TcpStream, &AtomicBool) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("a port");
        let stopping = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let stopping = Arc::clone(&stopping);
            move || {
                std::thread::scope(|scope| {
                    while let Ok((connection, _)) = listener.accept() {
                        if stopping.load(Ordering::SeqCst) {
                            break;
                        }
                        let _ = connection.set_read_timeout(Some(TICK));
                        scope.spawn(|| serve(connection, &stopping));
                    }
                });
            }
        });
        Server { address, stopping, thread: Some(thread) }
    }

    /// Takes TLS off each connection and passes what is in it on to `port` of 127.0.0.1, such as the
    /// appliance's console.
    pub fn terminating_tls(config: ServerConfig, port: u16) -> Server {
        let config = Arc::new(config);
        Server::start(move |outside, stopping| {
            let Ok(tls) = ServerConnection::new(Arc::clone(&config)) else { return };
            let Ok(inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
            let _ = inside.set_read_timeout(Some(TICK));
            // A client that breaks off, or does not like the certificate, ends its connection only.
            let _ = relay(StreamOwned::new(tls, outside), inside, stopping);
        })
    }

    /// Reads what comes first and answers with these bytes, a pause before each piece, then closes.
    pub fn answering(pieces: Vec<Vec<u8>>, pause: Duration) -> Server {
        Server::start(move |mut connection, stopping| {
            while matches!(connection.read(&mut [0; 4096]), Err(error) if is_tick(&error)) {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
            }
            for piece in &pieces {
                std::thread::sleep(pause);
                if stopping.load(Ordering::SeqCst) || connection.write_all(piece).is_err() {
                    return;
                }
            }
        })
    }

    /// Takes connections and says nothing.
    pub fn silent() -> Server {
        Server::start(|mut connection, stopping| {
            let mut read = Err(ErrorKind::WouldBlock.into());
            while !stopping.load(Ordering::SeqCst)
                && match &read {
                    Ok(read) => *read > 0,
                    Err(error) => is_tick(error),
                }
            {
                read = connection.read(&mut [0; 4096]);
            }
        })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `https://<host>:<port><path>`
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // `accept` is woken by a connection.
        let woken = TcpStream::connect(self.address).is_ok();
        if let (true, Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

/// Until the inside has closed and all of it has gone out.
fn relay(
    mut outside: StreamOwned<ServerConnection, TcpStream>,
    mut inside: TcpStream,
    stopping: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let mut outside_is_open = true;
    while !stopping.load(Ordering::SeqCst) {
        if outside_is_open {
            match outside.read(&mut buffer) {
                Ok(0) => {
                    outside_is_open = false;
                    inside.shutdown(Shutdown::Write)?;
                }
                Ok(read) => inside.write_all(&buffer[..read])?,
                Err(error) if is_tick(&error) => {}
                Err(error) => return Err(error),
            }
        }
        match inside.read(&mut buffer) {
            Ok(0) => {
                outside.conn.send_close_notify();
                return outside.flush();
            }
            Ok(read) => outside.write_all(&buffer[..read])?,
            Err(error) if is_tick(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
