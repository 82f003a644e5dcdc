//! The settings of a handle before its first call for a token.

use crate::status::Failure;
use flows::client_credentials::ClientAuthentication;
use flows::{Error, Flow, Http, Session, accelerator, client_credentials, jsa};
use std::any::Any;
use std::time::Duration;

pub(crate) struct Settings {
    flow: Box<dyn FlowConfig>,
    http: Http,
    /// The error if no client certificate is set.
    without_certificate: Option<Failure>,
}

/// The `Config` of any flow. Behind a trait object, so that a static program links the flows whose constructors it
/// calls, and no other.
pub(crate) trait FlowConfig: Flow {
    /// The function that makes handles for the flow.
    fn constructor(&self) -> &'static str;
    fn with_timeout(self: Box<Self>, timeout: Duration) -> Box<dyn FlowConfig>;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

macro_rules! flow_config {
    ($($constructor:literal: $config:ty),* $(,)?) => {$(
        impl FlowConfig for $config {
            fn constructor(&self) -> &'static str {
                $constructor
            }

            fn with_timeout(self: Box<Self>, timeout: Duration) -> Box<dyn FlowConfig> {
                Box::new((*self).with_timeout(timeout))
            }

            fn into_any(self: Box<Self>) -> Box<dyn Any> {
                self
            }
        }
    )*};
}

flow_config!(
    "minbearer_jsa": jsa::Config,
    "minbearer_accelerator": accelerator::Config,
    "minbearer_client_credentials": client_credentials::Config,
);

impl Settings {
    pub(crate) fn new(flow: impl FlowConfig + 'static) -> Settings {
        Settings { flow: Box::new(flow), http: Http::new(), without_certificate: None }
    }

    /// Client credentials from the environment. If that has neither secret nor assertion, the client has to authenticate
    /// by a certificate (RFC 8705 section 2).
    pub(crate) fn client_credentials_from_env(token_url: &str) -> Result<Settings, Failure> {
        let missing = match client_credentials::Config::from_env(token_url) {
            Ok(config) => return Ok(Settings::new(config)),
            Err(error) => Failure::from(error),
        };
        if !cfg!(feature = "tls") || ClientAuthentication::from_env()?.is_some() {
            return Err(missing);
        }
        let client_id = std::env::var("CLIENT_ID").map_err(|_| missing.clone())?;
        let authentication = ClientAuthentication::none();
        let config = client_credentials::Config::new(token_url, client_id, authentication)?;
        Ok(Settings { without_certificate: Some(missing), ..Settings::new(config) })
    }

    pub(crate) fn with_timeout(self, timeout: Duration) -> Settings {
        Settings { flow: self.flow.with_timeout(timeout), ..self }
    }

    /// Changes the configuration of one flow; an error if the handle is for another.
    pub(crate) fn change<F: FlowConfig + 'static>(
        self,
        change: impl FnOnce(F) -> Result<F, Error>,
    ) -> Result<Settings, Failure> {
        let constructor = self.flow.constructor();
        match self.flow.into_any().downcast::<F>() {
            Ok(flow) => Ok(Settings { flow: Box::new(change(*flow)?), ..self }),
            Err(_) => {
                Err(Failure::misuse(format!("a handle of {constructor} has no such setting")))
            }
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn with_ca(self, pem: &str) -> Result<Settings, Failure> {
        Ok(Settings { http: self.http.with_ca(pem)?, ..self })
    }

    #[cfg(feature = "tls")]
    pub(crate) fn with_client_certificate(
        self,
        chain_pem: &str,
        key_pem: &str,
    ) -> Result<Settings, Failure> {
        let http = self.http.with_client_certificate(chain_pem, key_pem)?;
        Ok(Settings { http, without_certificate: None, ..self })
    }

    #[cfg(not(feature = "tls"))]
    pub(crate) fn with_ca(self, _: &str) -> Result<Settings, Failure> {
        Err(without_tls())
    }

    #[cfg(not(feature = "tls"))]
    pub(crate) fn with_client_certificate(self, _: &str, _: &str) -> Result<Settings, Failure> {
        Err(without_tls())
    }

    pub(crate) fn into_session(self) -> Result<Session, Failure> {
        match self.without_certificate {
            Some(missing) => Err(missing),
            None => Ok(Session::with_transport(self.flow, self.http)),
        }
    }
}

#[cfg(not(feature = "tls"))]
fn without_tls() -> Failure {
    Failure::config("this libminbearer was built without its feature `tls`")
}
