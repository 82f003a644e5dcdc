//! Every order in which threads can come to the session's lock, by [loom](https://docs.rs/loom). `shared.rs` is compiled a
//! second time here, with loom's lock. Loom knows no time: deadlines and pauses are the simulation's, in `life`.

mod sync {
    pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};
}

use crate::session::records;

#[allow(dead_code, clippy::duplicate_mod)]
#[path = "../shared.rs"]
mod shared;

use crate::error::{Error, Kind};
use crate::flow::client_credentials::Config;
use crate::net::transport::Transport;
use crate::wire::request::Request;
use crate::wire::response::Response;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use loom::sync::Arc;
use loom::thread;
use shared::Shared;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Numbers its tokens. The request of that number fails, or panics.
#[derive(Default)]
struct Server {
    requests: AtomicUsize,
    failing: Option<usize>,
    panicking: Option<usize>,
}

impl Transport for std::sync::Arc<Server> {
    fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        assert_ne!(Some(number), self.panicking, "told to panic");
        if Some(number) == self.failing {
            return Err(Error::network("down"));
        }
        Ok(Response::new(200, format!(r#"{{"access_token":"{number}"}}"#)))
    }
}

struct Model {
    shared: Arc<Shared>,
    server: std::sync::Arc<Server>,
}

impl Model {
    fn new(server: Server) -> Model {
        let server = std::sync::Arc::new(server);
        let flow = Config::new("http://localhost/token", "id", "secret").unwrap();
        let transport = std::sync::Arc::clone(&server);
        let mut shared = Shared::new(Box::new(flow), Box::new(transport));
        shared.now = || Duration::from_secs(1000);
        Model { shared: Arc::new(shared), server }
    }

    fn requests(&self) -> usize {
        self.server.requests.load(Ordering::SeqCst)
    }

    /// Runs `act` in so many threads, this one included, and returns what each one got.
    fn in_threads<R: 'static>(
        &self,
        count: usize,
        act: impl Fn(&Shared) -> R + Clone + 'static,
    ) -> alloc::vec::Vec<R> {
        let threads: alloc::vec::Vec<_> = (1..count)
            .map(|_| {
                let (shared, act) = (Arc::clone(&self.shared), act.clone());
                thread::spawn(move || act(&shared))
            })
            .collect();
        let mut outcomes = alloc::vec![act(&self.shared)];
        outcomes.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
        outcomes
    }
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(1000)
}

fn token(shared: &Shared) -> Result<String, Kind> {
    let current = shared.token(deadline).map_err(|error| error.kind())?;
    Ok(current.token.access_token().into())
}

/// All orders of two threads, and of three those in which a thread is interrupted once at most: all of them take a
/// minute.
fn with_two_and_three_threads(run: impl Fn(usize) + Send + Sync + Copy + 'static) {
    loom::model(move || run(2));
    let mut bounded = loom::model::Builder::new();
    bounded.preemption_bound = Some(1);
    bounded.check(move || run(3));
}

#[test]
fn threads_that_come_together_cause_one_request_and_get_its_token() {
    with_two_and_three_threads(|threads| {
        let model = Model::new(Server::default());
        for outcome in model.in_threads(threads, token) {
            assert_eq!(outcome.as_deref(), Ok("1"));
        }
        assert_eq!(model.requests(), 1);
    });
}

#[test]
fn threads_that_come_together_get_one_requests_error() {
    with_two_and_three_threads(|threads| {
        let model = Model::new(Server { failing: Some(1), ..Server::default() });
        for outcome in model.in_threads(threads, token) {
            assert_eq!(outcome, Err(Kind::Network));
        }
        assert_eq!(model.requests(), 1);
    });
}

#[test]
fn threads_whose_token_was_rejected_cause_one_request_and_the_others_use_the_old_one() {
    loom::model(|| {
        let model = Model::new(Server::default());
        model.shared.set(crate::Token::new("mine", None).unwrap());
        let shared = Arc::clone(&model.shared);
        let other = thread::spawn(move || token(&shared));
        let outcomes = model.in_threads(2, |shared| {
            let replaced = shared.rejected(1, deadline()).unwrap().unwrap();
            String::from(replaced.token.access_token())
        });
        assert_eq!(outcomes, ["1", "1"]);
        let other = other.join().unwrap().unwrap();
        assert!(other == "mine" || other == "1", "{other}");
        assert_eq!(model.requests(), 1);
    });
}

#[test]
fn a_wake_is_not_lost_whenever_it_comes() {
    loom::model(|| {
        let model = Model::new(Server::default());
        let shared = Arc::clone(&model.shared);
        let waker = thread::spawn(move || shared.wake());
        let outcome = token(&model.shared);
        waker.join().unwrap();
        assert_eq!(outcome.as_deref(), Ok("1"));
        assert_eq!(model.requests(), 1, "not two within a second");
        // Before the request it is what the request was for; during and after it, another is due.
        let next = model.shared.next_attempt();
        assert!(next.is_none_or(|next| next == Duration::from_secs(1)), "{next:?}");
    });
}

#[test]
fn a_panic_leaves_no_thread_waiting() {
    /// Each look at the clock is a second later, so that no thread waits for time to pass.
    static TIME: AtomicU64 = AtomicU64::new(0);
    loom::model(|| {
        TIME.store(1000, Ordering::SeqCst);
        let mut model = Model::new(Server { panicking: Some(1), ..Server::default() });
        Arc::get_mut(&mut model.shared).unwrap().now =
            || Duration::from_secs(TIME.fetch_add(1, Ordering::SeqCst));
        let outcomes =
            model.in_threads(2, |shared| catch_unwind(AssertUnwindSafe(|| token(shared))).ok());
        let good = outcomes.iter().filter(|outcome| matches!(outcome, Some(Ok(_)))).count();
        assert_eq!(good, 1, "{outcomes:?}");
        assert_eq!(model.requests(), 2);
    });
}
