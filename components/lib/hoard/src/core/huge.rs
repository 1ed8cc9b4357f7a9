//! Blocks beyond [`LARGE_MAX`]: a mapping each, known by address in a table of their own.
//!
//! Nothing is kept in the mapping, so a block may have any alignment and grow by moving its pages.
//! A few mappings are kept for reuse, because programs that use one such buffer use many.

use super::env::Env;
use super::pages::PERIOD;
use super::superblock::SLICE;
use crate::lockfree::lock::Lock;
use crate::platform::PAGE;
use core::cell::Cell;
use core::ptr::null_mut;

/// Largest block made of slices.
pub(crate) const LARGE_MAX: usize = 256 * SLICE;

const KEPT: usize = 16;
/// Bytes kept for reuse at most.
const KEPT_BYTES: usize = 64 << 20;
const FIRST_TABLE: usize = 512;

#[derive(Clone, Copy)]
struct Mapping {
    base: usize,
    size: usize,
}

const NONE: Mapping = Mapping { base: 0, size: 0 };

/// A mapping kept for reuse, and since when.
#[derive(Clone, Copy)]
struct Kept {
    mapping: Mapping,
    since: u64,
}

const NOT_KEPT: Kept = Kept { mapping: NONE, since: 0 };

/// All huge blocks.
pub(crate) struct Huge {
    env: Env,
    pub(crate) lock: Lock,
    /// Open addressing, linear probing, `base == 0` is free.
    table: Cell<*mut Mapping>,
    slots: Cell<usize>,
    count: Cell<usize>,
    bytes: Cell<usize>,
    kept: [Cell<Kept>; KEPT],
    kept_bytes: Cell<usize>,
}

fn round(size: usize) -> Option<usize> {
    Some(size.checked_add(PAGE - 1)? & !(PAGE - 1))
}

impl Huge {
    /// Makes the record of none yet.
    pub(crate) const fn new(env: Env) -> Self {
        Self {
            env,
            lock: Lock::new(),
            table: Cell::new(null_mut()),
            slots: Cell::new(0),
            count: Cell::new(0),
            bytes: Cell::new(0),
            kept: [const { Cell::new(NOT_KEPT) }; KEPT],
            kept_bytes: Cell::new(0),
        }
    }

    fn locked<T>(&self, f: impl FnOnce() -> T) -> T {
        self.lock.acquire(|| self.env.platform.yield_now());
        let result = f();
        // SAFETY: taken above.
        unsafe { self.lock.release() };
        result
    }

    fn slot(&self, i: usize) -> *mut Mapping {
        // SAFETY: `i` is below `slots`.
        unsafe { self.table.get().add(i & (self.slots.get() - 1)) }
    }

    fn start(base: usize) -> usize {
        (base / PAGE).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }

    fn position(&self, base: usize) -> Option<usize> {
        if self.slots.get() == 0 || base == 0 {
            return None;
        }
        let mut i = Self::start(base);
        loop {
            // SAFETY: `slot` stays in the table; at least half of it is free, so the loop ends.
            match unsafe { self.slot(i).read() }.base {
                0 => return None,
                b if b == base => return Some(i & (self.slots.get() - 1)),
                _ => i = i.wrapping_add(1),
            }
        }
    }

    fn insert(&self, mapping: Mapping) -> bool {
        if (self.count.get() + 1) * 2 > self.slots.get() {
            let (old, n) = (self.table.get(), self.slots.get());
            let grown = if n == 0 { FIRST_TABLE } else { n * 2 };
            let table = self.env.platform.map(grown * size_of::<Mapping>(), PAGE, 0);
            if table.is_null() {
                // Without a larger table the present one serves while it has room to end searches.
                if self.count.get() + 1 >= n {
                    return false;
                }
            } else {
                self.table.set(table.cast());
                self.slots.set(grown);
                for i in 0..n {
                    // SAFETY: `i < n`, the old table's length.
                    let m = unsafe { old.add(i).read() };
                    if m.base != 0 {
                        self.store(m);
                    }
                }
                if n != 0 {
                    // SAFETY: the old table, replaced above.
                    unsafe { self.env.platform.unmap(old.cast(), n * size_of::<Mapping>()) };
                }
            }
        }
        self.store(mapping);
        self.count.set(self.count.get() + 1);
        self.bytes.set(self.bytes.get() + mapping.size);
        true
    }

    fn store(&self, mapping: Mapping) {
        let mut i = Self::start(mapping.base);
        // SAFETY: as in `position`.
        while unsafe { self.slot(i).read() }.base != 0 {
            i = i.wrapping_add(1);
        }
        // SAFETY: as in `position`.
        unsafe { self.slot(i).write(mapping) };
    }

    /// Takes `base` out; its size.
    fn remove(&self, base: usize) -> Option<usize> {
        let mut hole = self.position(base)?;
        // SAFETY: `position` gave a slot of the table.
        let size = unsafe { self.slot(hole).read() }.size;
        let mask = self.slots.get() - 1;
        let mut i = hole;
        loop {
            i = (i + 1) & mask;
            // SAFETY: slots below `slots`.
            let m = unsafe { self.slot(i).read() };
            if m.base == 0 {
                break;
            }
            // Whoever probed past the hole moves into it.
            let home = Self::start(m.base) & mask;
            if i.wrapping_sub(home) & mask >= i.wrapping_sub(hole) & mask {
                // SAFETY: as above.
                unsafe { self.slot(hole).write(m) };
                hole = i;
            }
        }
        // SAFETY: as above.
        unsafe { self.slot(hole).write(NONE) };
        self.count.set(self.count.get() - 1);
        self.bytes.set(self.bytes.get() - size);
        Some(size)
    }

    /// Allocates at least `size` bytes at a multiple of `align`; true with them if they are zeroed.
    pub(crate) fn allocate(
        &self,
        size: usize,
        align: usize,
        node: usize,
    ) -> Option<(*mut u8, bool)> {
        let size = round(size)?;
        if size > isize::MAX as usize {
            return None;
        }
        let kept = self.locked(|| self.reuse(size, align));
        if let Some(base) = kept {
            return Some((core::ptr::with_exposed_provenance_mut(base), false));
        }
        let base = self.env.platform.map(size, align.max(PAGE), node);
        if base.is_null() {
            return None;
        }
        let mapping = Mapping { base: base.expose_provenance(), size };
        if !self.locked(|| self.insert(mapping)) {
            // SAFETY: mapped above, unknown to anybody.
            unsafe { self.env.platform.unmap(base, size) };
            return None;
        }
        Some((base, true))
    }

    /// Returns the usable size of the block at `address`, if it is one.
    pub(crate) fn size(&self, address: usize) -> Option<usize> {
        self.locked(|| {
            // SAFETY: `position` gives slots of the table.
            self.position(address).map(|i| unsafe { self.slot(i).read() }.size)
        })
    }

    /// A kept mapping that is large enough and not much larger.
    fn reuse(&self, size: usize, align: usize) -> Option<usize> {
        for slot in &self.kept {
            let m = slot.get().mapping;
            let fits = m.size >= size && m.size - size <= size / 8;
            if m.base != 0 && fits && m.base & (align - 1) == 0 && self.insert(m) {
                slot.set(NOT_KEPT);
                self.kept_bytes.set(self.kept_bytes.get() - m.size);
                return Some(m.base);
            }
        }
        None
    }

    /// The kept mapping that should go: one kept too long, or the oldest if there are too many.
    fn surplus(&self, now: u64) -> Option<Mapping> {
        let used = self.kept.iter().filter(|s| s.get().mapping.base != 0);
        let oldest = used.clone().min_by_key(|s| s.get().since)?;
        let too_long = now.wrapping_sub(oldest.get().since) >= PERIOD;
        if too_long || self.kept_bytes.get() > KEPT_BYTES || used.count() == KEPT {
            let out = oldest.replace(NOT_KEPT).mapping;
            self.kept_bytes.set(self.kept_bytes.get() - out.size);
            return Some(out);
        }
        None
    }

    /// Unmaps what was kept long enough.
    fn expire(&self) {
        let now = self.env.platform.now();
        while let Some(out) = self.locked(|| self.surplus(now)) {
            // SAFETY: taken out of the table and of what is kept: nobody else knows it.
            unsafe {
                self.env.platform.unmap(core::ptr::with_exposed_provenance_mut(out.base), out.size);
            }
        }
    }

    /// Frees the block at `address`; false if there is none.
    ///
    /// # Safety
    /// Nobody uses the block any more.
    pub(crate) unsafe fn free(&self, address: usize) -> bool {
        let now = self.env.platform.now();
        let known = self.locked(|| {
            let size = self.remove(address)?;
            // `expire` leaves a slot open.
            let slot = self.kept.iter().find(|s| s.get().mapping.base == 0);
            let Some(slot) = slot.filter(|_| size <= KEPT_BYTES / 2) else {
                return Some(Some(size));
            };
            slot.set(Kept { mapping: Mapping { base: address, size }, since: now });
            self.kept_bytes.set(self.kept_bytes.get() + size);
            Some(None)
        });
        if let Some(Some(size)) = known {
            // SAFETY: taken out of the table and not kept: nobody else knows it.
            unsafe {
                self.env.platform.unmap(core::ptr::with_exposed_provenance_mut(address), size);
            }
        }
        if known.is_some() {
            self.expire();
        }
        known.is_some()
    }

    /// Changes the size of the block at `address`, moving its pages if need be. Null if that is
    /// not possible or copying is better; nothing has changed then.
    ///
    /// # Safety
    /// The block is the caller's, who uses it at the returned address only, unless that is null.
    pub(crate) unsafe fn resize(&self, address: usize, size: usize) -> *mut u8 {
        let Some(size) = round(size).filter(|&s| isize::try_from(s).is_ok()) else {
            return null_mut();
        };
        self.locked(|| {
            let kept = |s: &Cell<Kept>| {
                let m = s.get().mapping;
                m.size >= size && m.size - size <= size / 8
            };
            // Memory that is there already: copying into it beats faulting new pages in.
            if self.kept.iter().any(kept) {
                return null_mut();
            }
            let Some(old) = self.remove(address) else { return null_mut() };
            // SAFETY: a whole mapping that only its owner knows, the caller.
            let base = unsafe {
                let at = core::ptr::with_exposed_provenance_mut(address);
                self.env.platform.remap(at, old, size, true)
            };
            // One was taken out, so there is room for one.
            if base.is_null() {
                self.insert(Mapping { base: address, size: old });
            } else {
                self.insert(Mapping { base: base.expose_provenance(), size });
            }
            base
        })
    }

    /// Unmaps what is kept, and returns how many bytes that was.
    pub(crate) fn trim(&self) -> usize {
        let mut bytes = 0;
        for slot in &self.kept {
            let m = self.locked(|| {
                let m = slot.replace(NOT_KEPT).mapping;
                self.kept_bytes.set(self.kept_bytes.get() - m.size);
                m
            });
            if m.base != 0 {
                // SAFETY: taken out above: nobody else knows it.
                unsafe {
                    self.env.platform.unmap(core::ptr::with_exposed_provenance_mut(m.base), m.size);
                }
                bytes += m.size;
            }
        }
        bytes
    }

    /// Returns the number of blocks, their bytes, and the bytes kept.
    pub(crate) fn bytes(&self) -> (usize, usize, usize) {
        self.locked(|| (self.count.get(), self.bytes.get(), self.kept_bytes.get()))
    }
}
