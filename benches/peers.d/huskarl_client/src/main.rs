//! minbearer jsa as someone would write it over huskarl and reqwest. It posts its credentials, where the others send JSA's
//! query.

use huskarl::core::client_auth::ClientSecret;
use huskarl::core::secrets::{EnvVarSecret, encodings::StringEncoding};
use huskarl::grant::client_credentials::{
    ClientCredentialsGrant, ClientCredentialsGrantParameters,
};
use huskarl::prelude::*;
use std::process::Command;
use std::{env, error::Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = match env::var("QOAUTH_URL") {
        Ok(url) => url,
        Err(_) => {
            let locator = env::var("SERVICE_PORT_LOCATOR")?;
            let port = Command::new(locator).arg("qoauth.service.consul").output()?;
            format!("http://127.0.0.1:{}", String::from_utf8(port.stdout)?.trim())
        }
    };
    let http = huskarl_reqwest::ReqwestClient::builder().build().await?;
    let secret = EnvVarSecret::new("CLIENT_SECRET", &StringEncoding)?;
    let grant: ClientCredentialsGrant = ClientCredentialsGrant::builder()
        .token_endpoint(format!("{url}/token").parse()?)
        .client_id(env::var("CLIENT_ID")?)
        .http_client(http)
        .client_auth(ClientSecret::new(secret))
        .build();
    let answer = grant.exchange(ClientCredentialsGrantParameters::builder().build()).await?;
    println!("{}", answer.access_token().token().expose_secret());
    Ok(())
}
