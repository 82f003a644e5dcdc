//! The loopback appliance: the two documented systems, faked on 127.0.0.1 closely enough that their
//! real clients work against it. It ends with its value: when [`Appliance`] is dropped, its ports are
//! closed and its threads end, or end with the connection that they still serve.
//!
//! | service | answers | takes |
//! | --- | --- | --- |
//! | qoauth | `GET` and `POST /token` | client id and secret, as a query or a form |
//! | console | `GET /api/ariel/databases` | `Authorization: Bearer <qoauth token>` |
//! | vovserver | `POST /api/v3/token` | username and password, as a form |
//! | | `GET /api/v3/project/1/project` | `Authorization: Bearer:<jwt>` or `Bearer <jwt>` |
//!
//! It keeps credentials and tokens in memory in the clear: a test that scans its own process for
//! secrets runs the `appliance` example instead.

#![allow(dead_code)] // Tests and examples include this file, and none of them uses all of it.

#[path = "appliance/accelerator.rs"]
mod accelerator;
#[path = "appliance/form.rs"]
mod form;
#[path = "appliance/http.rs"]
mod http;
#[path = "appliance/jsa.rs"]
mod jsa;
#[path = "appliance/locator.rs"]
mod locator;
#[path = "appliance/message.rs"]
mod message;
#[path = "appliance/port.rs"]
mod port;
#[path = "appliance/token.rs"]
mod token;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use accelerator::Accelerator;
use http::Service;
use jsa::Jsa;
use locator::Locator;
use port::Port;

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

/// qoauth, console and vovserver, running.
pub struct Appliance {
    credentials: Credentials,
    jsa: Arc<Jsa>,
    accelerator: Arc<Accelerator>,
    qoauth: Mutex<Service>,
    console: Mutex<Option<Service>>,
    console_port: Port,
    vovserver: Service,
    locator: Locator,
}

impl Appliance {
    /// Starts the three services, each on a port that the system chooses.
    pub fn start(credentials: Credentials) -> io::Result<Self> {
        let jsa = Arc::new(Jsa::new(&credentials));
        let accelerator = Arc::new(Accelerator::new(&credentials));
        let qoauth = start_qoauth(&jsa)?;
        let console_port = Port::reserve()?;
        let console = start_console(&jsa, &console_port)?;
        let vovserver = {
            let accelerator = Arc::clone(&accelerator);
            Service::start(0, move |request| accelerator.vovserver(request))?
        };
        Ok(Self {
            locator: Locator::write(qoauth.port())?,
            qoauth: Mutex::new(qoauth),
            console: Mutex::new(Some(console)),
            console_port,
            vovserver,
            jsa,
            accelerator,
            credentials,
        })
    }

    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// `http://127.0.0.1:<port>`
    pub fn qoauth_url(&self) -> String {
        url(lock(&self.qoauth).port())
    }

    /// `http://127.0.0.1:<port>`, the same whether the console is up or down.
    pub fn console_url(&self) -> String {
        url(self.console_port.number())
    }

    /// `http://127.0.0.1:<port>/project`: a project's URL, as Accelerator's users have it.
    pub fn nc_url(&self) -> String {
        url(self.vovserver.port()) + "/project"
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

    /// Sets how long the JWTs issued from now on live; one hour if never called.
    ///
    /// vovserver keeps to it exactly. The JWT itself counts in whole seconds: `exp - iat` is this,
    /// rounded up.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.accelerator.set_token_lifetime(lifetime);
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
        self.jsa.last_secret()
    }

    /// The last `password` that reached vovserver, decoded, right or wrong.
    pub fn last_password(&self) -> Option<String> {
        self.accelerator.last_password()
    }

    /// Stops qoauth and starts it on another port; its tokens live on and the locator follows.
    pub fn move_qoauth(&self) -> io::Result<()> {
        let mut qoauth = lock(&self.qoauth);
        // The new one first: the system cannot choose the port that the old one still holds.
        let moved = start_qoauth(&self.jsa)?;
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
            *console = Some(start_console(&self.jsa, &self.console_port)?);
        }
        Ok(())
    }
}

fn start_qoauth(jsa: &Arc<Jsa>) -> io::Result<Service> {
    let jsa = Arc::clone(jsa);
    Service::start(0, move |request| jsa.qoauth(request))
}

fn start_console(jsa: &Arc<Jsa>, port: &Port) -> io::Result<Service> {
    let jsa = Arc::clone(jsa);
    Service::start(port.number(), move |request| jsa.console(request))
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A panic elsewhere must not take the appliance down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
