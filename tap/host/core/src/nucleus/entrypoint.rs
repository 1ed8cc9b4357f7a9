//! Entrypoints: a doorbell, a state page, and an event socket that tells of new channels and slots.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use genode_host_proto::bell::Hint;
use genode_host_proto::control::{Event, Packet};
use genode_host_proto::{MAX_CHANNELS, MAX_SLOTS, PAGE, sys};
use rustix::fs::{Mode, OFlags};
use rustix::net::SendFlags;
use rustix::pipe::PipeFlags;

use super::ids::{ChanId, ObjId, ProcId, SlotId};
use super::numbers::Numbers;
use crate::{fd, work};

/// Events that wait for an entrypoint that does not read them; more is refused to the clients.
const MAX_QUEUE: usize = 4096;

/// An entrypoint as core sees it.
pub(crate) struct Entrypoint {
    pub(crate) owner: ProcId,
    /// Core's own write end of the doorbell; never blocks.
    ring: OwnedFd,
    /// State page, read-only.
    pub(crate) bell: OwnedFd,
    pub(super) event: Option<OwnedFd>,
    queue: Queue,
    pub(crate) slots: Numbers<SlotId>,
    pub(crate) channels: Numbers<ChanId>,
    pub(crate) objects: BTreeSet<ObjId>,
}

/// A new entrypoint and the descriptors that its owner gets.
pub(crate) struct Parts {
    pub(crate) entrypoint: Entrypoint,
    pub(crate) doorbell: OwnedFd,
    pub(crate) bell: OwnedFd,
    pub(crate) event: OwnedFd,
    pub(crate) own_end: OwnedFd,
}

impl Entrypoint {
    pub(crate) fn create(owner: ProcId) -> rustix::io::Result<Parts> {
        work::calls(8);
        let (doorbell, ring) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        // A page of hints: beyond that the entrypoint looks everywhere anyway.
        rustix::pipe::fcntl_setpipe_size(&ring, PAGE)?;
        let bell = fd::fixed_memory("bell", PAGE)?;
        let (event, far) = fd::sockets(fd::EVENTS)?;
        let entrypoint = Self {
            owner,
            ring: reopen_write_end(&ring)?,
            bell: fd::read_only(&bell)?,
            event: Some(event),
            queue: Queue::default(),
            slots: Numbers::new(MAX_SLOTS),
            channels: Numbers::new(MAX_CHANNELS),
            objects: BTreeSet::new(),
        };
        let own_end = entrypoint.client_end()?;
        Ok(Parts { entrypoint, doorbell, bell, event: far, own_end })
    }

    /// Write a hint into the doorbell. A full pipe means that it rings already.
    pub(crate) fn ring(&self, hint: Hint) {
        work::calls(1);
        let _ = rustix::io::write(&self.ring, &hint.to_bytes());
    }

    /// The inode of the doorbell's pipe.
    pub(super) fn pipe(&self) -> Option<u64> {
        sys::identity(&self.ring).ok().map(|identity| identity.inode)
    }

    /// The slots of its clients.
    pub(super) fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.slots.iter().copied()
    }

    /// A write end for one client, with flags of its own so that no client can change another's.
    pub(crate) fn client_end(&self) -> rustix::io::Result<OwnedFd> {
        reopen_write_end(&self.ring)
    }

    /// Forget what was to be told of a channel or a slot that is closed before the entrypoint read of it. So what waits is
    /// never more than what its clients have, and they have a bounded number.
    pub(crate) fn forget(&mut self, event: Event, number: usize) {
        self.queue.remove((event.into(), number as u64));
    }

    /// Drops what was to be told, as much as a piece permits: for when nobody reads it any more.
    /// True if nothing is left.
    pub(super) fn silence(&mut self) -> bool {
        while let Some((packet, fds)) = self.queue.first() {
            if work::over() {
                return false;
            }
            // A descriptor that only this event had takes its memory along.
            work::calls(2 * fds.len());
            let name = named(packet);
            self.queue.remove(name);
        }
        true
    }

    /// Tells of something, now or later. False if too much waits already.
    pub(super) fn tell(&mut self, packet: Packet, fds: Vec<OwnedFd>) -> bool {
        let room = self.queue.events.len() < MAX_QUEUE;
        if room {
            self.queue.push(packet, fds);
            self.flush();
        }
        room
    }

    /// Send queued events; true if some are left.
    pub(super) fn flush(&mut self) -> bool {
        let Some(socket) = &self.event else { return false };
        while let Some((packet, fds)) = self.queue.first() {
            let packet = *packet;
            let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
            work::calls(2 + fds.len());
            if sys::send_packet(socket, &packet, &fds, SendFlags::DONTWAIT).is_err() {
                return true;
            }
            self.queue.remove(named(&packet));
            // The bell may be ringing already; then the entrypoint looks at its events too.
            let _ = rustix::io::write(&self.ring, &Hint::Event.to_bytes());
        }
        false
    }
}

/// What an event tells of: its kind, and the number of a channel or a slot.
fn named(packet: &Packet) -> (u64, u64) {
    (packet.op(), packet.arg(0))
}

/// Events in the order that they are to be sent in, found by what they tell of.
#[derive(Default)]
struct Queue {
    events: BTreeMap<u64, (Packet, Vec<OwnedFd>)>,
    places: HashMap<(u64, u64), u64>,
    last: u64,
}

impl Queue {
    fn push(&mut self, packet: Packet, fds: Vec<OwnedFd>) {
        self.last += 1;
        // Of each number only one event waits: it is forgotten before the number is used again.
        self.places.insert(named(&packet), self.last);
        self.events.insert(self.last, (packet, fds));
    }

    fn first(&self) -> Option<&(Packet, Vec<OwnedFd>)> {
        self.events.first_key_value().map(|(_, event)| event)
    }

    fn remove(&mut self, name: (u64, u64)) {
        if let Some(place) = self.places.remove(&name) {
            self.events.remove(&place);
        }
    }
}

fn reopen_write_end(pipe: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    rustix::fs::open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
}
