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
//! A task starts when the entrypoint is free. RPC functions stay synchronous, since an entrypoint replies when the
//! function returns; they can spawn tasks and wake them.

mod executor;

use alloc::rc::Rc;
use core::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    task::{Poll, Waker},
};

use executor::Executor;

use crate::{
    cap::Capability,
    entrypoint::Entrypoint,
    error::Error,
    signal::{SignalContext, SignalHandler, Transmitter},
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

/// A signal context to be awaited.
#[derive(Debug)]
#[must_use = "dropping it ends the signal context"]
pub struct Events {
    state: Rc<State>,
    handler: SignalHandler,
}

#[derive(Debug, Default)]
struct State {
    count: Cell<u32>,
    waker: RefCell<Option<Waker>>,
}

impl Events {
    /// A signal context on `ep`.
    pub fn new(ep: Entrypoint) -> Result<Self, Error> {
        let state = Rc::new(State::default());
        let handler = SignalHandler::new(ep, {
            let state = state.clone();
            move |count| {
                state.count.set(state.count.get().saturating_add(count));
                let waker = state.waker.borrow_mut().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        })?;
        Ok(Self { state, handler })
    }

    /// What others submit to.
    pub fn cap(&self) -> &Capability<SignalContext> {
        self.handler.cap()
    }

    /// Waits for signals; returns how many came since the last call. One task at a time.
    pub async fn next(&self) -> u32 {
        poll_fn(|cx| match self.state.count.take() {
            0 => {
                *self.state.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
            count => Poll::Ready(count),
        })
        .await
    }
}
