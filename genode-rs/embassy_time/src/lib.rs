//! embassy-time's global driver, over a Timer session of the component.
//!
//! Crates that wait by `embassy_time` run in a component that keeps a [`Driver`]:
//!
//! ```no_run
//! # use genode::{prelude::*, task::Tasks};
//! use genode_embassy_time::Driver;
//!
//! # fn f(env: Env) -> Result<(Driver, Tasks), Error> {
//! let (driver, tasks) = (Driver::start(env)?, Tasks::new(env.ep())?);
//! tasks.spawn(async { /* embassy_time::Timer::after_millis(10).await */ });
//! Ok((driver, tasks)) // kept by what `main` returns
//! # }
//! ```
//!
//! A tick is a microsecond. Timers may be awaited by tasks of any entrypoint and by any thread: the
//! driver's own task sleeps by [`genode::time`] on the entrypoint of [`Driver::start`], and wakes
//! them.
//!
//! A timer that was dropped, and one of a task that ended, has its entry until the time has come:
//! embassy-time does not tell. An entry keeps a waker; there is one for each task.
//!
//! Without a driver, timers wait; the time goes on where the system has a clock of its own, else it
//! stands still. When the Timer service is gone the driver logs that, and no timer ends any more:
//! embassy-time knows no error. Components that use [`genode::time`] itself are told.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

mod driver;
mod queue;

pub use driver::Driver;
