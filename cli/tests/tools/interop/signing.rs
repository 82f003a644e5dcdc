//! Assertions that minbearer signs, accepted or refused by both servers, and verified to the byte by PyJWT.

use super::{LIFETIME, Server, variable};
use crate::support::processes::{Outcome, command, executable};
use minbearer::client_credentials::{
    Algorithm, ClientAuthentication, SignedAssertion, SigningKey, get_token,
};
use minbearer::{Http, Kind, Transport};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What minbearer signs by, and the name of the key.
const ALGORITHMS: [(&str, &str); 6] = [
    ("RS256", "rsa"),
    ("RS384", "rsa"),
    ("PS256", "rsa"),
    ("ES256", "p256"),
    ("ES384", "p384"),
    ("EdDSA", "ed25519"),
];

/// Each kind of key as PKCS #8, as OpenSSL wrote it traditionally, with a certificate, and another of its kind.
pub struct Keys(TempDir);

impl Keys {
    pub fn make() -> Keys {
        let keys = Keys(tempfile::tempdir().unwrap());
        for (kind, options) in [
            ("rsa", "RSA -pkeyopt rsa_keygen_bits:3072"), // neither the shortest nor the longest
            ("p256", "EC -pkeyopt ec_paramgen_curve:P-256"),
            ("p384", "EC -pkeyopt ec_paramgen_curve:P-384"),
            ("ed25519", "ed25519"),
        ] {
            for name in [kind.to_owned(), format!("other-{kind}")] {
                keys.openssl(&format!("genpkey -quiet -out {name}.key -algorithm {options}"));
            }
            keys.openssl(&format!(
                "req -x509 -new -key {kind}.key -subj /CN=signs -days 2 -out {kind}.pem"
            ));
            if kind != "ed25519" {
                keys.openssl(&format!(
                    "pkey -in {kind}.key -traditional -out {kind}.traditional.key"
                ));
            }
        }
        keys
    }

    fn openssl(&self, arguments: &str) {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(self.0.path()).output();
        let output = output.expect("openssl is installed");
        assert!(
            output.status.success(),
            "{arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).into_os_string().into_string().unwrap()
    }

    /// Clients for the servers: id and public key (JWK).
    pub fn clients(&self) -> Vec<[String; 2]> {
        let export = "JSON.stringify({ kid: 'the-key', ...crypto.createPublicKey(fs.readFileSync(process.argv[1])).export({ format: 'jwk' }) })";
        let client = |(algorithm, kind): (&str, &str)| {
            let output = Command::new("node")
                .args(["-p", export, &self.file(&format!("{kind}.key"))])
                .output();
            let key = String::from_utf8(output.expect("node is installed").stdout).unwrap();
            [format!("signs-{algorithm}"), key.trim().to_owned()]
        };
        ALGORITHMS.map(client).into()
    }
}

/// The options that have minbearer sign.
fn signed<'a>(algorithm: &'a str, key: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["--sign-key", key, "--sign-alg", algorithm, "--sign-kid", "the-key"], more].concat()
}

impl Server {
    pub fn signatures(&self, keys: &Keys) {
        for (algorithm, kind) in ALGORITHMS {
            let (key, other) =
                (keys.file(&format!("{kind}.key")), keys.file(&format!("other-{kind}.key")));
            let client = &format!("signs-{algorithm}");
            for _ in 0..2 {
                // The second has another id: the server accepts each assertion once.
                self.token(
                    "read",
                    client,
                    "",
                    "/token",
                    &signed(algorithm, &key, &["--scope", "read"]),
                );
            }
            let refused = |options: &[&str]| {
                self.refused(&[400, 401], "invalid_client", client, "", "/token", options)
            };
            refused(&signed(algorithm, &other, &[]));
            refused(&signed(
                algorithm,
                &key,
                &["--sign-claim", "aud=https://elsewhere.invalid/token"],
            ));
            let outcome = self.at("-1h", client, &signed(algorithm, &key, &[]));
            outcome.expect_failure("minbearer", 6, "; the device's clock says ");
            assert!(outcome.err.contains("Z and the server's "), "{outcome:?}");
            let outcome = self.at("@2026-10-31 00:00:00", client, &signed(algorithm, &key, &[]));
            outcome.expect_failure("minbearer", 2, "the device's clock says 2026-10-31T");
            self.sent_again(client, algorithm, &key);
        }
    }

    /// Asks for a token at another time.
    fn at(&self, time: &str, client: &str, options: &[&str]) -> Outcome {
        let mut faketime = Command::new("faketime");
        faketime.args(["-f", time]).arg(executable("minbearer"));
        faketime
            .args(["client-credentials", &self.url("/token")])
            .args(options)
            .env("CLIENT_ID", client);
        for (name, value) in command("minbearer", &[]).get_envs() {
            assert!(value.is_none());
            if name != "CLIENT_ID" {
                faketime.env_remove(name);
            }
        }
        Outcome::from(faketime.output().expect("faketime is installed"))
    }

    fn sent_again(&self, client: &str, algorithm: &str, key: &str) {
        let assertion = SignedAssertion::new(SigningKey::file(key))
            .with_algorithm(Algorithm::from_name(algorithm).unwrap())
            .with_key_id("the-key");
        let config = self.config(client, ClientAuthentication::assertion(assertion));
        let request = config.request().unwrap();
        let send = || {
            let answer =
                Http::new().send(&request, Instant::now() + Duration::from_secs(10)).unwrap();
            config.read_answer(&request, answer)
        };
        let token = send().unwrap();
        assert_eq!(self.introspect(token.access_token())["active"], true);
        let again = send().expect_err("the same assertion is accepted twice");
        assert_eq!(again.kind(), Kind::Refused, "{again}");
        let next = get_token(&config).unwrap();
        assert_eq!(next.lifetime(), Some(Duration::from_secs(LIFETIME)), "the next one is new");
    }

    /// An assertion as the grant (RFC 7523 section 2.1), and the recipe for a service account of Google's.
    pub fn assertion_grants(&self, keys: &Keys) {
        let (key, other) = (keys.file("rsa.key"), keys.file("other-rsa.key"));
        let grant = ["--grant-type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "--sign-key"];
        let with = |key, more: &[_]| [&grant[..], &[key], more].concat();
        let client = "signs-RS256";
        self.token("", client, "", "/token", &with(&key, &[]));
        self.token("", client, "", "/token", &with(&key, &["--sign-claim", "sub=a-user"]));
        let nobody = with(&key, &["--sign-claim", "sub=nobody"]);
        self.refused(&[400], "invalid_grant", client, "", "/token", &nobody);
        self.refused(&[400], "invalid_grant", client, "", "/token", &with(&other, &[]));

        let account = serde_json::json!({"type": "service_account", "private_key_id": "the-key", "client_email": client,
            "private_key": std::fs::read_to_string(&key).unwrap(), "token_uri": self.url("/token")});
        let file = self.file("service-account.json");
        std::fs::write(&file, account.to_string()).unwrap();
        let mut folders = vec![executable("minbearer").parent().unwrap().to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let recipe =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/recipes/google-service-account");
        let mut recipe = Command::new(recipe);
        recipe.arg(file).arg("https://www.googleapis.com/auth/devstorage.read_only");
        let outcome = Outcome::from(
            recipe.env("PATH", std::env::join_paths(folders).unwrap()).output().unwrap(),
        );
        let known = self.introspect(outcome.out.trim_end());
        assert!(known["active"] == true && known["client_id"] == client, "{known}, {outcome:?}");
    }
}

#[test]
fn claims_and_signature_are_right_to_the_byte() {
    let keys = Keys::make();
    for (algorithm, kind) in ALGORITHMS {
        for form in ["key", "traditional.key"] {
            let key = keys.file(&format!("{kind}.{form}"));
            if !Path::new(&key).exists() {
                continue; // Ed25519 has no traditional form
            }
            let mut python = Command::new("python3");
            python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/interop/jose.py"));
            python.arg(executable("minbearer")).args([
                algorithm,
                &key,
                &keys.file(&format!("{kind}.pem")),
            ]);
            python.env("PYTHONPATH", variable("AUTHLIB")).env("PYTHONUTF8", "1");
            let output = python.output().expect("python3 is installed");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{algorithm}, {form}: {said}");
        }
    }
}
