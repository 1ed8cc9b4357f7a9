//! Answers that come later.
//!
//! An entrypoint replies when an RPC function returns, on every kernel: no reply can be put off. A server that needs
//! time gives a ticket instead, signals when an answer is there, and lets the client fetch it. `#[rpc(later)]` makes
//! these functions of one:
//!
//! ```
//! use genode::rpc::{Local, later::{Later, LaterError, Tickets}};
//!
//! #[genode::rpc]
//! trait Search {
//!     /// Counts how often `letter` occurs.
//!     #[rpc(later)]
//!     fn count(&mut self, letter: u8) -> u32;
//! }
//!
//! struct Server {
//!     tickets: Tickets<u32>,
//!     running: Vec<(u8, Later<u32>)>,
//! }
//!
//! impl Search for Server {
//!     // The function gets, besides its arguments, what answers it: now, later, or in a task.
//!     fn count(&mut self, letter: u8, later: Later<u32>) {
//!         self.running.push((letter, later));
//!     }
//!     fn count_tickets(&mut self) -> &mut Tickets<u32> {
//!         &mut self.tickets
//!     }
//! }
//!
//! let server = Server { tickets: Tickets::new(8), running: Vec::new() };
//! let client = Local::<dyn Search, _>::client(server);
//! let ticket = client.count(b'a').unwrap();
//! assert_eq!(client.count_fetch(ticket).unwrap_err().service(), Some(LaterError::Pending));
//! client.count_cancel(ticket).unwrap();
//! assert_eq!(client.count_fetch(ticket).unwrap_err().service(), Some(LaterError::Unknown));
//! ```
//!
//! | the client's | does |
//! |---|---|
//! | `count(letter)` | starts, and returns a [`Ticket`] |
//! | `count_sigh(context)` | sets the context that is signalled for each answer |
//! | `count_fetch(ticket)` | returns the answer, once; [`LaterError::Pending`] before |
//! | `count_cancel(ticket)` | gives the ticket back: there will be no answer |
//! | `count_answer(&answers, ticket).await` | waits and fetches in a task; dropped before, it cancels |
//!
//! Call the `_sigh` function once for each session and function, before an answer is awaited:
//! otherwise nobody tells the task. Where no function was given the context at all, the waiting
//! ends with [`LaterError::Untold`].
//!
//! On the wire the first four are a function each, in the order of the table.
//!
//! Between components, with a task on either side; the client's donation pays for its tickets:
//!
//! ```no_run
//! # use std::{cell::RefCell, rc::Rc};
//! # use genode::{prelude::*, root::{Refused, Root, SessionRequest}, task::{Events, Tasks}};
//! use genode::rpc::later::{Answers, Later, Tickets};
//!
//! #[genode::rpc(service = "Root", caps = 6, ram = 16 * 1024)]
//! trait SquareRoot {
//!     /// Returns the root of `n`.
//!     #[rpc(later)]
//!     fn root(&mut self, n: u64) -> u64;
//! }
//!
//! struct Server {
//!     tickets: Tickets<u64>,
//!     tasks: Rc<Tasks>,
//! }
//!
//! impl SquareRoot for Server {
//!     fn root(&mut self, n: u64, later: Later<u64>) {
//!         // what takes its time awaits something here; the answer signals the client
//!         self.tasks.spawn(async move { later.finish(n.isqrt()) });
//!     }
//!     fn root_tickets(&mut self) -> &mut Tickets<u64> {
//!         &mut self.tickets
//!     }
//! }
//!
//! fn serve(root: &mut Root, tasks: Rc<Tasks>) -> Result<(), Error> {
//!     root.serve::<dyn SquareRoot, _>(move |request: &SessionRequest<'_>| {
//!         let tickets = Tickets::paid_by(request.account().available());
//!         Ok::<_, Refused>(Server { tickets, tasks: tasks.clone() })
//!     })
//! }
//!
//! async fn ask(env: Env) -> Result<(), Box<dyn core::error::Error>> {
//!     let session = Connection::<dyn SquareRoot>::open_async(env, "")?.await?;
//!     let answers = Answers::new(env.ep())?;
//!     session.root_sigh(answers.cap())?; // before the first answer is awaited
//!     let ticket = session.root(1 << 40)?;
//!     log!("the root is {}", session.root_answer(&answers, ticket).await?);
//!     Ok(())
//! }
//! ```
//!
//! Tickets are bounded: a session has as many as its server gave it, best by what the client donated
//! ([`Tickets::paid_by`]). A ticket counts until it was fetched, or was cancelled and the server let go of its
//! [`Later`]. So a client that never fetches, or starts and cancels for ever, exhausts its own tickets only.
//!
//! When the server dies, a waiting task is woken on the host, asks for its answer, and ends with
//! [`Error::Gone`](crate::Error::Gone). On Genode nothing wakes it: bound the waiting by
//! [`Timers::timeout`](crate::time::Timers::timeout).
//! [`SignalHandler`](crate::signal::SignalHandler) tells more.

mod client;
mod server;
#[cfg(test)]
mod tests;

use core::fmt;

pub use client::Answers;
#[doc(hidden)]
pub use client::answer;
#[cfg(test)]
pub(crate) use client::{answer_by, told};
pub use server::{Later, Tickets};

/// Names a call whose answer comes later, within the session and function that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, crate::Wire)]
#[repr(C)]
pub struct Ticket {
    number: u64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, crate::Wire)]
#[repr(u32)]
#[non_exhaustive]
pub enum LaterError {
    /// The server is still at it.
    Pending,
    /// The ticket was never given, or was fetched or cancelled.
    Unknown,
    /// As many tickets are outstanding as the session may have.
    Full,
    /// The server gave up without an answer.
    Abandoned,
    /// A task would wait for ever: no server was given the context of its [`Answers`]. No server
    /// says that.
    Untold,
}

impl fmt::Display for LaterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "the answer is not there yet: wait for the signal",
            Self::Unknown => "no such ticket: it was fetched or cancelled, or is another session's",
            Self::Full => {
                "the session has no ticket left: fetch or cancel others, or donate more RAM to it"
            }
            Self::Abandoned => "the server gave up without an answer",
            Self::Untold => {
                "the answer is not there yet, and nobody would tell: call the `_sigh` function with `Answers::cap` first"
            }
        })
    }
}

impl core::error::Error for LaterError {}
