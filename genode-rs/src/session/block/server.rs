//! The server's side of one session: requests that are checked, and their acknowledgements.

use alloc::rc::{Rc, Weak};
use core::{
    cell::{Cell, RefCell},
    fmt,
};

use super::{Access, Block, BlockSession, Header, Info, Operation};
use crate::{
    cap::Capability,
    packet_stream::{Buffer, Place, Received, Sink, StreamError, TxChannel, View},
    root::{Refused, SessionRequest},
};

/// Memory of the server that a session takes beside its buffer, in bytes.
const OVERHEAD: usize = 4 << 10;

/// Least size of a client's buffer: it may hold a packet then.
const MIN_BUFFER: usize = 32 << 10;

/// The part of a device that a session sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Blocks before the first one.
    pub(super) offset: u64,
    pub(super) info: Info,
}

impl Window {
    /// Cuts the part that session arguments ask for: `offset`, `num_blocks` (all for 0),
    /// `writeable`.
    pub(super) fn new(device: Info, offset: u64, num_blocks: u64, access: Access) -> Option<Self> {
        let left = device.block_count.checked_sub(offset)?;
        let block_count = if num_blocks == 0 { left } else { num_blocks.min(left) };
        let writeable = device.writeable && access.contains(Access::WRITE);
        (block_count > 0)
            .then_some(Self { offset, info: Info { block_count, writeable, ..device } })
    }

    /// Checks a request against the device; returns its first block there.
    pub(super) fn check(&self, header: &Header, place: u64, size: u64) -> Option<u64> {
        let Info { align_log2, writeable, .. } = self.info;
        let inside = header.count > 0 && self.info.holds(header.block, header.count);
        let fits = || {
            let aligned = place & ((1 << align_log2) - 1) == 0;
            aligned && self.info.bytes(header.count).is_some_and(|bytes| bytes <= size)
        };
        let allowed = match header.operation {
            Operation::Read => inside && fits(),
            Operation::Write => writeable && inside && fits(),
            // Genode's clients name any blocks here, or none.
            Operation::Sync => return writeable.then_some(self.offset),
            Operation::Trim => writeable && (inside || header.count == 0),
            Operation::Unknown(_) => false,
        };
        allowed.then(|| header.block.saturating_add(self.offset))
    }
}

/// A request of a client that the device can do.
#[must_use = "the client waits for its end: BlockServer::finish"]
pub struct Job {
    packet: Received<Header>,
    block: u64,
    bytes: usize,
}

impl Job {
    /// Returns what is to be done.
    pub fn operation(&self) -> Operation {
        self.packet.header().operation
    }

    /// Returns the first block, of the device.
    pub fn block(&self) -> u64 {
        self.block
    }

    /// Returns the number of blocks; not limited for a sync, which is for the whole device.
    pub fn count(&self) -> u64 {
        self.packet.header().count
    }

    /// Returns the blocks' content, of exactly that many: to be read for a write, to be filled for
    /// a read. The client may change it meanwhile.
    ///
    /// # Errors
    /// [`StreamError::Range`] for an operation that has none.
    pub fn content(&self) -> Result<View<'_>, StreamError> {
        self.packet.view()?.part(0, self.bytes)
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("operation", &self.operation())
            .field("block", &self.block)
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

/// One session of a Block server. [`Root`](crate::root::Root) serves it as `Rc<BlockServer>`.
#[must_use = "dropping it ends the session"]
pub struct BlockServer {
    sink: Sink<Block>,
    window: Window,
    /// Jobs that are not finished.
    jobs: Cell<u32>,
    /// Finished jobs that found no room, which a client causes that writes the queue's index.
    broken: RefCell<Option<StreamError>>,
}

impl BlockServer {
    /// Makes the session that a client asks for, of a device, with at most `access`. The client's
    /// donation pays for the buffer.
    ///
    /// # Errors
    /// [`Refused::InsufficientRam`] when it does not, [`Refused::Denied`] for a part of the device
    /// that is not there, and for a buffer that holds no packet.
    pub fn new(
        request: &SessionRequest<'_>,
        place: impl Into<Place>,
        device: Info,
        access: Access,
    ) -> Result<Rc<Self>, Refused> {
        let args = request.args();
        let number = |key| args.u64(key, 0);
        let mut access = access;
        if !args.bool("writeable", true) {
            access.remove(Access::WRITE);
        }
        let window = Window::new(device, number("offset"), number("num_blocks"), access);
        let window = window.ok_or(Refused::Denied)?;
        let size = usize::try_from(number("tx_buf_size")).map_err(|_| Refused::InsufficientRam)?;
        if size < MIN_BUFFER {
            return Err(Refused::Denied);
        }
        let place = place.into();
        request.account().charge(OVERHEAD)?;
        let buffer = Buffer::new(place, request.account(), size)?;
        let sink = Sink::offer(place, buffer).map_err(|error| match error {
            StreamError::System(error) => error.into(),
            _ => Refused::Denied,
        })?;
        Ok(Rc::new(Self { sink, window, jobs: Cell::new(0), broken: RefCell::new(None) }))
    }

    /// Calls `handle` with the session at each signal of its client's.
    pub fn on_signal(self: &Rc<Self>, mut handle: impl FnMut(&Rc<Self>) + 'static) {
        let weak: Weak<Self> = Rc::downgrade(self);
        self.sink.on_signal(move || {
            if let Some(session) = weak.upgrade() {
                handle(&session);
            }
        });
    }

    /// Returns what the client sees.
    pub fn info(&self) -> Info {
        self.window.info
    }

    /// Takes the next request that the device can do, and acknowledges those before it that it
    /// cannot as failed. `None` while there is none, and while the acknowledgement queue has no
    /// room for one job more.
    ///
    /// # Errors
    /// [`StreamError::Index`]: the client destroyed its queues; close its session or leave it.
    pub fn try_next(&self) -> Result<Option<Job>, StreamError> {
        if let Some(error) = *self.broken.borrow() {
            return Err(error);
        }
        for _ in 0..BURST {
            let wanted = self.jobs.get() + 1;
            if self.sink.ready_to_ack(wanted)? < wanted {
                return Ok(None);
            }
            let Some(packet) = self.sink.try_next()? else { return Ok(None) };
            match self.job(packet) {
                Ok(job) => {
                    self.jobs.set(wanted);
                    return Ok(Some(job));
                }
                Err(packet) => self.ack(packet, false),
            }
        }
        self.sink.remind();
        Ok(None)
    }

    /// Checks a request.
    fn job(&self, packet: Received<Header>) -> Result<Job, Received<Header>> {
        let header = packet.header();
        let size = match packet.view() {
            Ok(view) => view.len() as u64,
            Err(_) => return Err(packet),
        };
        let Some(block) = self.window.check(&header, packet.offset(), size) else {
            return Err(packet);
        };
        let bytes = if header.operation.has_payload() {
            self.window.info.bytes(header.count).and_then(|bytes| usize::try_from(bytes).ok())
        } else {
            Some(0)
        };
        match bytes {
            Some(bytes) => Ok(Job { packet, block, bytes }),
            None => Err(packet),
        }
    }

    fn ack(&self, packet: Received<Header>, success: bool) {
        let header = Header { success, ..packet.header() };
        if let Err(refused) = self.sink.try_ack(packet, &header) {
            *self.broken.borrow_mut() = Some(refused.why);
        }
    }

    /// Acknowledges a job. The client learns of it by [`wakeup`](Self::wakeup).
    pub fn finish(&self, job: Job, success: bool) {
        self.jobs.set(self.jobs.get().saturating_sub(1));
        self.ack(job.packet, success);
    }

    /// Wakes the client if need be: once for a batch of finished jobs.
    pub fn wakeup(&self) {
        self.sink.wakeup();
    }

    /// Does requests at once by `work`, which tells whether it succeeded. After some it lets the
    /// entrypoint do something else, and goes on by a signal, so that other clients get their turn.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub fn handle(&self, mut work: impl FnMut(&Job) -> bool) -> Result<(), StreamError> {
        let mut result = Ok(());
        for turn in 0.. {
            if turn == BURST {
                self.sink.remind();
                break;
            }
            match self.try_next() {
                Ok(Some(job)) => {
                    let success = work(&job);
                    self.finish(job, success);
                }
                Ok(None) => break,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        self.sink.wakeup();
        result
    }

    /// Waits for the next request that the device can do.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub async fn next(&self) -> Result<Job, StreamError> {
        self.sink.look(|| self.try_next()).await
    }
}

/// Requests of one client in a row.
const BURST: u32 = 32;

impl BlockSession for Rc<BlockServer> {
    fn info(&self) -> Info {
        self.window.info
    }

    fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
        self.sink.cap()
    }
}

impl fmt::Debug for BlockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockServer").field("window", &self.window).finish_non_exhaustive()
    }
}
