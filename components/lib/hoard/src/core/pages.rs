//! Segments and their slices: where superblocks of any class come from and go back to.
//!
//! The masks of all segments of a node lie densely in one array, so a search touches few cache
//! lines. Memory that was used before is preferred over memory that was not, and goes back to the
//! system when more of it is idle than a share of what is in use.
//!
//! Where the system backs pages when they are touched, a slice has memory from its first use on.
//! Elsewhere a unit of several slices gets and loses its memory as a whole: then a free slice is
//! dirty exactly if its unit has memory.

use super::env::Env;
use super::mask::Mask;
use super::superblock::{SEGMENT, SLICE, SLICES, Superblock};
use crate::platform::{Commit, PAGE};
use core::cell::Cell;
use core::ptr::null_mut;

const MAX_SEGMENTS: usize = 1 << 15;
const WORDS: usize = MAX_SEGMENTS / 64;
/// Idle slices kept at most, beside a quarter of those in use.
const IDLE_MOST: usize = 512;
/// Idle slices kept however long they are.
const IDLE_LEAST: usize = 16;
/// Milliseconds after which half of what was idle all the time goes back to the system.
pub(crate) const PERIOD: u64 = 100;

#[repr(C)]
struct Segment {
    base: Cell<usize>,
    /// Slices nobody uses.
    free: Mask,
    /// Free slices with memory behind them.
    dirty: Mask,
}

#[repr(C)]
struct Directory {
    /// Segments with a free slice, and with a dirty one.
    with_free: [Cell<u64>; WORDS],
    with_dirty: [Cell<u64>; WORDS],
    /// As many as the platform allows.
    segments: [Segment; 0],
}

impl Directory {
    fn segment(&self, index: usize) -> &Segment {
        let first: *const Segment =
            core::ptr::with_exposed_provenance(self.segments.as_ptr().addr());
        // SAFETY: `index` is below `count`, hence below the number of segments that there is room
        // for in the mapping that begins with the directory (`Pages::directory`, `Pages::grow`).
        unsafe { &*first.add(index) }
    }
}

/// The slices of one node; not `Sync`, so who has a reference holds the node's lock.
pub(crate) struct Pages {
    env: Env,
    /// The node.
    node: usize,
    directory: Cell<*mut Directory>,
    count: Cell<usize>,
    /// Segments that the directory has room for.
    limit: Cell<usize>,
    /// Slices that get memory together; 0 if the system gives it when they are touched.
    unit: Cell<usize>,
    in_use: Cell<usize>,
    idle: Cell<usize>,
    /// Least number of idle slices since `since`.
    least_idle: Cell<usize>,
    since: Cell<u64>,
}

impl Pages {
    /// Makes the slices of `node`: none yet.
    pub(crate) const fn new(env: Env, node: usize) -> Self {
        Self {
            env,
            node,
            directory: Cell::new(null_mut()),
            count: Cell::new(0),
            limit: Cell::new(0),
            unit: Cell::new(0),
            in_use: Cell::new(0),
            idle: Cell::new(0),
            least_idle: Cell::new(0),
            since: Cell::new(0),
        }
    }

    /// Returns the bytes of slices in use, idle bytes, and bytes of all segments.
    pub(crate) fn bytes(&self) -> (usize, usize, usize) {
        (self.in_use.get() * SLICE, self.idle.get() * SLICE, self.count.get() * SEGMENT)
    }

    fn directory(&self) -> Option<&Directory> {
        if self.directory.get().is_null() {
            let limit = self.env.platform.segments().min(MAX_SEGMENTS);
            let size = size_of::<Directory>() + limit * size_of::<Segment>();
            let base = self.env.platform.map(size.next_multiple_of(PAGE), PAGE, self.node);
            base.expose_provenance();
            self.directory.set(base.cast());
            self.limit.set(limit);
            self.unit.set(self.env.platform.unit() / SLICE);
        }
        // SAFETY: mapped once, never unmapped; all zeroes is a valid, empty directory.
        unsafe { self.directory.get().as_ref() }
    }

    /// Most idle slices kept, and how many of them however long they are.
    fn kept(&self) -> (usize, usize) {
        match self.unit.get() {
            0 => (IDLE_MOST + self.in_use.get() / 4, IDLE_LEAST),
            unit => (8 * unit + self.in_use.get() / 4, unit),
        }
    }

    fn grow(&self, d: &Directory) -> Option<usize> {
        let index = self.count.get();
        if index >= self.limit.get() {
            return None;
        }
        let platform = self.env.platform;
        let base = platform.reserve(SEGMENT, SEGMENT, self.node);
        if base.is_null() {
            return None;
        }
        // SAFETY: memory of a segment, mapped above and known to nobody. It reads as zero, and zeroes
        // are the records of nothing.
        unsafe {
            Superblock::of_slice(base.expose_provenance()).note_segment(self.node, index);
            if !self.env.table.add(base.addr()) {
                platform.unmap(base, SEGMENT);
                return None;
            }
        }
        self.count.set(index + 1);
        let segment = d.segment(index);
        segment.base.set(base.addr());
        segment.free.set(1, SLICES - 1, true);
        set(&d.with_free, index, true);
        self.dirtied(d, index, 1, self.unit.get().saturating_sub(1));
        Some(index)
    }

    /// `n` free slices from `start` on got memory.
    fn dirtied(&self, d: &Directory, index: usize, start: usize, n: usize) {
        if n > 0 {
            d.segment(index).dirty.set(start, n, true);
            set(&d.with_dirty, index, true);
            self.idle.set(self.idle.get() + n);
        }
    }

    /// Makes sure that slices have memory, by whole units.
    fn commit(&self, d: &Directory, index: usize, start: usize, n: usize) -> Commit {
        let unit = self.unit.get();
        if unit == 0 {
            return Commit::Done;
        }
        let segment = d.segment(index);
        for first in (start / unit * unit..start + n).step_by(unit) {
            let whole = segment.free.all(first, unit);
            if !whole || segment.dirty.all(first, unit) {
                continue;
            }
            let at = core::ptr::with_exposed_provenance_mut(segment.base.get() + first * SLICE);
            // SAFETY: a unit of a segment; all of it is free and nothing of it dirty, so it has no
            // memory.
            match unsafe { self.env.platform.commit(at, self.node) } {
                Commit::Done => self.dirtied(d, index, first, unit),
                Commit::Refused => return Commit::Refused,
                Commit::Occupied => {
                    segment.free.set(first, unit, false);
                    set(&d.with_free, index, segment.free.any());
                    return Commit::Occupied;
                }
            }
        }
        Commit::Done
    }

    /// Takes `n` adjacent slices: the record of the first; true with it if they read as zero.
    pub(crate) fn take(&self, n: usize) -> Option<(&'static Superblock, bool)> {
        let d = self.directory()?;
        let mut grown = false;
        let (index, start) = loop {
            let found =
                (if self.idle.get() >= n { self.find(&d.with_dirty, d, n, true) } else { None })
                    .or_else(|| self.find(&d.with_free, d, n, false));
            let (index, start) = match found {
                Some(found) => found,
                None if grown => return None,
                None => {
                    grown = true;
                    (self.grow(d)?, 1)
                }
            };
            match self.commit(d, index, start, n) {
                Commit::Done => break (index, start),
                Commit::Refused => return None,
                // Fewer free slices: look again.
                Commit::Occupied => {}
            }
        };
        let dirty = self.claim(d, index, start, n);
        let at = d.segment(index).base.get() + start * SLICE;
        // SAFETY: in a segment that the table has.
        Some((unsafe { Superblock::of_slice(at) }, dirty == 0))
    }

    /// Marks slices as used; how many had memory behind them.
    fn claim(&self, d: &Directory, index: usize, start: usize, n: usize) -> usize {
        let segment = d.segment(index);
        segment.free.set(start, n, false);
        let dirty = segment.dirty.set(start, n, false);
        set(&d.with_free, index, segment.free.any());
        set(&d.with_dirty, index, segment.dirty.any());
        self.idle.set(self.idle.get() - dirty);
        self.least_idle.set(self.least_idle.get().min(self.idle.get()));
        self.in_use.set(self.in_use.get() + n);
        dirty
    }

    fn find(
        &self,
        summary: &[Cell<u64>; WORDS],
        d: &Directory,
        n: usize,
        dirty: bool,
    ) -> Option<(usize, usize)> {
        for (w, word) in summary[..self.count.get().div_ceil(64)].iter().enumerate() {
            let mut bits = word.get();
            while bits != 0 {
                let index = w * 64 + bits.trailing_zeros() as usize;
                let segment = d.segment(index);
                let mask = if dirty { &segment.dirty } else { &segment.free };
                if let Some(start) = mask.run(n) {
                    return Some((index, start));
                }
                bits &= bits - 1;
            }
        }
        None
    }

    /// Returns the directory, and which segment and which of its slices is at `start`.
    ///
    /// # Safety
    /// The slice at `start` was taken.
    unsafe fn locate(&self, start: usize) -> (&Directory, usize, usize) {
        // SAFETY: slices were taken, so the directory exists and `start` is in a segment.
        let (d, index) = unsafe { (&*self.directory.get(), Superblock::segment_of(start).1) };
        (d, index, (start & (SEGMENT - 1)) / SLICE)
    }

    /// Gives `n` slices from `start` back.
    ///
    /// # Safety
    /// They were taken, and nobody uses them any more.
    pub(crate) unsafe fn give(&self, start: usize, n: usize) {
        // SAFETY: the caller's promise.
        let (d, index, first) = unsafe { self.locate(start) };
        let segment = d.segment(index);
        segment.free.set(first, n, true);
        segment.dirty.set(first, n, true);
        set(&d.with_free, index, true);
        set(&d.with_dirty, index, true);
        self.in_use.set(self.in_use.get() - n);
        self.idle.set(self.idle.get() + n);
        let idle = self.idle.get();
        let (most, least) = self.kept();
        if idle > most {
            self.trim(most / 2);
        } else if idle > least {
            let now = self.env.platform.now();
            if now.wrapping_sub(self.since.get()) >= PERIOD {
                let unused = self.least_idle.replace(idle);
                self.since.set(now);
                self.trim((idle - unused.div_ceil(2)).max(least));
            }
        }
    }

    /// Gives idle memory back to the system until `keep` idle slices are left.
    pub(crate) fn trim(&self, keep: usize) {
        // SAFETY: as in `directory`.
        let Some(d) = (unsafe { self.directory.get().as_ref() }) else { return };
        // The highest segments first: searches begin at the lowest.
        for index in (0..self.count.get()).rev() {
            if self.idle.get() <= keep {
                return;
            }
            let segment = d.segment(index);
            let (unit, mut from) = (self.unit.get(), 0);
            while let Some(run) = segment.dirty.next(from, true) {
                let end = segment.dirty.next(run, false).unwrap_or(SLICES);
                // Units are given back one at a time, but for the one with the records.
                let (start, n) = match unit {
                    0 => (run, end - run),
                    _ => (run.next_multiple_of(unit).max(unit), unit),
                };
                if start + n > end {
                    from = end;
                    continue;
                }
                if unit > 0 && self.idle.get() <= keep {
                    break;
                }
                from = start + n;
                let at = segment.base.get() + start * SLICE;
                let at = core::ptr::with_exposed_provenance_mut(at);
                // SAFETY: free slices of our segment; nobody reads them before writing.
                if !unsafe { self.env.platform.decommit(at, n * SLICE) } {
                    return;
                }
                segment.dirty.set(start, n, false);
                self.idle.set(self.idle.get() - n);
                self.least_idle.set(self.least_idle.get().min(self.idle.get()));
            }
            set(&d.with_dirty, index, segment.dirty.any());
        }
    }

    /// Lengthens or shortens the large block at `start` from `old` to `new` slices where it is.
    ///
    /// # Safety
    /// The block's `old` slices were taken, and nobody uses those beyond `new`.
    pub(crate) unsafe fn resize(&self, start: usize, old: usize, new: usize) -> bool {
        if new <= old {
            if new < old {
                // SAFETY: the caller's promise.
                unsafe { self.give(start + new * SLICE, old - new) };
            }
            return true;
        }
        // SAFETY: the caller's promise.
        let (d, index, first) = unsafe { self.locate(start) };
        let from = first + old;
        if !d.segment(index).free.all(from, new - old)
            || self.commit(d, index, from, new - old) != Commit::Done
        {
            return false;
        }
        self.claim(d, index, from, new - old);
        true
    }

    /// Calls `f` with the record of every slice of every segment.
    pub(crate) fn each(&self, mut f: impl FnMut(&'static Superblock)) {
        // SAFETY: as in `directory`.
        let Some(d) = (unsafe { self.directory.get().as_ref() }) else { return };
        for index in 0..self.count.get() {
            let base = d.segment(index).base.get();
            for i in 1..SLICES {
                // SAFETY: in a segment.
                f(unsafe { Superblock::of_slice(base + i * SLICE) });
            }
        }
    }
}

fn set(summary: &[Cell<u64>; WORDS], index: usize, on: bool) {
    let word = &summary[index / 64];
    let bit = 1 << (index % 64);
    word.set(if on { word.get() | bit } else { word.get() & !bit });
}
