//! The C interface: every function of `minbearer.h`, which documents them.
//!
//! A function here names its arguments and the flow or setting that it is for. [`boundary`] checks pointers and
//! catches panics, [`callbacks`] calls the program's functions; [`settings`] and [`handle`] are safe Rust.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_op_in_unsafe_fn)]
// The header states what a caller has to guarantee.
#![allow(clippy::missing_safety_doc)]

extern crate alloc;

mod boundary;
mod callbacks;
#[cfg(feature = "std")]
mod calls;
mod handle;
mod lock;
mod machine;
mod memory;
mod network;
mod secret;
mod settings;
mod status;
#[cfg(test)]
mod tests;
mod types;
#[cfg(all(minbearer_without_unwinder, not(test)))]
mod unwinder;

use boundary::{Message, bytes_at, call, call_for_text, new_handle, place, set, set_text, text};
use callbacks::{Callbacks, Clock, Milliseconds, Random, Transport};
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use core::time::Duration;
use handle::Handle;
use machine::Machine;
use minbearer_rust::client_credentials::ClientAuthentication;
use minbearer_rust::{SecretSource, accelerator, client_credentials, jsa};
use network::Network;
use secret::Supplier;
use settings::{Credential, Placement, Settings, no_secret_yet};
use status::{Failure, Status};
use types::{Action, Bytes, Step, Target};

// SAFETY of every function: the header demands of the caller what the functions of `boundary` require.

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_jsa(
    client_id: *const c_char,
    client_secret: *const c_char,
) -> *mut Handle {
    new_handle("minbearer_jsa", || {
        let client_id = unsafe { text("client_id", client_id) }?;
        let (credential, secret) =
            unsafe { secret("minbearer_jsa", "client_secret", client_secret) }?;
        let config = jsa::Config::new(client_id, no_secret_yet())?;
        Ok(Settings::new(config, credential).with_text(client_id).with_text(secret))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn minbearer_jsa_from_env() -> *mut Handle {
    new_handle("minbearer_jsa_from_env", || {
        #[cfg(feature = "std")]
        return Ok(Settings::new(jsa::Config::from_env()?, Credential::Given));
        #[cfg(not(feature = "std"))]
        return Err(Failure::without_system());
    })
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
        let (credential, secret) =
            unsafe { secret("minbearer_accelerator", "password", password) }?;
        let config = accelerator::Config::new(url, username, no_secret_yet())?;
        Ok(Settings::new(config, credential).with_text(url).with_text(username).with_text(secret))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_client_credentials(
    token_url: *const c_char,
    client_id: *const c_char,
    client_secret: *const c_char,
) -> *mut Handle {
    const FUNCTION: &str = "minbearer_client_credentials";
    new_handle(FUNCTION, || {
        let token_url = unsafe { text("token_url", token_url) }?;
        let client_id = unsafe { text("client_id", client_id) }?;
        let (credential, secret) = unsafe { secret(FUNCTION, "client_secret", client_secret) }?;
        let none = ClientAuthentication::none();
        let config = client_credentials::Config::new(token_url, client_id, none)?;
        Ok(Settings::new(config, credential)
            .with_text(token_url)
            .with_text(client_id)
            .with_text(secret))
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

/// A constructor's secret. If it is null, a setting has to supply it before the first call for a token.
unsafe fn secret<'a>(
    function: &'static str,
    name: &'static str,
    pointer: *const c_char,
) -> Result<(Credential, &'a str), Failure> {
    if pointer.is_null() {
        let missing = alloc::format!("{name} is NULL, and no setting has supplied it");
        return Ok((Credential::Missing(Failure::misuse(missing).in_function(function)), ""));
    }
    let secret = unsafe { text(name, pointer) }?;
    if secret.is_empty() {
        let name = name.replace('_', " ");
        return Err(Failure::config(alloc::format!("the {name} must not be empty")));
    }
    Ok((Credential::Secret(secret.into()), secret))
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
    unsafe {
        set("minbearer_set_locator", handle, |settings| {
            settings.with_locator(text("program", program)?)
        })
    }
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
            let settings = settings.with_text(name).with_text(value);
            settings.change(|config: client_credentials::Config| config.with_parameter(name, value))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_basic(handle: *mut Handle) -> Status {
    let change = |settings: Settings| settings.with_placement(Placement::Basic);
    unsafe { set("minbearer_set_basic", handle, change) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_basic_unencoded(handle: *mut Handle) -> Status {
    let change = |settings: Settings| settings.with_placement(Placement::BasicUnencoded);
    unsafe { set("minbearer_set_basic_unencoded", handle, change) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_plain_http(handle: *mut Handle) -> Status {
    let change = |config: client_credentials::Config| Ok(config.with_plain_http());
    unsafe { set("minbearer_set_plain_http", handle, |settings| settings.change(change)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_grant_type(
    handle: *mut Handle,
    name: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_set_grant_type", handle, |settings| {
            settings.with_grant_type(text("name", name)?)
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_add_request_header(
    handle: *mut Handle,
    name: *const c_char,
    value: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_add_request_header", handle, |settings| {
            let (name, value) = (text("name", name)?, text("value", value)?);
            let settings = settings.with_text(name).with_text(value);
            settings.change(|config: client_credentials::Config| config.with_header(name, value))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_keep_member(handle: *mut Handle, name: *const c_char) -> Status {
    unsafe {
        set("minbearer_keep_member", handle, |settings| {
            settings.with_kept_member(text("name", name)?)
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_secret_file(
    handle: *mut Handle,
    path: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_set_secret_file", handle, |settings| {
            Ok(settings.with_secret(file(text("path", path)?)?))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_assertion_file(
    handle: *mut Handle,
    path: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_set_assertion_file", handle, |settings| {
            settings.with_assertion(file(text("path", path)?)?)
        })
    }
}

/// A secret in a file, read anew for each request.
#[cfg(feature = "std")]
fn file(path: &str) -> Result<SecretSource, Failure> {
    if path.is_empty() {
        return Err(Failure::config("the path of the file is empty"));
    }
    Ok(SecretSource::file(path))
}

#[cfg(not(feature = "std"))]
fn file(_: &str) -> Result<SecretSource, Failure> {
    Err(Failure::without_system())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_secret_function(
    handle: *mut Handle,
    supply: Option<secret::Function>,
    context: *mut c_void,
) -> Status {
    unsafe {
        set("minbearer_set_secret_function", handle, |settings| {
            let supply = supply.ok_or(Failure::misuse("supply is NULL"))?;
            Ok(settings.with_secret(Supplier::new(supply, context).into_source()))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_assertion_function(
    handle: *mut Handle,
    supply: Option<secret::Function>,
    context: *mut c_void,
) -> Status {
    unsafe {
        set("minbearer_set_assertion_function", handle, |settings| {
            let supply = supply.ok_or(Failure::misuse("supply is NULL"))?;
            settings.with_assertion(Supplier::new(supply, context).into_source())
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_transport(
    handle: *mut Handle,
    transport: *const Transport,
) -> Status {
    unsafe {
        set("minbearer_set_transport", handle, |settings| {
            let transport = transport.as_ref().ok_or(Failure::misuse("transport is NULL"))?;
            let callbacks = Callbacks::of(*transport)
                .ok_or(Failure::misuse("a function of the transport is NULL"))?;
            settings.change_network(|network| network.with_callbacks(callbacks))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_clock(
    handle: *mut Handle,
    milliseconds: Option<Milliseconds>,
    random: Option<Random>,
    context: *mut c_void,
) -> Status {
    unsafe {
        set("minbearer_set_clock", handle, |settings| {
            let milliseconds = milliseconds.ok_or(Failure::misuse("milliseconds is NULL"))?;
            let random = random.ok_or(Failure::misuse("random is NULL"))?;
            Ok(settings.with_clock(Clock::new(milliseconds, random, context)))
        })
    }
}

/// Changes the library's own TLS by texts, which are arguments of that name.
macro_rules! change_tls {
    ($function:literal, $settings:ident, |$http:ident, $($name:ident),*| $change:expr) => {{
        $(let $name = text(stringify!($name), $name)?;)*
        #[cfg(feature = "tls")]
        let change = |network: Network| network.change_http($function, |$http| $change);
        #[cfg(not(feature = "tls"))]
        let change = |network: Network| {
            let _ = ($($name,)*);
            network.reject_setting($function)
        };
        $settings.change_network(change)
    }};
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_ca(handle: *mut Handle, pem: *const c_char) -> Status {
    unsafe {
        set("minbearer_set_ca", handle, |settings| {
            change_tls!("minbearer_set_ca", settings, |http, pem| http.with_ca(pem))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_add_ca(handle: *mut Handle, pem: *const c_char) -> Status {
    unsafe {
        set("minbearer_add_ca", handle, |settings| {
            change_tls!("minbearer_add_ca", settings, |http, pem| http.with_added_ca(pem))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_server_name(
    handle: *mut Handle,
    host: *const c_char,
    name: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_set_server_name", handle, |settings| {
            change_tls!("minbearer_set_server_name", settings, |http, host, name| {
                http.with_server_name(host, name)
            })
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_proxy(
    handle: *mut Handle,
    url: *const c_char,
    username: *const c_char,
    password: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_set_proxy", handle, |settings| {
            if username.is_null() && password.is_null() {
                return change_tls!("minbearer_set_proxy", settings, |http, url| http
                    .with_proxy(url));
            }
            change_tls!("minbearer_set_proxy", settings, |http, url, username, password| {
                http.with_proxy(url)?.with_proxy_credentials(username, password)
            })
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_set_client_certificate(
    handle: *mut Handle,
    chain_pem: *const c_char,
    key_pem: *const c_char,
) -> Status {
    unsafe {
        set("minbearer_set_client_certificate", handle, |settings| {
            let settings = change_tls!(
                "minbearer_set_client_certificate",
                settings,
                |http, chain_pem, key_pem| http.with_client_certificate(chain_pem, key_pem)
            )?;
            Ok(settings.without_need_of_a_secret())
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
        call_for_text("minbearer_authorization", handle, value, size, why, |handle, value| {
            handle.token(&mut |token| value.write(token.authorization()))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_access_token(
    handle: *mut Handle,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
) -> Status {
    unsafe {
        call_for_text("minbearer_access_token", handle, value, size, why, |handle, value| {
            handle.token(&mut |token| value.write(token.access_token()))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_member(
    handle: *mut Handle,
    name: *const c_char,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
) -> Status {
    unsafe {
        call_for_text("minbearer_member", handle, value, size, why, |handle, value| {
            // A copy: `value` may be in the same place.
            let name = alloc::string::String::from(text("name", name)?);
            handle.member(&name, &mut |member| value.write(member))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_seconds_left(handle: *mut Handle) -> i64 {
    let left = unsafe { handle.as_ref() }.and_then(Handle::seconds_left);
    left.map_or(-1, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_renew(
    handle: *mut Handle,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
) -> Status {
    unsafe {
        call_for_text("minbearer_renew", handle, value, size, why, |handle, value| {
            value.keep(true);
            let rejected = handle::rejected(value.read()?)?;
            value.keep(false);
            handle.renew(rejected.as_ref(), &mut |token| value.write(token.authorization()))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_wake(handle: *mut Handle) -> Status {
    unsafe { call("minbearer_wake", handle, null_mut(), Handle::wake) }
}

/// Once for all functions: a division by 1000 takes room where a register has 32 bits.
#[inline(never)]
fn time(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_next(
    handle: *mut Handle,
    now_milliseconds: u64,
    random: u32,
    step: *mut Step,
) -> Status {
    if !step.is_null() {
        // Stays there after a failure.
        unsafe { step.write(Step { action: Action::Wait, has_token: 0, until: u64::MAX }) }
    }
    unsafe {
        call("minbearer_next", handle, null_mut(), |handle| {
            let step = place("step", step)?;
            let now = time(now_milliseconds);
            handle.step(&mut |machine| {
                step.write(machine.next(now, random));
                Ok(())
            })
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_request(
    handle: *mut Handle,
    now_milliseconds: u64,
    request: *mut Bytes,
    target: *mut Target,
    why: *mut Message,
) -> Status {
    unsafe {
        call("minbearer_request", handle, why, |handle| {
            let (bytes, place) = (place("request", request)?, place("target", target)?);
            let now = time(now_milliseconds);
            handle.step(&mut |machine| {
                let (request, target) = machine.request(now)?;
                bytes.write(request);
                place.write(target);
                Ok(())
            })
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_push(
    handle: *mut Handle,
    bytes: *const c_void,
    size: usize,
    complete: *mut c_int,
    why: *mut Message,
) -> Status {
    unsafe {
        call("minbearer_push", handle, why, |handle| {
            let (bytes, complete) = (bytes_at(bytes, size)?, place("complete", complete)?);
            complete.write(0);
            handle.step(&mut |machine| {
                let (is_complete, outcome) = machine.push(bytes);
                complete.write(is_complete.into());
                outcome
            })
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_finish(
    handle: *mut Handle,
    now_milliseconds: u64,
    why: *mut Message,
) -> Status {
    let now = time(now_milliseconds);
    unsafe {
        call("minbearer_finish", handle, why, |handle| {
            handle.step(&mut |machine| machine.finish(now))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_failed(handle: *mut Handle, now_milliseconds: u64) -> Status {
    let now = time(now_milliseconds);
    unsafe {
        call("minbearer_failed", handle, null_mut(), |handle| {
            handle.step(&mut |machine| machine.failed(now))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_accepted(handle: *mut Handle) -> Status {
    unsafe {
        call("minbearer_accepted", handle, null_mut(), |handle| handle.step(&mut Machine::accepted))
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn minbearer_rejected(handle: *mut Handle, now_milliseconds: u64) -> Status {
    let now = time(now_milliseconds);
    unsafe {
        call("minbearer_rejected", handle, null_mut(), |handle| {
            handle.step(&mut |machine| machine.rejected(now))
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

#[unsafe(no_mangle)]
pub extern "C" fn minbearer_status_text(status: c_int) -> *const c_char {
    status::text_of(status).as_ptr()
}

#[unsafe(no_mangle)]
pub extern "C" fn minbearer_has_tls() -> c_int {
    cfg!(feature = "tls").into()
}
