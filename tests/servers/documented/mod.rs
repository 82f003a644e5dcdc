//! The requests of `servers.md`, compared with what each server's documentation shows.

mod signed;

use minbearer::client_credentials::{ClientAuthentication, Config};
use minbearer::{Error, Request};

const TABLE: &str = include_str!("../../../src/flow/client_credentials/servers.md");

/// A request as a server's documentation shows it.
struct Documented {
    server: &'static str,
    config: Result<Config, Error>,
    url: &'static str,
    authorization: Option<&'static str>,
    /// Compared as form fields: order and encoding may differ.
    body: &'static str,
}

/// Ids, secrets and `Authorization` values are the examples of each server's documentation.
fn documented() -> Vec<Documented> {
    let assertion = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI5N2UwIn0.M8U3bSUKKJDEg";
    let basic = ClientAuthentication::basic;
    let entra =
        "https://login.microsoftonline.com/a8990e1f-ff32-408a-9f8e-78d3b9139b95/oauth2/v2.0/token";
    let okta = "https://example.okta.com/oauth2/default/v1/token";
    let auth0 = "https://example.auth0.com/oauth/token";
    let cognito = "https://mydomain.auth.us-east-1.amazoncognito.com/oauth2/token";
    let keycloak = "https://localhost:8443/realms/demo/protocol/openid-connect/token";
    let salesforce = "https://mycompany.my.salesforce.com/services/oauth2/token";
    let zoom = "https://zoom.us/oauth/token";
    let paypal = "https://api-m.sandbox.paypal.com/v1/oauth2/token";
    let spotify = "https://accounts.spotify.com/api/token";
    let graph = "https://graph.microsoft.com/.default";
    Vec::from([
        Documented {
            server: "Entra",
            config: Config::new(entra, "535fb089-9ff3-47b6-9bfb-4f1264799865", "sampleCredentials")
                .map(|config| config.with_scope(graph)),
            url: entra,
            authorization: None,
            body: "client_id=535fb089-9ff3-47b6-9bfb-4f1264799865&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default\
                   &client_secret=sampleCredentials&grant_type=client_credentials",
        },
        Documented {
            server: "Entra",
            config: Config::new(
                entra,
                "97e0a5b7-d745-40b6-94fe-5f77d35c6e05",
                ClientAuthentication::assertion(assertion),
            )
            .map(|config| config.with_scope(graph)),
            url: entra,
            authorization: None,
            body: "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_id=97e0a5b7-d745-40b6-94fe-5f77d35c6e05\
                   &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
                   &client_assertion=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI5N2UwIn0.M8U3bSUKKJDEg&grant_type=client_credentials",
        },
        Documented {
            server: "Okta",
            config: Config::new(okta, "0oa", basic("secret"))
                .map(|config| config.with_scope("customScope")),
            url: okta,
            authorization: Some("Basic MG9hOnNlY3JldA=="),
            body: "grant_type=client_credentials&scope=customScope",
        },
        Documented {
            server: "Auth0",
            config: Config::new(auth0, "YOUR_CLIENT_ID", "YOUR_CLIENT_SECRET")
                .and_then(|config| config.with_parameter("audience", "YOUR_API_IDENTIFIER")),
            url: auth0,
            authorization: None,
            body: "grant_type=client_credentials&client_id=YOUR_CLIENT_ID&client_secret=YOUR_CLIENT_SECRET\
                   &audience=YOUR_API_IDENTIFIER",
        },
        Documented {
            server: "Cognito",
            config: Config::new(cognito, "djc98u3jiedmi283eu928", basic("abcdef01234567890"))
                .map(|config| config.with_scope("my_resource_server_identifier/my_custom_scope")),
            url: cognito,
            authorization: Some("Basic ZGpjOTh1M2ppZWRtaTI4M2V1OTI4OmFiY2RlZjAxMjM0NTY3ODkw"),
            body: "grant_type=client_credentials&scope=my_resource_server_identifier%2Fmy_custom_scope",
        },
        Documented {
            server: "Cognito",
            config: Config::new(cognito, "1example23456789", "9example87654321")
                .map(|config| config.with_scope("my_resource_server_identifier/my_custom_scope")),
            url: cognito,
            authorization: None,
            body: "grant_type=client_credentials&client_id=1example23456789\
                   &scope=my_resource_server_identifier%2Fmy_custom_scope&client_secret=9example87654321",
        },
        Documented {
            server: "Keycloak",
            config: Config::new(keycloak, "product-sa-client", basic("password")),
            url: keycloak,
            authorization: Some("Basic cHJvZHVjdC1zYS1jbGllbnQ6cGFzc3dvcmQ="),
            body: "grant_type=client_credentials",
        },
        Documented {
            server: "Salesforce",
            config: Config::new(salesforce, "client-key", "client-secret")
                .map(|config| config.with_answer_member("instance_url")),
            url: salesforce,
            authorization: None,
            body: "grant_type=client_credentials&client_id=client-key&client_secret=client-secret",
        },
        Documented {
            server: "Zoom",
            config: Config::new(zoom, "ZOOM_CLIENT_ID", basic("ZOOM_CLIENT_SECRET"))
                .map(|config| config.with_grant_type("account_credentials"))
                .and_then(|config| config.with_parameter("account_id", "Wk9PTV9BQ0NPVU5UX0lE")),
            url: zoom,
            authorization: Some("Basic Wk9PTV9DTElFTlRfSUQ6Wk9PTV9DTElFTlRfU0VDUkVU"),
            body: "grant_type=account_credentials&account_id=Wk9PTV9BQ0NPVU5UX0lE",
        },
        Documented {
            server: "PayPal",
            config: Config::new(paypal, "CLIENT_ID", basic("CLIENT_SECRET")),
            url: paypal,
            authorization: Some("Basic Q0xJRU5UX0lEOkNMSUVOVF9TRUNSRVQ="),
            body: "grant_type=client_credentials",
        },
        Documented {
            server: "Spotify",
            config: Config::new(spotify, "CLIENT_ID", basic("CLIENT_SECRET")),
            url: spotify,
            authorization: Some("Basic Q0xJRU5UX0lEOkNMSUVOVF9TRUNSRVQ="),
            body: "grant_type=client_credentials",
        },
    ])
}

fn fields(form: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<_> = form_urlencoded::parse(form).into_owned().collect();
    fields.sort_unstable();
    fields
}

/// The rows of a table: the server's name, which is a link's text, and the other cells.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let cells = |line| str::split(line, '|').skip(1).map(str::trim).collect();
    let mut rows: Vec<Vec<&str>> =
        table.lines().filter(|line| line.starts_with("| [")).map(cells).collect();
    for row in &mut rows {
        row[0] = row[0].split(['[', ']']).nth(1).unwrap();
    }
    rows
}

/// Looks at method, URL and headers.
fn check(request: &Request, url: &str, authorization: Option<&str>, server: &str) {
    assert_eq!(request.method().as_str(), "POST", "{server}");
    assert_eq!(request.url().as_str(), url, "{server}");
    let mut expected = Vec::from([
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]);
    expected.extend(authorization.map(|value| ("Authorization", value)));
    assert_eq!(request.headers().collect::<Vec<_>>(), expected, "{server}");
}

#[test]
fn each_servers_request_is_the_one_that_its_documentation_shows() {
    for Documented { server, config, url, authorization, body } in documented() {
        let request = config.and_then(|config| config.request()).expect(server);
        check(&request, url, authorization, server);
        assert_eq!(fields(request.body().unwrap()), fields(body.as_bytes()), "{server}");
    }
}

#[test]
fn each_row_of_the_table_has_a_request_and_a_token_url_like_the_tables() {
    let rows = rows(TABLE);
    let mut tested: Vec<&str> = documented().iter().map(|documented| documented.server).collect();
    tested.dedup();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), tested);

    for documented in documented() {
        let row = rows.iter().find(|row| row[0] == documented.server).unwrap();
        // A long URL is in pieces, between which a browser may break it. The parts in braces are placeholders.
        let url = row[1].replace("`<wbr>`", "");
        let pattern = url.split('`').nth(1).unwrap();
        let mut rest = documented.url;
        for fixed in pattern.split(['{', '}']).step_by(2) {
            // PayPal's example uses the sandbox.
            let fixed = fixed.replace("api-m.paypal.com", "api-m.sandbox.paypal.com");
            let at = rest.find(&fixed).unwrap_or_else(|| panic!("{pattern}: {}", documented.url));
            rest = &rest[at + fixed.len()..];
        }
        assert_eq!(rest, "", "{pattern}: {}", documented.url);
        // Where the secret goes.
        let place = row[2];
        let is_basic = documented.authorization.is_some();
        let is_assertion = documented.body.contains("client_assertion");
        let words: &[&str] = match (is_basic, is_assertion) {
            (true, _) => &["Basic", "either"],
            (_, true) => &["an assertion"],
            _ => &["body", "either"],
        };
        assert!(words.iter().any(|word| place.contains(word)), "{}: {place}", documented.server);
    }
}
