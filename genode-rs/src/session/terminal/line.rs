//! The server's side of a Terminal session.

use super::{Size, TerminalSession};
use crate::{
    cap::Capability,
    dataspace::{Attached, Dataspace},
    packet_stream::Buffer,
    root::{Refused, SessionRequest},
    signal::{SignalContext, Transmitter},
};

/// Bytes of the buffer that client and server share.
pub const IO_BUFFER: usize = 4096;

/// Events that a client of a terminal wants to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// There is something to read.
    ReadAvail,
    /// The terminal's size changed.
    SizeChanged,
}

/// A server's end of a line, for one session.
pub trait Line {
    /// Returns the terminal's size; none by default.
    fn size(&mut self) -> Size {
        Size::default()
    }
    /// Tells whether there is something for the client to read.
    fn avail(&mut self) -> bool;
    /// Moves what is there into `into`, as far as it fits. Returns the number of bytes.
    fn read(&mut self, into: &mut [u8]) -> usize;
    /// Takes from `from` as much as there is room for. Returns the number of bytes.
    fn write(&mut self, from: &[u8]) -> usize;
    /// Takes whom to tell of an event from now on.
    fn listen(&mut self, event: Listener, client: Transmitter);
    /// Takes whom to tell when the terminal can be used; by default that is at once.
    fn connected(&mut self, client: Transmitter) {
        client.submit();
    }
}

/// A session of a [`Line`], with the buffer that the client pays for.
#[derive(Debug)]
pub struct LineSession<L> {
    line: L,
    // Unmapped, then freed.
    buffer: Attached,
    ram: Buffer,
}

impl<L: Line> LineSession<L> {
    /// Makes a session for a client's request.
    ///
    /// # Errors
    /// [`Refused::InsufficientRam`] when the client did not donate as much as the buffer takes.
    pub fn new(request: &SessionRequest<'_>, line: L) -> Result<Self, Refused> {
        let ram = Buffer::new(request.ep().into(), request.account(), IO_BUFFER)?;
        Ok(Self { line, buffer: Attached::writeable(&ram.cap())?, ram })
    }
}

impl<L: Line> TerminalSession for LineSession<L> {
    fn size(&mut self) -> Size {
        self.line.size()
    }

    fn avail(&mut self) -> bool {
        self.line.avail()
    }

    fn read(&mut self, size: usize) -> usize {
        let mut bytes = [0; IO_BUFFER];
        let room = bytes.get_mut(..size.min(self.buffer.size()).min(IO_BUFFER));
        let room = room.unwrap_or_default();
        let count = self.line.read(room).min(room.len());
        match self.buffer.write(0, &room[..count]) {
            Ok(()) => count,
            Err(_) => 0, // within the buffer, which is writeable
        }
    }

    fn write(&mut self, size: usize) -> usize {
        let mut bytes = [0; IO_BUFFER];
        let all = bytes.get_mut(..size.min(self.buffer.size()).min(IO_BUFFER));
        let all = all.unwrap_or_default();
        // A copy: the client may change the buffer meanwhile.
        match self.buffer.read(0, all) {
            Ok(()) => self.line.write(all).min(all.len()),
            Err(_) => 0,
        }
    }

    fn connected_sigh(&mut self, context: Capability<SignalContext>) {
        self.line.connected(Transmitter::new(context));
    }

    fn read_avail_sigh(&mut self, context: Capability<SignalContext>) {
        self.line.listen(Listener::ReadAvail, Transmitter::new(context));
    }

    fn size_changed_sigh(&mut self, context: Capability<SignalContext>) {
        self.line.listen(Listener::SizeChanged, Transmitter::new(context));
    }

    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.ram.cap()
    }
}
