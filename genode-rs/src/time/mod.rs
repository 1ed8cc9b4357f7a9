//! Time: waiting for it in tasks, and the system's own clock, where it has one.
//!
//! A [`Timers`] multiplexes one Timer session among any number of timeouts of one entrypoint. A run
//! script that has none yet adds `timer` to `build { .. }`, a start node for it that provides
//! `Timer`, and lets the component's `<any-child/>` route reach it. The futures run in
//! [`Tasks`](crate::task::Tasks):
//!
//! ```no_run
//! # use core::time::Duration;
//! # use genode::{prelude::*, task::{Events, Tasks}, time::Timers};
//! # fn f(env: Env) -> Result<Tasks, Error> {
//! let (tasks, timers) = (Tasks::new(env.ep())?, Timers::open(env)?);
//! let events = Events::new(env.ep())?;
//! tasks.try_spawn(async move {
//!     timers.sleep(Duration::from_millis(10)).await?;
//!     match timers.timeout(Duration::from_secs(1), events.next()).await {
//!         Ok(count) => log!("{count} signals"),
//!         Err(Error::TimedOut) => log!("no signal within a second"),
//!         Err(error) => return Err(error),
//!     }
//!     let mut seconds = timers.interval(Duration::from_secs(1))?;
//!     loop {
//!         seconds.tick().await?;
//!         log!("a second later");
//!     }
//! });
//! # Ok(tasks) }
//! ```
//!
//! A race of other futures is [`task::select`](crate::task::select), waiting for several
//! [`task::join`](crate::task::join). A timeout around what can fail itself has two errors:
//!
//! ```no_run
//! # use core::time::Duration;
//! # use genode::{prelude::*, fs, task::{Events, select::{Either, select}}, time::Timers};
//! # async fn f(timers: Timers, events: Events, disk: fs::FileSystem)
//! # -> Result<(), Box<dyn core::error::Error>> {
//! match select(events.next(), timers.sleep(Duration::from_secs(1))).await {
//!     Either::First(count) => log!("{count} signals"),
//!     Either::Second(slept) => slept?,
//! }
//! let bytes = timers.timeout(Duration::from_secs(1), disk.read("/notes", 4096)).await??;
//! # let _ = bytes; Ok(()) }
//! ```
//!
//! # Dropping a future before it is ready
//!
//! Every future of the SDK may be dropped at any point. This table tells what is lost by that.
//!
//! | future | dropped while it waits |
//! |---|---|
//! | [`Timers::sleep`], [`Timers::sleep_until`] | nothing: the timeout is forgotten |
//! | [`Interval::tick`] | nothing: the period counts towards the next tick |
//! | [`Timers::timeout`] | what the future inside it loses |
//! | [`Events::next`](crate::task::Events::next) | nothing: signals are counted until somebody takes them |
//! | [`Builder::open_async`](crate::connection::Builder::open_async) | nothing: a session that still comes is closed |
//! | an answer that comes later ([`rpc::later`](crate::rpc::later)) | the answer: the server is told to cancel it |
//! | `select` | what the futures lose that were not ready |
//! | `join` | the results of those that were ready: keep them outside of the future to keep them |
//!
//! A wake-up is never lost: who else waits for the same thing is woken all the same.

mod clock;
mod deadlines;
#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
mod timers;

pub use clock::Instant;
pub use timers::{Interval, Sleep, Timers};

#[cfg(test)]
use timers::Alarm;
