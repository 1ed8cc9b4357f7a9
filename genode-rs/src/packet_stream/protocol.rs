//! A protocol's properties of its streams, and where that puts things in the shared memory.

use core::fmt;

use crate::error::Error;

/// Words of a descriptor behind offset and size, at most.
pub const MAX_WORDS: usize = 8;

/// A protocol on packet streams: how long its queues are, and what its descriptors say beside the
/// packet's place.
///
/// A descriptor is 8 bytes of offset, 8 bytes of size, and [`WORDS`](Self::WORDS) words that the
/// protocol encodes as Genode's C++ lays them out. Both sides must agree on it.
///
/// ```
/// use genode::packet_stream::Protocol;
///
/// /// Packets of an echo service, with a number.
/// enum Echo {}
/// impl Protocol for Echo {
///     const SUBMIT_QUEUE: u32 = 64;
///     const ACK_QUEUE: u32 = 64;
///     const WORDS: usize = 1;
///     type Header = u64;
///     fn encode(number: &u64, words: &mut [u64]) { words[0] = *number; }
///     fn decode(words: &[u64]) -> u64 { words[0] }
/// }
/// ```
pub trait Protocol: 'static {
    /// Slots of the submit queue, 2 at least; it holds one packet less.
    const SUBMIT_QUEUE: u32;
    /// Slots of the acknowledgement queue, 2 at least.
    const ACK_QUEUE: u32;
    /// Packets begin at multiples of 2 to this power, unless a source asks for more.
    const ALIGN_LOG2: u8 = 0;
    /// Words of the header in a descriptor, at most [`MAX_WORDS`].
    const WORDS: usize;

    /// A descriptor's content beside the packet's place.
    type Header: Copy + 'static;

    /// Writes a header into [`WORDS`](Self::WORDS) words, which are zero.
    fn encode(header: &Self::Header, words: &mut [u64]);

    /// Reads a header. A peer wrote the words, and its C++ leaves bytes between fields undefined:
    /// take each field's bytes only, and keep values that are none in a form that says so.
    fn decode(words: &[u64]) -> Self::Header;

    /// Tells what a descriptor of non-zero size stands for. Asked for acknowledgements.
    fn kind(_header: &Self::Header) -> Kind {
        Kind::Packet
    }
}

/// Meaning of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A packet with a range of the bulk buffer, which it names by its offset; without one if its
    /// size is 0.
    Packet,
    /// A request without a range, whatever its size says: a server of Genode's acknowledges a sync
    /// with the size of the blocks.
    Bare,
    /// Nothing that was submitted: a server tells news through the acknowledgement queue.
    Notice,
}

/// Genode's plain descriptor, offset and size, with the queues of Nic and Uplink.
#[derive(Debug)]
pub enum Plain<const SLOTS: u32> {}

impl<const SLOTS: u32> Protocol for Plain<SLOTS> {
    const SUBMIT_QUEUE: u32 = SLOTS;
    const ACK_QUEUE: u32 = SLOTS;
    const WORDS: usize = 0;

    type Header = ();

    fn encode(_header: &(), _words: &mut [u64]) {}

    fn decode(_words: &[u64]) {}
}

/// A queue of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// From source to sink.
    Submit,
    /// From sink to source.
    Ack,
}

/// Why a stream did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// The peer moved its index of a queue to where it cannot be. Final unless the peer repairs it:
    /// close the session.
    Index {
        /// The queue.
        queue: Queue,
        /// The index that was read.
        index: u32,
        /// Slots of the queue.
        slots: u32,
    },
    /// An acknowledgement names no packet that is outstanding. It was dropped; all packets are as
    /// before.
    Unknown {
        /// Offset in the dataspace.
        offset: u64,
        /// Bytes.
        size: u64,
    },
    /// A packet, or an access to one, lies outside of the bulk buffer.
    Range {
        /// Offset in the dataspace, of an access in the packet.
        offset: u64,
        /// Bytes.
        size: u64,
        /// Bytes there are.
        limit: u64,
    },
    /// The queue is full: wait until the peer took something.
    Full(Queue),
    /// The packet belongs to another stream.
    Foreign,
    /// The dataspace cannot hold the queues and one packet.
    TooSmall {
        /// Bytes of the dataspace.
        size: usize,
        /// Bytes that the queues take.
        queues: usize,
    },
    /// The packet is larger than the bulk buffer, or empty.
    PacketSize {
        /// Bytes that were asked for.
        asked: usize,
        /// Bytes that the largest packet has.
        largest: usize,
    },
    /// The system refused something.
    System(Error),
}

impl From<Error> for StreamError {
    fn from(error: Error) -> Self {
        Self::System(error)
    }
}

impl From<crate::rpc::Error> for StreamError {
    fn from(error: crate::rpc::Error) -> Self {
        Self::System(error.into())
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |queue| match queue {
            Queue::Submit => "submit queue",
            Queue::Ack => "acknowledgement queue",
        };
        match *self {
            Self::Index { queue, index, slots } => write!(
                f,
                "the peer's index of the {} became {index} of {slots}, where it cannot be: close the session",
                name(queue)
            ),
            Self::Unknown { offset, size } => write!(
                f,
                "acknowledgement of {size} bytes at {offset:#x}, where no packet is outstanding: it was dropped"
            ),
            Self::Range { offset, size, limit } => write!(
                f,
                "{size} bytes at {offset:#x} of a packet stream, where {limit} bytes are: take a smaller range"
            ),
            Self::Full(queue) => {
                write!(f, "the {} is full: wait until the peer took something", name(queue))
            }
            Self::Foreign => f.write_str("the packet belongs to another stream: return it there"),
            Self::TooSmall { size, queues } => write!(
                f,
                "a buffer of {size} bytes cannot hold queues of {queues} bytes and a packet: ask for a larger one"
            ),
            Self::PacketSize { asked, largest } => {
                write!(f, "packet of {asked} bytes: take 1 to {largest}, or a larger buffer")
            }
            Self::System(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StreamError {}

/// Places of a stream's parts in its dataspace, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Start of the acknowledgement queue; the submit queue begins at 0.
    pub ack_queue: usize,
    /// Start of the bulk buffer.
    pub bulk: usize,
    /// End of the bulk buffer.
    pub end: usize,
}

/// Bytes before a queue's first descriptor: head and tail, 4 each.
const INDICES: usize = 8;

/// The bulk buffer begins at a multiple of this.
const BULK_ALIGN: usize = 64;

impl Layout {
    /// Bytes of a descriptor.
    pub const fn descriptor<P: Protocol>() -> usize {
        8 * Self::descriptor_words::<P>()
    }

    pub(super) const fn descriptor_words<P: Protocol>() -> usize {
        const { assert!(P::WORDS <= MAX_WORDS && P::SUBMIT_QUEUE >= 2 && P::ACK_QUEUE >= 2) };
        2 + P::WORDS
    }

    /// Bytes of both queues.
    pub const fn queues<P: Protocol>() -> usize {
        let slots = P::SUBMIT_QUEUE as usize + P::ACK_QUEUE as usize;
        (2 * INDICES + slots * Self::descriptor::<P>()).next_multiple_of(BULK_ALIGN)
    }

    /// Divides a dataspace of `size` bytes.
    ///
    /// # Errors
    /// [`StreamError::TooSmall`] when nothing is left for packets.
    pub const fn new<P: Protocol>(size: usize) -> Result<Self, StreamError> {
        let queues = Self::queues::<P>();
        if queues >= size {
            return Err(StreamError::TooSmall { size, queues });
        }
        Ok(Self { ack_queue: Self::ack_queue_of::<P>(), bulk: queues, end: size })
    }

    pub(super) const fn ack_queue_of<P: Protocol>() -> usize {
        INDICES + P::SUBMIT_QUEUE as usize * Self::descriptor::<P>()
    }

    /// Checks that a descriptor's place lies in the bulk buffer; returns its offset.
    pub(super) fn check(&self, offset: u64, size: u64) -> Result<usize, StreamError> {
        let limit = (self.end - self.bulk) as u64;
        let wrong = StreamError::Range { offset, size, limit };
        let end = offset.checked_add(size).ok_or(wrong)?;
        if offset < self.bulk as u64 || end > self.end as u64 {
            return Err(wrong);
        }
        usize::try_from(offset).map_err(|_| wrong)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;

    #[test]
    fn queues_and_bulk_buffer_lie_where_genode_puts_them() {
        // 1024 descriptors of 16 bytes: queues of 8 + 16384 bytes each.
        let layout = Layout::new::<Plain<1024>>(1 << 20).unwrap();
        assert_eq!((layout.ack_queue, layout.bulk, layout.end), (16392, 32832, 1 << 20));
        assert_eq!(Layout::queues::<Plain<2>>(), 128);
        let small = StreamError::TooSmall { size: 128, queues: 128 };
        assert_eq!(Layout::new::<Plain<2>>(128), Err(small));
        assert!(Layout::new::<Plain<2>>(129).is_ok());
    }

    #[test]
    fn a_place_is_within_the_bulk_buffer_or_an_error() {
        let layout = Layout::new::<Plain<2>>(256).unwrap();
        for (offset, size) in [(128, 128), (128, 0), (255, 1), (256, 0), (200, 56)] {
            assert_eq!(layout.check(offset, size), Ok(offset as usize));
        }
        for (offset, size) in [
            (127, 1),
            (128, 129),
            (256, 1),
            (u64::MAX, 1),
            (u64::MAX, u64::MAX),
            (0, 0),
            (130, u64::MAX),
        ] {
            let wrong = StreamError::Range { offset, size, limit: 128 };
            assert_eq!(layout.check(offset, size), Err(wrong));
        }
    }

    #[test]
    fn an_error_says_what_to_do() {
        for (error, end) in [
            (StreamError::Index { queue: Queue::Ack, index: 9, slots: 4 }, "close the session"),
            (StreamError::Unknown { offset: 4096, size: 1 }, "it was dropped"),
            (StreamError::Range { offset: 1, size: 2, limit: 3 }, "take a smaller range"),
            (StreamError::Full(Queue::Submit), "wait until the peer took something"),
            (StreamError::Foreign, "return it there"),
            (StreamError::TooSmall { size: 1, queues: 2 }, "ask for a larger one"),
            (StreamError::PacketSize { asked: 9, largest: 3 }, "take 1 to 3, or a larger buffer"),
            (StreamError::System(Error::Gone), "closed the session"),
        ] {
            assert!(error.to_string().ends_with(end), "{error}");
        }
    }
}
