//! The scripts of `examples/recipes` that need jq.

use crate::support::processes::{self, ODD_SECRET, Outcome, jsa_variables, odd_appliance};
use std::process::Command;
use std::time::Duration;

/// The script that caches, as it stands in the recipes, with a curl that writes down what it is given. A cache that holds no
/// valid token is replaced, whatever it holds, and without a token no call is made.
#[test]
fn a_cached_token_is_used_while_it_is_valid_and_no_call_is_made_without_one() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let (cache, called) = (folder.path().join("api-token.json"), folder.path().join("called"));
    let program = processes::executable("minbearer");
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let recipes = include_str!("../../../examples/recipes/README.md");
    let script =
        recipes.split_once("cache=${XDG").expect("the script").1.split_once("```").unwrap().0;
    let script = script.replace("https://auth.example.com", &appliance.qoauth_url());
    let curl = format!("set -e; curl() {{ echo \"$*\" >'{0}'; cat >>'{0}'; }}\n", called.display());
    let script = format!("{curl}cache=${{XDG{script}");
    let run = |secret: &str| {
        let _ = std::fs::remove_file(&called);
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env_clear().env("PATH", &path);
        shell.env("XDG_RUNTIME_DIR", folder.path());
        shell.envs(jsa_variables(&appliance, &[("CLIENT_SECRET", secret)]));
        let outcome = Outcome::from(shell.output().expect("a shell"));
        let given = std::fs::read_to_string(&called).ok();
        assert_eq!(outcome.status == Some(0), given.is_some(), "{outcome:?}");
        let is_complete = |text: &String| {
            let token = text.split_once("\nAuthorization: Bearer ").map(|(_, token)| token.trim());
            text.contains(" -H @-") && token.is_some_and(|token| !["", "null"].contains(&token))
        };
        assert!(given.as_ref().is_none_or(is_complete), "{given:?}: {outcome:?}");
        given
    };
    appliance.set_token_lifetime(Duration::from_secs(3600));
    let far = "\"token_type\": \"Bearer\", \"expires_at\": 99999999999}";
    for content in [
        None,
        Some(""),
        Some("\n"),
        Some("garbage"),
        Some("{}"),
        Some("{}\n{}"),
        Some("[1]"),
        Some("null"),
        Some("{\"expires_at\": 99999999999}"),
        Some("{\"access_token\": \"old\", \"token_type\": \"Bearer\", \"expires_at\": 1}"),
        Some("{\"access_token\": \"old\", \"token_type\": \"Bearer\", \"expires_at\": \"soon\"}"),
        Some("{\"access_token\": \"old\", \"token_type\": \"Bearer\"}"),
        Some(&["{\"access_token\": null, ", far].concat()),
    ] {
        let write = || match content {
            Some(content) => std::fs::write(&cache, content).unwrap(),
            None => std::fs::remove_file(&cache).unwrap_or_default(),
        };
        write();
        assert_eq!(run("wrong"), None, "{content:?}");
        write();
        let given = run(ODD_SECRET).unwrap_or_else(|| panic!("no call after {content:?}"));
        assert!(!given.contains("old"), "{content:?}: {given}");
        // What is cached is valid: nothing is asked for.
        let requests = appliance.qoauth_requests();
        assert_eq!(run("wrong"), Some(given), "{content:?}");
        assert_eq!(appliance.qoauth_requests(), requests);
    }
}
