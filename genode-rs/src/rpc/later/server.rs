//! The server's tickets.

use alloc::{boxed::Box, collections::BTreeMap, rc::Rc};
use core::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
};

use super::{LaterError, Ticket};
use crate::{
    cap::Capability,
    quota::RamQuota,
    signal::{SignalContext, Transmitter},
    task::waiters::Waiters,
};

/// What has become of a call.
enum Slot<T> {
    Running,
    Done(T),
    /// The server let go of it without an answer.
    Abandoned,
    /// The client gave it up, the server is still at it.
    Cancelled,
}

struct Table<T> {
    slots: RefCell<BTreeMap<u64, Slot<T>>>,
    /// Tells the client that there is something to fetch.
    tell: RefCell<Box<dyn Fn()>>,
    /// Those that wait for a cancellation.
    cancelled: Waiters,
}

impl<T> Table<T> {
    fn tell(&self) {
        // The capability may be replaced by a call only, so nobody borrows it meanwhile.
        (self.tell.borrow())();
    }

    /// Ends a running call by `slot`, or forgets it if the client has cancelled.
    fn end(&self, number: u64, slot: Slot<T>) {
        let mut slots = self.slots.borrow_mut();
        let running = matches!(slots.get(&number), Some(Slot::Running));
        let old = if running { slots.insert(number, slot) } else { slots.remove(&number) };
        drop(slots);
        drop(old);
        if running {
            self.tell();
        }
    }
}

/// The calls of one session to one function that answers later.
///
/// Belongs to the session's server object. With it end the tickets; answers that come afterwards are dropped.
pub struct Tickets<T> {
    table: Rc<Table<T>>,
    limit: usize,
    last: Cell<u64>,
}

impl<T: 'static> Tickets<T> {
    /// RAM that one outstanding ticket costs its server at most, in bytes, besides what the server itself keeps for the
    /// call. The map's nodes may be half empty.
    pub const COST: u64 = 64 + 2 * (size_of::<Slot<T>>() + size_of::<u64>()) as u64;

    /// Allows `limit` outstanding tickets.
    pub fn new(limit: usize) -> Self {
        let table = Table {
            slots: RefCell::default(),
            tell: RefCell::new(Box::new(|| ())),
            cancelled: Waiters::default(),
        };
        Self { table: Rc::new(table), limit, last: Cell::new(0) }
    }

    /// Allows as many outstanding tickets as `ram` pays for, at [`COST`](Self::COST) each: a part of what the client
    /// donated that the session spends on nothing else.
    pub fn paid_by(ram: RamQuota) -> Self {
        let mut tickets = Self::new(0);
        tickets.grow(ram);
        tickets
    }

    /// Allows as many more tickets as `ram` pays for, when the client donates more.
    pub fn grow(&mut self, ram: RamQuota) {
        let more = usize::try_from(ram.0 / Self::COST).unwrap_or(usize::MAX);
        self.limit = self.limit.saturating_add(more);
    }

    /// Returns the number of tickets that count against the limit.
    pub fn outstanding(&self) -> usize {
        self.table.slots.borrow().len()
    }

    /// Gives a ticket, and what answers it.
    ///
    /// # Errors
    /// [`LaterError::Full`].
    #[doc(hidden)]
    pub fn issue(&mut self) -> Result<(Ticket, Later<T>), LaterError> {
        if self.outstanding() >= self.limit {
            return Err(LaterError::Full);
        }
        // 2^64 calls take centuries.
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        self.table.slots.borrow_mut().insert(number, Slot::Running);
        Ok((Ticket { number }, Later { table: self.table.clone(), number, open: true }))
    }

    /// Takes the answer.
    ///
    /// # Errors
    /// [`LaterError::Pending`], [`LaterError::Unknown`], [`LaterError::Abandoned`].
    #[doc(hidden)]
    pub fn fetch(&mut self, ticket: Ticket) -> Result<T, LaterError> {
        let mut slots = self.table.slots.borrow_mut();
        match slots.get(&ticket.number) {
            Some(Slot::Running) => Err(LaterError::Pending),
            Some(Slot::Cancelled) | None => Err(LaterError::Unknown),
            Some(Slot::Done(_) | Slot::Abandoned) => match slots.remove(&ticket.number) {
                Some(Slot::Done(value)) => Ok(value),
                _ => Err(LaterError::Abandoned),
            },
        }
    }

    /// Gives the ticket back, whether there is an answer or not.
    ///
    /// # Errors
    /// [`LaterError::Unknown`].
    #[doc(hidden)]
    pub fn cancel(&mut self, ticket: Ticket) -> Result<(), LaterError> {
        let mut slots = self.table.slots.borrow_mut();
        let old = match slots.get(&ticket.number) {
            Some(Slot::Cancelled) | None => return Err(LaterError::Unknown),
            Some(Slot::Running) => slots.insert(ticket.number, Slot::Cancelled),
            Some(Slot::Done(_) | Slot::Abandoned) => slots.remove(&ticket.number),
        };
        drop(slots);
        drop(old);
        self.table.cancelled.notify();
        Ok(())
    }

    /// Sets the context that is signalled for each answer. If some are there, it is signalled at once.
    #[doc(hidden)]
    pub fn sigh(&mut self, context: Capability<SignalContext>) {
        let transmitter = Transmitter::new(context);
        self.told_by(move || transmitter.submit());
    }

    pub(crate) fn told_by(&mut self, tell: impl Fn() + 'static) {
        *self.table.tell.borrow_mut() = Box::new(tell);
        let waits = self
            .table
            .slots
            .borrow()
            .values()
            .any(|s| matches!(s, Slot::Done(_) | Slot::Abandoned));
        if waits {
            self.table.tell();
        }
    }
}

impl<T> Drop for Tickets<T> {
    fn drop(&mut self) {
        // Those at work see it as a cancellation of everything, and nobody is told any more.
        *self.table.tell.borrow_mut() = Box::new(|| ());
        let slots = self.table.slots.take();
        drop(slots);
        self.table.cancelled.notify();
    }
}

impl<T> fmt::Debug for Tickets<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets")
            .field("outstanding", &self.table.slots.borrow().len())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Answers one call. Dropping it tells the client that there will be no answer.
#[must_use = "dropping it abandons the call"]
pub struct Later<T> {
    table: Rc<Table<T>>,
    number: u64,
    open: bool,
}

impl<T> Later<T> {
    /// Answers, and signals the client. An answer to a call that was cancelled is dropped.
    pub fn finish(mut self, value: T) {
        self.open = false;
        self.table.end(self.number, Slot::Done(value));
    }

    /// Whether nobody wants the answer any more.
    pub fn is_cancelled(&self) -> bool {
        !matches!(self.table.slots.borrow().get(&self.number), Some(Slot::Running))
    }

    /// Waits until nobody wants the answer any more: race the work with it.
    pub fn cancelled(&self) -> impl Future<Output = ()> + '_ {
        self.table.cancelled.until(|| self.is_cancelled().then_some(()))
    }
}

impl<T> Drop for Later<T> {
    fn drop(&mut self) {
        if self.open {
            self.table.end(self.number, Slot::Abandoned);
        }
    }
}

impl<T> fmt::Debug for Later<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").field("ticket", &self.number).finish_non_exhaustive()
    }
}
