//! `application/x-www-form-urlencoded`, decoded strictly: a client that does not encode is refused.

use std::collections::HashMap;

use super::message::Request;

/// The fields of a form or query, each of them once.
#[derive(Default)]
pub struct Fields(HashMap<String, String>);

impl Fields {
    /// The client's id and secret in `Authorization: Basic`, each encoded like a field's value (RFC 6749
    /// section 2.3.1).
    pub fn of_basic(request: &Request) -> Option<Result<Self, &'static str>> {
        let credentials = request.basic_credentials()?;
        Some(credentials.and_then(|(id, secret)| {
            if (id.clone() + &secret).contains('&') {
                return Err("a character is not percent-encoded");
            }
            let mut fields = Self::default();
            fields.read(format!("client_id={id}&client_secret={secret}").as_bytes())?;
            Ok(fields)
        }))
    }

    /// Adds the fields in `encoded`, or says what is wrong with it.
    pub fn read(&mut self, encoded: &[u8]) -> Result<(), &'static str> {
        // The characters that RFC 3986 allows in a query, and brackets, which are commonly left unencoded.
        let is_allowed =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$'()*,;=:@/?[]&+%".contains(byte);
        if !encoded.iter().all(is_allowed) {
            return Err("a character is not percent-encoded");
        }
        for (name, value) in form_urlencoded::parse(encoded) {
            if self.0.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err("a parameter is repeated");
            }
        }
        Ok(())
    }

    /// A field's value; one without a value counts as missing (RFC 6749, section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
