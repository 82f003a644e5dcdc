//! The requests and assertions of `signed_servers.md`, compared with what each server's documentation shows.

use super::{check, fields, rows};
use base64ct::{Base64UrlUnpadded, Encoding};
use minbearer::client_credentials::{
    Algorithm, ClientAuthentication, Config, SignedAssertion, SigningKey,
};
use minbearer::{Error, Response};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../../../src/flow/client_credentials/signed_servers.md");
const JWT_BEARER_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const JWT_BEARER_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Documented {
    server: &'static str,
    config: Result<Config, Error>,
    url: &'static str,
    /// The parameter that the assertion is.
    parameter: &'static str,
    /// The other form parameters. A `client_id` beside an assertion that authenticates is optional (RFC 7521 section 4.2)
    /// and always sent.
    form: &'static [(&'static str, &'static str)],
    header: Value,
    /// Without `jti`, `iat` and `exp`, which are checked for every server.
    claims: Value,
}

fn key(algorithm: Algorithm) -> SigningKey {
    let bytes = if algorithm == Algorithm::Es384 { 96 } else { 256 };
    SigningKey::from_fn(algorithm, move |_| Ok(vec![7; bytes]))
}

fn grant(url: &str, assertion: SignedAssertion) -> Result<Config, Error> {
    Config::new(url, "", ClientAuthentication::none())?
        .with_grant_type(JWT_BEARER_GRANT)
        .with_secret_parameter("assertion", assertion)
}

fn authentication(url: &str, id: &str, assertion: SignedAssertion) -> Result<Config, Error> {
    Config::new(url, id, ClientAuthentication::assertion(assertion))
}

/// Ids, keys' names and scopes are the examples of each server's documentation.
fn documented() -> Vec<Documented> {
    let google = "https://oauth2.googleapis.com/token";
    let google_email =
        "761326798069-r5mljlln1rd4lrbhg75efgigp36m78j5@developer.gserviceaccount.com";
    let google_scope = "https://www.googleapis.com/auth/devstorage.read_only";
    let entra = "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token";
    let entra_id = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    let okta = "https://example.okta.com/oauth2/v1/token";
    let salesforce = "https://mycompany.my.salesforce.com/services/oauth2/token";
    let salesforce_key = "3MVG99OxTyEMCQ3gNp2PjkqeZKxnmAiG1xV4oHh9AKL_rSK";
    let docusign = "https://account-d.docusign.com/oauth/token";
    let docusign_user = "464f7988-xxxx-xxxx-xxxx-781ee556ab7a";
    let docusign_key = "7c2b8d7e-xxxx-xxxx-xxxx-cda8a50dd73f";
    let smart = "https://authorize.smarthealthit.org/token";
    let smart_id = "https://bili-monitor.example.com";
    let rs256 = || SignedAssertion::new(key(Algorithm::Rs256));
    Vec::from([
        Documented {
            server: "Google",
            config: rs256()
                .with_key_id("370ab79b4513eb9bad7c9bd16a95cb76b5b2a56a")
                .with_issuer(google_email)
                .with_claim("scope", google_scope)
                .and_then(|assertion| grant(google, assertion)),
            url: google,
            parameter: "assertion",
            form: &[("grant_type", JWT_BEARER_GRANT)],
            header: json!({
                "alg": "RS256", "typ": "JWT", "kid": "370ab79b4513eb9bad7c9bd16a95cb76b5b2a56a",
            }),
            claims: json!({"iss": google_email, "scope": google_scope, "aud": google}),
        },
        Documented {
            server: "Entra",
            config: authentication(
                entra,
                entra_id,
                SignedAssertion::new(key(Algorithm::Ps256).with_certificate_sha256([0x83; 32])),
            )
            .map(|config| config.with_scope("https://graph.microsoft.com/.default")),
            url: entra,
            parameter: "client_assertion",
            form: &[
                ("scope", "https://graph.microsoft.com/.default"),
                ("client_id", "aaaabbbb-0000-cccc-1111-dddd2222eeee"),
                ("client_assertion_type", JWT_BEARER_ASSERTION),
                ("grant_type", "client_credentials"),
            ],
            header: json!({
                "alg": "PS256", "typ": "JWT",
                "x5t#S256": "g4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4M",
            }),
            claims: json!({"aud": entra, "iss": entra_id, "sub": entra_id}),
        },
        Documented {
            server: "Okta",
            config: authentication(okta, "0oa", rs256().with_key_id("my_key_id"))
                .map(|config| config.with_scope("okta.users.read")),
            url: okta,
            parameter: "client_assertion",
            form: &[
                ("grant_type", "client_credentials"),
                ("client_id", "0oa"),
                ("scope", "okta.users.read"),
                ("client_assertion_type", JWT_BEARER_ASSERTION),
            ],
            header: json!({"alg": "RS256", "typ": "JWT", "kid": "my_key_id"}),
            claims: json!({"aud": okta, "iss": "0oa", "sub": "0oa"}),
        },
        Documented {
            server: "Salesforce",
            config: grant(
                salesforce,
                rs256()
                    .with_issuer(salesforce_key)
                    .with_subject("my@email.com")
                    .with_audience("https://login.salesforce.com"),
            )
            .map(|config| config.with_answer_member("instance_url")),
            url: salesforce,
            parameter: "assertion",
            form: &[("grant_type", JWT_BEARER_GRANT)],
            header: json!({"alg": "RS256", "typ": "JWT"}),
            claims: json!({
                "iss": salesforce_key, "sub": "my@email.com", "aud": "https://login.salesforce.com",
            }),
        },
        Documented {
            server: "DocuSign",
            config: rs256()
                .with_issuer(docusign_key)
                .with_subject(docusign_user)
                .with_audience("account-d.docusign.com")
                .with_claim("scope", "signature impersonation")
                .and_then(|assertion| grant(docusign, assertion)),
            url: docusign,
            parameter: "assertion",
            form: &[("grant_type", JWT_BEARER_GRANT)],
            header: json!({"alg": "RS256", "typ": "JWT"}),
            claims: json!({
                "iss": docusign_key, "sub": docusign_user, "aud": "account-d.docusign.com",
                "scope": "signature impersonation",
            }),
        },
        Documented {
            server: "SMART",
            config: authentication(
                smart,
                smart_id,
                SignedAssertion::new(key(Algorithm::Es384))
                    .with_key_id("afb27c284f2d93959c18fa0320e32060"),
            )
            .map(|config| config.with_scope("system/*.rs")),
            url: smart,
            parameter: "client_assertion",
            form: &[
                ("grant_type", "client_credentials"),
                ("client_id", "https://bili-monitor.example.com"),
                ("scope", "system/*.rs"),
                ("client_assertion_type", JWT_BEARER_ASSERTION),
            ],
            header: json!({
                "alg": "ES384", "typ": "JWT", "kid": "afb27c284f2d93959c18fa0320e32060",
            }),
            claims: json!({"iss": smart_id, "sub": smart_id, "aud": smart}),
        },
    ])
}

fn part(assertion: &str, index: usize) -> Value {
    let part = assertion.split('.').nth(index).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
}

#[test]
fn each_servers_request_and_assertion_are_those_that_its_documentation_shows() {
    for Documented { server, config, url, parameter, form, header, mut claims } in documented() {
        let config = config.expect(server);
        let request = config.request().expect(server);
        check(&request, url, None, server);
        let mut sent = fields(request.body().unwrap());
        let at = sent.iter().position(|(name, _)| name == parameter).expect(server);
        let (_, assertion) = sent.remove(at);
        let mut expected: Vec<(String, String)> =
            form.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        expected.sort_unstable();
        assert_eq!(sent, expected, "{server}");

        assert_eq!(part(&assertion, 0), header, "{server}");
        let found = part(&assertion, 1);
        for made in ["jti", "iat", "exp"] {
            claims[made] = found[made].clone();
        }
        assert_eq!(found, claims, "{server}");
        let lifetime = found["exp"].as_u64().unwrap() - found["iat"].as_u64().unwrap();
        assert_eq!(lifetime, 60, "{server}");
        assert!(!found["jti"].as_str().unwrap().is_empty(), "{server}");
        let refused = config.read_answer(&request, Response::new(400, assertion.as_str()));
        assert!(
            !refused.unwrap_err().to_string().contains(&assertion[assertion.len() - 8..]),
            "{server}"
        );
    }
}

#[test]
fn each_row_of_the_table_has_a_request_like_the_tables() {
    let rows = rows(TABLE);
    let tested: Vec<&str> = documented().iter().map(|documented| documented.server).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), tested);
    for (row, documented) in rows.iter().zip(documented()) {
        let server = documented.server;
        let is_grant = documented.parameter == "assertion";
        assert_eq!(row[2], if is_grant { "the grant" } else { "authentication" }, "{server}");
        assert!(row[3].contains(documented.header["alg"].as_str().unwrap()), "{server}");
        for member in ["kid", "x5t#S256"] {
            let is_sent = documented.header.get(member).is_some();
            assert_eq!(row[3].contains(member), is_sent, "{server}: {member}");
        }
        assert_eq!(
            row[4].contains("`scope`"),
            documented.claims.get("scope").is_some(),
            "{server}"
        );
        assert_eq!(row[4].contains("`iss`"), is_grant, "{server}");
    }
}
