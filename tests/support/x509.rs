//! Certificates of any kind, also wrong ones, put together element by element.

use rcgen::{KeyPair, PublicKeyData, SigningKey};
use std::net::IpAddr;

pub const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
pub const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// The key usages keyCertSign and cRLSign, and digitalSignature.
pub const SIGNS_CERTIFICATES: u8 = 0x06;
pub const SIGNS_HANDSHAKES: u8 = 0x80;

const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
pub const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];

/// An element of DER.
pub fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len().to_be_bytes();
    let significant = &len[len.iter().position(|byte| *byte != 0).unwrap_or(len.len() - 1)..];
    let mut element = vec![tag];
    if content.len() >= 0x80 {
        element.push(0x80 + u8::try_from(significant.len()).unwrap());
    }
    element.extend_from_slice(significant);
    element.extend_from_slice(&content);
    element
}

/// A name with these common names, each a UTF8String.
pub fn name(common: &[&str]) -> Vec<u8> {
    let sets: Vec<_> = common
        .iter()
        .map(|text| {
            der(0x31, &[&der(0x30, &[&der(6, &[&[0x55, 4, 3]]), &der(0x0c, &[text.as_bytes()])])])
        })
        .collect();
    der(0x30, &sets.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
pub fn time(text: &str) -> Vec<u8> {
    der(if text.len() > 13 { 0x18 } else { 0x17 }, &[text.as_bytes()])
}

pub fn extension(id: u8, value: &[u8]) -> Vec<u8> {
    der(0x30, &[&der(6, &[&[0x55, 29, id]]), &der(4, &[value])])
}

pub fn basic_constraints(is_ca: bool, path_len: Option<u8>) -> Vec<u8> {
    let is_ca = if is_ca { der(1, &[&[0xff]]) } else { Vec::new() };
    let path_len = path_len.map(|len| der(2, &[&[len]])).unwrap_or_default();
    extension(19, &der(0x30, &[&is_ca, &path_len]))
}

pub fn key_usage(bits: u8) -> Vec<u8> {
    extension(15, &der(3, &[&[u8::try_from(bits.trailing_zeros()).unwrap(), bits]]))
}

pub fn extended_key_usage(purposes: &[&[u8]]) -> Vec<u8> {
    let purposes: Vec<u8> = purposes.iter().flat_map(|id| der(6, &[id])).collect();
    extension(37, &der(0x30, &[&purposes]))
}

/// A subjectAltName with these DNS names and addresses.
pub fn subject_alt_name(names: &[&str]) -> Vec<u8> {
    let names: Vec<u8> = names
        .iter()
        .flat_map(|name| match name.parse() {
            Ok(IpAddr::V4(address)) => der(0x87, &[&address.octets()]),
            Ok(IpAddr::V6(address)) => der(0x87, &[&address.octets()]),
            Err(_) => der(0x82, &[name.as_bytes()]),
        })
        .collect();
    extension(17, &der(0x30, &[&names]))
}

/// Name constraints that permit, or exclude, the subtrees of these DNS names.
pub fn name_constraints(is_permitted: bool, names: &[&str]) -> Vec<u8> {
    let subtrees: Vec<u8> =
        names.iter().flat_map(|name| der(0x30, &[&der(0x82, &[name.as_bytes()])])).collect();
    extension(30, &der(0x30, &[&der(if is_permitted { 0xa0 } else { 0xa1 }, &[&subtrees])]))
}

/// The SubjectPublicKeyInfo of an RSA key of so many bits. No one has its other half.
pub fn rsa_key(bits: usize) -> Vec<u8> {
    let mut modulus = vec![0xa5; bits.div_ceil(8)];
    modulus[0] = 0xff >> ((8 - bits % 8) % 8);
    let key = der(0x30, &[&der(2, &[&[0], &modulus]), &der(2, &[&[1, 0, 1]])]);
    let id = der(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]]);
    der(0x30, &[&der(0x30, &[&id, &[5, 0]]), &der(3, &[&[0], &key])])
}

/// That of a key on P-521.
pub fn p521_key() -> Vec<u8> {
    ec_key(&[0x2b, 0x81, 4, 0, 0x23])
}

/// That of a key on brainpoolP256r1 (RFC 5639).
pub fn brainpool_key() -> Vec<u8> {
    ec_key(&[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7])
}

fn ec_key(curve: &[u8]) -> Vec<u8> {
    let ids = [der(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]), der(6, &[curve])];
    der(0x30, &[&der(0x30, &[&ids[0], &ids[1]]), &der(3, &[&[0, 4], &[7; 132]])])
}

/// That of a key for Ed448 (RFC 8410).
pub fn ed448_key() -> Vec<u8> {
    der(0x30, &[&der(0x30, &[&der(6, &[&[0x2b, 0x65, 0x71]])]), &der(3, &[&[0], &[7; 57]])])
}

#[derive(Clone)]
pub struct Certificate {
    /// 1, 2 or 3.
    pub version: u8,
    pub issuer: Vec<u8>,
    pub not_before: Vec<u8>,
    pub not_after: Vec<u8>,
    pub subject: Vec<u8>,
    pub key: Vec<u8>,
    /// Between key and extensions: unique identifiers.
    pub ids: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
}

impl Certificate {
    /// A certificate of version 3 without extensions, for 2020 to 2049.
    pub fn new(issuer: &str, subject: &str, key: &KeyPair) -> Certificate {
        Certificate {
            version: 3,
            issuer: name(&[issuer]),
            not_before: time("200101000000Z"),
            not_after: time("491231235959Z"),
            subject: name(&[subject]),
            key: key.subject_public_key_info(),
            ids: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub fn with(mut self, extension: Vec<u8>) -> Certificate {
        self.extensions.push(extension);
        self
    }

    pub fn change(mut self, change: impl FnOnce(&mut Certificate)) -> Certificate {
        change(&mut self);
        self
    }

    /// Signs it with a key on P-256.
    pub fn sign(&self, key: &KeyPair) -> Vec<u8> {
        self.sign_as(ECDSA_WITH_SHA256, key)
    }

    /// The same, and says that it was done by another algorithm.
    pub fn sign_as(&self, algorithm: &[u8], key: &KeyPair) -> Vec<u8> {
        let version = match self.version {
            1 => Vec::new(),
            version => der(0xa0, &[&der(2, &[&[version - 1]])]),
        };
        let algorithm = der(0x30, &[&der(6, &[algorithm])]);
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            extensions => der(0xa3, &[&der(0x30, &[&extensions.concat()])]),
        };
        let signed = der(
            0x30,
            &[
                &version,
                &der(2, &[&[7]]),
                &algorithm,
                &self.issuer,
                &der(0x30, &[&self.not_before, &self.not_after]),
                &self.subject,
                &self.key,
                &self.ids,
                &extensions,
            ],
        );
        let signature = key.sign(&signed).expect("a signature");
        der(0x30, &[&signed, &algorithm, &der(3, &[&[0], &signature])])
    }
}
