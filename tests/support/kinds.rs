//! Kinds of certificates: who sent what to a client that trusts what, and whether it is accepted.
//!
//! `tests/servers/tls_trust.rs` compares this crate with `outcome`, and `tests/tools/openssl.rs`
//! `openssl verify -partial_chain -purpose sslserver`, which is what curl asks of OpenSSL.

use super::x509::*;
use rcgen::{KeyPair, PublicKeyData};

pub struct Keys {
    pub root: KeyPair,
    pub intermediate: KeyPair,
    pub server: KeyPair,
    pub stranger: KeyPair,
}

impl Keys {
    pub fn generate() -> Keys {
        let key = || KeyPair::generate().expect("a key");
        Keys { root: key(), intermediate: key(), server: key(), stranger: key() }
    }
}

pub struct CertificateKind {
    pub what: &'static str,
    /// The server's own certificate first.
    pub sent: Vec<Vec<u8>>,
    pub trusted: Vec<Vec<u8>>,
    pub host: &'static str,
    pub outcome: Outcome,
}

/// Ours: accepted, or a part of the error; whether OpenSSL accepts it; and why the two differ.
pub type Outcome = (Result<(), &'static str>, bool, &'static str);

const GOOD: Outcome = (Ok(()), true, "");

fn bad(part: &'static str) -> Outcome {
    (Err(part), false, "")
}

const UNKNOWN: &str = "signed by none of the CAs that were given";
const MAY_NOT_SIGN: &str = "an intermediate certificate that the server sent may not sign";
const GIVEN_WITHOUT_CA: &str = "the certificate that was given for the server's CA may not sign others: it lacks the basic constraint CA:TRUE; have it issued as a CA's";
const GIVEN_WITHOUT_KEY_USAGE: &str = "the certificate that was given for the server's CA may not sign others: its key usage lacks keyCertSign";
const GIVEN_OF_VERSION_1: &str = "the certificate that was given for the server's CA may not sign others: it is not of X.509 version 3";
const SIGNATURE: &str = "the server's certificate has a signature that is not supported here, such as SHA-1, or SHA-512 with ECDSA; have it issued with SHA-256 or SHA-384";
const MARKED: &str = "marked as that of a CA";
const NOT_FOR: &str = "not for localhost";
const EXPIRED: &str = "expired at 2020-12-31T00:00:00Z";
const NOT_YET: &str = "not valid before 2999-01-01T00:00:00Z";

fn expired(certificate: &mut Certificate) {
    certificate.not_after = time("201231000000Z");
}

fn not_yet(certificate: &mut Certificate) {
    certificate.not_before = time("29990101000000Z");
    certificate.not_after = time("29991231000000Z");
}

fn without(id: u8) -> impl Fn(&mut Certificate) {
    move |certificate| certificate.extensions.retain(|extension| extension[6] != id)
}

/// Another extension in the place of the one with that identifier, or none.
fn change(id: u8, other: Option<Vec<u8>>) -> impl Fn(&mut Certificate) {
    move |certificate| {
        without(id)(certificate);
        certificate.extensions.extend(other.clone());
    }
}

fn with(extension: Vec<u8>) -> impl Fn(&mut Certificate) {
    move |certificate| certificate.extensions.push(extension.clone())
}

fn version(version: u8) -> impl Fn(&mut Certificate) {
    move |certificate| {
        certificate.version = version;
        certificate.extensions.clear();
    }
}

fn named(common: &'static [&'static str]) -> impl Fn(&mut Certificate) {
    move |certificate| {
        certificate.subject = name(common);
        without(17)(certificate);
    }
}

pub fn kinds(keys: &Keys) -> Vec<CertificateKind> {
    let root = || {
        Certificate::new("a root", "a root", &keys.root)
            .with(basic_constraints(true, None))
            .with(key_usage(SIGNS_CERTIFICATES))
    };
    let intermediate = || {
        Certificate::new("a root", "an intermediate", &keys.intermediate)
            .with(basic_constraints(true, None))
            .with(key_usage(SIGNS_CERTIFICATES))
    };
    let leaf = |issuer: &str| {
        Certificate::new(issuer, "a server", &keys.server)
            .with(subject_alt_name(&["localhost"]))
            .with(extended_key_usage(&[SERVER_AUTH]))
    };
    // As openssl req -x509 makes it, but for the name.
    let own = || {
        Certificate::new("localhost", "localhost", &keys.server)
            .with(subject_alt_name(&["localhost"]))
            .with(basic_constraints(true, None))
    };
    let by_root = |certificate: Certificate| certificate.sign(&keys.root);
    let by_intermediate = |certificate: Certificate| certificate.sign(&keys.intermediate);
    let by_itself = |certificate: Certificate| certificate.sign(&keys.server);
    let good_root = by_root(root());
    let good_intermediate = by_root(intermediate());

    let mut kinds = Vec::new();
    let mut row = |what, sent: Vec<Vec<u8>>, trusted: Vec<Vec<u8>>, outcome| {
        kinds.push(CertificateKind { what, sent, trusted, host: "localhost", outcome });
    };

    // The server's certificate, of a trusted root.
    let mut of_root = |what, change: &dyn Fn(&mut Certificate), outcome| {
        let sent = vec![by_root(leaf("a root").change(change))];
        row(what, sent, vec![good_root.clone()], outcome);
    };
    of_root("a server's", &|_| {}, GOOD);
    of_root("without extended key usage", &without(37), GOOD);
    of_root(
        "for clients and servers",
        &change(37, Some(extended_key_usage(&[CLIENT_AUTH, SERVER_AUTH]))),
        GOOD,
    );
    of_root(
        "for clients alone",
        &change(37, Some(extended_key_usage(&[CLIENT_AUTH]))),
        bad("the server's certificate is not meant for servers"),
    );
    of_root("CA:FALSE", &with(basic_constraints(false, None)), GOOD);
    of_root(
        "CA:TRUE",
        &with(basic_constraints(true, None)),
        (
            Err(MARKED),
            true,
            "webpki, like Firefox, takes no CA's certificate as a server's unless it is trusted itself",
        ),
    );
    of_root("key usage digitalSignature", &with(key_usage(SIGNS_HANDSHAKES)), GOOD);
    of_root(
        "key usage keyCertSign alone",
        &with(key_usage(SIGNS_CERTIFICATES)),
        (
            Ok(()),
            false,
            "webpki looks at no key usage of a server's certificate; its key signed the handshake",
        ),
    );
    of_root("expired", &expired, bad(EXPIRED));
    of_root("not yet valid", &not_yet, bad(NOT_YET));
    of_root(
        "for another name",
        &change(17, Some(subject_alt_name(&["console.example"]))),
        bad(NOT_FOR),
    );
    of_root("for an address", &change(17, Some(subject_alt_name(&["127.0.0.1"]))), bad(NOT_FOR));
    of_root(
        "for localhost by its common name",
        &named(&["localhost"]),
        (
            Err("names no host at all"),
            true,
            "only a pin goes by its common name (RFC 9525 section 2)",
        ),
    );
    of_root(
        "of version 1",
        &|it| {
            version(1)(it);
            it.subject = name(&["localhost"]);
        },
        (Err("not of X.509 version 3"), true, "only a pin may be of version 1"),
    );
    of_root(
        "with a unique identifier",
        &|it| it.ids = der(0x82, &[&[0, 7]]),
        (
            Err("the server's certificate cannot be read"),
            true,
            "webpki reads none; no CA makes them any more",
        ),
    );
    of_root(
        "with an unknown critical extension",
        &|it| {
            let id = der(6, &[&[0x2a, 3, 4]]);
            it.extensions.push(der(0x30, &[&id, &der(1, &[&[0xff]]), &der(4, &[&[5, 0]])]));
        },
        bad("UnsupportedCriticalExtension"),
    );
    of_root(
        "basic constraints twice",
        &|it| {
            it.extensions.push(basic_constraints(false, None));
            it.extensions.push(basic_constraints(true, None));
        },
        bad("the server's certificate was rejected"),
    );

    // Who signed it.
    row(
        "a stranger's, in the root's name",
        vec![leaf("a root").sign(&keys.stranger)],
        vec![good_root.clone()],
        bad("the signature on the server's certificate is wrong"),
    );
    row(
        "of a CA that is not trusted",
        vec![by_root(leaf("another"))],
        vec![good_root.clone()],
        bad(UNKNOWN),
    );
    let sent = |change: &dyn Fn(&mut Certificate)| {
        vec![by_intermediate(leaf("an intermediate")), by_root(intermediate().change(change))]
    };
    let root_alone = || vec![good_root.clone()];
    row("of an intermediate", sent(&|_| {}), root_alone(), GOOD);
    row(
        "of an intermediate, which is not sent",
        vec![by_intermediate(leaf("an intermediate"))],
        root_alone(),
        bad(UNKNOWN),
    );
    row(
        "of a stranger, beside an intermediate of another that may not sign",
        vec![
            leaf("a stranger").sign(&keys.stranger),
            by_root(intermediate().change(change(19, None))),
        ],
        root_alone(),
        bad(UNKNOWN),
    );
    row(
        "of an intermediate that is trusted itself",
        vec![by_intermediate(leaf("an intermediate"))],
        vec![good_intermediate.clone()],
        GOOD,
    );
    row(
        "… expired",
        sent(&expired),
        root_alone(),
        bad(
            "the intermediate certificate `an intermediate` that the server sent expired at 2020-12-31T00:00:00Z, and it is 20",
        ),
    );
    row(
        "… expired, of a name that cannot be shown",
        {
            let long = format!("\u{1b}[31m{}", "a".repeat(100));
            let intermediate =
                intermediate().change(expired).change(|it| it.subject = name(&[&long]));
            vec![by_intermediate(leaf(&long)), by_root(intermediate)]
        },
        root_alone(),
        bad(
            "\\u{1b}[31maaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` that",
        ),
    );
    row(
        "… expired, without a common name",
        {
            let intermediate = intermediate().change(expired).change(|it| it.subject = name(&[]));
            vec![
                by_intermediate(leaf("").change(|it| it.issuer = name(&[]))),
                by_root(intermediate),
            ]
        },
        root_alone(),
        bad("the intermediate certificate that the server sent expired at 2020-12-31T00:00:00Z"),
    );
    row(
        "… not yet valid",
        sent(&not_yet),
        root_alone(),
        bad(
            "the intermediate certificate `an intermediate` that the server sent is not valid before 2999-01-01T00:00:00Z",
        ),
    );
    row(
        "… expired, as the server's is",
        vec![
            by_intermediate(leaf("an intermediate").change(expired)),
            by_root(intermediate().change(expired)),
        ],
        root_alone(),
        bad("the server's certificate expired at 2020-12-31T00:00:00Z"),
    );
    row(
        "… said to be signed with SHA-1",
        vec![
            by_intermediate(leaf("an intermediate")),
            intermediate().sign_as(ECDSA_WITH_SHA1, &keys.root),
        ],
        root_alone(),
        bad(
            "the intermediate certificate `an intermediate` that the server sent has a signature that is not supported here",
        ),
    );
    row(
        "said to be signed with SHA-1",
        vec![leaf("a root").sign_as(ECDSA_WITH_SHA1, &keys.root)],
        root_alone(),
        bad(SIGNATURE),
    );
    row(
        "said to be signed by an unknown algorithm of a long name",
        vec![leaf("a root").sign_as(&[7; 9000], &keys.root)],
        root_alone(),
        bad("the server's certificate has a signature that is not supported here"),
    );
    row(
        "… for many purposes",
        sent(&change(37, Some(extended_key_usage(&[CLIENT_AUTH; 900])))),
        root_alone(),
        bad(
            "the intermediate certificate `an intermediate` that the server sent is not meant for servers",
        ),
    );
    row(
        "… with parameters that its key cannot have",
        sent(&|it| {
            it.key = der(
                0x30,
                &[
                    &der(
                        0x30,
                        &[
                            &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1],
                            &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
                            &der(4, &[&[7; 9000]]),
                        ],
                    ),
                    &der(3, &[&[0, 4], &[7; 64]]),
                ],
            )
        }),
        root_alone(),
        bad("the signature on the server's certificate is wrong"),
    );
    row(
        "said to be signed on P-256 with SHA-512",
        vec![leaf("a root").sign_as(ECDSA_WITH_SHA512, &keys.root)],
        root_alone(),
        bad(SIGNATURE),
    );
    row("… without basic constraints", sent(&change(19, None)), root_alone(), bad(MAY_NOT_SIGN));
    row(
        "… without any extension",
        sent(&|it| it.extensions.clear()),
        root_alone(),
        bad(MAY_NOT_SIGN),
    );
    let constraints = |is_ca, len| Some(basic_constraints(is_ca, len));
    row("… CA:FALSE", sent(&change(19, constraints(false, None))), root_alone(), bad(MAY_NOT_SIGN));
    row("… without key usage", sent(&change(15, None)), root_alone(), GOOD);
    row(
        "… key usage digitalSignature",
        sent(&change(15, Some(key_usage(SIGNS_HANDSHAKES)))),
        root_alone(),
        bad(MAY_NOT_SIGN),
    );
    row("… pathlen 0", sent(&change(19, constraints(true, Some(0)))), root_alone(), GOOD);
    row("… of version 1", sent(&version(1)), root_alone(), bad(MAY_NOT_SIGN));
    row(
        "… for servers",
        sent(&change(37, Some(extended_key_usage(&[SERVER_AUTH])))),
        root_alone(),
        GOOD,
    );
    row(
        "… for clients",
        sent(&change(37, Some(extended_key_usage(&[CLIENT_AUTH])))),
        root_alone(),
        bad(
            "the intermediate certificate `an intermediate` that the server sent is not meant for servers",
        ),
    );
    row(
        "… permitted for localhost",
        sent(&change(30, Some(name_constraints(true, &["localhost"])))),
        root_alone(),
        GOOD,
    );
    row(
        "… permitted for example",
        sent(&change(30, Some(name_constraints(true, &["example"])))),
        root_alone(),
        bad("NameConstraintViolation"),
    );
    row(
        "… not permitted for localhost",
        sent(&change(30, Some(name_constraints(false, &["localhost"])))),
        root_alone(),
        bad("NameConstraintViolation"),
    );
    let second = Certificate::new("an intermediate", "a second", &keys.stranger)
        .with(basic_constraints(true, None));
    let long = |len| {
        vec![
            leaf("a second").sign(&keys.stranger),
            by_intermediate(second.clone()),
            by_root(intermediate().change(change(19, constraints(true, Some(len))))),
        ]
    };
    row("… of an intermediate with pathlen 1", long(1), root_alone(), GOOD);
    row(
        "… of an intermediate with pathlen 0",
        long(0),
        root_alone(),
        bad("PathLenConstraintViolated"),
    );
    row(
        "of another server's certificate",
        vec![leaf("a server").sign(&keys.server), by_root(leaf("a root"))],
        root_alone(),
        bad(MAY_NOT_SIGN),
    );

    // What the root says of itself.
    let mut by = |what, change: &dyn Fn(&mut Certificate), outcome| {
        let trusted = vec![by_root(root().change(change))];
        row(what, vec![by_root(leaf("a root"))], trusted, outcome);
    };
    by("of a root without key usage", &without(15), GOOD);
    by(
        "of a root with key usage digitalSignature",
        &change(15, Some(key_usage(SIGNS_HANDSHAKES))),
        bad(GIVEN_WITHOUT_KEY_USAGE),
    );
    by("of a root CA:FALSE", &change(19, constraints(false, None)), bad(GIVEN_WITHOUT_CA));
    by(
        "of a root without basic constraints",
        &change(19, None),
        (Err(GIVEN_WITHOUT_CA), true, "OpenSSL takes keyCertSign instead"),
    );
    by("of a root without any extension", &|it| it.extensions.clear(), bad(GIVEN_WITHOUT_CA));
    by(
        "of a root of version 1",
        &version(1),
        (Err(GIVEN_OF_VERSION_1), true, "such a root counts in the system's own store alone"),
    );
    by(
        "of an expired root",
        &expired,
        (Ok(()), false, "an anchor's dates are not checked (RFC 5280 section 6.1.1 (d))"),
    );
    by("of a root that is not yet valid", &not_yet, (Ok(()), false, "the same"));
    by(
        "of a root for clients",
        &change(37, Some(extended_key_usage(&[CLIENT_AUTH]))),
        (Ok(()), false, "an anchor's extended key usage is not checked"),
    );
    by(
        "of a root permitted for example",
        &change(30, Some(name_constraints(true, &["example"]))),
        bad("NameConstraintViolation"),
    );
    row(
        "of an intermediate of a root of version 1",
        sent(&|_| {}),
        vec![by_root(root().change(version(1)))],
        (Err(GIVEN_OF_VERSION_1), true, "the same"),
    );
    let old_root = by_root(root().change(version(1)));
    row(
        "of a root of version 1, which is sent too",
        vec![by_root(leaf("a root")), old_root.clone()],
        vec![old_root],
        (Err(GIVEN_OF_VERSION_1), true, "the same"),
    );
    row(
        "of an intermediate of a root with pathlen 0",
        sent(&|_| {}),
        vec![by_root(root().change(change(19, constraints(true, Some(0)))))],
        (Ok(()), false, "an anchor's pathlen is not checked"),
    );
    row(
        "of a trusted server's key",
        vec![
            Certificate::new("localhost", "localhost", &keys.stranger)
                .with(subject_alt_name(&["localhost"]))
                .sign(&keys.server),
        ],
        vec![by_itself(own().change(change(19, constraints(false, None))))],
        bad(UNKNOWN),
    );

    // Trusted itself.
    let mut pinned = |what, certificate: Vec<u8>, outcome| {
        row(what, vec![certificate.clone()], vec![certificate], outcome);
    };
    pinned("a pin, of a CA that is not trusted", by_root(leaf("a root")), GOOD);
    pinned("a pin, with a wrong signature", leaf("a root").sign(&keys.stranger), GOOD);
    // Self-signed.
    let mut pin = |what, change: &dyn Fn(&mut Certificate), outcome| {
        pinned(what, by_itself(own().change(change)), outcome);
    };
    pin("a pin, self-signed, CA:TRUE", &|_| {}, GOOD);
    pin("a pin, self-signed, CA:FALSE", &change(19, constraints(false, None)), GOOD);
    pin("a pin, self-signed, without basic constraints", &change(19, None), GOOD);
    pin("a pin, by its common name", &named(&["localhost"]), GOOD);
    pin("a pin, by its second common name", &named(&["console", "localhost"]), GOOD);
    pin("a pin, by its common name in capitals", &named(&["LOCALHOST"]), GOOD);
    pin(
        "a pin, with another common name",
        &named(&["console.example"]),
        bad("not for localhost but for console.example"),
    );
    pin(
        "a pin, with a common name of words",
        &|it| {
            named(&["QRadar (test)"])(it);
            change(19, None)(it);
        },
        bad("not for localhost but for QRadar (test)"),
    );
    pin("a pin, CA:TRUE, with a common name of words", &named(&["An Appliance"]), bad(MARKED));
    pin(
        "a pin, by its common name beside a subjectAltName",
        &|it| {
            named(&["localhost"])(it);
            it.extensions.push(subject_alt_name(&["console.example"]));
        },
        bad("not for localhost but for console.example"),
    );
    pin(
        "a pin, by its common name beside a subjectAltName with an address",
        &|it| {
            named(&["localhost"])(it);
            it.extensions.push(subject_alt_name(&["192.0.2.7"]));
        },
        (
            Err("not for localhost but for 192.0.2.7"),
            true,
            "OpenSSL goes by the common name unless the subjectAltName has a DNS name",
        ),
    );
    pin("a pin, of version 1", &version(1), GOOD);
    pin("a pin, of version 2", &version(2), GOOD);
    pin("a pin, expired", &expired, bad(EXPIRED));
    pin("a pin, not yet valid", &not_yet, bad(NOT_YET));
    pin(
        "a pin, for clients",
        &with(extended_key_usage(&[CLIENT_AUTH])),
        (
            Ok(()),
            false,
            "it was named to be trusted; what it says about its purpose does not matter",
        ),
    );
    pin("a pin, key usage digitalSignature", &change(15, Some(key_usage(SIGNS_HANDSHAKES))), GOOD);
    row(
        "the same names and key as a pin, but another certificate",
        vec![by_itself(own().change(|it| {
            change(19, None)(it);
            it.not_after = time("480101000000Z");
        }))],
        vec![by_itself(own().change(change(19, None)))],
        bad(UNKNOWN),
    );

    // By an address.
    let mut at_address = |what, certificate: Certificate, outcome| {
        let sent = vec![by_itself(certificate)];
        kinds.push(CertificateKind {
            what,
            trusted: sent.clone(),
            sent,
            host: "127.0.0.1",
            outcome,
        });
    };
    at_address(
        "a pin, by its address",
        own().change(change(17, Some(subject_alt_name(&["127.0.0.1"])))),
        GOOD,
    );
    at_address(
        "a pin, by an address in its common name",
        own().change(named(&["127.0.0.1"])),
        (
            Ok(()),
            false,
            "curl accepts it too; OpenSSL looks for addresses in the subjectAltName alone",
        ),
    );
    at_address(
        "a pin, by a name",
        own().change(named(&["localhost"])),
        bad("not for 127.0.0.1 but for localhost"),
    );
    at_address(
        "a pin, by an address among the names",
        own().change(change(17, Some(extension(17, &der(0x30, &[&der(0x82, &[b"127.0.0.1"])]))))),
        bad("has 127.0.0.1 as a DNS name; have it issued with IP:127.0.0.1 in its subjectAltName"),
    );
    kinds
}

type Sent = Vec<Vec<u8>>;
type Trusted = Vec<u8>;

/// Chains whose keys this crate does not support: what is sent, what is trusted, and the explanation.
pub fn with_unsupported_keys(keys: &Keys) -> Vec<(Sent, Trusted, &'static str)> {
    let root = |key: Vec<u8>| {
        let mut root =
            Certificate::new("a root", "a root", &keys.root).with(basic_constraints(true, None));
        root.key = key;
        root.sign(&keys.root)
    };
    let leaf = |issuer, key: Vec<u8>| {
        Certificate::new(issuer, "a server", &keys.server)
            .with(subject_alt_name(&["localhost"]))
            .change(|it| it.key = key)
    };
    let supported = |key: &KeyPair| key.subject_public_key_info();
    let intermediate = |key: Vec<u8>| {
        Certificate::new("a root", "an intermediate", &keys.intermediate)
            .with(basic_constraints(true, None))
            .change(|it| it.key = key)
            .sign(&keys.root)
    };
    let mut cases = Vec::new();
    for (key, kind) in [
        (rsa_key(1024), "an RSA key of less than 2048 bits"),
        (rsa_key(2040), "an RSA key of less than 2048 bits"),
        (rsa_key(8200), "an RSA key of more than 8192 bits"),
        (rsa_key(16_384), "an RSA key of more than 8192 bits"),
        (p521_key(), "a P-521 key"),
        (brainpool_key(), "a key on another curve"),
        (ed448_key(), "a key of another type"),
    ] {
        let good = root(supported(&keys.root));
        let at_server = leaf("a root", key.clone()).sign(&keys.root);
        let server = leaf("a root", supported(&keys.server)).sign(&keys.root);
        let of_intermediate =
            leaf("an intermediate", supported(&keys.server)).sign(&keys.intermediate);
        let text = |whose: &str| &*format!("{whose} has {kind}, which is not supported").leak();
        cases.push((vec![at_server], good.clone(), text("the server's certificate")));
        cases.push((
            vec![of_intermediate, intermediate(key.clone())],
            good,
            text("an intermediate CA"),
        ));
        cases.push((vec![server], root(key), text("a trusted CA")));
    }
    cases
}
