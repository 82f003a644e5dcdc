//! A handle: settings until the first call for a token, then a session, or a machine without a network of its own.

#[cfg(feature = "std")]
use crate::calls::{Call, Calls};
use crate::lock::{Guard, Lock};
use crate::machine::Machine;
use crate::settings::Settings;
use crate::status::{Failure, Status};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::mem::replace;
use minbearer_rust::Token;
#[cfg(feature = "std")]
use {
    alloc::vec::Vec,
    minbearer_rust::Session,
    std::sync::OnceLock,
    std::sync::atomic::{AtomicBool, Ordering},
};

/// `minbearer`.
pub struct Handle {
    #[cfg(feature = "std")]
    calls: Calls,
    state: Lock<State>,
    /// Whether there is a machine: one call at a time then, and none waits for another, which may be its own caller.
    #[cfg(feature = "std")]
    has_machine: AtomicBool,
    /// From the first call for a token, outside the lock: any number of threads may use it at once.
    #[cfg(feature = "std")]
    running: OnceLock<Running>,
}

// There is one of them, in the handle's own box.
#[allow(clippy::large_enum_variant)]
enum State {
    Settings(Settings),
    /// The first wrong argument or setting. Every call for a token returns it.
    Mistaken(Failure),
    Machine(Box<Machine>),
    /// While the settings change, or since there is a session.
    Taken,
}

#[cfg(feature = "std")]
struct Running {
    session: Session,
    kept_members: Vec<String>,
}

/// What a call does with the token.
type Take<'a> = &'a mut dyn FnMut(&Token) -> Result<(), Failure>;

impl Handle {
    pub(crate) fn new(settings: Result<Settings, Failure>) -> Handle {
        Handle {
            #[cfg(feature = "std")]
            calls: Calls::new(),
            state: Lock::new(settings.map_or_else(State::Mistaken, State::Settings)),
            #[cfg(feature = "std")]
            has_machine: AtomicBool::new(false),
            #[cfg(feature = "std")]
            running: OnceLock::new(),
        }
    }

    /// Changes the settings. A change that fails is the handle's mistake, of that function. After the first call for a
    /// token nothing is changed.
    pub(crate) fn set(
        &self,
        function: &'static str,
        change: &mut dyn FnMut(Settings) -> Result<Settings, Failure>,
    ) -> Status {
        let Ok(_call) = self.begin_call() else { return Status::Misuse };
        let Ok(mut state) = self.state() else { return Status::Misuse };
        let (next, status) = match replace(&mut *state, State::Taken) {
            State::Settings(settings) => match change(settings) {
                Ok(changed) => (State::Settings(changed), Status::Ok),
                Err(mistake) => {
                    let status = mistake.status;
                    (State::Mistaken(mistake.in_setting(function)), status)
                }
            },
            State::Mistaken(mistake) => {
                let status = mistake.status;
                (State::Mistaken(mistake), status)
            }
            other => (other, Status::Misuse),
        };
        *state = next;
        status
    }

    /// Makes a call without a network. The first one makes the machine from the settings.
    pub(crate) fn step(
        &self,
        call: &mut dyn FnMut(&mut Machine) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let _call = self.begin_call()?;
        let mut state = self.state.try_hold().ok_or(in_use())?;
        let has_transport = match &*state {
            State::Settings(settings) => settings.has_transport(),
            #[cfg(not(feature = "std"))]
            State::Machine(machine) => machine.has_transport(),
            _ => false,
        };
        if has_transport {
            return Err(Failure::misuse(
                "the handle has a transport, so it makes its requests itself",
            ));
        }
        call(self.machine(&mut state)?)
    }

    fn state(&self) -> Result<Guard<'_, State>, Failure> {
        #[cfg(feature = "std")]
        if self.has_machine.load(Ordering::Relaxed) {
            return self.state.try_hold().ok_or(in_use());
        }
        self.state.hold().ok_or(in_use())
    }

    /// The machine, which is made from the settings if there is none.
    fn machine<'a>(&self, state: &'a mut State) -> Result<&'a mut Machine, Failure> {
        *state = match replace(state, State::Taken) {
            State::Settings(settings) => match settings.finish() {
                Ok(finished) => {
                    #[cfg(feature = "std")]
                    self.has_machine.store(true, Ordering::Relaxed);
                    State::Machine(Box::new(Machine::new(finished)))
                }
                Err(mistake) => State::Mistaken(mistake),
            },
            other => other,
        };
        match state {
            State::Machine(machine) => Ok(machine),
            State::Mistaken(mistake) => Err(mistake.clone()),
            _ => Err(Failure::misuse(
                "the handle makes its requests itself: after minbearer_authorization it takes no call of those without a network",
            )),
        }
    }
}

fn in_use() -> Failure {
    Failure::misuse(
        "another call with the handle is under way, in another thread or in one of its callbacks",
    )
}

/// With an operating system a session makes the requests.
#[cfg(feature = "std")]
impl Handle {
    /// A handle for any flow, past its settings.
    #[cfg(test)]
    pub(crate) fn for_flow(flow: impl minbearer_rust::Flow + 'static) -> Handle {
        let running = Running { session: Session::new(flow), kept_members: Vec::new() };
        Handle {
            calls: Calls::new(),
            state: Lock::new(State::Taken),
            has_machine: AtomicBool::new(false),
            running: OnceLock::from(running),
        }
    }

    /// Whether no call can use the handle: see [`calls`](crate::calls).
    pub(crate) fn is_unusable(&self) -> bool {
        self.calls.are_of_the_parent()
    }

    fn begin_call(&self) -> Result<Call<'_>, Failure> {
        self.calls.begin().ok_or(Failure::misuse(
            "this process was forked while another thread was in a call with the handle, so it cannot use the handle",
        ))
    }

    /// Gives the current token to `take`.
    pub(crate) fn token(&self, take: Take<'_>) -> Result<(), Failure> {
        let _call = self.begin_call()?;
        match self.running()? {
            Some(running) => take(&*running.session.token()?),
            None => self.with_machine(|machine| take(machine.token()?)),
        }
    }

    /// Gives a member of the answer that brought the current token to `take`.
    pub(crate) fn member(
        &self,
        name: &str,
        take: &mut dyn FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let _call = self.begin_call()?;
        match self.running()? {
            Some(running) => {
                let token = running.session.token()?;
                take(member_of(&token, name, &running.kept_members)?)
            }
            None => self.with_machine(|machine| {
                take(member_of(machine.token()?, name, &machine.kept_members)?)
            }),
        }
    }

    /// Gives a token in place of the rejected one, if there is a rejected one, to `take`.
    pub(crate) fn renew(&self, rejected: Option<&Token>, take: Take<'_>) -> Result<(), Failure> {
        let _call = self.begin_call()?;
        let Some(running) = self.running()? else { return Err(no_renewal()) };
        take(&*match rejected {
            Some(rejected) => running.session.renew(rejected)?,
            None => running.session.token()?,
        })
    }

    /// What is left of the current token, if that is known. Makes no request.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        let _call = self.begin_call().ok()?;
        if let Some(running) = self.running.get() {
            return Some(running.session.valid_for()?.as_secs());
        }
        match &*self.state.try_hold()? {
            State::Machine(machine) => machine.seconds_left(),
            _ => None,
        }
    }

    pub(crate) fn wake(&self) -> Result<(), Failure> {
        let _call = self.begin_call()?;
        match self.running()? {
            Some(running) => running.session.wake(),
            None => self.with_machine(|machine| {
                machine.wake();
                Ok(())
            })?,
        }
        Ok(())
    }

    fn with_machine<T>(
        &self,
        call: impl FnOnce(&mut Machine) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut state = self.state.try_hold().ok_or(in_use())?;
        call(self.machine(&mut state)?)
    }

    /// The session, which the first call makes from the settings, unless there is a machine.
    fn running(&self) -> Result<Option<&Running>, Failure> {
        if let Some(running) = self.running.get() {
            return Ok(Some(running));
        }
        let mut state = self.state()?;
        let settings = match replace(&mut *state, State::Taken) {
            State::Settings(settings) => settings.finish(),
            // Another thread was faster.
            State::Taken => return Ok(self.running.get()),
            State::Machine(machine) => {
                *state = State::Machine(machine);
                return Ok(None);
            }
            State::Mistaken(mistake) => Err(mistake),
        };
        match settings {
            Ok(finished) => {
                let session = Session::with_transport(finished.flow, finished.network);
                let kept_members = finished.kept_members;
                Ok(Some(self.running.get_or_init(|| Running { session, kept_members })))
            }
            Err(mistake) => {
                *state = State::Mistaken(mistake.clone());
                Err(mistake)
            }
        }
    }
}

/// A call of the only thread.
#[cfg(not(feature = "std"))]
struct Begun;

/// Without one the machine makes them, over a transport.
#[cfg(not(feature = "std"))]
impl Handle {
    fn begin_call(&self) -> Result<Begun, Failure> {
        Ok(Begun)
    }

    /// Gives the current token to `take`.
    pub(crate) fn token(&self, take: Take<'_>) -> Result<(), Failure> {
        take(self.machine(&mut *self.state()?)?.current()?)
    }

    /// Gives a member of the answer that brought the current token to `take`.
    pub(crate) fn member(
        &self,
        name: &str,
        take: &mut dyn FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut state = self.state()?;
        let machine = self.machine(&mut state)?;
        machine.current()?;
        take(member_of(machine.token()?, name, &machine.kept_members)?)
    }

    /// Gives a token in place of the rejected one, if there is a rejected one, to `take`.
    pub(crate) fn renew(&self, rejected: Option<&Token>, take: Take<'_>) -> Result<(), Failure> {
        let mut state = self.state()?;
        let machine = self.machine(&mut state)?;
        if !machine.has_transport() {
            return Err(no_renewal());
        }
        take(machine.renewed(rejected)?)
    }

    /// What is left of the current token, if that is known. Makes no request.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        match &*self.state.hold()? {
            State::Machine(machine) => machine.seconds_left(),
            _ => None,
        }
    }

    pub(crate) fn wake(&self) -> Result<(), Failure> {
        self.machine(&mut *self.state()?)?.wake();
        Ok(())
    }
}

fn no_renewal() -> Failure {
    Failure::misuse(
        "the handle makes no requests itself: call minbearer_rejected, and then minbearer_next",
    )
}

/// The token in a header value that an API rejected, unless the value is empty.
pub(crate) fn rejected(value: &str) -> Result<Option<Token>, Failure> {
    if value.is_empty() {
        return Ok(None);
    }
    let rest = value.strip_prefix("Bearer");
    let token = rest.and_then(|rest| rest.strip_prefix([' ', ':'])).ok_or_else(|| {
        let name = value.get(.."authorization".len()).unwrap_or_default();
        Failure::misuse(if name.eq_ignore_ascii_case("authorization") {
            "value begins with the field's name: it must hold what minbearer_authorization wrote, without \"Authorization: \" before it"
        } else {
            "value does not begin with \"Bearer \": it must hold the header value that was rejected, as minbearer_authorization wrote it and not the access token alone, or be empty"
        })
    })?;
    let token = Token::new(token, None);
    token.map(Some).map_err(|_| Failure::misuse("value holds no token after \"Bearer\""))
}

/// A kept member of a token's answer.
fn member_of<'a>(token: &'a Token, name: &str, kept: &[String]) -> Result<&'a str, Failure> {
    if let Some(member) = token.member(name) {
        return Ok(member);
    }
    if !kept.iter().any(|kept| kept == name) {
        return Err(Failure::misuse("minbearer_keep_member was not called for this name"));
    }
    Err(Failure::malformed(format!(
        "the answer with the token had no member {name} that is a string"
    )))
}
