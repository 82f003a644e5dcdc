//! The reader of certificates, beside webpki: a certificate with changes in any place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::internal::{Certificate, CertificateKey as Key};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -keyout key.pem -out certificate.pem \
//     -subj '/O=An appliance/CN=*.a.example/CN=localhost' -addext keyUsage=critical,keyCertSign,digitalSignature \
//     -addext extendedKeyUsage=serverAuth -addext subjectAltName=DNS:localhost,IP:127.0.0.1
const SAMPLES: [&str; 2] =
    [include_str!("certificate.pem"), include_str!("../../tests/support/version1.pem")];

/// The data are changes: what to do, where, with which byte.
fn changed(data: &[u8]) -> Vec<u8> {
    let (which, changes) = data.split_first().unwrap_or((&0, &[]));
    if *which == 2 {
        return changes.to_vec();
    }
    let sample = SAMPLES[usize::from(which % 2)];
    let mut der = CertificateDer::from_pem_slice(sample.as_bytes()).expect("PEM").to_vec();
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([change[1], change[2]])) % der.len().max(1);
        match change[0] % 4 {
            _ if der.is_empty() => return der,
            0 => der[at] = change[3],
            1 => der.insert(at, change[3]),
            2 => drop(der.remove(at)),
            _ => der.truncate(at),
        }
    }
    der
}

fuzz_target!(|data: &[u8]| {
    let der = changed(data);
    let read = Certificate::read(&der);
    let anchors = {
        let mut anchors = RootCertStore::empty();
        let _ = anchors.add(CertificateDer::from(der.clone()));
        anchors.roots
    };
    let Some(read) = read else { return };
    assert!(read.is_ca || !read.may_sign());
    assert!(read.common_names().count() <= der.len());
    for server in ["localhost", "x.a.example", "127.0.0.1"] {
        let server = ServerName::try_from(server).expect("a name");
        assert!(!read.has_common_name(&server) || read.common_names().count() > 0);
    }
    let _ = read.key.unsupported();
    // Whatever follows it, or is missing, is seen.
    let longer = [&der[..], &[0]].concat();
    assert!(Certificate::read(&longer).is_none());
    assert!(Certificate::read(&der[..der.len() - 1]).is_none());
    // webpki reads the same name and key.
    if let Some(anchor) = anchors.first() {
        assert_eq!(anchor.subject.as_ref(), read.subject);
        let key = Key::read(&anchor.subject_public_key_info).expect("the key was read before");
        assert_eq!((key.algorithm, key.bits), (read.key.algorithm, read.key.bits));
    }
});
