//! Asks Accelerator for a project and prints it, indented.
//!
//! ```text
//! rest_101 [URL] [USERNAME]
//! ```
//!
//! URL is any URL of the project, by default `NC_URL`; USERNAME is by default `NC_USER` or else `USER`. The password is
//! read from the file that `NC_PASSWORD_FILE` names, else from the terminal, else from the first line of standard input.

mod program;

use minbearer::{Error, Method, Request, Response, Session, Url, accelerator};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

const USAGE: &str = "usage: rest_101 [URL] [USERNAME]";

fn main() -> ExitCode {
    program::exit("rest_101", run())
}

fn run() -> Result<(), Error> {
    let mut arguments = Vec::new();
    for argument in std::env::args_os().skip(1) {
        arguments
            .push(argument.into_string().map_err(|_| Error::config("an argument is not UTF-8"))?);
    }
    let (url, username) = match arguments.as_slice() {
        [help] if help == "--help" || help == "-h" => return program::print(&format!("{USAGE}\n")),
        [url, username] => (url.clone(), username.clone()),
        [url] => (url.clone(), program::nc_user()?),
        [] => match program::variable("NC_URL")? {
            Some(url) => (url, program::nc_user()?),
            None => {
                return Err(Error::config(format!(
                    "no URL is given and NC_URL is not set; {USAGE}"
                )));
            }
        },
        _ => return Err(Error::config(format!("too many arguments; {USAGE}"))),
    };
    // Check the URL before asking for a password.
    let project =
        Url::parse("the Accelerator URL", &url)?.with_path("/api/v3/project/1/project")?;
    let password = minbearer::prompt::password_from_env(program::TIMEOUT)?;
    let session = Session::new(accelerator::Config::new(&url, username, password)?);
    let response = ask(&session, project)?.error_for_status()?;
    program::print(&indented(response.json_text()?))
}

/// JSON with a member or an element a line. Members stay in the server's order, and numbers as they are: miniserde's
/// `Value` would sort the ones and convert the others.
fn indented(json: &str) -> String {
    let (mut out, mut depth, mut is_text, mut is_escaped) = (String::new(), 0, false, false);
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    for character in program::json_on_a_line(json).chars() {
        match character {
            _ if is_text => {
                out.push(character);
                is_text = is_escaped || character != '"';
                is_escaped = !is_escaped && character == '\\';
                continue;
            }
            ' ' => continue,
            '}' | ']' => {
                depth -= 1;
                if !out.ends_with(['{', '[']) {
                    new_line(&mut out, depth);
                }
            }
            _ if out.ends_with(['{', '[', ',']) => new_line(&mut out, depth),
            _ => {}
        }
        depth += usize::from(matches!(character, '{' | '['));
        is_text = character == '"';
        out.push(character);
        if character == ':' {
            out.push(' ');
        }
    }
    out + "\n"
}

/// The API call over minreq. For `https` over the session's own transport, because minreq has TLS only with a feature of
/// its own.
fn ask(session: &Session, url: Url) -> Result<Response, Error> {
    if url.is_https() {
        return session.send(Request::to(Method::Get, url));
    }
    let reply = session.send_minreq(minreq::get(url.as_str()))?;
    Ok(Response::new(reply.status_code, reply.into_bytes()))
}
