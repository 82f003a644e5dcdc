//! The command line as a table, from which the parser, `--help`, the manual page and the completions in `docs/` are
//! made.

/// The flow that gets the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowName {
    Jsa,
    Accelerator,
    ClientCredentials,
}

pub struct Command {
    pub flow: FlowName,
    pub name: &'static str,
    /// Those in brackets are optional.
    pub operands: &'static [&'static str],
    /// What comes after "a token".
    pub what: &'static str,
}

pub const COMMANDS: [Command; 3] = [
    Command {
        flow: FlowName::Jsa,
        name: "jsa",
        operands: &[],
        what: "from JSA's or QRadar's qoauth service",
    },
    Command {
        flow: FlowName::Accelerator,
        name: "accelerator",
        operands: &["URL", "[USERNAME]"],
        what: "from Altair Accelerator; USERNAME defaults to $USER",
    },
    Command {
        flow: FlowName::ClientCredentials,
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
    RequestHeader,
    Basic,
    BasicUnencoded,
    GrantType,
    PlainHttp,
    SignKey,
    SignKid,
    SignCert,
    SignAlg,
    SignClaim,
    Header,
    Json,
    ExecCredential,
    Timeout,
    CaCert,
    Cert,
    Key,
    ServerName,
    Proxy,
    ProxyUser,
    Output,
    Mode,
    Renew,
    Every,
    Check,
    MaxAge,
    Help,
    Version,
}

/// A heading of `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Request,
    Output,
    Network,
    General,
}

pub struct Row {
    pub setting: Setting,
    pub name: &'static str,
    /// Empty for an option without an argument.
    pub argument: &'static str,
    /// The one command that it belongs to, or all of them.
    pub flow: Option<FlowName>,
    pub repeats: bool,
    pub what: &'static str,
}

const fn row(
    setting: Setting,
    name: &'static str,
    argument: &'static str,
    flow: Option<FlowName>,
    what: &'static str,
) -> Row {
    let repeats = matches!(
        setting,
        Setting::Scope | Setting::Parameter | Setting::RequestHeader | Setting::SignClaim
    );
    Row { setting, name, argument, flow, repeats, what }
}

const ACCELERATOR: Option<FlowName> = Some(FlowName::Accelerator);
const CLIENT_CREDENTIALS: Option<FlowName> = Some(FlowName::ClientCredentials);

pub const OPTIONS: &[Row] = &[
    row(
        Setting::Rfc6750,
        "rfc6750",
        "",
        ACCELERATOR,
        "the header is \"Bearer TOKEN\", not \"Bearer:TOKEN\"",
    ),
    row(
        Setting::Scope,
        "scope",
        "SCOPE",
        CLIENT_CREDENTIALS,
        "ask for this scope; if less is granted, a line on standard error says so",
    ),
    row(
        Setting::Parameter,
        "parameter",
        "NAME=VALUE|NAME@FILE",
        CLIENT_CREDENTIALS,
        "send this form parameter too; @FILE is read anew for each request",
    ),
    row(
        Setting::RequestHeader,
        "request-header",
        "NAME=VALUE|NAME@FILE",
        CLIENT_CREDENTIALS,
        "send this header too, such as a gateway's key",
    ),
    row(Setting::Basic, "basic", "", CLIENT_CREDENTIALS, "send id and secret as HTTP Basic"),
    row(
        Setting::BasicUnencoded,
        "basic-unencoded",
        "",
        CLIENT_CREDENTIALS,
        "the same as curl does, for servers that do not decode them",
    ),
    row(
        Setting::GrantType,
        "grant-type",
        "NAME",
        CLIENT_CREDENTIALS,
        "another grant, or the server's name for this one",
    ),
    row(
        Setting::PlainHttp,
        "plain-http",
        "",
        CLIENT_CREDENTIALS,
        "allow http to another host, which shows the secret",
    ),
    row(
        Setting::SignKey,
        "sign-key",
        "FILE",
        CLIENT_CREDENTIALS,
        "sign an assertion with this key, PEM, instead of a secret (sign)",
    ),
    row(
        Setting::SignKid,
        "sign-kid",
        "ID",
        CLIENT_CREDENTIALS,
        "the key's name at the server (sign)",
    ),
    row(
        Setting::SignCert,
        "sign-cert",
        "FILE",
        CLIENT_CREDENTIALS,
        "the key's certificate, PEM, which Entra asks for (sign)",
    ),
    row(
        Setting::SignAlg,
        "sign-alg",
        "NAME",
        CLIENT_CREDENTIALS,
        "RS256, RS384 or PS256 for an RSA key; default RS256 (sign)",
    ),
    row(
        Setting::SignClaim,
        "sign-claim",
        "NAME=TEXT|NAME:=NUMBER",
        CLIENT_CREDENTIALS,
        "another claim of the assertion, or another iss, sub or aud (sign)",
    ),
    row(
        Setting::Header,
        "header",
        "",
        None,
        "print \"Authorization: <value>\", not the token alone",
    ),
    row(
        Setting::Json,
        "json",
        "",
        None,
        "print a JSON object: access_token, token_type, scope, expires_at (POSIX seconds)",
    ),
    row(
        Setting::ExecCredential,
        "exec-credential",
        "",
        None,
        "print kubectl's ExecCredential, version v1",
    ),
    row(
        Setting::Output,
        "output",
        "FILE",
        None,
        "write to FILE, not to standard output; the token without a newline",
    ),
    row(Setting::Mode, "mode", "MODE", None, "FILE's permissions, octal; default 0600"),
    row(Setting::Renew, "renew", "", None, "stay, and write FILE anew when it is due or at SIGHUP"),
    row(Setting::Every, "every", "SECONDS", None, "renew at the latest after this long, 1 or more"),
    row(Setting::Timeout, "timeout", "SECONDS", None, "give up after this long; default 10"),
    row(Setting::CaCert, "cacert", "FILE", None, "trust the CAs in this PEM file alone (tls)"),
    row(
        Setting::Cert,
        "cert",
        "FILE",
        None,
        "a client certificate, for a server that asks for one; PEM (tls)",
    ),
    row(Setting::Key, "key", "FILE", None, "its key, PEM (tls)"),
    row(
        Setting::ServerName,
        "server-name",
        "NAME",
        None,
        "the server's certificate is for NAME, not for the URL's host (tls)",
    ),
    row(Setting::Proxy, "proxy", "URL", None, "through this HTTP proxy, by CONNECT (tls)"),
    row(
        Setting::ProxyUser,
        "proxy-user",
        "NAME",
        None,
        "its user; PROXY_PASSWORD_FILE has the password (tls)",
    ),
    row(Setting::Help, "help", "", None, "print the options of the command, as -h does"),
    row(Setting::Version, "version", "", None, "print the version, and the features of this build"),
];

/// The options of the probe, which goes without a command.
pub const PROBE: &[Row] = &[
    row(
        Setting::Check,
        "check",
        "FILE",
        None,
        "status 0 if FILE was written within --max-age, else 1; for probes",
    ),
    row(Setting::MaxAge, "max-age", "SECONDS", None, "the greatest age of the FILE of --check"),
];

const ALL: &[FlowName] = &[FlowName::Jsa, FlowName::Accelerator, FlowName::ClientCredentials];

/// The environment variables, and the commands that read them.
pub const VARIABLES: [(&str, &[FlowName]); 14] = [
    ("CLIENT_ID", &[FlowName::Jsa, FlowName::ClientCredentials]),
    ("CLIENT_ID_FILE", &[FlowName::Jsa, FlowName::ClientCredentials]),
    ("CLIENT_SECRET", &[FlowName::Jsa, FlowName::ClientCredentials]),
    ("CLIENT_SECRET_FILE", &[FlowName::Jsa, FlowName::ClientCredentials]),
    ("CLIENT_ASSERTION_FILE", &[FlowName::ClientCredentials]),
    ("QOAUTH_URL", &[FlowName::Jsa]),
    ("QOAUTH_HOST", &[FlowName::Jsa]),
    ("SERVICE_PORT_LOCATOR", &[FlowName::Jsa]),
    ("NC_PASSWORD_FILE", &[FlowName::Accelerator]),
    ("USER", &[FlowName::Accelerator]),
    ("PROXY_PASSWORD_FILE", ALL),
    ("SSL_CERT_FILE", ALL),
    ("SSL_CERT_DIR", ALL),
    ("NOTIFY_SOCKET", ALL),
];

/// The exit statuses and their causes.
pub const STATUSES: &[(u8, &str)] = &[
    (1, "FILE of --check absent or too old"),
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
    #[allow(dead_code)] // the manual page and the completions
    pub fn own_options(&self) -> impl Iterator<Item = &'static Row> {
        let flow = self.flow;
        OPTIONS.iter().filter(move |row| row.flow == Some(flow))
    }

    /// The options that go with this command.
    pub fn options(&self) -> impl Iterator<Item = &'static Row> {
        let flow = self.flow;
        OPTIONS.iter().filter(move |row| row.flow.is_none_or(|own| own == flow))
    }
}

impl Row {
    /// `--scope SCOPE`
    pub fn usage(&self) -> String {
        let separator = if self.argument.is_empty() { "" } else { " " };
        ["--", self.name, separator, self.argument].concat()
    }

    fn section(&self) -> Section {
        match self.setting {
            _ if self.flow.is_some() => Section::Request,
            Setting::Header
            | Setting::Json
            | Setting::ExecCredential
            | Setting::Output
            | Setting::Mode
            | Setting::Renew
            | Setting::Every => Section::Output,
            Setting::Help | Setting::Version => Section::General,
            _ => Section::Network,
        }
    }
}

const COLUMNS: usize = 80;
/// Where the description of an option starts.
const DESCRIPTION: usize = 26;

/// The text of `minbearer --help`: one screen of 24 lines and 80 columns, the prompt included.
pub fn help() -> String {
    let mut help =
        String::from("Gets a bearer token, and prints it or keeps a fresh one in a file.\n\n");
    for command in &COMMANDS {
        help += &["  ", &command.usage(), " [OPTION]...\n      ", command.what, "\n"].concat();
    }
    help += "  minbearer COMMAND --help
      the options and variables of a command
  minbearer --check FILE --max-age SECONDS
      for probes: status 0 if FILE was written within SECONDS, else 1
  minbearer --version

Secrets come from variables and files, never from arguments:
  CLIENT_ID=my-client CLIENT_SECRET_FILE=/run/secrets/client \\
      minbearer client-credentials https://auth.example/token

";
    push_statuses(&mut help);
    help
}

/// The text of `minbearer --version`, with the features of this build.
pub fn version() -> String {
    let features = match (cfg!(feature = "tls"), cfg!(feature = "sign")) {
        (true, true) => " (tls, sign)",
        (true, false) => " (tls)",
        (false, true) => " (sign)",
        (false, false) => "",
    };
    ["minbearer ", env!("CARGO_PKG_VERSION"), features, "\n"].concat()
}

/// The text of `minbearer COMMAND --help`, in 80 columns.
pub fn command_help(command: &Command) -> String {
    let mut help = [&command.usage(), " [OPTION]...\n\nA token ", command.what, ".\n"].concat();
    for (section, title) in [
        (Section::Request, "The request"),
        (Section::Output, "Output"),
        (Section::Network, "Network"),
        (Section::General, "General"),
    ] {
        let mut rows = command.options().filter(|row| row.section() == section).peekable();
        if rows.peek().is_some() {
            help += &["\n", title, ":\n"].concat();
        }
        for row in rows {
            push_option(&mut help, row);
        }
    }
    help += "\nVariables:";
    let of_command = VARIABLES.iter().filter(|(_, flows)| flows.contains(&command.flow));
    push_wrapped(&mut help, 3, &mut of_command.map(|(name, _)| String::from(*name)));
    help.push('\n');
    if !cfg!(feature = "tls") {
        help += "Options with (tls) need a program built with --features tls.\n";
    }
    if !cfg!(feature = "sign") && command.flow == FlowName::ClientCredentials {
        help += "Options with (sign) need a program built with --features sign.\n";
    }
    push_statuses(&mut help);
    help
}

/// What an option is for. A mark is of use only where the feature is missing.
fn shown(row: &Row) -> &'static str {
    let what = if cfg!(feature = "tls") { row.what.trim_end_matches(" (tls)") } else { row.what };
    if cfg!(feature = "sign") { what.trim_end_matches(" (sign)") } else { what }
}

fn push_option(help: &mut String, row: &Row) {
    let repeats = if row.repeats { "..." } else { "" };
    let usage = ["  ", &row.usage(), repeats].concat();
    *help += &usage;
    if usage.len() >= DESCRIPTION {
        help.push('\n');
    }
    let column = help.len() - help.rfind('\n').map_or(0, |newline| newline + 1);
    *help += &" ".repeat((DESCRIPTION - 1).saturating_sub(column));
    push_wrapped(help, DESCRIPTION, &mut shown(row).split(' ').map(String::from));
    help.push('\n');
}

fn push_statuses(help: &mut String) {
    *help += "Exit status:";
    let mut statuses = STATUSES.iter().enumerate().map(|(index, (status, what))| {
        let separator = if index + 1 < STATUSES.len() { "," } else { "" };
        format!("{status} {what}{separator}")
    });
    push_wrapped(help, 3, &mut statuses);
    help.push('\n');
}

/// Adds words to the last line, each after a space, and starts a new line before 80 columns are full.
fn push_wrapped(text: &mut String, indentation: usize, words: &mut dyn Iterator<Item = String>) {
    let mut column = text.len() - text.rfind('\n').map_or(0, |newline| newline + 1);
    for word in words {
        if column + 1 + word.len() > COLUMNS {
            text.push('\n');
            *text += &" ".repeat(indentation.saturating_sub(1));
            column = indentation.saturating_sub(1);
        }
        text.push(' ');
        *text += &word;
        column += 1 + word.len();
    }
}
