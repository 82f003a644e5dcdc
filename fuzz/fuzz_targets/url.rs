//! URLs: what is taken is what an independent parser reads the same way, and reads as itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::Url;

fuzz_target!(|text: &str| {
    let url = match Url::parse("the URL", text) {
        Ok(url) => url,
        Err(error) => {
            // One of a fixed set of texts, which repeat nothing.
            assert!(error.to_string().len() < 120 && error.to_string().starts_with("the URL "));
            return;
        }
    };
    assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!url.as_str().contains('#') && !url.host().contains(['@', ':', '[', '/']));
    assert!(url.path_and_query().starts_with('/'));
    assert_eq!(format!("{}{}", url.origin(), url.path_and_query()), url.as_str());
    assert_eq!(format!("{url:?}"), format!("Url({:?})", url.origin()));
    if url.as_str().len() <= 8192 {
        let again = Url::parse("the URL", url.as_str()).expect("its own output");
        assert_eq!(again.as_str(), url.as_str());
        assert_eq!((again.host(), again.port()), (url.host(), url.port()));
    }
    // The WHATWG parser refuses more hosts, and rewrites those that end in a number.
    let Ok(other) = url::Url::parse(url.as_str()) else { return };
    assert_eq!(other.scheme() == "https", url.is_https());
    assert_eq!(other.port_or_known_default(), Some(url.port()));
    assert_eq!((other.username(), other.password(), other.fragment()), ("", None, None));
    let ends_in_a_number =
        url.host().trim_end_matches('.').rsplit('.').next().is_some_and(|label| {
            label.starts_with("0x")
                || label.starts_with("0X")
                || label.bytes().all(|b| b.is_ascii_digit())
        });
    if !ends_in_a_number {
        assert!(
            other.host_str().is_some_and(|host| host.eq_ignore_ascii_case(url.host())),
            "{other}"
        );
    }
    if url.is_loopback() && !url.host().eq_ignore_ascii_case("localhost") {
        let host = other.host_str().unwrap_or_default();
        assert!(host.starts_with("127."), "{host} is not loopback");
    }
});
