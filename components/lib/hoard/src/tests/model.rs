//! A system for tests: real memory, a clock and nodes that the test sets, and failures on demand.

use crate::platform::{Commit, Linux, Platform};
use crate::{Core, Table};
use std::boxed::Box;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::vec::Vec;

/// A system that counts what it is asked, and answers as the test wants.
#[derive(Default)]
pub(super) struct Model {
    mappings: Mutex<BTreeMap<usize, usize>>,
    /// Calls that may fail, so far.
    pub(super) calls: AtomicUsize,
    /// The first call that fails, counted from 1; 0 for none.
    pub(super) fail_from: AtomicUsize,
    /// How many fail from there on.
    pub(super) fail_count: AtomicUsize,
    pub(super) clock: AtomicU64,
    pub(super) node: AtomicUsize,
    pub(super) messages: Mutex<Vec<u8>>,
    /// As [`Platform::unit`]; what has no memory then cannot be touched.
    unit: usize,
    /// Every so many commits meet addresses that something else took; 0 for none.
    pub(super) occupied_every: AtomicUsize,
    commits: AtomicUsize,
    committed: Mutex<BTreeSet<usize>>,
}

unsafe extern "C" {
    fn mprotect(base: *mut u8, size: usize, protection: i32) -> i32;
}

/// Makes a range readable and writable, or neither.
fn protect(base: *mut u8, size: usize, on: bool) {
    // SAFETY: ranges of the model's own mappings; the allocator must not touch those without memory.
    assert_eq!(unsafe { mprotect(base, size, if on { 3 } else { 0 }) }, 0);
}

impl Model {
    fn fails(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let from = self.fail_from.load(Ordering::Relaxed);
        from != 0 && call >= from && call < from + self.fail_count.load(Ordering::Relaxed)
    }

    /// Units with memory, beside those of the records.
    pub(super) fn committed(&self) -> usize {
        self.committed.lock().unwrap().len()
    }

    /// Bytes mapped.
    pub(super) fn mapped(&self) -> usize {
        self.mappings.lock().unwrap().values().sum()
    }
}

// SAFETY: Linux's memory, cut off where it was not committed.
unsafe impl Platform for Model {
    fn unit(&self) -> usize {
        self.unit
    }

    fn reserve(&self, size: usize, align: usize, node: usize) -> *mut u8 {
        let base = self.map(size, align, node);
        if self.unit > 0 && !base.is_null() {
            protect(base.wrapping_add(self.unit), size - self.unit, false);
        }
        base
    }

    unsafe fn commit(&self, base: *mut u8, _: usize) -> Commit {
        assert!(base.addr().is_multiple_of(self.unit));
        if self.fails() {
            return Commit::Refused;
        }
        let every = self.occupied_every.load(Ordering::Relaxed);
        if every != 0 && self.commits.fetch_add(1, Ordering::Relaxed) % every == every - 1 {
            return Commit::Occupied;
        }
        assert!(self.committed.lock().unwrap().insert(base.addr()), "committed twice");
        protect(base, self.unit, true);
        Commit::Done
    }

    fn map(&self, size: usize, align: usize, node: usize) -> *mut u8 {
        assert!(size > 0 && size.is_multiple_of(4096) && align.is_power_of_two());
        if size > 1 << 44 || self.fails() {
            return core::ptr::null_mut();
        }
        let base = Linux.map(size, align, node);
        assert!(!base.is_null() && base.addr().is_multiple_of(align));
        self.mappings.lock().unwrap().insert(base.addr(), size);
        base
    }

    unsafe fn unmap(&self, base: *mut u8, size: usize) {
        let known = self.mappings.lock().unwrap().remove(&base.addr());
        assert_eq!(known, Some(size), "a mapping is given back whole, once");
        // SAFETY: the caller's promise.
        unsafe { Linux.unmap(base, size) };
    }

    unsafe fn decommit(&self, base: *mut u8, size: usize) -> bool {
        let mappings = self.mappings.lock().unwrap();
        let (start, len) = mappings.range(..=base.addr()).next_back().expect("inside a mapping");
        assert!(base.addr() + size <= start + len);
        // SAFETY: the caller's promise.
        if self.fails() || !unsafe { Linux.decommit(base, size) } {
            return false;
        }
        if self.unit > 0 {
            assert_eq!(size, self.unit);
            assert!(self.committed.lock().unwrap().remove(&base.addr()), "it had memory");
            protect(base, size, false);
        }
        true
    }

    unsafe fn remap(&self, base: *mut u8, old: usize, new: usize, may_move: bool) -> *mut u8 {
        if new > 1 << 44 || self.fails() {
            return core::ptr::null_mut();
        }
        let mut mappings = self.mappings.lock().unwrap();
        assert_eq!(mappings.remove(&base.addr()), Some(old), "a whole mapping");
        // SAFETY: the caller's promise.
        let moved = unsafe { Linux.remap(base, old, new, may_move) };
        assert!(!moved.is_null());
        mappings.insert(moved.addr(), new);
        moved
    }

    fn current_node(&self) -> usize {
        self.node.load(Ordering::Relaxed)
    }

    fn nodes(&self) -> usize {
        2
    }

    fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn yield_now(&self) {
        std::thread::yield_now();
    }

    fn message(&self, text: &[u8]) {
        self.messages.lock().unwrap().extend_from_slice(text);
    }

    fn abort(&self) -> ! {
        panic!("{}", std::string::String::from_utf8_lossy(&self.messages.lock().unwrap()));
    }
}

/// An allocator of its own on a system of its own. Its memory goes when it is dropped: no block
/// may be touched then.
pub(super) struct System {
    pub(super) model: &'static Model,
    pub(super) core: &'static Core,
    boxes: (*mut Model, *mut Core, *mut Table),
}

// SAFETY: the pointers are used in `drop` only; model and core are `Sync`.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

impl System {
    pub(super) fn new() -> Self {
        Self::with_unit(0)
    }

    /// On a system that gives segments their memory by `unit` bytes.
    pub(super) fn with_unit(unit: usize) -> Self {
        let model = Box::into_raw(Box::new(Model { unit, ..Model::default() }));
        // SAFETY: a zeroed table is an empty one, and too large for a stack.
        let table = Box::into_raw(unsafe { Box::<Table>::new_zeroed().assume_init() });
        // SAFETY: from boxes that live until `drop`.
        let core = Box::into_raw(Box::new(unsafe { Core::new(&*model, &*table) }));
        // SAFETY: as above.
        unsafe { Self { model: &*model, core: &*core, boxes: (model, core, table) } }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // A test that failed may hold the lock; its memory is not worth a second panic.
        if let Ok(mappings) = self.model.mappings.lock() {
            for (&base, &size) in mappings.iter() {
                // SAFETY: our mapping, and by contract nobody uses it any more.
                unsafe { Linux.unmap(core::ptr::with_exposed_provenance_mut(base), size) };
            }
        }
        // SAFETY: made by `new` from boxes; the references do not outlive the system.
        unsafe {
            drop(Box::from_raw(self.boxes.1));
            drop(Box::from_raw(self.boxes.0));
            drop(Box::from_raw(self.boxes.2));
        }
    }
}
