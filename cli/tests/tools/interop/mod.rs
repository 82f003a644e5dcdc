//! The program and the library against two authorization servers that others wrote: oidc-provider (Node.js, OpenID
//! certified) and Authlib with Flask (Python). PyJWT, a third implementation, verifies what minbearer signs. `.ci/interop`
//! installs them and runs this.
#![cfg(all(feature = "tls", feature = "sign"))]

mod signing;

use crate::support::leaks::spellings;
use crate::support::processes::{Outcome, run};
use crate::support::tls::{Authority, Identity, Key, pem, self_signed};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use minbearer::client_credentials::{ClientAuthentication, Config, get_token};
use minbearer::{Http, Kind, Refusal, Request, SecretSource, Session, Token, Transport};
use rcgen::{DnType, ExtendedKeyUsagePurpose};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use signing::Keys;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

const SECRET: &str = "plain-secret-of-the-client-0123456789";
const WRONG_SECRET: &str = "wr0ng&=+%#/? Zq7";
// RFC 6749 appendix A allows printable ASCII in an id and a secret, and oidc-provider refuses anything else. Authlib
// accepts any character, so it also gets a pair with others.
const ODD_ID: &str = "id&=+%#/?:; Zq7";
const ODD_SECRET: &str = "s3cr3t&=+%#/? Zq7!\"$()*,-.:;<>@[\\]^_`{|}~'";
const OTHER_ID: &str = "idé&=+%#/?:; Zq7";
const OTHER_SECRET: &str = "s3cr3t&=+%#/?é Zq7";
const AUDIENCE_ID: &str = "the-api";
const ERROR_URI: &str = "https://errors.invalid/invalid_client";
const LIFETIME: u64 = 1234;
/// Of the tokens of clients whose id starts with `rotating`. The servers count whole seconds: a token may end one early.
const SHORT_LIFETIME: u64 = 2;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run .ci/interop"))
}

/// A signing key for assertions (ES256).
struct Signer(Identity);

impl Signer {
    fn new() -> Signer {
        Signer(self_signed(&["a signer"], |_| {}))
    }

    fn key(&self) -> EcdsaKeyPair {
        let random = ring::rand::SystemRandom::new();
        let pkcs8 = self.0.key.secret_der();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).unwrap()
    }

    fn public_key(&self) -> String {
        let key = self.key();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let part = Base64UrlUnpadded::encode_string;
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, part(x), part(y))
    }

    /// An assertion of RFC 7523 section 2.2, valid for so many seconds from now.
    fn assertion(&self, client: &str, audience: &str, seconds: i64) -> String {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let (start, id) = (now.as_secs() as i64, now.as_nanos());
        let claims = serde_json::json!({"iss": client, "sub": client, "aud": audience, "jti": id.to_string(),
            "iat": start - 10, "exp": start + seconds});
        let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
        let signed = [part(r#"{"alg":"ES256","typ":"JWT"}"#), part(&claims.to_string())].join(".");
        let random = ring::rand::SystemRandom::new();
        let signature = self.key().sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", Base64UrlUnpadded::encode_string(signature.as_ref()))
    }
}

/// A running server, ended when dropped. What it logged is shown if the test has failed.
struct Server {
    process: Child,
    folder: TempDir,
    ports: Vec<(String, u16)>,
    signer: Signer,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.file("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().rev().take(20).collect();
            eprintln!("the server logged, the last line first:\n{}", lines.join("\n"));
        }
    }
}

/// The columns: authentication method, allowed scope, id, and what the client authenticates with.
type Client<'a> = [&'a str; 4];

impl Server {
    /// Starts it, and waits until it has printed a line `NAME PORT` for each of these names.
    fn start(
        mut command: Command,
        folder: TempDir,
        signer: Signer,
        names: &[&str],
        keys: &Keys,
        more: &[Client],
    ) -> Server {
        let public_key = signer.public_key();
        let signing = keys.clients();
        let signing = signing.iter().map(|[id, key]| ["private_key_jwt", "read", id, key]);
        let common: [Client; 8] = [
            ["client_secret_post", "read write", "in-body", SECRET],
            ["client_secret_basic", "read write", "by-basic", SECRET],
            ["client_secret_post", "read", "only-reads", SECRET],
            ["client_secret_post", "read write", &format!("{ODD_ID} body"), ODD_SECRET],
            ["client_secret_basic", "read write", &format!("{ODD_ID} basic"), ODD_SECRET],
            ["client_secret_basic", "read write", AUDIENCE_ID, SECRET],
            ["private_key_jwt", "read write", "by-assertion", &public_key],
            ["private_key_jwt", "read", "rotating-assertion", &public_key],
        ];
        let clients = common.into_iter().chain(more.iter().copied()).chain(signing);
        let clients: Vec<String> = clients.map(|client| client.join("\t")).collect();
        let rotating = folder.path().join("rotating-secret");
        fs::write(&rotating, SECRET).unwrap();
        let mut process = command
            .envs([("CLIENTS", clients.join("\n").as_str()), ("SCOPES", "read write admin")])
            .envs([
                ("ERROR_URI", ERROR_URI),
                ("LIFETIME", &LIFETIME.to_string()),
                ("ROTATING", "rotating"),
            ])
            .env("SHORT_LIFETIME", SHORT_LIFETIME.to_string())
            .env("ROTATING_SECRET_FILE", rotating)
            .env("CREDENTIALS", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .expect("the server starts");
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        // It reads to the end, for the server logs there too.
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)))
        });
        let mut server = Server { process, folder, ports: Vec::new(), signer };
        while server.ports.len() < names.len() {
            let line = lines.recv_timeout(Duration::from_secs(60)).expect("a port within a minute");
            let Some((name, port)) = line.split_once(' ') else { continue };
            if let (true, Ok(port)) = (names.contains(&name), port.parse()) {
                server.ports.push((name.to_owned(), port));
            }
        }
        server
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn port(&self, name: &str) -> u16 {
        self.ports.iter().find(|(known, _)| known == name).expect("a port").1
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port("port"))
    }

    /// Introspects a token (RFC 7662) as the API that it is for.
    fn introspect(&self, token: &str) -> serde_json::Value {
        let pair = Base64::encode_string(format!("{AUDIENCE_ID}:{SECRET}").as_bytes());
        let request = Request::post(&self.url("/token/introspection"))
            .and_then(|request| request.with_header("Authorization", &format!("Basic {pair}")))
            .unwrap()
            .with_form(&[("token", token)]);
        let answer = Http::new().send(&request, Instant::now() + Duration::from_secs(10));
        let answer = answer.and_then(|answer| answer.error_for_status()).unwrap();
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// Runs `minbearer client-credentials`. A proof that looks like a JWT is an assertion; without one minbearer signs.
    fn ask(&self, id: &str, proof: &str, path: &str, options: &[&str]) -> Outcome {
        let file = self.file("assertion");
        let mut proven = ("CLIENT_SECRET", proof);
        if proof.starts_with("eyJ") {
            fs::write(&file, proof).unwrap();
            proven = ("CLIENT_ASSERTION_FILE", file.to_str().unwrap());
        }
        let url = self.url(path);
        let arguments = [&["client-credentials", &url], options].concat();
        let variables = [("CLIENT_ID", id), proven];
        run("minbearer", &arguments, &variables[..if proof.is_empty() { 1 } else { 2 }])
    }

    /// The program prints a token, which the server introspects as active, of this client and with the scope `granted`.
    #[track_caller]
    fn token(&self, granted: &str, id: &str, proof: &str, path: &str, options: &[&str]) {
        self.narrower_token(granted, "", id, proof, path, options);
    }

    /// The same, with a warning that names the scope `missing`.
    #[track_caller]
    fn narrower_token(
        &self,
        granted: &str,
        missing: &str,
        id: &str,
        proof: &str,
        path: &str,
        options: &[&str],
    ) {
        let outcome = self.ask(id, proof, path, options);
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        assert_eq!(outcome.err.is_empty(), missing.is_empty(), "{outcome:?}");
        assert!(outcome.err.contains(missing), "{outcome:?}");
        let known = self.introspect(outcome.out.trim_end());
        assert!(known["active"] == true && known["client_id"] == id, "{known}");
        assert_eq!(known["scope"].as_str().unwrap_or_default(), granted, "{known}");
        let lifetime = known["exp"].as_u64().unwrap() - known["iat"].as_u64().unwrap();
        assert_eq!(lifetime, LIFETIME, "{known}");
    }

    /// The program ends with status 6 and one line that has one of `statuses` and `words`, and no secret.
    #[track_caller]
    fn refused(
        &self,
        statuses: &[u16],
        words: &str,
        id: &str,
        proof: &str,
        path: &str,
        options: &[&str],
    ) {
        let outcome = self.ask(id, proof, path, options);
        outcome.expect_failure("minbearer", 6, words);
        let said = |status: &u16| outcome.err.contains(&format!(": {status} "));
        assert!(statuses.iter().any(said), "none of {statuses:?}: {outcome:?}");
        if proof.is_empty() {
            return; // the assertion is not known here
        }
        let form =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic =
            [format!("{id}:{proof}"), format!("{}:{}", form(id), form(proof)), proof.to_owned()];
        let basic = basic
            .map(|pair| Base64::encode_string(pair.as_bytes()).trim_end_matches('=').to_owned());
        for shown in spellings(proof).iter().chain(&basic) {
            assert!(!outcome.err.contains(shown), "{shown} is shown: {}", outcome.err);
        }
    }

    fn config(&self, id: &str, authentication: impl Into<ClientAuthentication>) -> Config {
        Config::new(&self.url("/token"), id, authentication).unwrap()
    }

    // ---- Cases in which both servers behave the same ----

    fn secrets(&self) {
        let (body, basic) = (format!("{ODD_ID} body"), format!("{ODD_ID} basic"));
        self.token("", "in-body", SECRET, "/token", &[]);
        self.token("", "by-basic", SECRET, "/token", &["--basic"]);
        self.token("read", "in-body", SECRET, "/token", &["--scope", "read"]);
        let both = ["--basic", "--scope", "read", "--scope", "write"];
        self.token("read write", "by-basic", SECRET, "/token", &both);
        self.token("read", &body, ODD_SECRET, "/token", &["--scope", "read"]);
        self.token("read", &basic, ODD_SECRET, "/token", &["--basic", "--scope", "read"]);
        self.refused(&[401], "invalid_client", "in-body", WRONG_SECRET, "/token", &[]);
        self.refused(&[401], "invalid_client", "by-basic", WRONG_SECRET, "/token", &["--basic"]);
        self.refused(&[400, 401], "invalid_client", "nobody", SECRET, "/token", &[]);
        self.refused(&[401], "invalid_client", "nobody", SECRET, "/token", &["--basic"]);
        self.refused(&[404], "", "in-body", SECRET, "/nowhere", &[]);
        assert_eq!(self.introspect("not-a-token")["active"], false);
    }

    /// What the program does not print: the fields of answer and refusal, as the library has them.
    fn fields(&self, error_uri: Option<&str>, unknown_scope: &str, asked: &str, missing: &str) {
        let token = get_token(&self.config("only-reads", SECRET).with_scope("read")).unwrap();
        assert_eq!(token.lifetime(), Some(Duration::from_secs(LIFETIME)));
        assert_eq!((token.scope(), token.token_type()), (Some("read"), "Bearer"));
        let refusal = |config: &Config| -> Refusal {
            let error = get_token(config).expect_err("a refusal");
            assert_eq!(error.kind(), Kind::Refused, "{error}");
            error.refusal().unwrap().clone()
        };
        let wrong = refusal(&self.config("only-reads", "wrong"));
        assert_eq!((wrong.status(), wrong.error()), (401, Some("invalid_client")), "{wrong:?}");
        assert!(wrong.error_description().is_some_and(|text| !text.is_empty()), "{wrong:?}");
        assert_eq!(wrong.error_uri(), error_uri, "{wrong:?}");
        let unknown = refusal(&self.config("only-reads", SECRET).with_scope(unknown_scope));
        assert_eq!(
            (unknown.status(), unknown.error()),
            (400, Some("invalid_scope")),
            "{unknown:?}"
        );
        let config = self.config("only-reads", SECRET).with_scope(asked);
        let token = get_token(&config).unwrap();
        assert_eq!(config.missing_scopes(&token).collect::<Vec<_>>(), [missing]);
    }

    fn assertions(&self) {
        let (client, here) = ("by-assertion", self.url("/token"));
        let assertion = self.signer.assertion(client, &here, 60);
        self.token("read", client, &assertion, "/token", &["--scope", "read"]);
        for (proof, id) in [
            (assertion, client), // a second time
            (self.signer.assertion(client, &here, -3600), client),
            (self.signer.assertion(client, "https://elsewhere.invalid/token", 60), client),
            (Signer::new().assertion(client, &here, 60), client), // with another key
            (self.signer.assertion("nobody", &here, 60), "nobody"),
            (self.signer.assertion("in-body", &here, 60), "in-body"), // where a secret is registered
            (SECRET.to_owned(), client),                              // and the other way round
        ] {
            self.refused(&[400, 401], "invalid_client", id, &proof, "/token", &[]);
        }
        // Each is accepted once, and made anew for each request.
        let id = "rotating-assertion";
        let signer = Signer(Identity {
            certificate: self.signer.0.certificate.clone(),
            key: self.signer.0.key.clone_key(),
        });
        let supply = move || Ok(minbearer::Secret::from(signer.assertion(id, &here, 60)));
        let source = ClientAuthentication::assertion(SecretSource::from_fn(supply));
        let session = Session::new(self.config(id, source).with_scope("read"));
        self.poll(&session, id, 7, |_| {});
    }

    /// Polls the server's introspection as an API for `seconds`, and calls `each` with the time that has passed.
    fn poll(&self, session: &Session, id: &str, seconds: u64, mut each: impl FnMut(Duration)) {
        let (started, mut tokens) = (Instant::now(), Vec::new());
        while started.elapsed() < Duration::from_secs(seconds) {
            let call = |token: &Token| {
                tokens.push(token.access_token().to_owned());
                let known = self.introspect(token.access_token());
                known["active"] == true && known["client_id"] == id
            };
            let is_served = session.call(call, |is_active| !is_active);
            assert!(is_served.unwrap(), "after {:?}", started.elapsed());
            each(started.elapsed());
            std::thread::sleep(Duration::from_millis(50));
        }
        tokens.dedup();
        assert!(tokens.len() as u64 >= seconds / SHORT_LIFETIME, "{} tokens", tokens.len());
    }

    /// The server reads the client's secret from a file; the client's file is a link, as Kubernetes mounts it.
    fn rotations(&self) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |number: usize| {
            let secret = format!("secret-number-{number}-0123456789");
            let new = self.file("new");
            fs::write(&new, &secret)
                .and_then(|()| fs::rename(&new, self.file("rotating-secret")))
                .unwrap();
            fs::create_dir(at(&format!("..{number}"))).unwrap();
            fs::write(at(&format!("..{number}/secret")), secret).unwrap();
            symlink(format!("..{number}"), at("..data_tmp")).unwrap();
            fs::rename(at("..data_tmp"), at("..data")).unwrap();
        };
        write(0);
        symlink("..data/secret", at("secret")).unwrap();
        let source = SecretSource::file(at("secret"));
        let session = Session::new(self.config("rotating", source).with_scope("read"));
        let mut rotations = 0;
        self.poll(&session, "rotating", 9, |passed| {
            // In the middle of a token's lifetime.
            if passed > Duration::from_secs(1 + 2 * rotations as u64) && rotations < 4 {
                rotations += 1;
                write(rotations);
            }
        });
        assert_eq!(rotations, 4);
    }
}

/// Writes NAME.pem and NAME.key.
fn write_identity(folder: &Path, name: &str, identity: &Identity) {
    let (certificate, key) = identity.to_pem();
    fs::write(folder.join(format!("{name}.pem")), certificate).unwrap();
    fs::write(folder.join(format!("{name}.key")), key).unwrap();
}

#[test]
fn oidc_provider() {
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &'static str| {
        move |params: &mut rcgen::CertificateParams| {
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
    };
    let (ca, strange_ca) =
        (Authority::new("a private CA", Key::P256), Authority::new("another CA", Key::P256));
    fs::write(folder.path().join("ca.pem"), pem(ca.certificate())).unwrap();
    write_identity(folder.path(), "server", &ca.issue(&["localhost"]));
    let client = ca.issue_with(&[], named("by-certificate"));
    let namesake = ca.issue_with(&[], named("someone-else"));
    let stranger = strange_ca.issue_with(&[], named("by-certificate"));
    let alone = self_signed(&[], named("by-self-signed-certificate"));
    write_identity(folder.path(), "self-signed", &alone);

    let keys = Keys::make();
    let packages = variable("OIDC_PROVIDER");
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/interop/provider.mjs"))
        .env("PACKAGES", packages);
    let server = Server::start(
        node,
        folder,
        Signer::new(),
        &["port", "tls", "strict"],
        &keys,
        &[
            ["client_secret_jwt", "read write", "by-secret-assertion", SECRET],
            ["tls_client_auth", "read write", "by-certificate", "CN=by-certificate"],
            [
                "self_signed_tls_client_auth",
                "read write",
                "by-self-signed-certificate",
                "self-signed.pem",
            ],
        ],
    );
    server.secrets();
    server.refused(&[400], "invalid_scope", "in-body", SECRET, "/token", &["--scope", "admin"]);
    server.refused(&[400], "invalid_scope", "in-body", SECRET, "/token", &["--scope", "réad"]);
    // This server leaves an unknown scope out of the grant, which RFC 6749 section 3.3 allows, and accepts a secret in the
    // body as well as Basic.
    let unknown = ["--scope", "read", "--scope", "unknown"];
    server.narrower_token("read", "unknown", "in-body", SECRET, "/token", &unknown);
    server.token("", "by-basic", SECRET, "/token", &[]);
    server.token("", "in-body", SECRET, "/token", &["--basic"]);
    server.refused(&[401], "invalid_client", "by-secret-assertion", SECRET, "/token", &[]);
    server.token("", "in-body", SECRET, "/token?tenant=a%20b%26c", &[]); // a query of its own does no harm
    server.fields(None, "write", "read unknown", "unknown");
    server.rotations();
    server.assertions();
    server.signatures(&keys);

    let ask = |port: &str, id: &str, identity: Option<&Identity>| {
        let mut http = Http::new().with_ca(pem(ca.certificate())).unwrap();
        if let Some((certificate, key)) = identity.map(Identity::to_pem) {
            http = http.with_client_certificate(certificate, key).unwrap();
        }
        let url = format!("https://localhost:{}/token", server.port(port));
        minbearer::get_token(&Config::new(&url, id, ClientAuthentication::none()).unwrap(), &http)
    };
    for (port, id, identity) in [
        ("tls", "by-certificate", &client),
        ("tls", "by-self-signed-certificate", &alone),
        ("strict", "by-certificate", &client),
    ] {
        let token = ask(port, id, Some(identity)).unwrap();
        let known = server.introspect(token.access_token());
        assert!(known["active"] == true && known["client_id"] == id, "{known}");
    }
    let (no, refused) = (": 401 Unauthorized: invalid_client", Kind::Refused);
    for (port, id, identity, kind, words) in [
        ("tls", "by-certificate", None, refused, no),
        ("tls", "by-certificate", Some(&namesake), refused, no),
        ("tls", "by-certificate", Some(&stranger), refused, no),
        ("tls", "by-self-signed-certificate", Some(&client), refused, no),
        ("tls", "in-body", Some(&client), refused, no),
        (
            "strict",
            "by-certificate",
            None,
            Kind::Network,
            "the server asks for a client certificate",
        ),
        // Node.js closes the connection without an alert: `closed without an answer`, or, if the request comes after that,
        // `Connection reset by peer …; the server closed the connection`.
        ("strict", "by-certificate", Some(&stranger), Kind::Network, " closed "),
    ] {
        let error = ask(port, id, identity).expect_err("a refusal");
        assert_eq!(error.kind(), kind, "{port}, {id}: {error}");
        assert!(error.to_string().contains(words), "{port}, {id}: {error}");
    }
}

#[test]
fn authlib() {
    let keys = Keys::make();
    let mut python = Command::new("python3");
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/interop/authlib_server.py"));
    python.envs([
        ("PYTHONPATH", variable("AUTHLIB").as_str()),
        ("PYTHONUTF8", "1"),
        ("AUTHLIB_INSECURE_TRANSPORT", "1"),
    ]);
    let (body, basic) = (format!("{OTHER_ID} body"), format!("{OTHER_ID} basic"));
    let server = Server::start(
        python,
        tempfile::tempdir().unwrap(),
        Signer::new(),
        &["port"],
        &keys,
        &[
            ["client_secret_post", "read write", &body, OTHER_SECRET],
            ["client_secret_basic", "read write", &basic, OTHER_SECRET],
            ["client_secret_post", "read", "rotating", "the server's file has it"],
        ],
    );
    server.secrets();
    server.token("read", &body, OTHER_SECRET, "/token", &["--scope", "read"]);
    server.token("read", &basic, OTHER_SECRET, "/token", &["--basic", "--scope", "read"]);
    server.refused(&[400], "invalid_scope", "in-body", SECRET, "/token", &["--scope", "unknown"]);
    let both = ["--scope", "read", "--scope", "write"];
    server.narrower_token("read", "write", "only-reads", SECRET, "/token", &both);
    server.refused(&[401], "invalid_client", "by-basic", SECRET, "/token", &[]);
    server.refused(&[401], "invalid_client", "in-body", SECRET, "/token", &["--basic"]);
    server.refused(&[401], ERROR_URI, "in-body", WRONG_SECRET, "/token", &[]);
    server.token("", "in-body", SECRET, "/tenants/token?tenant=a%20b%26c", &[]); // the query is sent
    server.refused(&[404], "", "in-body", SECRET, "/tenants/token?tenant=other", &[]);
    server.fields(Some(ERROR_URI), "unknown", "read write", "write");
    server.rotations();
    server.assertions();
    server.signatures(&keys);
    server.assertion_grants(&keys);
}
