//! Packets: reads, writes and news, as they lie in the queues of a session.

use super::types::NodeHandle;
use crate::packet_stream::{Kind, Protocol};

/// Slots of each queue of a session, which hold one packet less.
pub const QUEUE: u32 = 32;

/// Position that stands for the end of a file at the time when the server looks: a write appends
/// there, a read has the last bytes.
pub const SEEK_TAIL: u64 = u64::MAX;

/// The operation of a packet (`Packet_descriptor::Opcode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Operation {
    /// Reads the content.
    Read,
    /// Writes the content.
    Write,
    /// Sets the time of the last modification.
    WriteTimestamp,
    /// Tells that a watched node changed: sent by the server, without a request.
    ContentChanged,
    /// Tells when there is something to be read.
    ReadReady,
    /// Makes durable what was written, and tells watchers of it.
    Sync,
}

impl Operation {
    const ALL: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::WriteTimestamp,
        Self::ContentChanged,
        Self::ReadReady,
        Self::Sync,
    ];
}

/// A packet's content beside its place: the request, and how it went.
///
/// Whoever takes one from a queue has what the other side wrote: check its fields before use.
///
/// ```
/// use genode::session::file_system::{Header, NodeHandle, Operation};
///
/// let request = Header { length: 100, ..Header::request(NodeHandle(3), Operation::Read) };
/// let answer = request.done(60);
/// assert!(answer.succeeded && answer.length == 60);
/// assert_eq!(answer.operation(), Some(Operation::Read));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The node.
    pub handle: NodeHandle,
    /// Number of the operation, see [`operation`](Self::operation).
    pub code: u32,
    /// Set by the server: it was done.
    pub succeeded: bool,
    /// Position in the file; the time stamp for [`Operation::WriteTimestamp`].
    pub position: u64,
    /// Bytes to be read or written; in the answer those that were. Without meaning for
    /// [`Operation::WriteTimestamp`].
    pub length: u64,
}

impl Header {
    /// Makes a request at position 0 of no bytes.
    pub const fn request(handle: NodeHandle, operation: Operation) -> Self {
        Self { handle, code: operation as u32, succeeded: false, position: 0, length: 0 }
    }

    /// Makes news of a server, which nobody asked for.
    pub const fn news(handle: NodeHandle, operation: Operation) -> Self {
        Self { succeeded: true, ..Self::request(handle, operation) }
    }

    /// Returns the operation; `None` for a number that stands for none.
    pub fn operation(&self) -> Option<Operation> {
        Operation::ALL.get(self.code as usize).copied()
    }

    /// Returns it as an answer: done, with `length` bytes.
    #[must_use]
    pub const fn done(self, length: u64) -> Self {
        Self { succeeded: true, length, ..self }
    }

    /// Returns it as an answer: not done.
    #[must_use]
    pub const fn failed(self) -> Self {
        Self { succeeded: false, ..self }
    }
}

/// The packets of a File_system session.
#[derive(Debug)]
pub enum Packets {}

impl Protocol for Packets {
    const SUBMIT_QUEUE: u32 = QUEUE;
    const ACK_QUEUE: u32 = QUEUE;
    const WORDS: usize = 4;

    type Header = Header;

    fn encode(header: &Header, words: &mut [u64]) {
        let Header { handle, code, succeeded, position, length } = *header;
        let second = u64::from(code) | u64::from(succeeded) << 32;
        for (word, value) in words.iter_mut().zip([handle.0, second, position, length]) {
            *word = value;
        }
    }

    /// Takes any other byte than 0 for success, as C++ does, and ignores the three behind it.
    fn decode(words: &[u64]) -> Header {
        let word = |index: usize| words.get(index).copied().unwrap_or(0);
        Header {
            handle: NodeHandle(word(0)),
            code: word(1) as u32,
            succeeded: (word(1) >> 32) as u8 != 0,
            position: word(2),
            length: word(3),
        }
    }

    fn kind(header: &Header) -> Kind {
        match header.operation() {
            Some(Operation::ContentChanged) => Kind::Notice,
            _ => Kind::Packet,
        }
    }
}
