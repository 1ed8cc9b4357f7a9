//! Terminal: characters to and from a person, or whoever is at the other end of a line.
//!
//! Bytes travel through a buffer that client and server share, one call for each piece.
//!
//! ```no_run
//! # use genode::{prelude::*, session::terminal::TerminalConnection};
//! # fn f(env: Env) -> Result<(), Error> {
//! let terminal = TerminalConnection::open(env, "")?;
//! terminal.write(b"name? ")?;
//! let mut line = [0; 80];
//! let count = terminal.read(&mut line)?; // what is there: perhaps nothing yet
//! # let _ = count; Ok(()) }
//! ```
//!
//! [`TerminalConnection::stream`] makes it a stream for tasks or without them, by `embedded-io` and
//! `embedded-io-async`.
//!
//! A server has the other side of the line: it implements [`Line`] and serves a [`LineSession`].
//!
//! Functions are numbered as in Genode 22.08, 24.11 and 26.02, which agree.
//! Reference: `repos/os/include/terminal_session/terminal_session.h`.

mod client;
mod line;
mod stream;

use crate::{cap::Capability, dataspace::Dataspace, signal::SignalContext};

pub use client::TerminalConnection;
pub use line::{IO_BUFFER, Line, LineSession, Listener};
pub use stream::{StreamError, TerminalStream};

/// Size of a terminal in characters; 0 where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct Size {
    /// Characters per line.
    pub columns: u32,
    /// Lines.
    pub lines: u32,
}

/// A Terminal session (`terminal_session/terminal_session.h`).
#[genode::rpc(service = "Terminal", caps = 3, ram = 10 * 1024)]
pub trait TerminalSession {
    /// Size of the terminal.
    fn size(&mut self) -> Size;
    /// Tells whether there is something to read.
    fn avail(&mut self) -> bool;
    /// Moves at most `size` bytes that are there into the buffer. Returns their number.
    fn read(&mut self, size: usize) -> usize;
    /// Takes `size` bytes from the buffer. Returns how many were taken.
    fn write(&mut self, size: usize) -> usize;
    /// Takes whom to tell when the terminal can be used; that may be at once.
    fn connected_sigh(&mut self, context: Capability<SignalContext>);
    /// Takes whom to tell when there is something to read.
    fn read_avail_sigh(&mut self, context: Capability<SignalContext>);
    /// Takes whom to tell when the terminal's size changes.
    fn size_changed_sigh(&mut self, context: Capability<SignalContext>);
    /// The buffer.
    fn dataspace(&mut self) -> Capability<Dataspace>;
}
