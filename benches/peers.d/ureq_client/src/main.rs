//! minbearer jsa as someone would write it over ureq and serde_json.

use std::process::Command;
use std::time::Duration;
use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let url = match env::var("QOAUTH_URL") {
        Ok(url) => url,
        Err(_) => {
            let locator = env::var("SERVICE_PORT_LOCATOR")?;
            let port = Command::new(locator).arg("qoauth.service.consul").output()?;
            format!("http://127.0.0.1:{}", String::from_utf8(port.stdout)?.trim())
        }
    };
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .http_status_as_error(false);
    #[cfg(feature = "tls")]
    let config = match env::var("SSL_CERT_FILE") {
        Ok(file) => {
            let ca = ureq::tls::Certificate::from_pem(&std::fs::read(file)?)?;
            let roots = ureq::tls::RootCerts::new_with_certs(&[ca]);
            config.tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build())
        }
        Err(_) => config,
    };
    let mut answer = ureq::Agent::from(config.build())
        .get(format!("{url}/token"))
        .query("grant_type", "client_credentials")
        .query("client_id", env::var("CLIENT_ID")?)
        .query("client_secret", env::var("CLIENT_SECRET")?)
        .call()?;
    let text = answer.body_mut().read_to_string()?;
    if !answer.status().is_success() {
        return Err(format!("{}: {text}", answer.status()).into());
    }
    let json: serde_json::Value = serde_json::from_str(&text)?;
    println!("{}", json["access_token"].as_str().ok_or("no access_token")?);
    Ok(())
}
