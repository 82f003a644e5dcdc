//! The manual page and the completions are generated from the program's own table. After a change to it,
//!
//! ```sh
//! UPDATE_PAGES=1 cargo test -p minbearer-cli pages::
//! ```

use crate::table::{COMMANDS, OPTIONS, PROBE, Row, STATUSES, VARIABLES};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const MADE: &str = "Made from cli/src/table.rs by cli/src/pages.rs.";

#[track_caller]
fn expect_current(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let line = found.lines().zip(text.lines()).position(|(found, made)| found != made);
    let is_current = found == text;
    assert!(is_current, "{path} is not current from line {line:?} on: see the top of this test");
}

fn common_options() -> impl Iterator<Item = &'static Row> {
    OPTIONS.iter().filter(|row| row.flow.is_none())
}

mod manual {
    use super::*;

    /// Plain text escaped for roff.
    fn escaped(text: &str) -> String {
        text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq")
    }

    fn tag(row: &Row) -> String {
        let name = escaped(row.name);
        match row.argument {
            "" => format!(".B \\-\\-{name}"),
            argument => format!(".BI \\-\\-{name} \" {}\"", escaped(argument)),
        }
    }

    fn synopsis() -> String {
        let mut text = String::new();
        for command in &COMMANDS {
            let mut line = format!(".B minbearer {}\n", escaped(command.name));
            for operand in command.operands {
                let _ = match operand.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    Some(operand) => writeln!(line, ".RI [ {operand} ]"),
                    None => writeln!(line, ".I {operand}"),
                };
            }
            let _ = write!(text, "{line}.RI [ option ]...\n.br\n");
        }
        text + ".B minbearer\n.B \\-\\-check\n.I FILE\n.B \\-\\-max\\-age\n.I SECONDS\n.br\n\
.B minbearer \\-\\-help\n.br\n.B minbearer \\-\\-version"
    }

    fn options() -> String {
        let mut text = String::new();
        let mut section = |title: &str, rows: &mut dyn Iterator<Item = &Row>| {
            let _ = write!(text, ".SS {title}");
            for row in rows {
                let what = escaped(row.what);
                let again = if row.repeats { "; may be given again" } else { "" };
                let _ = write!(text, "\n.TP\n{}\n{what}{again}", tag(row));
            }
            text.push('\n');
        };
        section("For all commands", &mut common_options());
        for command in COMMANDS.iter().filter(|command| command.own_options().next().is_some()) {
            section(&format!("For {}", escaped(command.name)), &mut command.own_options());
        }
        section("For probes, without a command", &mut PROBE.iter());
        text.trim_end().into()
    }

    /// Each with what to do, from the README's table.
    fn statuses() -> String {
        let readme = include_str!("../../README.md");
        let tags = STATUSES.iter().map(|(status, what)| {
            let start = format!("| {status} | ");
            let row = readme.lines().find_map(|line| line.strip_prefix(&start));
            let advice = row.and_then(|row| row.split('|').nth(1)).expect("a row of the README");
            let advice = escaped(&advice.trim().replace('`', ""));
            format!(".TP\n.B {status}\n{what}: {advice}")
        });
        tags.collect::<Vec<_>>().join("\n")
    }

    pub fn page() -> String {
        include_str!("../docs/minbearer.1.in")
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
            .replace("@SYNOPSIS@", &synopsis())
            .replace("@OPTIONS@", &options())
            .replace("@STATUSES@", &statuses())
    }
}

#[test]
fn the_manual_page_is_current() {
    let page = manual::page();
    let is_left = |word: &&str| word.len() > 2 && word.starts_with('@') && word.ends_with('@');
    assert_eq!(page.split_whitespace().find(is_left), None, "something was not replaced");
    expect_current("docs/minbearer.1", &page);
}

#[test]
fn the_manual_page_has_every_variable() {
    let page = manual::page();
    for (name, flows) in VARIABLES {
        let paragraph = page.split(".TP\n").find(|text| {
            let tag = text.lines().next().unwrap_or_default();
            tag.starts_with(".B") && tag.split([' ', ',']).any(|word| word.trim() == name)
        });
        let paragraph = paragraph.unwrap_or_else(|| panic!("{name} is not in the manual page"));
        let mut named = COMMANDS.iter().filter(|command| flows.contains(&command.flow));
        let is_named = named.any(|command| paragraph.replace('\\', "").contains(command.name));
        let is_said_before = ["CLIENT_ID_FILE", "CLIENT_SECRET_FILE"].contains(&name);
        let is_for_all = flows.len() == COMMANDS.len();
        assert!(is_named || is_said_before || is_for_all, "{name}: for which command? {paragraph}");
    }
}

mod bash {
    use super::*;

    fn names<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
        rows.map(|row| format!("--{}", row.name)).collect::<Vec<_>>().join(" ")
    }

    fn patterns(is_it: impl Fn(&Row) -> bool) -> String {
        let rows = OPTIONS.iter().chain(PROBE).filter(|row| is_it(row));
        rows.map(|row| format!("--{}", row.name)).collect::<Vec<_>>().join(" | ")
    }

    pub fn script() -> String {
        let commands = COMMANDS.map(|command| command.name);
        let mut cases = String::new();
        for command in &COMMANDS {
            let _ = writeln!(
                cases,
                "        {}) words='{}' ;;",
                command.name,
                names(command.options())
            );
        }
        format!(
            "# {MADE}
_minbearer() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command='' index words
    case ${{COMP_WORDS[COMP_CWORD - 1]}} in
        {files})
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- \"$word\")
            return
            ;;
        {others})
            COMPREPLY=()
            return
            ;;
    esac
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${{COMP_WORDS[index]}} in {known}) command=${{COMP_WORDS[index]}} ;; esac
    done
    case $command in
{cases}        *) words='{commands} {common} {probe}' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")
}}
complete -F _minbearer minbearer
",
            files = patterns(|row| row.argument == "FILE"),
            others = patterns(|row| !matches!(row.argument, "" | "FILE")),
            known = commands.join(" | "),
            commands = commands.join(" "),
            common = names(common_options()),
            probe = names(PROBE.iter()),
        )
    }
}

#[test]
fn the_completions_of_bash_are_current_and_complete() {
    let script = bash::script();
    expect_current("docs/completions/minbearer.bash", &script);
    for (words, expected) in [
        ("minbearer j", "jsa"),
        ("minbearer jsa --h", "--header --help"),
        ("minbearer jsa --s", "--server-name"),
        ("minbearer accelerator URL --r", "--rfc6750 --renew"),
        (
            "minbearer --header client-credentials --p",
            "--parameter --plain-http --proxy --proxy-user",
        ),
        ("minbearer jsa --timeout j", ""),
        ("minbearer --ch", "--check"),
        ("minbearer --check CHANGEL", "CHANGELOG.md"),
        ("minbearer jsa --ch", ""),
        ("minbearer jsa --output CHANGEL", "CHANGELOG.md"),
    ] {
        let call = format!(
            "COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _minbearer; echo \"${{COMPREPLY[*]}}\""
        );
        let output = Command::new("bash")
            .args(["--norc", "-c", &format!("{script}\n{call}")])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .expect("bash");
        let found = String::from_utf8_lossy(&output.stdout);
        assert_eq!(found.trim_end(), expected, "{words}: {output:?}");
    }
}

/// Text escaped for single quotes and brackets.
fn zsh_text(text: &str) -> String {
    text.replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:")
}

fn zsh_options<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = String::new();
    for row in rows {
        let again = if row.repeats { "*" } else { "" };
        let argument = match row.argument {
            "" => String::new(),
            "FILE" => String::from(":FILE:_files"),
            argument => format!(":{}: ", zsh_text(argument)),
        };
        let _ = writeln!(text, "  '{again}--{}[{}]{argument}'", row.name, zsh_text(row.what));
    }
    text
}

#[test]
fn the_completions_of_zsh_are_current() {
    let mut cases = String::new();
    let mut commands = String::new();
    for command in &COMMANDS {
        let operands: String = command
            .operands
            .iter()
            .map(|operand| {
                let (optional, name) = match operand.strip_prefix('[') {
                    Some(name) => (":", name.trim_end_matches(']')),
                    None => ("", *operand),
                };
                format!(" ':{optional}{name}: '")
            })
            .collect();
        let _ = writeln!(
            cases,
            "  {name})\n    options+=(\n{own}    )\n    _arguments $options ':command:({name})'{operands}\n    ;;",
            name = command.name,
            own = zsh_options(command.own_options()).replace("  '", "      '"),
        );
        let _ = write!(commands, " '{}:{}'", command.name, zsh_text(command.what));
    }
    let names = COMMANDS.map(|command| command.name).join("|");
    expect_current(
        "docs/completions/_minbearer",
        &format!(
            "#compdef minbearer
# {MADE}
local state
local -a options probe commands
options=(
{common})
probe=(
{probe})
commands=({commands} )
case ${{words[(r)({names})]}} in
{cases}  *)
    _arguments $options $probe ':command:->command'
    [[ $state == command ]] && _describe command commands
    ;;
esac
",
            common = zsh_options(common_options()),
            probe = zsh_options(PROBE.iter()),
        ),
    );
}

#[test]
fn the_completions_of_fish_are_current() {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let names = COMMANDS.map(|command| command.name).join(" ");
    let mut script = format!("# {MADE}\ncomplete -c minbearer -f\n");
    for command in &COMMANDS {
        let _ = writeln!(
            script,
            "complete -c minbearer -n 'not __fish_seen_subcommand_from {names}' -a {} -d {}",
            command.name,
            quoted(command.what)
        );
    }
    for row in OPTIONS.iter().chain(PROBE) {
        let command = COMMANDS.iter().find(|command| row.flow == Some(command.flow));
        let is_probe = PROBE.iter().any(|probe| probe.name == row.name);
        let when = match command {
            Some(command) => format!(" -n '__fish_seen_subcommand_from {}'", command.name),
            None if is_probe => format!(" -n 'not __fish_seen_subcommand_from {names}'"),
            None => String::new(),
        };
        let argument = match row.argument {
            "" => "",
            "FILE" => " -r -F",
            _ => " -x",
        };
        let _ = writeln!(
            script,
            "complete -c minbearer{when} -l {}{argument} -d {}",
            row.name,
            quoted(row.what)
        );
    }
    expect_current("docs/completions/minbearer.fish", &script);
}
