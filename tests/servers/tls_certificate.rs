//! What is read of a certificate, which this crate does itself to say what is wrong with it.

#![cfg(feature = "tls")]

use crate::support::x509::{
    self, basic_constraints, extension, key_usage, name, subject_alt_name, time,
};
use minbearer::internal::Certificate;
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PublicKeyData};
use rustls::pki_types::ServerName;

fn sample() -> (KeyPair, x509::Certificate) {
    let key = KeyPair::generate().unwrap();
    let certificate = x509::Certificate::new("an issuer", "a server", &key);
    (key, certificate)
}

#[test]
fn a_certificate_is_read_whatever_its_extensions_are() {
    let (key, plain) = sample();
    for (extensions, is_ca, may_sign, has_subject_alt_name) in [
        (&[][..], false, false, false),
        (&[basic_constraints(true, None)], true, true, false),
        (&[basic_constraints(true, Some(0)), key_usage(0x04)], true, true, false),
        (&[key_usage(0x04), basic_constraints(true, None)], true, true, false),
        (&[basic_constraints(true, None), key_usage(0x80)], true, false, false),
        (&[basic_constraints(false, None), key_usage(0x04)], false, false, false),
        (&[key_usage(0x04)], false, false, false),
        (&[subject_alt_name(&["a.example"]), basic_constraints(true, None)], true, true, true),
    ] {
        let der = plain.clone().change(|it| it.extensions = extensions.to_vec()).sign(&key);
        let read = Certificate::read(&der).unwrap();
        assert_eq!(
            (read.version, read.is_ca, read.may_sign(), read.has_subject_alt_name),
            (3, is_ca, may_sign, has_subject_alt_name),
            "{extensions:x?}"
        );
        assert_eq!(
            (read.issuer, read.subject),
            (&name(&["an issuer"])[2..], &name(&["a server"])[2..])
        );
    }
    for version in [1, 2] {
        let der = plain.clone().change(|it| it.version = version).sign(&key);
        assert_eq!(Certificate::read(&der).unwrap().version, version);
    }
}

#[test]
fn what_could_be_understood_in_two_ways_is_not_read() {
    type Change = fn(&mut x509::Certificate);
    let changes: [Change; 12] = [
        |it| it.version = 4,
        |it| it.version = 0x81,
        |it| it.extensions = vec![basic_constraints(true, None); 2],
        |it| it.extensions = vec![key_usage(4); 2],
        |it| it.extensions = vec![subject_alt_name(&["a"]); 2],
        // TRUE is 0xFF in DER.
        |it| it.extensions.push(extension(19, &[0x30, 3, 1, 1, 1])),
        |it| it.extensions.push(extension(19, &[0x30, 4, 1, 1, 0xff, 0])),
        |it| it.extensions.push(extension(19, &[0x30, 3, 1, 1, 0xff, 0])),
        |it| it.extensions.push(extension(15, &[4, 1, 4])),
        |it| it.not_after.extend(time("200101000000Z")),
        |it| it.key.extend([5, 0]),
        |it| it.ids = vec![0x83, 0],
    ];
    let (key, plain) = sample();
    for (at, change) in changes.into_iter().enumerate() {
        assert!(Certificate::read(&plain.clone().change(change).sign(&key)).is_none(), "{at}");
    }
    let der = plain.sign(&key);
    assert!(Certificate::read(&[&der[..], &[0]].concat()).is_none());
    for end in 0..der.len() {
        assert!(Certificate::read(&der[..end]).is_none(), "{end}");
    }
}

#[test]
fn a_common_name_is_that_of_a_host_or_of_its_siblings() {
    let (key, plain) = sample();
    for (common, server, is_its) in [
        (&["a.example"][..], "a.example", true),
        (&["a.example"], "A.EXAMPLE", true),
        (&["A.Example"], "a.example.", true),
        (&["b.example", "a.example"], "a.example", true),
        (&[], "a.example", false),
        (&["a.example"], "b.example", false),
        (&["a.example"], "x.a.example", false),
        (&["*.a.example"], "x.a.example", true),
        (&["*.a.example"], "a.example", false),
        (&["*.a.example"], "y.x.a.example", false),
        (&["*.example"], "a.example", false),
        (&["*"], "localhost", false),
        (&["a.example "], "a.example", false),
        (&["192.0.2.7"], "192.0.2.7", true),
        (&["192.0.2.7"], "192.0.2.8", false),
        (&["2001:DB8::7"], "2001:db8::7", true),
        (&["*.0.2.7"], "192.0.2.7", false),
    ] {
        let der = plain.clone().change(|it| it.subject = name(common)).sign(&key);
        let read = Certificate::read(&der).unwrap();
        let server = ServerName::try_from(server).unwrap();
        assert_eq!(read.has_common_name(&server), is_its, "{common:?} {server:?}");
        assert_eq!(read.common_names().collect::<Vec<_>>(), common);
    }
}

#[test]
fn a_key_of_an_unsupported_type_or_size_is_named() {
    let small = Some("an RSA key of less than 2048 bits");
    let large = Some("an RSA key of more than 8192 bits");
    let (key, plain) = sample();
    let p256 = plain.key.clone();
    let generate = |algorithm| KeyPair::generate_for(algorithm).unwrap();
    let (p384, ed25519) = (generate(&PKCS_ECDSA_P384_SHA384), generate(&PKCS_ED25519));
    for (info, expected) in [
        (x509::rsa_key(1024), small),
        (x509::rsa_key(2040), small),
        (x509::rsa_key(2047), small),
        (x509::rsa_key(2048), None),
        (x509::rsa_key(8192), None),
        (x509::rsa_key(8200), large),
        (x509::rsa_key(16_384), large),
        (p256, None),
        (x509::p521_key(), Some("a P-521 key")),
        (x509::brainpool_key(), Some("a key on another curve")),
        (x509::ed448_key(), Some("a key of another type")),
        (p384.subject_public_key_info(), None),
        (ed25519.subject_public_key_info(), None),
    ] {
        let len = info.len();
        let der = plain.clone().change(|it| it.key = info).sign(&key);
        assert_eq!(Certificate::read(&der).unwrap().key.unsupported(), expected, "{len}");
    }
}
