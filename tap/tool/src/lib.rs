//! `cargo tap`: builds, runs and tests Genode components.
//!
//! ```text
//! cargo tap run hello          # tap/run/rs_hello.run on the host target
//! cargo tap test               # all run scripts
//! cargo tap new my_component   # a component with a run script
//! ```
//!
//! Run scripts are Genode's, in Tcl: the same file drives the host target and `make run` in a Genode
//! build directory. Results are printed as TAP.
//!
//! | module | knows |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`tcl`] | the interpreter, and nothing of Genode |
//! | [`run`] | the run tool's commands, on top of [`tcl`] |
//! | [`host`] | packages, cargo, and core's process |
//! | [`genode`] | a Genode build directory |
//! | [`report`] | TAP |
//! | [`process`], [`signals`] | processes that cannot outlive the tool |

#![deny(missing_docs, unsafe_code)]

pub mod cli;
pub mod genode;
pub mod host;
pub mod new;
pub mod process;
pub mod report;
pub mod run;
pub mod scripts;
pub mod signals;
