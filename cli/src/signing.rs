//! The options that have the program sign the client's assertion.

use super::table::Setting;
use minbearer::{Error, SecretSource};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Default)]
pub struct Signing {
    pub key: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key_id: Option<String>,
    algorithm: Option<String>,
    /// Names, values, and whether they are numbers.
    claims: Vec<(String, String, bool)>,
}

impl Signing {
    pub fn set(&mut self, setting: Setting, value: OsString) -> Result<(), Error> {
        if !cfg!(feature = "sign") {
            return Err(Error::config(
                "the options --sign-… need a program built with the feature sign: cargo build -p minbearer-cli --features sign",
            ));
        }
        let text = |value: OsString| {
            value.into_string().map_err(|_| Error::config("a value of --sign-… is not UTF-8"))
        };
        match setting {
            Setting::SignKey => self.key = Some(PathBuf::from(value)),
            Setting::SignCert => self.certificate = Some(PathBuf::from(value)),
            Setting::SignKid => self.key_id = Some(text(value)?),
            Setting::SignAlg => self.algorithm = Some(text(value)?),
            _ => self.claims.push(claim(&text(value)?)?),
        }
        Ok(())
    }

    /// Rejects the other options without a key.
    pub fn check(&self) -> Result<(), Error> {
        let is_any_set = self.certificate.is_some()
            || self.key_id.is_some()
            || self.algorithm.is_some()
            || !self.claims.is_empty();
        if self.key.is_none() && is_any_set {
            return Err(Error::config("an option --sign-… is given without --sign-key FILE"));
        }
        Ok(())
    }
}

/// `NAME=TEXT`, or `NAME:=NUMBER`.
fn claim(value: &str) -> Result<(String, String, bool), Error> {
    let (name, value) = value.split_once('=').ok_or_else(|| {
        Error::config("the value of --sign-claim is not of the form NAME=TEXT or NAME:=NUMBER")
    })?;
    Ok(match name.strip_suffix(':') {
        Some(name) => (name.into(), value.into(), true),
        None => (name.into(), value.into(), false),
    })
}

#[cfg(not(feature = "sign"))]
impl Signing {
    pub fn assertion(&self) -> Result<Option<SecretSource>, Error> {
        Ok(None)
    }
}

#[cfg(feature = "sign")]
mod with_sign {
    use super::*;
    use minbearer::client_credentials::{Algorithm, SignedAssertion, SigningKey};

    impl Signing {
        /// The assertion, if a key is given. Key and certificate are read for each request.
        pub fn assertion(&self) -> Result<Option<SecretSource>, Error> {
            let Some(key) = &self.key else { return Ok(None) };
            let mut key = SigningKey::file(key);
            if let Some(certificate) = &self.certificate {
                key = key.with_certificate_file(certificate);
            }
            let mut assertion = SignedAssertion::new(key);
            if let Some(key_id) = &self.key_id {
                assertion = assertion.with_key_id(key_id);
            }
            if let Some(name) = &self.algorithm {
                assertion = assertion.with_algorithm(Algorithm::from_name(name)?);
            }
            for (name, value, is_number) in &self.claims {
                assertion = if *is_number {
                    assertion.with_number_claim(name, value)?
                } else {
                    assertion.with_claim(name, value)?
                };
            }
            Ok(Some(assertion.into()))
        }
    }
}
