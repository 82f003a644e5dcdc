//! The settings of a handle before its first call for a token.

use crate::callbacks::Clock;
use crate::network::Network;
use crate::status::Failure;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;
use core::time::Duration;
use minbearer_rust::client_credentials::ClientAuthentication;
use minbearer_rust::{
    AfterRefusal, Error, Request, Response, SecretSource, Token, accelerator, client_credentials,
    jsa,
};

pub(crate) struct Settings {
    flow: Box<dyn FlowConfig>,
    credential: Credential,
    placement: Placement,
    network: Network,
    clock: Option<Clock>,
    kept_members: Vec<String>,
    request_bytes: usize,
}

/// What the settings come to.
pub(crate) struct Finished {
    pub(crate) flow: Box<dyn FlowConfig>,
    pub(crate) network: Network,
    #[cfg_attr(feature = "std", allow(dead_code))]
    pub(crate) clock: Option<Clock>,
    pub(crate) kept_members: Vec<String>,
    /// How long the texts of a request are, encoded.
    pub(crate) request_bytes: usize,
}

/// How the client shows who it is. It goes into the flow's configuration at the end, so that settings may come in any
/// order.
pub(crate) enum Credential {
    /// It is in the configuration already: from the environment.
    #[cfg(feature = "std")]
    Given,
    /// What to say unless a setting supplies one.
    Missing(Failure),
    /// A client certificate, or what a grant of another type sends.
    Elsewhere,
    Secret(SecretSource),
    Assertion(SecretSource),
}

/// Where a client's secret stands in the request.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Placement {
    Body,
    Basic,
    BasicUnencoded,
}

#[cfg(feature = "std")]
pub(crate) use minbearer_rust::Flow;
/// Without an operating system the configurations' pure halves are enough.
#[cfg(not(feature = "std"))]
pub(crate) trait Flow {}
#[cfg(not(feature = "std"))]
impl<F: FlowConfig + ?Sized> Flow for F {}

/// The `Config` of any flow. Behind a trait object, so that a static program links the flows whose constructors it
/// calls, and no other.
pub(crate) trait FlowConfig: Flow + Send + Sync {
    /// The function that makes handles for the flow.
    fn constructor(&self) -> &'static str;
    fn with_timeout(self: Box<Self>, timeout: Duration) -> Box<dyn FlowConfig>;
    fn with_credential(
        self: Box<Self>,
        credential: Credential,
        placement: Placement,
    ) -> Result<Box<dyn FlowConfig>, Error>;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;

    // What the calls without a network need. The names differ from those of `Flow`.
    fn time_limit(&self) -> Duration;
    fn token_request(&self) -> Result<Request, Error>;
    fn token_from(&self, request: &Request, response: Response) -> Result<Token, Error>;
    /// What another request after a refusal may come to.
    fn outlook(&self) -> AfterRefusal;
}

macro_rules! flow_config {
    ($constructor:literal, $config:ty, $with_secret:expr, $request:expr) => {
        impl FlowConfig for $config {
            fn constructor(&self) -> &'static str {
                $constructor
            }

            fn with_timeout(self: Box<Self>, timeout: Duration) -> Box<dyn FlowConfig> {
                Box::new((*self).with_timeout(timeout))
            }

            fn with_credential(
                self: Box<Self>,
                credential: Credential,
                placement: Placement,
            ) -> Result<Box<dyn FlowConfig>, Error> {
                Ok(Box::new($with_secret(*self, credential, placement)?))
            }

            fn into_any(self: Box<Self>) -> Box<dyn Any> {
                self
            }

            fn time_limit(&self) -> Duration {
                self.timeout()
            }

            fn token_request(&self) -> Result<Request, Error> {
                $request(self)
            }

            fn token_from(&self, request: &Request, response: Response) -> Result<Token, Error> {
                self.read_answer(request, response)
            }

            fn outlook(&self) -> AfterRefusal {
                #[cfg(feature = "std")]
                return self.after_refusal();
                // A secret is a text or comes from a function.
                #[cfg(not(feature = "std"))]
                return AfterRefusal::Pause;
            }
        }
    };
}

flow_config!(
    "minbearer_jsa",
    jsa::Config,
    |config: jsa::Config, credential, _| match credential {
        Credential::Secret(secret) => config.with_client_secret(secret),
        _ => Ok(config),
    },
    |config: &jsa::Config| {
        let port = config.port().ok_or_else(|| {
            Error::config("the port of qoauth is not known: no locator is run here, so call minbearer_set_qoauth_url")
        })?;
        config.request(port)
    }
);
flow_config!(
    "minbearer_accelerator",
    accelerator::Config,
    |config: accelerator::Config, credential, _| match credential {
        Credential::Secret(secret) => config.with_password(secret),
        _ => Ok(config),
    },
    accelerator::Config::request
);
flow_config!(
    "minbearer_client_credentials",
    client_credentials::Config,
    |config: client_credentials::Config, credential, placement| {
        let authentication = match (credential, placement) {
            (Credential::Secret(secret), Placement::Body) => ClientAuthentication::body(secret),
            (Credential::Secret(secret), Placement::Basic) => ClientAuthentication::basic(secret),
            (Credential::Secret(secret), Placement::BasicUnencoded) => {
                ClientAuthentication::basic(secret).unencoded()
            }
            #[cfg(feature = "std")]
            (Credential::Given, Placement::Basic) => return config.with_basic(),
            #[cfg(feature = "std")]
            (Credential::Given, Placement::BasicUnencoded) => return config.with_basic_unencoded(),
            (_, Placement::Basic | Placement::BasicUnencoded) => {
                return Err(Error::config("Basic needs a client secret, and there is none"));
            }
            (Credential::Assertion(assertion), _) => ClientAuthentication::assertion(assertion),
            (_, _) => return Ok(config),
        };
        config.with_authentication(authentication)
    },
    client_credentials::Config::request
);

/// Stands in a configuration until the end of the settings.
pub(crate) fn no_secret_yet() -> SecretSource {
    SecretSource::from_fn(|| Err(Error::config("the client secret is missing")))
}

/// How long a text is in a form.
pub(crate) fn encoded_bytes(text: &str) -> usize {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if is_unreserved(byte) { 1 } else { 3 }).sum()
}

impl Settings {
    pub(crate) fn new(flow: impl FlowConfig + 'static, credential: Credential) -> Settings {
        Settings {
            flow: Box::new(flow),
            credential,
            placement: Placement::Body,
            network: Network::default(),
            clock: None,
            kept_members: Vec::new(),
            request_bytes: 0,
        }
    }

    /// Client credentials from the environment. If that has neither secret nor assertion, a setting has to supply one, or
    /// a client certificate (RFC 8705 section 2).
    #[cfg(feature = "std")]
    pub(crate) fn client_credentials_from_env(token_url: &str) -> Result<Settings, Failure> {
        use minbearer_rust::internal::{ClientNeeds, client_credentials_from_env};
        let missing = match client_credentials_from_env(token_url, ClientNeeds::Secret) {
            Ok(config) => return Ok(Settings::new(config, Credential::Given)),
            Err(error) => Failure::from(error),
        };
        // Whatever else is wrong is so here too.
        let config = client_credentials_from_env(token_url, ClientNeeds::Id)?;
        Ok(Settings::new(config, Credential::Missing(missing)))
    }

    #[cfg(not(feature = "std"))]
    pub(crate) fn client_credentials_from_env(_: &str) -> Result<Settings, Failure> {
        Err(Failure::without_system())
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

    /// The same for client credentials, whose flow is left as it is.
    fn of_client_credentials(self) -> Result<Settings, Failure> {
        self.change(|config: client_credentials::Config| Ok(config))
    }

    pub(crate) fn with_secret(self, secret: SecretSource) -> Settings {
        Settings { credential: Credential::Secret(secret), ..self }
    }

    pub(crate) fn with_assertion(self, assertion: SecretSource) -> Result<Settings, Failure> {
        let settings = self.of_client_credentials()?;
        Ok(Settings { credential: Credential::Assertion(assertion), ..settings })
    }

    pub(crate) fn with_locator(self, program: &str) -> Result<Settings, Failure> {
        #[cfg(feature = "std")]
        return self.change(|config: jsa::Config| Ok(config.with_locator(program)));
        #[cfg(not(feature = "std"))]
        {
            let _ = (self.change(|config: jsa::Config| Ok(config))?, program);
            Err(Failure::without_system())
        }
    }

    pub(crate) fn with_placement(self, placement: Placement) -> Result<Settings, Failure> {
        let settings = self.of_client_credentials()?;
        if matches!(settings.credential, Credential::Assertion(_)) {
            return Err(Failure::config("Basic needs a client secret, and there is an assertion"));
        }
        Ok(Settings { placement, ..settings })
    }

    pub(crate) fn with_grant_type(self, name: &str) -> Result<Settings, Failure> {
        let change = |config: client_credentials::Config| Ok(config.with_grant_type(name));
        Ok(self.with_text(name).change(change)?.without_need_of_a_secret())
    }

    pub(crate) fn with_kept_member(mut self, name: &str) -> Result<Settings, Failure> {
        self.kept_members.push(name.into());
        self.change(|config: client_credentials::Config| Ok(config.with_answer_member(name)))
    }

    /// Changes what the requests go over.
    pub(crate) fn change_network(
        self,
        change: impl FnOnce(Network) -> Result<Network, Failure>,
    ) -> Result<Settings, Failure> {
        Ok(Settings { network: change(self.network)?, ..self })
    }

    /// A client of client credentials may do without a secret if it authenticates by something else.
    pub(crate) fn without_need_of_a_secret(mut self) -> Settings {
        let is_optional = self.flow.constructor() == "minbearer_client_credentials";
        if is_optional && matches!(self.credential, Credential::Missing(_)) {
            self.credential = Credential::Elsewhere;
        }
        self
    }

    pub(crate) fn has_transport(&self) -> bool {
        self.network.callbacks().is_some()
    }

    pub(crate) fn with_clock(self, clock: Clock) -> Settings {
        Settings { clock: Some(clock), ..self }
    }

    /// Notes a text that a request has, and what stands around it. Every setting that adds one to the request calls this:
    /// without an operating system a request that was not counted ends the program where memory is short, instead of
    /// `MINBEARER_NO_MEMORY`.
    pub(crate) fn with_text(mut self, text: &str) -> Settings {
        const AROUND: usize = 8;
        self.request_bytes = self.request_bytes.saturating_add(encoded_bytes(text) + AROUND);
        self
    }

    pub(crate) fn finish(self) -> Result<Finished, Failure> {
        let flow = match self.credential {
            Credential::Missing(missing) => return Err(missing),
            #[cfg(feature = "std")]
            Credential::Given if self.placement == Placement::Body => self.flow,
            credential => self.flow.with_credential(credential, self.placement)?,
        };
        let Settings { network, clock, kept_members, request_bytes, .. } = self;
        Ok(Finished { flow, network, clock, kept_members, request_bytes })
    }
}
