//! A terminal as a stream, for tasks and without them.

use alloc::rc::Rc;
use core::fmt;

use embedded_io::{ErrorKind, ErrorType};

use super::TerminalConnection;
use crate::{entrypoint::Entrypoint, error::Error, signal::SignalHandler, task};

/// Why a terminal's stream does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// The terminal has no room for a byte, and does not tell when it has.
    Full,
    /// A call to the terminal did not come back with a result.
    System(Error),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the terminal has no room: write again later"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StreamError {}

impl From<Error> for StreamError {
    fn from(error: Error) -> Self {
        Self::System(error)
    }
}

impl embedded_io::Error for StreamError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Full => ErrorKind::WriteZero,
            Self::System(Error::Gone) => ErrorKind::BrokenPipe,
            Self::System(Error::OutOfRam | Error::OutOfCaps) => ErrorKind::OutOfMemory,
            Self::System(_) => ErrorKind::Other,
        }
    }
}

/// A terminal as a stream. Reading waits until there is something: for tasks by the traits of
/// `embedded-io-async`; by those of `embedded-io` it handles I/O signals meanwhile, but no calls
/// and no other signals.
///
/// Dropping a future loses no bytes. A terminal has no end, unless its server dies.
#[derive(Debug)]
#[must_use = "dropping it closes the session"]
pub struct TerminalStream {
    terminal: TerminalConnection,
    ep: Entrypoint,
    signals: Rc<task::State>,
    _handler: SignalHandler,
}

impl TerminalConnection {
    /// Makes it a stream, which takes the session's signal that there is something to read.
    ///
    /// # Errors
    /// What the call says; [`Error::OutOfRam`] and [`Error::OutOfCaps`] for the signal context.
    pub fn stream(self, ep: Entrypoint) -> Result<TerminalStream, Error> {
        let signals = Rc::new(task::State::default());
        let told = signals.clone();
        let handler = SignalHandler::io(ep, move |count| told.signalled(count))?;
        self.read_avail_sigh(handler.cap())?;
        Ok(TerminalStream { terminal: self, ep, signals, _handler: handler })
    }
}

impl TerminalStream {
    /// Returns the session.
    pub const fn terminal(&self) -> &TerminalConnection {
        &self.terminal
    }

    /// Returns the entrypoint that handles its signals.
    pub const fn entrypoint(&self) -> Entrypoint {
        self.ep
    }

    /// Waits until there is something, and reads it; 0 for an empty `into` alone.
    ///
    /// # Errors
    /// [`StreamError::System`]: what the call says.
    pub async fn read_some(&self, into: &mut [u8]) -> Result<usize, StreamError> {
        loop {
            let count = self.terminal.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            // After a death, too: if it was the server's, the next call says so.
            self.signals.next().await;
        }
    }

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// [`StreamError::Full`] when that is nothing; [`StreamError::System`]: what the call says.
    pub fn write_some(&self, bytes: &[u8]) -> Result<usize, StreamError> {
        match self.terminal.write(bytes)? {
            0 if !bytes.is_empty() => Err(StreamError::Full),
            count => Ok(count),
        }
    }
}

impl ErrorType for TerminalStream {
    type Error = StreamError;
}

impl embedded_io_async::Read for TerminalStream {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, StreamError> {
        self.read_some(into).await
    }
}

impl embedded_io_async::Write for TerminalStream {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, StreamError> {
        self.write_some(bytes)
    }

    async fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }
}

impl embedded_io::Read for TerminalStream {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, StreamError> {
        self.ep.wait(self.read_some(into))
    }
}

impl embedded_io::ReadReady for TerminalStream {
    fn read_ready(&mut self) -> Result<bool, StreamError> {
        Ok(self.terminal.avail()?)
    }
}

impl embedded_io::Write for TerminalStream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, StreamError> {
        self.write_some(bytes)
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }
}
