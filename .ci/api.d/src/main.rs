//! Prints the public interface, an item a line: `api SET=FILE...`, from the smallest set of features to the largest,
//! each FILE what rustdoc's JSON says of it. Before an item stands the smallest set that has it. Features only add, so
//! an item that a larger set lacks is an error.

use std::collections::BTreeSet;
use std::error::Error;

/// Implemented or not by the compiler's own reckoning, and under names that are not stable.
const UNSTABLE: [&str; 2] = ["core::marker::Freeze", "core::marker::UnsafeUnpin"];

fn items(file: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let interface = public_api::Builder::from_rustdoc_json(file).omit_blanket_impls(true).build()?;
    let items = interface.items().map(ToString::to_string);
    Ok(items.filter(|item| !UNSTABLE.iter().any(|name| item.contains(name))).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut sets = Vec::new();
    for argument in std::env::args().skip(1) {
        let (set, file) = argument.split_once('=').ok_or("usage: api SET=FILE...")?;
        sets.push((set.to_owned(), items(file).map_err(|error| format!("{file}: {error}"))?));
    }
    for pair in sets.windows(2) {
        let larger: BTreeSet<_> = pair[1].1.iter().collect();
        if let Some(lost) = pair[0].1.iter().find(|item| !larger.contains(item)) {
            return Err(format!("with `{}` and not with `{}`: {lost}", pair[0].0, pair[1].0).into());
        }
    }
    let (_, all) = sets.last().ok_or("no set of features")?;
    for item in all {
        let first = sets.iter().find(|(_, items)| items.contains(item));
        println!("{:7}  {item}", first.map_or("", |(set, _)| set));
    }
    Ok(())
}
