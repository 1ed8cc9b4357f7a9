//! Files that are no storage.

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{cell::RefCell, fmt};

use genode::{
    connection::Connection,
    fs::Why,
    prelude::*,
    rpc::InBuffer,
    session::{
        log::{LogSession, MAX_STRING},
        terminal::{StreamError, TerminalStream},
    },
};

/// Bytes of a line that are passed on at once.
const LINE: usize = MAX_STRING - 8;

/// A log: lines, passed on as they are complete.
pub(crate) struct Log {
    /// `None`: the component's own.
    session: Option<Connection<dyn LogSession>>,
    line: RefCell<Vec<u8>>,
}

impl Log {
    pub(crate) const fn new(session: Option<Connection<dyn LogSession>>) -> Self {
        Self { session, line: RefCell::new(Vec::new()) }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Why> {
        let mut line = self.line.borrow_mut();
        for &byte in bytes {
            if byte == b'\n' || line.len() >= LINE {
                self.pass(&mut line)?;
            }
            // A zero would end the line in C++.
            if byte != b'\n' && byte != 0 {
                line.push(byte);
            }
        }
        Ok(())
    }

    /// Passes on a line that is not complete.
    pub(crate) fn flush(&self) -> Result<(), Why> {
        let mut line = self.line.borrow_mut();
        if line.is_empty() { Ok(()) } else { self.pass(&mut line) }
    }

    fn pass(&self, line: &mut Vec<u8>) -> Result<(), Why> {
        let passed = match &self.session {
            None => {
                log!("{}", alloc::string::String::from_utf8_lossy(line));
                Ok(())
            }
            Some(session) => {
                line.extend_from_slice(b"\n\0");
                let text = InBuffer::bytes(line).ok_or(Error::Invalid)?;
                session.write(text).map_err(Error::from)
            }
        };
        line.clear();
        Ok(passed?)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.flush();
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("own", &self.session.is_none()).finish_non_exhaustive()
    }
}

/// A file of the tree itself.
#[derive(Clone, Debug)]
pub(crate) enum Device {
    Null,
    /// As many zeros; no end without a number.
    Zero(Option<u64>),
    Log(Rc<Log>),
    Terminal(Rc<TerminalStream>),
    Content(crate::content::Content),
    Symlink(Box<[u8]>),
}

/// Tells a terminal's failure as one of a file.
pub(crate) fn terminal_error(error: StreamError) -> Why {
    match error {
        StreamError::System(error) => error.into(),
        // No room at the moment.
        _ => Why::Failed,
    }
}
