//! What can be read in two ways.

use super::*;

pub(super) const ROWS: &[Row] = &[
    (
        "timoklimmer/powerproxy-aoai issue 53: both Content-Length and chunks",
        Raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 24\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n{\"access_token\":\"t0k3n\"}\r\n0\r\n\r\n",
        ),
        Says(
            Kind::Network,
            "the token request to SERVER failed: the answer gives two lengths for one body, by Content-Length or Transfer-Encoding, or chunks in HTTP/1.0, so that it can be read in two ways; have the server or a gateway in between send one",
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
