//! Tests of what cannot be seen from C: header and source agree, and a panic becomes a status. `tests/` has those of the
//! header's other promises, in C.

use super::*;
use crate::boundary::{MESSAGE_SIZE, VALUE_SIZE};
use std::collections::BTreeMap;
use std::mem::size_of;

const HEADER: &str = include_str!("../minbearer.h");
const SOURCE: &str = include_str!("lib.rs");

/// Functions by name, each as `argument: type, ... -> type` with Rust's types.
type Functions = BTreeMap<String, String>;

/// The header without its comments.
fn code(header: &str) -> String {
    let mut parts = header.split("/*");
    let mut code = parts.next().unwrap().to_owned();
    for part in parts {
        code.push_str(part.split_once("*/").expect("a comment ends").1);
    }
    code
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `const char *name` as `name` and `*const c_char`; a type alone has no name.
fn translated(declaration: &str) -> (String, &'static str) {
    const TYPES: [(&str, &str); 21] = [
        ("const char *", "*const c_char"),
        ("char *", "*mut c_char"),
        ("const void *", "*const c_void"),
        ("void *", "*mut c_void"),
        ("minbearer *", "*mut Handle"),
        ("minbearer_message *", "*mut Message"),
        ("minbearer_step *", "*mut Step"),
        ("minbearer_bytes *", "*mut Bytes"),
        ("minbearer_target *", "*mut Target"),
        ("const minbearer_transport *", "*const Transport"),
        ("minbearer_secret_function *", "Option<secret::Function>"),
        ("minbearer_clock_function *", "Option<Milliseconds>"),
        ("minbearer_random_function *", "Option<Random>"),
        ("minbearer_status ", "Status"),
        ("uint32_t ", "u32"),
        ("uint64_t ", "u64"),
        ("int64_t ", "i64"),
        ("int *", "*mut c_int"),
        ("int ", "c_int"),
        ("size_t ", "usize"),
        ("void ", "()"),
    ];
    let declaration = words(declaration);
    let (c, rust) = TYPES
        .iter()
        .find(|(c, _)| declaration.strip_prefix(c).is_some_and(|name| !name.contains('*')))
        .unwrap_or_else(|| panic!("`{declaration}` is of no known type"));
    (declaration[c.len()..].to_owned(), rust)
}

/// The functions for memory.
const MEMORY: [&str; 3] = ["minbearer_allocate", "minbearer_release", "minbearer_out_of_memory"];

fn in_the_header() -> Functions {
    let code = code(HEADER);
    let statements = code.split(';').filter(|statement| statement.contains('('));
    let declarations = statements.map(|statement| {
        let declaration = statement.lines().filter(|line| !line.starts_with('#'));
        words(&declaration.collect::<Vec<_>>().join(" "))
            .replace(r#"extern "C" {"#, "")
            .replace("MINBEARER_USE_RESULT ", "")
    });
    declarations
        .filter(|declaration| {
            // Not types, and not what the program defines.
            let is_type = declaration.contains("(*") || declaration.contains("typedef ");
            !is_type && !MEMORY.iter().any(|name| declaration.contains(name))
        })
        .map(|declaration| {
            let (start, arguments) = declaration.split_once('(').unwrap();
            let (name, result) = translated(start);
            let arguments = arguments.trim_end().strip_suffix(')').expect("a prototype");
            let arguments: Vec<_> = match arguments {
                "void" => Vec::new(),
                _ => arguments.split(',').map(translated).collect(),
            };
            let arguments: Vec<_> =
                arguments.iter().map(|(name, rust)| format!("{name}: {rust}")).collect();
            (name, format!("{} -> {result}", arguments.join(", ")))
        })
        .collect()
}

fn in_the_source() -> Functions {
    let exported = SOURCE.split("#[unsafe(no_mangle)]").skip(1);
    exported
        .map(|function| {
            let start = function.split_once(r#"extern "C" fn "#).expect("a function").1;
            let (name, rest) = start.split_once('(').unwrap();
            let (arguments, rest) = rest.split_once(')').unwrap();
            let result = rest.split_once('{').unwrap().0.trim();
            let result = result.strip_prefix("-> ").unwrap_or("()");
            let arguments = words(arguments.trim().trim_end_matches(','));
            (name.to_owned(), format!("{arguments} -> {result}"))
        })
        .collect()
}

#[test]
fn header_and_source_declare_the_same_functions() {
    let (header, source) = (in_the_header(), in_the_source());
    for (name, declaration) in &header {
        assert_eq!(source.get(name), Some(declaration), "{name}");
    }
    assert_eq!(header.keys().collect::<Vec<_>>(), source.keys().collect::<Vec<_>>());
    assert_eq!(header.len(), 47, "{:?}", header.keys());
}

#[test]
fn header_and_source_have_the_same_statuses() {
    let numbers = |text: &str, prefix: &str| -> Vec<(String, u32)> {
        let entries = text.split_once('{').unwrap().1.split_once('}').unwrap().0.split(',');
        let entries = entries.filter_map(|entry| entry.split_once(" = "));
        entries
            .map(|(name, number)| {
                let name = name.trim().strip_prefix(prefix).expect(name);
                (name.replace('_', "").to_uppercase(), number.trim().parse().unwrap())
            })
            .collect()
    };
    let header = code(HEADER);
    let header = numbers(header.split_once("enum minbearer_status").unwrap().1, "MINBEARER_");
    let source = include_str!("status.rs").split_once("pub enum Status").unwrap().1;
    assert_eq!(header, numbers(source, ""));
    assert_eq!(header.len(), 11, "{header:?}");
}

#[test]
fn header_and_source_have_the_same_sizes() {
    let defined = |name: &str| -> usize {
        let line = HEADER.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
        line.unwrap().parse().unwrap()
    };
    assert_eq!(defined("MINBEARER_MESSAGE_SIZE"), MESSAGE_SIZE);
    assert_eq!(size_of::<Message>(), MESSAGE_SIZE);
    assert_eq!(defined("MINBEARER_VALUE_SIZE"), VALUE_SIZE);
    assert_eq!(defined("MINBEARER_SECRET_SIZE"), secret::SECRET_SIZE);
}

#[test]
fn the_version_is_the_crates() {
    // Cargo takes the crate of that version and no other.
    let wanted = format!("version = \"={}\"", env!("CARGO_PKG_VERSION"));
    assert!(include_str!("../Cargo.toml").contains(&wanted), "the crate is not of {wanted}");
    let numbers: Vec<_> = ["MAJOR", "MINOR", "PATCH"]
        .iter()
        .zip(env!("CARGO_PKG_VERSION").split('.'))
        .map(|(name, number)| format!("#define MINBEARER_VERSION_{name} {number}\n"))
        .collect();
    let text = format!("#define MINBEARER_VERSION \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(HEADER.contains(&(text + &numbers.concat())), "the header's version is another");
}

#[test]
fn a_handle_may_be_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Handle>();
}

struct Panics;

impl minbearer_rust::Flow for Panics {
    fn timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn prepare(
        &self,
        _: std::time::Instant,
    ) -> Result<minbearer_rust::Request, minbearer_rust::Error> {
        panic!("as the test wants it");
    }

    fn read_answer(
        &self,
        _: &minbearer_rust::Request,
        _: minbearer_rust::Response,
    ) -> Result<minbearer_rust::Token, minbearer_rust::Error> {
        unreachable!()
    }
}

#[test]
fn a_panic_is_a_status() {
    let handle = Box::into_raw(Box::new(Handle::for_flow(Panics)));
    let mut value = [1; VALUE_SIZE];
    let mut why = Message::empty();
    for _ in 0..2 {
        let status = unsafe { minbearer_authorization(handle, value.as_mut_ptr(), 9, &mut why) };
        assert_eq!(status, Status::Panicked);
        assert_eq!(value[0], 0);
        assert!(why.as_text().contains("panicked"), "{}", why.as_text());
    }
    unsafe { minbearer_free(handle) };
    let handle = new_handle("minbearer_jsa", || panic!("as the test wants it"));
    assert_eq!(unsafe { minbearer_set_timeout(handle, 1) }, Status::Panicked);
    unsafe { minbearer_free(handle) };
    let handle = new_handle("minbearer_jsa", || {
        Ok(Settings::new(jsa::Config::new("id", "secret")?, Credential::Given))
    });
    let status = unsafe { set("a setting", handle, |_| panic!("as the test wants it")) };
    assert_eq!(status, Status::Panicked);
    assert_eq!(unsafe { minbearer_set_timeout(handle, 1) }, Status::Panicked);
    unsafe { minbearer_free(handle) };
}
