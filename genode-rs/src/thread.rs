//! Threads at locations of the affinity space.

use alloc::{boxed::Box, sync::Arc};
use core::fmt;

use crate::{affinity::Location, entrypoint::DEFAULT_STACK, error::Error, sync::Mutex, sys};

pub use sys::at_end::AtEnd;

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

    /// Starts the thread.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a location outside of the affinity space, else what the system says.
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
        )?;
        Ok(JoinHandle { thread: Some(thread), result })
    }
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
