//! Refusals without an OAuth error: of gateways, proxies, firewalls and frameworks.

use super::*;

pub(super) const ROWS: &[Row] = &[
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
];
