//! `--sign-key` and the options that go with it. `.ci/interop` has what is signed verified.

use crate::support::processes::run;

#[cfg(not(feature = "sign"))]
#[test]
fn without_the_feature_the_options_say_so() {
    for option in ["--sign-key", "--sign-kid", "--sign-cert", "--sign-alg", "--sign-claim"] {
        let arguments = ["client-credentials", "https://h/token", option, "x=y"];
        let outcome = run("minbearer", &arguments, &[("CLIENT_ID", "id")]);
        outcome.expect_failure("minbearer", 2, "need a program built with the feature sign");
    }
}

#[cfg(feature = "sign")]
mod with_sign {
    use super::*;
    use crate::support::hostile::{Server, Step};
    use crate::support::processes::{command, run_with_input};
    use base64ct::{Base64UrlUnpadded, Encoding};
    use serde_json::{Value, json};
    use std::collections::HashMap;
    use std::fs;

    fn key() -> String {
        rcgen::KeyPair::generate().unwrap().serialize_pem()
    }

    fn server() -> Server {
        let body = r#"{"access_token":"a-token","token_type":"Bearer"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        Server::script(vec![Step::Request, Step::send(answer)])
    }

    fn forms(server: &Server) -> Vec<HashMap<String, String>> {
        let form = |request: Vec<u8>| {
            let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
            form_urlencoded::parse(&request[end..]).into_owned().collect()
        };
        server.requests().into_iter().map(form).collect()
    }

    fn part(assertion: &str, index: usize) -> Value {
        let part = assertion.split('.').nth(index).unwrap();
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
    }

    #[test]
    fn the_assertion_is_signed_with_the_claims_that_are_given() {
        let (server, folder) = (server(), tempfile::tempdir().unwrap());
        let file = folder.path().join("key.pem");
        fs::write(&file, key()).unwrap();
        let url = server.url() + "/token";
        let arguments = ["client-credentials", &url, "--sign-key", file.to_str().unwrap()];
        let options = ["--sign-kid", "k1", "--sign-alg", "ES256", "--sign-claim", "scope=a=b"];
        let claims = ["--sign-claim", "n:=1.50", "--sign-claim=aud=https://elsewhere"];
        let arguments = [&arguments[..], &options, &claims].concat();
        let outcome = run("minbearer", &arguments, &[("CLIENT_ID", "id")]);
        assert_eq!((outcome.status, outcome.out.as_str()), (Some(0), "a-token\n"), "{outcome:?}");
        let [form] = <[_; 1]>::try_from(forms(&server)).unwrap();
        assert_eq!(form["client_id"], "id");
        let assertion = &form["client_assertion"];
        assert_eq!(part(assertion, 0), json!({"alg": "ES256", "typ": "JWT", "kid": "k1"}));
        let claims = part(assertion, 1);
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"], &claims["scope"]),
            (&json!("id"), &json!("id"), &json!("https://elsewhere"), &json!("a=b"))
        );
        assert_eq!(claims["n"].to_string(), "1.50");
    }

    #[test]
    fn as_the_grant_it_needs_no_client_id_and_the_key_may_come_through_a_pipe() {
        let server = server();
        let url = server.url() + "/token";
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        let arguments = ["client-credentials", &url, "--grant-type", grant];
        let options = ["--sign-key", "/dev/stdin", "--sign-claim", "iss=an-account"];
        let arguments = [&arguments[..], &options].concat();
        let outcome = run_with_input("minbearer", &arguments, &[], key().as_bytes());
        assert_eq!((outcome.status, outcome.out.as_str()), (Some(0), "a-token\n"), "{outcome:?}");
        let [form] = <[_; 1]>::try_from(forms(&server)).unwrap();
        let mut names: Vec<_> = form.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["assertion", "grant_type"]);
        assert_eq!(form["grant_type"], grant);
        let claims = part(&form["assertion"], 1);
        assert_eq!((&claims["iss"], claims.get("sub")), (&json!("an-account"), None));
        assert_eq!(claims["aud"], url);
    }

    #[test]
    fn a_replaced_key_is_used_for_the_next_token() {
        let (server, folder) = (server(), tempfile::tempdir().unwrap());
        let [file, token] = ["key.pem", "token"].map(|name| folder.path().join(name));
        fs::write(&file, key()).unwrap();
        let url = server.url() + "/token";
        let mut command = command("minbearer", &[("CLIENT_ID", "id")]);
        command.args(["client-credentials", &url, "--sign-key", file.to_str().unwrap()]);
        command.args(["--renew", "--every", "1", "--output", token.to_str().unwrap()]);
        let mut child = command.spawn().unwrap();
        let algorithm_of = |at: usize| loop {
            match forms(&server).get(at) {
                Some(form) => break part(&form["client_assertion"], 0)["alg"].clone(),
                None => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        };
        assert_eq!(algorithm_of(0), "ES256");
        let next = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let new = folder.path().join("new.pem");
        fs::write(&new, next).and_then(|()| fs::rename(&new, &file)).unwrap();
        let before = forms(&server).len();
        assert_eq!(algorithm_of(before + 1), "EdDSA");
        child.kill().and_then(|()| child.wait()).unwrap();
    }

    #[test]
    fn a_wrong_setting_is_status_2_and_nothing_is_sent() {
        let (server, folder) = (server(), tempfile::tempdir().unwrap());
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (good, empty) = (write("key.pem", &key()), write("empty", ""));
        let certificate = rcgen::generate_simple_self_signed(vec!["x".into()]).unwrap();
        let stranger = write("certificate.pem", &certificate.cert.pem());
        let url = server.url() + "/token";
        let id = [("CLIENT_ID", "id")];
        let with_secret = [("CLIENT_ID", "id"), ("CLIENT_SECRET", "s3cr3t")];
        for (options, variables, part) in [
            (&["--sign-kid", "k"][..], &id[..], "--sign-… is given without --sign-key FILE"),
            (&["--sign-claim", "a=b"], &id, "without --sign-key FILE"),
            (&["--sign-key", &good], &with_secret, "remove one of them"),
            (&["--sign-key", &good], &[], "neither CLIENT_ID nor CLIENT_ID_FILE is set"),
            (&["--sign-key", &good, "--sign-alg", "RS256"], &id, "ES256 and not by RS256"),
            (&["--sign-key", &good, "--sign-alg", "HS256"], &id, "is none of RS256, RS384"),
            (&["--sign-key", &good, "--sign-claim", "a"], &id, "NAME=TEXT or NAME:=NUMBER"),
            (&["--sign-key", &good, "--sign-claim", "a:=b"], &id, "is not a number of JSON"),
            (&["--sign-key", &good, "--sign-claim", "exp=1"], &id, "the claim exp cannot be set"),
            (&["--sign-key", &good, "--sign-claim", "=1"], &id, "name must not be empty"),
            (&["--sign-key", &good, "--sign-cert", &stranger], &id, "is not that of the key"),
            (&["--sign-key", &good, "--sign-cert", &good], &id, "holds no PEM certificate"),
            (&["--sign-key", &empty], &id, "/empty is empty"),
            (&["--sign-key", &stranger], &id, "/certificate.pem holds no private key"),
            (&["--sign-key", "/nonexistent/key"], &id, "cannot be read"),
        ] {
            let arguments = [&["client-credentials", &url], options].concat();
            run("minbearer", &arguments, variables).expect_failure("minbearer", 2, part);
        }
        assert_eq!(server.connections(), 0);
        let outcome = run("minbearer", &["jsa", "--sign-key", &good], &id);
        outcome.expect_failure("minbearer", 2, "--sign-key goes with client-credentials");
    }
}
