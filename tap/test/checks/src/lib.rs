//! What components that test or measure something share: checks whose failure has a message.
//!
//! A component whose main function returns `Result<_, String>` ends with that message, so [`ensure!`], [`ensure()`] and [`at`]
//! make one; [`expect`] logs each check that holds, for run scripts that compare the log.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

mod liar;
mod queues;
mod scribble;

use alloc::{format, rc::Rc, string::String};
use core::{cell::Cell, fmt::Display};

use genode::{prelude::*, signal::SignalContext};

#[doc(hidden)]
pub use alloc::format as __format;

pub use crate::{
    liar::{Liar, Lies},
    queues::Raw,
    scribble::scribble,
};

/// Returns a message as an error unless a condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err($crate::__format!($($message)*));
        }
    };
}

/// What a test comes to: nothing, or a message that says what is wrong.
pub type Test<T = ()> = Result<T, String>;

/// An error with its description, unless it is so.
pub fn ensure(what: &str, ok: bool) -> Result<(), String> {
    if ok { Ok(()) } else { Err(format!("{what}: not so")) }
}

/// Names the step that an error comes from.
pub fn at<E: Display>(step: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{step}: {error}")
}

/// Logs what holds; ends the component with an error if it does not.
pub fn expect(env: Env, what: &str, ok: bool) {
    if ok {
        log!("{what}");
    } else {
        error!("failed: {what}");
        env.exit(1);
    }
}

/// A signal context whose signals are counted, and waited for on the main entrypoint.
#[must_use = "dropping it ends the signal context"]
#[derive(Debug)]
pub struct Signals {
    env: Env,
    count: Rc<Cell<u32>>,
    handler: SignalHandler,
}

impl Signals {
    /// A context without signals so far.
    pub fn new(env: Env) -> Result<Self, Error> {
        let count = Rc::new(Cell::new(0));
        let handler = SignalHandler::io(env.ep(), {
            let count = count.clone();
            move |more| count.set(count.get() + more)
        })?;
        Ok(Self { env, count, handler })
    }

    /// The context that others submit to.
    pub fn cap(&self) -> &Capability<SignalContext> {
        self.handler.cap()
    }

    /// Number of signals since the last [`reset`](Self::reset).
    pub fn count(&self) -> u32 {
        self.count.get()
    }

    /// Counts from 0 again.
    pub fn reset(&self) {
        self.count.set(0);
    }

    /// Waits until there are as many as `signals` since the last [`reset`](Self::reset).
    pub fn wait_for(&self, signals: u32) {
        while self.count() < signals {
            self.env.ep().wait_io_signal();
        }
    }
}
