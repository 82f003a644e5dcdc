//! The address of the console, from the environment or the app's manifest.

use super::parse_origin;
use crate::error::Error;
use crate::os::env;
use crate::secret::file::read_file;
use crate::wire::json::{Members, Value, read_members};
use crate::wire::url::Url;
use alloc::format;
use alloc::string::{String, ToString};
use std::net::Ipv6Addr;
use std::path::Path;

/// Returns scheme, host and port of the console, whose REST API accepts the token.
///
/// They are those of `CONSOLE_URL`; else `https` to `QRADAR_CONSOLE_FQDN`, else to `QRADAR_CONSOLE_IP`, else to
/// `console_ip` in the app's `manifest.json`, in the working directory, in `/opt/app-root` or in `/`.
///
/// # Errors
/// [`Kind::Config`](crate::Kind::Config), naming the variable or file that is missing, empty or wrong.
pub fn console_url_from_env() -> Result<Url, Error> {
    if let Some(url) = env::optional("CONSOLE_URL")? {
        return Ok(Url::parse("CONSOLE_URL", &url)?.at_path("/"));
    }
    let (name, host) =
        match (env::optional("QRADAR_CONSOLE_FQDN")?, env::optional("QRADAR_CONSOLE_IP")?) {
            (Some(host), _) => (String::from("QRADAR_CONSOLE_FQDN"), host),
            (None, Some(host)) => (String::from("QRADAR_CONSOLE_IP"), host),
            (None, None) => console_ip_of_manifest()?,
        };
    let is_ipv6 = host.parse::<Ipv6Addr>().is_ok();
    let host = if is_ipv6 { format!("[{host}]") } else { host };
    parse_origin(&name, &format!("https://{host}"))
}

const MAX_MANIFEST_BYTES: usize = 1024 * 1024;

fn console_ip_of_manifest() -> Result<(String, String), Error> {
    const FOLDERS: [&str; 3] = ["", "/opt/app-root/", "/"];
    let paths = FOLDERS.map(|folder| format!("{folder}manifest.json"));
    let Some(path) = paths.into_iter().find(|path| Path::new(path).exists()) else {
        return Err(Error::config(
            "the console's address is not known: CONSOLE_URL, QRADAR_CONSOLE_FQDN and QRADAR_CONSOLE_IP are not set, and there is no manifest.json",
        ));
    };
    let json = read_file("the manifest", Path::new(&path), MAX_MANIFEST_BYTES)?;
    let mut manifest = Manifest::default();
    read_members(&json, &mut manifest)
        .map_err(|_| Error::config(format!("the manifest {path} is not one JSON object")))?;
    match manifest.console_ip {
        Some(Value::Text(host)) => {
            Ok((format!("console_ip in {path}"), host.decoded().to_string()))
        }
        _ => Err(Error::config(format!(
            "the console's address is not known: CONSOLE_URL, QRADAR_CONSOLE_FQDN and QRADAR_CONSOLE_IP are not set, and {path} has no console_ip"
        ))),
    }
}

/// The members of an app's manifest that are read.
#[derive(Default)]
struct Manifest<'a> {
    console_ip: Option<Value<'a>>,
}

impl<'a> Members<'a> for Manifest<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        (name == "console_ip").then_some(&mut self.console_ip)
    }
}
