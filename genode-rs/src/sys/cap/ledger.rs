//! Stands in for the seam's capability counting in unit tests: counts per thread, and fails a test that gives
//! back what it does not have.

extern crate std;

use core::cell::RefCell;
use std::collections::BTreeMap;

use super::RawCap;

std::thread_local! {
    static REFERENCES: RefCell<BTreeMap<u64, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// A first reference to an object, as the seam would hand it out.
pub(crate) fn mint(handle: u64) -> RawCap {
    // SAFETY: the ledger takes any number for a handle, and this reference is new.
    unsafe { RawCap::from_handle(dup(handle)) }
}

/// References to `handle` that somebody holds.
pub(crate) fn references(handle: u64) -> u64 {
    REFERENCES.with_borrow(|all| all.get(&handle).copied().unwrap_or(0))
}

/// References to anything.
pub(crate) fn all_references() -> u64 {
    REFERENCES.with_borrow(|all| all.values().sum())
}

/// As the seam's, as the others below.
pub(super) unsafe fn dup(handle: u64) -> u64 {
    if handle != 0 {
        REFERENCES.with_borrow_mut(|all| *all.entry(handle).or_default() += 1);
    }
    handle
}

pub(super) unsafe fn drop(handle: u64) {
    REFERENCES.with_borrow_mut(|all| {
        let count = all.get_mut(&handle).expect("a handle that was never given out");
        *count = count.checked_sub(1).expect("given back once too often");
    });
}

pub(super) unsafe fn same(a: u64, b: u64) -> bool {
    a == b
}
