//! Errors, and all else that ends the evaluation of a command early.

use crate::codes::code_of;
use crate::value::{Place, Value};
use std::fmt;

/// An error that a script can `catch`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The message: what is wrong, and what to do about it.
    pub message: String,
    /// The command that failed.
    pub place: Option<Place>,
    /// The procedure calls on the way there, innermost first.
    pub calls: Vec<(String, Option<Place>)>,
    /// Tcl's `-errorcode`.
    pub code: Value,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        for (name, place) in &self.calls {
            write!(f, "\n  in procedure \"{name}\"")?;
            if let Some(place) = place {
                write!(f, ", called at {place}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Everything but a normal result.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Exception {
    /// An error.
    Error(Box<Failure>),
    /// `return`, with the completion code it asks for and the number of levels left.
    Return {
        /// The result.
        value: Value,
        /// Completion code to take once `level` is 0.
        code: i64,
        /// Procedure levels still to leave.
        level: i64,
        /// Options given with it (`-errorcode`).
        errorcode: Option<Value>,
    },
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// A completion code that a script made up by `return -code`.
    Other {
        /// The code: neither of 0 to 4.
        code: i64,
        /// The result.
        value: Value,
    },
    /// `exit STATUS`; a script cannot catch it.
    Exit(i64),
    /// A command in Rust ended the script, and keeps the reason; a script cannot catch it.
    Abort,
    /// The script's values take too much memory; a script cannot catch it.
    Exhausted,
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(failure) => failure.fmt(f),
            Self::Return { .. } => f.write_str("return outside of a procedure"),
            Self::Break => f.write_str("invoked \"break\" outside of a loop"),
            Self::Continue => f.write_str("invoked \"continue\" outside of a loop"),
            Self::Other { code, .. } => write!(f, "command returned bad code: {code}"),
            Self::Exit(status) => write!(f, "the script ended itself with exit {status}"),
            Self::Abort => f.write_str("the script was ended"),
            Self::Exhausted => write!(
                f,
                "the script's values take more than {} MiB: let go of some, or make shorter ones",
                crate::memory::limit() >> 20
            ),
        }
    }
}

impl std::error::Error for Exception {}

impl Exception {
    /// Makes an error; the interpreter fills in its place.
    pub fn error(message: impl Into<String>) -> Self {
        let message = message.into();
        let code = code_of(&message);
        Self::Error(Box::new(Failure { message, place: None, calls: Vec::new(), code }))
    }
}

impl Exception {
    /// Names a variable as the script does, with the colons of a global one.
    pub(crate) fn about(self, local: &str, name: &str) -> Self {
        match self {
            Self::Error(mut failure) if local != name => {
                let (quoted, whole) = (format!("\"{local}\""), format!("\"{name}\""));
                failure.message = failure.message.replacen(&quoted, &whole, 1);
                Self::Error(failure)
            }
            other => other,
        }
    }
}

/// Result of a command.
pub type Outcome = Result<Value, Exception>;

/// Shorthand for an error result.
pub fn fail<T>(message: impl Into<String>) -> Result<T, Exception> {
    Err(Exception::error(message))
}

/// The message for a call with the wrong number of arguments, in Tcl's words.
pub fn usage<T>(usage: &str) -> Result<T, Exception> {
    fail(format!("wrong # args: should be \"{usage}\""))
}
