//! A client certificate is missing, or not accepted.

use super::*;

pub(super) const ROWS: &[Row] = &[
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
];
