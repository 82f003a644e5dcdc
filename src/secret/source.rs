//! The source of a secret: a fixed value, a function or a file.

use super::{Secret, check_text};
use crate::error::Error;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use zeroize::Zeroizing;

/// A secret or a password, or a function or file that supplies it anew for each request.
///
/// Every flow takes `impl Into<SecretSource>`: a [`Secret`], a `String`, a `&str`, or one of the functions below.
///
/// ```
/// use minbearer::SecretSource;
/// use minbearer::client_credentials::Config;
///
/// # fn main() -> Result<(), minbearer::Error> {
/// # fn ask_the_tpm() -> Result<minbearer::Secret, minbearer::Error> { Ok("s".into()) }
/// let url = "https://auth.example/token";
/// Config::new(url, "id", "a secret in the program")?;
/// Config::new(url, "id", SecretSource::from_fn(ask_the_tpm))?;
/// # #[cfg(feature = "std")]
/// Config::new(url, "id", SecretSource::file("/run/secrets/client"))?;
/// # Ok(()) }
/// ```
pub struct SecretSource(Place);

enum Place {
    Fixed(Secret),
    Supplied(Box<dyn Supply>),
}

/// Whom a request is for, and from whom: what a signed assertion says unless told otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Recipient<'a> {
    /// `None` if none is sent.
    pub(crate) client_id: Option<&'a str>,
    pub(crate) token_url: &'a str,
}

/// When the call ends for which a secret is supplied, if it has a deadline.
#[cfg(feature = "std")]
pub(crate) type Deadline = Option<std::time::Instant>;
/// Without `std` there is no clock, and so no deadline.
#[cfg(not(feature = "std"))]
pub(crate) type Deadline = Option<core::convert::Infallible>;

/// Supplies a secret anew for each request.
pub(crate) trait Supply: Send + Sync {
    fn supply(&self, deadline: Deadline) -> Result<Secret, Error>;

    /// The same for a source that makes its secret for one recipient.
    fn supply_for(&self, _: Recipient, deadline: Deadline) -> Result<Secret, Error> {
        self.supply(deadline)
    }

    #[cfg_attr(not(feature = "std"), allow(dead_code))] // only a session asks
    fn after_refusal(&self) -> AfterRefusal;

    /// The file that it comes from, for errors.
    fn file(&self) -> Option<String> {
        None
    }

    /// For `Debug`.
    fn description(&self) -> &'static str;
}

/// Whether another request soon after a refusal can end otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterRefusal {
    /// The secret is the same until someone changes it: the longest pause comes first.
    Pause,
    /// A person is asked for the secret, and can correct a typing error at once: no pause.
    AskAgain,
    /// The secret has changed since the request that was refused: the next call tries it.
    Changed,
}

/// A secret for one request.
pub(crate) enum Supplied<'a> {
    Kept(&'a Secret),
    Fresh(Secret),
}

struct Function<F> {
    ask: F,
    #[cfg_attr(not(feature = "std"), allow(dead_code))]
    after_refusal: AfterRefusal,
}

impl<F: Fn() -> Result<Secret, Error> + Send + Sync> Supply for Function<F> {
    fn supply(&self, _: Deadline) -> Result<Secret, Error> {
        (self.ask)()
    }

    fn after_refusal(&self) -> AfterRefusal {
        self.after_refusal
    }

    fn description(&self) -> &'static str {
        "a function that supplies a secret"
    }
}

impl SecretSource {
    /// A function that is called for each request: it asks a keyring, a TPM or another program. Its time counts towards
    /// the flow's timeout, 10 s unless set. The secret that it returns is wiped after the request; its error is returned
    /// unchanged.
    ///
    /// After a refusal a [`Session`](crate::Session) pauses as for a fixed secret, so that no account is locked. For a
    /// function that asks a person, use [`interactive`](Self::interactive).
    pub fn from_fn(ask: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static) -> Self {
        SecretSource::supplied_by(Box::new(Function { ask, after_refusal: AfterRefusal::Pause }))
    }

    /// A function that asks a person, as [`from_fn`](Self::from_fn) otherwise: give the person more than 10 s. After a
    /// refusal a [`Session`](crate::Session) calls it again at the next call, without a pause, so that a typing error can
    /// be corrected at once.
    pub fn interactive(ask: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static) -> Self {
        SecretSource::supplied_by(Box::new(Function { ask, after_refusal: AfterRefusal::AskAgain }))
    }

    pub(crate) fn supplied_by(source: Box<dyn Supply>) -> Self {
        SecretSource(Place::Supplied(source))
    }

    /// Gets the secret for one request, and rejects what [`check_text`] rejects. `name` says in an
    /// error which one it is.
    pub(crate) fn supply(&self, name: &str, deadline: Deadline) -> Result<Supplied<'_>, Error> {
        self.supply_with(name, &|source| source.supply(deadline))
    }

    /// The same, for a source that may make its secret for this recipient.
    pub(crate) fn supply_for(
        &self,
        name: &str,
        to: Recipient,
        deadline: Deadline,
    ) -> Result<Supplied<'_>, Error> {
        self.supply_with(name, &|source| source.supply_for(to, deadline))
    }

    /// Gets the secret as it is, for a key, which has line breaks.
    #[cfg(feature = "sign")]
    pub(crate) fn supply_unchecked(&self, deadline: Deadline) -> Result<Supplied<'_>, Error> {
        match &self.0 {
            Place::Fixed(secret) => Ok(Supplied::Kept(secret)),
            Place::Supplied(source) => source.supply(deadline).map(Supplied::Fresh),
        }
    }

    /// The file that it comes from, for errors.
    #[cfg(feature = "sign")]
    pub(crate) fn shown_file(&self) -> Option<String> {
        match &self.0 {
            Place::Fixed(_) => None,
            Place::Supplied(source) => source.file(),
        }
    }

    fn supply_with(
        &self,
        name: &str,
        ask: &dyn Fn(&dyn Supply) -> Result<Secret, Error>,
    ) -> Result<Supplied<'_>, Error> {
        match &self.0 {
            Place::Fixed(secret) => {
                check_text(name, secret.expose())?;
                Ok(Supplied::Kept(secret))
            }
            Place::Supplied(source) => {
                let secret = ask(&**source)?;
                let in_file = source.file().map(|file| alloc::format!("{name} in {file}"));
                check_text(in_file.as_deref().unwrap_or(name), secret.expose())?;
                Ok(Supplied::Fresh(secret))
            }
        }
    }

    /// Rejects a fixed secret that [`check_text`] rejects.
    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        self.fixed().map_or(Ok(()), |secret| check_text(name, secret))
    }

    /// The secret, if it is not supplied anew.
    pub(crate) fn fixed(&self) -> Option<&str> {
        match &self.0 {
            Place::Fixed(secret) => Some(secret.expose()),
            Place::Supplied(_) => None,
        }
    }

    #[cfg(feature = "std")]
    pub(crate) fn after_refusal(&self) -> AfterRefusal {
        match &self.0 {
            Place::Fixed(_) => AfterRefusal::Pause,
            Place::Supplied(source) => source.after_refusal(),
        }
    }
}

/// What several sources say together: a person is asked at once, and one text that has changed is worth a request.
#[cfg(feature = "std")]
pub(crate) fn after_refusal_of<'a>(
    sources: impl Iterator<Item = &'a SecretSource>,
) -> AfterRefusal {
    use AfterRefusal::{AskAgain, Changed, Pause};
    sources.fold(Pause, |so_far, source| match (so_far, source.after_refusal()) {
        (AskAgain, _) | (_, AskAgain) => AskAgain,
        (Changed, _) | (_, Changed) => Changed,
        _ => Pause,
    })
}

impl core::ops::Deref for Supplied<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Supplied::Kept(secret) => secret.expose(),
            Supplied::Fresh(secret) => secret.expose(),
        }
    }
}

macro_rules! fixed {
    ($($from:ty),*) => {$(
        impl From<$from> for SecretSource {
            fn from(value: $from) -> Self {
                SecretSource(Place::Fixed(value.into()))
            }
        }
    )*};
}

fixed!(Secret, String, &str, &String, Zeroizing<String>);

// A function that panicked is called again like any other; it leaves no state here.
impl UnwindSafe for SecretSource {}
impl RefUnwindSafe for SecretSource {}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Place::Fixed(_) => "a secret",
            Place::Supplied(source) => source.description(),
        })
    }
}
