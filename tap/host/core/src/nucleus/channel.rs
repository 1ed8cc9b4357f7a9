//! Channels: what one component may name at one entrypoint, and the slots its threads call through.
#![allow(unsafe_code, reason = "pages that a component shares")]

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use genode_host_proto::grant::Grants;
use genode_host_proto::signal::Signals;
use genode_host_proto::sync::{AtomicU32, AtomicU64};
use genode_host_proto::sys::Futex;
use genode_host_proto::{GRANTS, SIGNALS_SIZE, slot};

use super::Nucleus;
use super::closed::Lent;
use super::ids::{ChanId, EpId, ObjId, ProcId, SlotId};
use super::process::{Phase, Process};
use crate::fd::Mapping;
use crate::work;

/// A client's way to an entrypoint.
pub(crate) struct Channel {
    pub(crate) client: ProcId,
    pub(crate) ep: EpId,
    /// Number in the entrypoint's table.
    pub(super) number: usize,
    /// Pages that both sides share of it; none where core itself serves, which reads `entries` and
    /// has no signals.
    pub(super) tables: Option<Tables>,
    /// What each index grants; `None` stays until the client releases the index.
    pub(super) entries: Vec<Entry>,
    pub(super) free: Vec<u32>,
    pub(crate) slots: Vec<SlotId>,
    pub(super) server_gone: bool,
}

/// Memory of a channel that its two sides share.
pub(super) struct Tables {
    pub(super) grants: Mapping,
    /// The memory of grants and signals, to be taken back.
    pub(super) files: [Lent; 2],
    /// Core's view of the signal counters, for channels whose client is core.
    pub(super) signals: Option<Mapping>,
}

/// Signals that a component had submitted when it died, and nobody had taken.
pub(super) struct LastWords<'a> {
    file: &'a OwnedFd,
    /// Mapped when they are asked for.
    page: Option<Mapping>,
}

impl<'a> LastWords<'a> {
    /// Those of the client of a channel, if it is dead.
    pub(super) fn of(client: Option<&Process>, tables: Option<&'a Tables>) -> Option<Self> {
        let dead = client.is_some_and(|process| matches!(process.phase, Phase::Dead(_)));
        let [_, signals] = &tables.filter(|_| dead)?.files;
        Some(Self { file: &signals.file, page: None })
    }

    /// Takes what it had submitted to what an index grants.
    pub(super) fn submitted(&mut self, index: u32) -> u32 {
        if self.page.is_none() {
            self.page = Mapping::new(self.file, SIGNALS_SIZE).ok();
        }
        self.page.as_ref().map_or(0, |page| Self::signals(page).left(index))
    }

    /// The counters in a mapping of [`SIGNALS_SIZE`] bytes.
    pub(super) fn signals(page: &Mapping) -> Signals<'_> {
        // SAFETY: atomics, valid for any bits; the mapping is of GRANTS words.
        let words: &[AtomicU32; GRANTS] = unsafe { page.at(0) };
        Signals::new(words)
    }
}

/// A channel that its client closed.
pub(super) struct Closing {
    pub(super) id: ChanId,
    pub(super) channel: Channel,
}

/// An index of a channel. The one at 0 is the head of both tables, and never free.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) object: Option<ObjId>,
    /// Whether it is among the free ones.
    pub(super) free: bool,
    /// The client can submit nothing more to it, and the entrypoint has not taken everything.
    pub(super) given_back: bool,
}

/// A message slot.
pub(crate) struct Slot {
    pub(crate) channel: ChanId,
    pub(super) number: usize,
    pub(super) memory: Rc<Mapping>,
    /// The memory itself, to be taken back.
    pub(super) file: Lent,
    /// Core's end of the socket for capabilities, for slots of core's entrypoint.
    pub(crate) socket: Option<OwnedFd>,
}

impl Slot {
    pub(crate) fn page(&self) -> &slot::Slot {
        page(&self.memory)
    }
}

pub(super) fn page(memory: &Mapping) -> &slot::Slot {
    // SAFETY: a slot is atomics, any bits are valid, and it fits the page (asserted there).
    unsafe { memory.at(0) }
}

/// Slots that core declared dead, to be declared so again some time after. Somebody else than the server may have them
/// and write that nothing happened, just before their client sleeps and just after it was woken. A client that is woken
/// for nothing asks core (`SERVED`); what remains is to wake the one that was not asleep yet.
#[derive(Default)]
pub(crate) struct Undead(VecDeque<Killed>);

/// A slot that was declared dead, and whose it was.
struct Killed {
    again: Instant,
    client: ProcId,
    memory: Rc<Mapping>,
    file: Lent,
}

impl Undead {
    /// Slots that core keeps for that: each takes a descriptor.
    const MAX: usize = 512;
    /// Of these core declares dead again before it serves others.
    const AT_ONCE: usize = 32;
    /// Until then everybody sleeps who was about to.
    const DELAY: Duration = Duration::from_millis(100);

    pub(super) fn add(&mut self, client: ProcId, memory: Rc<Mapping>, file: Lent) {
        self.0.push_back(Killed { again: Instant::now() + Self::DELAY, client, memory, file });
    }

    /// Time until [`Nucleus::kill_undead`] has something to do.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let next = self.0.front()?;
        let many = self.0.len() > Self::MAX;
        Some(if many {
            Duration::ZERO
        } else {
            next.again.saturating_duration_since(Instant::now())
        })
    }

    /// Declare those dead again whose time has come, or the oldest if there are many: one of them, and whose its memory was.
    fn kill_one(&mut self, all: bool) -> Option<(ProcId, Lent)> {
        let due = |slot: &Killed| slot.again <= Instant::now();
        if !all && self.0.len() <= Self::MAX && !self.0.front().is_some_and(due) {
            return None;
        }
        let slot = self.0.pop_front()?;
        work::calls(3);
        page(&slot.memory).kill(&Futex);
        Some((slot.client, slot.file))
    }
}

impl Nucleus {
    /// Declare slots of dead servers dead again, where it is time: some of them, if there are many.
    pub(crate) fn kill_undead(&mut self) {
        for _ in 0..Undead::AT_ONCE {
            let Some((client, file)) = self.undead.kill_one(false) else { return };
            self.close_memory(client, [file]);
        }
    }

    /// Declare all of them dead again: nobody is left to wait.
    pub(crate) fn kill_all_undead(&mut self) {
        while let Some((client, file)) = self.undead.kill_one(true) {
            self.close_memory(client, [file]);
        }
    }

    /// Take memory that a client closed back, some time.
    pub(super) fn close_memory(&mut self, client: ProcId, files: impl IntoIterator<Item = Lent>) {
        for file in files {
            match self.procs.get_mut(&client) {
                Some(process) => process.closed.add(file),
                None => self.take_memory(file),
            }
        }
        while let Some(oldest) = self.procs.get_mut(&client).and_then(Process::surplus) {
            self.take_memory(oldest);
        }
    }

    /// Take memory back, for which nobody pays from then on.
    fn take_memory(&mut self, memory: Lent) {
        let (payer, bytes) = memory.revoke();
        self.repay(payer, bytes);
    }
}

/// Pages of the slots of core's own entrypoint by number: what core looks at while it polls.
#[derive(Default)]
pub(crate) struct CorePages(Vec<Option<Rc<Mapping>>>);

impl CorePages {
    pub(super) fn set(&mut self, number: usize, memory: Option<Rc<Mapping>>) {
        if self.0.len() <= number {
            self.0.resize(number + 1, None);
        }
        if let Some(place) = self.0.get_mut(number) {
            *place = memory;
        }
        while self.0.last().is_some_and(Option::is_none) {
            self.0.pop();
        }
    }

    /// One more than the largest number in use.
    pub(crate) fn bound(&self) -> usize {
        self.0.len()
    }

    /// Whether a call waits in any of them.
    pub(crate) fn called(&self) -> bool {
        self.0.iter().flatten().any(|memory| page(memory).called())
    }
}

impl Channel {
    /// The table that the server reads, where that is a component.
    pub(super) fn grants(&self) -> Option<Grants<'_>> {
        // SAFETY: atomics, valid for any bits; the mapping is of GRANTS words.
        let words: &[AtomicU64; GRANTS] = unsafe { self.tables.as_ref()?.grants.at(0) };
        Some(Grants::new(words))
    }

    /// The counters, where core is the client.
    pub(super) fn signals(&self) -> Option<Signals<'_>> {
        // SAFETY: atomics, valid for any bits; the mapping is of GRANTS words.
        let words: &[AtomicU32; GRANTS] = unsafe { self.tables.as_ref()?.signals.as_ref()?.at(0) };
        Some(Signals::new(words))
    }

    /// An index that names nothing, and that no signal of what it named before is under way to.
    pub(super) fn unused(&mut self) -> Option<u32> {
        work::count(self.free.len() / 4);
        let taken = |index: &u32| self.signals().is_none_or(|s| s.taken(*index));
        let at = self.free.iter().rposition(taken);
        match at {
            Some(at) => {
                let index = self.free.swap_remove(at);
                if let Some(entry) = self.entries.get_mut(index as usize) {
                    entry.free = false;
                    entry.given_back = false;
                }
                Some(index)
            }
            None if self.entries.len() < GRANTS => {
                self.entries.push(Entry::default());
                Some(self.entries.len() as u32 - 1)
            }
            None => None,
        }
    }

    /// Take what an index grants, and let it grant something else some time.
    pub(super) fn free(&mut self, index: u32) -> Option<ObjId> {
        let entry = self.entries.get_mut(index as usize)?;
        if !std::mem::replace(&mut entry.free, true) {
            self.free.push(index);
        }
        entry.object.take()
    }

    /// Objects that are granted.
    pub(crate) fn objects(&self) -> usize {
        self.entries.iter().filter(|entry| entry.object.is_some()).count()
    }

    /// The object behind an index, as granted.
    pub(crate) fn object(&self, index: u32) -> Option<ObjId> {
        self.entries.get(index as usize)?.object
    }
}
