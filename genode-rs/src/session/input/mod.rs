//! Input: events of keyboards, pointers and touch screens, for a client that waits for them.
//!
//! A server keeps events in a bounded queue, signals when there are some, and copies them into
//! memory that it shares with its client when the client flushes them. The other way round, from a
//! driver to a server, it is [`event`](crate::session::event).
//!
//! ```no_run
//! # use genode::{prelude::*, session::input::{Event, InputConnection, InputError, Key}};
//! fn escape(env: Env) -> Result<bool, InputError> {
//!     let input = InputConnection::open(env, "")?;
//!     let mut pressed = false;
//!     input.for_each(|event| pressed |= event == Event::press(Key::KEY_ESC))?;
//!     Ok(pressed)
//! }
//! ```
//!
//! Functions are numbered as in Genode 22.08, 24.11 and 26.02, which agree; `exclusive` is of 26.02
//! only. [`Event`] is theirs byte for byte. Reference:
//! `repos/os/include/input_session/input_session.h`, `repos/os/include/input/event.h`.

mod client;
mod event;
mod keys;
mod server;
#[cfg(test)]
mod tests;

pub use client::{InputConnection, InputError};
pub use event::{AxisId, Codepoint, Event, Events, TouchId};
pub use keys::{Key, UnknownKey};
pub use server::{InputServer, QUEUE};

use crate::{cap::Capability, dataspace::Dataspace, signal::SignalContext};

/// An Input session (`input_session/input_session.h`).
#[genode::rpc(service = "Input", caps = 3, ram = 18 * 1024)]
pub trait InputSession {
    /// Returns the memory that events are flushed to.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// Tells whether there are events.
    fn pending(&mut self) -> bool;
    /// Moves events into the memory, as many as there is room for; returns their number.
    fn flush(&mut self) -> i32;
    /// Sets the handler that is signalled when there are events.
    fn sigh(&mut self, context: Capability<SignalContext>);
    /// Asks for motions of the pointer by themselves, without a place, and for nobody else.
    fn exclusive(&mut self, enabled: bool);
}
