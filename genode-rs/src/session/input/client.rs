//! The client's side of a session.

use core::fmt;

use super::{Event, Events, InputSession};
use crate::{
    cap::Capability, connection::Connection, dataspace::Attached, env::Env, error::Error,
    signal::SignalContext,
};

/// Why there are no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// The server says that it flushed more events than there is room for, or fewer than none.
    Count {
        /// Events by its answer.
        count: i32,
        /// Events that there is room for.
        room: usize,
    },
    /// The call or the mapping failed.
    System(Error),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count { count, room } => write!(
                f,
                "the input server flushed {count} events, where {room} fit: close the session"
            ),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for InputError {}

impl<E: Into<Error>> From<E> for InputError {
    fn from(error: E) -> Self {
        Self::System(error.into())
    }
}

/// Calls `each` for the events that a server says that it flushed. Returns their number.
pub(super) fn flushed(
    events: Events<'_>,
    count: i32,
    mut each: impl FnMut(Event),
) -> Result<usize, InputError> {
    let room = events.room();
    let number = usize::try_from(count).ok().filter(|number| *number <= room);
    let number = number.ok_or(InputError::Count { count, room })?;
    for at in 0..number {
        each(events.read(at)?);
    }
    Ok(number)
}

/// An Input session.
#[must_use = "dropping it closes the session"]
#[derive(Debug)]
pub struct InputConnection {
    // Unmapped before the session is closed.
    buffer: Attached,
    session: Connection<dyn InputSession>,
}

impl InputConnection {
    /// Opens a session.
    ///
    /// # Errors
    /// What opening the session and mapping its memory say.
    pub fn open(env: Env, label: &str) -> Result<Self, InputError> {
        let session = Connection::<dyn InputSession>::open(env, label)?;
        let ds = session.dataspace()?;
        if !ds.is_valid() {
            return Err(Error::Gone.into());
        }
        Ok(Self { buffer: Attached::read_only(&ds)?, session })
    }

    /// Takes the events that there are and calls `each` for each, in their order; returns their
    /// number. The server chose them: keys and numbers are of any value.
    ///
    /// # Errors
    /// [`InputError::Count`], and what the call says.
    pub fn for_each(&self, each: impl FnMut(Event)) -> Result<usize, InputError> {
        let count = self.session.flush()?;
        flushed(Events::new(&self.buffer), count, each)
    }

    /// Asks whether there are events.
    ///
    /// # Errors
    /// What the call says.
    pub fn pending(&self) -> Result<bool, InputError> {
        Ok(self.session.pending()?)
    }

    /// Sets the handler that is signalled when there are events; that may be at once.
    ///
    /// # Errors
    /// What the call says.
    pub fn sigh(&self, context: &Capability<SignalContext>) -> Result<(), InputError> {
        Ok(self.session.sigh(context.clone())?)
    }

    /// Asks for motions of the pointer by themselves, without a place, and for nobody else.
    ///
    /// # Errors
    /// What the call says; versions of Genode before 26.02 do not know it.
    pub fn exclusive(&self, enabled: bool) -> Result<(), InputError> {
        Ok(self.session.exclusive(enabled)?)
    }
}
