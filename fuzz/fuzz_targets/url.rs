//! URLs: an independent parser reads an accepted URL the same way, and parsing its text gives the same URL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::Url;
use std::net::IpAddr;

fuzz_target!(|text: &str| {
    let url = match Url::parse("the URL", text) {
        Ok(url) => url,
        Err(error) => {
            // One of a fixed set of messages, which do not repeat the input.
            assert!(error.to_string().len() < 120 && error.to_string().starts_with("the URL "));
            return;
        }
    };
    assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    let is_ipv6 = url.host().starts_with('[');
    assert!(!url.as_str().contains('#') && !url.host().contains(['@', '/']));
    assert!(is_ipv6 == url.host().contains(':') && is_ipv6 == url.host().ends_with(']'));
    assert!(url.path_and_query().starts_with('/'));
    assert_eq!(format!("{}{}", url.origin(), url.path_and_query()), url.as_str());
    assert_eq!(format!("{url:?}"), format!("Url({:?})", url.origin()));
    if url.as_str().len() <= 8192 {
        let again = Url::parse("the URL", url.as_str()).expect("its own output");
        assert_eq!(again.as_str(), url.as_str());
        assert_eq!((again.host(), again.port()), (url.host(), url.port()));
    }
    // The WHATWG parser refuses more names.
    let Ok(other) = url::Url::parse(url.as_str()) else { return };
    assert_eq!(other.scheme() == "https", url.is_https());
    assert_eq!(other.port_or_known_default(), Some(url.port()));
    assert_eq!((other.username(), other.password(), other.fragment()), ("", None, None));
    let (address, is_loopback) = match other.host() {
        Some(url::Host::Ipv4(address)) => (Some(IpAddr::V4(address)), address.is_loopback()),
        Some(url::Host::Ipv6(address)) => (Some(IpAddr::V6(address)), address.is_loopback()),
        Some(url::Host::Domain(name)) => {
            assert!(name.eq_ignore_ascii_case(url.host()), "{other}");
            let name = name.strip_suffix('.').unwrap_or(name);
            (None, name.eq_ignore_ascii_case("localhost"))
        }
        None => panic!("{other} has no host"),
    };
    assert_eq!((url.address(), url.is_loopback()), (address, is_loopback), "{other}");
});
