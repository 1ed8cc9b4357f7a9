//! The kernel-like part of core: processes, entrypoints, channels, slots, objects, and what happens to
//! them when a process dies. It knows nothing of sessions.
mod channel;
mod control;
mod entrypoint;
pub(crate) mod map;
mod object;
mod process;
mod settle;
pub(crate) mod tables;

use std::os::fd::OwnedFd;

pub(crate) use channel::{Channel, CorePages, Slot, Undead};
use control::Answer;
pub(crate) use control::Verdict;
pub(crate) use entrypoint::Entrypoint;
pub(crate) use object::{CoreObject, Object};
pub(crate) use process::{Ending, Process};
use rustix::event::epoll;

use crate::Numbered;
use crate::account::Accounts;
use crate::isolation::Isolation;
use crate::isolation::loader::Libraries;
use crate::machine::Machine;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub(crate) struct $name(pub(crate) u64);
    )*};
}
ids! {
    /// A component's process.
    ProcId,
    /// An entrypoint.
    EpId,
    /// An object that can be called or signalled.
    ObjId,
    /// A client component's way to an entrypoint.
    ChanId,
    /// A message slot on a channel.
    SlotId,
    /// A mapping of a managed dataspace in a process.
    ViewId
}

/// Core as the owner of objects and the client of signal contexts.
pub(crate) const CORE: ProcId = ProcId(0);
/// Core's only entrypoint.
pub(crate) const CORE_EP: EpId = EpId(0);

/// Why the nucleus refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The account lacks RAM.
    OutOfRam,
    /// The account lacks capabilities, or core itself runs out of descriptors.
    OutOfCaps,
    /// Names nothing that the caller may name.
    Invalid,
    /// The object is gone.
    Gone,
    /// The component has too many of these.
    Limit,
}

impl From<rustix::io::Errno> for Refusal {
    fn from(e: rustix::io::Errno) -> Self {
        match e {
            rustix::io::Errno::NOMEM => Self::OutOfRam,
            _ => Self::OutOfCaps,
        }
    }
}

impl From<crate::account::Lack> for Refusal {
    fn from(lack: crate::account::Lack) -> Self {
        match lack {
            crate::account::Lack::Ram => Self::OutOfRam,
            crate::account::Lack::Caps => Self::OutOfCaps,
        }
    }
}

/// What an epoll event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// Core's own doorbell.
    Doorbell,
    /// Signals to core.
    Signals,
    /// A component's control socket.
    Control(ProcId),
    /// A component's process ended.
    Death(ProcId),
    /// An event socket takes packets again.
    Event(EpId),
    /// A component asks for a library or a thread.
    Loader(ProcId),
    /// Time for fault injection.
    Storm,
    /// Some component ran for a while.
    Ran,
}

impl Source {
    pub(crate) fn encode(self) -> u64 {
        match self {
            Self::Doorbell => 0,
            Self::Signals => 1,
            Self::Control(p) => 2 | (p.0 << 3),
            Self::Death(p) => 3 | (p.0 << 3),
            Self::Event(e) => 4 | (e.0 << 3),
            Self::Loader(p) => 5 | (p.0 << 3),
            Self::Storm => 6,
            Self::Ran => 7,
        }
    }

    pub(crate) fn decode(v: u64) -> Self {
        let id = v >> 3;
        match v & 7 {
            0 => Self::Doorbell,
            1 => Self::Signals,
            2 => Self::Control(ProcId(id)),
            3 => Self::Death(ProcId(id)),
            4 => Self::Event(EpId(id)),
            5 => Self::Loader(ProcId(id)),
            6 => Self::Storm,
            _ => Self::Ran,
        }
    }
}

/// All tables.
pub(crate) struct Nucleus {
    pub(crate) epoll: OwnedFd,
    pub(crate) accounts: Accounts,
    pub(crate) machine: Machine,
    isolation: Isolation,
    libraries: Libraries,
    pub(crate) procs: Numbered<ProcId, Process>,
    pub(crate) eps: Numbered<EpId, Entrypoint>,
    pub(crate) objects: Numbered<ObjId, Object>,
    pub(crate) channels: Numbered<ChanId, Channel>,
    pub(crate) slots: Numbered<SlotId, Slot>,
    pub(crate) core_pages: CorePages,
    pub(crate) undead: Undead,
    pub(crate) maps: map::Maps,
    /// A thread that began to wait in a managed dataspace, and who is to provide what it waits for: for fault injection.
    pub(crate) waits: Option<(ProcId, Option<ProcId>)>,
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
    ) -> rustix::io::Result<(Self, OwnedFd, OwnedFd)> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let device = genode_host_proto::sys::identity(crate::fd::token()?)?.device;
        let mut nucleus = Self {
            epoll,
            accounts,
            machine,
            isolation,
            libraries: Libraries::new(),
            procs: Numbered::default(),
            eps: Numbered::default(),
            objects: Numbered::default(),
            channels: Numbered::default(),
            slots: Numbered::default(),
            core_pages: CorePages::default(),
            undead: Undead::default(),
            maps: map::Maps::default(),
            waits: None,
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

/// Smallest-first numbering of things in a table of bounded size.
pub(crate) struct Numbers<T> {
    entries: Vec<Option<T>>,
    max: usize,
}

impl<T> Numbers<T> {
    pub(crate) fn new(max: usize) -> Self {
        Self { entries: Vec::new(), max }
    }

    pub(crate) fn insert(&mut self, value: T) -> Option<usize> {
        let free = self.entries.iter().position(Option::is_none);
        match free {
            Some(i) => {
                *self.entries.get_mut(i)? = Some(value);
                Some(i)
            }
            None if self.entries.len() < self.max => {
                self.entries.push(Some(value));
                Some(self.entries.len() - 1)
            }
            None => None,
        }
    }

    pub(crate) fn get(&self, i: usize) -> Option<&T> {
        self.entries.get(i)?.as_ref()
    }

    pub(crate) fn remove(&mut self, i: usize) -> Option<T> {
        let value = self.entries.get_mut(i)?.take();
        while self.entries.last().is_some_and(Option::is_none) {
            self.entries.pop();
        }
        value
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.entries.iter().enumerate().filter_map(|(i, e)| Some((i, e.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_smallest_first_and_bounded() {
        let mut numbers = Numbers::new(2);
        assert_eq!((numbers.insert('a'), numbers.insert('b')), (Some(0), Some(1)));
        assert_eq!(numbers.insert('c'), None);
        assert_eq!(numbers.remove(0), Some('a'));
        assert_eq!((numbers.get(0), numbers.iter().count()), (None, 1));
        assert_eq!(numbers.insert('d'), Some(0));
        numbers.remove(1);
        assert_eq!(numbers.iter().count(), 1);
    }

    #[test]
    fn epoll_sources_survive_encoding() {
        for source in [
            Source::Doorbell,
            Source::Storm,
            Source::Ran,
            Source::Signals,
            Source::Control(ProcId(7)),
            Source::Death(ProcId(8)),
            Source::Event(EpId(9)),
            Source::Loader(ProcId(1 << 40)),
        ] {
            assert_eq!(Source::decode(source.encode()), source);
        }
    }
}
