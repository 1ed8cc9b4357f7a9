//! What the commands say: results on standard output, complaints on standard error.

use std::io::{self, Write};

/// Writes to standard output. A reader that went away is no error; a full disk is.
pub fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes to standard output; returns the exit value.
pub fn say(text: &str) -> u8 {
    match write(text) {
        Ok(()) => 0,
        Err(e) => complain(&format!("cannot write to standard output: {e}")),
    }
}

/// Tells an error; returns the exit value.
pub fn complain(message: &str) -> u8 {
    eprintln!("error: {message}");
    1
}
