//! Assertions signed by ring: which keys are taken, by which algorithms they sign, and what is said of others.

#![cfg(feature = "sign")]

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use minbearer::client_credentials::{
    Algorithm, ClientAuthentication, Config, SignedAssertion, SigningKey,
};
use minbearer::{AfterRefusal, Error, Flow, Kind};
use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256, RsaKeyPair,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::Value;
use std::fs;

const URL: &str = "https://auth.example/token";
/// With text before it.
const RFC_7515_KEY: &str =
    include_str!("../../src/flow/client_credentials/signed_assertion/tests/rfc7515.pem");
const RSA_2048: &str = include_str!("../support/rsa2048.pem");

fn header(jwt: &str) -> Value {
    let header = jwt.split('.').next().unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(header).unwrap()).unwrap()
}

fn message<T>(result: Result<T, Error>) -> String {
    let error = result.err().expect("an error");
    assert_eq!(error.kind(), Kind::Config, "{error}");
    error.to_string()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", Base64::encode_string(der))
}

fn sign(key: SigningKey, algorithm: Option<Algorithm>) -> String {
    let mut assertion = SignedAssertion::new(key);
    if let Some(algorithm) = algorithm {
        assertion = assertion.with_algorithm(algorithm);
    }
    sent(assertion).unwrap()
}

fn sent(assertion: SignedAssertion) -> Result<String, Error> {
    let authentication = ClientAuthentication::assertion(assertion);
    let request = Config::new(URL, "my-client", authentication)?.request()?;
    let mut form = form_urlencoded::parse(request.body().unwrap());
    Ok(form.find(|(name, _)| name == "client_assertion").unwrap().1.into_owned())
}

fn verify(jwt: &str, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
    let key = UnparsedPublicKey::new(algorithm, public);
    key.verify(signed.as_bytes(), &signature).unwrap_or_else(|_| panic!("{jwt}"));
    assert!(key.verify(&signed.as_bytes()[1..], &signature).is_err());
}

#[test]
fn each_key_signs_by_its_algorithms_and_no_other() {
    let rsa = RsaKeyPair::from_pkcs8(&Base64::decode_vec(&body(RSA_2048)).unwrap()).unwrap();
    let rsa = rsa.public_key().as_ref();
    for (set, alg, verifier) in [
        (None, "RS256", &RSA_PKCS1_2048_8192_SHA256 as &dyn VerificationAlgorithm),
        (Some(Algorithm::Rs256), "RS256", &RSA_PKCS1_2048_8192_SHA256),
        (Some(Algorithm::Rs384), "RS384", &RSA_PKCS1_2048_8192_SHA384),
        (Some(Algorithm::Ps256), "PS256", &RSA_PSS_2048_8192_SHA256),
    ] {
        let jwt = sign(SigningKey::from_pem(RSA_2048).unwrap(), set);
        verify(&jwt, verifier, rsa);
        assert_eq!(header(&jwt)["alg"], alg);
    }
    for (kind, alg, verifier) in [
        (&PKCS_ECDSA_P256_SHA256, "ES256", &ECDSA_P256_SHA256_FIXED as &dyn VerificationAlgorithm),
        (&PKCS_ECDSA_P384_SHA384, "ES384", &ECDSA_P384_SHA384_FIXED),
        (&PKCS_ED25519, "EdDSA", &ED25519),
    ] {
        let pair = KeyPair::generate_for(kind).unwrap();
        let key = || SigningKey::from_pem(pair.serialize_pem()).unwrap();
        let jwt = sign(key(), None);
        verify(&jwt, verifier, pair.public_key_raw());
        assert_eq!(header(&jwt)["alg"], alg);
        let other = SignedAssertion::new(key()).with_algorithm(Algorithm::Rs256);
        let refused = message(sent(other));
        assert_eq!(refused, format!("the signing key signs by {alg} and not by RS256"));
    }
    let other = SignedAssertion::new(SigningKey::from_pem(RSA_2048).unwrap())
        .with_algorithm(Algorithm::EdDsa);
    assert_eq!(message(sent(other)), "the signing key signs by RS256 and not by EdDSA");
}

fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[test]
fn the_three_forms_of_a_key_are_read() {
    let pkcs8 = Base64::decode_vec(&body(RSA_2048)).unwrap();
    // Behind version, algorithm and the header of the OCTET STRING.
    let pkcs1 = pem("RSA PRIVATE KEY", &pkcs8[26..]);
    assert!(SigningKey::from_pem(pkcs1).is_ok());
    assert!(SigningKey::from_pem(RFC_7515_KEY).is_ok(), "with text before it");
    for (kind, start) in [(&PKCS_ECDSA_P256_SHA256, 27), (&PKCS_ECDSA_P384_SHA384, 25)] {
        let pair = KeyPair::generate_for(kind).unwrap();
        let der = pair.serialize_der();
        let sec1 = der.iter().skip(start).position(|byte| *byte == 0x30).unwrap() + start;
        assert!(SigningKey::from_pem(pem("EC PRIVATE KEY", &der[sec1..])).is_ok(), "{der:x?}");
    }
}

#[test]
fn another_key_is_refused_with_what_to_do() {
    // openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256, without the public key, as Java writes it
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let der = pair.serialize_der();
    let scalar = der.windows(2).position(|window| window == [0x04, 32]).unwrap() + 2;
    let mut alone = vec![0x30, 65, 0x02, 1, 0, 0x30, 19];
    alone.extend([0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    alone.extend([0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    alone.extend([0x04, 39, 0x30, 37, 0x02, 1, 1, 0x04, 32]);
    alone.extend(&der[scalar..scalar + 32]);
    // The starts of others, by their object identifiers: RSA for PSS alone, secp256k1, Ed448.
    let pss =
        [0x30, 20, 0x02, 1, 0, 0x30, 11, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    let k1 = [0x30, 20, 0x02, 1, 0, 0x30, 16, 0x06, 5, 0x2b, 0x81, 0x04, 0, 10];
    let ed448 = [0x30, 20, 0x02, 1, 0, 0x30, 5, 0x06, 3, 0x2b, 0x65, 0x71];
    let cut = &Base64::decode_vec(&body(RSA_2048)).unwrap()[..400];
    for (key, part) in [
        (pem("PRIVATE KEY", &alone), "openssl pkey -in FILE -out NEW adds"),
        (pem("PRIVATE KEY", &pss), "of another kind; use RSA of 2048 to 4096 bits"),
        (pem("PRIVATE KEY", &k1), "of another kind"),
        (pem("PRIVATE KEY", &ed448), "of another kind"),
        (pem("PRIVATE KEY", &[]), "of another kind"),
        (pem("PRIVATE KEY", cut), "cannot be used"),
        (pem("EC PRIVATE KEY", &k1), "cannot be used: use RSA of 2048"),
        (pem("RSA PRIVATE KEY", &[0x30, 0]), "cannot be used"),
        (RSA_1024.into(), "cannot be used: TooSmall; use RSA of 2048 to 4096 bits"),
        (pem("ENCRYPTED PRIVATE KEY", &[1]), "decrypt it"),
        (pem("PUBLIC KEY", &[1]), "holds no private key"),
        (RSA_2048[..800].into(), "is cut short"),
        (RSA_2048.replace('M', "!"), "is not base64"),
        (String::from(" \n"), "is empty"),
    ] {
        let refused = message(SigningKey::from_pem(&key));
        assert!(refused.starts_with("the signing key ") && refused.contains(part), "{refused}");
    }
    assert!(message(SigningKey::from_pem([0xFF])).contains("is not PEM"));
}

#[test]
fn a_certificate_is_named_by_its_sha_256_and_must_be_the_keys() {
    for kind in [&PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let (pair, other) = (KeyPair::generate_for(kind).unwrap(), KeyPair::generate().unwrap());
        let params = CertificateParams::new(vec![String::from("a-client")]).unwrap();
        let certificate = params.self_signed(&pair).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate.der());
        let expected = Base64UrlUnpadded::encode_string(digest.as_ref());
        let key = || SigningKey::from_pem(pair.serialize_pem()).unwrap();
        let named = key().with_certificate(certificate.pem()).unwrap();
        assert_eq!(header(&sign(named, None))["x5t#S256"], expected);

        let stranger = params.self_signed(&other).unwrap();
        assert!(message(key().with_certificate(stranger.pem())).contains("is not that of the key"));
        assert!(message(key().with_certificate("x")).contains("holds no PEM certificate"));

        let folder = tempfile::tempdir().unwrap();
        let (key, file) = (folder.path().join("key"), folder.path().join("certificate"));
        fs::write(&key, pair.serialize_pem()).unwrap();
        let from_files =
            || sent(SignedAssertion::new(SigningKey::file(&key).with_certificate_file(&file)));
        assert!(message(from_files()).contains("/certificate cannot be read"));
        fs::write(&file, stranger.pem()).unwrap();
        assert!(message(from_files()).contains("/certificate is not that of the key"));
        fs::write(&file, certificate.pem()).unwrap();
        assert_eq!(header(&from_files().unwrap())["x5t#S256"], expected);
    }
    // RSA's public key stands in a certificate as ring has it.
    let pair = KeyPair::from_pem(RSA_2048);
    let certificate = CertificateParams::default().self_signed(&pair.unwrap()).unwrap();
    let key = SigningKey::from_pem(RSA_2048).unwrap();
    assert!(key.with_certificate(certificate.pem()).is_ok());
}

#[test]
fn a_key_in_a_file_is_read_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let authentication =
        ClientAuthentication::assertion(SignedAssertion::new(SigningKey::file(&path)));
    let config = Config::new(URL, "my-client", authentication).unwrap();
    assert!(message(config.request()).contains("/key.pem cannot be read"));
    for kind in [&PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        fs::write(&path, KeyPair::generate_for(kind).unwrap().serialize_pem()).unwrap();
        assert!(config.request().is_ok());
    }
    // After a refusal a session tries a key that was replaced at once.
    assert!(config.request().is_ok());
    fs::write(&path, RSA_2048).unwrap();
    assert_eq!(config.after_refusal(), AfterRefusal::Changed);
    fs::write(&path, "x").unwrap();
    let refused = message(config.request());
    assert!(refused.contains("/key.pem holds no private key"), "{refused}");
}

#[test]
fn debug_shows_nothing_of_the_key() {
    let shown = format!("{:?}", SignedAssertion::new(SigningKey::from_pem(RSA_2048).unwrap()));
    assert_eq!(shown, "SignedAssertion { key_id: None, .. }");
    let key = SigningKey::from_pem(RSA_2048).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey");
}

/// openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024
const RSA_1024: &str = include_str!("../support/rsa1024.pem");
