//! The table of owners: per core `{owner, current, wanted}` in one word, changed by
//! compare-and-swap, so that cells get cores without asking the policy.
//!
//! Only the trusted side writes the table; cells read copies. The policy sets owners and limits.
//! A request takes, in this order, the cell's own idle cores, idle cores of others in the lending
//! order, and its own cores that others run on: those it *wants back*, and gets when their user is
//! off. A core never passes on while its user is on it: [`Table::release`] is called when no thread
//! of the user is left there, [`Table::force`] when the trusted side has taken the last one off. A
//! stamp in the word keeps a belated `force` from hitting the core's next user.
//!
//! | step | ordering | pairs with |
//! |---|---|---|
//! | take an idle core | acquire | the release by its last user |
//! | release, force | release | a take, or a look by whom the core is handed to |
//! | look ([`Table::get`]) | acquire | the release that handed it over |
//! | want back, set owner, limits | relaxed | nothing: the word alone matters |
//!
//! The last ones are read-modify-writes, which keep the release before them visible.
//!
//! `tests/loom.rs` runs this source under every interleaving, and shows that each weakened ordering
//! and each dropped step is noticed.

mod sync;

use crate::cell::{CellId, POOL};
use alloc::boxed::Box;
use sync::{AtomicU32, AtomicU64, order};

/// Weakens or drops one step of the source, for the model's test of itself; 0 for none.
#[cfg(loom)]
pub fn mutate(which: u32) {
    order::mutate(which);
}

const NONE: u16 = u16::MAX;

/// State of a core in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Core {
    /// The cell that the core belongs to.
    pub owner: CellId,
    /// The cell that is on it; `None` if it is idle.
    pub current: Option<CellId>,
    /// The cell that gets it when `current` is off.
    pub wanted: Option<CellId>,
    /// Changes whenever `current` does.
    pub stamp: u16,
}

impl Core {
    fn word(self) -> u64 {
        let half = |cell: Option<CellId>| cell.map_or(NONE, |cell| cell.0);
        let halves = [self.owner.0, half(self.current), half(self.wanted), self.stamp];
        halves.iter().rev().fold(0, |word, half| word << 16 | u64::from(*half))
    }

    fn of(word: u64) -> Self {
        let half = |n: u32| (word >> (16 * n)) as u16;
        let cell = |n| Some(half(n)).filter(|id| *id != NONE).map(CellId);
        Self { owner: CellId(half(0)), current: cell(1), wanted: cell(2), stamp: half(3) }
    }

    /// The core with another cell on it.
    fn with(self, current: Option<CellId>) -> Self {
        Self { current, stamp: self.stamp.wrapping_add(1), ..self }
    }
}

/// A core that a request got or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Got {
    /// Its own, idle until now.
    Own(u16),
    /// Another's, idle until now.
    Borrowed(u16),
    /// Its own, that another cell is on: tell that cell, and start its deadline. The stamp is for
    /// [`Table::force`].
    Asked {
        /// The core.
        core: u16,
        /// The cell on it.
        from: CellId,
        /// The word's stamp.
        stamp: u16,
    },
}

/// Fate of a core that its user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It is idle.
    Idle,
    /// It was handed to this cell: wake it.
    To(CellId),
}

/// Owners and users of cores, and how many cores each cell may be on.
#[derive(Debug)]
pub struct Table {
    cores: Box<[AtomicU64]>,
    /// Cores that the cell may have, above cores that it is on or wants back.
    limits: Box<[AtomicU32]>,
}

impl Table {
    /// Makes a table of idle cores with these owners, and cells with numbers below `cells` and
    /// without a limit.
    pub fn new(owners: &[CellId], cells: usize) -> Self {
        let idle = |owner: &CellId| {
            AtomicU64::new(Core { owner: *owner, current: None, wanted: None, stamp: 0 }.word())
        };
        let limits = (0..cells).map(|_| AtomicU32::new(u32::from(u16::MAX) << 16));
        Self { cores: owners.iter().map(idle).collect(), limits: limits.collect() }
    }

    /// Returns the number of cores.
    pub fn cores(&self) -> usize {
        self.cores.len()
    }

    /// Returns what the table says of a core; `None` if there is no such core.
    pub fn get(&self, core: u16) -> Option<Core> {
        self.cores.get(usize::from(core)).map(|word| Core::of(word.load(order::see())))
    }

    /// Returns the cores that a cell is on or wants back.
    pub fn in_use(&self, cell: CellId) -> u16 {
        self.limits.get(cell.index()).map_or(0, |word| word.load(order::word()) as u16)
    }

    /// Sets the number of cores that a cell may be on. One that is on more keeps them, and gets no
    /// further one.
    pub fn set_limit(&self, cell: CellId, limit: u16) {
        if let Some(word) = self.limits.get(cell.index()) {
            let with = |old: u32| Some(u32::from(limit) << 16 | old & 0xffff);
            let _ = word.fetch_update(order::word(), order::word(), with);
        }
    }

    /// Counts a core for a cell, if its limit allows.
    fn reserve(&self, cell: CellId) -> bool {
        let more = |old: u32| ((old as u16) < (old >> 16) as u16).then(|| old + 1);
        self.limits
            .get(cell.index())
            .is_some_and(|word| word.fetch_update(order::word(), order::word(), more).is_ok())
    }

    fn unreserve(&self, cell: CellId) {
        if let Some(word) = self.limits.get(cell.index()) {
            let less = |old: u32| (old as u16 > 0).then(|| old - 1);
            let _ = word.fetch_update(order::word(), order::word(), less);
        }
    }

    /// Changes a core's word by `change`, until that returns `None` or nobody was faster. Returns
    /// the word before and the word after.
    fn change(
        &self,
        core: u16,
        relaxed: bool,
        change: impl Fn(Core) -> Option<Core>,
    ) -> Option<(Core, Core)> {
        let word = self.cores.get(usize::from(core))?;
        let success = if relaxed { order::word() } else { order::release() };
        let mut old = word.load(order::word());
        loop {
            let new = change(Core::of(old))?;
            match word.compare_exchange_weak(old, new.word(), success, order::word()) {
                Ok(_) => return Some((Core::of(old), new)),
                Err(now) => old = now,
            }
        }
    }

    /// Puts a cell on an idle core that fits.
    fn take(&self, core: u16, cell: CellId, fits: impl Fn(Core) -> bool) -> bool {
        let Some(word) = self.cores.get(usize::from(core)) else { return false };
        let mut old = word.load(order::word());
        loop {
            let now = Core::of(old);
            let idle = now.current.is_none() || order::dropped(13);
            if !idle || now.wanted.is_some() || !fits(now) {
                return false;
            }
            let new = now.with(Some(cell)).word();
            match word.compare_exchange_weak(old, new, order::take(), order::word()) {
                Ok(_) => return true,
                Err(now) => old = now,
            }
        }
    }

    /// Gets up to `n` cores more for a cell: own idle ones, then idle ones in the order of `lent`
    /// (cores), then own ones that others are on, which come later. Each is told to `got`; their
    /// number is returned.
    pub fn request(&self, cell: CellId, n: u16, lent: &[u16], mut got: impl FnMut(Got)) -> u16 {
        let mut count = 0;
        for core in 0..self.cores.len() as u16 {
            if count == n {
                return count;
            }
            let own = |now: Core| now.owner == cell;
            if self.get(core).is_some_and(own) && self.take_counted(core, cell, own) {
                got(Got::Own(core));
                count += 1;
            }
        }
        for &core in lent {
            if count == n {
                return count;
            }
            if self.take_counted(core, cell, |now| now.owner != cell) {
                got(Got::Borrowed(core));
                count += 1;
            }
        }
        for core in 0..self.cores.len() as u16 {
            if count == n {
                return count;
            }
            if let Some(what) = self.reclaim(core, cell) {
                got(what);
                count += 1;
            }
        }
        count
    }

    /// Wants a core back, or takes it if its user leaves meanwhile. Others may be faster once; then
    /// the cell asks again.
    fn reclaim(&self, core: u16, cell: CellId) -> Option<Got> {
        let own = |now: Core| now.owner == cell;
        (0..2).find_map(|_| {
            let taken = || self.take_counted(core, cell, own).then_some(Got::Own(core));
            self.want_back(core, cell).or_else(taken)
        })
    }

    fn take_counted(&self, core: u16, cell: CellId, fits: impl Fn(Core) -> bool) -> bool {
        // a look first, so that busy cores cost no write
        let idle = |now: Core| now.current.is_none() || order::dropped(13);
        if !self.get(core).is_some_and(idle) || !self.reserve(cell) {
            return false;
        }
        let taken = self.take(core, cell, fits);
        if !taken {
            self.unreserve(cell);
        }
        taken
    }

    /// Wants a core back that another cell is on. `None` if it is not the cell's, is idle or wanted
    /// already, or the cell's limit is reached.
    pub fn want_back(&self, core: u16, cell: CellId) -> Option<Got> {
        let lent = |now: &Core| {
            now.owner == cell && now.wanted.is_none() && now.current.is_some_and(|c| c != cell)
        };
        if !self.get(core).is_some_and(|now| lent(&now)) || !self.reserve(cell) {
            return None;
        }
        let want = |now: Core| lent(&now).then_some(Core { wanted: Some(cell), ..now });
        let Some((_, now)) = self.change(core, true, want) else {
            self.unreserve(cell);
            return None;
        };
        Some(Got::Asked { core, from: now.current.unwrap_or(POOL), stamp: now.stamp })
    }

    /// Lets a core go that no thread of the cell is on any more: to the cell that wants it, or to
    /// nobody. `None` if the cell was not on it.
    pub fn release(&self, core: u16, cell: CellId) -> Option<Left> {
        self.leave_if(core, |now| now.current == Some(cell))
    }

    /// Does the same for a cell that was taken off by force, if it still is the one that was to be:
    /// `stamp` is that of [`Got::Asked`].
    pub fn force(&self, core: u16, cell: CellId, stamp: u16) -> Option<Left> {
        let same = |now: Core| now.stamp == stamp || order::dropped(11);
        self.leave_if(core, |now| now.current == Some(cell) && same(now))
    }

    fn leave_if(&self, core: u16, leaves: impl Fn(Core) -> bool) -> Option<Left> {
        let next = |now: Core| {
            let wanted = now.wanted.filter(|_| !order::dropped(12));
            leaves(now).then(|| Core { wanted: None, ..now.with(wanted) })
        };
        let (old, new) = self.change(core, false, next)?;
        if let Some(cell) = old.current {
            self.unreserve(cell);
        }
        Some(new.current.map_or(Left::Idle, Left::To))
    }

    /// Gives a core to another owner. Whoever is on it stays, as a borrower from then on; a wish of
    /// the owner before is void. Returns the owner before.
    pub fn set_owner(&self, core: u16, owner: CellId) -> Option<CellId> {
        let give = |now: Core| {
            (now.owner != owner).then(|| Core {
                owner,
                wanted: now.wanted.filter(|cell| *cell == owner),
                ..now
            })
        };
        let (old, new) = self.change(core, true, give)?;
        if let (Some(cell), None) = (old.wanted, new.wanted) {
            self.unreserve(cell);
        }
        Some(old.owner)
    }

    /// Forgets a cell none of whose threads runs any more: what it was on passes on, what it wanted
    /// it does not get, and what it owned is the pool's. Tells each core that is handed on.
    pub fn forget(&self, cell: CellId, mut left: impl FnMut(u16, Left)) {
        for core in 0..self.cores.len() as u16 {
            let unwant =
                |now: Core| (now.wanted == Some(cell)).then_some(Core { wanted: None, ..now });
            if self.change(core, true, unwant).is_some() {
                self.unreserve(cell);
            }
            if let Some(now) = self.release(core, cell) {
                left(core, now);
            }
            if self.get(core).is_some_and(|now| now.owner == cell) {
                self.set_owner(core, POOL);
            }
        }
    }
}
