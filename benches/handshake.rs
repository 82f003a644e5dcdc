//! What the worst certificates cost a client: `cargo bench --features tls --bench handshake`. The figures of
//! `benches/tls.md` are its.

mod support;

use minbearer::{Http, Request, Transport};
use rcgen::{KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::tls::{Presented, Server, Zeros, pem};
use support::x509::*;

/// Prints the time of the fastest of three requests, and how they ended.
fn measure(what: &str, sent: &[Vec<u8>], trusted: &[Vec<u8>], key: Arc<dyn SigningKey>) {
    let chain = sent.iter().cloned().map(CertificateDer::from).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presented(Arc::new(CertifiedKey::new(chain, key)))));
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let inside = Server::answering(vec![answer], Duration::ZERO);
    let server = Server::terminating_tls(config, inside.port());
    let request = Request::get(&server.url("localhost", "/")).unwrap();
    let trusted: String = trusted.iter().map(|der| pem(der)).collect();
    let mut fastest = Duration::MAX;
    let mut ended = String::new();
    for _ in 0..3 {
        let http = Http::new().with_ca(&trusted).unwrap();
        let start = Instant::now();
        let outcome = http.send(&request, start + Duration::from_secs(120));
        fastest = fastest.min(start.elapsed());
        ended = outcome.map_or_else(|error| error.to_string(), |_| "accepted".into());
    }
    let bytes: usize = sent.iter().map(Vec::len).sum();
    let ended = ended.rsplit("failed: ").next().unwrap_or_default();
    let ended: String = ended.chars().take(70).collect();
    println!("| {what} | {bytes} | {:.1} | {ended} |", fastest.as_secs_f64() * 1000.0);
}

fn main() {
    let [root, inner, server] = [(); 3].map(|()| KeyPair::generate().unwrap());
    let signing = PrivateKeyDer::try_from(server.serialize_der()).unwrap();
    let signing = rustls::crypto::ring::sign::any_supported_type(&signing).unwrap();
    let large = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let ca = |issuer: &str, subject: &str, key: &KeyPair| {
        Certificate::new(issuer, subject, key).with(basic_constraints(true, None))
    };
    let trusted = [ca("a root", "a root", &root).sign(&root)];
    let leaf = |issuer: &str| Certificate::new(issuer, "a server", &server);
    let named = |count: usize, domain: &str| {
        let names: Vec<String> = (0..count).map(|at| format!("n{at}.{domain}")).collect();
        subject_alt_name(&names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let ours = leaf("a root").with(subject_alt_name(&["localhost"]));
    println!("| what the server sends | bytes | ms | outcome |\n| --- | ---: | ---: | --- |");
    measure("one certificate", &[ours.sign(&root)], &trusted, signing.clone());
    measure(
        "3,500 names, none of them the server's",
        &[leaf("a root").with(named(3500, "example")).sign(&root)],
        &trusted,
        signing.clone(),
    );
    let tiny = |_| der(0x30, &[&der(6, &[&[0x2a]]), &der(4, &[])]);
    let many = |count: usize| ours.clone().change(|it| it.extensions.extend((0..count).map(tiny)));
    measure("8,500 extensions", &[many(8500).sign(&root)], &trusted, signing.clone());
    for bits in [2048, 8192, 16_384] {
        let with_key = ours.clone().change(|it| it.key = rsa_key(bits)).sign(&root);
        measure(
            &format!("a server's RSA key of {bits} bits"),
            &[with_key],
            &trusted,
            Arc::new(Zeros),
        );
    }
    let permitted: Vec<String> = (0..700).map(|at| format!("p{at}.example")).collect();
    let permitted: Vec<_> = permitted.iter().map(String::as_str).collect();
    let constrained = ca("a root", "constrained", &inner).with(name_constraints(true, &permitted));
    measure(
        "2,500 names × 700 name constraints, signed by a trusted root",
        &[
            leaf("constrained").with(named(2500, "p699.example")).sign(&inner),
            constrained.sign(&root),
        ],
        &trusted,
        signing.clone(),
    );
    // Pairs of certificates of one name, which lead to each other: the most paths that six certificates can make.
    let pairs = |names: [&str; 3], extensions: usize, signed_by: &KeyPair| -> Vec<Vec<u8>> {
        (0..6)
            .map(|at| {
                let (subject, issuer) = (names[at / 2], names[(at / 2 + 1) % 3]);
                ca(issuer, subject, &KeyPair::generate().unwrap())
                    .change(|it| it.extensions.extend((0..extensions).map(tiny)))
                    .sign(signed_by)
            })
            .collect()
    };
    let apart = [vec![leaf("a").sign(&inner)], pairs(["a", "b", "c"], 330, &inner)].concat();
    measure(
        "six intermediates of 16 KiB, three pairs in a circle",
        &apart,
        &trusted,
        signing.clone(),
    );
    for (what, key) in [("P-256", &root), ("P-384", &large)] {
        let roots = ["a", "b", "c"].map(|name| {
            ca(name, name, &root).change(|it| it.key = key.subject_public_key_info()).sign(&root)
        });
        let what = format!("the same, each in the name of a trusted root with a key on {what}");
        measure(&what, &apart, &roots, signing.clone());
    }
}
