//! A network of the program's own: the four functions of `minbearer_transport`.

use alloc::ffi::CString;
use alloc::format;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::NonNull;
use minbearer_rust::internal_memory::digits;
use minbearer_rust::{Error, NetworkCause, Request, Response};
use zeroize::Zeroizing;

/// `minbearer_transport`. A null function is `None`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Transport {
    context: *mut c_void,
    connect:
        Option<unsafe extern "C" fn(*mut c_void, *const c_char, u16, c_int, u32) -> *mut c_void>,
    send: Option<unsafe extern "C" fn(*mut c_void, *const c_void, usize, u32) -> i32>,
    receive: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize, u32) -> i32>,
    close: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// Sends a request and reads its answer.
pub(crate) trait Exchange: Send + Sync {
    /// `left` says how many milliseconds are left; `pause` waits where a function had nothing to do.
    fn exchange(
        &self,
        request: &Request,
        left: &dyn Fn() -> u32,
        pause: &dyn Fn(),
    ) -> Result<Response, Error>;
}

/// A transport with all of its functions.
pub(crate) struct Callbacks {
    context: *mut c_void,
    connect: unsafe extern "C" fn(*mut c_void, *const c_char, u16, c_int, u32) -> *mut c_void,
    send: unsafe extern "C" fn(*mut c_void, *const c_void, usize, u32) -> i32,
    receive: unsafe extern "C" fn(*mut c_void, *mut c_void, usize, u32) -> i32,
    close: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: the header demands functions that any thread may call, with this context.
unsafe impl Send for Callbacks {}
// SAFETY: as above.
unsafe impl Sync for Callbacks {}

/// `MINBEARER_CLOSED`
const CLOSED: i32 = -1;
/// Bytes that are received at once. Where there is no operating system there is little stack.
const PIECE_BYTES: usize = if cfg!(feature = "std") { 4096 } else { 256 };
/// How long a function that had nothing to do is left alone, where it can be: it may return at once.
#[cfg(feature = "std")]
pub(crate) const PAUSE: core::time::Duration = core::time::Duration::from_millis(1);

impl Callbacks {
    /// `None` if a function is missing.
    pub(crate) fn of(transport: Transport) -> Option<Callbacks> {
        Some(Callbacks {
            context: transport.context,
            connect: transport.connect?,
            send: transport.send?,
            receive: transport.receive?,
            close: transport.close?,
        })
    }
}

impl Exchange for Callbacks {
    fn exchange(
        &self,
        request: &Request,
        left: &dyn Fn() -> u32,
        pause: &dyn Fn(),
    ) -> Result<Response, Error> {
        let url = request.url();
        let host = host(url.host())?;
        let (port, tls) = (url.port(), c_int::from(url.is_https()));
        let origin = url.origin();
        let time = check(left(), origin)?;
        // SAFETY: the program gave this function for this context, and `host` outlives the call.
        let connection = unsafe { (self.connect)(self.context, host.as_ptr(), port, tls, time) };
        let connection = NonNull::new(connection);
        let connection = connection.map(|pointer| Connection { pointer, callbacks: self, origin });
        // A function that waits by whole milliseconds gives up within the last one.
        check(left().saturating_sub(connection.is_none().into()), origin)?;
        let connection = connection.ok_or_else(|| {
            Error::network(format!(
                "the program's transport could not connect to {origin}: its function connect returned NULL"
            ))
            .with_network_cause(NetworkCause::Connect)
        })?;
        let is_sent = connection.send(&request.to_bytes(), left, pause)?;
        // A server that refuses a request before all of it was sent may close the connection after its answer.
        connection.receive(request, left, pause).map_err(|error| match is_sent {
            true => error,
            false => connection.failed("the connection was closed while the request was sent"),
        })
    }
}

/// A connection, which is closed when this is dropped.
struct Connection<'a> {
    pointer: NonNull<c_void>,
    callbacks: &'a Callbacks,
    origin: &'a str,
}

impl Connection<'_> {
    /// Whether all was sent before the server closed the connection. After any other failure nothing may be received:
    /// TLS forbids it.
    fn send(&self, bytes: &[u8], left: &dyn Fn() -> u32, pause: &dyn Fn()) -> Result<bool, Error> {
        let mut unsent = bytes;
        while !unsent.is_empty() {
            let (start, size) = (unsent.as_ptr().cast(), unsent.len().min(i32::MAX as usize));
            let time = check(left(), self.origin)?;
            // SAFETY: the connection is open, and `size` bytes are there.
            let sent = unsafe { (self.callbacks.send)(self.pointer.as_ptr(), start, size, time) };
            check(left(), self.origin)?;
            match self.count("send", sent, size)? {
                Some(0) => pause(),
                Some(sent) => unsent = unsent.get(sent..).unwrap_or_default(),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    fn receive(
        &self,
        request: &Request,
        left: &dyn Fn() -> u32,
        pause: &dyn Fn(),
    ) -> Result<Response, Error> {
        let mut answer = request.incoming();
        let mut piece = Zeroizing::new([0_u8; PIECE_BYTES]);
        loop {
            let time = check(left(), self.origin)?;
            let start = piece.as_mut_ptr().cast();
            // SAFETY: the connection is open, and there is room for as many bytes.
            let received = unsafe {
                (self.callbacks.receive)(self.pointer.as_ptr(), start, PIECE_BYTES, time)
            };
            check(left(), self.origin)?;
            match self.count("receive", received, PIECE_BYTES)? {
                Some(0) => pause(),
                Some(size) => {
                    let pushed = answer.push(piece.get(..size).unwrap_or_default());
                    if pushed.map_err(|error| described(error, self.origin))? {
                        break;
                    }
                }
                None => break,
            }
        }
        answer.finish().map_err(|error| described(error, self.origin))
    }

    /// How many bytes a function says it has moved; `None` if the connection was closed.
    fn count(&self, function: &str, returned: i32, size: usize) -> Result<Option<usize>, Error> {
        match usize::try_from(returned) {
            Ok(count) if count <= size => Ok(Some(count)),
            Ok(count) => Err(self.failed(&format!(
                "the transport's function {function} returned {} for {} bytes",
                digits(count),
                digits(size)
            ))),
            Err(_) if returned == CLOSED => Ok(None),
            Err(_) => {
                let number = digits(returned.unsigned_abs() as usize);
                Err(self.failed(&format!("the transport's function {function} returned -{number}")))
            }
        }
    }

    fn failed(&self, what: &str) -> Error {
        Error::network(format!("the token request to {} failed: {what}", self.origin))
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        // SAFETY: the program's own function, once for each connection.
        unsafe { (self.callbacks.close)(self.pointer.as_ptr()) }
    }
}

/// The time that is left, or an error if there is none.
fn check(left: u32, origin: &str) -> Result<u32, Error> {
    match left {
        0 => Err(Error::timeout(format!(
            "the token request to {origin} took longer than the timeout"
        ))),
        left => Ok(left),
    }
}

/// A URL's host as resolvers and TLS libraries take it: without the brackets of an IPv6 address, and with a NUL.
pub(crate) fn host(host: &str) -> Result<CString, Error> {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    CString::new(inner.unwrap_or(host)).map_err(|_| Error::config("the host has a NUL"))
}

/// Says which server an answer that cannot be read is of.
pub(crate) fn described(error: Error, origin: &str) -> Error {
    if minbearer_rust::internal_memory::is_out_of_memory(&error) {
        return error;
    }
    let message = format!("the token request to {origin} failed: {error}");
    match error.network_cause() {
        Some(cause) => Error::network(message).with_network_cause(cause),
        None => Error::malformed(message),
    }
}

/// `minbearer_clock_function` and `minbearer_random_function`
pub type Milliseconds = unsafe extern "C" fn(*mut c_void) -> u64;
pub type Random = unsafe extern "C" fn(*mut c_void) -> u32;

/// A clock of the program's own. An operating system has one.
#[cfg_attr(feature = "std", allow(dead_code))]
pub(crate) struct Clock {
    milliseconds: Milliseconds,
    random: Random,
    context: *mut c_void,
}

// SAFETY: the header demands functions that any thread may call, with this context.
unsafe impl Send for Clock {}
// SAFETY: as above.
unsafe impl Sync for Clock {}

impl Clock {
    /// # Safety
    /// The functions may be called with the context from any thread, for as long as this lives.
    pub(crate) unsafe fn new(
        milliseconds: Milliseconds,
        random: Random,
        context: *mut c_void,
    ) -> Clock {
        Clock { milliseconds, random, context }
    }

    /// The time, and a random number.
    #[cfg(not(feature = "std"))]
    pub(crate) fn read(&self) -> (core::time::Duration, u32) {
        // SAFETY: as in `new`.
        let (time, random) =
            unsafe { ((self.milliseconds)(self.context), (self.random)(self.context)) };
        (core::time::Duration::from_millis(time), random)
    }
}
