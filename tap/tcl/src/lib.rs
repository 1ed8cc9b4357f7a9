//! A Tcl interpreter for programs that are scripted in Tcl 8.6, without Tcl.
//!
//! ```
//! use tap_tcl::{Interp, Value};
//!
//! let mut tcl = Interp::new();
//! tcl.define("double", |_, words| {
//!     Ok(Value::from(2 * tap_tcl::number::int_arg(&words[1])?))
//! });
//! let script = "set sum 0\nforeach n {1 2 3} { incr sum [double $n] }\nset sum";
//! assert_eq!(tcl.eval_file("example.tcl", script)?.as_str(), "12");
//! // an error names file and line
//! let error = tcl.eval_file("example.tcl", "if 1 {\n\tnonsense\n}").unwrap_err();
//! assert_eq!(error.to_string(), "example.tcl:2: invalid command name \"nonsense\"");
//! # Ok::<(), tap_tcl::Exception>(())
//! ```
//!
//! [`Interp`] evaluates scripts; commands in Rust are [defined](Interp::define) and get their words
//! as [`Value`]s. [`list`], [`number`] and [`regex`] read values as Tcl does. The tests compare all
//! of it with `tclsh` where that is installed. The README lists what differs from Tcl 8.6.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod channel;
mod cmd;
mod codes;
mod dict;
pub mod error;
mod expr;
mod functions;
mod interp;
pub mod list;
pub mod memory;
pub mod number;
mod operators;
mod parse;
mod procedure;
pub mod regex;
mod value;
mod vars;

pub use channel::Access;
pub use cmd::glob_matches;
pub use error::{Exception, Failure, Outcome, fail};
pub use interp::Interp;
pub use value::{Origin, Place, Value};

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
