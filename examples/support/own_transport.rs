use minbearer::{Error, Request, Response, Transport};
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy, http};

/// HTTPS over ureq, to servers with a certificate of one CA.
pub struct Ureq {
    agent: Agent,
}

impl Ureq {
    pub fn trusting(ca_pem: &[u8]) -> Result<Ureq, Error> {
        Ureq::with(ca_pem, None)
    }

    /// Through a proxy that `Http::with_proxy` does not know, such as
    /// `socks5://proxy:1080` (ureq's feature `socks-proxy`) or
    /// `https://proxy:3129`. It may have user info.
    pub fn through(proxy: &str, ca_pem: &[u8]) -> Result<Ureq, Error> {
        let proxy = Proxy::new(proxy).map_err(|_| {
            Error::config("the proxy's URL is wrong") // and may have a password
        })?;
        Ureq::with(ca_pem, Some(proxy))
    }

    fn with(ca_pem: &[u8], proxy: Option<Proxy>) -> Result<Ureq, Error> {
        let ca = Certificate::from_pem(ca_pem).map_err(|error| {
            Error::config(format!("the CA's certificate: {error}"))
                .with_source(error)
        })?;
        let provider = rustls::crypto::ring::default_provider();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[ca]))
            .unversioned_rustls_crypto_provider(Arc::new(provider))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .http_status_as_error(false) // the flow reads the refusal
            // A redirect would send the credentials to another server.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .proxy(proxy) // by default ureq reads it from the environment
            .build();
        Ok(Ureq { agent: agent.into() })
    }

    fn exchange(
        &self,
        request: &Request,
        deadline: Instant,
    ) -> Result<Response, ureq::Error> {
        let (method, url) = (request.method().as_str(), request.url().as_str());
        let mut outgoing = http::Request::builder().method(method).uri(url);
        for (name, value) in request.headers() {
            outgoing = outgoing.header(name, value);
        }
        let outgoing = outgoing.body(request.body().unwrap_or_default())?;
        let left = deadline.saturating_duration_since(Instant::now());
        let limited =
            self.agent.configure_request(outgoing).timeout_global(Some(left));
        let (head, body) = self.agent.run(limited.build())?.into_parts();
        let limit = request.max_answer_bytes();
        // A buffer that grows leaves unwiped copies.
        let mut answer = Vec::with_capacity(limit);
        let mut reader = body.into_with_config().limit(limit as u64).reader();
        let read = reader.read_to_end(&mut answer);
        if head.status.is_success() {
            read?; // for any other status the body may be incomplete
        }
        let mut response = Response::new(head.status.as_u16(), answer);
        for (name, value) in &head.headers {
            if let Ok(value) = value.to_str() {
                response = response.with_header(name.as_str(), value);
            }
        }
        Ok(response)
    }
}

impl Transport for Ureq {
    fn send(
        &self,
        request: &Request,
        deadline: Instant,
    ) -> Result<Response, Error> {
        self.exchange(request, deadline).map_err(|error| {
            // Scheme, host and port, without the query, which may hold a secret.
            let to = request.url().origin();
            match error {
                ureq::Error::Timeout(_) => {
                    Error::timeout(format!("{to} did not answer in time"))
                }
                ureq::Error::BodyExceedsLimit(_) => {
                    Error::malformed(format!("the answer of {to} is too large"))
                }
                error => Error::network(format!(
                    "the request to {to} failed: {error}"
                )),
            }
        })
    }
}
