//! What a handle is: settings until the first call for a token, then a session.

use crate::status::{Failure, Status};
use crate::visits::{Visit, Visits};
use flows::client_credentials::ClientAuthentication;
use flows::{Error, Http, Session, Token, accelerator, client_credentials, jsa};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// `minbearer`.
pub struct Handle {
    visits: Visits,
    /// The first wrong argument or setting. Every call for a token answers it.
    mistake: OnceLock<Failure>,
    /// `None` from the first call for a token, or a mistake.
    settings: Mutex<Option<Settings>>,
    session: OnceLock<Session>,
}

pub(crate) struct Settings {
    flow: Flow,
    http: Http,
    /// What is wrong unless a client certificate is set.
    without_certificate: Option<Failure>,
}

pub(crate) enum Flow {
    Jsa(jsa::Config),
    Accelerator(accelerator::Config),
    ClientCredentials(client_credentials::Config),
}

impl Handle {
    pub(crate) fn new(settings: Result<Settings, Failure>) -> Handle {
        let (settings, mistake) = match settings {
            Ok(settings) => (Some(settings), OnceLock::new()),
            Err(mistake) => (None, OnceLock::from(mistake)),
        };
        Handle {
            visits: Visits::new(),
            mistake,
            settings: Mutex::new(settings),
            session: OnceLock::new(),
        }
    }

    /// A handle for any flow, past its settings.
    #[cfg(test)]
    pub(crate) fn for_flow(flow: impl flows::Flow + 'static) -> Handle {
        Handle {
            visits: Visits::new(),
            mistake: OnceLock::new(),
            settings: Mutex::new(None),
            session: OnceLock::from(Session::new(flow)),
        }
    }

    /// Whether no call can use the handle: see [`visits`](crate::visits).
    pub(crate) fn is_stuck(&self) -> bool {
        self.visits.are_stuck()
    }

    fn enter(&self) -> Result<Visit<'_>, Failure> {
        self.visits.enter().ok_or(Failure::misuse(
            "this process was forked while another thread was in a call with the handle, which is of no use here",
        ))
    }

    /// Changes the settings. A change that fails is the handle's mistake, of that function.
    pub(crate) fn set(
        &self,
        function: &'static str,
        change: impl FnOnce(Settings) -> Result<Settings, Failure>,
    ) -> Status {
        // A mistake is not remembered where the handle is stuck: that would be one more lock to wait for.
        let Ok(_visit) = self.enter() else { return Status::Misuse };
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mistake) = self.mistake.get() {
            return mistake.status;
        }
        let known = settings.take().ok_or(Failure::misuse(
            "this is a setting, and the handle was already asked for a token",
        ));
        match known.and_then(change) {
            Ok(changed) => *settings = Some(changed),
            Err(mistake) => return self.remember(mistake.in_function(function)).status,
        }
        Status::Ok
    }

    /// The first mistake, which is this one if there was none.
    fn remember(&self, mistake: Failure) -> &Failure {
        self.mistake.get_or_init(|| mistake)
    }

    pub(crate) fn token(&self) -> Result<Arc<Token>, Failure> {
        let _visit = self.enter()?;
        Ok(self.session()?.token()?)
    }

    /// A token in place of the one in a header value, if there is one in it.
    pub(crate) fn renew(&self, rejected: &str) -> Result<Arc<Token>, Failure> {
        let _visit = self.enter()?;
        let session = self.session()?;
        if rejected.is_empty() {
            return Ok(session.token()?);
        }
        let access_token =
            rejected.strip_prefix("Bearer").and_then(|rest| rest.strip_prefix([' ', ':']));
        let rejected = access_token.and_then(|token| Token::new(token, None).ok()).ok_or(
            Failure::misuse("value must hold the header value that was rejected, or nothing"),
        )?;
        Ok(session.renew(&rejected)?)
    }

    /// The session, which the first call makes of the settings.
    fn session(&self) -> Result<&Session, Failure> {
        if let Some(mistake) = self.mistake.get() {
            return Err(mistake.clone());
        }
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = settings.take() {
            let session =
                settings.into_session().map_err(|mistake| self.remember(mistake).clone())?;
            return Ok(self.session.get_or_init(|| session));
        }
        // Another thread was faster, with a first call or with a wrong setting.
        self.session.get().ok_or_else(|| self.remember(Failure::panicked()).clone())
    }
}

impl Settings {
    pub(crate) fn new(flow: Flow) -> Settings {
        Settings { flow, http: Http::new(), without_certificate: None }
    }

    /// Client credentials from the environment. Where that has neither secret nor assertion, a certificate has to say
    /// who the client is (RFC 8705 section 2).
    pub(crate) fn client_credentials_from_env(token_url: &str) -> Result<Settings, Failure> {
        let settings = |config| Settings::new(Flow::ClientCredentials(config));
        let missing = match client_credentials::Config::from_env(token_url) {
            Ok(config) => return Ok(settings(config)),
            Err(error) => Failure::from(error),
        };
        if !cfg!(feature = "tls") || ClientAuthentication::from_env()?.is_some() {
            return Err(missing);
        }
        let client_id = std::env::var("CLIENT_ID").map_err(|_| missing.clone())?;
        let authentication = ClientAuthentication::none();
        let config = client_credentials::Config::new(token_url, client_id, authentication)?;
        Ok(Settings { without_certificate: Some(missing), ..settings(config) })
    }

    pub(crate) fn jsa(
        self,
        change: impl FnOnce(jsa::Config) -> Result<jsa::Config, Error>,
    ) -> Result<Settings, Failure> {
        match self.flow {
            Flow::Jsa(config) => Ok(Settings { flow: Flow::Jsa(change(config)?), ..self }),
            other => Err(other.has_no_such_setting()),
        }
    }

    pub(crate) fn accelerator(
        self,
        change: impl FnOnce(accelerator::Config) -> Result<accelerator::Config, Error>,
    ) -> Result<Settings, Failure> {
        match self.flow {
            Flow::Accelerator(config) => {
                Ok(Settings { flow: Flow::Accelerator(change(config)?), ..self })
            }
            other => Err(other.has_no_such_setting()),
        }
    }

    pub(crate) fn client_credentials(
        self,
        change: impl FnOnce(client_credentials::Config) -> Result<client_credentials::Config, Error>,
    ) -> Result<Settings, Failure> {
        match self.flow {
            Flow::ClientCredentials(config) => {
                Ok(Settings { flow: Flow::ClientCredentials(change(config)?), ..self })
            }
            other => Err(other.has_no_such_setting()),
        }
    }

    pub(crate) fn with_timeout(self, timeout: Duration) -> Settings {
        let flow = match self.flow {
            Flow::Jsa(config) => Flow::Jsa(config.with_timeout(timeout)),
            Flow::Accelerator(config) => Flow::Accelerator(config.with_timeout(timeout)),
            Flow::ClientCredentials(config) => {
                Flow::ClientCredentials(config.with_timeout(timeout))
            }
        };
        Settings { flow, ..self }
    }

    #[cfg(not(feature = "tls"))]
    pub(crate) fn with_ca(self, _: &str) -> Result<Settings, Failure> {
        Err(without_tls())
    }

    #[cfg(not(feature = "tls"))]
    pub(crate) fn with_client_certificate(self, _: &str, _: &str) -> Result<Settings, Failure> {
        Err(without_tls())
    }

    #[cfg(feature = "tls")]
    pub(crate) fn with_ca(self, pem: &str) -> Result<Settings, Failure> {
        Ok(Settings { http: self.http.with_ca(pem.as_bytes())?, ..self })
    }

    #[cfg(feature = "tls")]
    pub(crate) fn with_client_certificate(
        self,
        chain_pem: &str,
        key_pem: &str,
    ) -> Result<Settings, Failure> {
        let http = self.http.with_client_certificate(chain_pem.as_bytes(), key_pem.as_bytes())?;
        Ok(Settings { http, without_certificate: None, ..self })
    }

    fn into_session(self) -> Result<Session, Failure> {
        if let Some(missing) = self.without_certificate {
            return Err(missing);
        }
        Ok(match self.flow {
            Flow::Jsa(config) => Session::with_transport(config, self.http),
            Flow::Accelerator(config) => Session::with_transport(config, self.http),
            Flow::ClientCredentials(config) => Session::with_transport(config, self.http),
        })
    }
}

#[cfg(not(feature = "tls"))]
fn without_tls() -> Failure {
    Failure::config("this libminbearer was built without its feature `tls`")
}

impl Flow {
    fn has_no_such_setting(&self) -> Failure {
        let constructor = match self {
            Flow::Jsa(_) => "minbearer_jsa",
            Flow::Accelerator(_) => "minbearer_accelerator",
            Flow::ClientCredentials(_) => "minbearer_client_credentials",
        };
        Failure::misuse(format!("a handle of {constructor} has no such setting"))
    }
}
