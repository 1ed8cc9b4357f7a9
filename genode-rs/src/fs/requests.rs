//! Packets that are on their way, and who waits for their answers.

use alloc::collections::BTreeMap;
use core::cell::{Cell, RefCell};

use heapless::Vec;

use super::error::Why;
use crate::{
    packet_stream::{Acked, Packet, Source, StreamError},
    session::file_system::{Header, NodeHandle, Operation, Packets, QUEUE},
    task::waiters::Waiters,
};

/// Buffer of a session where nothing else is said, in bytes; as in C++.
pub const DEFAULT_BUFFER: usize = 128 << 10;

/// Packets on their way at most: as many as a queue holds, so that the server never waits for room
/// to answer.
const LIMIT: usize = QUEUE as usize - 1;

/// A packet on its way.
#[derive(Debug)]
struct Request {
    id: u64,
    header: Header,
    /// Offset of its bytes, by which the answer is known; `None` for one without bytes.
    offset: Option<usize>,
    answer: Option<Answer>,
    /// Nobody waits any more.
    abandoned: bool,
}

/// The answer: its header is checked against what was asked.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) length: usize,
    pub(super) packet: Option<Packet>,
    succeeded: bool,
    sensible: bool,
}

/// The stream of a session, and what is on its way there.
#[derive(Debug)]
pub(super) struct Requests {
    source: Source<Packets>,
    pending: RefCell<Vec<Request, LIMIT>>,
    /// Changes by handle of a watch, counted.
    changes: RefCell<BTreeMap<u64, u32>>,
    last: Cell<u64>,
    /// The server broke the stream.
    broken: Cell<Option<StreamError>>,
    waiters: Waiters,
}

impl Requests {
    pub(super) fn new(source: Source<Packets>) -> Self {
        Self {
            source,
            pending: RefCell::default(),
            changes: RefCell::default(),
            last: Cell::new(0),
            broken: Cell::new(None),
            waiters: Waiters::default(),
        }
    }

    pub(super) const fn source(&self) -> &Source<Packets> {
        &self.source
    }

    /// Takes all answers that there are, and wakes those who wait.
    pub(super) fn signalled(&self) {
        self.collect();
        self.waiters.notify();
    }

    /// Takes all answers that there are.
    fn collect(&self) {
        // Bounded, since a server could answer without end: as many as the queue holds.
        for _ in 0..=QUEUE {
            match self.source.try_acked() {
                Ok(Some(acked)) => self.answered(acked),
                Ok(None) => return,
                // One that nobody asked for.
                Err(StreamError::Unknown { .. }) => (),
                Err(error) => {
                    self.broken.set(Some(error));
                    return;
                }
            }
        }
        // The rest at the next look, which is due at once.
        self.waiters.notify();
    }

    fn answered(&self, Acked { packet, header }: Acked<Header>) {
        if header.operation() == Some(Operation::ContentChanged) {
            if let Some(count) = self.changes.borrow_mut().get_mut(&header.handle.0) {
                *count = count.saturating_add(1);
            }
            return;
        }
        let offset = packet.as_ref().map(Packet::offset);
        let mut pending = self.pending.borrow_mut();
        let place = place_of(&pending, offset, &header);
        let Some(place) = place else { return };
        if pending[place].abandoned {
            pending.swap_remove(place);
            return;
        }
        let asked = pending[place].header;
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let room = usize::try_from(asked.length).unwrap_or(usize::MAX);
        let stamp = asked.operation() == Some(Operation::WriteTimestamp);
        let sensible =
            header.handle == asked.handle && header.code == asked.code && (stamp || length <= room);
        let (length, succeeded) = (length.min(room), header.succeeded);
        pending[place].answer = Some(Answer { length, packet, succeeded, sensible });
    }

    /// Looks until there is something, and wakes the server before it waits.
    async fn until<T>(
        &self,
        mut find: impl FnMut() -> Option<T> + Unpin,
    ) -> Result<T, StreamError> {
        self.waiters
            .until(|| {
                self.collect();
                let found = find().map(Ok).or_else(|| self.broken.get().map(Err));
                if found.is_none() {
                    self.source.wakeup();
                }
                found
            })
            .await
    }

    /// Sends a packet, and waits for its answer.
    ///
    /// # Errors
    /// [`Why::Failed`], [`Why::Nonsense`], [`Why::Stream`].
    pub(super) async fn request(&self, header: Header, packet: Packet) -> Result<Answer, Why> {
        let id = self.last.get() + 1;
        self.last.set(id);
        let offset = (packet.size() > 0).then(|| packet.offset());
        let mut left = Some(packet);
        let sent = self
            .until(|| {
                let request = Request { id, header, offset, answer: None, abandoned: false };
                if self.pending.borrow().is_full() {
                    return None;
                }
                match self.source.try_submit(left.take()?, &header) {
                    Ok(()) => {
                        Some(self.pending.borrow_mut().push(request).map_err(|_| Why::Failed))
                    }
                    Err(refused) if matches!(refused.why, StreamError::Full(_)) => {
                        left = Some(refused.packet);
                        None
                    }
                    Err(refused) => Some(Err(refused.why.into())),
                }
            })
            .await?;
        sent?;
        let _abandon = Abandon { requests: self, id };
        let answer = self.until(|| self.take(id)).await?;
        // A slot is free: those who wait for one look again.
        self.waiters.notify();
        match answer {
            Answer { sensible: false, .. } => Err(Why::Nonsense),
            Answer { succeeded: false, .. } => Err(Why::Failed),
            answer => Ok(answer),
        }
    }

    fn take(&self, id: u64) -> Option<Answer> {
        let mut pending = self.pending.borrow_mut();
        let place = pending.iter().position(|request| request.id == id)?;
        let answer = pending[place].answer.take()?;
        pending.swap_remove(place);
        Some(answer)
    }

    /// Begins to count the changes of a watched node.
    pub(super) fn follow(&self, handle: NodeHandle) {
        self.changes.borrow_mut().insert(handle.0, 0);
    }

    /// Ends that.
    pub(super) fn unfollow(&self, handle: NodeHandle) {
        self.changes.borrow_mut().remove(&handle.0);
    }

    /// Waits for changes of a watched node.
    ///
    /// # Errors
    /// [`Why::Stream`].
    pub(super) async fn changed(&self, handle: NodeHandle) -> Result<u32, Why> {
        let take = || {
            let mut changes = self.changes.borrow_mut();
            let count = changes.get_mut(&handle.0).map(core::mem::take);
            count.filter(|&count| count > 0)
        };
        Ok(self.until(take).await?)
    }
}

/// Finds the request that an answer is for: that of its packet, whatever else the server says. An
/// answer without packet is for the oldest request of its handle and operation, or of any: none
/// waits for an answer that another one got.
fn place_of(pending: &[Request], offset: Option<usize>, header: &Header) -> Option<usize> {
    let waiting = pending
        .iter()
        .enumerate()
        .filter(|(_, request)| request.answer.is_none() && request.offset == offset);
    let oldest = waiting.min_by_key(|(_, request)| {
        let asked = &request.header;
        (asked.handle != header.handle || asked.code != header.code, request.id)
    });
    oldest.map(|(place, _)| place)
}

/// Lets go of a request whose future ends, answered or not.
struct Abandon<'a> {
    requests: &'a Requests,
    id: u64,
}

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        let mut pending = self.requests.pending.borrow_mut();
        let Some(place) = pending.iter().position(|request| request.id == self.id) else { return };
        if pending[place].answer.is_some() {
            pending.swap_remove(place);
        } else {
            pending[place].abandoned = true;
        }
    }
}
