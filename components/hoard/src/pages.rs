//! Segments and their slices: where superblocks of any class come from and go back to.
//!
//! The masks of all segments of a node lie densely in one array, so a search touches few cache
//! lines. Memory that was used before is preferred over memory that was not, and goes back to the
//! system when more of it is idle than a share of what is in use.

use crate::seeded;
use crate::shared::Core;
use crate::superblock::{SEGMENT, SLICE, SLICES, Superblock};
use core::cell::Cell;
use core::ptr::null_mut;

const MAX_SEGMENTS: usize = 1 << 15;
const WORDS: usize = MAX_SEGMENTS / 64;
/// Idle slices kept at most, beside a quarter of those in use.
const IDLE_MOST: usize = 512;
/// Idle slices kept however long they are.
const IDLE_LEAST: usize = 16;
/// Milliseconds after which half of what was idle all the time goes back to the system.
pub const PERIOD: u64 = 100;

/// One bit for each slice of a segment.
#[repr(transparent)]
struct Mask([Cell<u64>; SLICES / 64]);

impl Mask {
    /// The first bit from `at` on that is `on`.
    fn next(&self, at: usize, on: bool) -> Option<usize> {
        let mut bit = at;
        while bit < SLICES {
            let word = self.0[bit / 64].get();
            let rest = (if on { word } else { !word }) >> (bit % 64);
            if rest != 0 {
                return Some(bit + rest.trailing_zeros() as usize);
            }
            bit = (bit / 64 + 1) * 64;
        }
        None
    }

    /// The first run of `n` ones.
    fn run(&self, n: usize) -> Option<usize> {
        let mut at = 0;
        loop {
            let start = self.next(at, true)?;
            at = self.next(start, false).unwrap_or(SLICES);
            if at - start >= n {
                return Some(start);
            }
        }
    }

    /// Sets bits `start..start + n`; how many changed.
    fn set(&self, start: usize, n: usize, on: bool) -> usize {
        let (mut at, end, mut changed) = (start, start + n, 0);
        while at < end {
            let take = (64 - at % 64).min(end - at);
            let ones = (u64::MAX >> (64 - take)) << (at % 64);
            let word = &self.0[at / 64];
            let new = if on { word.get() | ones } else { word.get() & !ones };
            changed += (new ^ word.get()).count_ones() as usize;
            word.set(new);
            at += take;
        }
        changed
    }

    /// Whether bits `start..start + n` exist and are all ones.
    fn all(&self, start: usize, n: usize) -> bool {
        start + n <= SLICES && self.next(start, false).is_none_or(|zero| zero >= start + n)
    }

    fn any(&self) -> bool {
        self.0.iter().any(|word| word.get() != 0)
    }
}

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

impl Pages {
    /// Nothing.
    #[allow(clippy::new_without_default)] // made for statics
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
        // Fresh memory reads as zero, and zeroes are the records of nothing. That of the first
        // slice, which is never a superblock, says whose segment it is.
        let first = Superblock::of_slice(base.expose_provenance());
        first.group.set(node as u8);
        first.left.store(index as i32, core::sync::atomic::Ordering::Relaxed);
        if !core.table.add(base.addr()) {
            // SAFETY: mapped above and known to nobody.
            unsafe { core.platform.unmap(base, SEGMENT) };
            return None;
        }
        segment.base.set(base.addr());
        segment.free.set(1, SLICES - 1, true);
        self.count.set(index + 1);
        set(&d.with_free, index, true);
        Some(index)
    }

    /// Takes `n` adjacent slices; true with them if they read as zero.
    pub fn take(&self, core: &Core, node: usize, n: usize) -> Option<(&'static Superblock, bool)> {
        let d = self.directory(core, node)?;
        let found =
            (if self.idle.get() >= n { self.find(&d.with_dirty, d, n, true) } else { None })
                .or_else(|| self.find(&d.with_free, d, n, false))
                .or_else(|| self.grow(core, node, d).map(|index| (index, 1)));
        let (index, start) = found?;
        let segment = &d.segments[index];
        let dirty = self.claim(d, index, start, n);
        Some((Superblock::of_slice(segment.base.get() + start * SLICE), dirty == 0))
    }

    /// Marks slices as used; how many had memory behind them.
    fn claim(&self, d: &Directory, index: usize, start: usize, n: usize) -> usize {
        let segment = &d.segments[index];
        segment.free.set(start, n - usize::from(seeded::bug(12) && n == 3), false);
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
                let segment = &d.segments[index];
                let mask = if dirty { &segment.dirty } else { &segment.free };
                if let Some(start) = mask.run(n) {
                    return Some((index, start));
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
        let first = (start & (SEGMENT - 1)) / SLICE;
        segment.free.set(first, n, true);
        segment.dirty.set(first, n, true);
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
            while let Some(start) = segment.dirty.run(1) {
                let n = segment.dirty.next(start, false).unwrap_or(SLICES) - start;
                let at = segment.base.get() + start * SLICE;
                let at = core::ptr::with_exposed_provenance_mut(at);
                // SAFETY: free slices of our segment; nobody reads them before writing.
                if !unsafe { core.platform.decommit(at, n * SLICE) } {
                    return;
                }
                segment.dirty.set(start, n, false);
                self.idle.set(self.idle.get() - n);
                self.least_idle.set(self.least_idle.get().min(self.idle.get()));
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
        let free = d.segments[index].free.all(from, new - old);
        if !free && (!seeded::bug(9) || from + new - old > SLICES) {
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
        for n in [1, 2, 63, 64, 65, 127, 128, 200, 512] {
            for start in 0..=SLICES - n {
                let mask = Mask([const { Cell::new(0) }; SLICES / 64]);
                assert_eq!(mask.run(1), None);
                assert_eq!(mask.set(start, n, true), n);
                assert_eq!(mask.run(n), Some(start), "{n} {start}");
                assert_eq!(mask.run(n + 1), None);
                assert!(mask.all(start, n) && !mask.all(start, n + 1));
                assert_eq!(mask.set(start, n, false), n);
                assert!(!mask.any());
            }
        }
    }
}
