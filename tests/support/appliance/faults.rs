//! Simulated faults, the same for all three services.

use std::sync::Mutex;
use std::time::Duration;

use super::lock;
use super::message::Answer;

#[derive(Default)]
pub struct Faults {
    outage: Mutex<Option<Outage>>,
    delay: Mutex<Duration>,
}

/// A proxy in front of the services that answers 502.
#[derive(Clone, Copy)]
struct Outage {
    retry_after: Option<Duration>,
}

impl Faults {
    pub fn begin_outage(&self, retry_after: Option<Duration>) {
        *lock(&self.outage) = Some(Outage { retry_after });
    }

    pub fn end_outage(&self) {
        *lock(&self.outage) = None;
    }

    pub fn set_delay(&self, delay: Duration) {
        *lock(&self.delay) = delay;
    }

    pub fn delay(&self) -> Duration {
        *lock(&self.delay)
    }

    /// The answer that is given during an outage instead of the service's own.
    pub fn outage(&self) -> Option<Answer> {
        let Outage { retry_after } = (*lock(&self.outage))?;
        let page = "<html><head><title>502 Bad Gateway</title></head><body></body></html>\n";
        let answer = Answer::new(502, "text/html", page);
        Some(match retry_after {
            Some(time) => answer.with("Retry-After", &time.as_secs().to_string()),
            None => answer,
        })
    }
}
