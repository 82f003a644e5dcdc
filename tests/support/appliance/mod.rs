//! The loopback appliance: the two documented systems, simulated on 127.0.0.1 closely enough that their
//! real clients work against it. Dropping [`Appliance`] closes its ports and ends its threads.
//!
//! | service | endpoint | authentication |
//! | --- | --- | --- |
//! | qoauth | `GET` and `POST /token` | client id and secret, as a query, a form or Basic |
//! | | | client id and an assertion (RFC 7523), or a certificate (RFC 8705), if a test says so |
//! | console | `GET /api/ariel/databases` | `Authorization: Bearer <qoauth token>` |
//! | | `GET /api/siem/offenses` | the same |
//! | | `POST /api/echo`, with what was posted | the same |
//! | vovserver | `POST /api/v3/token` | username and password, as a form |
//! | | `GET /api/v3/project/1/project` | `Authorization: Bearer:<jwt>` or `Bearer <jwt>` |
//!
//! Faults can be simulated: revoked and short-lived tokens, a rotated secret, services that stop, move, answer late
//! or are behind a proxy that answers 502.
//!
//! It keeps unwiped credentials and tokens in memory: a test that scans its own process for secrets runs the example
//! `appliance` instead.

mod accelerator;
mod client;
mod faults;
mod form;
mod http;
mod jsa;
use super::listener;
mod locator;
mod message;
mod port;
#[cfg_attr(feature = "tls", path = "tls.rs")]
#[cfg_attr(not(feature = "tls"), path = "tls_off.rs")]
mod tls;
mod token;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use accelerator::Accelerator;
use http::{Front, Service};
use jsa::Jsa;
use locator::Locator;
use port::Port;
use tempfile::TempDir;
use tls::Tls;

/// The credentials that the appliance accepts.
#[derive(Clone)]
pub struct Credentials {
    pub client_id: String,
    pub client_secret: String,
    pub username: String,
    pub password: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            client_id: "8a6c1f0e-demo-app".to_owned(),
            client_secret: "correct-horse-battery-staple".to_owned(),
            username: "rose".to_owned(),
            password: "thorn-and-petal".to_owned(),
        }
    }
}

/// How the appliance is set up.
#[derive(Clone, Default)]
pub struct Setup {
    pub credentials: Credentials,
    /// qoauth's port; the console and vovserver get the next two. If 0, the system chooses all three.
    pub first_port: u16,
    /// Whether qoauth and the console serve HTTPS, with certificates of a private CA. qoauth also serves HTTP on the
    /// same port, as the platform documents both for it.
    pub tls: bool,
}

/// qoauth, console and vovserver, running.
pub struct Appliance {
    credentials: Credentials,
    jsa: Arc<Jsa>,
    accelerator: Arc<Accelerator>,
    front: Front,
    qoauth: Mutex<Service>,
    console: Mutex<Option<Service>>,
    console_port: Port,
    vovserver: Service,
    locator: Locator,
    /// The locator's, the CA's and the client's files, removed when dropped.
    _folder: TempDir,
}

impl Appliance {
    /// Starts the three services, each on a port that the system chooses.
    pub fn start(credentials: Credentials) -> io::Result<Self> {
        Self::set_up(Setup { credentials, ..Setup::default() })
    }

    pub fn set_up(Setup { credentials, first_port, tls }: Setup) -> io::Result<Self> {
        let ports = match first_port {
            0 => [0; 3],
            1..=65_533 => [first_port, first_port + 1, first_port + 2],
            _ => return Err(io::Error::other("three ports from 65534 on are one too many")),
        };
        let folder = tempfile::Builder::new().prefix("minbearer-appliance-").tempdir()?;
        let tls = if tls { Some(Arc::new(Tls::new(folder.path())?)) } else { None };
        let front = Front { tls, plain_too: false, faults: Arc::default() };
        let jsa = Arc::new(Jsa::new(&credentials));
        let accelerator = Arc::new(Accelerator::new(&credentials));
        let qoauth = start_qoauth(ports[0], &front, &jsa)?;
        let console_port = Port::reserve(ports[1])?;
        let console = start_console(&console_port, &front, &jsa)?;
        let vovserver = {
            let (front, accelerator) = (Front { tls: None, ..front.clone() }, accelerator.clone());
            Service::start(ports[2], front, move |request| accelerator.vovserver(&request))?
        };
        Ok(Self {
            locator: Locator::write(folder.path(), qoauth.port())?,
            qoauth: Mutex::new(qoauth),
            console: Mutex::new(Some(console)),
            console_port,
            vovserver,
            front,
            jsa,
            accelerator,
            credentials,
            _folder: folder,
        })
    }

    /// The credentials that the appliance was started with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// `http://127.0.0.1:<port>`, or `https`.
    pub fn qoauth_url(&self) -> String {
        self.url(lock(&self.qoauth).port())
    }

    /// `http://127.0.0.1:<port>`, or `https`; the same whether the console is up or down.
    pub fn console_url(&self) -> String {
        self.url(self.console_port.number())
    }

    /// `http://127.0.0.1:<port>/project`: a project's URL, in the form that Accelerator's users have.
    pub fn nc_url(&self) -> String {
        format!("http://127.0.0.1:{}/project", self.vovserver.port())
    }

    fn url(&self, port: u16) -> String {
        let scheme = if self.front.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{port}")
    }

    /// With TLS: the certificate of the CA, for `SSL_CERT_FILE`.
    pub fn ca_file(&self) -> Option<&Path> {
        self.front.tls.as_deref().map(Tls::ca_file)
    }

    /// With TLS: a client certificate of the CA, and its key.
    pub fn client_certificate_files(&self) -> Option<(&Path, &Path)> {
        let tls = self.front.tls.as_deref()?;
        Some((tls.client_certificate_file(), tls.client_key_file()))
    }

    /// A program that prints qoauth's current port and a newline, given one argument.
    pub fn locator(&self) -> &Path {
        self.locator.program()
    }

    /// Revokes every token issued so far, by either system.
    pub fn revoke_tokens(&self) {
        self.jsa.revoke_tokens();
        self.accelerator.revoke_tokens();
    }

    /// Sets the lifetime of tokens issued from now on. By default vovserver's live for an hour, and qoauth's until they
    /// are revoked.
    ///
    /// The services keep to it exactly, but state whole seconds: the JWT's `exp - iat`, and `expires_in`, which qoauth's
    /// answer has from now on, are rounded up.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.jsa.set_token_lifetime(lifetime);
        self.accelerator.set_token_lifetime(lifetime);
    }

    /// Replaces the client secret.
    pub fn set_secret(&self, secret: &str) {
        self.jsa.client.set_secret(secret);
    }

    /// Replaces the password.
    pub fn set_password(&self, password: &str) {
        self.accelerator.set_password(password);
    }

    /// Also accepts this assertion instead of a secret (RFC 7523 section 2.2).
    pub fn set_assertion(&self, assertion: &str) {
        self.jsa.client.set_assertion(assertion);
    }

    /// Makes qoauth refuse clients without a certificate of the CA (RFC 8705). A client with one needs no secret, even
    /// without this call.
    pub fn require_client_certificate(&self) {
        self.jsa.client.require_certificate();
    }

    /// Answers everything with a proxy's 502, and this `Retry-After`, until
    /// [`end_outage`](Self::end_outage).
    pub fn begin_outage(&self, retry_after: Option<Duration>) {
        self.front.faults.begin_outage(retry_after);
    }

    pub fn end_outage(&self) {
        self.front.faults.end_outage();
    }

    /// Delays every answer by this much from now on.
    pub fn set_delay(&self, delay: Duration) {
        self.front.faults.set_delay(delay);
    }

    /// The token requests that qoauth has received, including refused ones.
    pub fn qoauth_requests(&self) -> usize {
        self.jsa.token_requests()
    }

    /// The token requests that vovserver has received, including refused ones.
    pub fn nc_requests(&self) -> usize {
        self.accelerator.token_requests()
    }

    /// The last `client_secret` that reached qoauth, decoded, right or wrong.
    pub fn last_secret(&self) -> Option<String> {
        self.jsa.client.last_secret()
    }

    /// The last `password` that reached vovserver, decoded, right or wrong.
    pub fn last_password(&self) -> Option<String> {
        self.accelerator.last_password()
    }

    /// Stops qoauth and starts it on another port. Its tokens stay valid, and the locator prints the new port.
    pub fn move_qoauth(&self) -> io::Result<()> {
        let mut qoauth = lock(&self.qoauth);
        // The new one is started first, so that the system chooses another port.
        let moved = start_qoauth(0, &self.front, &self.jsa)?;
        self.locator.point_to(moved.port())?;
        *qoauth = moved;
        Ok(())
    }

    /// Refuses connections to the console until [`start_console`](Self::start_console).
    pub fn stop_console(&self) {
        *lock(&self.console) = None;
    }

    /// Brings the console back on the port it had.
    pub fn start_console(&self) -> io::Result<()> {
        let mut console = lock(&self.console);
        if console.is_none() {
            *console = Some(start_console(&self.console_port, &self.front, &self.jsa)?);
        }
        Ok(())
    }
}

fn start_qoauth(port: u16, front: &Front, jsa: &Arc<Jsa>) -> io::Result<Service> {
    let jsa = Arc::clone(jsa);
    let front = Front { plain_too: true, ..front.clone() };
    Service::start(port, front, move |request| jsa.qoauth(&request))
}

fn start_console(port: &Port, front: &Front, jsa: &Arc<Jsa>) -> io::Result<Service> {
    let jsa = Arc::clone(jsa);
    Service::start(port.number(), front.clone(), move |request| jsa.console(&request))
}

/// Locks a mutex, even if another thread has panicked while it held it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
