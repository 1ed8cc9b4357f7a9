//! The server's side of one session.

use alloc::{boxed::Box, rc::Rc};
use core::{
    cell::{Cell, RefCell},
    fmt,
};

use heapless::Deque;

use super::{Event, Events, InputSession};
use crate::{
    cap::Capability,
    dataspace::{Attached, Dataspace},
    packet_stream::Buffer,
    root::{Refused, SessionRequest},
    signal::{SignalContext, Transmitter},
};

/// Events that a session keeps for its client.
pub const QUEUE: usize = 512;

/// Bytes of the memory that events are flushed to. What does not fit is flushed by the next call.
const BUFFER: usize = 4096;

/// Events that wait, as they lie in memory, which takes less than as they are.
#[derive(Debug, Default)]
pub(super) struct Queue(Deque<[u8; Event::SIZE], QUEUE>);

impl Queue {
    /// Adds an event; returns whether it is the first one, or the event when there is no room.
    pub(super) fn push(&mut self, event: Event) -> Result<bool, Event> {
        let first = self.0.is_empty();
        self.0.push_back(event.encode()).map(|()| first).map_err(|_| event)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves events to `to`, as many as there is room for; returns their number.
    pub(super) fn flush(&mut self, to: Events<'_>) -> usize {
        let mut count = 0;
        while count < to.room() {
            let Some(event) = self.0.front() else { break };
            if to.write(count, &Event::decode(event)).is_err() {
                break; // within the room of memory that is writeable
            }
            self.0.pop_front();
            count += 1;
        }
        count
    }
}

/// One session of an Input server. [`Root`](crate::root::Root) serves it as `Rc<InputServer>`.
#[must_use = "dropping it ends the session"]
pub struct InputServer {
    queue: Box<RefCell<Queue>>,
    client: RefCell<Transmitter>,
    exclusive: Cell<bool>,
    // Unmapped, then freed.
    buffer: Attached,
    ram: Buffer,
}

impl InputServer {
    /// Makes the session that a client asks for. Its donation pays for the queue and the memory.
    ///
    /// # Errors
    /// [`Refused::InsufficientRam`] when it does not.
    pub fn new(request: &SessionRequest<'_>) -> Result<Rc<Self>, Refused> {
        request.account().charge(size_of::<Queue>())?;
        let ram = Buffer::new(request.ep().into(), request.account(), BUFFER)?;
        let buffer = Attached::writeable(&ram.cap())?;
        let (queue, client, exclusive) = (Box::default(), RefCell::default(), Cell::default());
        Ok(Rc::new(Self { queue, client, exclusive, buffer, ram }))
    }

    /// Adds an event for the client, and signals it if there were none.
    ///
    /// # Errors
    /// The event, when the client takes none and its queue is full. To drop a release leaves a key
    /// pressed at the client: drop motions first, or close the session.
    pub fn submit(&self, event: Event) -> Result<(), Event> {
        if self.queue.borrow_mut().push(event)? {
            self.client.borrow().submit();
        }
        Ok(())
    }

    /// Tells whether the client asked for motions by themselves.
    pub fn is_exclusive(&self) -> bool {
        self.exclusive.get()
    }
}

impl InputSession for Rc<InputServer> {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.ram.cap()
    }

    fn pending(&mut self) -> bool {
        !self.queue.borrow().is_empty()
    }

    fn flush(&mut self) -> i32 {
        let mut queue = self.queue.borrow_mut();
        let count = queue.flush(Events::new(&self.buffer));
        if !queue.is_empty() {
            self.client.borrow().submit();
        }
        i32::try_from(count).unwrap_or(i32::MAX) // QUEUE at most
    }

    fn sigh(&mut self, context: Capability<SignalContext>) {
        let client = Transmitter::new(context);
        // Of events that came before nobody else tells it.
        if !self.queue.borrow().is_empty() {
            client.submit();
        }
        let before = self.client.replace(client);
        drop(before);
    }

    fn exclusive(&mut self, enabled: bool) {
        self.exclusive.set(enabled);
    }
}

impl fmt::Debug for InputServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputServer").field("exclusive", &self.exclusive).finish_non_exhaustive()
    }
}
