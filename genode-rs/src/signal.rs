//! Signals: asynchronous notifications without content, that wake a handler on an entrypoint.
//!
//! ```no_run
//! # use genode::{prelude::*, session::rom::RomConnection};
//! # fn f(env: Env) -> Result<SignalHandler, Error> {
//! let rom = RomConnection::open(env, "config")?;
//! let handler = SignalHandler::new(env.ep(), move |count| log!("notified {count} times"))?;
//! rom.sigh(handler.cap())?;
//! # Ok(handler) }
//! ```

use alloc::{boxed::Box, rc::Rc};
use core::cell::Cell;

use crate::{
    cap::{Capability, RawCap},
    entrypoint::Entrypoint,
    error::Error,
    sys,
    time::Instant,
};

/// The interface of a signal context, for use in [`Capability`].
#[derive(Debug)]
pub enum SignalContext {}

/// A signal context and the closure that handles its signals. Dropping it ends both.
///
/// The closure gets the number of signals since it last ran. It may drop its own handler. When it
/// waits for I/O signals, its own signals are not handled in between but right after.
///
/// # When a server dies
///
/// On the host the closure is called with 0 when a component has died that had made a
/// [`Transmitter`] of the context: behind the last signals of that component, at least once for all
/// that died meanwhile. A handler that asks its server what has happened learns it by that call,
/// which says [`Error::Gone`]; others look at the number. Tasks are told by
/// [`Events::next_or_gone`](crate::task::Events::next_or_gone).
///
/// Genode tells a component's death to its parent alone: a supervisor learns of it by the
/// [sandbox's event](crate::sandbox::Event::Ended), others bound their waiting by
/// [`Timers::timeout`](crate::time::Timers::timeout) and ask the server.
///
/// ```compile_fail
/// # #![deny(unused_must_use)]
/// # use genode::prelude::*;
/// # fn f(env: Env) -> Result<(), Error> {
/// SignalHandler::new(env.ep(), |_| ())?; // dropped at once: it handles nothing
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends the handling: keep it, for example in what `main` returns"]
pub struct SignalHandler {
    context: sys::entrypoint::Context,
    cap: Capability<SignalContext>,
}

impl SignalHandler {
    /// Handles signals on `ep`, between its RPCs.
    pub fn new(ep: Entrypoint, handle: impl FnMut(u32) + 'static) -> Result<Self, Error> {
        Self::create(ep, false, Box::new(handle))
    }

    /// Handles signals on `ep`, also while it waits in
    /// [`Entrypoint::wait_io_signal`].
    pub fn io(ep: Entrypoint, handle: impl FnMut(u32) + 'static) -> Result<Self, Error> {
        Self::create(ep, true, Box::new(handle))
    }

    fn create(ep: Entrypoint, io: bool, handle: Box<dyn FnMut(u32)>) -> Result<Self, Error> {
        let context = sys::entrypoint::Context::create(ep.sys(), io, handle)?;
        let cap = Capability::new(context.cap().clone());
        Ok(Self { context, cap })
    }

    /// What others submit to.
    pub fn cap(&self) -> &Capability<SignalContext> {
        &self.cap
    }

    /// Submits one signal to the handler itself: it runs once the entrypoint is free.
    pub fn submit(&self) {
        sys::entrypoint::submit(self.context.cap(), 1);
    }

    /// Submits one signal to the handler itself at `time` of the system's own clock, in place of
    /// the time that was set before. Never too early; a time that has passed is now, and `None`
    /// takes back what was set.
    ///
    /// This is for servers that give others their time. What waits for time itself uses
    /// [`Timers`](crate::time::Timers) on every system.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the system has no clock of its own, as Genode.
    pub fn submit_at(&self, time: Option<Instant>) -> Result<(), Error> {
        self.context.submit_at(time.map_or(u64::MAX, Instant::as_micros))
    }
}

/// Blocks `ep` until a context that `ask` hands out is signalled; it handles I/O signals meanwhile,
/// but no RPC.
///
/// # Errors
/// What `ask` says; [`Error::Gone`] when who was asked dies, where that is told.
pub(crate) fn wait_io(
    ep: Entrypoint,
    ask: impl FnOnce(&Capability<SignalContext>) -> Result<(), Error>,
) -> Result<(), Error> {
    let signalled = Rc::new(Cell::new(None));
    let handler = SignalHandler::io(ep, {
        let signalled = signalled.clone();
        move |count| signalled.set(Some(count))
    })?;
    ask(handler.cap())?;
    loop {
        match signalled.get() {
            None => ep.wait_io_signal(),
            Some(0) => return Err(Error::Gone),
            Some(_) => return Ok(()),
        }
    }
}

/// Submits signals to the handler of somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transmitter(Capability<SignalContext>);

impl Transmitter {
    /// Submits to `context`; an invalid one is silent. From now on the owner of the context is told
    /// if this component dies, where the system does that ([`SignalHandler`]).
    pub fn new(context: Capability<SignalContext>) -> Self {
        if context.is_valid() {
            sys::entrypoint::submit(context.raw(), 0);
        }
        Self(context)
    }

    /// Submits one signal. Never blocks; a context that is gone is silent.
    pub fn submit(&self) {
        self.submit_many(1);
    }

    /// Submits `count` signals at once.
    pub fn submit_many(&self, count: u32) {
        let cap: &RawCap = self.0.raw();
        if cap.is_valid() && count > 0 {
            sys::entrypoint::submit(cap, count);
        }
    }
}
