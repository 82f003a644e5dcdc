//! The address of the console, from the environment or the app's manifest.

use minbearer::internal::{read_regular, variable};
use minbearer::{Error, Response, Url};
use std::net::Ipv6Addr;
use std::path::Path;
use std::time::{Duration, Instant};

/// Returns scheme, host and port of the console, whose REST API accepts the token.
///
/// They are those of `CONSOLE_URL`; else `https` to `QRADAR_CONSOLE_FQDN`, else to `QRADAR_CONSOLE_IP`, else to
/// `console_ip` in the app's `manifest.json`, in the working directory, in `/opt/app-root` or in `/`.
///
/// # Errors
/// [`Kind::Config`](minbearer::Kind::Config), naming the variable or file that is missing, empty or wrong.
pub fn url_from_env() -> Result<Url, Error> {
    if let Some(url) = variable("CONSOLE_URL")? {
        return Url::parse("CONSOLE_URL", &url)?.with_path("/");
    }
    let (name, host) = match (variable("QRADAR_CONSOLE_FQDN")?, variable("QRADAR_CONSOLE_IP")?) {
        (Some(host), _) => (String::from("QRADAR_CONSOLE_FQDN"), host),
        (None, Some(host)) => (String::from("QRADAR_CONSOLE_IP"), host),
        (None, None) => console_ip_of_manifest()?,
    };
    let is_ipv6 = host.parse::<Ipv6Addr>().is_ok();
    let host = if is_ipv6 { format!("[{host}]") } else { host };
    let url = Url::parse(&name, &format!("https://{host}"))?;
    if url.path_and_query() != "/" {
        return Err(Error::config(format!("{name} has a path or a query; leave that out")));
    }
    Ok(url)
}

const MAX_MANIFEST_BYTES: usize = 1024 * 1024;

fn console_ip_of_manifest() -> Result<(String, String), Error> {
    const PATHS: [&str; 3] = ["manifest.json", "/opt/app-root/manifest.json", "/manifest.json"];
    let Some(path) = PATHS.into_iter().find(|path| Path::new(path).exists()) else {
        return Err(Error::config(
            "the console's address is not known: CONSOLE_URL, QRADAR_CONSOLE_FQDN and QRADAR_CONSOLE_IP are not set, and there is no manifest.json",
        ));
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    let json = read_regular("the manifest", Path::new(path), MAX_MANIFEST_BYTES, deadline)?;
    let console_ip = Response::new(200, json.to_vec())
        .json_member("console_ip")
        .map_err(|_| Error::config(format!("the manifest {path} is not one JSON object")))?;
    match console_ip {
        Some(host) => Ok((format!("console_ip in {path}"), host)),
        None => Err(Error::config(format!(
            "the console's address is not known: CONSOLE_URL, QRADAR_CONSOLE_FQDN and QRADAR_CONSOLE_IP are not set, and {path} has no console_ip"
        ))),
    }
}
