//! What the tests share: the loopback appliance, scripted servers, certificates, programs run as processes.
#![allow(dead_code, unused_imports)] // each binary uses its part

pub mod appliance;
pub mod environment;
pub mod executable;
pub mod flows;
pub mod hostile;
#[cfg(feature = "tls")]
pub mod kinds;
pub mod leaks;
pub mod listener;
pub mod processes;
pub mod proxy;
pub mod renewing;
pub mod terminal;
pub mod timing;
#[cfg(any(feature = "tls", feature = "tls-ring"))]
pub mod tls;
#[cfg(feature = "tls")]
pub mod x509;
