//! What components that test or measure something share: checks whose failure has a message.
//!
//! A component whose main function returns `Result<_, String>` ends with that message, so [`ensure!`], [`ensure()`] and [`at`]
//! make one; [`expect`] logs each check that holds, for run scripts that compare the log.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

use alloc::{format, string::String};
use core::fmt::Display;

use genode::prelude::*;

#[doc(hidden)]
pub use alloc::format as __format;

/// Returns a message as an error unless a condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err($crate::__format!($($message)*));
        }
    };
}

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
