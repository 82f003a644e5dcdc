//! What the program knows about an error and the library does not: its own options, and variables that it does not read.

use minbearer::internal::add_note;
use minbearer::{Error, Kind, NetworkCause};

/// Set where a network lets programs out by a proxy alone. curl reads them, and so an operator expects it.
const PROXY_VARIABLES: [&str; 6] =
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];

/// Adds the advice, if there is any. `has_proxy` says whether `--proxy` was given.
pub fn add(error: Error, has_proxy: bool) -> Error {
    let is_unreachable = error.kind() == Kind::Timeout
        || matches!(error.network_cause(), Some(NetworkCause::Lookup | NetworkCause::Connect));
    let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match PROXY_VARIABLES.iter().find(is_set) {
        Some(name) if is_unreachable && !has_proxy => {
            add_note(error, &format!("; {name} is set, but not used: see --proxy"))
        }
        _ => error,
    }
}
