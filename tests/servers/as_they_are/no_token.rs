//! Successes without a usable token.

use super::*;

pub(super) const ROWS: &[Row] = &[
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
            "cannot use the answer of SERVER to the token request: it has no access_token, but success, an empty access_token, message, and says: wrong user or password; do what it says, or give an OAuth token endpoint's URL: this is no OAuth answer",
        ),
    ),
    (
        "the same with an empty text",
        Json("200 OK", r#"{"access_token":"","token_type":"Bearer"}"#),
        Says(
            Kind::Malformed,
            "cannot use the answer of SERVER to the token request: it has no access_token, but an empty access_token, token_type (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
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
];
