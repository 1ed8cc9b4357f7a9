//! The work of `rs_nic_loopback`: frames of a client go back to it, some in a row.
#![no_std]
#![deny(missing_docs)]

use core::cell::RefCell;

use genode::session::nic::{Frame, Port, PortError};

/// Frames of one client in a row.
pub const BURST: u32 = 32;

/// An end of a session as the loopback needs it.
pub trait Station {
    /// A frame that was received and not acknowledged yet.
    type Frame;
    /// A stream that does not work.
    type Error;

    /// Takes the next frame, if there is one.
    ///
    /// # Errors
    /// The client destroyed its queues.
    fn next(&self) -> Result<Option<Self::Frame>, Self::Error>;

    /// Sends a copy of a frame, if there is room for it.
    ///
    /// # Errors
    /// The client destroyed its queues.
    fn send(&self, frame: &Self::Frame) -> Result<bool, Self::Error>;

    /// Acknowledges a frame.
    fn release(&self, frame: Self::Frame);
}

impl Station for Port {
    type Frame = Frame;
    type Error = PortError;

    fn next(&self) -> Result<Option<Frame>, PortError> {
        self.try_next()
    }

    fn send(&self, frame: &Frame) -> Result<bool, PortError> {
        let view = frame.view()?;
        self.try_send_with(view.len(), |to| to.copy_view(&view))
    }

    fn release(&self, frame: Frame) {
        Self::release(self, frame);
    }
}

/// End of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is left that can be done before the client's next signal.
    Idle,
    /// The client had its share; more may be left.
    More,
}

/// Sends frames of one client back to it.
#[derive(Debug)]
pub struct Echo<F> {
    /// A frame whose echo found no room.
    left: RefCell<Option<F>>,
}

impl<F> Default for Echo<F> {
    fn default() -> Self {
        Self { left: RefCell::new(None) }
    }
}

impl<F> Echo<F> {
    /// Sends back [`BURST`] frames at most. The caller wakes the client, and comes again for
    /// [`Turn::More`].
    ///
    /// # Errors
    /// What the station says.
    pub fn turn<S: Station<Frame = F>>(&self, station: &S) -> Result<Turn, S::Error> {
        for _ in 0..BURST {
            let left = self.left.take();
            let next = match left {
                Some(frame) => Some(frame),
                None => station.next()?,
            };
            let Some(frame) = next else { return Ok(Turn::Idle) };
            match station.send(&frame) {
                Ok(true) => station.release(frame),
                Ok(false) => {
                    *self.left.borrow_mut() = Some(frame);
                    return Ok(Turn::Idle);
                }
                Err(error) => {
                    // The stream of echoes is broken: that of requests may be read on.
                    station.release(frame);
                    return Err(error);
                }
            }
        }
        Ok(Turn::More)
    }
}

#[cfg(test)]
mod tests;
