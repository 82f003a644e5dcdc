//! Client authentication at qoauth: by a secret in the request or as Basic, by an assertion, or by a certificate.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::form::Fields;
use super::message::Request;
use super::{Credentials, lock};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub struct Client {
    id: String,
    secret: Mutex<String>,
    assertion: Mutex<Option<String>>,
    certificate_is_required: AtomicBool,
    last_secret: Mutex<Option<String>>,
}

pub enum Refusal {
    /// The request contains no usable client authentication.
    Invalid(&'static str),
    /// The client authentication is wrong.
    Unauthenticated,
}

impl Client {
    pub fn new(credentials: &Credentials) -> Self {
        Self {
            id: credentials.client_id.clone(),
            secret: Mutex::new(credentials.client_secret.clone()),
            assertion: Mutex::default(),
            certificate_is_required: AtomicBool::new(false),
            last_secret: Mutex::default(),
        }
    }

    pub fn set_secret(&self, secret: &str) {
        *lock(&self.secret) = secret.to_owned();
    }

    pub fn set_assertion(&self, assertion: &str) {
        *lock(&self.assertion) = Some(assertion.to_owned());
    }

    pub fn require_certificate(&self) {
        self.certificate_is_required.store(true, Ordering::SeqCst);
    }

    pub fn last_secret(&self) -> Option<String> {
        lock(&self.last_secret).clone()
    }

    pub fn authenticate(&self, request: &Request, fields: &Fields) -> Result<(), Refusal> {
        let basic = Fields::of_basic(request).transpose().map_err(Refusal::Invalid)?;
        let basic = basic.unwrap_or_default();
        let secrets = [fields.get("client_secret"), basic.get("client_secret")];
        if let Some(secret) = secrets.into_iter().flatten().next_back() {
            *lock(&self.last_secret) = Some(secret.to_owned());
        }
        // RFC 6749 section 2.3: at most one method in a request.
        let proof = match (secrets, fields.get("client_assertion")) {
            ([Some(secret), None] | [None, Some(secret)], None) => Proof::Secret(secret),
            ([None, None], Some(assertion)) => Proof::Assertion(assertion),
            ([None, None], None) if request.origin.has_client_certificate => Proof::Certificate,
            ([None, None], None) => {
                return Err(Refusal::Invalid("client_id and client_secret are both required"));
            }
            _ => return Err(Refusal::Invalid("the client is authenticated in more than one way")),
        };
        let is_right = match proof {
            Proof::Secret(secret) => *secret == **lock(&self.secret),
            Proof::Assertion(assertion) => {
                if fields.get("client_assertion_type") != Some(JWT_BEARER) {
                    return Err(Refusal::Invalid("an assertion must be of the type jwt-bearer"));
                }
                lock(&self.assertion).as_deref() == Some(assertion)
            }
            Proof::Certificate => true,
        };
        let ids = [fields.get("client_id"), basic.get("client_id")];
        if ids == [None, None] && !matches!(proof, Proof::Assertion(_)) {
            return Err(Refusal::Invalid("client_id and client_secret are both required"));
        }
        let is_known = ids.into_iter().flatten().all(|id| id == self.id);
        let has_certificate = request.origin.has_client_certificate
            || !self.certificate_is_required.load(Ordering::SeqCst);
        if is_right && is_known && has_certificate { Ok(()) } else { Err(Refusal::Unauthenticated) }
    }
}

enum Proof<'a> {
    Secret(&'a str),
    /// RFC 7523 section 2.2.
    Assertion(&'a str),
    /// RFC 8705 section 2: the request contains only the client's id.
    Certificate,
}
