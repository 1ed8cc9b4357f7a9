//! The client: requests of tasks over one stream, each woken by its own acknowledgement.

use alloc::{rc::Rc, string::String, vec::Vec};
use core::{cell::RefCell, fmt};

use super::{Block, BlockSession, Header, Info, Operation};
use crate::{
    connection::Connection,
    env::Env,
    error::Error,
    packet_stream::{Acked, Packet, Place, Protocol, Source, StreamError},
    quota::RamQuota,
    task::waiters::Waiters,
};

/// Cost of a session beside its buffer, in bytes, as Genode's client counts.
const OVERHEAD: u64 = 14 << 10;

/// Buffer of a session where nothing else is said, in bytes.
const DEFAULT_BUFFER: usize = 128 << 10;

/// Why blocks were not transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockError {
    /// The server could not do it, or refused.
    Failed,
    /// The device has no such blocks, or the bytes are no whole blocks.
    Range {
        /// First block.
        block: u64,
        /// Bytes.
        bytes: u64,
        /// Blocks of the device.
        blocks: u64,
    },
    /// The server acknowledged something else than was asked for.
    Answer,
    /// The stream did not work.
    Stream(StreamError),
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed => f.write_str(
                "the block server could not do it, or does not allow it: see its log and policy",
            ),
            Self::Range { block, bytes, blocks } => write!(
                f,
                "{bytes} bytes at block {block} of a device of {blocks} blocks: take whole blocks that it has"
            ),
            Self::Answer => f.write_str(
                "the block server acknowledged another request: do not trust the content",
            ),
            Self::Stream(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BlockError {}

impl<E: Into<StreamError>> From<E> for BlockError {
    fn from(error: E) -> Self {
        Self::Stream(error.into())
    }
}

/// A request by its tag. Requests that the server has keep the offset of their packet, `None` for
/// those without one.
enum Slot {
    Free,
    /// Not submitted yet.
    Claimed,
    Waiting(Option<usize>),
    /// Nobody waits any more.
    Abandoned(Option<usize>),
    Done(Option<Packet>, Header),
}

impl Slot {
    /// Tells whether the server has the request, with the packet at `offset` or without one.
    const fn has(&self, offset: Option<usize>) -> bool {
        match (self, offset) {
            (Self::Waiting(Some(own)) | Self::Abandoned(Some(own)), Some(offset)) => *own == offset,
            (Self::Waiting(None) | Self::Abandoned(None), None) => true,
            _ => false,
        }
    }
}

/// Requests that are outstanding at most: what the acknowledgement queue holds.
const SLOTS: usize = Block::ACK_QUEUE as usize - 1;

struct Shared {
    source: Source<Block>,
    slots: RefCell<Vec<Slot>>,
    done: Waiters,
}

impl Shared {
    /// Takes a tag for a request.
    fn claim(&self) -> Option<usize> {
        let mut slots = self.slots.borrow_mut();
        let free = slots.iter().position(|slot| matches!(slot, Slot::Free));
        let at = free.or_else(|| {
            (slots.len() < SLOTS).then(|| {
                slots.push(Slot::Free);
                slots.len() - 1
            })
        })?;
        slots[at] = Slot::Claimed;
        Some(at)
    }

    /// Gives an acknowledgement to the request whose packet it has, whatever tag the server says:
    /// no request waits for an answer that another one got. One without packet goes by its tag, or
    /// to any request without packet.
    fn deliver(&self, acked: Acked<Header>) {
        let offset = acked.packet.as_ref().map(Packet::offset);
        let mut slots = self.slots.borrow_mut();
        let tag = usize::try_from(acked.header.tag).unwrap_or(usize::MAX);
        let named = slots.get(tag).is_some_and(|slot| slot.has(offset)).then_some(tag);
        let own = named.or_else(|| slots.iter().position(|slot| slot.has(offset)));
        match own.and_then(|own| slots.get_mut(own)) {
            Some(slot @ Slot::Waiting(_)) => *slot = Slot::Done(acked.packet, acked.header),
            Some(slot) => *slot = Slot::Free,
            None => (), // no request of ours: the packet, if there is one, is free again
        }
    }

    /// Gives the acknowledgements that are there to those that wait.
    fn drain(&self) -> Result<(), StreamError> {
        let mut any = false;
        let mut result = Ok(());
        // Bounded, so that a server that goes on answering does not hold the entrypoint.
        for turn in 0..=SLOTS {
            match self.source.try_acked() {
                Ok(Some(acked)) => {
                    any = true;
                    self.deliver(acked);
                }
                Ok(None) => break,
                Err(StreamError::Unknown { .. }) => (), // dropped; nobody's
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            if turn == SLOTS {
                self.source.remind();
            }
        }
        if any {
            self.done.notify();
        }
        result
    }

    /// Takes the answer to a request, if it is there.
    fn finished(&self, tag: usize) -> Option<(Option<Packet>, Header)> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.get_mut(tag)?;
        match core::mem::replace(slot, Slot::Free) {
            Slot::Done(packet, header) => Some((packet, header)),
            other => {
                *slot = other;
                None
            }
        }
    }
}

/// A request that is waited for. Dropped before its answer, it leaves the tag to the
/// acknowledgement.
struct Claim<'a> {
    shared: &'a Shared,
    tag: usize,
}

impl Claim<'_> {
    /// Notes that the server has the request.
    fn submitted(&self, offset: Option<usize>) {
        if let Some(slot) = self.shared.slots.borrow_mut().get_mut(self.tag) {
            *slot = Slot::Waiting(offset);
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.shared.slots.borrow_mut().get_mut(self.tag) {
            *slot = match slot {
                Slot::Waiting(offset) => Slot::Abandoned(*offset),
                _ => Slot::Free,
            };
        }
        self.shared.done.notify();
    }
}

/// A session request in the making.
#[derive(Clone, Debug)]
#[must_use = "nothing is requested before `open`"]
pub struct Builder {
    label: String,
    buffer: usize,
    writeable: bool,
    place: Option<Place>,
}

impl Builder {
    /// Donates `bytes` for queues and packets instead of 128 KiB.
    pub const fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// Asks for a session that changes nothing.
    pub const fn read_only(mut self) -> Self {
        self.writeable = false;
        self
    }

    /// Puts the stream at a place of its own; one whose `io` is set is for
    /// [`Entrypoint::wait`](crate::entrypoint::Entrypoint::wait) too.
    pub fn place(mut self, place: impl Into<Place>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Opens the session.
    ///
    /// # Errors
    /// What opening the session says; [`StreamError::TooSmall`] for a buffer that holds no packet.
    pub fn open(self, env: Env) -> Result<BlockConnection, BlockError> {
        let mut builder = Connection::<dyn BlockSession>::builder(&self.label)
            .arg("tx_buf_size", self.buffer as u64)
            .ram(RamQuota(OVERHEAD + self.buffer as u64));
        if !self.writeable {
            builder = builder.arg_str("writeable", "no");
        }
        let session = builder.open(env)?;
        let info = session.info()?;
        if info.block_size == 0 || info.align_log2 > 30 {
            return Err(BlockError::Stream(StreamError::System(Error::Invalid)));
        }
        let place = self.place.unwrap_or_else(|| env.ep().into());
        let source = Source::open(place, &session.tx_cap()?, info.align_log2)?;
        let done = Waiters::default();
        let shared = Rc::new(Shared { source, slots: RefCell::new(Vec::new()), done });
        let weak = Rc::downgrade(&shared);
        shared.source.on_signal(move || {
            if let Some(shared) = weak.upgrade() {
                // An index that is wrong is told to whoever waits.
                let _ = shared.drain();
                shared.done.notify();
            }
        });
        Ok(BlockConnection { shared, info, _session: session })
    }
}

/// A Block session for tasks. Any number of them may have requests in it at once.
///
/// Requests may be done in any order; one that depends on another waits for its end. A server that
/// dies answers nothing: bound the waiting by [`Timers::timeout`](crate::time::Timers::timeout).
#[must_use = "dropping it closes the session"]
pub struct BlockConnection {
    // Dropped in this order: the stream goes before the session.
    shared: Rc<Shared>,
    info: Info,
    _session: Connection<dyn BlockSession>,
}

impl BlockConnection {
    /// Opens a session with a buffer of `buffer` bytes for queues and packets, which it donates.
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub fn open(env: Env, label: &str, buffer: usize) -> Result<Self, BlockError> {
        Self::builder(label).buffer(buffer).open(env)
    }

    /// As [`open`](Self::open), with the stream at a place of its own.
    ///
    /// # Errors
    /// As there.
    pub fn open_at(
        env: Env,
        place: impl Into<Place>,
        label: &str,
        buffer: usize,
    ) -> Result<Self, BlockError> {
        Self::builder(label).buffer(buffer).place(place).open(env)
    }

    /// Starts a session request.
    pub fn builder(label: &str) -> Builder {
        Builder { label: label.into(), buffer: DEFAULT_BUFFER, writeable: true, place: None }
    }

    /// Returns what the device is. The server chose it.
    pub fn info(&self) -> Info {
        self.info
    }

    /// Returns the number of blocks that one packet holds at most.
    pub fn largest(&self) -> u64 {
        self.shared.source.largest() as u64 / self.info.block_size
    }

    /// Allocates a packet for `count` blocks, and waits while the buffer is full.
    ///
    /// # Errors
    /// [`StreamError::PacketSize`] for more than [`largest`](Self::largest).
    pub async fn alloc(&self, count: u64) -> Result<Packet, BlockError> {
        let bytes = self.info.bytes(count).and_then(|bytes| usize::try_from(bytes).ok());
        Ok(self.shared.source.alloc(bytes.unwrap_or(usize::MAX)).await?)
    }

    /// Sends one request as it is, and waits for its answer: the packet, which the operations
    /// without payload have none of.
    ///
    /// # Errors
    /// [`BlockError::Failed`], [`BlockError::Answer`], and what the stream says.
    pub async fn request(
        &self,
        operation: Operation,
        block: u64,
        count: u64,
        packet: Option<Packet>,
    ) -> Result<Option<Packet>, BlockError> {
        let shared = &*self.shared;
        let tag = shared
            .done
            .until(|| {
                let claimed = shared.claim();
                if claimed.is_none() {
                    shared.source.wakeup();
                }
                claimed
            })
            .await;
        let claim = Claim { shared, tag };
        let asked = Header { operation, tag: tag as u64, block, count, success: false };
        let packet = packet.unwrap_or_else(|| shared.source.bare());
        let offset = (packet.size() > 0).then(|| packet.offset());
        shared.source.submit(packet, &asked).await?;
        claim.submitted(offset);
        let (packet, answer) = shared
            .done
            .until(|| {
                // Also where another request's answer cannot be read.
                let drained = shared.drain();
                let finished = shared.finished(tag).map(Ok);
                let found = finished.or_else(|| drained.err().map(Err));
                if found.is_none() {
                    shared.source.wakeup();
                }
                found
            })
            .await?;
        if (Header { success: false, ..answer }) != asked {
            return Err(BlockError::Answer);
        }
        if answer.success { Ok(packet) } else { Err(BlockError::Failed) }
    }

    /// Checks that bytes are whole blocks of the device; returns how many.
    fn blocks(&self, block: u64, bytes: usize) -> Result<u64, BlockError> {
        let (bytes, blocks) = (bytes as u64, self.info.block_count);
        let count = bytes / self.info.block_size;
        let whole = bytes.is_multiple_of(self.info.block_size);
        if !whole || !self.info.holds(block, count) {
            return Err(BlockError::Range { block, bytes, blocks });
        }
        Ok(count)
    }

    /// Reads `count` blocks from `block` on into a packet.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc) and [`request`](Self::request).
    pub async fn read(&self, block: u64, count: u64) -> Result<Packet, BlockError> {
        let packet = self.alloc(count).await?;
        let packet = self.request(Operation::Read, block, count, Some(packet)).await?;
        packet.ok_or(BlockError::Answer)
    }

    /// Writes a packet of whole blocks from `block` on; returns it.
    ///
    /// # Errors
    /// As [`request`](Self::request); [`BlockError::Range`] for what are no whole blocks.
    pub async fn write(&self, block: u64, packet: Packet) -> Result<Packet, BlockError> {
        let count = self.blocks(block, packet.size())?;
        let packet = self.request(Operation::Write, block, count, Some(packet)).await?;
        packet.ok_or(BlockError::Answer)
    }

    /// Reads whole blocks from `block` on, in as many packets as it takes, one after the other.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`BlockError::Range`].
    pub async fn read_at(&self, block: u64, into: &mut [u8]) -> Result<(), BlockError> {
        self.blocks(block, into.len())?;
        let piece = (self.largest() * self.info.block_size) as usize;
        let mut at = block;
        for bytes in into.chunks_mut(piece.max(1)) {
            let count = bytes.len() as u64 / self.info.block_size;
            self.read(at, count).await?.view().read(0, bytes)?;
            at += count;
        }
        Ok(())
    }

    /// Writes whole blocks from `block` on, in as many packets as it takes, one after the other.
    ///
    /// # Errors
    /// As [`write`](Self::write); [`BlockError::Range`].
    pub async fn write_at(&self, block: u64, from: &[u8]) -> Result<(), BlockError> {
        self.blocks(block, from.len())?;
        let piece = (self.largest() * self.info.block_size) as usize;
        let mut at = block;
        for bytes in from.chunks(piece.max(1)) {
            let count = bytes.len() as u64 / self.info.block_size;
            let packet = self.alloc(count).await?;
            packet.view().write(0, bytes)?;
            drop(self.write(at, packet).await?);
            at += count;
        }
        Ok(())
    }

    /// Waits until all that was acknowledged before is durable.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub async fn sync(&self) -> Result<(), BlockError> {
        self.request(Operation::Sync, 0, self.info.block_count, None).await.map(drop)
    }

    /// Lets the device forget `count` blocks from `block` on.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub async fn trim(&self, block: u64, count: u64) -> Result<(), BlockError> {
        self.request(Operation::Trim, block, count, None).await.map(drop)
    }
}

impl fmt::Debug for BlockConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockConnection").field("info", &self.info).finish_non_exhaustive()
    }
}
