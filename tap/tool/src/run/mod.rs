//! Runs one script: the run tool's commands on top of the Tcl interpreter.

pub mod api;
pub mod compare;
pub mod execute;
pub mod hints;
pub mod outside;
pub mod prepare;
pub mod session;
pub mod transcript;
pub mod xml;

pub use session::{Options, Session, run_script};
