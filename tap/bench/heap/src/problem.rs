//! Problems, in words for a person.

use std::fmt;

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) struct Problem(String);

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Makes of an error a problem with the thing of that name.
    pub(crate) fn with<E: fmt::Display>(name: impl fmt::Display) -> impl FnOnce(E) -> Self {
        let name = name.to_string();
        move |error| Self(format!("{name}: {error}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

/// Ends a workload whose result would mean nothing.
pub(crate) fn die(reason: &str) -> ! {
    eprintln!("rs_heap_bench: {reason}");
    std::process::exit(3)
}
