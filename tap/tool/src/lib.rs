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
//! | [`cli`], [`cmd`] | the command line; a file for each of its commands |
//! | [`scripts`], [`names`] | run scripts by name, and names that are nearly right |
//! | [`check`] | run scripts of a Genode tree in our interpreter and in tclsh |
//! | [`run`] | the run tool's commands, on top of the interpreter [`tap_tcl`] |
//! | [`host`] | packages, cargo, and core's process |
//! | [`genode`] | a Genode build directory |
//! | [`new`] | the files of a new component |
//! | [`transcript`] | a system's output, and the search in it |
//! | [`symbols`] | functions, files and lines behind addresses |
//! | [`view`] < [`state`] | tabs of the terminal view, and the model that they show |
//! | [`debugger`] | gdb on components |
//! | [`report`], [`output`] | TAP; standard output |
//! | [`process`], [`signals`] | processes that cannot outlive the tool |
//!
//! A module uses those below it and beside it, never in a circle.

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations)]

pub mod check;
pub mod cli;
pub mod cmd;
pub mod debugger;
pub mod genode;
pub mod host;
pub mod names;
pub mod new;
pub mod output;
pub mod process;
pub mod report;
pub mod run;
pub mod scripts;
pub mod signals;
pub mod state;
pub mod symbols;
pub mod transcript;
pub mod view;
