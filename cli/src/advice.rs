//! What the program knows about an error and the library does not: its own options, and variables that it does not read.
#![cfg(feature = "tls")]

use minbearer::internal::add_note;
use minbearer::{Error, Kind, NetworkCause, Url};
use std::ffi::OsString;

/// Set where a network lets programs out by a proxy alone. curl reads these for https, in this order, and so an operator
/// expects it.
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// Hosts that need no proxy.
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Adds the advice to an error of an exchange without a proxy, if there is any.
pub fn add(error: Error, url: &Url) -> Error {
    let is_unreachable = error.kind() == Kind::Timeout
        || matches!(error.network_cause(), Some(NetworkCause::Lookup | NetworkCause::Connect));
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match missed(url.host(), &set) {
        Some(name) if is_unreachable => {
            add_note(error, &format!("; {name} is set, but not used: see --proxy"))
        }
        _ => error,
    }
}

/// The variable whose proxy curl would use for a host over https.
fn missed(host: &str, set: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    let is_excepted = |name| set(name).is_some_and(|list| names(list.as_encoded_bytes(), host));
    if EXCEPTIONS.into_iter().any(is_excepted) {
        return None;
    }
    PROXY_VARIABLES.into_iter().find(|name| set(name).is_some())
}

/// Whether a list has `*`, the host, or a domain that the host is in. An address has no brackets there.
fn names(list: &[u8], host: &str) -> bool {
    let host = match host.as_bytes() {
        [b'[', host @ .., b']'] | [host @ .., b'.'] | host => host,
    };
    list.split(|byte| matches!(byte, b',' | b' ')).any(|entry| {
        let domain = entry.strip_prefix(b".").unwrap_or(entry);
        let start = host.len().wrapping_sub(domain.len());
        entry == b"*"
            || !domain.is_empty()
                && host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
                && matches!(host.get(start.wrapping_sub(1)), None | Some(b'.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_named_where_curl_would_use_its_proxy() {
        for (variables, named) in [
            (&[("https_proxy", "http://p")][..], Some("https_proxy")),
            (&[("HTTPS_PROXY", "p"), ("all_proxy", "p")], Some("HTTPS_PROXY")),
            (&[("ALL_PROXY", "p"), ("https_proxy", "")], Some("ALL_PROXY")),
            (&[("http_proxy", "p"), ("HTTP_PROXY", "p")], None),
        ] {
            let set = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value)).filter(|value| !value.is_empty())
            };
            assert_eq!(missed("idp.example.com", &set), named, "{variables:?}");
        }
    }

    #[test]
    fn a_host_that_needs_no_proxy_is_no_reason_to_name_one() {
        for (exceptions, host, is_excepted) in [
            ("*", "idp.example.com", true),
            ("a.test,example.com", "idp.example.com", true),
            ("a.test .Example.com", "IDP.example.com.", true),
            ("idp.example.com", "idp.example.com", true),
            (", ,", "idp.example.com", false),
            (", ,", "idp.example.com.", false),
            ("ample.com", "idp.example.com", false),
            ("www.idp.example.com", "idp.example.com", false),
            ("2001:db8::1", "[2001:db8::1]", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.12", false),
        ] {
            for variable in EXCEPTIONS {
                let set = |name: &str| match name {
                    "https_proxy" => Some("http://p".into()),
                    name => (name == variable).then(|| exceptions.into()),
                };
                let said = missed(host, &set).is_none();
                assert_eq!(said, is_excepted, "{variable}={exceptions} {host}");
            }
        }
    }
}
