//! Memory of the component's own RAM quota: a dataspace for each unit of a segment and for each huge block.
//!
//! Segments are placed at low addresses, where the systems below map nothing by themselves; a unit that meets a
//! mapping all the same is left out for good. Dataspaces come zeroed. Nothing here allocates.

use core::cell::UnsafeCell;
use core::ptr::null_mut;

use genode_sys as seam;
use hoard::Table;
use hoard::internals::lock::Lock;
use hoard::platform::{Commit, Platform};

use crate::ledger::{self, Entry};

const PAGE: usize = 4096;
/// Bytes of a segment's unit: one capability for each.
const UNIT: usize = 256 << 10;
/// Segments a component may have: 8 GiB.
const SEGMENTS: usize = 256;
/// Quota that is left to the rest of the component: mapping takes some for the bookkeeping, and a component without
/// any would wait for its parent.
const RESERVE: u64 = 64 << 10;
/// Places that are tried for a range.
const TRIES: usize = 256;
/// Entries of the first table of mappings.
const FIRST: usize = PAGE / size_of::<Entry>();

/// Addresses where ranges are placed one after the other, and again from the start.
#[derive(Debug)]
struct Area {
    start: usize,
    end: usize,
    next: usize,
}

impl Area {
    const fn new(start: usize, end: usize) -> Self {
        Self { start, end, next: start }
    }

    /// The next place for `size` bytes at a multiple of `align`.
    fn next(&mut self, size: usize, align: usize) -> Option<usize> {
        let fits = |from: usize| {
            let at = from.checked_next_multiple_of(align)?;
            let end = at.checked_add(size)?;
            (end <= self.end).then_some((at, end))
        };
        let (at, end) = fits(self.next).or_else(|| fits(self.start))?;
        self.next = end;
        Some(at)
    }
}

/// Ranges of addresses: low, where no system maps anything by itself, and such that [`Table`] can note segments.
const SEGMENT_AREA: Area = Area::new(64 << 30, 128 << 30);
/// The same for huge blocks of large alignment.
const ALIGNED_AREA: Area = Area::new(128 << 30, 256 << 30);

const _: () = assert!(SEGMENT_AREA.end <= 1 << Table::BITS);

#[derive(Debug)]
struct State {
    entries: *mut Entry,
    /// Number of entries, a power of two or 0.
    len: usize,
    used: usize,
    /// The dataspace of the entries.
    own: u64,
    segments: Area,
    aligned: Area,
}

/// RAM dataspaces, attached.
#[derive(Debug)]
pub(crate) struct Dataspaces {
    lock: Lock,
    state: UnsafeCell<State>,
}

// SAFETY: the state is touched with the lock held.
unsafe impl Sync for Dataspaces {}

/// Why there is no mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Occupied,
    Refused,
}

/// A RAM dataspace of `size` bytes mapped at `at`, or anywhere if that is 0.
fn dataspace(size: usize, at: usize) -> Result<Entry, Failure> {
    let mut quota = seam::rs_quota_t { ram_limit: 0, ram_used: 0, caps_limit: 0, caps_used: 0 };
    // SAFETY: `quota` is a live out parameter.
    let known = unsafe { seam::rs_quota(&raw mut quota) } == seam::RS_OK;
    if !known || quota.ram_limit.saturating_sub(quota.ram_used) < size as u64 + RESERVE {
        return Err(Failure::Refused);
    }
    let mut cap = 0;
    // SAFETY: `cap` is a live out parameter.
    let result =
        unsafe { seam::rs_ram_alloc(size, seam::RS_CACHED, seam::RS_ANY_NODE, &raw mut cap) };
    if result != seam::RS_OK {
        return Err(Failure::Refused);
    }
    let how = seam::rs_attach_attr_t { offset: 0, size, at, writeable: true, executable: false };
    let (mut base, mut mapped) = (0, 0);
    // SAFETY: a live dataspace, live in and out parameters.
    let result = unsafe { seam::rs_attach(cap, &raw const how, &raw mut base, &raw mut mapped) };
    let placed = at == 0 || base == at;
    if result == seam::RS_OK && mapped >= size && placed {
        return Ok(Entry { base, cap });
    }
    // SAFETY: mapped above if at all, and known to nobody; the reference is given up.
    unsafe {
        if result == seam::RS_OK {
            seam::rs_detach(base);
        }
        seam::rs_ram_free(cap);
    }
    Err(if result == seam::RS_REGION_CONFLICT || !placed {
        Failure::Occupied
    } else {
        Failure::Refused
    })
}

/// # Safety
/// The entry was made by [`dataspace`], and nothing refers to its memory.
unsafe fn release(entry: Entry) {
    // SAFETY: the caller's promise; the reference is given up.
    unsafe {
        seam::rs_detach(entry.base);
        seam::rs_ram_free(entry.cap);
    }
}

impl State {
    fn entries(&mut self) -> &mut [Entry] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: `grow` mapped that many entries, which nobody else knows.
        unsafe { core::slice::from_raw_parts_mut(self.entries, self.len) }
    }

    /// Makes room for one more entry.
    fn grow(&mut self) -> bool {
        let len = self.len;
        if self.used < len / 4 * 3 {
            return true;
        }
        let larger = if len == 0 { FIRST } else { 2 * len };
        let Ok(space) = dataspace(larger * size_of::<Entry>(), 0) else { return false };
        let table: *mut Entry = core::ptr::with_exposed_provenance_mut(space.base);
        // SAFETY: fresh zeroed memory of that size, nobody else's; zeroes are free entries.
        let entries = unsafe { core::slice::from_raw_parts_mut(table, larger) };
        for &entry in self.entries().iter().filter(|entry| entry.base != 0) {
            ledger::insert(entries, entry);
        }
        let old = Entry { base: self.entries.addr(), cap: self.own };
        (self.entries, self.len, self.own) = (table, larger, space.cap);
        if len > 0 {
            // SAFETY: the table that was just replaced.
            unsafe { release(old) };
        }
        true
    }
}

impl Dataspaces {
    /// Makes a platform that has mapped nothing yet.
    pub(crate) const fn new() -> Self {
        Self {
            lock: Lock::new(),
            state: UnsafeCell::new(State {
                entries: null_mut(),
                len: 0,
                used: 0,
                own: 0,
                segments: SEGMENT_AREA,
                aligned: ALIGNED_AREA,
            }),
        }
    }

    fn locked<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        self.lock.acquire(|| self.yield_now());
        // SAFETY: the lock makes this the only reference.
        let result = f(unsafe { &mut *self.state.get() });
        // SAFETY: taken above.
        unsafe { self.lock.release() };
        result
    }

    /// Maps a dataspace and notes it.
    fn add(&self, size: usize, at: usize) -> Result<*mut u8, Failure> {
        let entry = dataspace(size, at)?;
        let noted = self.locked(|state| {
            let room = state.grow();
            if room {
                ledger::insert(state.entries(), entry);
                state.used += 1;
            }
            room
        });
        if noted {
            return Ok(core::ptr::with_exposed_provenance_mut(entry.base));
        }
        // SAFETY: made above, known to nobody.
        unsafe { release(entry) };
        Err(Failure::Refused)
    }

    /// # Safety
    /// Nothing refers to what is mapped at `base`.
    unsafe fn take_away(&self, base: usize) -> bool {
        let cap = self.locked(|state| {
            let cap = ledger::remove(state.entries(), base)?;
            state.used -= 1;
            Some(cap)
        });
        let Some(cap) = cap else { return false };
        // SAFETY: the caller's promise; the table held it once.
        unsafe { release(Entry { base, cap }) };
        true
    }

    /// Maps `size` bytes where `next` says, until that is free.
    fn place(&self, size: usize, next: impl Fn(&mut State) -> Option<usize>) -> *mut u8 {
        for _ in 0..TRIES {
            let Some(at) = self.locked(&next) else { break };
            match self.add(size, at) {
                Ok(base) => return base,
                Err(Failure::Occupied) => {}
                Err(Failure::Refused) => break,
            }
        }
        null_mut()
    }
}

// SAFETY: RAM dataspaces come zeroed, belong to this component alone, and are mapped where nothing else
// is; a unit or mapping is noted before anybody hears of it.
unsafe impl Platform for Dataspaces {
    fn map(&self, size: usize, align: usize, _node: usize) -> *mut u8 {
        if align > PAGE {
            return self.place(size, |state| state.aligned.next(size, align));
        }
        self.add(size, 0).unwrap_or(null_mut())
    }

    fn unit(&self) -> usize {
        UNIT
    }

    fn segments(&self) -> usize {
        SEGMENTS
    }

    fn reserve(&self, size: usize, align: usize, _node: usize) -> *mut u8 {
        self.place(UNIT, |state| state.segments.next(size, align))
    }

    unsafe fn commit(&self, base: *mut u8, _node: usize) -> Commit {
        match self.add(UNIT, base.addr()) {
            Ok(_) => Commit::Done,
            Err(Failure::Occupied) => Commit::Occupied,
            Err(Failure::Refused) => Commit::Refused,
        }
    }

    unsafe fn unmap(&self, base: *mut u8, _size: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.take_away(base.addr()) };
    }

    unsafe fn decommit(&self, base: *mut u8, _size: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.take_away(base.addr()) }
    }

    unsafe fn remap(&self, _base: *mut u8, _old: usize, _new: usize, _may_move: bool) -> *mut u8 {
        null_mut()
    }

    fn current_node(&self) -> usize {
        0
    }

    fn nodes(&self) -> usize {
        1
    }

    fn now(&self) -> u64 {
        // SAFETY: no preconditions.
        match unsafe { seam::rs_time_us() } {
            // No clock of its own: ticks, some two thousand million a second.
            // SAFETY: no preconditions.
            0 => unsafe { seam::rs_timestamp() >> 21 },
            time => time / 1000,
        }
    }

    fn yield_now(&self) {
        #[cfg(not(target_os = "genode"))]
        hoard::platform::Linux.yield_now();
        // A call to core: others run meanwhile.
        #[cfg(target_os = "genode")]
        // SAFETY: no preconditions.
        unsafe {
            seam::rs_affinity_space();
        }
    }

    fn message(&self, text: &[u8]) {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        // SAFETY: the bytes are live.
        unsafe { seam::rs_log(seam::RS_ERROR, text.as_ptr().cast(), text.len()) }
    }

    fn abort(&self) -> ! {
        // SAFETY: no preconditions.
        unsafe { seam::rs_exit(-1) }
    }
}

#[cfg(test)]
mod tests {
    use super::Area;

    #[test]
    fn an_area_is_used_in_turn_and_again() {
        let mut area = Area::new(0x10000, 0x50000);
        assert_eq!(area.next(0x1000, 0x1000), Some(0x10000));
        assert_eq!(area.next(0x10000, 0x20000), Some(0x20000));
        assert_eq!(area.next(0x20000, 0x10000), Some(0x30000));
        assert_eq!(area.next(0x1000, 0x1000), Some(0x10000));
        assert_eq!(area.next(0x50000, 0x1000), None);
        assert_eq!(area.next(usize::MAX, 0x1000), None);
        assert_eq!(area.next(0x1000, 1 << 40), None);
    }
}
