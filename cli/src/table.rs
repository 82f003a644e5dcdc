//! The command line as a table, from which the parser, `--help`, the manual page and the completions in `docs/` are
//! made.

/// The flow that gets the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Jsa,
    Accelerator,
    ClientCredentials,
}

pub struct Command {
    pub flow: Flow,
    pub name: &'static str,
    /// Those in brackets are optional.
    pub operands: &'static [&'static str],
    #[allow(dead_code)] // only the completions have room for it
    pub what: &'static str,
}

pub const COMMANDS: [Command; 3] = [
    Command {
        flow: Flow::Jsa,
        name: "jsa",
        operands: &[],
        what: "from JSA's or QRadar's qoauth service",
    },
    Command {
        flow: Flow::Accelerator,
        name: "accelerator",
        operands: &["URL", "[USERNAME]"],
        what: "from Altair Accelerator; USERNAME defaults to $USER",
    },
    Command {
        flow: Flow::ClientCredentials,
        name: "client-credentials",
        operands: &["TOKEN_URL"],
        what: "from an OAuth 2.0 server (RFC 6749 section 4.4)",
    },
];

/// What an option sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Rfc6750,
    Scope,
    Parameter,
    Basic,
    GrantType,
    PlainHttp,
    Header,
    Timeout,
    CaCert,
    Cert,
    Key,
    ServerName,
    Output,
    Mode,
    Renew,
    Every,
    Help,
    Version,
}

pub struct Row {
    pub setting: Setting,
    pub name: &'static str,
    /// Empty for an option without an argument.
    pub argument: &'static str,
    /// The one command that it belongs to, or all of them.
    pub flow: Option<Flow>,
    pub repeats: bool,
    pub what: &'static str,
}

const fn row(
    setting: Setting,
    name: &'static str,
    argument: &'static str,
    flow: Option<Flow>,
    what: &'static str,
) -> Row {
    let repeats = matches!(setting, Setting::Scope | Setting::Parameter);
    Row { setting, name, argument, flow, repeats, what }
}

const ACCELERATOR: Option<Flow> = Some(Flow::Accelerator);
const CLIENT_CREDENTIALS: Option<Flow> = Some(Flow::ClientCredentials);

pub const OPTIONS: [Row; 18] = [
    row(
        Setting::Rfc6750,
        "rfc6750",
        "",
        ACCELERATOR,
        "the header is \"Bearer TOKEN\", not \"Bearer:TOKEN\"",
    ),
    row(Setting::Scope, "scope", "SCOPE", CLIENT_CREDENTIALS, "ask for this scope"),
    row(
        Setting::Parameter,
        "parameter",
        "NAME=VALUE",
        CLIENT_CREDENTIALS,
        "send this form parameter too",
    ),
    row(Setting::Basic, "basic", "", CLIENT_CREDENTIALS, "send id and secret as HTTP Basic"),
    row(
        Setting::GrantType,
        "grant-type",
        "NAME",
        CLIENT_CREDENTIALS,
        "the server's own name for this grant",
    ),
    row(
        Setting::PlainHttp,
        "plain-http",
        "",
        CLIENT_CREDENTIALS,
        "allow http to another host, which shows the secret",
    ),
    row(Setting::Header, "header", "", None, "print \"Authorization: <value>\" instead"),
    row(Setting::Timeout, "timeout", "SECONDS", None, "give up after this long; default 10"),
    row(Setting::CaCert, "cacert", "FILE", None, "trust the CAs in this PEM file alone (tls)"),
    row(Setting::Cert, "cert", "FILE", None, "a client certificate, PEM (tls)"),
    row(Setting::Key, "key", "FILE", None, "its key, PEM (tls)"),
    row(
        Setting::ServerName,
        "server-name",
        "NAME",
        None,
        "its certificate is for NAME, not for the URL's host (tls)",
    ),
    row(
        Setting::Output,
        "output",
        "FILE",
        None,
        "write the token alone to FILE, without a newline",
    ),
    row(Setting::Mode, "mode", "MODE", None, "FILE's permissions, octal; default 0600"),
    row(Setting::Renew, "renew", "", None, "stay, and write FILE anew when it is due or at SIGHUP"),
    row(Setting::Every, "every", "SECONDS", None, "renew at the latest after this long, 1 or more"),
    row(Setting::Help, "help", "", None, "print this"),
    row(Setting::Version, "version", "", None, "print the version"),
];

/// The environment variables, and the commands that read them.
pub const VARIABLES: [(&str, &[Flow]); 9] = [
    ("CLIENT_ID", &[Flow::Jsa, Flow::ClientCredentials]),
    ("CLIENT_SECRET", &[Flow::Jsa, Flow::ClientCredentials]),
    ("CLIENT_SECRET_FILE", &[Flow::Jsa, Flow::ClientCredentials]),
    ("CLIENT_ASSERTION_FILE", &[Flow::ClientCredentials]),
    ("QOAUTH_URL", &[Flow::Jsa]),
    ("QOAUTH_HOST", &[Flow::Jsa]),
    ("SERVICE_PORT_LOCATOR", &[Flow::Jsa]),
    ("NC_PASSWORD_FILE", &[Flow::Accelerator]),
    ("USER", &[Flow::Accelerator]),
];

/// The exit statuses and their causes.
pub const STATUSES: [(u8, &str); 7] = [
    (2, "settings"),
    (3, "port locator"),
    (4, "network"),
    (5, "timeout"),
    (6, "refused"),
    (7, "malformed answer"),
    (8, "server unavailable"),
];

impl Command {
    /// `minbearer accelerator URL [USERNAME]`
    pub fn usage(&self) -> String {
        let mut usage = ["minbearer ", self.name].concat();
        for operand in self.operands {
            usage.push(' ');
            usage += operand;
        }
        usage
    }

    /// The options of this command alone.
    pub fn own_options(&self) -> impl Iterator<Item = &'static Row> {
        let flow = self.flow;
        OPTIONS.iter().filter(move |row| row.flow == Some(flow))
    }
}

impl Row {
    /// `--scope SCOPE`
    pub fn usage(&self) -> String {
        let separator = if self.argument.is_empty() { "" } else { " " };
        ["--", self.name, separator, self.argument].concat()
    }
}

/// `--server-name NAME`
const WIDEST_USAGE: usize = 18;

/// The text of `--help`: one screen of 24 lines and 80 columns.
pub fn help() -> String {
    let mut help = String::from("Prints a bearer token and a newline.\n\n");
    for command in &COMMANDS {
        help += &command.usage();
        let mut options = command.own_options().map(|row| {
            let repeats = if row.repeats { "..." } else { "" };
            ["[", &row.usage(), "]", repeats].concat()
        });
        push_wrapped(&mut help, &mut options);
        help.push('\n');
    }
    for row in OPTIONS.iter().filter(|row| row.flow.is_none()) {
        let usage = row.usage();
        let spaces = " ".repeat(WIDEST_USAGE.saturating_sub(usage.len()));
        help += &["\n  ", &usage, &spaces, " ", row.what].concat();
    }
    help += "\n\nVariables:";
    push_wrapped(&mut help, &mut VARIABLES.iter().map(|(name, _)| String::from(*name)));
    help += "\nExit status:";
    let mut statuses = STATUSES.iter().enumerate().map(|(index, (status, what))| {
        let separator = if index + 1 < STATUSES.len() { "," } else { "" };
        format!("{status} {what}{separator}")
    });
    push_wrapped(&mut help, &mut statuses);
    help.push('\n');
    help
}

/// Adds words to the last line, and starts a new one after 80 columns.
fn push_wrapped(text: &mut String, words: &mut dyn Iterator<Item = String>) {
    let mut column = text.len() - text.rfind('\n').map_or(0, |newline| newline + 1);
    for word in words {
        if column + 1 + word.len() > 80 {
            *text += "\n   ";
            column = 3;
        }
        text.push(' ');
        *text += &word;
        column += 1 + word.len();
    }
}
