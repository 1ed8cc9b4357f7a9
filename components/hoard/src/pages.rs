//! Segments and their slices: where superblocks of any class come from and go back to.
//!
//! The masks of all segments of a node lie densely in one array, so a search touches few cache
//! lines. Memory that was used before is preferred over memory that was not, and goes back to the
//! system when more of it is idle than a share of what is in use.

use crate::shared::Core;
use crate::superblock::{SEGMENT, SLICE, SLICES, Superblock};
use core::cell::Cell;
use core::ptr::null_mut;

const MAX_SEGMENTS: usize = 1 << 16;
const WORDS: usize = MAX_SEGMENTS / 64;
/// Idle slices kept at most, beside a quarter of those in use.
const IDLE_MOST: usize = 512;
/// Idle slices kept however long they are.
const IDLE_LEAST: usize = 16;
/// Milliseconds after which half of what was idle all the time goes back to the system.
pub const PERIOD: u64 = 50;

#[repr(C)]
struct Segment {
    base: Cell<usize>,
    /// Slices nobody uses.
    free: Cell<u64>,
    /// Free slices with memory behind them.
    dirty: Cell<u64>,
}

#[repr(C)]
struct Directory {
    /// Segments with a free slice, and with a dirty one.
    with_free: [Cell<u64>; WORDS],
    with_dirty: [Cell<u64>; WORDS],
    segments: [Segment; MAX_SEGMENTS],
}

/// The slices of one node; whoever calls holds the node's lock.
pub struct Pages {
    directory: Cell<*mut Directory>,
    count: Cell<usize>,
    in_use: Cell<usize>,
    idle: Cell<usize>,
    /// Least number of idle slices since `since`.
    least_idle: Cell<usize>,
    since: Cell<u64>,
}

/// Start bits of the runs of `n` ones in `mask`.
fn runs(mut mask: u64, n: usize) -> u64 {
    let mut have = 1;
    while have < n {
        let shift = have.min(n - have);
        mask &= mask >> shift;
        have += shift;
    }
    mask
}

fn ones(n: usize) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

impl Pages {
    /// Nothing.
    pub const fn new() -> Self {
        Self {
            directory: Cell::new(null_mut()),
            count: Cell::new(0),
            in_use: Cell::new(0),
            idle: Cell::new(0),
            least_idle: Cell::new(0),
            since: Cell::new(0),
        }
    }

    /// Bytes of slices in use, idle bytes, and bytes of all segments.
    pub fn bytes(&self) -> (usize, usize, usize) {
        (self.in_use.get() * SLICE, self.idle.get() * SLICE, self.count.get() * SEGMENT)
    }

    fn directory(&self, core: &Core, node: usize) -> Option<&Directory> {
        if self.directory.get().is_null() {
            let size = size_of::<Directory>().next_multiple_of(4096);
            self.directory.set(core.platform.map(size, 4096, node).cast());
        }
        // SAFETY: mapped once, never unmapped; all zeroes is a valid, empty directory.
        unsafe { self.directory.get().as_ref() }
    }

    fn grow(&self, core: &Core, node: usize, d: &Directory) -> Option<usize> {
        let index = self.count.get();
        let segment = d.segments.get(index)?;
        let base = core.platform.map(SEGMENT, SEGMENT, node);
        if base.is_null() {
            return None;
        }
        let records: *mut Superblock = base.cast();
        for i in 0..SLICES {
            // SAFETY: the first slice is large enough for all records, zeroed and ours alone.
            unsafe { records.add(i).write(Superblock::new()) };
        }
        // The record of the first slice, which is never a superblock, says whose segment it is.
        let first = Superblock::of_slice(base.expose_provenance());
        first.group.set(node as u8);
        first.left.store(index as i32, core::sync::atomic::Ordering::Relaxed);
        if !core.table.add(base.addr()) {
            // SAFETY: mapped above and known to nobody.
            unsafe { core.platform.unmap(base, SEGMENT) };
            return None;
        }
        segment.base.set(base.addr());
        segment.free.set(!1);
        self.count.set(index + 1);
        set(&d.with_free, index, true);
        Some(index)
    }

    /// Takes `n` adjacent slices; true with them if they read as zero.
    pub fn take(
        &self,
        core: &Core,
        node: usize,
        n: usize,
    ) -> Option<(&'static Superblock, bool)> {
        let d = self.directory(core, node)?;
        let found = (if self.idle.get() >= n { self.find(&d.with_dirty, d, n, true) } else { None })
            .or_else(|| self.find(&d.with_free, d, n, false))
            .or_else(|| self.grow(core, node, d).map(|index| (index, 1)));
        let (index, start) = found?;
        let segment = &d.segments[index];
        let zero = segment.dirty.get() & (ones(n) << start) == 0;
        self.claim(d, index, start, n);
        Some((Superblock::of_slice(segment.base.get() + start * SLICE), zero))
    }

    fn claim(&self, d: &Directory, index: usize, start: usize, n: usize) {
        let segment = &d.segments[index];
        let mask = ones(n) << start;
        let dirty = segment.dirty.get() & mask;
        segment.free.set(segment.free.get() & !mask);
        segment.dirty.set(segment.dirty.get() & !mask);
        set(&d.with_free, index, segment.free.get() != 0);
        set(&d.with_dirty, index, segment.dirty.get() != 0);
        self.idle.set(self.idle.get() - dirty.count_ones() as usize);
        self.least_idle.set(self.least_idle.get().min(self.idle.get()));
        self.in_use.set(self.in_use.get() + n);
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
                let segment = &d.segments[index];
                let mask = if dirty { segment.dirty.get() } else { segment.free.get() };
                let starts = runs(mask, n);
                if starts != 0 {
                    return Some((index, starts.trailing_zeros() as usize));
                }
                bits &= bits - 1;
            }
        }
        None
    }

    /// Gives `n` slices from `start` back.
    pub fn give(&self, core: &Core, start: usize, n: usize) {
        let first = Superblock::of_slice(start & !(SEGMENT - 1));
        let index = first.left.load(core::sync::atomic::Ordering::Relaxed) as usize;
        // SAFETY: slices were taken, so the directory exists.
        let d = unsafe { &*self.directory.get() };
        let segment = &d.segments[index];
        let mask = ones(n) << ((start & (SEGMENT - 1)) / SLICE);
        segment.free.set(segment.free.get() | mask);
        segment.dirty.set(segment.dirty.get() | mask);
        set(&d.with_free, index, true);
        set(&d.with_dirty, index, true);
        self.in_use.set(self.in_use.get() - n);
        self.idle.set(self.idle.get() + n);
        let idle = self.idle.get();
        let most = IDLE_MOST + self.in_use.get() / 4;
        if idle > most {
            self.trim(core, most / 2);
        } else if idle > IDLE_LEAST {
            let now = core.platform.now();
            if now.wrapping_sub(self.since.get()) >= PERIOD {
                let unused = self.least_idle.replace(idle);
                self.since.set(now);
                self.trim(core, (idle - unused.div_ceil(2)).max(IDLE_LEAST));
            }
        }
    }

    /// Gives idle memory back to the system until `keep` idle slices are left.
    pub fn trim(&self, core: &Core, keep: usize) {
        // SAFETY: as in `directory`.
        let Some(d) = (unsafe { self.directory.get().as_ref() }) else { return };
        // The highest segments first: searches begin at the lowest.
        for index in (0..self.count.get()).rev() {
            if self.idle.get() <= keep {
                return;
            }
            let segment = &d.segments[index];
            let mut dirty = segment.dirty.get();
            while dirty != 0 {
                let start = dirty.trailing_zeros() as usize;
                let n = (dirty >> start).trailing_ones() as usize;
                let at = segment.base.get() + start * SLICE;
                let at = core::ptr::with_exposed_provenance_mut(at);
                // SAFETY: free slices of our segment; nobody reads them before writing.
                if !unsafe { core.platform.decommit(at, n * SLICE) } {
                    return;
                }
                dirty &= !(ones(n) << start);
                segment.dirty.set(dirty);
                self.idle.set(self.idle.get() - n);
            }
            set(&d.with_dirty, index, false);
        }
    }

    /// Lengthens or shortens the large block at `start` from `old` to `new` slices where it is.
    pub fn resize(&self, core: &Core, start: usize, old: usize, new: usize) -> bool {
        if new <= old {
            if new < old {
                self.give(core, start + new * SLICE, old - new);
            }
            return true;
        }
        let first = Superblock::of_slice(start & !(SEGMENT - 1));
        let index = first.left.load(core::sync::atomic::Ordering::Relaxed) as usize;
        // SAFETY: slices were taken, so the directory exists.
        let d = unsafe { &*self.directory.get() };
        let from = (start & (SEGMENT - 1)) / SLICE + old;
        let mask = ones(new - old).checked_shl(from as u32).unwrap_or(0);
        if from + (new - old) > SLICES || d.segments[index].free.get() & mask != mask {
            return false;
        }
        self.claim(d, index, from, new - old);
        true
    }

    /// Calls `f` with the record of every slice of every segment.
    pub fn each(&self, mut f: impl FnMut(&'static Superblock)) {
        // SAFETY: as in `directory`.
        let Some(d) = (unsafe { self.directory.get().as_ref() }) else { return };
        for segment in &d.segments[..self.count.get()] {
            for i in 1..SLICES {
                f(Superblock::of_slice(segment.base.get() + i * SLICE));
            }
        }
    }
}

/// The node that the superblock's memory belongs to.
pub fn node_of(sb: &Superblock) -> usize {
    Superblock::of_slice(sb.address() & !(SEGMENT - 1)).group.get() as usize
}

fn set(summary: &[Cell<u64>; WORDS], index: usize, on: bool) {
    let word = &summary[index / 64];
    let bit = 1 << (index % 64);
    word.set(if on { word.get() | bit } else { word.get() & !bit });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_where_the_ones_are() {
        for n in 1..=64 {
            for shift in 0..=64 - n {
                let mask = ones(n) << shift;
                assert_eq!(runs(mask, n), 1 << shift, "{n} {shift}");
                if n < 64 {
                    assert_eq!(runs(mask, n + 1), 0);
                }
            }
        }
        assert_eq!(runs(0b1011_0111, 2), 0b0001_0011);
    }
}
