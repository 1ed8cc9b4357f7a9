//! Lines to the component's LOG session: [`log!`](crate::log!), [`warning!`](crate::warning!),
//! [`error!`](crate::error!).
//!
//! Characters that turn or hide others (U+202E and its like) appear as their numbers, so that a
//! name in a line cannot make it look like another one. Formatting needs no heap, so it works
//! before the heap exists and after it is exhausted.

use core::fmt::{self, Write};

use genode_args::shown::is_format;
use heapless::String;

use crate::sys;
pub use crate::sys::log::Level;

/// Bytes of a line that Genode passes to a LOG session at once: it begins a new one when there is no room left for an
/// escape sequence, and some versions end each line by one.
const LINE: usize = crate::session::log::MAX_STRING - 8;

/// Bytes of text that fit a line; what is longer continues on the next. Genode adds the prefix and colours.
const fn room(level: Level) -> usize {
    match level {
        Level::Log => LINE,
        Level::Warning | Level::Error => LINE - "\x1b[34mWarning: ".len(),
    }
}

/// Collects formatted text and prints a line at each newline, when it is full, and when it is dropped.
struct Lines {
    level: Level,
    line: String<LINE>,
    printed: bool,
}

impl Lines {
    fn push(&mut self, c: char) -> fmt::Result {
        if self.line.len() + c.len_utf8() > room(self.level) {
            self.flush();
        }
        self.line.push(c).map_err(|_| fmt::Error)
    }

    fn flush(&mut self) {
        sys::log::print(self.level, self.line.as_bytes());
        self.line.clear();
        self.printed = true;
    }
}

impl Write for Lines {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if c == '\n' {
                self.flush();
                continue;
            }
            if is_format(c) {
                // Names of others may be in the text: none may look like another.
                c.escape_unicode().try_for_each(|c| self.push(c))?;
            } else {
                self.push(c)?;
            }
        }
        Ok(())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.line.is_empty() || !self.printed {
            self.flush();
        }
    }
}

/// Prints `args` at `level`; the macros are the usual way here.
pub fn print(level: Level, args: fmt::Arguments<'_>) {
    let mut lines = Lines { level, line: String::new(), printed: false };
    // A `Display` that fails has printed what it could.
    let _ = lines.write_fmt(args);
}

/// Prints a line, formatted as by `format!`.
#[macro_export]
macro_rules! log {
    ($($arg:tt)*) => { $crate::log::print($crate::log::Level::Log, ::core::format_args!($($arg)*)) };
}

/// Prints a line that starts with `Warning: `, formatted as by `format!`.
#[macro_export]
macro_rules! warning {
    ($($arg:tt)*) => { $crate::log::print($crate::log::Level::Warning, ::core::format_args!($($arg)*)) };
}

/// Prints a line that starts with `Error: `, formatted as by `format!`.
#[macro_export]
macro_rules! error {
    ($($arg:tt)*) => { $crate::log::print($crate::log::Level::Error, ::core::format_args!($($arg)*)) };
}
