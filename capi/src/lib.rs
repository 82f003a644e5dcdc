//! The C interface: every function of `minbearer.h`, which documents them.
//!
//! A function here names its arguments and the flow or setting that it is for. [`boundary`] checks pointers and
//! catches panics; [`settings`] and [`handle`] are safe Rust.

#![deny(unsafe_op_in_unsafe_fn)]
// The header states what a caller has to guarantee.
#![allow(clippy::missing_safety_doc)]

mod boundary;
mod calls;
mod handle;
mod settings;
mod status;
#[cfg(test)]
mod tests;

use boundary::{Message, call_for_token, new_handle, set, set_text, text};
use flows::{accelerator, client_credentials, jsa};
use handle::Handle;
use settings::Settings;
use status::{Failure, Status};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// A C program cannot choose Rust's allocator, so the one that wipes what it frees is built in.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

// SAFETY of every function: the header demands of the caller what the functions of `boundary` require.

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_jsa(
    client_id: *const c_char,
    client_secret: *const c_char,
) -> *mut Handle {
    new_handle("minbearer_jsa", || {
        let client_id = unsafe { text("client_id", client_id) }?;
        let client_secret = unsafe { text("client_secret", client_secret) }?;
        Ok(Settings::new(jsa::Config::new(client_id, client_secret)?))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn minbearer_jsa_from_env() -> *mut Handle {
    new_handle("minbearer_jsa_from_env", || Ok(Settings::new(jsa::Config::from_env()?)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_accelerator(
    url: *const c_char,
    username: *const c_char,
    password: *const c_char,
) -> *mut Handle {
    new_handle("minbearer_accelerator", || {
        let url = unsafe { text("url", url) }?;
        let username = unsafe { text("username", username) }?;
        let password = unsafe { text("password", password) }?;
        Ok(Settings::new(accelerator::Config::new(url, username, password)?))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_client_credentials(
    token_url: *const c_char,
    client_id: *const c_char,
    client_secret: *const c_char,
) -> *mut Handle {
    new_handle("minbearer_client_credentials", || {
        let token_url = unsafe { text("token_url", token_url) }?;
        let client_id = unsafe { text("client_id", client_id) }?;
        let client_secret = unsafe { text("client_secret", client_secret) }?;
        let config = client_credentials::Config::new(token_url, client_id, client_secret)?;
        Ok(Settings::new(config))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_client_credentials_from_env(
    token_url: *const c_char,
) -> *mut Handle {
    new_handle("minbearer_client_credentials_from_env", || {
        let token_url = unsafe { text("token_url", token_url) }?;
        Settings::client_credentials_from_env(token_url)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_timeout(handle: *mut Handle, milliseconds: u32) -> Status {
    let change = |settings: Settings| {
        if milliseconds == 0 {
            return Err(Failure::config("a timeout of 0 ms leaves no time for a request"));
        }
        Ok(settings.with_timeout(Duration::from_millis(milliseconds.into())))
    };
    unsafe { set("minbearer_set_timeout", handle, change) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_qoauth_url(
    handle: *mut Handle,
    url: *const c_char,
) -> Status {
    let change = |config: jsa::Config, url: &str| config.with_qoauth_url(url);
    unsafe { set_text("minbearer_set_qoauth_url", handle, "url", url, change) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_qoauth_host(
    handle: *mut Handle,
    host: *const c_char,
) -> Status {
    let change = |config: jsa::Config, host: &str| config.with_qoauth_host(host);
    unsafe { set_text("minbearer_set_qoauth_host", handle, "host", host, change) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_locator(
    handle: *mut Handle,
    program: *const c_char,
) -> Status {
    let change = |config: jsa::Config, program: &str| Ok(config.with_locator(program));
    unsafe { set_text("minbearer_set_locator", handle, "program", program, change) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_rfc6750_header(handle: *mut Handle) -> Status {
    let change = |config: accelerator::Config| Ok(config.with_rfc6750_header());
    unsafe { set("minbearer_set_rfc6750_header", handle, |settings| settings.change(change)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_add_scope(handle: *mut Handle, scope: *const c_char) -> Status {
    let change = |config: client_credentials::Config, scope: &str| Ok(config.with_scope(scope));
    unsafe { set_text("minbearer_add_scope", handle, "scope", scope, change) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_add_parameter(
    handle: *mut Handle,
    name: *const c_char,
    value: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_add_parameter", handle, |settings| {
            let (name, value) = (text("name", name)?, text("value", value)?);
            settings.change(|config: client_credentials::Config| config.with_parameter(name, value))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_basic(handle: *mut Handle) -> Status {
    let change = |config: client_credentials::Config| config.with_basic();
    unsafe { set("minbearer_set_basic", handle, |settings| settings.change(change)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_plain_http(handle: *mut Handle) -> Status {
    let change = |config: client_credentials::Config| Ok(config.with_plain_http());
    unsafe { set("minbearer_set_plain_http", handle, |settings| settings.change(change)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_ca(handle: *mut Handle, pem: *const c_char) -> Status {
    unsafe { set("minbearer_set_ca", handle, |settings| settings.with_ca(text("pem", pem)?)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_client_certificate(
    handle: *mut Handle,
    chain_pem: *const c_char,
    key_pem: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_set_client_certificate", handle, |settings| {
            let (chain_pem, key_pem) = (text("chain_pem", chain_pem)?, text("key_pem", key_pem)?);
            settings.with_client_certificate(chain_pem, key_pem)
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_authorization(
    handle: *mut Handle,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
) -> Status {
    unsafe {
        call_for_token("minbearer_authorization", handle, value, size, why, |handle, _| {
            handle.token()
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_renew(
    handle: *mut Handle,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
) -> Status {
    unsafe {
        call_for_token("minbearer_renew", handle, value, size, why, |handle, value| {
            handle.renew(value.read()?)
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_free(handle: *mut Handle) {
    unsafe { boundary::free(handle) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_wipe(memory: *mut c_void, size: usize) {
    unsafe { boundary::wipe(memory.cast(), size) }
}

#[unsafe(no_mangle)]
pub extern "C" fn minbearer_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
