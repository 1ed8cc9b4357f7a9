//! One client's session: requests of its partition, done by a session of its own at the device.

use alloc::{
    collections::BTreeSet,
    rc::{Rc, Weak},
};
use core::cell::{Cell, RefCell};

use genode::{
    packet_stream::StreamError,
    session::block::{BlockConnection, BlockError, BlockServer, Job, Operation},
    task::Tasks,
};
use partitions::Partition;

/// Requests of one client that the device has at a time.
const DEPTH: u32 = 16;

/// Bytes of a request that travel to the device at a time, at most.
const PIECE: u64 = 64 << 10;

/// Numbers of the partitions that somebody has open.
pub(crate) type InUse = Rc<RefCell<BTreeSet<u32>>>;

/// A partition that nobody else opens meanwhile.
pub(crate) struct Claim {
    number: u32,
    in_use: InUse,
}

impl Claim {
    /// Takes a partition; `None` if somebody has it.
    pub(crate) fn take(in_use: &InUse, number: u32) -> Option<Self> {
        let free = in_use.borrow_mut().insert(number);
        free.then(|| Self { number, in_use: in_use.clone() })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.in_use.borrow_mut().remove(&self.number);
    }
}

/// A client's session without the client's end, which keeps it. With it end its requests on their
/// way and its session at the device, so that the partition is free for the next client at once.
pub(crate) struct Session {
    // Dropped first: its tasks use the rest.
    _tasks: Rc<Tasks>,
    shared: Rc<Shared>,
}

impl Session {
    pub(crate) fn new(
        device: BlockConnection,
        partition: Partition,
        claim: Claim,
        tasks: Tasks,
    ) -> Self {
        let tasks = Rc::new(tasks);
        let spawn = Rc::downgrade(&tasks);
        let shared = Shared { device, partition, on_way: Cell::new(0), spawn, _claim: claim };
        Self { _tasks: tasks, shared: Rc::new(shared) }
    }

    /// Begins requests of the client, as many as may be on their way. Each that ends looks for the
    /// next one.
    ///
    /// # Errors
    /// [`StreamError::Index`]: the client destroyed its queues.
    pub(crate) fn pump(&self, server: &Rc<BlockServer>) -> Result<(), StreamError> {
        self.shared.pump(server)
    }
}

/// The part of a session that its requests use.
struct Shared {
    device: BlockConnection,
    partition: Partition,
    on_way: Cell<u32>,
    spawn: Weak<Tasks>,
    _claim: Claim,
}

impl Shared {
    fn pump(self: &Rc<Self>, server: &Rc<BlockServer>) -> Result<(), StreamError> {
        let mut result = Ok(());
        while self.on_way.get() < DEPTH
            && let Some(tasks) = self.spawn.upgrade()
        {
            match server.try_next() {
                Ok(Some(job)) => {
                    self.on_way.set(self.on_way.get() + 1);
                    tasks.spawn(self.clone().run(Rc::downgrade(server), job));
                }
                Ok(None) => break,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        // Refused requests were answered, too.
        server.wakeup();
        result
    }

    async fn run(self: Rc<Self>, server: Weak<BlockServer>, job: Job) {
        let done = self.transfer(&job).await;
        self.on_way.set(self.on_way.get() - 1);
        // A client that has gone wants no answer.
        let Some(server) = server.upgrade() else { return };
        server.finish(job, done.is_ok());
        // One that has destroyed its queues gets none, which its next signal tells.
        let _ = self.pump(&server);
    }

    /// Does a request at the device.
    async fn transfer(&self, job: &Job) -> Result<(), BlockError> {
        let (block, count) = (job.block(), job.count());
        match job.operation() {
            Operation::Sync => self.device.sync().await,
            Operation::Trim if count == 0 => Ok(()),
            Operation::Trim => self.device.trim(self.place(block, count)?, count).await,
            Operation::Read | Operation::Write => {
                self.pieces(job, self.place(block, count)?, count).await
            }
            Operation::Unknown(_) => Err(BlockError::Failed),
        }
    }

    /// Returns where blocks of the partition lie on the device. The session checked them against
    /// the partition; here it is what keeps a client off other partitions, so it is checked again.
    fn place(&self, block: u64, count: u64) -> Result<u64, BlockError> {
        let inside = block.checked_add(count).is_some_and(|end| end <= self.partition.length);
        let place = self.partition.start.checked_add(block).filter(|_| inside);
        place.ok_or(BlockError::Failed)
    }

    /// Moves the content between the client's packet and the device's, piece by piece.
    async fn pieces(&self, job: &Job, place: u64, count: u64) -> Result<(), BlockError> {
        let content = job.content()?;
        let size = self.device.info().block_size;
        let piece = (PIECE / size).clamp(1, self.device.largest().max(1));
        let mut done = 0;
        while done < count {
            let now = piece.min(count - done);
            // Within the content, hence within the address space.
            let part = content.part((done * size) as usize, (now * size) as usize)?;
            if job.operation() == Operation::Read {
                let packet = self.device.read(place + done, now).await?;
                part.copy_view(&packet.view())?;
            } else {
                let packet = self.device.alloc(now).await?;
                packet.view().copy_view(&part)?;
                drop(self.device.write(place + done, packet).await?);
            }
            done += now;
        }
        Ok(())
    }
}
