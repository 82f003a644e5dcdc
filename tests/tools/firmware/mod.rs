//! `examples/firmware` on boards in QEMU: the flows, unusual answers, and a search of the RAM for secrets. `.ci/firmware`
//! builds the images, sets the variable `FIRMWARE` and runs this; plain `cargo test` skips it.

mod board;
mod modem;
mod qemu;

use crate::support::appliance::{Appliance, Credentials};
use crate::support::hostile::{Server, Step};
use board::{Board, CORTEX_M3_IN_C, Outcome, Settings, boards, flash_bytes, has_image};
use modem::Behaviour;
use std::collections::HashSet;

const FLOWS: [&str; 3] = ["jsa", "accelerator", "client-credentials"];
/// As `examples/firmware/src/device.rs` has it.
const MAX_ANSWER_BYTES: usize = 1536;
const SECRET: &str = "vK3wRz8qTn5xLb2cYh7mGd4s";
const TOKEN: &str = "Qe9uJf6aWp1iXo0tBk3yMv8zCr5nHl2g";

/// A flow against the appliance, with its own credentials or with a wrong secret.
fn with_appliance(appliance: &Appliance, flow: &'static str, secret: Option<&str>) -> Settings {
    let credentials = appliance.credentials();
    let (id, own_secret) = match flow {
        "accelerator" => (&credentials.username, &credentials.password),
        _ => (&credentials.client_id, &credentials.client_secret),
    };
    let console = || appliance.console_url() + "/api/ariel/databases";
    let (token_url, api_url) = match flow {
        "jsa" => (appliance.qoauth_url(), console()),
        "accelerator" => {
            let url = appliance.nc_url();
            (url.clone(), url.replace("/project", "/api/v3/project/1/project"))
        }
        _ => (appliance.qoauth_url() + "/token", console()),
    };
    let secret = secret.unwrap_or(own_secret).to_owned();
    Settings { flow, token_url, id: id.clone(), secret, api_url }
}

/// JSA's flow against two scripted servers.
fn with_servers(token_server: &Server, api_server: &Server) -> Settings {
    Settings {
        flow: "jsa",
        token_url: token_server.url(),
        id: "device-7".to_owned(),
        secret: SECRET.to_owned(),
        api_url: api_server.url() + "/api",
    }
}

fn answering(answer: impl AsRef<[u8]>) -> Server {
    Server::script(vec![Step::Request, Step::send(answer)])
}

fn with_length(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn token_body(token: &str) -> String {
    format!(r#"{{"access_token": "{token}", "token_type": "Bearer"}}"#)
}

fn api() -> Server {
    answering(with_length(r#"["flows"]"#))
}

/// A panic or a fault ends the board with another status. A leak is printed as bytes "left over".
fn check(board: &Board, case: &str, outcome: &Outcome, status: i32, part: &str) {
    let Outcome { status: found, printed, .. } = outcome;
    assert_eq!(*found, status, "{}: {case}: {printed}{:?}", board.name, outcome.commands);
    assert!(printed.contains(part), "{}: {case}: no {part:?} in {printed}", board.name);
    assert!(printed.contains(", 0 left over"), "{}: {case}: a memory leak: {printed}", board.name);
}

#[test]
fn each_flow_gets_a_token_and_calls_the_api_on_each_board() {
    let appliance = Appliance::start(Credentials::default()).unwrap();
    for board in &boards() {
        for flow in FLOWS {
            let outcome = board.run(&with_appliance(&appliance, flow, None), Behaviour::default());
            let part = match flow {
                "accelerator" => r#"answer: {"id": 1, "name": "project""#,
                _ => r#"answer: ["events", "flows", "simarc"]"#,
            };
            check(board, flow, &outcome, 0, part);
            // Only Accelerator's tokens have a lifetime: one hour.
            let due = outcome.printed.split("to be renewed after ").nth(1).map(|rest| {
                let seconds = rest.split(' ').next().unwrap_or_default();
                seconds.parse::<u32>().unwrap_or_else(|_| panic!("{}", outcome.printed))
            });
            let is_right = due.map_or(flow != "accelerator", |due| (3180..=3540).contains(&due));
            assert!(is_right, "{}: {flow}: {}", board.name, outcome.printed);
        }
    }
}

#[test]
fn a_refusal_is_printed_in_the_servers_words_and_without_the_secret() {
    let appliance = Appliance::start(Credentials::default()).unwrap();
    for board in &boards() {
        for flow in FLOWS {
            let settings = with_appliance(&appliance, flow, Some(SECRET));
            let outcome = board.run(&settings, Behaviour::default());
            let part = match flow {
                "accelerator" => "invalid username or password",
                _ => "client authentication failed",
            };
            check(board, flow, &outcome, 6, part);
            assert!(!outcome.printed.contains(SECRET), "{}", outcome.printed);
        }
    }
}

#[test]
fn an_answer_is_read_however_it_is_framed_and_cut() {
    let body = token_body(TOKEN);
    let (start, end) = body.split_at(20);
    let rest = end.len();
    let answers = [
        ("a length", with_length(&body)),
        ("until the end", format!("HTTP/1.0 200 OK\r\n\r\n{body}")),
        (
            "chunks",
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{start}\r\n{rest:x};a=b\r\n{end}\r\n0\r\nA: b\r\n\r\n"
            ),
        ),
        (
            "interim answers",
            format!(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{}",
                with_length(&body)
            ),
        ),
    ];
    let api = api();
    for board in &boards() {
        for (framing, answer) in &answers {
            for piece in [1, 20] {
                // Over Ethernet the server determines the pieces.
                let mut script = vec![Step::Request];
                script.extend(answer.as_bytes().chunks(piece).map(Step::send));
                let server = Server::script(script);
                let behaviour = Behaviour { piece, ..Behaviour::default() };
                let outcome = board.run(&with_servers(&server, &api), behaviour);
                let part = format!("token: {} characters", TOKEN.len());
                check(board, &format!("{framing}, {piece} at a time"), &outcome, 0, &part);
            }
        }
    }
}

/// A refusal whose description has `len` characters, each of them six bytes of JSON.
fn refusal(len: usize) -> String {
    let description = "\\u00e9".repeat(len);
    let body = format!(r#"{{"error": "invalid_client", "error_description": "{description}"}}"#);
    format!("HTTP/1.1 401 No\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The most characters for which `MAX_ANSWER_BYTES` has room.
const LONGEST_DESCRIPTION: usize = (MAX_ANSWER_BYTES - 64) / 6;

#[test]
fn a_body_that_is_too_large_is_an_error_and_does_not_abort() {
    let largest = MAX_ANSWER_BYTES - token_body("").len();
    let token = |len: usize| with_length(&token_body(&"t".repeat(len)));
    let unannounced = format!("HTTP/1.1 200 OK\r\n\r\n{}", token_body(&"t".repeat(100_000)));
    let endless = "HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n{".to_owned();
    let list = with_length(&format!("{}1", "[1,".repeat(largest / 3)));
    let cases = [
        ("the largest token", token(largest), 0, "token: "),
        ("a token with one character more", token(largest + 1), 7, "larger than"),
        ("4 KiB", token(4096), 7, "larger than"),
        ("100 KB, unannounced", unannounced, 7, "larger than"),
        ("4 GB, announced", endless, 7, "larger than"),
        ("a long description", refusal(LONGEST_DESCRIPTION), 6, "invalid_client"),
        ("a description that is too long to show", refusal(1000), 6, "401"),
        ("a deep list", list, 7, "JSON"),
    ];
    let api = api();
    for board in &boards() {
        for (case, answer, status, part) in &cases {
            let server = answering(answer);
            let outcome = board.run(&with_servers(&server, &api), Behaviour::default());
            check(board, case, &outcome, *status, part);
        }
        let (tokens, large) =
            (answering(token(100)), answering(with_length(&"x".repeat(MAX_ANSWER_BYTES + 1))));
        let outcome = board.run(&with_servers(&tokens, &large), Behaviour::default());
        check(board, "an API's answer", &outcome, 7, "larger than");
    }
}

/// The largest head for which the heap has room depends on how it arrives; a larger one is an error.
#[test]
fn a_head_that_is_too_large_is_an_error_and_does_not_abort() {
    let answers = [(with_length(&token_body(TOKEN)), 0), (refusal(LONGEST_DESCRIPTION), 6)];
    let api = api();
    for board in
        boards().iter().filter(|board| ["microbit", "lm3s6965evb-ethernet"].contains(&board.name))
    {
        for size in [1000, 2000, 4000, 9000] {
            let [short, long] = ["A:\r\n".repeat(size / 4), format!("A: {}\r\n", "a".repeat(size))];
            let heads = [
                ("a long reason", " ".to_owned() + &"k".repeat(size) + "\r\n"),
                ("a long header", "\r\n".to_owned() + &long),
                ("many headers", "\r\n".to_owned() + &short),
            ];
            for (what, head) in &heads {
                for (answer, status) in &answers {
                    let server = answering(answer.replacen("\r\n", head, 1));
                    let outcome = board.run(&with_servers(&server, &api), Behaviour::default());
                    let case = format!("{what}, {size} bytes, before {status}");
                    let has_room = outcome.status == *status && size < 9000;
                    let (status, part) = if has_room { (*status, "") } else { (7, "no memory") };
                    check(board, &case, &outcome, status, part);
                }
            }
        }
    }
}

#[test]
fn an_answer_that_is_cut_short_gives_no_token() {
    let whole = with_length(&token_body(TOKEN));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n",
        token_body(TOKEN).len(),
        token_body(TOKEN)
    );
    let cuts = [
        ("nothing", &whole[..0], "without an answer"),
        ("half a head", &whole[..20], "cut short"),
        ("half a token", &whole[..whole.len() - 50], "cut short"),
        ("all but one byte", &whole[..whole.len() - 1], "cut short"),
        ("no last chunk", &chunked, "cut short"),
    ];
    let api = api();
    for board in &boards() {
        for (case, answer, part) in cuts {
            let server = answering(answer);
            let outcome = board.run(&with_servers(&server, &api), Behaviour::default());
            check(board, case, &outcome, 4, part);
        }
    }
}

#[test]
fn a_wait_ends_and_an_unreachable_server_is_named() {
    let api = api();
    let absent = {
        let server = answering("");
        server.url()
    };
    let silent = Server::script(vec![Step::Request, Step::Hold]);
    let (api, silent) = (&api, &silent);
    let boards = boards();
    std::thread::scope(|scope| {
        for board in &boards {
            let absent = &absent;
            scope.spawn(move || {
                let outcome = board.run(&with_servers(silent, api), Behaviour::default());
                check(board, "a silent server", &outcome, 5, "the time is up");
                let settings = Settings { token_url: absent.clone(), ..with_servers(silent, api) };
                let outcome = board.run(&settings, Behaviour::default());
                check(board, "no server", &outcome, 4, "no connection to ");
            });
        }
        scope.spawn(|| {
            let mute = Behaviour { is_silent: true, ..Behaviour::default() };
            let outcome = boards[0].run(&with_servers(silent, api), mute);
            check(&boards[0], "a silent modem", &outcome, 5, "the modem");
        });
    });
}

#[test]
fn the_modem_does_https_with_verified_certificates_and_https_never_becomes_http() {
    let (server, api) = (answering(with_length(&token_body(TOKEN))), api());
    let mut settings = with_servers(&server, &api);
    settings.token_url = settings.token_url.replace("http:", "https:");
    for board in &boards() {
        let connections = server.connections();
        let outcome = board.run(&settings, Behaviour::default());
        if board.name.ends_with("-ethernet") {
            check(board, "https", &outcome, 2, "not plain http");
            assert_eq!(server.connections(), connections, "{}", board.name);
            continue;
        }
        check(board, "https", &outcome, 0, "token: ");
        let is_of_interest =
            |line: &&String| line.starts_with("AT+CIPS") && !line.starts_with("AT+CIPSEND");
        let told: Vec<_> = outcome.commands.iter().filter(is_of_interest).collect();
        let expected = ["CCONF=2,0,0", "CCN=\"127.0.0.1\"", "CSNI=\"127.0.0.1\""]
            .map(|setting| format!("AT+CIPSSL{setting}"));
        assert!(told.iter().copied().take(3).eq(&expected), "{}: {told:?}", board.name);
        assert!(told[3].starts_with("AT+CIPSTART=\"SSL\""), "{}: {told:?}", board.name);

        let connections = server.connections();
        let outcome = board.run(&settings, Behaviour { verifies: false, ..Behaviour::default() });
        check(board, "a modem that verifies nothing", &outcome, 4, "cannot verify");
        assert_eq!(server.connections(), connections, "{}", board.name);
    }
}

/// The shortest piece of a secret that counts as a leak.
const PIECE_BYTES: usize = 8;

/// How many pieces of `secret` are in the RAM.
fn left_behind(ram: &[u8], secret: &str) -> usize {
    let pieces: HashSet<&[u8]> = secret.as_bytes().windows(PIECE_BYTES).collect();
    ram.windows(PIECE_BYTES).filter(|bytes| pieces.contains(bytes)).count()
}

#[test]
fn no_piece_of_secret_or_token_is_left_in_the_ram() {
    let whole = with_length(&token_body(TOKEN));
    // The buffer is reallocated while the token is in it.
    let growing = format!("HTTP/1.0 200 OK\r\n\r\n{}{}", token_body(TOKEN), " ".repeat(900));
    let refusal = format!(
        "HTTP/1.1 401 No\r\n\r\n{{\"error\": \"invalid_client\", \"error_description\": \"not {SECRET}\"}}"
    );
    let cases = [
        ("success", whole.as_str(), 0),
        ("success, its length not announced", &growing, 0),
        ("refusal", &refusal, 6),
        ("cut", &whole[..whole.len() - 30], 4),
    ];
    let api = api();
    for board in &boards() {
        for (case, answer, status) in cases {
            let server = answering(answer);
            let mut running = board.start_with_stops(&with_servers(&server, &api));
            let [held, dropped] = running.ram_at_stops();
            check(board, case, &running.finish(), status, "");
            // Positive control: the search finds what is in use.
            let name = board.name;
            assert!(
                left_behind(&held, SECRET) >= SECRET.len() - (PIECE_BYTES - 1),
                "{name}: {case}: no secret"
            );
            let token_is_held = left_behind(&held, TOKEN) >= TOKEN.len() - (PIECE_BYTES - 1);
            assert_eq!(token_is_held, status == 0, "{name}: {case}: the token while it is held");
            assert_nothing_left(&dropped, &format!("{name}: {case}"));
        }
    }
}

fn assert_nothing_left(ram: &[u8], case: &str) {
    for (what, text) in [("secret", SECRET), ("token", TOKEN)] {
        assert_eq!(left_behind(ram, text), 0, "{case}: pieces of the {what} are left");
    }
}

fn in_c(token_server: &Server, api_server: &Server) -> Settings {
    let settings = with_servers(token_server, api_server);
    let token_url = token_server.url() + "/token";
    Settings { flow: "client-credentials", token_url, ..settings }
}

/// `.ci/capi --long` builds its images.
#[test]
fn the_firmware_in_c_gets_a_token_calls_the_api_and_leaves_nothing_behind() {
    let board = &CORTEX_M3_IN_C;
    let appliance = Appliance::start(Credentials::default()).unwrap();
    let settings = with_appliance(&appliance, "client-credentials", None);
    let outcome = board.run(&settings, Behaviour::default());
    check(board, "a token", &outcome, 0, r#"answer: ["events", "flows", "simarc"]"#);
    let settings = with_appliance(&appliance, "client-credentials", Some(SECRET));
    let outcome = board.run(&settings, Behaviour::default());
    check(board, "a refusal", &outcome, 6, "client authentication failed");
    assert!(!outcome.printed.contains(SECRET), "{}", outcome.printed);

    let body =
        format!(r#"{{"access_token": "{TOKEN}", "token_type": "Bearer", "expires_in": 3600}}"#);
    let whole = with_length(&body);
    let long = with_length(&token_body(&"t".repeat(20_000)));
    let head = whole.replacen("\r\n", &format!("\r\nA: {}\r\n", "a".repeat(7000)), 1);
    let api = api();
    for (case, answer, status, part) in [
        ("a lifetime", whole.as_str(), 0, "valid for 3"),
        ("cut", &whole[..whole.len() - 30], 4, "cut short"),
        ("nothing", "", 4, "without an answer"),
        ("no HTTP", "SSH-2.0-OpenSSH\r\n", 4, "not HTTP"),
        ("no JSON", &with_length("<html>"), 7, "JSON"),
        ("no memory for the body", &long, 9, "no memory"),
        ("no memory for the head", &head, 9, "no memory"),
    ] {
        for piece in [1, 20] {
            let server = answering(answer);
            let behaviour = Behaviour { piece, ..Behaviour::default() };
            let outcome = board.run(&in_c(&server, &api), behaviour);
            check(board, &format!("{case}, {piece} at a time"), &outcome, status, part);
        }
    }
    let silent = Server::script(vec![Step::Request, Step::Hold]);
    let outcome = board.run(&in_c(&silent, &api), Behaviour::default());
    check(board, "a silent server", &outcome, 4, "failed: the program got no answer");

    for (case, answer, status) in [("success", &whole, 0), ("refusal", &refusal(4), 6)] {
        let server = answering(answer);
        let mut running = board.start_with_stops(&in_c(&server, &api));
        let [held, dropped] = running.ram_at_stops();
        check(board, case, &running.finish(), status, "");
        assert!(left_behind(&held, SECRET) > 0, "{case}: the search finds what is in use");
        assert_nothing_left(&dropped, case);
    }
}

/// What the header promises, and what the library adds to a firmware.
#[test]
fn the_library_for_c_keeps_within_its_budget() {
    let board = &CORTEX_M3_IN_C;
    let (server, api) = (answering(with_length(&token_body(&"t".repeat(1000)))), api());
    let outcome = board.run(&in_c(&server, &api), Behaviour::default());
    check(board, "a token of 1,000 characters", &outcome, 0, "token: 1000 characters");
    let flash = flash_bytes("lm3s6965evb-c") - flash_bytes("lm3s6965evb-c-none");
    println!("the library adds {flash} bytes of flash; {}", outcome.printed);
    let budgets = include_str!("../../../.ci/capi.budgets").lines();
    let row = budgets.filter_map(|line| line.strip_prefix("lm3s6965evb-c ")).next();
    let budget = row.and_then(|row| row.split_whitespace().next()?.parse().ok());
    let budget: u32 = budget.expect("a budget in bytes");
    assert!(flash <= budget, "{flash} bytes of {budget}");
    let stack = outcome.printed.split("stack: ").nth(1).and_then(|rest| rest.split(' ').next());
    let stack: u32 = stack.and_then(|bytes| bytes.parse().ok()).expect("bytes of stack");
    // The firmware's own message is on the stack too.
    assert!(stack < 4096 + 1024, "{stack} bytes of stack");
}

/// With `UPDATE_FIGURES=1` it writes the row into the README's table; else the flash that is stated there is right within
/// a fiftieth.
fn check_documented(image: &str, flash: u32, row: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/firmware/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let start = format!("| `{image}` | ");
    // Another table has the boards.
    let is_row = |line: &&str| {
        line.strip_prefix(&start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let stated = text.lines().find(is_row).expect("a row of this image");
    if std::env::var_os("UPDATE_FIGURES").is_some() {
        std::fs::write(path, text.replace(stated, row)).unwrap();
        return;
    }
    let bytes = stated[start.len()..].split(' ').next().and_then(|bytes| bytes.parse().ok());
    assert!(
        bytes.is_some_and(|bytes: u32| bytes.abs_diff(flash) <= flash / 50),
        "examples/firmware/README.md states {stated}, not {row}: UPDATE_FIGURES=1 .ci/firmware"
    );
}

/// `.ci/firmware` prints the table.
#[test]
fn each_image_keeps_within_its_budget() {
    let mut over = Vec::new();
    println!("| image | flash | heap for the token | with the API call | stack |");
    println!("| --- | --- | --- | --- | --- |");
    for line in include_str!("../../../.ci/firmware.budgets").lines() {
        let row = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = row.split_whitespace().collect();
        let [image, ref budgets @ ..] = words[..] else { continue };
        if !has_image(image) {
            continue;
        }
        let Memory { token, all, stack } = memory(image, 1000);
        let flash = flash_bytes(image);
        let row = format!("| `{image}` | {flash} | {token} | {all} | {stack} |");
        println!("{row}");
        check_documented(image, flash, &row);
        let used = [flash, token, all, stack];
        assert_eq!(budgets.len(), used.len(), "{line}");
        for (used, budget) in used.iter().zip(budgets) {
            if *used > budget.parse().expect("a budget in bytes") {
                over.push(format!("{image}: {used} bytes of {budget}"));
            }
        }
    }
    assert!(over.is_empty(), "over its budget: {over:#?}");
    let [small, large] = [400, 1400].map(|len| memory("microbit-jsa", len));
    let per_character = |small, large| f64::from(large - small) / 1000.0;
    println!(
        "\nheap for each character of a token: {:.2}, with the API call {:.2}",
        per_character(small.token, large.token),
        per_character(small.all, large.all)
    );
}

struct Memory {
    /// Heap at the peak, until the token is returned.
    token: u32,
    /// Heap at the peak, including the API call.
    all: u32,
    stack: u32,
}

/// An image's peak memory for a token of that length.
fn memory(image: &str, token_len: usize) -> Memory {
    let boards = boards();
    let named = |name| boards.iter().find(|board| board.name == name);
    let board = named(image).or_else(|| named(image.split('-').next()?)).expect("a board");
    let (server, api) = (answering(with_length(&token_body(&"t".repeat(token_len)))), api());
    let outcome = board.run_image(image, &with_servers(&server, &api));
    let has_flow = !image.ends_with("-none");
    check(board, image, &outcome, if has_flow { 0 } else { 2 }, "");
    let figure = |before| {
        let rest = outcome.printed.split(before).nth(1).unwrap_or_else(|| panic!("no {before}"));
        let number = rest.split(' ').next().and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("no number after {before}: {}", outcome.printed))
    };
    Memory {
        token: if has_flow { figure("got with ") } else { 0 },
        all: figure("heap: "),
        stack: figure("stack: "),
    }
}
