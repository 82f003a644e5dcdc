//! What an answer says about how long its token lives.

use core::time::Duration;

const DAY: u64 = 24 * 60 * 60;
/// A server that says more than this means "for ever", or wrote a date.
const LONGEST: Duration = Duration::from_secs(10 * 365 * DAY);
/// How far a date that was written for a lifetime can lie from the device's own.
const NEAR: u64 = 366 * DAY;

/// The lifetime that came with a token, in the words of [`Lifecycle`](super::Lifecycle).
///
/// It is made from a [`Token`](crate::Token), or from an `Option<Duration>`, where `None` is [`Absent`](Self::Absent).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifetime {
    /// The answer says none, or more than ten years: the token is used until an API rejects it.
    #[default]
    Absent,
    /// The answer says `null`: as `Absent`, unless an earlier answer had a usable lifetime, which then counts.
    Null,
    /// The token lives that long, counted from the request; above zero, ten years at most.
    Usable(Duration),
    /// 0, a negative number, no number, a date; a JWT's end that a wrong clock does not tell. The last usable lifetime
    /// counts; if there was none, the token is asked for again after a pause that grows.
    Unusable,
}

impl Lifetime {
    /// Sorts a number of seconds; `None` is no such number. `clock` is the device's, in seconds since 1970, if it has
    /// one: some servers send the time at which the token ends, in seconds or in milliseconds.
    pub(crate) fn of_seconds(said: Option<Duration>, clock: Option<u64>) -> Lifetime {
        let Some(said) = said.filter(|said| !said.is_zero()) else { return Lifetime::Unusable };
        if said <= LONGEST {
            return Lifetime::Usable(said);
        }
        let is_near = |date: u64| clock.is_some_and(|clock| clock.abs_diff(date) <= NEAR);
        if is_near(said.as_secs()) || is_near(said.as_secs() / 1000) {
            Lifetime::Unusable
        } else {
            Lifetime::Absent
        }
    }

    /// The lifetime, if it is usable.
    pub fn usable(self) -> Option<Duration> {
        match self {
            Lifetime::Usable(lifetime) => Some(lifetime),
            _ => None,
        }
    }
}

impl From<Option<Duration>> for Lifetime {
    fn from(lifetime: Option<Duration>) -> Lifetime {
        lifetime.map_or(Lifetime::Absent, Lifetime::from)
    }
}

impl From<Duration> for Lifetime {
    fn from(lifetime: Duration) -> Lifetime {
        Lifetime::of_seconds(Some(lifetime), None)
    }
}
