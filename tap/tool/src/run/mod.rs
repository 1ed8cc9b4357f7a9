//! Runs one script: the run tool's commands on top of the Tcl interpreter.
//!
//! Each file of commands has a table of them, `COMMANDS`; `script` defines them all.

mod api;
mod command;
pub mod compare;
mod execute;
mod files;
pub mod grants;
pub mod hints;
mod output;
mod outside;
mod prepare;
mod script;
pub mod session;
pub mod xml;

pub use script::run_script;
pub use session::{Options, Session};
