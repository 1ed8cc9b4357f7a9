//! Entrypoints: threads that serve RPC objects and signals, one at a time.
//!
//! Every component has one, [`Env::ep`](crate::Env::ep). Further ones let it serve in parallel.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use crate::{affinity::Location, env::Env, error::Error, sys, thread::refused};

/// Stack of an entrypoint's thread where nothing else is said, in bytes.
pub const DEFAULT_STACK: usize = 64 << 10;

/// The entrypoint a component runs on. Objects and handlers made with it are served there.
///
/// Not `Send`: an entrypoint's objects are used by its own thread only, which is what makes them safe
/// without locks.
///
/// ```compile_fail,E0277
/// # fn f(env: genode::Env) {
/// let ep = env.ep();
/// genode::thread::Builder::new("other").spawn(move || genode::signal::SignalHandler::new(ep, |_| ()).is_ok());
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrypoint(sys::entrypoint::Here);

impl Entrypoint {
    pub(crate) const fn new(here: sys::entrypoint::Here) -> Self {
        Self(here)
    }

    /// Returns the component's environment as seen from this entrypoint, so that sessions, handlers and tasks can be made on
    /// it as on the main one.
    pub const fn env(self) -> Env {
        Env::new(self)
    }

    /// The seam's entrypoint.
    pub(crate) fn sys(self) -> sys::entrypoint::Here {
        self.0
    }

    /// Blocks the running callback until one I/O signal of this entrypoint was handled.
    ///
    /// I/O handlers run meanwhile, RPCs and other signals wait. For code that must not return before an
    /// event; a server that returns and continues in a handler serves its clients better.
    pub fn wait_io_signal(self) {
        self.0.wait_io_signal();
    }

    /// Waits for a future without tasks: polls it after each I/O signal of this entrypoint.
    ///
    /// I/O handlers run meanwhile, RPCs and other signals wait, as in
    /// [`wait_io_signal`](Self::wait_io_signal). The future must be one that I/O signals wake: a
    /// stream's whose [`Place`](crate::packet_stream::Place) says so, or a file's. Wakers are not
    /// listened to.
    pub fn wait<T>(self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
                return result;
            }
            self.wait_io_signal();
        }
    }

    /// Starts an entrypoint with a thread of its own at `location`, and runs `construct` on it, which makes its
    /// objects and handlers and returns what is to be kept.
    ///
    /// # Errors
    /// What the system says about the thread; [`Error::Argument`] for a location outside of
    /// [`Env::affinity_space`](crate::Env::affinity_space).
    pub fn spawn<T: 'static>(
        name: &str,
        stack_size: usize,
        location: Location,
        construct: impl FnOnce(Self) -> T + Send + 'static,
    ) -> Result<(), Error> {
        sys::entrypoint::spawn(name, stack_size, location, |here| {
            // Kept for the component's life, as the entrypoint is: its thread has no end of its own.
            core::mem::forget(construct(Self(here)));
        })
        .map_err(|error| refused(error, location))
    }
}
