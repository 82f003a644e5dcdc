//! Reads what webpki does not tell of a certificate ([RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)):
//! its dates, whether it may sign others, its common names.
//!
//! webpki decides about a chain of certificates. This decides which certificates may be its trust anchors, and about a
//! server's certificate that is itself trusted. `fuzz/fuzz_targets/certificate.rs` and `tests/tools/openssl.rs` compare it with webpki
//! and OpenSSL.
//!
//! ```text
//! SEQUENCE ─┬─ SEQUENCE ─┬─ [0] version      absent: 1
//!           │            ├─ serial number
//!           │            ├─ algorithm
//!           │            ├─ issuer
//!           │            ├─ dates            not before, not after
//!           │            ├─ subject
//!           │            ├─ key
//!           │            ├─ [1], [2]         unique identifiers, in none of today's certificates
//!           │            └─ [3] extensions   each an identifier, "critical", and a value in an OCTET STRING
//!           ├─ algorithm
//!           └─ signature
//! ```

use crate::wire::time::{DAYS_TO_1970, days_to};
use core::net::IpAddr;
use core::time::Duration;
use rustls::pki_types::{ServerName, UnixTime};

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

// Identifiers, in DER.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const KEY_USAGE: &[u8] = &[0x55, 29, 15];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 29, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 29, 19];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 29, 37];
const SERVER_AUTH: &[u8] = &[OBJECT_IDENTIFIER, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 0x23];

/// The bit of the key usage that is called keyCertSign: the sixth from the left.
const KEY_CERT_SIGN: u8 = 0x04;

/// What is read of a certificate.
pub struct Certificate<'a> {
    /// 1, 2 or 3.
    pub version: u8,
    /// The content of the AlgorithmIdentifier of the signature on it.
    pub signature: &'a [u8],
    /// The content of the issuer's name, as webpki's trust anchors have their subject's.
    pub issuer: &'a [u8],
    /// The content of the subject's name.
    pub subject: &'a [u8],
    /// The first second in which it is valid.
    pub not_before: UnixTime,
    /// The last one.
    pub not_after: UnixTime,
    /// The subject's public key.
    pub key: Key<'a>,
    /// The basic constraint CA:TRUE.
    pub is_ca: bool,
    /// The key usage allows to sign certificates, or there is none.
    may_key_sign: bool,
    /// There are subject alternative names; webpki reads them.
    pub has_subject_alt_name: bool,
    /// The extended key usage has serverAuth, or there is none. For an error's text: webpki decides.
    pub is_for_servers: bool,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate in DER, and nothing after it.
    pub fn read(der: &'a [u8]) -> Option<Certificate<'a>> {
        let mut outer = Der(der);
        let mut certificate = Der(outer.take(SEQUENCE)?);
        let mut signed = Der(certificate.take(SEQUENCE)?);
        certificate.take(SEQUENCE)?;
        certificate.take(BIT_STRING)?;
        if !(outer.is_at_end() && certificate.is_at_end()) {
            return None;
        }
        let version = match signed.take_if(VERSION)? {
            None => 1,
            Some(version) => match Der(version).take_all(INTEGER)? {
                [version @ 0..=2] => version + 1,
                _ => return None,
            },
        };
        signed.take(INTEGER)?;
        let signature = signed.take(SEQUENCE)?;
        let issuer = signed.take(SEQUENCE)?;
        let mut dates = Der(signed.take(SEQUENCE)?);
        let (not_before, not_after) = (dates.time()?, dates.time()?);
        let subject = signed.take(SEQUENCE)?;
        let key = Key::read(signed.take(SEQUENCE)?)?;
        let (is_ca, may_key_sign, has_subject_alt_name) = (false, true, false);
        let mut read = Certificate {
            version,
            signature,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            is_ca,
            may_key_sign,
            has_subject_alt_name,
            is_for_servers: true,
        };
        signed.take_if(ISSUER_ID)?;
        signed.take_if(SUBJECT_ID)?;
        if let Some(extensions) = signed.take_if(EXTENSIONS)? {
            read.read_extensions(Der(Der(extensions).take_all(SEQUENCE)?))?;
        }
        (dates.is_at_end() && signed.is_at_end()).then_some(read)
    }

    fn read_extensions(&mut self, mut extensions: Der<'_>) -> Option<()> {
        let (mut has_constraints, mut has_usage) = (false, false);
        while !extensions.is_at_end() {
            let mut extension = Der(extensions.take(SEQUENCE)?);
            let id = extension.take(OBJECT_IDENTIFIER)?;
            extension.boolean()?; // whether it is critical
            let value = Der(extension.take_all(OCTET_STRING)?);
            // One that is there twice could be understood in two ways.
            let is_again = match id {
                BASIC_CONSTRAINTS => {
                    let mut constraints = Der(value.take_all(SEQUENCE)?);
                    self.is_ca = constraints.boolean()?.unwrap_or(false);
                    constraints.take_if(INTEGER)?; // the path's length, which webpki checks
                    core::mem::replace(&mut has_constraints, true) || !constraints.is_at_end()
                }
                KEY_USAGE => {
                    let bits = value.take_all(BIT_STRING)?;
                    self.may_key_sign = bits.get(1).is_some_and(|bits| bits & KEY_CERT_SIGN != 0);
                    core::mem::replace(&mut has_usage, true)
                }
                SUBJECT_ALT_NAME => core::mem::replace(&mut self.has_subject_alt_name, true),
                EXTENDED_KEY_USAGE => {
                    let mut purposes = value.0.windows(SERVER_AUTH.len());
                    self.is_for_servers = purposes.any(|purpose| purpose == SERVER_AUTH);
                    false
                }
                _ => false,
            };
            if is_again {
                return None;
            }
        }
        Some(())
    }

    /// Whether it says of itself that it may sign certificates.
    pub fn may_sign(&self) -> bool {
        self.is_ca && self.may_key_sign
    }

    /// Why it may not sign certificates in a chain.
    pub fn why_not_sign(&self) -> Option<&'static str> {
        if self.version != 3 {
            Some("it is not of X.509 version 3")
        } else if !self.is_ca {
            Some("it lacks the basic constraint CA:TRUE")
        } else if !self.may_key_sign {
            Some("its key usage lacks keyCertSign")
        } else {
            None
        }
    }

    /// The common names in the subject: texts, as a rule in ASCII.
    pub fn common_names(&self) -> impl Iterator<Item = &'a str> {
        let mut sets = Der(self.subject);
        let mut attributes = Der(&[]);
        core::iter::from_fn(move || {
            loop {
                while attributes.is_at_end() {
                    attributes = Der(sets.take(SET)?);
                }
                let mut attribute = Der(attributes.take(SEQUENCE)?);
                let id = attribute.take(OBJECT_IDENTIFIER)?;
                let (tag, text) = attribute.next()?;
                let is_text =
                    matches!(tag, UTF8_STRING | PRINTABLE_STRING | TELETEX_STRING | IA5_STRING);
                if let (COMMON_NAME, true, Ok(text)) = (id, is_text, core::str::from_utf8(text)) {
                    return Some(text);
                }
            }
        })
    }

    /// Whether one of its common names is that of this server: the same name or address, or a wildcard for its first label.
    pub fn has_common_name(&self, server: &ServerName<'_>) -> bool {
        self.common_names().any(|name| match server {
            ServerName::DnsName(server) => is_name_of(name, server.as_ref()),
            ServerName::IpAddress(address) => {
                name.parse() == Ok::<IpAddr, _>(IpAddr::from(*address))
            }
            _ => false,
        })
    }

    /// Whether a server could use it: a CA's common name, such as "ISRG Root X1", is no host's.
    pub fn may_name_a_host(&self) -> bool {
        !self.is_ca
            || self.has_subject_alt_name
            || self.common_names().any(|name| !name.as_bytes().contains(&b' '))
    }
}

fn is_name_of(pattern: &str, server: &str) -> bool {
    let server = server.trim_end_matches('.');
    if pattern.eq_ignore_ascii_case(server) {
        return true;
    }
    match (pattern.strip_prefix("*."), server.split_once('.')) {
        (Some(pattern), Some((_, domain))) => {
            pattern.as_bytes().contains(&b'.') && pattern.eq_ignore_ascii_case(domain)
        }
        _ => false,
    }
}

/// The content of a SubjectPublicKeyInfo.
pub struct Key<'a> {
    /// The content of the AlgorithmIdentifier, as in [`rustls::pki_types::AlgorithmIdentifier`].
    pub algorithm: &'a [u8],
    /// The key itself, whose form the algorithm gives.
    pub bits: &'a [u8],
}

impl<'a> Key<'a> {
    /// Reads the content of a SubjectPublicKeyInfo.
    pub fn read(info: &'a [u8]) -> Option<Key<'a>> {
        let mut info = Der(info);
        let algorithm = info.take(SEQUENCE)?;
        // The first byte says how many bits of the last one do not count: none.
        let bits = info.take_all(BIT_STRING)?.strip_prefix(&[0])?;
        Some(Key { algorithm, bits })
    }

    /// What is wrong with its type or size, if that is why it cannot be used.
    pub fn unsupported(&self) -> Option<&'static str> {
        let mut algorithm = Der(self.algorithm);
        match algorithm.take(OBJECT_IDENTIFIER)? {
            RSA => {
                let modulus = Der(Der(self.bits).take(SEQUENCE)?).take(INTEGER)?;
                let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
                let unused = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
                match 8 * modulus.len() - unused {
                    ..2048 => Some("an RSA key of less than 2048 bits"),
                    2048..=8192 => None,
                    _ => Some("an RSA key of more than 8192 bits"),
                }
            }
            EC => match algorithm.take(OBJECT_IDENTIFIER)? {
                P256 | P384 => None,
                P521 => Some("a P-521 key"),
                _ => Some("a key on another curve"),
            },
            ED25519 => None,
            _ => Some("a key of another type"),
        }
    }
}

/// Elements of DER, read one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element's tag and content. Its length has to be definite and as short as it can be.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, short], rest) = self.0.split_first_chunk()?;
        let (len, rest) = match short {
            0..=0x7f => (usize::from(short), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(short - 0x80))?;
                let len = bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
                let is_shortest = len >= 0x80 && bytes.first() != Some(&0);
                (is_shortest.then_some(len)?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The next element's content, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.take_if(tag)?
    }

    /// The same for one that may be absent.
    fn take_if(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.0.first() != Some(&tag) {
            return Some(None);
        }
        self.next().map(|(_, content)| Some(content))
    }

    /// The same for the last one.
    fn take_all(mut self, tag: u8) -> Option<&'a [u8]> {
        let content = self.take(tag)?;
        self.is_at_end().then_some(content)
    }

    fn boolean(&mut self) -> Option<Option<bool>> {
        match self.take_if(BOOLEAN)? {
            None => Some(None),
            Some([0]) => Some(Some(false)),
            Some([0xff]) => Some(Some(true)),
            Some(_) => None,
        }
    }

    /// `YYMMDDHHMMSSZ` from 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280 section 4.1.2.5). A time before 1970 counts as 1970.
    fn time(&mut self) -> Option<UnixTime> {
        let (tag, text) = self.next()?;
        let digits = text.strip_suffix(b"Z")?;
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0, |sum, byte| Some(sum * 10 + char::from(*byte).to_digit(10)?))
        };
        let (year, digits) = match (tag, digits.len()) {
            (UTC_TIME, 12) => {
                let (year, digits) = digits.split_at_checked(2)?;
                let year = number(year)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, digits)
            }
            (GENERALIZED_TIME, 14) => {
                let (year, digits) = digits.split_at_checked(4)?;
                (number(year)?, digits)
            }
            _ => return None,
        };
        let mut parts = digits.chunks(2).map(number);
        let mut part = || parts.next().flatten();
        let (month, day) = (part()?, part()?);
        let (hour, minute, second) = (part()?, part()?, part()?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_in_month = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(is_leap),
            _ => return None,
        };
        if !(1..=days_in_month).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        const DAY: u64 = 24 * 60 * 60;
        let seconds = u64::from((hour * 60 + minute) * 60 + second);
        let seconds = u64::from(days_to(year, month, day)?) * DAY + seconds;
        let since_1970 = seconds.saturating_sub(u64::from(DAYS_TO_1970) * DAY);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(since_1970)))
    }
}

#[cfg(test)]
mod tests;
