//! Takes back what processes, entrypoints and objects held: piece by piece, and core serves others
//! in between.
//!
//! A process that is to end is killed ([`Nucleus::kill`]) and served no more. Linux tells when it
//! is gone ([`Nucleus::died`]): until then it could write over what core marks as dead. Then its
//! entrypoints go, its channels, its views, and at last the process itself, with which its parent
//! is told. Core waits for nobody meanwhile.
use std::collections::{BTreeSet, VecDeque};
use std::os::fd::AsFd;

use genode_host_proto::control::{Packet, Status};
use genode_host_proto::sys;
use rustix::event::epoll;
use rustix::net::SendFlags;
use rustix::process::{Signal, WaitId, WaitIdOptions};

use super::Nucleus;
use super::entrypoint::Entrypoint;
use super::ids::{ChanId, EpId, ObjId, ProcId};
use super::process::{Ending, Phase, Process};
use super::upkeep::ENTRYPOINT;
use crate::console::note;
use crate::work;

/// Something on its way out.
pub(super) enum Going {
    /// An entrypoint that its process removed, which waits for the answer. It is with the process.
    Entrypoint(ProcId),
    /// Channels that a process closed. They are with the process.
    Channels(ProcId),
    /// A process that ended.
    Process(ProcId),
    /// Grants of an object that is gone.
    Grants(ObjId, BTreeSet<(ChanId, u32)>),
}

/// All that is on its way out, in the order in which it is served: each a piece in turn.
pub(crate) type AllGoing = VecDeque<Going>;

/// The rest of an entrypoint.
pub(super) struct Ruin {
    id: EpId,
    entrypoint: Entrypoint,
    /// Calls without an answer that were told of, and the channel of the last ones.
    told: (usize, Option<ChanId>),
}

/// Calls without an answer that are told of when an entrypoint is gone.
const UNANSWERED: usize = 4;

/// A process that is gone, and all that it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) process: ProcId,
    /// Its PD session.
    pub(crate) pd: u64,
    pub(crate) ending: Ending,
}

impl Nucleus {
    /// Tells whether something is on its way out.
    pub(crate) fn is_going(&self) -> bool {
        !self.going.is_empty()
    }

    /// Ends a process: nothing that it asked for is served any more.
    pub(crate) fn kill(&mut self, id: ProcId) {
        let Some(process) = self.procs.get_mut(&id) else { return };
        if matches!(process.phase, Phase::Killed | Phase::Dead(_)) {
            return;
        }
        self.hear(id);
        let Some(process) = self.procs.get_mut(&id) else { return };
        process.phase = Phase::Killed;
        process.signal(Signal::KILL);
        self.grants.give_back(process.pd);
        // Epoll would tell without end of what it closed or asks.
        let _ = epoll::delete(&self.epoll, &process.control);
        process.listener = None;
    }

    /// Linux says that a process ended: what it held goes from now on.
    pub(crate) fn died(&mut self, id: ProcId) {
        self.kill(id);
        let Some(process) = self.procs.get_mut(&id) else { return };
        if matches!(process.phase, Phase::Dead(_)) {
            return;
        }
        let Some(ending) = ending(process, WaitIdOptions::NOHANG) else { return };
        process.phase = Phase::Dead(ending);
        let _ = epoll::delete(&self.epoll, &process.pidfd);
        self.going.push_back(Going::Process(id));
    }

    /// Kills a process, waits for its end, and takes back all it held at once: for when nobody is
    /// left to be served.
    pub(crate) fn bury(&mut self, id: ProcId) {
        self.kill(id);
        let Some(process) = self.procs.get_mut(&id) else { return };
        if !matches!(process.phase, Phase::Dead(_)) {
            let ending = ending(process, WaitIdOptions::empty()).unwrap_or(Ending::Killed(0));
            process.phase = Phase::Dead(ending);
        }
        while self.procs.contains_key(&id) {
            work::begin();
            self.process_piece(id);
        }
    }

    /// Removes an entrypoint of a process: at once, or piece by piece, and then the process is
    /// answered. True if it is gone.
    pub(super) fn ep_going(&mut self, owner: ProcId, id: EpId) -> bool {
        self.ep_begin(owner, id);
        let gone = self.ruin_piece(owner);
        if !gone && let Some(process) = self.procs.get_mut(&owner) {
            process.phase = Phase::Waits;
            self.going.push_back(Going::Entrypoint(owner));
        }
        gone
    }

    /// Takes back what a piece permits. A process that is gone with that.
    pub(crate) fn take_back(&mut self) -> Option<Gone> {
        let mut gone = None;
        let rest = match self.going.pop_front()? {
            Going::Process(id) => {
                gone = self.process_piece(id);
                self.procs.contains_key(&id).then_some(Going::Process(id))
            }
            Going::Entrypoint(owner) => (!self.ep_piece(owner)).then_some(Going::Entrypoint(owner)),
            Going::Channels(client) => {
                (!self.channels_piece(client)).then_some(Going::Channels(client))
            }
            Going::Grants(object, mut granted) => {
                self.ungrant(object, &mut granted);
                (!granted.is_empty()).then_some(Going::Grants(object, granted))
            }
        };
        self.going.extend(rest);
        gone
    }

    /// Revokes grants of an object that is gone, as many as a piece permits.
    pub(super) fn ungrant(&mut self, object: ObjId, granted: &mut BTreeSet<(ChanId, u32)>) {
        while !work::over()
            && let Some((channel, index)) = granted.pop_first()
        {
            work::count(4);
            self.revoke(channel, index, object);
        }
    }

    /// A piece of an entrypoint whose process waits. True if that was the last, and the process is
    /// answered.
    fn ep_piece(&mut self, owner: ProcId) -> bool {
        // A process that died meanwhile takes its entrypoint along.
        let waits = self.procs.get(&owner).is_some_and(|p| p.phase == Phase::Waits);
        if !waits {
            return true;
        }
        if !self.ruin_piece(owner) {
            return false;
        }
        if let Some(process) = self.procs.get_mut(&owner) {
            process.phase = Phase::Runs;
            let done = Packet::new(Status::Ok, &[]);
            if sys::send_packet(&process.control, &done, &[], SendFlags::DONTWAIT).is_err() {
                self.kill(owner);
            }
        }
        true
    }

    /// A piece of a process that ended. What it was if that was the last.
    fn process_piece(&mut self, id: ProcId) -> Option<Gone> {
        loop {
            if !self.ruin_piece(id) || !self.channels_piece(id) || work::over() {
                return None;
            }
            let process = self.procs.get(&id)?;
            if let Some(ep) = process.eps.last().copied() {
                self.ep_begin(id, ep);
            } else if let Some(channel) = process.channels.last().copied() {
                self.channel_close(channel);
            } else {
                break;
            }
        }
        // Its views go at once: a piece of their own.
        if !work::fresh() {
            return None;
        }
        self.maps.process_gone(id);
        if !self.threads_gone(id) {
            return None;
        }
        let left = self.procs.get(&id).map_or(0, |process| process.bytes);
        self.repay(id, left);
        let process = self.procs.remove(&id)?;
        self.by_account.remove(&process.account);
        let Phase::Dead(ending) = process.phase else { return None };
        Some(Gone { process: id, pd: process.pd, ending })
    }

    /// An entrypoint is not there any more: nobody finds it or claims at it.
    fn ep_begin(&mut self, owner: ProcId, id: EpId) {
        let entrypoint = self.eps.remove(&id);
        let Some(process) = self.procs.get_mut(&owner) else { return };
        match entrypoint {
            Some(entrypoint) => process.ruin = Some(Ruin { id, entrypoint, told: (0, None) }),
            None => process.eps.retain(|e| *e != id),
        }
    }

    /// A piece of the entrypoint that a process loses: first its clients find their slots dead,
    /// then its objects are gone. True if nothing is left.
    fn ruin_piece(&mut self, owner: ProcId) -> bool {
        let taken = self.procs.get_mut(&owner).and_then(|process| process.ruin.take());
        let Some(mut ruin) = taken else { return true };
        let gone = self.ruin(owner, &mut ruin);
        if let Some(process) = self.procs.get_mut(&owner) {
            if gone {
                process.eps.retain(|e| *e != ruin.id);
                self.repay(owner, ENTRYPOINT);
            } else {
                process.ruin = Some(ruin);
            }
        }
        gone
    }

    /// Tells of calls that an entrypoint leaves without an answer: a few, and once, however many
    /// pieces its channel goes in.
    fn tell_unanswered(&self, owner: ProcId, ruin: &mut Ruin, channel: ChanId) {
        let (told, last) = ruin.told;
        if told >= UNANSWERED || last == Some(channel) {
            return;
        }
        // With the outermost component the system ends, and nobody is left to be answered.
        if self.procs.get(&owner).is_some_and(Process::is_outermost) {
            return;
        }
        let calls = self.unanswered(channel);
        for call in calls.iter().take(UNANSWERED - told) {
            work::calls(1);
            note(format_args!("{} is gone without an answer to {call}", self.name(owner)));
        }
        ruin.told = (told + calls.len(), Some(channel));
    }

    fn ruin(&mut self, owner: ProcId, ruin: &mut Ruin) -> bool {
        while let Some(channel) = ruin.entrypoint.channels.last().copied() {
            self.tell_unanswered(owner, ruin, channel);
            if !self.server_gone(channel) {
                return false;
            }
            ruin.entrypoint.channels.pop();
        }
        while let Some(object) = ruin.entrypoint.objects.pop_first() {
            self.object_destroy(object);
            if work::over() {
                return false;
            }
        }
        ruin.entrypoint.silence()
    }
}

/// Asks how a process ended.
fn ending(process: &Process, how: WaitIdOptions) -> Option<Ending> {
    loop {
        let id = WaitId::PidFd(process.pidfd.as_fd());
        match rustix::process::waitid(id, WaitIdOptions::EXITED | how) {
            Ok(Some(status)) => {
                return Some(match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Ending::Exited(code),
                    (None, signal) => Ending::Killed(signal.unwrap_or(0)),
                });
            }
            Ok(None) if how.contains(WaitIdOptions::NOHANG) => return None,
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Some(Ending::Killed(0)),
        }
    }
}
