//! The trust anchors: the CAs that the caller gave, or those of the environment or the system.

use super::words::Failure;
use crate::error::Error;
use crate::os::deadline::within;
use crate::os::files::{open_regular, shown_path};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The limit for a file with certificates. A system's bundle has 200 to 500 KiB.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Clone, Default)]
pub(crate) enum Trust {
    /// What `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or else the system's CAs.
    #[default]
    Environment,
    /// These and no others. No variable is read.
    Given(Arc<RootCertStore>),
}

impl Trust {
    pub(super) fn given(pem: &[u8]) -> Result<Trust, Error> {
        let roots = parse(pem).map_err(|what| Error::config(format!("the given CA {what}")))?;
        Ok(Trust::Given(Arc::new(roots)))
    }

    pub(super) fn roots(&self, deadline: Instant) -> Result<Roots, Failure> {
        match self {
            Trust::Given(store) => {
                Ok(Roots { store: store.clone(), unknown_issuer: Ok(String::from(NOT_GIVEN)) })
            }
            // On a thread: reading a file on a mount whose server is gone may block without end.
            Trust::Environment => within(deadline, "minbearer-roots", || Ok(load()))
                .map_err(Failure::Io)?
                .map_err(|what| Failure::Config(Error::config(what))),
        }
    }
}

pub(super) struct Roots {
    pub(super) store: Arc<RootCertStore>,
    /// Ends "signed by", and says what to do about it; or says what is wrong with the file of `SSL_CERT_FILE`, which was
    /// skipped because a directory had certificates.
    pub(super) unknown_issuer: Result<String, String>,
}

const NOT_GIVEN: &str = "none of the CAs that were given; give the certificate of its CA too, and see that the server sends any intermediate ones";

/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, with the meaning that OpenSSL gives them.
struct Variables {
    file: Option<PathBuf>,
    folders: Option<Vec<PathBuf>>,
}

impl Variables {
    fn from_env() -> Variables {
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

/// Reads the files of both variables, or, if neither is set, the system's.
fn load() -> Result<Roots, String> {
    let variables = Variables::from_env();
    let mut store = RootCertStore::empty();
    if variables.file.is_none() && variables.folders.is_none() {
        add_system(&mut store);
        if store.is_empty() {
            return Err(String::from(
                "this system has no CA certificates; let SSL_CERT_FILE, or --cacert of the program, name a PEM file with the certificate of the server's CA",
            ));
        }
    }
    let of_the_file = variables.file.as_deref().map_or(Ok(()), |file| add_named(file, &mut store));
    let folders = variables.folders.as_deref().unwrap_or_default();
    folders.iter().for_each(|folder| add_folder(folder, &mut store));
    if store.is_empty() {
        of_the_file?;
        let folders: Vec<_> = folders.iter().map(|folder| shown_path(folder)).collect();
        let folders = folders.join(", ");
        return Err(format!(
            "SSL_CERT_DIR names no directory that holds a PEM certificate: {folders}"
        ));
    }
    let unknown_issuer = of_the_file.map(|()| format!(
        "none of {}; let SSL_CERT_FILE, or --cacert of the program, name a PEM file with the certificate of its CA, and see that the server sends any intermediate ones",
        variables.whose()
    ));
    Ok(Roots { store: Arc::new(store), unknown_issuer })
}

fn add_system(store: &mut RootCertStore) {
    let places = openssl_probe::probe();
    if let Some(file) = places.cert_file {
        add_file(&file, store).ok(); // one of several places may be broken
    }
    if store.is_empty() {
        places.cert_dir.iter().for_each(|folder| add_folder(folder, store));
    }
}

/// Adds the file that `SSL_CERT_FILE` names. The error names variable and file.
fn add_named(file: &Path, store: &mut RootCertStore) -> Result<(), String> {
    if file.as_os_str().is_empty() {
        return Err(String::from("the environment variable SSL_CERT_FILE is empty"));
    }
    add_file(file, store)
        .map_err(|what| format!("the file {} (SSL_CERT_FILE) {what}", shown_path(file)))
}

/// Adds the certificates in a directory. Other files are skipped, as by OpenSSL.
fn add_folder(folder: &Path, store: &mut RootCertStore) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        add_file(&entry.path(), store).ok();
    }
}

fn add_file(path: &Path, store: &mut RootCertStore) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = match open_regular(path).map_err(unreadable)? {
        Ok((file, _)) => file,
        Err("is a directory") => return Err("is a directory; name it in SSL_CERT_DIR".into()),
        Err(what) => return Err(what.into()),
    };
    let mut content = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > MAX_FILE_BYTES {
        return Err("is larger than 4 MiB".into());
    }
    store.extend(parse(&content)?.roots);
    Ok(())
}

/// The certificates in a PEM text, or what is wrong with it.
fn parse(content: &[u8]) -> Result<RootCertStore, &'static str> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(content).filter_map(Result::ok);
    if roots.add_parsable_certificates(certificates).0 > 0 {
        Ok(roots)
    } else if content.is_empty() {
        Err("is empty")
    } else if RootCertStore::empty().add(CertificateDer::from(content)).is_ok() {
        Err("is a certificate in DER; convert it: openssl x509 -inform DER -in FILE")
    } else {
        Err("holds no PEM certificate (-----BEGIN CERTIFICATE-----)")
    }
}
