//! Asynchronous tasks on an entrypoint.
//!
//! A [`Tasks`] runs futures between the RPCs of an entrypoint, so that a component can wait for several
//! things without threads and without a hand-written state machine:
//!
//! ```no_run
//! # fn f(env: genode::Env) -> Result<(), genode::Error> {
//! use genode::task::{Events, Tasks};
//!
//! let tasks = Tasks::new(env.ep())?;
//! let events = Events::new(env.ep())?; // hand out events.cap() as signal context
//! tasks.spawn(async move {
//!     loop {
//!         let count = events.next().await;
//!         genode::log!("{count} signals");
//!     }
//! });
//! # Ok(()) }
//! ```
//!
//! [`select`](mod@select) waits for the first of several futures, [`join`](mod@join) for all, and
//! [`time`](crate::time) for time; the table there tells what a future loses that is dropped. Channels of the crate
//! `embassy-sync` have one waker at each end: let one task wait there.
//!
//! A task starts when the entrypoint is free. RPC functions stay synchronous, since an entrypoint replies when the
//! function returns; they can spawn tasks and wake them.

mod executor;
#[cfg(test)]
mod tests;
pub(crate) mod waiters;
mod waker;

use alloc::rc::Rc;
use core::{cell::RefCell, fmt, future::Future};

pub use embassy_futures::{join, select, yield_now};
use executor::Executor;
use waiters::Waiters;

use crate::{
    cap::Capability,
    entrypoint::Entrypoint,
    error::Error,
    signal::{SignalContext, SignalHandler, Transmitter},
    sys::entrypoint::Untold,
};

/// Runs futures on an entrypoint. Dropping it drops them.
#[derive(Debug)]
#[must_use = "dropping it drops its tasks"]
pub struct Tasks {
    executor: Rc<Executor>,
    /// Polls what is ready, when the entrypoint is free.
    _handler: SignalHandler,
}

impl Tasks {
    /// No tasks yet, on `ep`.
    pub fn new(ep: Entrypoint) -> Result<Self, Error> {
        // The handler needs the executor, whose doorbell is the handler's capability.
        let late = Rc::new(RefCell::new(None::<Rc<Executor>>));
        let executor = late.clone();
        let handler = SignalHandler::new(ep, move |_| {
            let executor = executor.borrow().clone();
            if let Some(executor) = executor {
                executor.run();
            }
        })?;
        let transmitter = Transmitter::new(handler.cap().clone());
        let executor = Rc::new(Executor::new(move || transmitter.submit()));
        *late.borrow_mut() = Some(executor.clone());
        Ok(Self { executor, _handler: handler })
    }

    /// Adds a task.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        self.executor.spawn(future);
    }

    /// Adds a task that can fail. Its error is logged, and ends the task only.
    pub fn try_spawn<E: fmt::Display>(
        &self,
        future: impl Future<Output = Result<(), E>> + 'static,
    ) {
        self.executor.spawn(async move {
            if let Err(why) = future.await {
                error!("a task failed: {why}");
            }
        });
    }

    /// Number of tasks that have not ended.
    pub fn len(&self) -> usize {
        self.executor.len()
    }

    /// Whether all tasks have ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.executor.clear();
    }
}

/// A signal context to be awaited. Several tasks may wait.
///
/// When a server dies on whose signal a task waits, the task is told by
/// [`next_or_gone`](Self::next_or_gone) on the host; on Genode its parent alone is.
/// [`SignalHandler`] tells more.
#[derive(Debug)]
#[must_use = "dropping it ends the signal context"]
pub struct Events {
    state: Rc<State>,
    handler: SignalHandler,
}

/// Signals that nobody has taken yet, and the tasks that wait for them.
#[derive(Debug, Default)]
pub(crate) struct State {
    untold: Untold,
    waiters: Waiters,
}

impl State {
    /// Counts signals, of which 0 tell a death, and wakes those that wait.
    pub(crate) fn signalled(&self, count: u32) {
        self.untold.add(count);
        self.waiters.notify();
    }

    /// Waits for signals, or for the death of a component that could submit: 0.
    pub(crate) async fn next(&self) -> u32 {
        self.waiters.until(|| self.untold.take()).await
    }
}

impl Events {
    /// Creates a signal context on `ep`.
    ///
    /// # Errors
    /// What the system says when it cannot make a capability: out of RAM or capabilities.
    pub fn new(ep: Entrypoint) -> Result<Self, Error> {
        let state = Rc::new(State::default());
        let handler = SignalHandler::new(ep, {
            let state = state.clone();
            move |count| state.signalled(count)
        })?;
        Ok(Self { state, handler })
    }

    /// Returns what others submit to.
    pub fn cap(&self) -> &Capability<SignalContext> {
        self.handler.cap()
    }

    /// Waits for signals; returns how many came since they were last taken. One of the waiting tasks takes them all.
    ///
    /// Returns 0 when a component has died that had made a [`Transmitter`] of the context, behind
    /// its last signals: a task that then calls its server learns by that call whose death it was.
    /// Others take [`next_or_gone`](Self::next_or_gone).
    pub async fn next(&self) -> u32 {
        self.state.next().await
    }

    /// Waits for signals as [`next`](Self::next) does.
    ///
    /// # Errors
    /// [`Error::Gone`] when a component has died that could submit, where that is told: one of the
    /// tasks that wait learns it, at least once behind the last death: ask each server of the
    /// context then.
    pub async fn next_or_gone(&self) -> Result<u32, Error> {
        match self.next().await {
            0 => Err(Error::Gone),
            count => Ok(count),
        }
    }
}
