//! Refusals with an OAuth error.

use super::*;

pub(super) const ROWS: &[Row] = &[
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
            "SERVER refused the token request: 401 Unauthorized: invalid_client: Account blocked until 5 o'clock (the server blocks this client or this machine's address: wait as it says, or have it allowed there; then check id and secret; the request went to http://SERVER/token)",
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
            "SERVER refused the token request: 400 Bad Request: invalid_grant: ip restricted (the server blocks this client or this machine's address: wait as it says, or have it allowed there; then check id and secret; the request went to http://SERVER/token)",
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
];
