//! The package for Debian in a clean root, under a systemd of its own: installed, a token kept fresh, broken in five ways and
//! fixed, removed. After each fault the status line of `systemctl status` has to name the cause, and after it the token's
//! end. Then the app of `examples/recipes/jsa`, in a container of that root. `.ci/debian` makes package and root.

use crate::support::appliance::{Appliance, Setup};
use crate::support::tls::{Authority, Key, Server};
use rcgen::date_time_ymd;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn variable(name: &str) -> PathBuf {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run .ci/debian")).into()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[track_caller]
fn until<T>(
    what: &str,
    seconds: u64,
    mut found: impl FnMut() -> Option<T>,
    state: impl Fn() -> String,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "not in {seconds} s: {what}; it says: {}", state());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A booted root. The network is this machine's, and so is the loopback interface.
struct Machine {
    nspawn: Child,
    leader: String,
    root: PathBuf,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.inside("systemctl poweroff");
        let _ = self.nspawn.wait();
    }
}

impl Machine {
    fn boot(root: PathBuf) -> Machine {
        let mut nspawn = Command::new("systemd-nspawn");
        nspawn
            .args(["--quiet", "--register=no", "--keep-unit", "--boot", "--directory"])
            .arg(&root);
        let log = fs::File::create(root.with_extension("console")).unwrap();
        let nspawn =
            nspawn.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        let mut machine =
            Machine { nspawn: nspawn.expect("it is installed"), leader: String::new(), root };
        let children = format!("/proc/{0}/task/{0}/children", machine.nspawn.id());
        let is_up = || {
            machine.leader =
                fs::read_to_string(&children).ok()?.split_whitespace().next()?.to_owned();
            let state = said(&machine.inside("systemctl is-system-running"));
            ["running", "degraded"].contains(&state.trim()).then_some(())
        };
        until("systemd starts", 60, is_up, String::new);
        machine
    }

    /// Runs a shell's line in it.
    fn inside(&self, line: &str) -> Output {
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--target", &self.leader, "--all", "sh", "-c", line]);
        nsenter.stdin(Stdio::null()).output().expect("nsenter runs")
    }

    #[track_caller]
    fn succeeds(&self, line: &str) -> String {
        let output = self.inside(line);
        assert!(output.status.success(), "{line}: {}", said(&output));
        said(&output)
    }

    #[track_caller]
    fn fails(&self, line: &str) {
        let output = self.inside(line);
        assert!(!output.status.success(), "{line}: {}", said(&output));
    }

    fn status(&self) -> String {
        said(&self.inside("systemctl show --property StatusText --value minbearer"))
    }

    /// Waits until the status line has this.
    #[track_caller]
    fn says(&self, words: &str) {
        until(words, 20, || self.status().contains(words).then_some(()), || self.status());
        println!("status: {}", self.status().trim());
    }

    #[track_caller]
    fn is_mended(&self) {
        self.says("a token is in the file; ");
    }

    fn restart(&self) {
        self.succeeds("systemctl restart --no-block minbearer");
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let file = self.root.join("etc/minbearer").join(name);
        fs::write(&file, content).unwrap();
        let mode = if name.ends_with(".secret") { 0o600 } else { 0o644 };
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// What an operator writes.
    fn settings(&self, name: &str, appliance: &Appliance, url: &str) {
        let known = appliance.credentials();
        let arguments = format!(
            "client-credentials {url}/token --timeout 2 --cacert /etc/minbearer/ca.pem --parameter 'audience=a b'"
        );
        self.write(
            &format!("{name}.env"),
            format!("ARGUMENTS={arguments}\nCLIENT_ID={}\n", known.client_id),
        );
        self.write(&format!("{name}.secret"), format!("{}\n", known.client_secret));
    }
}

#[test]
fn the_package_keeps_a_token_through_faults_that_its_status_line_names() {
    let appliance = Appliance::set_up(Setup { tls: true, ..Setup::default() }).unwrap();
    let (qoauth, ca) = (appliance.qoauth_url(), fs::read(appliance.ca_file().unwrap()).unwrap());
    let (package, root) = (variable("PACKAGE"), variable("ROOT"));
    fs::copy(&package, root.join("root/minbearer.deb")).unwrap();
    let machine = Machine::boot(root.clone());
    machine.succeeds("dpkg --install /root/minbearer.deb");
    let verified =
        machine.succeeds("systemd-analyze verify minbearer.service minbearer@billing.service 2>&1");
    assert_eq!(verified, "");
    machine.succeeds(
        "man --where minbearer && test -e /usr/share/bash-completion/completions/minbearer",
    );
    machine.write("ca.pem", &ca);
    let fixed = || {
        machine.write("ca.pem", &ca);
        machine.settings("minbearer", &appliance, &qoauth);
        machine.restart();
        machine.is_mended();
    };
    machine.settings("minbearer", &appliance, &qoauth);
    machine.settings("billing", &appliance, &qoauth);
    machine.succeeds("systemctl enable --now minbearer minbearer@billing");
    machine.is_mended();
    machine.succeeds("test -s /run/minbearer-billing/token");
    let mode = machine.succeeds("stat -c '%a %U %G' /run/minbearer/token");
    assert_eq!(mode.trim(), "640 minbearer token", "the group may read it, no one else");
    let group =
        "setpriv --reuid 65534 --clear-groups --regid \"$(getent group token | cut -d : -f 3)\"";
    machine.succeeds(&format!("{group} cat /run/minbearer/token"));
    machine.succeeds("minbearer --check /run/minbearer/token --max-age 600");
    // An operator who fixes it restarts it often, and it goes on.
    machine.succeeds("for i in 1 2 3 4 5 6 7 8; do systemctl restart minbearer || exit; done");

    // Broken in five ways.
    machine.write("minbearer.secret", "wrong");
    machine.restart();
    machine.says("invalid_client");
    machine.succeeds("test -s /run/minbearer/token");
    fixed();

    appliance.set_delay(Duration::from_secs(3));
    machine.succeeds("systemctl reload minbearer");
    machine.says("the old token, with no known end: ");
    appliance.set_delay(Duration::ZERO);
    machine.is_mended();

    machine.succeeds(
        "fallocate -l \"$(($(stat -f -c '%a * %S' /run)))\" /run/filler; cat /dev/zero >>/run/filler 2>/dev/null; sleep 1; systemctl reload minbearer",
    );
    machine.says("No space left on device");
    machine.succeeds("rm /run/filler");
    machine.is_mended();

    let other = Authority::new("another CA", Key::P256);
    let other_ca = fs::read(other.file().path()).unwrap();
    machine.write("ca.pem", &other_ca);
    machine.succeeds("sleep 1; systemctl reload minbearer");
    machine.says("signed by none of");
    fixed();

    let expired = other.issue_with(&["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 2, 1);
    });
    let inside = Server::silent();
    let server = Server::terminating_tls(expired.config(), inside.port());
    machine.write("ca.pem", &other_ca);
    machine.settings("minbearer", &appliance, &server.url("127.0.0.1", ""));
    machine.restart();
    machine.says("expired at 2020-02-01");
    fixed();

    // A start that gets no token ends by itself, says why, and is tried again.
    let soon = "[Service]\\nTimeoutStartSec=3\\nRestartSec=2\\n";
    let folder = "/etc/systemd/system/minbearer.service.d";
    machine.succeeds(&format!("mkdir -p {folder}; printf '{soon}' >{folder}/soon.conf"));
    machine.write("minbearer.secret", "wrong");
    machine.succeeds("systemctl daemon-reload; systemctl stop minbearer");
    machine.fails("systemctl start minbearer");
    assert!(machine.status().contains("invalid_client"), "after the end too: {}", machine.status());
    machine.succeeds("journalctl --unit minbearer --lines 20 | grep -q invalid_client");
    machine.settings("minbearer", &appliance, &qoauth);
    machine.is_mended();

    machine.succeeds("systemctl stop minbearer; touch -d '5 seconds ago' /run/old");
    machine.fails("minbearer --check /run/old --max-age 4");
    machine.succeeds("dpkg --purge minbearer");
    machine.fails("systemctl is-active minbearer@billing");
    machine.fails("ls /etc/systemd/system/*.wants/minbearer*");
    machine.succeeds("test -e /etc/minbearer/billing.secret");
    drop(machine);
    the_app_for_jsa_goes_on_after_a_revocation(&appliance, &root, &package);
}

fn the_app_for_jsa_goes_on_after_a_revocation(appliance: &Appliance, root: &Path, package: &Path) {
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/recipes/jsa");
    let script = "cp -r \"$1/src_deps\" \"$2/\" && mkdir -p \"$2/opt/app-root\" \"$2/store\" && \
        cp -r \"$1/app\" \"$1/manifest.json\" \"$2/opt/app-root/\" && cp \"$4\" \"$2/store/consolecert.pem\" && \
        dpkg --fsys-tarfile \"$3\" | tar -xf - -C \"$2\" ./usr/bin/minbearer";
    let mut copy = Command::new("sh");
    copy.args(["-ec", script, "sh"])
        .arg(recipe)
        .arg(root)
        .arg(package)
        .arg(appliance.ca_file().unwrap());
    assert!(copy.status().unwrap().success());
    let known = appliance.credentials();
    let mut app = Command::new("systemd-nspawn");
    app.args([
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--as-pid2",
        "--tmpfs=/run/token",
        "--directory",
    ]);
    app.arg(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    for (name, value) in [
        ("CLIENT_ID", known.client_id.as_str()),
        ("CLIENT_SECRET", &known.client_secret),
        ("QOAUTH_URL", &appliance.qoauth_url()),
        ("CONSOLE_URL", &appliance.console_url()),
        ("POLL_COUNT", "40"),
        ("POLL_SECONDS", "0.2"),
    ] {
        app.arg(format!("--setenv={name}={value}"));
    }
    let mut app = app.arg("/src_deps/init/start.sh").spawn().unwrap();
    let (mut answers, mut rejected, mut after) = (0, false, 0);
    for line in BufReader::new(app.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains(r#"response=["events", "flows", "simarc"]"#) {
            answers += 1;
            after += usize::from(rejected);
            if answers == 3 {
                appliance.revoke_tokens();
            }
        }
        rejected |= line.contains("Error: ") && line.contains("401");
    }
    app.wait().unwrap();
    assert!(
        answers > 3 && rejected && after > 0,
        "{answers} answers, {after} after a 401: {rejected}"
    );
}
