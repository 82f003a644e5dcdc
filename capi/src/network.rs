//! What the requests of a handle go over: this library's own network, or functions of the program.

use crate::callbacks::Exchange;
use crate::status::Failure;
use alloc::boxed::Box;
#[cfg(feature = "std")]
use minbearer_rust::Http;

#[derive(Default)]
pub(crate) struct Network {
    #[cfg(feature = "std")]
    http: Http,
    /// The setting of `http` that was made last.
    setting: Option<&'static str>,
    /// Behind a trait object, so that a static program without a transport does not link what it needs.
    callbacks: Option<Box<dyn Exchange>>,
}

impl Network {
    /// Uses the program's functions.
    pub(crate) fn with_callbacks(
        self,
        callbacks: impl Exchange + 'static,
    ) -> Result<Network, Failure> {
        if let Some(setting) = self.setting {
            return Err(two_networks().in_function(setting));
        }
        Ok(Network { callbacks: Some(Box::new(callbacks)), ..self })
    }

    pub(crate) fn callbacks(&self) -> Option<&dyn Exchange> {
        self.callbacks.as_deref()
    }

    /// Changes what the library's own network does.
    #[cfg(feature = "tls")]
    pub(crate) fn change_http(
        self,
        setting: &'static str,
        change: impl FnOnce(Http) -> Result<Http, minbearer_rust::Error>,
    ) -> Result<Network, Failure> {
        let network = self.for_setting(setting)?;
        Ok(Network { http: change(network.http)?, ..network })
    }

    /// Without TLS there is nothing that these settings could change.
    #[cfg(not(feature = "tls"))]
    pub(crate) fn reject_setting(self, setting: &'static str) -> Result<Network, Failure> {
        self.for_setting(setting)?;
        Err(Failure::config("this libminbearer was built without its feature `tls`"))
    }

    fn for_setting(self, setting: &'static str) -> Result<Network, Failure> {
        if self.callbacks.is_some() {
            return Err(two_networks());
        }
        Ok(Network { setting: Some(setting), ..self })
    }
}

fn two_networks() -> Failure {
    Failure::misuse(
        "this is for the library's own network, and the handle has a transport by minbearer_set_transport",
    )
}

#[cfg(feature = "std")]
impl minbearer_rust::Transport for Network {
    fn send(
        &self,
        request: &minbearer_rust::Request,
        deadline: std::time::Instant,
    ) -> Result<minbearer_rust::Response, minbearer_rust::Error> {
        let Some(callbacks) = &self.callbacks else { return self.http.send(request, deadline) };
        let left = || {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            // Rounded up: what is not yet over has a millisecond left.
            u32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u32::MAX)
        };
        callbacks.exchange(request, &left, &|| std::thread::sleep(crate::callbacks::PAUSE))
    }
}
