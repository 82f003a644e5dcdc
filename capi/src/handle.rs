//! A handle: settings until the first call for a token, then a session.

use crate::calls::{Call, Calls};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use flows::{Session, Token};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// `minbearer`.
pub struct Handle {
    calls: Calls,
    /// The first wrong argument or setting. Every call for a token returns it.
    mistake: OnceLock<Failure>,
    /// `None` from the first call for a token, or a mistake.
    settings: Mutex<Option<Settings>>,
    session: OnceLock<Session>,
}

impl Handle {
    pub(crate) fn new(settings: Result<Settings, Failure>) -> Handle {
        let (settings, mistake) = match settings {
            Ok(settings) => (Some(settings), OnceLock::new()),
            Err(mistake) => (None, OnceLock::from(mistake)),
        };
        Handle {
            calls: Calls::new(),
            mistake,
            settings: Mutex::new(settings),
            session: OnceLock::new(),
        }
    }

    /// A handle for any flow, past its settings.
    #[cfg(test)]
    pub(crate) fn for_flow(flow: impl flows::Flow + 'static) -> Handle {
        Handle {
            calls: Calls::new(),
            mistake: OnceLock::new(),
            settings: Mutex::new(None),
            session: OnceLock::from(Session::new(flow)),
        }
    }

    /// Whether no call can use the handle: see [`calls`](crate::calls).
    pub(crate) fn is_unusable(&self) -> bool {
        self.calls.are_of_the_parent()
    }

    fn begin_call(&self) -> Result<Call<'_>, Failure> {
        self.calls.begin().ok_or(Failure::misuse(
            "this process was forked while another thread was in a call with the handle, so it cannot use the handle",
        ))
    }

    /// Changes the settings. A change that fails is the handle's mistake, of that function.
    pub(crate) fn set(
        &self,
        function: &'static str,
        change: impl FnOnce(Settings) -> Result<Settings, Failure>,
    ) -> Status {
        // In a handle that is unusable the mistake is not kept: its lock may be held for ever.
        let Ok(_call) = self.begin_call() else { return Status::Misuse };
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mistake) = self.mistake.get() {
            return mistake.status;
        }
        let known = settings.take().ok_or(Failure::misuse(
            "this is a setting, which cannot be changed after the first call for a token",
        ));
        match known.and_then(change) {
            Ok(changed) => *settings = Some(changed),
            Err(mistake) => return self.remember(mistake.in_function(function)).status,
        }
        Status::Ok
    }

    /// Keeps the mistake if it is the first, and returns the first.
    fn remember(&self, mistake: Failure) -> &Failure {
        self.mistake.get_or_init(|| mistake)
    }

    pub(crate) fn token(&self) -> Result<Arc<Token>, Failure> {
        let _call = self.begin_call()?;
        Ok(self.session()?.token()?)
    }

    /// A token in place of the rejected one in a header value, if that is not empty.
    pub(crate) fn renew(&self, rejected: &str) -> Result<Arc<Token>, Failure> {
        let _call = self.begin_call()?;
        let session = self.session()?;
        if rejected.is_empty() {
            return Ok(session.token()?);
        }
        let access_token =
            rejected.strip_prefix("Bearer").and_then(|rest| rest.strip_prefix([' ', ':']));
        let rejected = access_token.and_then(|token| Token::new(token, None).ok()).ok_or(
            Failure::misuse("value must hold the header value that was rejected, or be empty"),
        )?;
        Ok(session.renew(&rejected)?)
    }

    /// The session, which the first call makes from the settings.
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
