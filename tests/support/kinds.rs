//! Kinds of certificates: who sent what to a client that trusts what, and whether it is accepted.
//!
//! `tests/it/tls_trust.rs` compares the column `ours` with this crate, `tests/tools/openssl.rs` the column `openssl` with
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

pub struct Kind {
    pub what: &'static str,
    /// The server's own certificate first.
    pub sent: Vec<Vec<u8>>,
    pub trusted: Vec<Vec<u8>>,
    pub host: &'static str,
    /// Accepted, or a part of the error.
    pub ours: Result<(), &'static str>,
    pub openssl: bool,
    /// Why the two differ.
    pub why: &'static str,
}

const UNKNOWN: Result<(), &str> = Err("signed by none of the CAs that were given");
const MAY_NOT_SIGN: Result<(), &str> =
    Err("an intermediate certificate that the server sent may not sign");
const MARKED: Result<(), &str> = Err("marked as that of a CA");
const NOT_FOR: Result<(), &str> = Err("not for localhost");
const EXPIRED: Result<(), &str> = Err("expired at 2020-12-31T00:00:00Z");
const NOT_YET: Result<(), &str> = Err("not valid before 2999-01-01T00:00:00Z");

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

pub fn kinds(keys: &Keys) -> Vec<Kind> {
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
    let mut row = |what, sent: Vec<Vec<u8>>, trusted: Vec<Vec<u8>>, ours, openssl, why| {
        kinds.push(Kind { what, sent, trusted, host: "localhost", ours, openssl, why });
    };

    // The server's certificate, of a trusted root.
    let mut of_root = |what, change: &dyn Fn(&mut Certificate), ours, openssl, why| {
        let sent = vec![by_root(leaf("a root").change(change))];
        row(what, sent, vec![good_root.clone()], ours, openssl, why);
    };
    of_root("a server's", &|_| {}, Ok(()), true, "");
    of_root("without extended key usage", &without(37), Ok(()), true, "");
    of_root(
        "for clients and servers",
        &|it| {
            without(37)(it);
            it.extensions.push(extended_key_usage(&[CLIENT_AUTH, SERVER_AUTH]));
        },
        Ok(()),
        true,
        "",
    );
    of_root(
        "for clients alone",
        &|it| {
            without(37)(it);
            it.extensions.push(extended_key_usage(&[CLIENT_AUTH]));
        },
        Err("not meant for servers"),
        false,
        "",
    );
    of_root("CA:FALSE", &|it| it.extensions.push(basic_constraints(false, None)), Ok(()), true, "");
    of_root(
        "CA:TRUE",
        &|it| it.extensions.push(basic_constraints(true, None)),
        MARKED,
        true,
        "webpki, like Firefox, takes no CA's certificate as a server's unless it is trusted itself",
    );
    of_root(
        "key usage digitalSignature",
        &|it| it.extensions.push(key_usage(SIGNS_HANDSHAKES)),
        Ok(()),
        true,
        "",
    );
    of_root(
        "key usage keyCertSign alone",
        &|it| it.extensions.push(key_usage(SIGNS_CERTIFICATES)),
        Ok(()),
        false,
        "webpki looks at no key usage of a server's certificate; its key signed the handshake",
    );
    of_root("expired", &expired, EXPIRED, false, "");
    of_root("not yet valid", &not_yet, NOT_YET, false, "");
    of_root(
        "for another name",
        &|it| {
            without(17)(it);
            it.extensions.push(subject_alt_name(&["console.example"]));
        },
        NOT_FOR,
        false,
        "",
    );
    of_root(
        "for an address",
        &|it| {
            without(17)(it);
            it.extensions.push(subject_alt_name(&["127.0.0.1"]));
        },
        NOT_FOR,
        false,
        "",
    );
    of_root(
        "for localhost by its common name",
        &named(&["localhost"]),
        Err("names no host at all"),
        true,
        "only a pin goes by its common name (RFC 9525 section 2)",
    );
    of_root(
        "of version 1",
        &|it| {
            version(1)(it);
            it.subject = name(&["localhost"]);
        },
        Err("not of X.509 version 3"),
        true,
        "only a pin may be of version 1",
    );
    of_root(
        "with a unique identifier",
        &|it| it.ids = der(0x82, &[&[0, 7]]),
        Err("the server's certificate cannot be read"),
        true,
        "webpki reads none; no CA makes them any more",
    );
    of_root(
        "with an unknown critical extension",
        &|it| {
            let id = der(6, &[&[0x2a, 3, 4]]);
            it.extensions.push(der(0x30, &[&id, &der(1, &[&[0xff]]), &der(4, &[&[5, 0]])]));
        },
        Err("UnsupportedCriticalExtension"),
        false,
        "",
    );
    of_root(
        "basic constraints twice",
        &|it| {
            it.extensions.push(basic_constraints(false, None));
            it.extensions.push(basic_constraints(true, None));
        },
        Err("the server's certificate was rejected"),
        false,
        "",
    );

    // Who signed it.
    row(
        "a stranger's, in the root's name",
        vec![leaf("a root").sign(&keys.stranger)],
        vec![good_root.clone()],
        Err("the signature on the server's certificate is wrong"),
        false,
        "",
    );
    row(
        "of a CA that is not trusted",
        vec![by_root(leaf("another"))],
        vec![good_root.clone()],
        UNKNOWN,
        false,
        "",
    );
    let sent = |change: &dyn Fn(&mut Certificate)| {
        vec![by_intermediate(leaf("an intermediate")), by_root(intermediate().change(change))]
    };
    let root_alone = || vec![good_root.clone()];
    row("of an intermediate", sent(&|_| {}), root_alone(), Ok(()), true, "");
    row(
        "of an intermediate, which is not sent",
        vec![by_intermediate(leaf("an intermediate"))],
        root_alone(),
        UNKNOWN,
        false,
        "",
    );
    row(
        "of an intermediate that is trusted itself",
        vec![by_intermediate(leaf("an intermediate"))],
        vec![good_intermediate.clone()],
        Ok(()),
        true,
        "",
    );
    row("… expired", sent(&expired), root_alone(), EXPIRED, false, "");
    row("… not yet valid", sent(&not_yet), root_alone(), NOT_YET, false, "");
    let change = |id: u8, other: Option<Vec<u8>>| {
        move |it: &mut Certificate| {
            without(id)(it);
            it.extensions.extend(other.clone());
        }
    };
    row(
        "… without basic constraints",
        sent(&change(19, None)),
        root_alone(),
        MAY_NOT_SIGN,
        false,
        "",
    );
    row(
        "… without any extension",
        sent(&|it| it.extensions.clear()),
        root_alone(),
        MAY_NOT_SIGN,
        false,
        "",
    );
    let constraints = |is_ca, len| Some(basic_constraints(is_ca, len));
    row(
        "… CA:FALSE",
        sent(&change(19, constraints(false, None))),
        root_alone(),
        MAY_NOT_SIGN,
        false,
        "",
    );
    row("… without key usage", sent(&change(15, None)), root_alone(), Ok(()), true, "");
    row(
        "… key usage digitalSignature",
        sent(&change(15, Some(key_usage(SIGNS_HANDSHAKES)))),
        root_alone(),
        MAY_NOT_SIGN,
        false,
        "",
    );
    row(
        "… pathlen 0",
        sent(&change(19, constraints(true, Some(0)))),
        root_alone(),
        Ok(()),
        true,
        "",
    );
    row("… of version 1", sent(&version(1)), root_alone(), MAY_NOT_SIGN, false, "");
    row(
        "… for servers",
        sent(&change(37, Some(extended_key_usage(&[SERVER_AUTH])))),
        root_alone(),
        Ok(()),
        true,
        "",
    );
    row(
        "… for clients",
        sent(&change(37, Some(extended_key_usage(&[CLIENT_AUTH])))),
        root_alone(),
        Err("not meant for servers"),
        false,
        "",
    );
    row(
        "… permitted for localhost",
        sent(&change(30, Some(name_constraints(true, &["localhost"])))),
        root_alone(),
        Ok(()),
        true,
        "",
    );
    row(
        "… permitted for example",
        sent(&change(30, Some(name_constraints(true, &["example"])))),
        root_alone(),
        Err("NameConstraintViolation"),
        false,
        "",
    );
    row(
        "… not permitted for localhost",
        sent(&change(30, Some(name_constraints(false, &["localhost"])))),
        root_alone(),
        Err("NameConstraintViolation"),
        false,
        "",
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
    row("… of an intermediate with pathlen 1", long(1), root_alone(), Ok(()), true, "");
    row(
        "… of an intermediate with pathlen 0",
        long(0),
        root_alone(),
        Err("PathLenConstraintViolated"),
        false,
        "",
    );
    row(
        "of another server's certificate",
        vec![leaf("a server").sign(&keys.server), by_root(leaf("a root"))],
        root_alone(),
        MAY_NOT_SIGN,
        false,
        "",
    );

    // What the root says of itself.
    let mut by = |what, change: &dyn Fn(&mut Certificate), ours, openssl, why| {
        let trusted = vec![by_root(root().change(change))];
        row(what, vec![by_root(leaf("a root"))], trusted, ours, openssl, why);
    };
    by("of a root without key usage", &without(15), Ok(()), true, "");
    by(
        "of a root with key usage digitalSignature",
        &change(15, Some(key_usage(SIGNS_HANDSHAKES))),
        UNKNOWN,
        false,
        "",
    );
    by("of a root CA:FALSE", &change(19, constraints(false, None)), UNKNOWN, false, "");
    by(
        "of a root without basic constraints",
        &change(19, None),
        UNKNOWN,
        true,
        "OpenSSL takes keyCertSign instead",
    );
    by("of a root without any extension", &|it| it.extensions.clear(), UNKNOWN, false, "");
    by(
        "of a root of version 1",
        &version(1),
        UNKNOWN,
        true,
        "such a root counts in the system's own store alone",
    );
    by(
        "of an expired root",
        &expired,
        Ok(()),
        false,
        "an anchor's dates are not checked (RFC 5280 section 6.1.1 (d))",
    );
    by("of a root that is not yet valid", &not_yet, Ok(()), false, "the same");
    by(
        "of a root for clients",
        &change(37, Some(extended_key_usage(&[CLIENT_AUTH]))),
        Ok(()),
        false,
        "an anchor's extended key usage is not checked",
    );
    by(
        "of a root permitted for example",
        &change(30, Some(name_constraints(true, &["example"]))),
        Err("NameConstraintViolation"),
        false,
        "",
    );
    row(
        "of an intermediate of a root with pathlen 0",
        sent(&|_| {}),
        vec![by_root(root().change(change(19, constraints(true, Some(0)))))],
        Ok(()),
        false,
        "an anchor's pathlen is not checked",
    );
    row(
        "of a trusted server's key",
        vec![
            Certificate::new("localhost", "localhost", &keys.stranger)
                .with(subject_alt_name(&["localhost"]))
                .sign(&keys.server),
        ],
        vec![by_itself(own().change(change(19, constraints(false, None))))],
        UNKNOWN,
        false,
        "",
    );

    // Trusted itself.
    let mut pinned = |what, certificate: Vec<u8>, ours, openssl, why| {
        row(what, vec![certificate.clone()], vec![certificate], ours, openssl, why);
    };
    pinned("a pin, self-signed, CA:TRUE", by_itself(own()), Ok(()), true, "");
    pinned(
        "a pin, self-signed, CA:FALSE",
        by_itself(own().change(change(19, constraints(false, None)))),
        Ok(()),
        true,
        "",
    );
    pinned(
        "a pin, self-signed, without basic constraints",
        by_itself(own().change(change(19, None))),
        Ok(()),
        true,
        "",
    );
    pinned("a pin, of a CA that is not trusted", by_root(leaf("a root")), Ok(()), true, "");
    pinned("a pin, with a wrong signature", leaf("a root").sign(&keys.stranger), Ok(()), true, "");
    pinned(
        "a pin, by its common name",
        by_itself(own().change(named(&["localhost"]))),
        Ok(()),
        true,
        "",
    );
    pinned(
        "a pin, by its second common name",
        by_itself(own().change(named(&["console", "localhost"]))),
        Ok(()),
        true,
        "",
    );
    pinned(
        "a pin, by its common name in capitals",
        by_itself(own().change(named(&["LOCALHOST"]))),
        Ok(()),
        true,
        "",
    );
    pinned(
        "a pin, with another common name",
        by_itself(own().change(named(&["console.example"]))),
        Err("not for localhost but for console.example"),
        false,
        "",
    );
    pinned(
        "a pin, with a common name of words",
        by_itself(own().change(|it| {
            named(&["QRadar (test)"])(it);
            change(19, None)(it);
        })),
        Err("not for localhost but for QRadar (test)"),
        false,
        "",
    );
    pinned(
        "a pin, CA:TRUE, with a common name of words",
        by_itself(own().change(named(&["An Appliance"]))),
        MARKED,
        false,
        "",
    );
    pinned(
        "a pin, by its common name beside a subjectAltName",
        by_itself(own().change(|it| {
            named(&["localhost"])(it);
            it.extensions.push(subject_alt_name(&["console.example"]));
        })),
        Err("not for localhost but for console.example"),
        false,
        "",
    );
    pinned(
        "a pin, by its common name beside a subjectAltName with an address",
        by_itself(own().change(|it| {
            named(&["localhost"])(it);
            it.extensions.push(subject_alt_name(&["192.0.2.7"]));
        })),
        Err("not for localhost but for 192.0.2.7"),
        true,
        "OpenSSL goes by the common name unless the subjectAltName has a DNS name",
    );
    pinned("a pin, of version 1", by_itself(own().change(version(1))), Ok(()), true, "");
    pinned("a pin, of version 2", by_itself(own().change(version(2))), Ok(()), true, "");
    pinned("a pin, expired", by_itself(own().change(expired)), EXPIRED, false, "");
    pinned("a pin, not yet valid", by_itself(own().change(not_yet)), NOT_YET, false, "");
    pinned(
        "a pin, for clients",
        by_itself(own().with(extended_key_usage(&[CLIENT_AUTH]))),
        Ok(()),
        false,
        "it was named to be trusted; what it says about its purpose does not matter",
    );
    pinned(
        "a pin, key usage digitalSignature",
        by_itself(own().change(change(15, Some(key_usage(SIGNS_HANDSHAKES))))),
        Ok(()),
        true,
        "",
    );
    row(
        "the same names and key as a pin, but another certificate",
        vec![by_itself(own().change(|it| {
            change(19, None)(it);
            it.not_after = time("480101000000Z");
        }))],
        vec![by_itself(own().change(change(19, None)))],
        UNKNOWN,
        false,
        "",
    );

    // By an address.
    let mut at_address = |what, certificate: Certificate, ours, openssl, why| {
        let sent = vec![by_itself(certificate)];
        kinds.push(Kind {
            what,
            trusted: sent.clone(),
            sent,
            host: "127.0.0.1",
            ours,
            openssl,
            why,
        });
    };
    at_address(
        "a pin, by its address",
        own().change(|it| {
            without(17)(it);
            it.extensions.push(subject_alt_name(&["127.0.0.1"]));
        }),
        Ok(()),
        true,
        "",
    );
    at_address(
        "a pin, by an address in its common name",
        own().change(named(&["127.0.0.1"])),
        Ok(()),
        false,
        "curl accepts it too; OpenSSL looks for addresses in the subjectAltName alone",
    );
    at_address(
        "a pin, by a name",
        own().change(named(&["localhost"])),
        Err("not for 127.0.0.1 but for localhost"),
        false,
        "",
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
