//! A `minbearer --renew` that keeps running.

use super::appliance::Appliance;
use super::processes::{command, jsa_variables};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A running `minbearer --renew`, killed when dropped.
pub struct Renewing {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Renewing {
    /// `jsa` against the appliance's qoauth, by `QOAUTH_URL`.
    pub fn jsa(appliance: &Appliance, file: &Path, options: &[&str]) -> Renewing {
        Renewing::jsa_with(appliance, file, options, &[])
    }

    pub fn jsa_with(
        appliance: &Appliance,
        file: &Path,
        options: &[&str],
        more: &[(&str, &str)],
    ) -> Renewing {
        let url = appliance.qoauth_url();
        let variables = jsa_variables(appliance, &[&[("QOAUTH_URL", url.as_str())], more].concat());
        let arguments = [&["jsa", "--renew", "--output", file.to_str().unwrap()], options].concat();
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut command = command("minbearer", &variables);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        Renewing::of(command.spawn().expect("minbearer starts"))
    }

    /// A child that the caller has started. Its lines are collected if its standard error is piped.
    pub fn of(mut child: Child) -> Renewing {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        if let Some(stderr) = child.stderr.take() {
            let theirs = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines() {
                    theirs.lock().unwrap().push(line.expect("UTF-8 on standard error"));
                }
            });
        }
        Renewing { child, lines }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The lines on standard error so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits until `is_true` returns true.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, mut is_true: impl FnMut(&mut Renewing) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_true(self) {
            let status = self.child.try_wait().unwrap();
            assert_eq!(status, None, "it ended before {what}: {:?}", self.lines());
            assert!(Instant::now() < deadline, "not in 20 s: {what}; it said {:?}", self.lines());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    pub fn wait_for_line(&mut self, part: &str) {
        self.wait_until(part, |it| it.lines().iter().any(|line| line.contains(part)));
    }

    /// Waits for another token than `old` in the file, and returns it.
    #[track_caller]
    pub fn wait_for_token(&mut self, file: &Path, old: &str) -> String {
        let mut token = String::new();
        self.wait_until("a token in the file", |_| {
            token = std::fs::read_to_string(file).unwrap_or_default();
            !token.is_empty() && token != old
        });
        token
    }

    /// Waits until it ends; returns the status and how long that took.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < Duration::from_secs(20), "it stays: {:?}", self.lines());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
