//! The client's side of a Terminal session.

use super::{Size, TerminalSession};
use crate::{
    cap::Capability,
    connection::Connection,
    dataspace::Attached,
    env::Env,
    error::Error,
    signal::{SignalContext, wait_io},
    task::Events,
};

/// A Terminal session with its buffer.
#[derive(Debug)]
#[must_use = "dropping it closes the session"]
pub struct TerminalConnection {
    buffer: Attached,
    session: Connection<dyn TerminalSession>,
}

impl TerminalConnection {
    /// Opens a session and blocks the main entrypoint until the terminal can be used; the
    /// entrypoint handles I/O signals meanwhile, but no RPC.
    ///
    /// # Errors
    /// What opening a session says; [`Error::OutOfRam`] and [`Error::OutOfCaps`] for the signal
    /// context.
    pub fn open(env: Env, label: &str) -> Result<Self, Error> {
        let session = Connection::<dyn TerminalSession>::open(env, label)?;
        wait_io(env.ep(), |context| Ok(session.connected_sigh(context.clone())?))?;
        Self::attach(session)
    }

    /// Opens a session for a task: waits without blocking others.
    ///
    /// Dropping the future at any point closes the session.
    ///
    /// # Errors
    /// As [`open`](Self::open), and what starting a thread says.
    pub async fn open_async(env: Env, label: &str) -> Result<Self, Error> {
        let session = Connection::<dyn TerminalSession>::open_async(env, label)?.await?;
        let connected = Events::new(env.ep())?;
        session.connected_sigh(connected.cap().clone())?;
        connected.next_or_gone().await?;
        Self::attach(session)
    }

    fn attach(session: Connection<dyn TerminalSession>) -> Result<Self, Error> {
        let buffer = Attached::writeable(&session.dataspace()?)?;
        Ok(Self { buffer, session })
    }

    /// Asks for the terminal's size.
    ///
    /// # Errors
    /// What the call says.
    pub fn size(&self) -> Result<Size, Error> {
        Ok(self.session.size()?)
    }

    /// Asks whether there is something to read.
    ///
    /// # Errors
    /// What the call says.
    pub fn avail(&self) -> Result<bool, Error> {
        Ok(self.session.avail()?)
    }

    /// Reads what is there, at most as much as fits into `into`. Returns the number of bytes; it
    /// does not wait for more.
    ///
    /// # Errors
    /// What the call says.
    pub fn read(&self, into: &mut [u8]) -> Result<usize, Error> {
        let size = into.len().min(self.buffer.size());
        if size == 0 {
            return Ok(0);
        }
        // A server may say more than it was asked for.
        let count = self.session.read(size)?.min(size);
        self.buffer.read(0, into.get_mut(..count).unwrap_or_default())?;
        Ok(count)
    }

    /// Waits until there is something to read, and reads it as [`read`](Self::read) does; 0 for an
    /// empty `into` alone.
    ///
    /// `events` is the session's, registered by [`read_avail_sigh`](Self::read_avail_sigh).
    /// Dropping the future loses no bytes.
    ///
    /// # Errors
    /// What the call says.
    pub async fn read_some(&self, events: &Events, into: &mut [u8]) -> Result<usize, Error> {
        loop {
            let count = self.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            events.next().await;
        }
    }

    /// Writes `bytes`, in pieces as large as the buffer. Returns how many the terminal took: less
    /// than all if it has no room for more at the moment.
    ///
    /// # Errors
    /// What the call says; what was written before stays written.
    pub fn write(&self, bytes: &[u8]) -> Result<usize, Error> {
        let mut written = 0;
        for piece in bytes.chunks(self.buffer.size().max(1)) {
            self.buffer.write(0, piece)?;
            let taken = self.session.write(piece.len())?.min(piece.len());
            written += taken;
            if taken < piece.len() {
                break;
            }
        }
        Ok(written)
    }

    /// Sets whom to tell when there is something to read.
    ///
    /// # Errors
    /// What the call says.
    pub fn read_avail_sigh(&self, context: &Capability<SignalContext>) -> Result<(), Error> {
        Ok(self.session.read_avail_sigh(context.clone())?)
    }

    /// Sets whom to tell when the terminal's size changes.
    ///
    /// # Errors
    /// What the call says.
    pub fn size_changed_sigh(&self, context: &Capability<SignalContext>) -> Result<(), Error> {
        Ok(self.session.size_changed_sigh(context.clone())?)
    }
}
