//! URLs, checked before anything is sent to one.
//!
//! minreq takes `http://host:80a/` for port 80, wraps ports above 65535 and cuts `[::1]` at its first
//! colon, so nothing reaches it that was not read here.

use crate::error::Error;
use alloc::format;
use alloc::string::String;
use core::fmt;
use zeroize::Zeroizing;

/// The longest URL taken, in bytes.
const MAX_URL_BYTES: usize = 8192;
/// The longest host name there is, RFC 1035 section 2.3.4.
const MAX_HOST_BYTES: usize = 253;

/// An absolute `http` or `https` URL without user info and fragment
/// ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986)).
///
/// Its query may hold a secret, so it is wiped when dropped and its `Debug` shows scheme, host and port only.
pub struct Url {
    text: Zeroizing<String>,
    is_https: bool,
    /// Where the host ends; it starts after `://`.
    host_end: usize,
    /// Where the path starts.
    path_start: usize,
    port: u16,
}

impl Url {
    /// Reads a URL. `name` says in an error which one it was: a variable, an argument.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for anything but scheme, host, an optional port from 1 to
    /// 65535, path and query; for spaces, control and non-ASCII characters; for more than 8 KiB; and
    /// for an IPv6 address in brackets, which the HTTP client cannot take. The message never repeats the URL.
    pub fn parse(name: &str, text: &str) -> Result<Url, Error> {
        Url::read(text).map_err(|what| Error::config(format!("{name} {what}")))
    }

    fn read(text: &str) -> Result<Url, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.len() > MAX_URL_BYTES {
            return Err("is longer than 8 KiB");
        }
        let (is_https, rest) = match (strip_scheme(text, "http://"), strip_scheme(text, "https://"))
        {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err("does not start with http:// or https://"),
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "has a space, control or non-ASCII character (percent-encode it, or write the host in punycode)",
            );
        }
        if rest.contains('#') {
            return Err("has a fragment (`#…`), which is never sent; remove it");
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?', '\\']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("has user info (`user@`); give credentials as such");
        }
        if path.contains('\\') {
            return Err("has a backslash; write `/`, or %5C for the character itself");
        }
        if authority.starts_with('[') {
            return Err(
                "has an IPv6 address in brackets, which is not supported; use a name for it",
            );
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(read_port(port)?)),
            None => (authority, None),
        };
        check_host(host)?;
        Ok(Url::assemble(is_https, host, port, path))
    }

    fn assemble(is_https: bool, host: &str, port: Option<u16>, path: &str) -> Url {
        let scheme = if is_https { "https://" } else { "http://" };
        let port_text = port.map_or_else(String::new, |port| format!(":{port}"));
        let slash = if path.starts_with('/') { "" } else { "/" };
        let parts = [scheme, host, &port_text, slash, path];
        let mut text =
            Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
        for part in parts {
            text.push_str(part);
        }
        let host_end = scheme.len() + host.len();
        Url {
            text,
            is_https,
            host_end,
            path_start: host_end + port_text.len(),
            port: port.unwrap_or(if is_https { 443 } else { 80 }),
        }
    }

    /// This URL's scheme, host and `port` with another path and query.
    pub(crate) fn at(&self, port: u16, path: &str) -> Url {
        Url::assemble(self.is_https, self.host(), Some(port), path)
    }

    /// This URL's scheme, host and port with another path and query.
    pub(crate) fn with_path(&self, path: &str) -> Url {
        let explicit = self.host_end != self.path_start;
        Url::assemble(self.is_https, self.host(), explicit.then_some(self.port), path)
    }

    /// The URL on a service whose port is found later.
    pub(crate) fn for_host(name: &str, host: &str) -> Result<Url, Error> {
        check_host(host).map_err(|what| Error::config(format!("{name} {what}")))?;
        Ok(Url::assemble(false, host, None, "/"))
    }

    /// The whole URL, its query included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host: a name or an IPv4 address.
    pub fn host(&self) -> &str {
        let start = if self.is_https { "https://".len() } else { "http://".len() };
        &self.text[start..self.host_end]
    }

    /// The port, the scheme's own where the URL names none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query, starting with `/`.
    pub fn path_and_query(&self) -> &str {
        &self.text[self.path_start..]
    }

    /// Scheme, host and, if the URL names one, port: what may be shown.
    pub fn origin(&self) -> &str {
        &self.text[..self.path_start]
    }

    /// Whether the host is this machine: `localhost` or an address in 127.0.0.0/8.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<core::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.origin()).finish()
    }
}

/// Host and port, for error messages.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host(), self.port)
    }
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn read_port(digits: &str) -> Result<u16, &'static str> {
    const WRONG: &str = "has a port that is not a number from 1 to 65535";
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WRONG);
    }
    digits.parse().ok().filter(|port| *port != 0).ok_or(WRONG)
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if host.is_empty() {
        Err("has no host")
    } else if host.len() > MAX_HOST_BYTES {
        Err("has a host longer than 253 characters")
    } else if !host.bytes().all(allowed) || host.starts_with(['-', '.']) {
        Err("has a host that is neither a name nor an IPv4 address")
    } else {
        Ok(())
    }
}

/// A port as a program prints it: digits alone, without sign or leading zero, from 1 to 65535.
#[cfg(feature = "std")]
pub(crate) fn strict_port(text: &str) -> Option<u16> {
    read_port(text).ok().filter(|_| !text.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_good_url_is_taken_apart() {
        let cases = [
            ("http://h", "http://h/", "h", 80, "/"),
            ("HTTPS://h", "https://h/", "h", 443, "/"),
            ("http://h:8080?a=b", "http://h:8080/?a=b", "h", 8080, "/?a=b"),
            ("https://h:0443/p/q?a=/?:@b", "https://h:443/p/q?a=/?:@b", "h", 443, "/p/q?a=/?:@b"),
            ("http://127.0.0.1:1/", "http://127.0.0.1:1/", "127.0.0.1", 1, "/"),
            (
                "http://my_host.x-y.:65535/",
                "http://my_host.x-y.:65535/",
                "my_host.x-y.",
                65535,
                "/",
            ),
        ];
        for (text, whole, host, port, path) in cases {
            let url = Url::parse("URL", text).unwrap();
            assert_eq!(
                (url.as_str(), url.host(), url.port(), url.path_and_query()),
                (whole, host, port, path),
                "{text}"
            );
            assert_eq!(url.text.capacity(), url.text.len(), "{text} was sized beforehand");
        }
    }

    #[test]
    fn a_bad_url_is_named_and_not_repeated() {
        let cases = [
            ("", "empty"),
            ("h/p", "http://"),
            ("ftp://h", "http://"),
            ("http:/h", "http://"),
            ("http//h", "http://"),
            ("htp://h", "http://"),
            ("http://", "no host"),
            ("http:///p", "no host"),
            ("http://:80/", "no host"),
            ("http://?x", "no host"),
            ("http://h:80a/", "port"),
            ("http://h:/", "port"),
            ("http://h:0/", "port"),
            ("http://h:65536/", "port"),
            ("http://h:+80/", "port"),
            ("http://h:99999999999999999999/", "port"),
            ("http://h:80:80/", "port"),
            ("http://hunter2@h/", "user info"),
            ("http://u:hunter2@h/", "user info"),
            ("http://h/#hunter2", "fragment"),
            ("http://h#hunter2", "fragment"),
            ("http://h/a b", "space"),
            (" http://h/", "http://"),
            ("http://h/ ", "space"),
            ("http://h\r\nX: y/", "space"),
            ("http://h/\u{7f}", "space"),
            ("http://bücher.example/", "non-ASCII"),
            ("http://[::1]/", "IPv6"),
            ("http://a%41/", "host"),
            ("http://-o/", "host"),
            ("http://.h/", "host"),
            ("http://h,g/", "host"),
            ("http://h\\g/", "backslash"),
            ("http://h/\\g", "backslash"),
        ];
        for (text, part) in cases {
            let message = Url::parse("the token URL", text).unwrap_err().to_string();
            assert!(
                message.starts_with("the token URL ") && message.contains(part),
                "{text}: {message}"
            );
            assert!(!message.contains("hunter2"), "{text}: {message}");
        }
        for long in
            [format!("http://h/{}", "a".repeat(9000)), format!("http://{}/", "a".repeat(254))]
        {
            assert!(Url::parse("URL", &long).unwrap_err().to_string().contains("longer"));
        }
    }

    #[test]
    fn loopback_is_told_from_names_that_look_like_it() {
        for (host, loopback) in [
            ("localhost", true),
            ("LOCALHOST", true),
            ("127.0.0.1", true),
            ("127.255.0.1", true),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("128.0.0.1", false),
            ("127.1", false),
        ] {
            assert_eq!(
                Url::parse("URL", &format!("http://{host}/")).unwrap().is_loopback(),
                loopback,
                "{host}"
            );
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_printed_port_is_digits_alone() {
        assert_eq!(strict_port("8080"), Some(8080));
        for text in ["", "0", "080", "+80", "-80", "8 0", "65536", "80\n", "٨٠"] {
            assert_eq!(strict_port(text), None, "{text:?}");
        }
    }
}
