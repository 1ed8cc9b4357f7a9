//! A Tcl interpreter for run scripts.
//!
//! Run scripts are Tcl because Genode's are: the same file runs under `make run` and here. Tcl
//! itself is not needed: what run scripts use of it is implemented in this module, and compared with
//! `tclsh` by the tests where that is installed. Each failing command is reported with its file and
//! line, also inside of `if`, `foreach` and procedures.
//!
//! What differs from Tcl 8.6: integers have 64 bit and overflow is an error; there is one namespace;
//! regular expressions know no back references and no look-ahead; nothing starts processes or opens
//! files. Each of these is reported where it is used.

pub mod cmd;
pub mod error;
pub mod expr;
mod functions;
pub mod interp;
pub mod list;
pub mod number;
pub mod parse;
pub mod regex;
pub mod value;
pub mod vars;

pub use error::{Exception, Failure, Outcome, fail};
pub use interp::Interp;
pub use value::{Place, Value};
