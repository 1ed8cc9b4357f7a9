//! The kernel-like part of core: processes, entrypoints, channels, slots, objects, and what happens to
//! them when a process dies. It knows nothing of sessions.
//!
//! Things: `ids` < `refusal`, `source`, `numbers`, `timer`, `closed`, `map` < `channel`,
//! `entrypoint`, `object`, `process` < the tables here. What happens to them, a file for each kind
//! of thing, in the plural: `channels`, `control`, `entrypoints`, `going`, `objects`, `overdue`,
//! `paging`, `processes`, `settle`, `still`, `tables`, `upkeep`, `waits`, `words`. What Linux shows
//! of them: `threads`.
mod channel;
mod channels;
mod closed;
mod control;
mod entrypoint;
mod entrypoints;
mod going;
mod ids;
pub(crate) mod map;
mod numbers;
mod object;
mod objects;
mod overdue;
mod paging;
mod placed;
mod process;
mod processes;
mod refusal;
mod settle;
mod source;
mod still;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
pub(crate) mod timer;
mod upkeep;
mod waits;
mod words;
#[cfg(test)]
mod worst;

use std::os::fd::OwnedFd;

use channel::{Channel, CorePages, Slot, Undead};
use entrypoint::Entrypoint;
use going::AllGoing;
pub(crate) use going::Gone;
pub(crate) use ids::{CORE, CORE_EP, ChanId, EpId, ObjId, ProcId, SlotId};
pub(crate) use object::{CoreObject, Object};
pub(crate) use process::{Ending, Process};
pub(crate) use refusal::{Refusal, Verdict};
use rustix::event::epoll;
pub(crate) use source::Source;

use crate::account::{AccountId, Accounts};
use crate::grants::Grants;
use crate::isolation::Isolation;
use crate::isolation::loader::Libraries;
use crate::machine::Machine;
use crate::numbered::Numbered;

/// All tables.
pub(crate) struct Nucleus {
    pub(crate) epoll: OwnedFd,
    pub(crate) accounts: Accounts,
    pub(crate) machine: Machine,
    isolation: Isolation,
    grants: Grants,
    libraries: Libraries,
    pub(crate) procs: Numbered<ProcId, Process>,
    pub(crate) eps: Numbered<EpId, Entrypoint>,
    pub(crate) objects: Numbered<ObjId, Object>,
    pub(crate) channels: Numbered<ChanId, Channel>,
    pub(crate) slots: Numbered<SlotId, Slot>,
    pub(crate) core_pages: CorePages,
    pub(crate) undead: Undead,
    pub(crate) maps: map::Maps,
    /// All that is taken back piece by piece.
    going: AllGoing,
    placed: placed::AllPlaced,
    /// A thread that began to wait in a managed dataspace, and who is to provide what it waits for: for fault injection.
    pub(crate) waits: Option<(ProcId, Option<ProcId>)>,
    /// The process of a PD session's account.
    by_account: Numbered<AccountId, ProcId>,
    by_inode: Numbered<u64, ObjId>,
    by_pair: Numbered<(ProcId, EpId), ChanId>,
    /// Processes that broke the protocol while somebody else was served.
    pub(crate) broken: Vec<ProcId>,
    device: u64,
    last_id: u64,
}

impl Nucleus {
    /// Empty tables, and core's own entrypoint with the read end of its doorbell and its state page.
    pub(crate) fn new(
        accounts: Accounts,
        machine: Machine,
        isolation: Isolation,
        grants: Grants,
    ) -> rustix::io::Result<(Self, OwnedFd, OwnedFd)> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let device = genode_host_proto::sys::identity(crate::fd::token()?)?.device;
        let mut nucleus = Self {
            epoll,
            accounts,
            machine,
            isolation,
            grants,
            libraries: Libraries::new(),
            procs: Numbered::default(),
            eps: Numbered::default(),
            objects: Numbered::default(),
            channels: Numbered::default(),
            slots: Numbered::default(),
            core_pages: CorePages::default(),
            undead: Undead::default(),
            maps: map::Maps::default(),
            going: AllGoing::new(),
            placed: placed::AllPlaced::default(),
            waits: None,
            by_account: Numbered::default(),
            by_inode: Numbered::default(),
            by_pair: Numbered::default(),
            broken: Vec::new(),
            device,
            last_id: 0,
        };
        let parts = Entrypoint::create(CORE)?;
        let doorbell = parts.doorbell;
        let flags = rustix::fs::fcntl_getfl(&doorbell)?;
        rustix::fs::fcntl_setfl(&doorbell, flags | rustix::fs::OFlags::NONBLOCK)?;
        nucleus.watch(&doorbell, Source::Doorbell, epoll::EventFlags::IN)?;
        nucleus.eps.insert(CORE_EP, parts.entrypoint);
        Ok((nucleus, doorbell, parts.bell))
    }

    /// A number that names nothing yet, and never anything else.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn watch(
        &self,
        fd: impl std::os::fd::AsFd,
        source: Source,
        flags: epoll::EventFlags,
    ) -> rustix::io::Result<()> {
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(source.encode()), flags)
    }
}
