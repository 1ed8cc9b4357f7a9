//! The control socket: requests that a component's side of the seam makes of the nucleus.
#![allow(unsafe_code, reason = "pages that a component shares")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use genode_affinity::Location;
use genode_host_proto::MAX_CAPS;
use genode_host_proto::control::{Packet, Request, Status};
use genode_host_proto::sys::{self, Fds};
use rustix::net::{RecvFlags, SendFlags};

use super::Nucleus;
use super::ids::{ChanId, EpId, ObjId, ProcId, ViewId};
use super::process::Phase;
use super::refusal::{Answer, Refusal, Verdict};
use crate::work;

impl Nucleus {
    /// Serve what waits on a control socket: a request, and more while `more` says so.
    pub(crate) fn control(&mut self, id: ProcId, more: impl Fn() -> bool) -> Verdict {
        loop {
            let Some(process) = self.procs.get(&id) else { return Verdict::Alive };
            if process.phase != Phase::Runs {
                return Verdict::Alive;
            }
            work::count(20);
            let mut fds = Fds::default();
            let packet = match sys::recv_packet(&process.control, &mut fds, RecvFlags::DONTWAIT) {
                Ok(Some(packet)) => packet,
                Err(rustix::io::Errno::AGAIN) => return Verdict::Alive,
                Ok(None) | Err(_) => return Verdict::Broken,
            };
            let [cap, ..] = fds;
            let cap = cap.or_else(|| self.fetched(id, &packet));
            let Some(answer) = self.request(id, &packet, cap) else {
                if more() {
                    continue;
                }
                return Verdict::Alive;
            };
            let (reply, fds) = match answer {
                Ok(answer) => (Packet::new(Status::Ok, &answer.args), answer.fds),
                Err(refusal) => (Packet::new(status(refusal), &[]), Vec::new()),
            };
            let Some(process) = self.procs.get(&id) else { return Verdict::Alive };
            let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
            if sys::send_packet(&process.control, &reply, &fds, SendFlags::DONTWAIT).is_err() {
                return Verdict::Broken;
            }
            if !more() {
                return Verdict::Alive;
            }
        }
    }

    /// One request; `None` if it has no reply, or not yet.
    fn request(
        &mut self,
        id: ProcId,
        packet: &Packet,
        cap: Option<OwnedFd>,
    ) -> Option<Result<Answer, Refusal>> {
        let Some(request) = Request::of(packet.op()) else { return Some(Err(Refusal::Invalid)) };
        match request {
            Request::Hello => Some(self.hello(id)),
            Request::EpCreate => {
                Some(self.ep_create(id).map(|(ep, fds)| Answer { args: vec![ep.0], fds }))
            }
            Request::EpDestroy => self.own_ep_destroy(id, EpId(packet.arg(0))),
            Request::ObjectCreate => Some(
                self.object_create(id, EpId(packet.arg(0)), packet.arg(1) == 1)
                    .map(|(object, fd)| Answer { args: vec![object.0], fds: vec![fd] }),
            ),
            Request::ObjectDestroy => {
                let destroyed = self.own_object_destroy(id, packet.arg(0));
                Some(destroyed.then(Answer::empty).ok_or(Refusal::Invalid))
            }
            Request::ObjectsGone => {
                for i in 0..7 {
                    self.own_object_destroy(id, packet.arg(i));
                }
                None
            }
            Request::Claim => Some(self.claim_fd(id, cap)),
            Request::Release => {
                let channel = ChanId(packet.arg(0));
                if self.is_client(id, channel) {
                    self.release(channel, packet.arg(1) as u32, packet.arg(2) != 0);
                }
                None
            }
            Request::SlotOpen => Some(self.own_slot_open(id, ChanId(packet.arg(0)))),
            Request::ChannelClose => {
                let channel = ChanId(packet.arg(0));
                if self.is_client(id, channel) {
                    self.channel_close(channel);
                }
                None
            }
            Request::Send => Some(self.send_for(id, packet)),
            Request::Served => {
                let served = self.is_served(id, ChanId(packet.arg(0)));
                Some(Ok(Answer::words(&[u64::from(served)])))
            }
            Request::ThreadBind => {
                let bound = self.thread_bind(id, packet.arg(0), location(packet), packet.arg(5));
                Some(bound.map(|()| Answer::empty()))
            }
            Request::Paging => Some(self.paging_page(id)),
            Request::ViewOpen => Some(self.view_open(id, packet, cap)),
            Request::ViewClose => {
                self.maps.view_close(id, ViewId(packet.arg(0)));
                None
            }
            Request::Fault => Some(self.view_fault(id, packet)),
            Request::Unmapped => Some(Ok(self.unmapped(id))),
            Request::Settled => Some(self.settled(id, cap)),
            Request::LastWords | Request::Frames | Request::DescriptorsFull => {
                self.says(id, packet);
                None
            }
        }
    }

    /// Remove an entrypoint, if it is the component's own. `None` if the answer comes when all of
    /// it is gone.
    fn own_ep_destroy(&mut self, id: ProcId, ep: EpId) -> Option<Result<Answer, Refusal>> {
        if self.eps.get(&ep).is_none_or(|e| e.owner != id) {
            return Some(Err(Refusal::Invalid));
        }
        self.ep_going(id, ep).then(|| Ok(Answer::empty()))
    }

    /// Remove an object, if it is the component's own; false if it is not.
    fn own_object_destroy(&mut self, id: ProcId, object: u64) -> bool {
        let object = ObjId(object);
        let own = self.objects.get(&object).is_some_and(|o| o.owner == id);
        if own {
            self.object_destroy(object);
        }
        own
    }

    /// Another slot on a channel, if that is the component's own.
    fn own_slot_open(&mut self, id: ProcId, channel: ChanId) -> Result<Answer, Refusal> {
        if !self.is_client(id, channel) {
            return Err(Refusal::Gone);
        }
        self.slot_open(channel).map(|slot| Answer {
            args: vec![slot.id.0, slot.number as u64],
            fds: vec![slot.memory, slot.socket],
        })
    }

    /// The descriptor that a request names instead of having it.
    fn fetched(&self, id: ProcId, packet: &Packet) -> Option<OwnedFd> {
        let has = matches!(
            Request::of(packet.op()),
            Some(Request::Claim | Request::ViewOpen | Request::Settled)
        );
        self.procs.get(&id).filter(|_| has)?.descriptor(packet.arg(6))
    }

    /// Send a message of capabilities over a component's socket. Core may have more descriptors than a component, and so
    /// more under way. That nobody makes use of that: a message must have been taken before the next.
    fn send_for(&self, id: ProcId, packet: &Packet) -> Result<Answer, Refusal> {
        let process = self.procs.get(&id).ok_or(Refusal::Invalid)?;
        work::calls(10);
        let socket = process.descriptor(packet.arg(0).saturating_add(1)).ok_or(Refusal::Invalid)?;
        let count = usize::try_from(packet.arg(1)).unwrap_or(usize::MAX).min(MAX_CAPS);
        let mut unread: libc::c_int = 0;
        // SAFETY: the request stores an int.
        let asked = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut unread) };
        if asked != 0 || unread > 0 {
            return Err(Refusal::Limit);
        }
        let caps: Vec<_> = (2..2 + count).map(|i| process.descriptor(packet.arg(i))).collect();
        let mut valid = [0u8; MAX_CAPS];
        for (valid, cap) in valid.iter_mut().zip(&caps) {
            *valid = u8::from(cap.is_some());
        }
        let fds: Vec<_> = caps.iter().flatten().map(AsFd::as_fd).collect();
        let bytes = valid.get(..count).unwrap_or_default();
        match sys::send(&socket, bytes, &fds, SendFlags::DONTWAIT) {
            Ok(()) => Ok(Answer::empty()),
            Err(_) => Err(Refusal::Limit),
        }
    }

    /// Whether the server of a component's channel is there.
    fn is_served(&self, id: ProcId, channel: ChanId) -> bool {
        self.channels.get(&channel).is_some_and(|c| c.client == id && !c.server_gone)
    }

    fn is_client(&self, id: ProcId, channel: ChanId) -> bool {
        self.channels.get(&channel).is_some_and(|c| c.client == id)
    }

    fn hello(&mut self, id: ProcId) -> Result<Answer, Refusal> {
        let process = self.procs.get(&id).ok_or(Refusal::Invalid)?;
        if process.main_ep.is_some() {
            return Err(Refusal::Invalid);
        }
        work::calls(12);
        process.fix_stack()?;
        let parent = process.parent.as_ref().and_then(|parent| self.lookup(parent));
        let (ep, mut fds) = self.ep_create(id)?;
        if let Some(process) = self.procs.get_mut(&id) {
            process.main_ep = Some(ep);
            process.parent_object = parent;
            process.loading.active = false;
            // Core needs it no more, unless it is the one that core itself serves.
            let parent = process.parent.take().ok_or(Refusal::Invalid)?;
            let own = Rc::try_unwrap(parent).or_else(|shared| shared.try_clone());
            fds.push(own.map_err(|_| Refusal::OutOfCaps)?);
            fds.extend(process.granted.take());
        }
        let cpus = self.machine.real_cpus() as u64;
        Ok(Answer { args: vec![ep.0, cpus], fds })
    }

    fn claim_fd(&mut self, id: ProcId, cap: Option<OwnedFd>) -> Result<Answer, Refusal> {
        let cap = cap.ok_or(Refusal::Invalid)?;
        let object = self.lookup(&cap).ok_or(Refusal::Gone)?;
        let claim = self.claim(id, object)?;
        let ep = self.objects.get(&object).map_or(0, |o| o.ep.0);
        let mut args =
            vec![claim.channel.0, u64::from(claim.index), 0, 0, claim.number as u64, 0, ep];
        let mut fds = Vec::new();
        if let Some(new) = claim.new {
            let slot = new.slot;
            args = vec![
                claim.channel.0,
                u64::from(claim.index),
                1,
                slot.id.0,
                claim.number as u64,
                slot.number as u64,
                ep,
            ];
            fds = vec![new.doorbell, new.bell, slot.memory, slot.socket];
            fds.extend(new.signals);
        }
        Ok(Answer { args, fds })
    }
}

/// The location in a request to bind a thread.
fn location(packet: &Packet) -> Location {
    let [x, y, w, h] = [1, 2, 3, 4].map(|i| packet.arg(i));
    Location::new(x as i32, y as i32, w as u32, h as u32)
}

fn status(refusal: Refusal) -> Status {
    match refusal {
        Refusal::OutOfRam => Status::OutOfRam,
        Refusal::OutOfCaps => Status::OutOfCaps,
        Refusal::Invalid => Status::Invalid,
        Refusal::Gone => Status::Gone,
        Refusal::Limit => Status::Limit,
    }
}
