//! The protocol's stream: descriptors, and what a device is.

use bitflags::bitflags;

use crate::packet_stream::{Kind, Protocol};

/// The packet stream of a Block session: queues of 256, descriptors of 56 bytes.
#[derive(Debug)]
pub enum Block {}

/// An operation on blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read blocks into the packet.
    Read,
    /// Write blocks from the packet.
    Write,
    /// Make all that was acknowledged before durable, of the whole device.
    Sync,
    /// Forget the content of blocks.
    Trim,
    /// A number that means nothing.
    Unknown(u32),
}

impl Operation {
    const fn number(self) -> u32 {
        match self {
            Self::Read => 0,
            Self::Write => 1,
            Self::Sync => 2,
            Self::Trim => 3,
            Self::Unknown(number) => number,
        }
    }

    const fn of(number: u32) -> Self {
        match number {
            0 => Self::Read,
            1 => Self::Write,
            2 => Self::Sync,
            3 => Self::Trim,
            _ => Self::Unknown(number),
        }
    }

    /// Returns whether the blocks' content is in the packet.
    pub const fn has_payload(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}

/// A descriptor's content beside the packet's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The operation.
    pub operation: Operation,
    /// Chosen by the client, to know the acknowledgement by.
    pub tag: u64,
    /// First block.
    pub block: u64,
    /// Number of blocks.
    pub count: u64,
    /// Success of the operation; in acknowledgements.
    pub success: bool,
}

impl Protocol for Block {
    const SUBMIT_QUEUE: u32 = 256;
    const ACK_QUEUE: u32 = 256;
    const ALIGN_LOG2: u8 = 11;
    const WORDS: usize = 5;

    type Header = Header;

    fn encode(header: &Header, words: &mut [u64]) {
        let operation = header.operation.number().into();
        let fields = [operation, header.tag, header.block, header.count, u64::from(header.success)];
        words.iter_mut().zip(fields).for_each(|(word, field)| *word = field);
    }

    fn decode(words: &[u64]) -> Header {
        let word = |at| words.get(at).copied().unwrap_or(0);
        Header {
            operation: Operation::of(word(0) as u32),
            tag: word(1),
            block: word(2),
            count: word(3),
            success: word(4) as u8 == 1,
        }
    }

    fn kind(header: &Header) -> Kind {
        if header.operation.has_payload() { Kind::Packet } else { Kind::Bare }
    }
}

/// A device's properties (`Block::Session::Info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct Info {
    /// Bytes per block.
    pub block_size: u64,
    /// Number of blocks.
    pub block_count: u64,
    /// Packets begin at multiples of 2 to this power.
    pub align_log2: u8,
    /// Permission to write and trim blocks.
    pub writeable: bool,
}

impl Info {
    /// Returns the bytes of `count` blocks, if there can be that many.
    pub const fn bytes(&self, count: u64) -> Option<u64> {
        self.block_size.checked_mul(count)
    }

    /// Returns whether the device has all of the blocks.
    pub const fn holds(&self, block: u64, count: u64) -> bool {
        match block.checked_add(count) {
            Some(end) => end <= self.block_count,
            None => false,
        }
    }
}

bitflags! {
    /// Operations that a client may use on a device.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Access: u32 {
        /// Read blocks.
        const READ = 1;
        /// Write, trim, and sync.
        const WRITE = 2;
    }
}
