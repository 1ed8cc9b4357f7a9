//! How entrypoints come and go, and what they are told.
use std::os::fd::OwnedFd;

use genode_host_proto::control::Packet;
use rustix::event::epoll;

use super::Nucleus;
use super::entrypoint::Entrypoint;
use super::ids::{EpId, ProcId};
use super::refusal::Refusal;
use super::source::Source;
use super::upkeep::ENTRYPOINT;

/// Entrypoints of one component.
const MAX_EPS: usize = 64;

impl Nucleus {
    /// A new entrypoint of `owner`; descriptors are doorbell, state page, event socket,
    /// and a write end of the doorbell.
    pub(crate) fn ep_create(&mut self, owner: ProcId) -> Result<(EpId, Vec<OwnedFd>), Refusal> {
        let eps = self.procs.get(&owner).ok_or(Refusal::Invalid)?.eps.len();
        if eps >= MAX_EPS {
            return Err(Refusal::Limit);
        }
        crate::work::calls(2);
        self.pay(owner, ENTRYPOINT)?;
        let made = self.ep_made(owner);
        if made.is_err() {
            self.repay(owner, ENTRYPOINT);
        }
        made
    }

    fn ep_made(&mut self, owner: ProcId) -> Result<(EpId, Vec<OwnedFd>), Refusal> {
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
        if ep.tell(packet, fds) { Ok(()) } else { Err(Refusal::Limit) }
    }

    /// The event socket of `ep` takes packets again.
    pub(crate) fn event_writable(&mut self, ep: EpId) {
        if let Some(ep) = self.eps.get_mut(&ep) {
            ep.flush();
        }
    }
}
