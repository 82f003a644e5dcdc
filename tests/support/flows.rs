//! The flows, for the tests of what holds for each of them.

use minbearer::client_credentials::{self, ClientAuthentication};
use minbearer::{Error, Flow, accelerator, jsa};

/// Each flow with a server at `url`, and with these texts as id or user name and as secret or password.
pub fn flows(url: &str, id: &str, secret: &str) -> [Result<Box<dyn Flow>, Error>; 3] {
    let jsa = jsa::Config::new(id, secret).and_then(|config| config.with_qoauth_url(url));
    let accelerator = accelerator::Config::new(url, id, secret);
    let basic = ClientAuthentication::basic(secret);
    let oauth = client_credentials::Config::new(&format!("{url}/token"), id, basic);
    [
        jsa.map(|flow| Box::new(flow) as _),
        accelerator.map(|flow| Box::new(flow) as _),
        oauth.map(|flow| Box::new(flow.with_scope("a b")) as _),
    ]
}
