//! URLs, parsed and checked before anything is sent to one.

use super::form::encode_pairs;
use crate::error::{Error, digits};
use crate::secret::joined;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use zeroize::Zeroizing;

/// The longest URL accepted, in bytes.
const MAX_URL_BYTES: usize = 8192;
/// The longest host name there is, RFC 1035 section 2.3.4.
const MAX_HOST_BYTES: usize = 253;

/// An absolute `http` or `https` URL without user info and fragment
/// ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986)).
///
/// Its query may hold a secret, so it is wiped when dropped and its `Debug` shows scheme, host and port only. There is
/// no `Display`: what may be shown is [`origin`](Url::origin).
///
/// ```
/// use minbearer::{Method, Request, Url};
///
/// # fn main() -> Result<(), minbearer::Error> {
/// let console = Url::parse("CONSOLE_URL", "https://[2001:db8::7]:8443")?;
/// let databases = console.with_path("/api/ariel/databases")?;
/// let request = Request::to(Method::Get, databases);
/// assert_eq!(request.url().origin(), "https://[2001:db8::7]:8443");
/// # Ok(()) }
/// ```
/// ```compile_fail,E0277
/// # let url = minbearer::Url::parse("URL", "http://h/?secret").unwrap();
/// println!("{url}"); // no Display
/// ```
#[derive(Clone)]
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
    /// Parses a URL. `name` says in an error which one it was: a variable, an argument.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for anything but scheme, host, an optional port from 1 to
    /// 65535, path and query; for spaces, control and non-ASCII characters; for more than 8 KiB; and, as in the [URL
    /// standard](https://url.spec.whatwg.org/#concept-host-parser), for a host whose last label is a number but which
    /// is no IPv4 address. The message never repeats the URL.
    pub fn parse(name: &str, text: &str) -> Result<Url, Error> {
        Url::parse_text(text).map_err(|what| Error::config(format!("{name} {what}")))
    }

    /// Parses a URL of scheme, host and port alone.
    #[cfg_attr(not(feature = "std"), allow(dead_code))]
    pub(crate) fn parse_origin(name: &str, text: &str) -> Result<Url, Error> {
        let url = Url::parse(name, text)?;
        if url.path_and_query() != "/" {
            return Err(Error::config(format!("{name} has a path or a query; leave that out")));
        }
        Ok(url)
    }

    fn parse_text(text: &str) -> Result<Url, &'static str> {
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
        // Bytes: `str::contains` of a character brings the search for a string with it, 1.9 KiB.
        if rest.as_bytes().contains(&b'#') {
            return Err("has a fragment (`#…`), which is never sent; remove it");
        }
        let authority = before(rest, b"/?\\");
        let path = rest.get(authority.len()..).unwrap_or_default();
        if authority.as_bytes().contains(&b'@') {
            return Err("has user info (`user@`); give the credentials separately");
        }
        if path.as_bytes().contains(&b'\\') {
            return Err("has a backslash; write `/`, or %5C for the character itself");
        }
        // The colons in brackets belong to an IPv6 address.
        let in_brackets = if authority.starts_with('[') {
            (before(authority, b"]").len() + 1).min(authority.len())
        } else {
            0
        };
        let rest = authority.get(in_brackets..).unwrap_or_default();
        let host_len = in_brackets + before(rest, b":").len();
        let (host, port) = authority.split_at(host_len);
        let port = port.strip_prefix(':').map(read_port).transpose()?;
        check_host(host)?;
        Ok(Url::assemble(is_https, host, port, path))
    }

    fn assemble(is_https: bool, host: &str, port: Option<u16>, path: &str) -> Url {
        let scheme = if is_https { "https://" } else { "http://" };
        let port_text = port.map_or_else(String::new, |port| format!(":{}", digits(port.into())));
        let slash = if path.starts_with('/') { "" } else { "/" };
        let text = joined(&[scheme, host, &port_text, slash, path]);
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

    /// Returns this URL's scheme, host and port with another path and query, which start with `/`.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a path that [`parse`](Self::parse) would refuse in a URL.
    pub fn with_path(&self, path: &str) -> Result<Url, Error> {
        if !path.starts_with('/') {
            return Err(Error::config("the path does not start with /"));
        }
        let url = self.at_path(path);
        Url::parse("the URL with that path", url.as_str())
    }

    /// This URL with one more parameter in its query, percent-encoded.
    pub(crate) fn with_query(&self, name: &str, value: &str) -> Url {
        let path = self.path_and_query();
        let separator = match path.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let pair = encode_pairs(separator, &[(name, value)]);
        self.at_path(&joined(&[path, &pair]))
    }

    /// The same for a path that is known to be one.
    pub(crate) fn at_path(&self, path: &str) -> Url {
        let explicit = self.host_end != self.path_start;
        Url::assemble(self.is_https, self.host(), explicit.then_some(self.port), path)
    }

    /// The URL of a service whose port is found later.
    pub(crate) fn for_host(name: &str, is_https: bool, host: &str) -> Result<Url, Error> {
        check_host(host).map_err(|what| Error::config(format!("{name} {what}")))?;
        Ok(Url::assemble(is_https, host, None, "/"))
    }

    /// The whole URL, its query included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
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

    /// The URL without its query.
    pub(crate) fn without_query(&self) -> &str {
        before(&self.text, b"?")
    }

    /// Scheme, host and, if the URL names one, port: what may be shown.
    pub fn origin(&self) -> &str {
        &self.text[..self.path_start]
    }

    /// The host, if it is an address.
    pub fn address(&self) -> Option<IpAddr> {
        let host = self.host();
        match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => address.parse().ok().map(IpAddr::V6),
            None => host.parse().ok().map(IpAddr::V4),
        }
    }

    /// Whether the host is this machine: `localhost`, an address in 127.0.0.0/8, or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        self.is_localhost() || self.address().is_some_and(|address| address.is_loopback())
    }

    /// Whether the host is the name `localhost`, which is never looked up
    /// ([RFC 6761 section 6.3](https://www.rfc-editor.org/rfc/rfc6761#section-6.3)).
    pub(crate) fn is_localhost(&self) -> bool {
        let host = self.host();
        host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost")
    }

    /// Host and port, for error messages.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host(), digits(self.port.into()))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.origin()).finish()
    }
}

/// A text up to the first of these signs.
pub(crate) fn before<'a>(text: &'a str, signs: &[u8]) -> &'a str {
    let end = text.bytes().position(|byte| signs.contains(&byte));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
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
    } else if host.starts_with('[') {
        let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()) {
            Ok(())
        } else {
            Err("has brackets around something that is not an IPv6 address")
        }
    } else if ends_in_number(host) && host.parse::<Ipv4Addr>().is_err() {
        Err(
            "has a host that is a number but no IPv4 address; write it as four numbers from 0 to 255",
        )
    } else if !host.bytes().all(allowed) || host.starts_with(['-', '.']) {
        Err("has a host that is neither a name nor an IPv4 address")
    } else {
        Ok(())
    }
}

/// Whether the last label is a number. No host name ends in one, but some resolvers read it as an address:
/// `127.1`, `0x7f.1`, `017700000001`.
fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let label = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_hexadecimal = matches!(label, [b'0', b'x' | b'X', digits @ ..] if digits.iter().all(u8::is_ascii_hexdigit));
    is_hexadecimal || (!label.is_empty() && label.iter().all(u8::is_ascii_digit))
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
    fn a_valid_url_is_parsed() {
        let cases = [
            ("http://h", "http://h/", "h", 80, "/"),
            ("HTTPS://h", "https://h/", "h", 443, "/"),
            ("http://h:8080?a=b", "http://h:8080/?a=b", "h", 8080, "/?a=b"),
            ("https://h:0443/p/q?a=/?:@b", "https://h:443/p/q?a=/?:@b", "h", 443, "/p/q?a=/?:@b"),
            ("http://127.0.0.1:1/", "http://127.0.0.1:1/", "127.0.0.1", 1, "/"),
            ("http://[::1]", "http://[::1]/", "[::1]", 80, "/"),
            ("https://[2001:DB8::7]:1/p", "https://[2001:DB8::7]:1/p", "[2001:DB8::7]", 1, "/p"),
            ("http://1a.2b.0xg/", "http://1a.2b.0xg/", "1a.2b.0xg", 80, "/"),
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
    fn the_error_for_a_bad_url_names_it_and_does_not_repeat_it() {
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
            ("http://[::1/", "brackets"),
            ("http://[1.2.3.4]/", "brackets"),
            ("http://[fe80::1%25eth0]/", "brackets"),
            ("http://[::1]x/", "brackets"),
            ("http://::1/", "port"),
            ("http://h]/", "host"),
            ("http://[::1]:0/", "port"),
            ("http://127.1/", "number"),
            ("http://0x7f.1/", "number"),
            ("http://1.2.3.08/", "number"),
            ("http://1.2.3.256/", "number"),
            ("http://1.2.3.4./", "number"),
            ("http://2130706433/", "number"),
            ("http://0X7F000001/", "number"),
            ("http://name.0x/", "number"),
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
    fn a_path_is_checked_as_in_a_url() {
        let url = Url::parse("URL", "https://h:1/p?q").unwrap();
        assert_eq!(url.with_path("/a?b").unwrap().as_str(), "https://h:1/a?b");
        for path in ["", "a", "?a", "@g/", ":2/", "/a b", "/#a", "/\\a"] {
            assert!(url.with_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_parameter_is_added_to_the_query_percent_encoded() {
        for (url, expected) in [
            ("https://h", "https://h/?a%26=b%20%3D%C3%A9"),
            ("https://h:1/p", "https://h:1/p?a%26=b%20%3D%C3%A9"),
            ("https://h/p?", "https://h/p?a%26=b%20%3D%C3%A9"),
            ("https://h/p?q=1", "https://h/p?q=1&a%26=b%20%3D%C3%A9"),
            ("https://h/p?q=?&", "https://h/p?q=?&a%26=b%20%3D%C3%A9"),
        ] {
            let url = Url::parse("URL", url).unwrap().with_query("a&", "b =é");
            assert_eq!(url.as_str(), expected);
            assert_eq!(url.text.capacity(), url.text.len(), "{expected} was sized beforehand");
            assert!(Url::parse("URL", url.as_str()).is_ok(), "{expected}");
        }
    }

    #[test]
    fn loopback_is_told_from_names_that_look_like_it() {
        for (host, loopback) in [
            ("localhost", true),
            ("LOCALHOST", true),
            ("127.0.0.1", true),
            ("127.255.0.1", true),
            ("localhost.", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", false),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("128.0.0.1", false),
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
