//! The certificates that are trusted: those that the caller gave, those of the environment or of the system.

use super::certificate::Certificate;
use super::failure::Failure;
use super::pem;
use crate::error::Error;
use crate::os::deadline::within;
use crate::os::files::{is_lack, open_regular, shown_path};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustix::process::{getegid, geteuid, getgid, getuid};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::io::{Error as IoError, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The limit for a file with certificates. A system's bundle has 200 to 500 KiB.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// What a chain of certificates may end in.
#[derive(Clone)]
pub(super) struct Anchors {
    /// Certificates that may sign others.
    pub(super) issuers: RootCertStore,
    /// Certificates that a server may present itself.
    pub(super) pins: Vec<CertificateDer<'static>>,
}

/// Who named a certificate.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    /// The caller, or `SSL_CERT_FILE`: it is trusted as a server's too.
    Itself,
    /// `SSL_CERT_DIR` names the folder that it is in.
    ByFolder,
    /// The system. Its store may have CAs of version 1, which cannot say that they are CAs.
    BySystem,
}

impl Anchors {
    fn empty() -> Anchors {
        Anchors { issuers: RootCertStore::empty(), pins: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.issuers.is_empty() && self.pins.is_empty()
    }

    /// Adds the certificates in a PEM text, or says what is wrong with it.
    ///
    /// A certificate that may not sign, as a server's own, is no issuer: else anyone who has that server's key could be any
    /// server.
    fn add(&mut self, content: &[u8], named: Named) -> Result<(), &'static str> {
        let mut is_any_read = false;
        for der in pem::certificates(content) {
            let Some(certificate) = Certificate::read(&der) else { continue };
            is_any_read = true;
            let is_old_ca = certificate.version == 1 && named == Named::BySystem;
            if certificate.may_sign() || is_old_ca {
                // One that webpki cannot read signs nothing.
                self.issuers.add(der.clone()).ok();
            }
            // One that may not sign is kept for the error too, if it has the name of a server's CA.
            let is_pin = certificate.may_name_a_host() || !certificate.may_sign();
            if named == Named::Itself && is_pin {
                self.pins.push(der);
            }
        }
        if is_any_read { Ok(()) } else { Err(pem::why_none(content)) }
    }
}

/// What is trusted: nothing but what the caller gave, or else that and what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or
/// else the system's CAs.
#[derive(Clone, Default)]
pub(crate) struct Trust {
    given: Option<Arc<Anchors>>,
    /// Nothing else. No variable is read.
    is_alone: bool,
}

impl Trust {
    /// Trusts the certificates in this PEM text and no others.
    pub(super) fn only(pem: &[u8]) -> Result<Trust, Error> {
        Ok(Trust { is_alone: true, ..Trust::default().and(pem)? })
    }

    /// Trusts the certificates in this PEM text too.
    pub(super) fn and(self, pem: &[u8]) -> Result<Trust, Error> {
        let mut given = self.given.map_or_else(Anchors::empty, Arc::unwrap_or_clone);
        given
            .add(pem, Named::Itself)
            .map_err(|what| Error::config(format!("the given CA {what}")))?;
        Ok(Trust { given: Some(Arc::new(given)), ..self })
    }

    pub(super) fn roots(&self, deadline: Instant) -> Result<Roots, Failure> {
        match &self.given {
            Some(given) if self.is_alone => {
                Ok(Roots { anchors: given.clone(), unknown_issuer: Ok(String::from(NOT_GIVEN)) })
            }
            given => {
                let given = given.clone();
                // On a thread: reading a file on a mount whose server is gone may block without end.
                within(deadline, "minbearer-roots", move || load(given.as_deref()))
                    .map_err(Failure::Io)?
                    .map_err(|what| Failure::Config(Error::config(what)))
            }
        }
    }
}

pub(super) struct Roots {
    pub(super) anchors: Arc<Anchors>,
    /// Ends "signed by", and says what to do about it; or says what is wrong with the file of `SSL_CERT_FILE`, which was
    /// skipped because others had certificates.
    pub(super) unknown_issuer: Result<String, String>,
}

const NOT_GIVEN: &str = "none of the CAs that were given; give the certificate of its CA too, and see that the server sends any intermediate ones";

/// Whether this is a set-user-id or set-group-id program. Like OpenSSL it then reads no variable, so that its user cannot
/// decide whom it trusts. OpenSSL notices file capabilities too.
fn has_more_rights_than_its_user() -> bool {
    getuid() != geteuid() || getgid() != getegid()
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, with the meaning that OpenSSL gives them.
struct Variables {
    file: Option<PathBuf>,
    folders: Option<Vec<PathBuf>>,
}

impl Variables {
    fn from_env() -> Variables {
        if has_more_rights_than_its_user() {
            return Variables { file: None, folders: None };
        }
        let folders = std::env::var_os("SSL_CERT_DIR").map(|folders| {
            std::env::split_paths(&folders).filter(|path| !path.as_os_str().is_empty()).collect()
        });
        Variables { file: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from), folders }
    }

    fn whose(&self) -> String {
        let file = self.file.as_deref().map(shown_path);
        match (file, self.folders.is_some()) {
            (None, false) => {
                String::from("this system's CAs (neither SSL_CERT_FILE nor SSL_CERT_DIR is set)")
            }
            (Some(file), false) => {
                format!("the CAs in {file} (SSL_CERT_FILE; SSL_CERT_DIR is not set)")
            }
            (None, true) => String::from("the CAs in SSL_CERT_DIR (SSL_CERT_FILE is not set)"),
            (Some(file), true) => format!("the CAs in {file} (SSL_CERT_FILE) and in SSL_CERT_DIR"),
        }
    }
}

/// Reads the files of both variables, or, if neither counts, the system's, beside what the caller gave. A lack of memory or
/// descriptors is an error of its own: what could not be read is no CA that is missing.
fn load(given: Option<&Anchors>) -> Result<Result<Roots, String>, IoError> {
    let variables = Variables::from_env();
    let mut anchors = given.cloned().unwrap_or_else(Anchors::empty);
    if variables.file.is_none() && variables.folders.is_none() {
        add_system(&mut anchors)?;
        if anchors.is_empty() {
            return Ok(Err(String::from(
                "this system has no CA certificates; let SSL_CERT_FILE, or --cacert of the program, name a PEM file with the certificate of the server's CA",
            )));
        }
    }
    let of_the_file =
        variables.file.as_deref().map_or(Ok(Ok(())), |file| add_named(file, &mut anchors))?;
    let folders = variables.folders.as_deref().unwrap_or_default();
    for folder in folders {
        add_folder(folder, &mut anchors, Named::ByFolder)?;
    }
    if anchors.is_empty() {
        if let Err(wrong) = of_the_file {
            return Ok(Err(wrong));
        }
        let folders: Vec<_> = folders.iter().map(|folder| shown_path(folder)).collect();
        let folders = folders.join(", ");
        return Ok(Err(format!(
            "SSL_CERT_DIR names no directory that holds a PEM certificate of a CA: {folders}"
        )));
    }
    let given = if given.is_some() { "the CAs that were given or " } else { "" };
    let unknown_issuer = of_the_file.map(|()| format!(
        "none of {given}{}; let SSL_CERT_FILE, or --cacert of the program, name a PEM file with the certificate of its CA, and see that the server sends any intermediate ones",
        variables.whose()
    ));
    Ok(Ok(Roots { anchors: Arc::new(anchors), unknown_issuer }))
}

fn add_system(anchors: &mut Anchors) -> Result<(), IoError> {
    let had = anchors.issuers.len();
    // The probe for a file reads SSL_CERT_FILE.
    let file =
        if has_more_rights_than_its_user() { None } else { openssl_probe::probe().cert_file };
    if let Some(file) = file {
        add_file(&file, anchors, Named::BySystem)?.ok(); // one of several places may be broken
    }
    if anchors.issuers.len() == had {
        for folder in openssl_probe::candidate_cert_dirs() {
            add_folder(folder, anchors, Named::BySystem)?;
        }
    }
    Ok(())
}

/// Adds the file that `SSL_CERT_FILE` names. The error names variable and file.
fn add_named(file: &Path, anchors: &mut Anchors) -> Result<Result<(), String>, IoError> {
    if file.as_os_str().is_empty() {
        return Ok(Err(String::from("the environment variable SSL_CERT_FILE is empty")));
    }
    let outcome = add_file(file, anchors, Named::Itself)?;
    Ok(outcome.map_err(|what| {
        let advice = if file.is_dir() { "; name it in SSL_CERT_DIR" } else { "" };
        format!("the file {} (SSL_CERT_FILE) {what}{advice}", shown_path(file))
    }))
}

/// Adds the certificates in a directory. Other files are skipped, as by OpenSSL.
fn add_folder(folder: &Path, anchors: &mut Anchors, named: Named) -> Result<(), IoError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if is_lack(&error) => return Err(error),
        entries => entries.into_iter().flatten().flatten(),
    };
    for entry in entries {
        add_file(&entry.path(), anchors, named)?.ok();
    }
    Ok(())
}

fn add_file(
    path: &Path,
    anchors: &mut Anchors,
    named: Named,
) -> Result<Result<(), String>, IoError> {
    let added = match read(path) {
        Err(error) if is_lack(&error) => return Err(error),
        Err(error) => return Ok(Err(format!("cannot be read: {error}"))),
        Ok(content) => content.and_then(|content| anchors.add(&content, named)),
    };
    Ok(added.map_err(String::from))
}

/// The content of a file, or what is wrong with it.
fn read(path: &Path) -> Result<Result<Vec<u8>, &'static str>, IoError> {
    let file = match open_regular(path)? {
        Ok((file, _)) => file,
        Err(what) => return Ok(Err(what)),
    };
    let mut content = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content)?;
    let is_too_large = content.len() as u64 > MAX_FILE_BYTES;
    Ok(if is_too_large { Err("is larger than 4 MiB") } else { Ok(content) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};

    fn pem(name: &str, is_ca: IsCa, usages: &[KeyUsagePurpose]) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.is_ca, params.key_usages) = (is_ca, usages.to_vec());
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    const CA: IsCa = IsCa::Ca(BasicConstraints::Unconstrained);

    #[test]
    fn an_issuer_may_sign_and_a_pin_is_named_itself() {
        let for_handshakes = &[KeyUsagePurpose::DigitalSignature];
        let old = include_str!("../../../tests/support/version1.pem").into();
        for (what, pem, is_issuer, is_pin) in [
            ("a CA's", pem("a CA", CA, &[]), [true; 3], false),
            ("a CA's, with a name that a host could have", pem("host", CA, &[]), [true; 3], true),
            ("a CA's that may not sign", pem("a CA", CA, for_handshakes), [false; 3], true),
            ("a server's", pem("a CA", IsCa::ExplicitNoCa, &[]), [false; 3], true),
            ("one without extensions", pem("a CA", IsCa::NoCa, &[]), [false; 3], true),
            ("one of version 1", old, [false, false, true], true),
        ] {
            let named = [Named::Itself, Named::ByFolder, Named::BySystem];
            for (named, is_issuer) in named.into_iter().zip(is_issuer) {
                let mut anchors = Anchors::empty();
                anchors.add(pem.as_bytes(), named).unwrap();
                let found = (anchors.issuers.len(), anchors.pins.len());
                let is_pin = is_pin && named == Named::Itself;
                assert_eq!(found, (usize::from(is_issuer), usize::from(is_pin)), "{what}");
            }
        }
    }

    #[test]
    fn a_file_of_certificates_has_a_limit() {
        let ca = pem("a CA", CA, &[]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let limit = usize::try_from(MAX_FILE_BYTES).unwrap();
        for (len, outcome) in [(limit, Ok(())), (limit + 1, Err("is larger than 4 MiB".into()))] {
            // The certificate is the last thing in it.
            let content = " ".repeat(len - ca.len() - 1) + "\n" + &ca;
            assert_eq!(content.len(), len);
            std::fs::write(&path, content).unwrap();
            let mut anchors = Anchors::empty();
            let added = add_file(&path, &mut anchors, Named::Itself).unwrap();
            assert_eq!(added, outcome, "{len}");
            assert_eq!(anchors.issuers.len(), usize::from(outcome.is_ok()));
        }
    }
}
