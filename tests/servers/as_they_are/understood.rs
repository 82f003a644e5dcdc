//! A token, though the answer departs from the RFC.

use super::*;

pub(super) const ROWS: &[Row] = &[
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
];
