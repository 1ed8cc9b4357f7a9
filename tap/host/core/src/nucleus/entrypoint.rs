//! Entrypoints: a doorbell, a state page, and an event socket that tells of new channels and slots.
use std::collections::{HashSet, VecDeque};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use genode_host_proto::bell::HINT_EVENT;
use genode_host_proto::control::Packet;
use genode_host_proto::{MAX_CHANNELS, MAX_SLOTS, PAGE, sys};
use rustix::event::epoll;
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;

use super::{ChanId, EpId, Nucleus, Numbers, ObjId, ProcId, Refusal, SlotId, Source};
use crate::fd;

/// Events that wait for an entrypoint that does not read them; more is refused to the clients.
const MAX_QUEUE: usize = 4096;
/// Entrypoints of one component.
const MAX_EPS: usize = 64;

/// An entrypoint as core sees it.
pub(crate) struct Entrypoint {
    pub(crate) owner: ProcId,
    /// Core's own write end of the doorbell; never blocks.
    ring: OwnedFd,
    /// State page, read-only.
    pub(crate) bell: OwnedFd,
    event: Option<OwnedFd>,
    queue: VecDeque<(Packet, Vec<OwnedFd>)>,
    pub(crate) slots: Numbers<SlotId>,
    pub(crate) channels: Numbers<ChanId>,
    pub(crate) objects: HashSet<ObjId>,
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
        let (doorbell, ring) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        // A page of hints: beyond that the entrypoint looks everywhere anyway.
        rustix::pipe::fcntl_setpipe_size(&ring, PAGE)?;
        let bell = fd::fixed_memory("bell", PAGE)?;
        let (event, far) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        let entrypoint = Self {
            owner,
            ring: reopen_write_end(&ring)?,
            bell: fd::read_only(&bell)?,
            event: Some(event),
            queue: VecDeque::new(),
            slots: Numbers::new(MAX_SLOTS),
            channels: Numbers::new(MAX_CHANNELS),
            objects: HashSet::new(),
        };
        let own_end = entrypoint.client_end()?;
        Ok(Parts { entrypoint, doorbell, bell, event: far, own_end })
    }

    /// Write a hint into the doorbell. A full pipe means that it rings already.
    pub(crate) fn ring(&self, hint: u16) {
        let _ = rustix::io::write(&self.ring, &hint.to_ne_bytes());
    }

    /// A write end for one client, with flags of its own so that no client can change another's.
    pub(crate) fn client_end(&self) -> rustix::io::Result<OwnedFd> {
        reopen_write_end(&self.ring)
    }

    /// Forget what was to be told of a channel or a slot that is closed before the entrypoint read of it. So what waits is
    /// never more than what its clients have, and they have a bounded number.
    pub(crate) fn forget(&mut self, event: u64, number: usize) {
        self.queue.retain(|(packet, _)| (packet.op(), packet.arg(0)) != (event, number as u64));
    }

    /// Send queued events; true if some are left.
    fn flush(&mut self) -> bool {
        let Some(socket) = &self.event else { return false };
        while let Some((packet, fds)) = self.queue.front() {
            let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
            if sys::send_packet(socket, packet, &fds, SendFlags::DONTWAIT).is_err() {
                return true;
            }
            self.queue.pop_front();
            // The bell may be ringing already; then the entrypoint looks at its events too.
            let _ = rustix::io::write(&self.ring, &HINT_EVENT.to_ne_bytes());
        }
        false
    }
}

fn reopen_write_end(pipe: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    rustix::fs::open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
}

impl Nucleus {
    /// A new entrypoint of `owner`; descriptors are doorbell, state page, event socket,
    /// and a write end of the doorbell.
    pub(crate) fn ep_create(&mut self, owner: ProcId) -> Result<(EpId, Vec<OwnedFd>), Refusal> {
        let eps = self.procs.get(&owner).ok_or(Refusal::Invalid)?.eps.len();
        if eps >= MAX_EPS {
            return Err(Refusal::Limit);
        }
        let parts = Entrypoint::create(owner)?;
        let id = EpId(self.fresh());
        if let Some(event) = &parts.entrypoint.event {
            // Edge-triggered: told once when the socket takes packets again.
            self.watch(event, Source::Event(id), epoll::EventFlags::OUT | epoll::EventFlags::ET)?;
        }
        self.eps.insert(id, parts.entrypoint);
        if let Some(process) = self.procs.get_mut(&owner) {
            process.eps.push(id);
        }
        Ok((id, vec![parts.doorbell, parts.bell, parts.event, parts.own_end]))
    }

    /// Tell an entrypoint of a new channel or slot.
    pub(crate) fn notify(
        &mut self,
        ep: EpId,
        packet: Packet,
        fds: Vec<OwnedFd>,
    ) -> Result<(), Refusal> {
        let ep = self.eps.get_mut(&ep).ok_or(Refusal::Gone)?;
        if ep.queue.len() >= MAX_QUEUE {
            return Err(Refusal::Limit);
        }
        ep.queue.push_back((packet, fds));
        ep.flush();
        Ok(())
    }

    /// The event socket of `ep` takes packets again.
    pub(crate) fn event_writable(&mut self, ep: EpId) {
        if let Some(ep) = self.eps.get_mut(&ep) {
            ep.flush();
        }
    }

    /// Remove an entrypoint: its clients find their slots dead, its objects are gone.
    pub(crate) fn ep_destroy(&mut self, id: EpId) {
        let Some(ep) = self.eps.remove(&id) else { return };
        for object in ep.objects {
            self.object_destroy(object);
        }
        let channels: Vec<ChanId> = ep.channels.iter().map(|(_, c)| *c).collect();
        for channel in channels {
            self.server_gone(channel);
        }
        if let Some(process) = self.procs.get_mut(&ep.owner) {
            process.eps.retain(|e| *e != id);
        }
    }
}
