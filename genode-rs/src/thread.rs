//! Threads at locations of the affinity space.
//!
//! [`scope`] lets threads borrow from the function that starts them. An [`Entrypoint`](crate::entrypoint::Entrypoint) of its
//! own lets a thread serve: there the SDK's handles are made on the thread that uses them, by
//! [`Entrypoint::env`](crate::entrypoint::Entrypoint::env).
//!
//! | handle | may go to another thread |
//! |---|---|
//! | [`Capability`](crate::Capability), [`Connection`](crate::connection::Connection) and the clients that `#[genode::rpc]` makes | yes, and be shared |
//! | [`RomConnection`](crate::session::rom::RomConnection), [`Reporter`](crate::session::report::Reporter), [`Attached`](crate::dataspace::Attached), RAM | yes, and be shared |
//! | [`Transmitter`](crate::signal::Transmitter), [`Waker`](core::task::Waker)s of tasks | yes, and be shared |
//! | [`Builder`](crate::connection::Builder) of a session, [`Opening`](crate::connection::Opening) | yes |
//! | [`TimerConnection`](crate::session::timer::TimerConnection), [`Timers`](crate::time::Timers) | no: a timer's signal arrives at an entrypoint; open one there |
//! | [`Env`](crate::Env), [`Entrypoint`](crate::entrypoint::Entrypoint), signal handlers, [`Tasks`](crate::task::Tasks), RPC objects | no: they are an entrypoint's |
//!
//! Priority is the CPU session's, in Genode as here: all threads of a component have the one that its parent gave it, by
//! the attribute `priority` of its start node. Who needs threads of two priorities makes two components.

use alloc::{boxed::Box, sync::Arc};
use core::fmt;

use crate::{affinity::Location, entrypoint::DEFAULT_STACK, error::Error, sync::Mutex, sys};

pub use sys::{
    at_end::AtEnd,
    scope::{Scope, ScopedJoinHandle, scope},
};

/// How a thread is to be started.
#[derive(Clone, Copy, Debug)]
#[must_use = "no thread starts before `spawn`"]
pub struct Builder<'a> {
    name: &'a str,
    stack_size: usize,
    location: Location,
}

impl<'a> Builder<'a> {
    /// A thread called `name`, with a stack of 64 KiB, at the first CPU of the component.
    pub const fn new(name: &'a str) -> Self {
        Self { name, stack_size: DEFAULT_STACK, location: Location::cpu(0, 0) }
    }

    /// Bytes of stack; Genode's limit is a little less than 1 MiB.
    pub const fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// Where to run, within [`Env::affinity_space`](crate::Env::affinity_space).
    pub const fn location(mut self, location: Location) -> Self {
        self.location = location;
        self
    }

    /// Name, stack size and location.
    pub(crate) const fn parts(&self) -> (&'a str, usize, Location) {
        (self.name, self.stack_size, self.location)
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// [`Error::Argument`] for a location outside of the affinity space, else what the system says.
    pub fn spawn<T: Send + 'static>(
        self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, Error> {
        let result = Arc::new(Mutex::new(None));
        let slot = result.clone();
        let thread = sys::thread::Thread::spawn(
            self.name,
            self.stack_size,
            self.location,
            Box::new(move || {
                let value = body();
                *slot.lock() = Some(value);
            }),
            sys::at_end::run,
        )
        .map_err(|error| refused(error, self.location))?;
        Ok(JoinHandle { thread: Some(thread), result })
    }
}

/// Tells why the system refused to start a thread at a location, if that lies outside of the affinity space.
pub(crate) fn refused(error: Error, at: Location) -> Error {
    let space = sys::thread::affinity_space();
    if error == Error::Invalid && !at.within(space) { Error::location(at, space) } else { error }
}

/// A running thread. Dropping it waits for the thread's end: Genode cannot stop a thread safely.
#[must_use = "dropping it waits for the thread: `join` it to get its result"]
pub struct JoinHandle<T> {
    thread: Option<sys::thread::Thread>,
    result: Arc<Mutex<Option<T>>>,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's result.
    ///
    /// # Errors
    /// [`Error::Gone`] when the thread ended without one.
    pub fn join(mut self) -> Result<T, Error> {
        self.wait();
        self.result.lock().take().ok_or(Error::Gone)
    }

    /// Moves the thread.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the kernel cannot migrate threads.
    pub fn migrate(&self, location: Location) -> Result<(), Error> {
        self.thread.as_ref().ok_or(Error::Gone)?.migrate(location)
    }

    /// Whether the thread has its result, so that joining it does not wait.
    pub fn is_finished(&self) -> bool {
        self.result.try_lock().is_some_and(|result| result.is_some())
    }

    fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join();
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.wait();
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("thread", &self.thread).finish_non_exhaustive()
    }
}

/// Number of the calling thread, unique among the live ones of the component.
pub fn current_id() -> u64 {
    sys::thread::id()
}

/// Ticks of the calling CPU's time-stamp counter, for measuring short durations.
pub fn timestamp() -> u64 {
    sys::thread::timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Capability,
        connection::{Builder as Session, Connection, Opening},
        dataspace::{Attached, PrivateRam, RamDataspace, SharedRam},
        session::{
            report::Reporter,
            rom::{RomConnection, RomSession},
        },
        signal::{SignalContext, Transmitter},
    };

    /// The table above: what is `Send` stays so.
    #[test]
    fn handles_go_to_other_threads() {
        const fn shared<T: Send + Sync>() {}
        const fn sent<T: Send>() {}
        shared::<Capability<SignalContext>>();
        shared::<Connection<dyn RomSession>>();
        shared::<RomConnection>();
        shared::<Reporter>();
        shared::<(Attached, RamDataspace, PrivateRam, SharedRam)>();
        shared::<Transmitter>();
        sent::<Session<dyn RomSession>>();
        sent::<Opening<dyn RomSession>>();
        sent::<JoinHandle<u32>>();
    }
}
