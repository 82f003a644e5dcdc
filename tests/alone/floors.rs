//! A file of `src` imports only from its own floor or from below, and no circle of files imports each other. A folder and
//! its own `mod.rs` count as one: the folder's door takes from the rooms, and the rooms from the door. The floors that are
//! told the time read no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the top: a line's modules may import from each other and from the lines below.
const FLOORS: [&[&str]; 6] =
    [&["session"], &["flow"], &["net"], &["os"], &["life", "wire"], &["secret", "error"]];

/// The modules below a folder and their code: without comments, and without the tests at its end.
fn read(folder: &Path, module: &str, code: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let within = if module.is_empty() { name.clone() } else { format!("{module}::{name}") };
        if path.is_dir() {
            read(&path, &within, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "lib" {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let text = text.lines().map(|line| line.split("//").next().unwrap().trim_end());
            let module = if name == "mod" { module.to_owned() } else { within };
            code.insert(module, text.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// The paths in a text that begin with `crate::` or `super::`, of which those with braces are several.
fn paths(module: &str, text: &str) -> Vec<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut paths = Vec::new();
    for (start, from) in [("crate::", ""), ("super::", parent)] {
        for (at, _) in text.match_indices(start) {
            let rest = &text[at + start.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
            let (path, after) = rest.split_at(end.unwrap_or(rest.len()));
            let inside = after.strip_prefix('{').and_then(|names| names.split_once('}'));
            for name in inside.map_or("", |(names, _)| names).split(',') {
                paths.push(format!("{from}::{path}{}", name.trim()).trim_matches(':').to_owned());
            }
        }
    }
    paths
}

fn floor(module: &str) -> usize {
    let top = module.split("::").next().unwrap();
    FLOORS.iter().position(|floor| floor.contains(&top)).expect(top)
}

#[test]
fn no_import_goes_upwards_or_round_in_a_circle() {
    let mut code = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut code);
    code.retain(|module, _| !module.contains("tests"));
    assert!(code.len() > 60, "{}", code.len());
    let is_within = |inner: &str, outer: &str| {
        inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
    };
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, text) in &code {
        let is_told_the_time = floor(module) >= floor("wire");
        assert!(!is_told_the_time || !text.contains("SystemTime"), "{module} reads a clock");
        assert!(!is_told_the_time || !text.contains("Instant::now"), "{module} reads a clock");
        for path in paths(module, text) {
            // The longest module that the path begins with.
            let targets = code.keys().filter(|target| is_within(&path, target));
            let Some(target) = targets.max_by_key(|target| target.len()) else { continue };
            assert!(floor(module) <= floor(target), "{module} imports {path} from above");
            if !is_within(module, target) && !is_within(target, module) {
                imports.entry(module).or_default().insert(target);
            }
        }
    }
    // What imports nothing that is left is in no circle, nor what nothing imports.
    let mut count = usize::MAX;
    while std::mem::replace(&mut count, imports.len()) > imports.len() {
        let importing: BTreeSet<_> = imports.keys().copied().collect();
        let imported: BTreeSet<_> = imports.values().flatten().copied().collect();
        imports.values_mut().for_each(|targets| targets.retain(|it| importing.contains(it)));
        imports.retain(|module, targets| imported.contains(module) && !targets.is_empty());
    }
    assert!(imports.is_empty(), "these import each other: {imports:#?}");
}
