//! What servers, gateways and proxies send as they are, and what comes of it: a token, or an error whose message alone
//! tells an operator what to do.
//!
//! Each row has its source: a report of a user of another program, a server's documentation, or a server as `.ci/interop`
//! runs it. The bytes are the source's, shortened where they say nothing, with other names and secrets.

use crate::support::hostile::{Server, Step};
#[cfg(feature = "tls")]
use crate::support::tls::{self, Authority, Key};
use minbearer::client_credentials::ClientAuthentication;
use minbearer::{Error, Http, Kind, Request, Session, Token, client_credentials, get_token};
use std::time::Duration;

const CLIENT_ID: &str = "client-7";
const SECRET: &str = "p&ss-w0rd/Zq7=";

/// What the server sends.
enum Sent {
    /// A status line and JSON.
    Json(&'static str, &'static str),
    /// A status line, header fields and a body.
    Answer(&'static str, &'static [&'static str], &'static str),
    /// All bytes.
    Raw(&'static str),
    /// All bytes, in Latin-1.
    Latin1(&'static str),
    /// To a client that sends an assertion.
    ToAssertion(&'static Sent),
    /// The same over TLS.
    #[cfg(feature = "tls")]
    OverTls(&'static Sent),
}

enum Right {
    /// An access token, and its lifetime in seconds.
    Token(&'static str, Option<u64>),
    /// A kind and the whole message, with `SERVER` for host and port.
    Error(Kind, &'static str),
}

use Right::Error as Says;
#[cfg(feature = "tls")]
use Sent::OverTls;
use Sent::{Answer, Json, Latin1, Raw, ToAssertion};

const HTML: &str = "Content-Type: text/html";
/// `{"alg":"RS256"}`, `{}` and a signature of another time.
const ASSERTION: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
const PLAIN: &str = "Content-Type: text/plain; charset=utf-8";

fn bytes(sent: &Sent) -> Vec<u8> {
    let answer = |status: &str, headers: &[&str], body: &str| {
        let headers: String = headers.iter().map(|field| format!("{field}\r\n")).collect();
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let text = match sent {
        Json(status, body) => answer(status, &["Content-Type: application/json"], body),
        Answer(status, headers, body) => answer(status, headers, body),
        Raw(text) => String::from(*text),
        Latin1(text) => return text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        ToAssertion(sent) => return bytes(sent),
        #[cfg(feature = "tls")]
        OverTls(sent) => return bytes(sent),
    };
    text.into_bytes()
}

fn ask(sent: &Sent) -> (Result<Token, Error>, String) {
    let server = Server::script(vec![Step::Request, Step::send(bytes(sent))]);
    #[cfg(feature = "tls")]
    if let OverTls(_) = sent {
        let authority = Authority::new("a CA", Key::P256);
        let config = authority.issue(&["127.0.0.1"]).config();
        let outside = tls::Server::terminating_tls(config, server.port());
        let http = Http::new().with_ca(tls::pem(authority.certificate())).unwrap();
        return ask_at(&format!("https://127.0.0.1:{}/token", outside.port()), SECRET, &http);
    }
    let url = format!("{}/token", server.url());
    match sent {
        ToAssertion(_) => ask_at(&url, ClientAuthentication::assertion(ASSERTION), &Http::new()),
        _ => ask_at(&url, SECRET, &Http::new()),
    }
}

/// The outcome, and the host and port.
fn ask_at(
    url: &str,
    authentication: impl Into<ClientAuthentication>,
    http: &Http,
) -> (Result<Token, Error>, String) {
    let config = client_credentials::Config::new(url, CLIENT_ID, authentication).unwrap();
    let config = config.with_scope("read").with_timeout(Duration::from_secs(5));
    let server = url.split('/').nth(2).unwrap();
    (get_token(&config, http), String::from(server))
}

#[test]
fn what_a_server_sends_is_understood_or_its_error_says_what_to_do() {
    let mut wrong = Vec::new();
    for (index, (source, sent, right)) in ROWS.iter().enumerate() {
        let (outcome, server) = ask(sent);
        let (got, expected) = match (&outcome, right) {
            (Ok(token), Right::Token(expected, lifetime)) => (
                format!("{} for {:?}", token.access_token(), token.lifetime()),
                format!("{expected} for {:?}", lifetime.map(Duration::from_secs)),
            ),
            (Err(error), Says(kind, expected)) => (
                format!("{:?}: {error}", error.kind()).replace(&server, "SERVER"),
                format!("{kind:?}: {expected}"),
            ),
            (Ok(token), Says(..)) => (format!("{token:?}"), String::from("an error")),
            (Err(error), Right::Token(..)) => (error.to_string(), String::from("a token")),
        };
        if let Err(error) = &outcome {
            assert!(error.is_token_request(), "{source}: {error}");
            assert!(!error.to_string().contains("ss-w0rd"), "{source}: {error}");
        }
        if got != expected {
            wrong.push(format!("{index}. {source}\n     got: {got}\nexpected: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

#[test]
fn each_row_has_a_source_of_its_own_kind() {
    assert!(ROWS.len() >= 60, "{} rows", ROWS.len());
    for (source, ..) in ROWS {
        assert!(source.len() > 10, "{source}");
    }
}

const ROWS: &[(&str, Sent, Right)] = &[
    // --- understood
    (
        "Apigee's default: docs.apigee.com/api-platform/reference/policies/oauthv2-policy",
        Json(
            "200 OK",
            r#"{"access_token":"t0k3n","token_type":"BearerToken","expires_in":"3599"}"#,
        ),
        Right::Token("t0k3n", Some(3599)),
    ),
    (
        "RFC 6749 section 5.1 allows any case: GitHub and many others write bearer",
        Json("200 OK", r#"{"access_token":"t0k3n","token_type":"bearer"}"#),
        Right::Token("t0k3n", None),
    ),
    (
        "dart-lang/tools issue 371: no token_type",
        Json("200 OK", r#"{"access_token":"b290f5516e2c","expires_in":1500}"#),
        Right::Token("b290f5516e2c", Some(1500)),
    ),
    (
        "dotnet/aspnetcore issue 53457: an empty error beside the token",
        Json(
            "200 OK",
            r#"{"access_token":"t0k3n","expires_in":7199,"token_type":"Bearer","error":""}"#,
        ),
        Right::Token("t0k3n", Some(7199)),
    ),
    (
        "CZ-NIC/pyoidc issue 879: Keycloak's library writes its empty members as null",
        Json(
            "200 OK",
            r#"{"access_token":"t0k3n","error":null,"error_description":null,"error_uri":null,"not-before-policy":0,"token_type":"Bearer"}"#,
        ),
        Right::Token("t0k3n", None),
    ),
    (
        "DollhouseMCP/mcp-server issue 2520: a byte order mark before the token's JSON",
        Json("200 OK", "\u{feff}{\"access_token\":\"t0k3n\",\"token_type\":\"Bearer\"}"),
        Right::Token("t0k3n", None),
    ),
    (
        "ordercloud-api/ordercloud-javascript-sdk issue 40: a byte order mark before an error",
        Json("401 Unauthorized", "\u{feff}{\"error\":\"invalid_client\"}"),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "RFC 9112 section 5.2: a folded header field",
        Raw(
            "HTTP/1.1 200 OK\r\nContent-Security-Policy: default-src 'self';\r\n img-src *\r\nContent-Length: 24\r\n\r\n{\"access_token\":\"t0k3n\"}",
        ),
        Right::Token("t0k3n", None),
    ),
    (
        "spring-attic/spring-security-oauth issue 975: a cached token with no time left",
        Json("200 OK", r#"{"access_token":"t0k3n","token_type":"bearer","expires_in":0}"#),
        Right::Token("t0k3n", None),
    ),
    (
        "OAuth-Apis/apis issue 56: milliseconds, beside a JWT that says 3600 s",
        Json(
            "200 OK",
            r#"{"access_token":"e30.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.c2ln","expires_in":3600000}"#,
        ),
        Right::Token("e30.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.c2ln", Some(3600)),
    ),
    (
        "RFC 7519 section 4.1.6: iat is optional, nbf stands for it ({\"nbf\":1700000000,\"exp\":1700003600})",
        Json(
            "200 OK",
            r#"{"access_token":"e30.eyJuYmYiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.c2ln"}"#,
        ),
        Right::Token("e30.eyJuYmYiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.c2ln", Some(3600)),
    ),
    (
        "a JWT with JavaScript's milliseconds ({\"iat\":1795979531000,\"exp\":1795980131000})",
        Json(
            "200 OK",
            r#"{"access_token":"e30.eyJpYXQiOjE3OTU5Nzk1MzEwMDAsImV4cCI6MTc5NTk4MDEzMTAwMH0.c2ln","token_type":" Bearer"}"#,
        ),
        Right::Token("e30.eyJpYXQiOjE3OTU5Nzk1MzEwMDAsImV4cCI6MTc5NTk4MDEzMTAwMH0.c2ln", Some(600)),
    ),
    (
        "Azure/azure-data-lake-store-java issue 63: a large token comes in chunks",
        Raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"access_token\":\r\n8\r\n\"t0k3n\"}\r\n0\r\n\r\n",
        ),
        Right::Token("t0k3n", None),
    ),
    // --- refused, with an OAuth error
    (
        "RFC 6749 section 5.2's own example",
        Json("400 Bad Request", r#"{"error":"invalid_request"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request (check the token URL, then look up what the server wants: a scope (--scope), an audience (--parameter) or the secret as Basic (--basic))",
        ),
    ),
    (
        "wso2/product-is issue 9653: a wrong secret, with a challenge without quotes",
        Answer(
            "401",
            &["WWW-Authenticate: Basic realm=localhost.com", "Content-Type: application/json"],
            r#"{"error_description":"Client Authentication failed.","error":"invalid_client"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401: invalid_client: Client Authentication failed. (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "thobach/MMM-MicrosoftToDo issue 33: Entra, lines in its description",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret is provided.\r\nTrace ID: 60c018fb-32af\r\nCorrelation ID: 512eafbc-bbd6\r\nTimestamp: 2020-07-03 10:55:12Z","error_codes":[7000215],"error_uri":"https://login.microsoftonline.com/error?code=7000215"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: AADSTS7000215: Invalid client secret is provided. Trace ID: 60c018fb-32af Correlation ID: 512eafbc-bbd6 Timestamp: 2020-07-03 10:55:12Z https://login.microsoftonline.com/error?code=7000215 (check the secret, its value and not its id, and whether it has expired)",
        ),
    ),
    (
        "jonascrevecoeur/terraform-provider-azuresql pull 56: Entra, a scope that is not valid",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_scope","error_description":"AADSTS70011: The provided value for the input parameter 'scope' is not valid."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_scope: AADSTS70011: The provided value for the input parameter 'scope' is not valid. (the server wants another scope, resource or audience, or has to grant this one: check --scope and --parameter first)",
        ),
    ),
    (
        "backstage/backstage issue 26017: Entra, an error code of its own",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_resource","error_description":"AADSTS500011: The resource principal named https://graph.microsoft.com/.default was not found in the tenant"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_resource: AADSTS500011: The resource principal named https://graph.microsoft.com/.default was not found in the tenant (the server wants another scope, resource or audience, or has to grant this one: check --scope and --parameter first)",
        ),
    ),
    (
        "requests/requests-oauthlib issue 463: Okta has no default scope",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_scope","error_description":"The authorization server resource does not have any configured default scopes, 'scope' must be provided."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_scope: The authorization server resource does not have any configured default scopes, 'scope' must be provided. (the server wants another scope, resource or audience, or has to grant this one: check --scope and --parameter first)",
        ),
    ),
    (
        "louislam/uptime-kuma issue 4202: Keycloak, service accounts are off",
        Json(
            "401 Unauthorized",
            r#"{"error":"unauthorized_client","error_description":"Client not enabled to retrieve service account"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: unauthorized_client: Client not enabled to retrieve service account (have this grant, client credentials or service account, allowed for this client there; if it is, check the secret)",
        ),
    ),
    (
        "awsdocs/amazon-cognito-developer-guide pull 16: Cognito, the grant is off",
        Json("400 Bad Request", r#"{"error":"unsupported_grant_type"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: unsupported_grant_type (the server does not have this grant, or not for this client: have it allowed, or give the server's name for it by --grant-type)",
        ),
    ),
    (
        "RFC 8707 section 2's example of a wrong resource",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_target","error_description":"Resource not allowed"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_target: Resource not allowed (the server wants another scope, resource or audience, or has to grant this one: check --scope and --parameter first)",
        ),
    ),
    (
        "bshaffer/oauth2-server-php issue 429: credentials that it did not find",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_client","error_description":"Client credentials were not found in the headers or body"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_client: Client credentials were not found in the headers or body (the server found no secret, or a proxy removes it: try --basic, or leave it out)",
        ),
    ),
    (
        "p2/OAuth2 issue 247: an empty description",
        Json("400 Bad Request", r#"{"error_description":"","error":"access_denied"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: access_denied (check audience and scope; if they are right, have this client allowed what it asks for)",
        ),
    ),
    (
        "jaredhanson/passport-oauth2 pull 172: GitHub refuses with 200",
        Json(
            "200 OK",
            r#"{"error":"incorrect_client_credentials","error_description":"The client_id and/or client_secret passed are incorrect.","error_uri":"https://docs.github.com/apps/troubleshooting"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK: incorrect_client_credentials: The client_id and/or client_secret passed are incorrect. https://docs.github.com/apps/troubleshooting (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "Slack's oauth.v2.access: api.slack.com/methods/oauth.v2.access, refused with 200",
        Json("200 OK", r#"{"ok":false,"error":"invalid_client_id"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK: invalid_client_id (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "poap-xyz/poap-sdk pull 221: Auth0, an error that is a sentence",
        Json(
            "429 Too Many Requests",
            r#"{"error":"Rate limit reached","error_description":"Access Denied"}"#,
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 429 Too Many Requests: Rate limit reached: Access Denied (the server limits how often it is asked: try again later)",
        ),
    ),
    (
        "RFC 6585 section 4's example",
        Answer(
            "429 Too Many Requests",
            &[HTML, "Retry-After: 3600"],
            "<html>\n<head>\n<title>Too Many Requests</title>\n</head>\n<body>\n<h1>Too Many Requests</h1>\n<p>I only allow 50 requests per hour to this Web site per\nlogged in user.  Try again soon.</p>\n</body>\n</html>",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 429 Too Many Requests: text/html: Too Many Requests I only allow 50 requests per hour to this Web site per logged in user. Try again soon. (the server limits how often it is asked: try again later; its Retry-After is 3600 seconds)",
        ),
    ),
    (
        "Auth0's rate limits: auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy",
        Json(
            "429 Too Many Requests",
            r#"{"error":"access_denied","error_description":"Too many requests."}"#,
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 429 Too Many Requests: access_denied: Too many requests. (the server limits how often it is asked: try again later)",
        ),
    ),
    (
        "a 404 with an OAuth error is a refusal: a tenant that does not exist",
        Json(
            "404 Not Found",
            r#"{"error":"invalid_request","error_description":"no such tenant"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404 Not Found: invalid_request: no such tenant (check the tenant, realm or domain in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "a framework that answers 500 to a wrong secret: an error that waiting does not mend",
        Json("500 Internal Server Error", r#"{"error":"invalid_client"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 500 Internal Server Error: invalid_client (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic; if that is right, see the server's log)",
        ),
    ),
    (
        "RFC 6749 section 4.1.2.1: temporarily_unavailable, with 400",
        Json("400 Bad Request", r#"{"error":"temporarily_unavailable"}"#),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 400 Bad Request: temporarily_unavailable (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "RFC 6749 section 4.1.2.1: server_error",
        Json(
            "500 Internal Server Error",
            r#"{"error":"server_error","error_description":"deadlock"}"#,
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 500 Internal Server Error: server_error: deadlock (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "an echo of the whole form in an error's description",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_description":"cannot read grant_type=client_credentials&client_id=client-7&client_secret=p%26ss-w0rd%2FZq7%3D"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request: cannot read grant_type=client_credentials&client_id=client-7&client_secret=[redacted] (check the token URL, then look up what the server wants: a scope (--scope), an audience (--parameter) or the secret as Basic (--basic))",
        ),
    ),
    (
        "suitenumerique/docs pull 1286: Keycloak, reached from outside of its own network over http",
        Json(
            "403 Forbidden",
            r#"{"error":"invalid_request","error_description":"HTTPS required"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: invalid_request: HTTPS required (the server wants https: write https and its port in the token URL)",
        ),
    ),
    (
        "keycloak/keycloak: a realm that is not there",
        Json("404 Not Found", r#"{"error":"Realm does not exist"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404 Not Found: Realm does not exist (check the tenant, realm or domain in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "ory/hydra issue 2907",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method).","status_code":401}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method). (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "kyma-project/kyma issue 7901: Ory Hydra before 1.9, with a member of its own beside the description",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)","error_hint":"The OAuth 2.0 Client supports client authentication method \"client_secret_basic\", but method \"client_secret_post\" was requested. You must configure the OAuth 2.0 client's \"token_endpoint_auth_method\" value to accept \"client_secret_post\".","status_code":401}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method) The OAuth 2.0 Client supports client authentication method \"client_secret_basic\", but method \"client_secret_post\" was requested. You must configure the OAuth 2.0 client's \"token_endpoint_auth_method\" value to accept \"client_secret_post\". (the server wants the secret sent another way: try --basic, or leave it out)",
        ),
    ),
    (
        "SAP/cloud-sdk-java issue 703: XSUAA",
        Answer(
            "401 Unauthorized",
            &[
                "WWW-Authenticate: Basic realm=\"UAA/client\", error=\"unauthorized\", error_description=\"Bad credentials\"",
                "Content-Type: application/json",
            ],
            "{\"error\":\"invalid_client\",\"error_description\":\"Bad credentials\"}",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Bad credentials (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "sap-tutorials/Tutorials issue 5061: XSUAA, an error code of its own",
        Json(
            "401 Unauthorized",
            r#"{"error":"unauthorized","error_description":"Bad credentials"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: unauthorized: Bad credentials (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "yangxiufeng666/Micro-Service-Skeleton issue 13: Spring Boot's error JSON, the reason in message",
        Json(
            "401 ",
            r#"{"timestamp":1539248009450,"status":401,"error":"Unauthorized","message":"Bad credentials","path":"/oauth/token"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401: {\"timestamp\":1539248009450,\"status\":401,\"error\":\"Unauthorized\",\"message\":\"Bad credentials\",\"path\":\"/oauth/token\"} (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "zitadel/zitadel issue 9961",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_client","error_description":"client not found"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_client: client not found (check the client id, then the tenant, realm or domain in the token URL: this client is not there; the request went to http://SERVER/token)",
        ),
    ),
    (
        "pozil/pub-sub-api-node-client issue 58: Salesforce has this grant at the domain of the organisation alone",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_grant","error_description":"request not supported on this domain"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_grant: request not supported on this domain (check the tenant, realm or domain in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "googleapis/google-api-php-client issue 1501: an assertion of another hour",
        ToAssertion(&Json(
            "400 Bad Request",
            r#"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values and use a clock with skew to account for clock differences between systems."}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values and use a clock with skew to account for clock differences between systems. (check this machine's clock; if it is right, make a new assertion: it is too old, or valid for too long; the request went to http://SERVER/token)",
        ),
    ),
    (
        "learn.microsoft.com/entra/identity-platform/reference-error-codes: AADSTS700024",
        ToAssertion(&Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"AADSTS700024: Client assertion is not within its valid time range."}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: AADSTS700024: Client assertion is not within its valid time range. (check this machine's clock; if it is right, make a new assertion: it is too old, or valid for too long; the request went to http://SERVER/token)",
        ),
    ),
    (
        "websightgmbh/l5-google-cloud-storage issue 6: Google, an error code of its own",
        Json(
            "401 Unauthorized",
            r#"{"error":"deleted_client","error_description":"The OAuth client was deleted."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: deleted_client: The OAuth client was deleted. (the server deleted or disabled this client: have it enabled or registered anew; the request went to http://SERVER/token)",
        ),
    ),
    (
        "auth0/node-auth0 issue 292: an audience that Auth0 does not know",
        Json(
            "403 Forbidden",
            r#"{"error":"access_denied","error_description":"Service not enabled within domain: https://auth.example/api/v2/"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: access_denied: Service not enabled within domain: https://auth.example/api/v2/ (check audience and scope; if they are right, have this client allowed what it asks for)",
        ),
    ),
    (
        "boto/boto3 issue 3916: Cognito, a client without the grant",
        Json("400 Bad Request", r#"{"error":"invalid_grant"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_grant (check the assertion, token, password or secret; if it is right, have this grant allowed for this client there)",
        ),
    ),
    (
        "Azure-Samples/active-directory-b2c-dotnetcore-webapp issue 25: Azure AD B2C",
        Answer(
            "401 Unauthorized",
            &["Content-Type: application/json; charset=utf-8"],
            "{\"error\":\"invalid_client\",\"error_description\":\"AADB2C90081: The specified client_secret does not match the expected value for this client. Please correct the client_secret and try again.\\r\\nCorrelation ID: e1d3a273-1e64-40ab\\r\\nTimestamp: 2017-05-22 17:45:45Z\\r\\n\"}",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: AADB2C90081: The specified client_secret does not match the expected value for this client. Please correct the client_secret and try again. Correlation ID: e1d3a273-1e64-40ab Timestamp: 2017-05-22 17:45:45Z (check the secret, its value and not its id, and whether it has expired)",
        ),
    ),
    (
        "jumbojett/OpenID-Connect-PHP issue 410: OpenIddict",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"The specified client credentials are invalid.","error_uri":"https://documentation.openiddict.com/errors/ID2055"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: The specified client credentials are invalid. https://documentation.openiddict.com/errors/ID2055 (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "Doorkeeper's config/locales/en.yml, as GitLab has it",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method. (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "RFC 6749 section 4.1.2.1: server_error, with 503",
        Json(
            "503 Service Unavailable",
            r#"{"error":"server_error","error_description":"the directory of clients does not answer"}"#,
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 503 Service Unavailable: server_error: the directory of clients does not answer (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "microsoftarchive/BatchAI pull 31: Entra, a tenant that is not there",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_description":"AADSTS90002: Tenant 72f988bf-86f1-41af-91ab-2d7cd011db47 not found. This may happen if there are no active subscriptions for the tenant. Check with your subscription administrator."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request: AADSTS90002: Tenant 72f988bf-86f1-41af-91ab-2d7cd011db47 not found. This may happen if there are no active subscriptions for the tenant. Check with your subscription administrator. (check the tenant, realm or domain in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Azure/azure-sdk-for-python issue 8314: Entra, a client of another tenant",
        Json(
            "400 Bad Request",
            r#"{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'foo' was not found in the directory 'foo'. This can happen if the application has not been installed by the administrator of the tenant. You may have sent your authentication request to the wrong tenant.","error_codes":[700016]}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: unauthorized_client: AADSTS700016: Application with identifier 'foo' was not found in the directory 'foo'. This can happen if the application has not been installed by the administrator of the tenant. You may have sent your authentication request to the wrong tenant. (check the client id, then the tenant, realm or domain in the token URL: this client is not there; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Worklytics/psoxy pull 74: Entra, a client that was disabled",
        Json(
            "400 Bad Request",
            r#"{"error":"unauthorized_client","error_description":"AADSTS7000112: Application '8b0c024c-7823-3774-2da8-a8d8b7ed331a'(worklytics-azuread-connector) is disabled."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: unauthorized_client: AADSTS7000112: Application '8b0c024c-7823-3774-2da8-a8d8b7ed331a'(worklytics-azuread-connector) is disabled. (the server deleted or disabled this client: have it enabled or registered anew; the request went to http://SERVER/token)",
        ),
    ),
    (
        "simonrob/email-oauth2-proxy issue 362: Google, an unknown client",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"The OAuth client was not found."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: The OAuth client was not found. (check the client id, then the tenant, realm or domain in the token URL: this client is not there; the request went to http://SERVER/token)",
        ),
    ),
    (
        "keycloak/keycloak issue 16923: Keycloak, a wrong secret",
        Json(
            "401 Unauthorized",
            r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: unauthorized_client: Invalid client or Invalid client credentials (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "keycloak/keycloak pull 7544: Keycloak, a parameter in the URL and in the form",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_description":"duplicated parameter"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request: duplicated parameter (a parameter came twice: take it out of the token URL's query, and out of --parameter)",
        ),
    ),
    (
        "a 404 with an OAuth error whose words say nothing of the path",
        Json("404 Not Found", r#"{"error":"invalid_client"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404 Not Found: invalid_client (check the path of the token URL; if it is right, check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic; the request went to http://SERVER/token)",
        ),
    ),
    (
        "RFC 9449 section 5, as Okta's new service apps: the client has to send a proof",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_dpop_proof","error_description":"The DPoP proof JWT header is missing."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_dpop_proof: The DPoP proof JWT header is missing. (the server wants DPoP, which is not supported: have it switched off for this client)",
        ),
    ),
    (
        "docusign/docusign-esign-node-client: the JWT grant before a person consented",
        ToAssertion(&Json("400 Bad Request", r#"{"error":"consent_required"}"#)),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: consent_required (the server wants a person's consent first: have an administrator grant it)",
        ),
    ),
    (
        "RFC 8628 section 3.5: a code of the device flow",
        Json("400 Bad Request", r#"{"error":"authorization_pending"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: authorization_pending (this is an error of the device flow: check the token URL and the grant; the request went to http://SERVER/token)",
        ),
    ),
    (
        "RFC 8628 section 3.5: the server is asked too often",
        Json("400 Bad Request", r#"{"error":"slow_down"}"#),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 400 Bad Request: slow_down (the server limits how often it is asked: try again later)",
        ),
    ),
    (
        "RFC 6749 section 4.1.2.1: server_error, with 400",
        Json("400 Bad Request", r#"{"error":"server_error"}"#),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 400 Bad Request: server_error (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "OpenID Connect Core 1.0 section 9: ways of authentication that are no secret",
        Json(
            "401 Unauthorized",
            r#"{"error":"unauthorized_client","error_description":"Only mTLS or private_key_jwt are allowed"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: unauthorized_client: Only mTLS or private_key_jwt are allowed (authenticate as the server says: by a certificate (--cert, --key) or an assertion (CLIENT_ASSERTION_FILE))",
        ),
    ),
    (
        "a text about a time, to a client that sends a secret",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"Account blocked until 5 o'clock"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Account blocked until 5 o'clock (the server blocks this client: wait as it says, or have it unblocked; then check id and secret; the request went to http://SERVER/token)",
        ),
    ),
    (
        "oauthlib's InsecureTransportError",
        Json(
            "400 Bad Request",
            r#"{"error":"insecure_transport","error_description":"OAuth 2 MUST utilize https."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: insecure_transport: OAuth 2 MUST utilize https. (the server wants https: write https and its port in the token URL)",
        ),
    ),
    (
        "docs.github.com/apps: GitHub without Accept refuses with 200 and a form",
        Answer(
            "200 OK",
            &["Content-Type: application/x-www-form-urlencoded; charset=utf-8"],
            "error=incorrect_client_credentials&error_description=The+client_id+and%2For+client_secret+passed+are+incorrect.&error_uri=https%3A%2F%2Fdocs.github.com%2Fapps",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK: incorrect_client_credentials: The client_id and/or client_secret passed are incorrect. https://docs.github.com/apps (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "a servlet container that answers in ISO-8859-1, its default",
        Latin1(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=iso-8859-1\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"Ungültig\"}",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_client: Ungültig (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "auth0/node-auth0 issue 682: Auth0 refuses a wrong secret as access_denied, with 401",
        Json("401 Unauthorized", r#"{"error":"access_denied","error_description":"Unauthorized"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: access_denied: Unauthorized (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "demisto/content-docs issue 1301: ServiceNow refuses a wrong secret as server_error, with 401",
        Json(
            "401 Unauthorized",
            r#"{"error_description": "access_denied", "error": "server_error"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: server_error: access_denied (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "Salesforce, an app for which no user is set that it runs as: it says nothing of the secret",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_grant","error_description":"no client credentials user enabled"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_grant: no client credentials user enabled (check the assertion, token, password or secret; if it is right, have this grant allowed for this client there)",
        ),
    ),
    (
        "Salesforce's JWT bearer grant before the user or an administrator approved",
        ToAssertion(&Json(
            "400 Bad Request",
            r#"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_grant: user hasn't approved this consumer (the server wants a person's consent first: have an administrator grant it)",
        ),
    ),
    (
        "Salesforce, an address from which this app may not ask",
        Json("400 Bad Request", r#"{"error":"invalid_grant","error_description":"ip restricted"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_grant: ip restricted (the server blocks this client: wait as it says, or have it unblocked; then check id and secret; the request went to http://SERVER/token)",
        ),
    ),
    (
        "keycloak/keycloak issue 16124: Keycloak found no secret",
        Json(
            "401 Unauthorized",
            r#"{"error":"unauthorized_client","error_description":"Client secret not provided in request"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: unauthorized_client: Client secret not provided in request (the server found no secret, or a proxy removes it: try --basic, or leave it out)",
        ),
    ),
    (
        "learn.microsoft.com/entra/identity-platform/reference-error-codes: AADSTS7000218",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'. (the server found no secret, or a proxy removes it: try --basic, or leave it out)",
        ),
    ),
    (
        "spencerwooo/onedrive-vercel-index issue 1051: Entra, a secret that has expired",
        Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app 'd87bcc39' are expired."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: AADSTS7000222: The provided client secret keys for app 'd87bcc39' are expired. (check the secret, its value and not its id, and whether it has expired)",
        ),
    ),
    (
        "spring-attic/spring-authorization-server issue 1503: a way of authentication that this client does not have",
        Json(
            "401 Unauthorized",
            r#"{"error_description":"Client authentication failed: authentication_method","error":"invalid_client","error_uri":"https://datatracker.ietf.org/doc/html/rfc6749#section-3.2.1"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Client authentication failed: authentication_method https://datatracker.ietf.org/doc/html/rfc6749#section-3.2.1 (the server wants the secret sent another way: try --basic, or leave it out)",
        ),
    ),
    (
        "SAP NetWeaver and Kong have no such grant, and call it invalid_request",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_description":"Grant type client_credentials is not supported"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request: Grant type client_credentials is not supported (the server does not have this grant, or not for this client: have it allowed, or give the server's name for it by --grant-type)",
        ),
    ),
    (
        "Keycloak, a realm that is disabled",
        Json(
            "403 Forbidden",
            r#"{"error":"access_denied","error_description":"Realm not enabled"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: access_denied: Realm not enabled (check the tenant, realm or domain in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "WSO2 Identity Server, an application that is switched off",
        Json(
            "401 Unauthorized",
            r#"{"error_description":"Oauth App is not in active state.","error":"invalid_client"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Oauth App is not in active state. (the server deleted or disabled this client: have it enabled or registered anew; the request went to http://SERVER/token)",
        ),
    ),
    (
        "WSO2 Identity Server, an unknown client",
        Json(
            "401 Unauthorized",
            r#"{"error_description":"A valid OAuth client could not be found for client_id: client-7","error":"invalid_client"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: A valid OAuth client could not be found for client_id: client-7 (check the client id, then the tenant, realm or domain in the token URL: this client is not there; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Keycloak, an assertion of another key",
        ToAssertion(&Json(
            "400 Bad Request",
            r#"{"error":"unauthorized_client","error_description":"Client authentication with signed JWT failed: Signature on JWT token failed validation"}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: unauthorized_client: Client authentication with signed JWT failed: Signature on JWT token failed validation (check client id, and the assertion's issuer, audience, key and times; many servers accept an assertion once only)",
        ),
    ),
    (
        "Cloud Foundry's UAA calls an assertion a token",
        ToAssertion(&Json(
            "401 Unauthorized",
            r#"{"error":"invalid_token","error_description":"Token could not be verified"}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_token: Token could not be verified (check client id, and the assertion's issuer, audience, key and times; many servers accept an assertion once only)",
        ),
    ),
    (
        "Okta, an assertion of the hour before",
        ToAssertion(&Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"The client_assertion token is expired."}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: The client_assertion token is expired. (check this machine's clock; if it is right, make a new assertion: it is too old, or valid for too long; the request went to http://SERVER/token)",
        ),
    ),
    (
        "thephpleague/oauth2-server's OAuthServerException: what is wrong is in its hint alone",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_scope","error_description":"The requested scope is invalid, unknown, or malformed","hint":"Check the `reed` scope","message":"The requested scope is invalid, unknown, or malformed"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_scope: The requested scope is invalid, unknown, or malformed Check the `reed` scope (the server wants another scope, resource or audience, or has to grant this one: check --scope and --parameter first)",
        ),
    ),
    (
        "OpenIddict over plain http: documentation.openiddict.com/errors/ID2083",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_description":"This server only accepts HTTPS requests.","error_uri":"https://documentation.openiddict.com/errors/ID2083"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request: This server only accepts HTTPS requests. https://documentation.openiddict.com/errors/ID2083 (the server wants https: write https and its port in the token URL)",
        ),
    ),
    // --- a client certificate is missing, or not accepted
    #[cfg(feature = "tls")]
    (
        "chromium/badssl.com issue 546: nginx, a certificate that it does not accept",
        OverTls(&Answer(
            "400 Bad Request",
            &[HTML],
            "<html>\r\n<head><title>400 The SSL certificate error</title></head>\r\n</html>",
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: text/html: 400 The SSL certificate error (the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate; the request went to https://SERVER/token)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "support.microsoft.com help 186812: IIS",
        OverTls(&Answer(
            "403 Forbidden",
            &[HTML],
            "<html><head><title>403.7 Forbidden: Client certificate required</title></head></html>",
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: text/html: 403.7 Forbidden: Client certificate required (the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate; the request went to https://SERVER/token)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "rcritten in freeipa/freeipa pull 3236: Apache, SSLVerifyClient for a path",
        OverTls(&Answer(
            "403 Forbidden",
            &["Content-Type: text/html; charset=iso-8859-1"],
            "<html><head>\n<title>403 Forbidden</title>\n</head><body>\n<h1>Forbidden</h1>\n<p>You don't have permission to access this resource.Reason: Cannot perform Post-Handshake Authentication.<br />\n</p>\n</body></html>\n",
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: text/html: Forbidden You don't have permission to access this resource.Reason: Cannot perform Post-Handshake Authentication. (the server asks for the client certificate only after the request, and no option helps: have it ask in the TLS handshake, in Apache by SSLVerifyClient for the whole virtual host; the request went to https://SERVER/token)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "Kong's mtls-auth: developer.konghq.com/plugins/mtls-auth",
        OverTls(&Json("401 Unauthorized", r#"{"message":"No required TLS certificate was sent"}"#)),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: {\"message\":\"No required TLS certificate was sent\"} (the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate; the request went to https://SERVER/token)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "DuendeSoftware/products pull 2079",
        OverTls(&Json(
            "400 Bad Request",
            r#"{"error":"invalid_client","error_description":"mTLS authentication failed"}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_client: mTLS authentication failed (the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "wso2/financial-services-accelerator issue 387",
        OverTls(&Json(
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"Transport certificate not found in the request"}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Transport certificate not found in the request (the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "keycloak/keycloak issue 31067: Keycloak, tokens that are bound to a certificate",
        OverTls(&Json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_description":"Client Certification missing for MTLS HoK Token Binding"}"#,
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request: Client Certification missing for MTLS HoK Token Binding (the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "keycloak/keycloak issue 31067: the same over plain http",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_description":"Client Certification missing for MTLS HoK Token Binding"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_request: Client Certification missing for MTLS HoK Token Binding (the server asks for a client certificate, which goes by https alone: give its https URL, and the certificate by --cert and --key, in code Http::with_client_certificate)",
        ),
    ),
    // --- refused, without an OAuth error
    (
        "a page of Windows-1252 or ISO-8859-1",
        Latin1(
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<title>Zugriff verweigert für Sie</title>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: text/html: Zugriff verweigert für Sie (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "a firewall's page with a picture in it, larger than the limit of 64 KiB",
        Raw("HTTP/1.1 403 Forbidden\r\nContent-Length: 90210\r\n\r\n<html>"),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: its body is too large, and was left unread (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "an object in error, refused with 200",
        Json("200 OK", r#"{"error":{"code":"invalid_client","message":"Client is wrong"}}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK: Client is wrong (its member error is an object or a list, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "a flag in error, refused with 200",
        Json("200 OK", r#"{"error":true,"message":"Client is wrong"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK: Client is wrong (its member error is true, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Okta's API errors: developer.okta.com/docs/reference/error-codes",
        Json(
            "401 Unauthorized",
            r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided","errorLink":"E0000011","errorId":"oaeKiJ","errorCauses":[]}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: {\"errorCode\":\"E0000011\",\"errorSummary\":\"Invalid token provided\",\"errorLink\":\"E0000011\",\"errorId\":\"oaeKiJ\",\"errorCauses\":[]} (this URL wants a token, so it may be an API's: give the token endpoint's URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "QRadar's API errors: ibmsecuritydocs.github.io, http_response",
        Json(
            "401 Unauthorized",
            r#"{"http_response":{"code":401,"message":"You are unauthorized to access the requested resource."},"code":18,"message":"No SEC header present in request.","description":"","details":{}}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: {\"http_response\":{\"code\":401,\"message\":\"You are unauthorized to access the requested resource.\"},\"code\":18,\"message\":\"No SEC header present in request.\",\"description\":\"\",\"details\":{}} (this URL wants a token, so it may be an API's: give the token endpoint's URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "microsoftgraph/microsoft-graph-docs issue 679: an object in error, after a byte order mark",
        Json(
            "500 Internal Server Error",
            "\u{feff}{\"error\":{\"code\":\"InternalServerError\",\"message\":\"Unable to resolve template token\"}}",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 500 Internal Server Error: {\"error\":{\"code\":\"InternalServerError\",\"message\":\"Unable to resolve template token\"}} (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "Google's APIs: cloud.google.com/apis/design/errors",
        Json(
            "403 Forbidden",
            r#"{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: {\"error\":{\"code\":403,\"message\":\"The caller does not have permission\",\"status\":\"PERMISSION_DENIED\"}} (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Keystone's API errors: docs.openstack.org/api-ref/identity/v3",
        Json(
            "401 Unauthorized",
            r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: {\"error\":{\"code\":401,\"message\":\"The request you have made requires authentication.\",\"title\":\"Unauthorized\"}} (no OAuth error was read: check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic; then the token URL, and whether a gateway wants its own key or login (--request-header); the request went to http://SERVER/token)",
        ),
    ),
    (
        "fastapi/full-stack-fastapi-template issue 431: a list of what is missing",
        Json(
            "422 Unprocessable Entity",
            r#"{"detail":[{"loc":["body","username"],"msg":"field required","type":"value_error.missing"}]}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 422 Unprocessable Entity: {\"detail\":[{\"loc\":[\"body\",\"username\"],\"msg\":\"field required\",\"type\":\"value_error.missing\"}]} (this URL takes another form: give the token endpoint's URL, or send what is missing by --parameter; the request went to http://SERVER/token)",
        ),
    ),
    (
        "FastAPI 0.100 and later repeat what was sent: docs.pydantic.dev/latest/errors",
        Json(
            "422 Unprocessable Entity",
            r#"{"detail":[{"type":"missing","loc":["body","username"],"msg":"Field required","input":{"client_id":"client-7","client_secret":"p&ss-w0rd/Zq7="}}]}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 422 Unprocessable Entity: {\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"username\"],\"msg\":\"Field required\",\"input\":{\"client_id\":\"client-7\",\"client_secret\":\"[redacted]\"}}]} (this URL takes another form: give the token endpoint's URL, or send what is missing by --parameter; the request went to http://SERVER/token)",
        ),
    ),
    (
        "zenml-io/kitaru issue 929: FastAPI, a sentence in detail",
        Json("400 Bad Request", r#"{"detail":"Unsupported grant type: client_credentials"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: {\"detail\":\"Unsupported grant type: client_credentials\"} (the server does not have this grant, or not for this client: have it allowed, or give the server's name for it by --grant-type; the request went to http://SERVER/token)",
        ),
    ),
    (
        "problem details: RFC 9457 section 3's example",
        Answer(
            "403 Forbidden",
            &["Content-Type: application/problem+json"],
            r#"{"type":"https://example.com/probs/out-of-credit","title":"You do not have enough credit.","status":403}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: {\"type\":\"https://example.com/probs/out-of-credit\",\"title\":\"You do not have enough credit.\",\"status\":403} (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Kong's key-auth: docs.konghq.com/hub/kong-inc/key-auth",
        Answer(
            "401 Unauthorized",
            &["WWW-Authenticate: Key realm=\"kong\"", "Content-Type: application/json"],
            r#"{"message":"No API key found in request"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: {\"message\":\"No API key found in request\"}; its challenge is Key realm=\"kong\" (a gateway wants its own key: send it by --request-header; the request went to http://SERVER/token)",
        ),
    ),
    (
        "AWS API Gateway: docs.aws.amazon.com/apigateway, Missing Authentication Token",
        Json("403 Forbidden", r#"{"message":"Missing Authentication Token"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: {\"message\":\"Missing Authentication Token\"} (this URL wants a token, so it may be an API's: give the token endpoint's URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Spring Boot's error JSON: an error that is the status code's name",
        Json(
            "404 ",
            r#"{"timestamp":"2026-01-02T03:04:05.678+00:00","status":404,"error":"Not Found","path":"/token"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404: {\"timestamp\":\"2026-01-02T03:04:05.678+00:00\",\"status\":404,\"error\":\"Not Found\",\"path\":\"/token\"} (check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/token)",
        ),
    ),
    (
        "an error that is a number",
        Json("400 Bad Request", r#"{"error":1002,"message":"unknown client"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: {\"error\":1002,\"message\":\"unknown client\"} (check the client id, then the tenant, realm or domain in the token URL: this client is not there; the request went to http://SERVER/token)",
        ),
    ),
    (
        "passport's BasicStrategy: a Basic realm and one word",
        Answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"Users\""], "Unauthorized"),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: Unauthorized; its challenge is Basic realm=\"Users\" (no OAuth error was read: check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic; then the token URL, and whether a gateway wants its own key or login (--request-header); the request went to http://SERVER/token)",
        ),
    ),
    (
        "nginx, auth_basic before the server",
        Answer(
            "401 Unauthorized",
            &["WWW-Authenticate: Basic realm=\"staging\"", HTML],
            "<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body></body>\r\n</html>\r\n",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: text/html: 401 Authorization Required; its challenge is Basic realm=\"staging\" (no OAuth error was read: check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic; then the token URL, and whether a gateway wants its own key or login (--request-header); the request went to http://SERVER/token)",
        ),
    ),
    (
        "RFC 6750 section 3's example: the reason is in the challenge",
        Answer(
            "401 Unauthorized",
            &[
                "WWW-Authenticate: Bearer realm=\"example\", error=\"invalid_token\", error_description=\"The access token expired\"",
            ],
            "",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_token: The access token expired (this URL wants a token, so it may be an API's: give the token endpoint's URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "FastAPI's OAuth2 classes: a challenge without parameters",
        Answer(
            "401 Unauthorized",
            &["WWW-Authenticate: Bearer", "Content-Type: application/json"],
            r#"{"detail":"Not authenticated"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: {\"detail\":\"Not authenticated\"}; its challenge is Bearer (this URL wants a token, so it may be an API's: give the token endpoint's URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "a bare 401, as qpylib's users report it",
        Answer("401 Unauthorized", &[], ""),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized (no OAuth error was read: check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic; then the token URL, and whether a gateway wants its own key or login (--request-header); the request went to http://SERVER/token)",
        ),
    ),
    (
        "ging/fiware-idm issue 43: 503 to a wrong secret",
        Answer("503 Service Unavailable", &[PLAIN], "Server error: missing client `grants`"),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 503 Service Unavailable: Server error: missing client `grants` (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "spring-attic/spring-security-oauth issue 1007: a page to wrong credentials",
        Answer(
            "401 ",
            &["Content-Type: text/html;charset=utf-8"],
            "<!doctype html><html lang=\"en\"><head><title>HTTP Status 401 – Unauthorized</title></head></html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401: text/html: HTTP Status 401 – Unauthorized (no OAuth error was read: check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic; then the token URL, and whether a gateway wants its own key or login (--request-header); the request went to http://SERVER/token)",
        ),
    ),
    (
        "anthropics/claude-code issue 47390: a firewall that wants a User-Agent, which is sent now",
        Answer(
            "403 Forbidden",
            &[HTML],
            "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n</body>\r\n</html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: text/html: 403 Forbidden (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Go's net/http, plain http to its https port",
        Answer("400 Bad Request", &[], "Client sent an HTTP request to an HTTPS server.\n"),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: Client sent an HTTP request to an HTTPS server. (this port is for https: write https in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "nginx, plain http to its https port",
        Answer(
            "400 Bad Request",
            &[HTML],
            "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n</html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: text/html: 400 The plain HTTP request was sent to HTTPS port (this port is for https: write https in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    #[cfg(feature = "tls")]
    (
        "nginx, ssl_verify_client without a certificate",
        OverTls(&Answer(
            "400 Bad Request",
            &[HTML],
            "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n</html>",
        )),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: text/html: 400 No required SSL certificate was sent (the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate; the request went to https://SERVER/token)",
        ),
    ),
    (
        "nginx's client_max_body_size",
        Answer(
            "413 Request Entity Too Large",
            &[HTML],
            "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n</html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 413 Request Entity Too Large: text/html: 413 Request Entity Too Large (the request is too large for the server, or for a proxy in between; send less, or have the limit raised there; the request went to http://SERVER/token)",
        ),
    ),
    (
        "nginx's large_client_header_buffers, to JSA's query",
        Answer(
            "414 Request-URI Too Large",
            &[HTML],
            "<html>\r\n<head><title>414 Request-URI Too Large</title></head>\r\n</html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 414 Request-URI Too Large: text/html: 414 Request-URI Too Large (the request is too large for the server, or for a proxy in between; send less, or have the limit raised there; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Express without such a route",
        Answer(
            "404 Not Found",
            &["Content-Type: text/html; charset=utf-8"],
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot POST /token</pre>\n</body>\n</html>\n",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404 Not Found: text/html: Error Cannot POST /token (check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/token)",
        ),
    ),
    (
        "an authorization endpoint in place of the token endpoint: Django's 405",
        Answer(
            "405 Method Not Allowed",
            &["Allow: GET, HEAD, OPTIONS", "Content-Type: text/html; charset=utf-8"],
            "",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 405 Method Not Allowed (check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/token)",
        ),
    ),
    (
        "a load balancer that redirects to https",
        Answer(
            "301 Moved Permanently",
            &["Location: https://auth.example/token?client_secret=p%26ss-w0rd%2FZq7%3D"],
            "",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 301 Moved Permanently: it redirects to https://auth.example/token (redirects are not followed: give that URL if it is the token endpoint's; if it is a login page's, have the proxy let this request through; the request went to http://SERVER/token)",
        ),
    ),
    (
        "RFC 3986 section 3.2.1: a target that has credentials in it",
        Answer(
            "302 Found",
            &["Location: https://rose:hunter2@sso.example/login?next=%2Ftoken"],
            "",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 302 Found: it redirects to https://sso.example/login (redirects are not followed: give that URL if it is the token endpoint's; if it is a login page's, have the proxy let this request through; the request went to http://SERVER/token)",
        ),
    ),
    (
        "RFC 9110 section 15.4.5: a cache that takes the request for a conditional one",
        Answer("304 Not Modified", &[], ""),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 304 Not Modified (no 304 fits this request: have the cache or proxy in between let it through; the request went to http://SERVER/token)",
        ),
    ),
    (
        "RFC 9110 section 15.4.1: several choices, and no Location",
        Answer("300 Multiple Choices", &[PLAIN], "/token or /v2/token"),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 300 Multiple Choices: /token or /v2/token (redirects are not followed, and this one has no Location: check the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "LinkedIn's status for a request that it takes for a robot's",
        Answer("999 Request denied", &[], ""),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 999 Request denied (the server, or a filter before it, denies this: check the token URL, then have this machine let through)",
        ),
    ),
    (
        "a single sign-on before the server",
        Answer("302 Found", &["Location: https://sso.example/login?next=%2Ftoken"], ""),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 302 Found: it redirects to https://sso.example/login (redirects are not followed: give that URL if it is the token endpoint's; if it is a login page's, have the proxy let this request through; the request went to http://SERVER/token)",
        ),
    ),
    (
        "RFC 9110 section 15.6.2: Not Implemented",
        Answer("501 Not Implemented", &[PLAIN], "grant not implemented"),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 501 Not Implemented: grant not implemented (the server does not have this grant, or not for this client: have it allowed, or give the server's name for it by --grant-type; the request went to http://SERVER/token)",
        ),
    ),
    (
        "HAProxy without a server",
        Answer(
            "503 Service Unavailable",
            &[HTML],
            "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 503 Service Unavailable: text/html: 503 Service Unavailable No server is available to handle this request. (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "nginx without an upstream",
        Answer(
            "502 Bad Gateway",
            &[HTML],
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 502 Bad Gateway: text/html: 502 Bad Gateway (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "simple-login/app issue 2755: a page with 500",
        Answer(
            "500 Internal Server Error",
            &["Content-Type: text/html; charset=utf-8"],
            "<html><title>Server error</title></html>",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 500 Internal Server Error: text/html: Server error (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "OData and S3: an error in XML",
        Answer(
            "403 Forbidden",
            &["Content-Type: application/xml"],
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: application/xml: AccessDenied Access Denied (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "django-oauth-toolkit 3.4.1 (.ci/interop): a wrong secret",
        Raw(
            "HTTP/1.0 401 Unauthorized\r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer error=\"invalid_client\"\r\n\r\n{\"error\": \"invalid_client\"}",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "django-oauth-toolkit 3.4.1 (.ci/interop): a client without the grant",
        Json("400 Bad Request", r#"{"error": "unauthorized_client"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: unauthorized_client (have this grant, client credentials or service account, allowed for this client there; if it is, check the secret)",
        ),
    ),
    (
        "django-oauth-toolkit 3.4.1 (.ci/interop): a path that it does not have",
        Raw(
            "HTTP/1.0 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n</html>\n",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404 Not Found: text/html: Not Found The requested resource was not found on this server. (check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/token)",
        ),
    ),
    (
        "@node-oauth/oauth2-server 5.3.0 (.ci/interop): a wrong secret in the body",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_client","error_description":"Invalid client: client is invalid"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_client: Invalid client: client is invalid (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "@node-oauth/oauth2-server 5.3.0 (.ci/interop): a wrong secret as Basic",
        Answer(
            "401 Unauthorized",
            &[
                "www-authenticate: Basic realm=\"Service\"",
                "Content-Type: application/json; charset=utf-8",
            ],
            r#"{"error":"invalid_client","error_description":"Invalid client: client is invalid"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Invalid client: client is invalid (check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic)",
        ),
    ),
    (
        "@node-oauth/oauth2-server 5.3.0 (.ci/interop): an unknown scope",
        Json(
            "400 Bad Request",
            r#"{"error":"invalid_scope","error_description":"Invalid scope: Requested scope is invalid"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: invalid_scope: Invalid scope: Requested scope is invalid (the server wants another scope, resource or audience, or has to grant this one: check --scope and --parameter first)",
        ),
    ),
    (
        "@node-oauth/oauth2-server 5.3.0 (.ci/interop): another grant",
        Json(
            "400 Bad Request",
            r#"{"error":"unsupported_grant_type","error_description":"Unsupported grant type: `grant_type` is invalid"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: unsupported_grant_type: Unsupported grant type: `grant_type` is invalid (the server does not have this grant, or not for this client: have it allowed, or give the server's name for it by --grant-type)",
        ),
    ),
    (
        "@node-oauth/oauth2-server 5.3.0 (.ci/interop): an API in place of the token endpoint",
        Answer(
            "401 Unauthorized",
            &["www-authenticate: Bearer realm=\"Service\",error=\"invalid_token\""],
            r#"{"error":"invalid_token","error_description":"Invalid token: access token is invalid"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: invalid_token: Invalid token: access token is invalid (this URL wants a token, so it may be an API's: give the token endpoint's URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Spring Boot's error JSON with 500: no code that waiting does not mend",
        Json(
            "500 ",
            r#"{"timestamp":"2026-01-02T03:04:05.678+00:00","status":500,"error":"Internal Server Error","path":"/token"}"#,
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 500: {\"timestamp\":\"2026-01-02T03:04:05.678+00:00\",\"status\":500,\"error\":\"Internal Server Error\",\"path\":\"/token\"} (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "hashicorp/vault pull 12840",
        Json("403 Forbidden", r#"{"errors":["permission denied"]}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: {\"errors\":[\"permission denied\"]} (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "OpenIdentityPlatform/OpenAM issue 305",
        Json("403 Forbidden", r#"{"code":403,"reason":"Forbidden","message":"Forbidden"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: {\"code\":403,\"reason\":\"Forbidden\",\"message\":\"Forbidden\"} (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "MicrosoftDocs/azure-docs issue 15130: a gateway that wants a key",
        Json(
            "401 Access Denied",
            r#"{"statusCode":401,"message":"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Access Denied: {\"statusCode\":401,\"message\":\"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.\"} (a gateway wants its own key: send it by --request-header; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Kong without such a route",
        Json("404 Not Found", r#"{"message":"no Route matched with those values"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404 Not Found: {\"message\":\"no Route matched with those values\"} (check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Traefik and Go's net/http without such a route",
        Answer("404 Not Found", &[PLAIN], "404 page not found\n"),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404 Not Found: 404 page not found (check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/token)",
        ),
    ),
    (
        "ASP.NET Core's problem details: an endpoint that wants JSON",
        Json(
            "415 Unsupported Media Type",
            r#"{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.16","title":"Unsupported Media Type","status":415,"traceId":"00-b2c5"}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 415 Unsupported Media Type: {\"type\":\"https://tools.ietf.org/html/rfc9110#section-15.5.16\",\"title\":\"Unsupported Media Type\",\"status\":415,\"traceId\":\"00-b2c5\"} (this URL takes no form: give the token endpoint's URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "planningcenter/developers issue 1447: CloudFront's firewall",
        Answer(
            "403 Forbidden",
            &[HTML],
            "<!DOCTYPE HTML>\n<HTML><HEAD><META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=iso-8859-1\">\n<TITLE>ERROR: The request could not be satisfied</TITLE>\n</HEAD><BODY>\n<H1>403 ERROR</H1>\nRequest blocked.\n</BODY></HTML>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: text/html: ERROR: The request could not be satisfied (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Apache, plain http to its https port",
        Answer(
            "400 Bad Request",
            &["Content-Type: text/html; charset=iso-8859-1"],
            "<html><head>\n<title>400 Bad Request</title>\n</head><body>\n<h1>Bad Request</h1>\n<p>Your browser sent a request that this server could not understand.<br />\nReason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n Instead use the HTTPS scheme to access this URL, please.<br />\n</p>\n</body></html>\n",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: text/html: Bad Request Your browser sent a request that this server could not understand. Reason: You're speaking plain HTTP to an SSL-enabled server port. Instead use the HTTPS scheme to access this URL, please. (this port is for https: write https in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "istio/istio issue 20475: Envoy without an upstream",
        Answer(
            "503 Service Unavailable",
            &["Content-Type: text/plain"],
            "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 503 Service Unavailable: upstream connect error or disconnect/reset before headers. reset reason: connection failure (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "wso2/product-is issue 4802: a fault in XML",
        Answer(
            "500 Internal Server Error",
            &["Content-Type: application/xml"],
            "<ns1:XMLFault xmlns:ns1=\"http://cxf.apache.org/bindings/xformat\"><ns1:faultstring xmlns:ns1=\"http://cxf.apache.org/bindings/xformat\">org.wso2.carbon.identity.base.IdentityRuntimeException: Parameters map trying to override existing key client_secret</ns1:faultstring></ns1:XMLFault>",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 500 Internal Server Error: application/xml: org.wso2.carbon.identity.base.IdentityRuntimeException: Parameters map trying to override existing key client_secret (a parameter came twice: take it out of the token URL's query, and out of --parameter)",
        ),
    ),
    (
        "RFC 9110 section 10.2.3's example of a date",
        Answer("503 Service Unavailable", &["Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"], ""),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 503 Service Unavailable (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings; its Retry-After is Fri, 31 Dec 1999 23:59:59 GMT)",
        ),
    ),
    (
        "beside a token, an exception that became JSON, as JavaScript writes it",
        Json("200 OK", r#"{"error":{},"access_token":"t0k3n"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is an object or a list, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "beside a token, a list of errors, an empty one",
        Json("200 OK", r#"{"error":[],"access_token":"t0k3n"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is an object or a list, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "beside a token, a flag that says yes",
        Json("200 OK", r#"{"error":true,"access_token":"t0k3n"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is true, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "beside a token, a number that is not zero",
        Json("200 OK", r#"{"error":7,"access_token":"t0k3n"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is a number, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "beside a token, an object with a code",
        Json("200 OK", r#"{"error":{"code":0},"access_token":"t0k3n"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is an object or a list, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "FastAPI's and Django's programs with a flag of their own in error",
        Json("200 OK", r#"{"error":false,"access_token":"t0k3n","token_type":"bearer"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is false, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "the same flag as a number, as databases without a Boolean write it",
        Json("200 OK", r#"{"error":0,"access_token":"t0k3n","token_type":"bearer"}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is a number, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Kong, a route for https alone",
        Answer(
            "426 Upgrade Required",
            &["Upgrade: TLS/1.2, HTTP/1.1", "Content-Type: application/json"],
            "{\"message\":\"Please use HTTPS protocol\"}",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 426 Upgrade Required: {\"message\":\"Please use HTTPS protocol\"} (the server wants https: write https and its port in the token URL; the request went to http://SERVER/token)",
        ),
    ),
    (
        "imroc/learning-istio issue 16: Envoy behind a proxy that speaks HTTP/1.0 to it, which https does not mend",
        Answer("426 Upgrade Required", &["server: envoy"], ""),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 426 Upgrade Required (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "IBM Cloud's IAM, whose grant is an API key: it is no gateway's",
        Json(
            "400 Bad Request",
            r#"{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found."}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 Bad Request: {\"errorCode\":\"BXNIM0415E\",\"errorMessage\":\"Provided API key could not be found.\"} (check the API key that was sent; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Apigee's VerifyAPIKey: docs.apigee.com/api-platform/reference/policies/verify-api-key-policy",
        Json(
            "401 Unauthorized",
            r#"{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}"#,
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 401 Unauthorized: {\"fault\":{\"faultstring\":\"Invalid ApiKey\",\"detail\":{\"errorcode\":\"oauth.v2.InvalidApiKey\"}}} (a gateway wants its own key: send it by --request-header; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Tomcat, which sends no reason and a style sheet: SAP's XSUAA without such a zone",
        Answer(
            "404 ",
            &["Content-Type: text/html;charset=utf-8"],
            "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 – Not Found</title><style type=\"text/css\">body {font-family:Tahoma,Arial,sans-serif;} h1, h2, h3, b {color:white;background-color:#525D76;} h1 {font-size:22px;} h2 {font-size:16px;} h3 {font-size:14px;} p {font-size:12px;} a {color:black;} .line {height:1px;background-color:#525D76;border:none;} a:visited {color:black;}</style></head><body><h1>HTTP Status 404 – Not Found</h1><hr class=\"line\" /><p><b>Type</b> Status Report</p><p><b>Message</b> The subdomain does not map to a valid identity zone.</p></body></html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 404: text/html: HTTP Status 404 – Not Found Type Status Report Message The subdomain does not map to a valid identity zone. (check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Jetty, whose title is the status line after the word Error",
        Answer(
            "503 Service Unavailable",
            &[HTML],
            "<html>\n<head>\n<title>Error 503 Service Unavailable</title>\n</head>\n<body><h2>HTTP ERROR 503 Service Unavailable</h2>\n<table>\n<tr><th>MESSAGE:</th><td>the realm is being reloaded</td></tr>\n</table>\n</body>\n</html>",
        ),
        Says(
            Kind::Unavailable,
            "SERVER refused the token request: 503 Service Unavailable: text/html: HTTP ERROR 503 Service Unavailable MESSAGE: the realm is being reloaded (the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings)",
        ),
    ),
    (
        "Werkzeug, whose reason is in capitals",
        Answer(
            "400 BAD REQUEST",
            &[HTML],
            "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>The CSRF token is missing.</p>\n",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 400 BAD REQUEST: text/html: Bad Request The CSRF token is missing. (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Django's CSRF page, with a style sheet and a script",
        Answer(
            "403 Forbidden",
            &[HTML],
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n  <title>403 Forbidden</title>\n  <style>\n    html * { padding:0; margin:0; }\n  </style>\n  <SCRIPT>if (1 < 2) { alert(\"no\") }</SCRIPT>\n</head>\n<body>\n  <h1>Forbidden <span>(403)</span></h1>\n  <p>CSRF verification failed. Request aborted.</p>\n</body></html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: text/html: Forbidden (403) CSRF verification failed. Request aborted. (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    (
        "Imperva's page: its only words come after 300 characters of tags",
        Answer(
            "403 Forbidden",
            &[HTML],
            "<html style=\"height:100%\"><head><META NAME=\"ROBOTS\" CONTENT=\"NOINDEX, NOFOLLOW\"><meta name=\"format-detection\" content=\"telephone=no\"><meta name=\"viewport\" content=\"initial-scale=1.0\"><meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge,chrome=1\"></head><body style=\"margin:0px;height:100%\"><iframe id=\"main-iframe\" src=\"/_Incapsula_Resource?SWUDNSAI=31\" frameborder=0 width=\"100%\">Request unsuccessful. Incapsula incident ID: 123-456</iframe></body></html>",
        ),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 403 Forbidden: text/html: Request unsuccessful. Incapsula incident ID: 123-456 (no OAuth error was read: check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall; the request went to http://SERVER/token)",
        ),
    ),
    // --- no usable token
    (
        "n8n-io/n8n pull 27089: a page that says it is JSON",
        Json("200 OK", "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it is not JSON but a page, sent as application/json: Sign in; give the OAuth token endpoint's URL: http://SERVER/token may be an issuer's or a login page's",
        ),
    ),
    (
        "the login page of an issuer",
        Answer("200 OK", &[HTML], "<html><head><title>Log in to realm demo</title></head></html>"),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it is not JSON but a page, sent as text/html: Log in to realm demo; give the OAuth token endpoint's URL: http://SERVER/token may be an issuer's or a login page's",
        ),
    ),
    (
        "GitHub without Accept, old Facebook: a form",
        Answer(
            "200 OK",
            &["Content-Type: application/x-www-form-urlencoded"],
            "access_token=t0k3n&token_type=bearer",
        ),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it is form-encoded and not JSON; have the server answer with JSON",
        ),
    ),
    (
        "decocms/studio pull 6068: no access_token",
        Json("200 OK", r#"{"token_type":"Bearer"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but token_type (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
    ),
    (
        "an authorization server's metadata in place of its token endpoint: RFC 8414 section 3.2",
        Json(
            "200 OK",
            r#"{"issuer":"https://auth.example","token_endpoint":"https://auth.example/token"}"#,
        ),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but issuer, token_endpoint (no values are shown: one may be a token); it is the server's metadata: give the URL that its token_endpoint has",
        ),
    ),
    (
        "a login of a program's own, which refuses with 200 and a null",
        Json(
            "200 OK",
            r#"{"success":false,"access_token":null,"message":"wrong user or password"}"#,
        ),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but success, an empty one, message, and says: wrong user or password; do what it says, or give an OAuth token endpoint's URL: this is no OAuth answer",
        ),
    ),
    (
        "the same with an empty text",
        Json("200 OK", r#"{"access_token":"","token_type":"Bearer"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but an empty one, token_type (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
    ),
    (
        "RFC 6750 section 2.1: a token with a line break at its end",
        Json("200 OK", r#"{"access_token":"t0k3n\n"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: its access_token has a byte that is not allowed in a header; have the server send visible ASCII alone",
        ),
    ),
    (
        "a token with its type before it",
        Json("200 OK", r#"{"access_token":"Bearer t0k3n","token_type":"Bearer"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: its access_token starts with `Bearer `, so the type is in it twice; have the server send the token alone",
        ),
    ),
    (
        "a member twice: which one counts differs by parser (RFC 8259 section 4)",
        Json("200 OK", r#"{"access_token":"t0k3n","expires_in":60,"expires_in":3600}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: its member expires_in is there twice, so that it can be read in two ways; have the server send it once",
        ),
    ),
    (
        "RFC 9449 section 5: a token for DPoP",
        Json("200 OK", r#"{"access_token":"t0k3n","token_type":"DPoP"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: its token_type is `DPoP`; only Bearer is supported; have the server issue Bearer tokens to this client",
        ),
    ),
    (
        "a baseboard controller that compresses whatever was asked for",
        Answer(
            "200 OK",
            &["Content-Encoding: gzip", "Content-Type: application/json"],
            "\u{1f}\u{8b}",
        ),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has the Content-Encoding gzip, though `identity` was asked for; have compression turned off at the server or the proxy in between",
        ),
    ),
    (
        "magodo/terraform-provider-restful issue 157: a token under another name",
        Json("200 OK", r#"{"token":"t0k3n","expires":3600}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but token, expires (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
    ),
    (
        "Colin-b/httpx_auth issue 119: a token within another object",
        Json(
            "200 OK",
            r#"{"tokenData":{"access_token":"t0k3n","token_type":"Bearer"},"errors":[],"success":true}"#,
        ),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but tokenData, errors, success (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
    ),
    (
        "WeChat's refusals: developers.weixin.qq.com, getAccessToken",
        Json(
            "200 OK",
            r#"{"errcode":40013,"errmsg":"invalid appid rid: 61725984-6126f6f9-040f19c4"}"#,
        ),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but errcode, errmsg, and says: invalid appid rid: …; do what it says, or give an OAuth token endpoint's URL: this is no OAuth answer",
        ),
    ),
    (
        "Feishu's refusals: open.feishu.cn/document/server-docs/authentication-management",
        Json("200 OK", r#"{"code":10014,"msg":"app secret invalid"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but code, msg, and says: app secret invalid; do what it says, or give an OAuth token endpoint's URL: this is no OAuth answer",
        ),
    ),
    (
        "a token under JavaScript's name",
        Json("200 OK", r#"{"accessToken":"t0k3n"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but accessToken (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
    ),
    (
        "an empty object",
        Json("200 OK", r#"{}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token: it is empty JSON; give the OAuth token endpoint's URL: http://SERVER/token may be an issuer's or a login page's",
        ),
    ),
    (
        "a flag of the program's own, and no token",
        Json("200 OK", r#"{"error":false,"expires_in":60}"#),
        Says(
            Kind::Refused,
            "SERVER refused the token request: 200 OK (its member error is false, where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out; the request went to http://SERVER/token)",
        ),
    ),
    (
        "a login's answer: more members than are shown",
        Json(
            "200 OK",
            r#"{"user_id":7,"user_name":"rose","first_name":"R","last_name":"E","mail_address":"r@auth.example","phone_number":"1","created_at":1,"updated_at":1}"#,
        ),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but user_id, user_name, first_name, last_name, mail_address, phone_number, created_at (no values are shown: one may be a token); give the OAuth token endpoint's URL: http://SERVER/token may be an issuer's or a login page's",
        ),
    ),
    // --- what can be read in two ways
    (
        "timoklimmer/powerproxy-aoai issue 53: both Content-Length and chunks",
        Raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 24\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n{\"access_token\":\"t0k3n\"}\r\n0\r\n\r\n",
        ),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer gives two lengths for one body, by Content-Length or Transfer-Encoding, so that it can be read in two ways; have the server or a gateway in between send one",
        ),
    ),
    (
        "RFC 9110 section 8.6: a gateway that joins two equal lengths",
        Raw("HTTP/1.1 200 OK\r\nContent-Length: 24, 24\r\n\r\n{\"access_token\":\"t0k3n\"}"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer's Content-Length is there twice, as a list; have the server or a gateway in between send one",
        ),
    ),
    (
        "RFC 9110 section 15: a status below 100",
        Raw("HTTP/1.1 099 Hm\r\nContent-Length: 0\r\n\r\n"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer's status is 99: have the server or proxy send one from 200 to 599",
        ),
    ),
    (
        "RFC 9112 section 4: a control character in the reason phrase",
        Raw("HTTP/1.1 400 Bad\u{1b}[31mRed\r\nContent-Length: 0\r\n\r\n"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer's status line has a control character after its code; have the server corrected",
        ),
    ),
    (
        "RFC 9112 section 2.2: a program that ends its lines twice",
        Raw("HTTP/1.1 200 OK\r\r\nContent-Length: 24\r\r\n\r\r\n{\"access_token\":\"t0k3n\"}"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer's status line has a control character after its code; have the server corrected",
        ),
    ),
    (
        "RFC 2616's Transfer-Encoding: identity, which RFC 7230 took out",
        Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n{\"access_token\":\"t0k3n\"}"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer's Transfer-Encoding is not `chunked`; have the server or the gateway in between send `chunked` or none",
        ),
    ),
    (
        "a CGI program that prints a line before its header",
        Raw("HTTP/1.1 200 OK\r\nwarning no colon\r\nContent-Length: 2\r\n\r\n{}"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer's head has a line that is no header field: without a colon, or with a control character; have the server or the proxy in between corrected",
        ),
    ),
    (
        "an OpenSSL server's alert to a request without TLS",
        Raw("\u{15}\u{3}\u{1}\0\u{2}\u{2}F"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer is not HTTP: it does not start with a status line; is this the right port, and does HTTP/1.1 answer there? or does it want https?",
        ),
    ),
    (
        "the SSH port",
        Raw("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer is not HTTP: it does not start with a status line; is this the right port, and does HTTP/1.1 answer there? or does it want https?",
        ),
    ),
    (
        "a firewall that closes the connection",
        Raw(""),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the connection was closed without an answer; is this the right port, and does a firewall let the request through? or does it want https?",
        ),
    ),
];

/// Flows whose requests are fixed have no options; and whatever was sent may have white space at an end.
#[test]
fn each_flow_names_the_options_that_it_has_and_white_space_in_what_it_sent() {
    use minbearer::{Response, accelerator, jsa};
    const SPACE: &str = "an id or secret that was sent begins or ends with white space";
    let refused = |flow: &str, (id, secret): (&str, &str), status, body: &str| {
        let answer = Response::new(status, body);
        match flow {
            "jsa" => {
                let config = jsa::Config::new(id, secret).unwrap();
                config.read_answer(&config.request(1).unwrap(), answer)
            }
            "accelerator" => {
                let config = accelerator::Config::new("http://[::1]", id, secret).unwrap();
                config.read_answer(&config.request().unwrap(), answer)
            }
            _ => {
                let secret = match flow {
                    "basic" => ClientAuthentication::basic(secret),
                    _ => ClientAuthentication::body(secret),
                };
                let config = client_credentials::Config::new("http://[::1]/t", id, secret).unwrap();
                config.read_answer(&config.request().unwrap(), answer)
            }
        }
        .unwrap_err()
        .to_string()
    };
    for flow in ["jsa", "accelerator", "body", "basic"] {
        for (id, secret, is_named) in [
            ("id-123", "s3cr3t", false),
            ("id-123 ", "s3cr3t", true),
            ("\u{a0}id-123", "s3cr3t", true),
            ("id-123", "s3cr3t\u{a0}", true),
            ("id 123", "s3 cr3t", false),
        ] {
            let error = refused(flow, (id, secret), 401, r#"{"error":"invalid_client"}"#);
            assert_eq!(error.contains(SPACE), is_named, "{flow} {id:?} {secret:?}: {error}");
        }
        for (status, body) in [
            (401, ""),
            (422, ""),
            (403, "No API key"),
            (400, "duplicated parameter"),
            (400, r#"{"error":"invalid_request"}"#),
            (400, r#"{"error":"invalid_scope"}"#),
        ] {
            let error = refused(flow, ("id-123", "s3cr3t"), status, body);
            let has_options = matches!(flow, "body" | "basic");
            assert_eq!(error.contains("--"), has_options, "{flow}: {error}");
        }
        // A flow that makes its URL of host and port is given no token endpoint's.
        for body in ["", "<html>", "[]", r#"{"token":"x"}"#, r#"{"message":"not here"}"#] {
            let error = refused(flow, ("id-123", "s3cr3t"), 200, body);
            let has_url = matches!(flow, "body" | "basic");
            assert_eq!(error.contains("OAuth token endpoint"), has_url, "{flow}: {error}");
            let asks =
                error.contains("; check scheme, host and port: another server may answer at ");
            let says = error.contains("; do what it says");
            assert!(has_url || asks || says, "{flow}: {error}");
        }
    }
    let error = refused("jsa", ("id-123", "s3cr3t"), 401, r#"{"error":"invalid_client"}"#);
    assert!(error.ends_with("(check client id and secret against the app's authorized service)"));
}

/// What an API says of a token, over a session.
#[test]
fn what_an_api_refuses_is_said_with_its_own_words() {
    const TOKEN: &str = "t0k3n-of-the-session";
    for (source, sent, message, fields) in API_ROWS {
        let body = format!("{{\"access_token\":\"{TOKEN}\"}}");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let tokens = Server::script(vec![Step::Request, Step::send(answer)]);
        let api = Server::script(vec![Step::Request, Step::send(bytes(sent))]);
        let url = format!("{}/token", tokens.url());
        let config = client_credentials::Config::new(&url, CLIENT_ID, SECRET).unwrap();
        let session = Session::new(config);
        let response = session.send(Request::get(&format!("{}/api", api.url())).unwrap()).unwrap();
        let error = response.error_for_status().unwrap_err();
        let server = format!("127.0.0.1:{}", api.port());
        assert_eq!(error.kind(), Kind::Status, "{source}");
        assert!(!error.is_token_request(), "{source}");
        assert_eq!(error.to_string().replace(&server, "SERVER"), *message, "{source}");
        let refusal = error.refusal().unwrap();
        let got = [refusal.error(), refusal.scope(), refusal.body()];
        assert_eq!(got, *fields, "{source}");
    }
}

/// Behind one gateway, host and port do not tell them apart.
#[test]
fn a_token_request_and_an_api_call_are_told_apart_in_every_network_message() {
    use minbearer::{Method, Transport, Url};
    use std::time::Instant;
    let scripts: [(&str, Vec<Step>); 6] = [
        ("closed without an answer", vec![Step::Request]),
        ("not answered in time", vec![Step::Request, Step::Hold]),
        ("does not start with a status line", vec![Step::Request, Step::send("SSH-2.0-x\r\n")]),
        (
            "two lengths",
            vec![
                Step::Request,
                Step::send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            ],
        ),
        (
            "cut short",
            vec![Step::Request, Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")],
        ),
        (
            "larger than 10 bytes",
            vec![Step::Request, Step::send("HTTP/1.1 200 OK\r\n\r\n{\"a\": \"some more\"}")],
        ),
    ];
    let check = |url: &str, part: &str| {
        let url = Url::parse("URL", url).unwrap();
        let requests = [
            ("token request", Request::for_token(Method::Post, url.clone())),
            ("API call", Request::to(Method::Get, url.clone())),
        ];
        for (what, request) in requests {
            let request = request.with_max_answer_bytes(10);
            let deadline = Instant::now() + Duration::from_millis(300);
            let error = Http::new().send(&request, deadline).unwrap_err().to_string();
            let start = format!("the {what} to {}:{} ", url.host(), url.port());
            assert!(error.starts_with(&start) && error.contains(part), "{part}: {error}");
            // Advice about ports is for an answer without a status line.
            let is_http = error.contains("two lengths") || error.contains("cut short");
            assert!(!is_http || !error.contains("port?"), "{error}");
        }
    };
    for (part, script) in scripts {
        let server = Server::script(script);
        check(&server.url(), part);
    }
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&format!("http://{unused}"), "nothing listens there");
    check("http://a-name.invalid", "");
}

#[test]
fn a_coding_is_refused_and_the_program_named_in_each_request() {
    let answer = "HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"t0k3n\"}";
    let server = Server::script(vec![Step::Request, Step::send(answer)]);
    let config = client_credentials::Config::new(&server.url(), CLIENT_ID, SECRET).unwrap();
    let session = Session::new(config);
    session.send(Request::get(&server.url()).unwrap()).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let head = String::from_utf8(request).unwrap().to_lowercase();
        let agent = concat!("\r\nuser-agent: minbearer/", env!("CARGO_PKG_VERSION"), "\r\n");
        assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
        assert!(head.contains(agent), "{head}");
    }
}

type ApiRow = (&'static str, Sent, &'static str, [Option<&'static str>; 3]);

const API_ROWS: &[ApiRow] = &[
    (
        "RFC 9110 section 15.4.5: nothing newer",
        Answer("304 Not Modified", &[], ""),
        "the answer of SERVER to the API call has the status 304: what was asked for has not changed",
        [None, None, Some("")],
    ),
    (
        "RFC 9110 section 15.4.1: several choices, and no Location",
        Answer("300 Multiple Choices", &[PLAIN], "/api or /v2/api"),
        "the answer of SERVER to the API call has the status 300: see what the body of the answer says, and the API's documentation",
        [None, None, Some("/api or /v2/api")],
    ),
    (
        "RFC 9110 section 15.4.3: Found",
        Answer("302 Found", &["Location: /login"], ""),
        "the answer of SERVER to the API call has the status 302: a redirect, which is not followed",
        [None, None, Some("")],
    ),
    (
        "RFC 9110 section 15: a status above 599",
        Answer("999 Request denied", &[], ""),
        "the answer of SERVER to the API call has the status 999: the server cannot answer now; try again later",
        [None, None, Some("")],
    ),
    (
        "RFC 6750 section 3.1: insufficient_scope",
        Answer(
            "403 Forbidden",
            &["WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"read write\""],
            "",
        ),
        "the answer of SERVER to the API call has the status 403: the token lacks a scope that this call needs; ask for it, and have it granted to this client; its challenge is Bearer error=\"insufficient_scope\", scope=\"read write\"",
        [Some("insufficient_scope"), Some("read write"), Some("")],
    ),
    (
        "RFC 6750 section 3's example",
        Answer(
            "401 Unauthorized",
            &[
                "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"The access token expired\"",
            ],
            "",
        ),
        "the answer of SERVER to the API call has the status 401: the API rejects this token: it may have expired, be of another server than the API trusts, or be meant for another API; its challenge is Bearer error=\"invalid_token\", error_description=\"The access token expired\"",
        [Some("invalid_token"), None, Some("")],
    ),
    (
        "django-oauth-toolkit's resource views, to a token that was revoked",
        Answer("403 Forbidden", &["Content-Type: text/html; charset=utf-8"], ""),
        "the answer of SERVER to the API call has the status 403: the API does not allow this with this token; have the right granted to this client",
        [None, None, Some("")],
    ),
    (
        "an echo of the request",
        Answer(
            "400 Bad Request",
            &[PLAIN],
            "unknown field in\r\nAuthorization: Bearer t0k3n-of-the-session",
        ),
        "the answer of SERVER to the API call has the status 400: see what the body of the answer says, and the API's documentation",
        [None, None, Some("unknown field in Authorization: Bearer [redacted]")],
    ),
    (
        "QRadar's API errors: ibmsecuritydocs.github.io, http_response",
        Json(
            "422 Unprocessable Entity",
            r#"{"http_response":{"code":422},"code":2000,"message":"Query syntax error"}"#,
        ),
        "the answer of SERVER to the API call has the status 422: see what the body of the answer says, and the API's documentation",
        [
            None,
            None,
            Some(r#"{"http_response":{"code":422},"code":2000,"message":"Query syntax error"}"#),
        ],
    ),
    (
        "an API that answers in ISO-8859-1",
        Latin1(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 31\r\n\r\nnichts für t0k3n-of-the-session",
        ),
        "the answer of SERVER to the API call has the status 404: this API has no such resource",
        [None, None, Some("nichts für [redacted]")],
    ),
    (
        "RFC 9110 section 15.6.2: Not Implemented",
        Answer("501 Not Implemented", &[], "no"),
        "the answer of SERVER to the API call has the status 501: the server does not support this",
        [None, None, Some("no")],
    ),
];
