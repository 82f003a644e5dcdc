//! The loopback appliance: the two documented systems, faked on 127.0.0.1 closely enough that their
//! real clients work against it. It ends with its value: when [`Appliance`] is dropped, its ports are
//! closed and its threads end.
//!
//! | service | answers | takes |
//! | --- | --- | --- |
//! | qoauth | `GET` and `POST /token` | client id and secret, as a query, a form or Basic |
//! | | | client id and an assertion (RFC 7523), or a certificate (RFC 8705), if a test says so |
//! | console | `GET /api/ariel/databases` | `Authorization: Bearer <qoauth token>` |
//! | | `GET /api/siem/offenses` | the same |
//! | | `POST /api/echo`, with what was posted | the same |
//! | vovserver | `POST /api/v3/token` | username and password, as a form |
//! | | `GET /api/v3/project/1/project` | `Authorization: Bearer:<jwt>` or `Bearer <jwt>` |
//!
//! What life brings can be rehearsed: revoked and short-lived tokens, a secret that is changed, services
//! that stop, move, answer late or hide behind a proxy that says 502.
//!
//! It keeps credentials and tokens in memory in the clear: a test that scans its own process for
//! secrets runs the `appliance` example instead.

#![allow(dead_code)] // Tests and examples include this file, and none of them uses all of it.

#[path = "appliance/accelerator.rs"]
mod accelerator;
#[path = "appliance/client.rs"]
mod client;
#[path = "appliance/faults.rs"]
mod faults;
#[path = "appliance/form.rs"]
mod form;
#[path = "appliance/http.rs"]
mod http;
#[path = "appliance/jsa.rs"]
mod jsa;
#[allow(clippy::duplicate_mod)] // a test may include another file that includes it
#[path = "listener.rs"]
mod listener;
#[path = "appliance/locator.rs"]
mod locator;
#[path = "appliance/message.rs"]
mod message;
#[path = "appliance/port.rs"]
mod port;
#[cfg_attr(feature = "tls", path = "appliance/tls.rs")]
#[cfg_attr(not(feature = "tls"), path = "appliance/no_tls.rs")]
mod tls;
#[path = "appliance/token.rs"]
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

/// What the appliance lets in.
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
    /// qoauth's port, which the console's and vovserver's follow. The system chooses all three if it is 0.
    pub first_port: u16,
    /// Whether qoauth and the console speak HTTPS, their certificates signed by a private CA. qoauth still speaks
    /// HTTP too, on the same port, as the platform documents both for it.
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
    /// The locator's, the CA's and the client's files. Gone from the disk when dropped.
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

    /// Those that the appliance was started with.
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

    /// `http://127.0.0.1:<port>/project`: a project's URL, as Accelerator's users have it.
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

    /// With TLS: a client's certificate that the CA has signed, and its key.
    pub fn client_certificate_files(&self) -> Option<(&Path, &Path)> {
        let tls = self.front.tls.as_deref()?;
        Some((tls.client_certificate_file(), tls.client_key_file()))
    }

    /// A program that prints qoauth's current port and a newline, given one argument.
    pub fn locator(&self) -> &Path {
        self.locator.program()
    }

    /// Ends the life of every token issued so far, by either system.
    pub fn revoke_tokens(&self) {
        self.jsa.revoke_tokens();
        self.accelerator.revoke_tokens();
    }

    /// Sets how long the tokens issued from now on live. If never called, vovserver's live for an hour,
    /// and qoauth's until they are revoked.
    ///
    /// The services keep to it exactly. What they say counts in whole seconds: `exp - iat` of the JWT
    /// and qoauth's `expires_in`, which it says from now on, are this, rounded up.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.jsa.set_token_lifetime(lifetime);
        self.accelerator.set_token_lifetime(lifetime);
    }

    /// Lets clients in with this secret, and no longer with the one before.
    pub fn set_secret(&self, secret: &str) {
        self.jsa.client.set_secret(secret);
    }

    /// Lets users in with this password, and no longer with the one before.
    pub fn set_password(&self, password: &str) {
        self.accelerator.set_password(password);
    }

    /// Lets clients in with this assertion too, instead of a secret (RFC 7523 section 2.2).
    pub fn set_assertion(&self, assertion: &str) {
        self.jsa.client.set_assertion(assertion);
    }

    /// Lets no client of qoauth in that has not shown a certificate of the CA (RFC 8705). One that has
    /// needs no secret, here or before.
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

    /// Answers everything this much later from now on.
    pub fn set_delay(&self, delay: Duration) {
        self.front.faults.set_delay(delay);
    }

    /// How often qoauth has been asked for a token, refusals included.
    pub fn qoauth_requests(&self) -> usize {
        self.jsa.token_requests()
    }

    /// How often vovserver has been asked for a token, refusals included.
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

    /// Stops qoauth and starts it on another port; its tokens live on and the locator follows.
    pub fn move_qoauth(&self) -> io::Result<()> {
        let mut qoauth = lock(&self.qoauth);
        // The new one first: the system cannot choose the port that the old one still holds.
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

/// A panic elsewhere must not take the appliance down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
