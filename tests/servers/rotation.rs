//! A session polls while its secret or assertion is replaced: no call fails. The appliance then accepts only the new one,
//! and its tokens have a lifetime of one second.

use crate::support::appliance::{Appliance, Credentials};
use minbearer::client_credentials::{ClientAuthentication, Config};
use minbearer::{Request, SecretSource, Session};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LIFETIME: Duration = Duration::from_secs(1);
const ROTATIONS: usize = 3;

/// How the content of the secret's file is replaced.
#[derive(Clone, Copy, Debug)]
enum Replacement {
    /// As Kubernetes does: the file is a link to `..data/secret`, and `..data` a link to a folder, replaced by a rename.
    Links,
    /// A new file is renamed over the old one.
    Rename,
    /// The same file is rewritten, and is empty for a moment.
    InPlace,
}

struct Volume {
    folder: TempDir,
    replacement: Replacement,
    writes: usize,
}

impl Volume {
    fn new(replacement: Replacement, content: &str) -> Volume {
        let folder = tempfile::tempdir().unwrap();
        let mut volume = Volume { folder, replacement, writes: 0 };
        volume.write(content);
        if let Replacement::Links = replacement {
            symlink("..data/secret", volume.file()).unwrap();
        }
        volume
    }

    fn file(&self) -> PathBuf {
        self.path("secret")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&mut self, content: &str) {
        self.writes += 1;
        match self.replacement {
            Replacement::Links => {
                let version = format!("..2026_11_24_12_00_0{}", self.writes);
                fs::create_dir(self.path(&version)).unwrap();
                fs::write(self.path(&version).join("secret"), content).unwrap();
                symlink(&version, self.path("..data_tmp")).unwrap();
                let before = fs::read_link(self.path("..data")).ok();
                fs::rename(self.path("..data_tmp"), self.path("..data")).unwrap();
                if let Some(before) = before {
                    fs::remove_dir_all(self.path(before.to_str().unwrap())).unwrap();
                }
            }
            Replacement::Rename => {
                fs::write(self.path("new"), content).unwrap();
                fs::rename(self.path("new"), self.file()).unwrap();
            }
            Replacement::InPlace => fs::write(self.file(), content).unwrap(),
        }
    }
}

fn poll_through_rotations(
    replacement: Replacement,
    secret: impl Fn(usize) -> String,
    way: impl Fn(&Path) -> ClientAuthentication,
    set: impl Fn(&Appliance, &str),
) {
    let credentials = Credentials { client_secret: secret(0), ..Credentials::default() };
    let appliance = Appliance::start(credentials).unwrap();
    set(&appliance, &secret(0));
    appliance.set_token_lifetime(LIFETIME);
    let mut volume = Volume::new(replacement, &secret(0));
    let token_url = appliance.qoauth_url() + "/token";
    let client_id = appliance.credentials().client_id.as_str();
    let session = Session::new(Config::new(&token_url, client_id, way(&volume.file())).unwrap());
    let request = Request::get(&(appliance.console_url() + "/api/ariel/databases")).unwrap();

    let started = Instant::now();
    let mut rotations = 0;
    while started.elapsed() < LIFETIME * 4 {
        let answer = session.send(request.clone()).and_then(|answer| answer.error_for_status());
        answer.unwrap_or_else(|error| panic!("{replacement:?}, rotation {rotations}: {error}"));
        // In the middle of a token's lifetime.
        let next = LIFETIME * rotations as u32 + LIFETIME / 2;
        if rotations < ROTATIONS && started.elapsed() > next {
            rotations += 1;
            set(&appliance, &secret(rotations));
            volume.write(&format!("{}\n", secret(rotations)));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(rotations, ROTATIONS);
    assert!(appliance.qoauth_requests() > ROTATIONS, "{}", appliance.qoauth_requests());
}

fn poll_through_rotations_of_a_secret(replacement: Replacement) {
    poll_through_rotations(
        replacement,
        |number| format!("secret-number-{number}"),
        |file| ClientAuthentication::body(SecretSource::file(file)),
        |appliance, secret| appliance.set_secret(secret),
    );
}

#[test]
fn a_secret_behind_links_as_kubernetes_mounts_it_can_be_rotated() {
    poll_through_rotations_of_a_secret(Replacement::Links);
}

#[test]
fn a_secret_in_a_file_that_is_renamed_over_can_be_rotated() {
    poll_through_rotations_of_a_secret(Replacement::Rename);
}

#[test]
fn a_secret_in_a_file_that_is_rewritten_can_be_rotated() {
    poll_through_rotations_of_a_secret(Replacement::InPlace);
}

#[test]
fn an_assertion_behind_links_can_be_rotated() {
    poll_through_rotations(
        Replacement::Links,
        |number| format!("e30.e30.c2lnbmF0dXJl{number}"),
        |file| ClientAuthentication::assertion(SecretSource::file(file)),
        |appliance, assertion| appliance.set_assertion(assertion),
    );
}
