//! Bounds what the values of a thread's interpreters take.
//!
//! Every value's bytes are counted. Commands that make a long text ask first (`afford`) and fail as
//! any command does. What becomes too much unnoticed (a list of a long text many times, printed) ends
//! the script: `is_spent` is asked with each command, and a script cannot catch that end.

use crate::error::{Exception, fail};
use std::cell::Cell;

/// Bytes that all values of a thread may take together, unless [`set_limit`] says otherwise.
pub const LIMIT: usize = 256 << 20;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(LIMIT) };
    static SPENT: Cell<bool> = const { Cell::new(false) };
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Bytes that a value takes, given back with it.
#[derive(Debug, Default)]
pub(crate) struct Charge(Cell<usize>);

impl Charge {
    /// Adds bytes.
    pub(crate) fn add(&self, bytes: usize) {
        self.set(self.0.get() + bytes);
    }

    /// Replaces the bytes.
    pub(crate) fn set(&self, bytes: usize) {
        let before = self.0.replace(bytes);
        if bytes == before {
            return;
        }
        // a thread that ends has nothing to count any more
        let _ = LIVE.try_with(|live| {
            live.set((live.get() + bytes).saturating_sub(before));
            if live.get() > limit() {
                spend();
            }
        });
    }
}

impl Clone for Charge {
    /// Charges the copy as the original, until the copy's owner knows better.
    fn clone(&self) -> Self {
        let charge = Self::default();
        charge.set(self.0.get());
        charge
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// Bounds what all values of this thread may take together.
pub fn set_limit(bytes: usize) {
    MOST.with(|most| most.set(bytes));
}

/// Bytes that all values of this thread may take together.
pub fn limit() -> usize {
    MOST.try_with(Cell::get).unwrap_or(LIMIT)
}

fn spend() {
    let _ = SPENT.try_with(|spent| spent.set(true));
}

/// Fails unless `bytes` more fit.
pub(crate) fn afford(bytes: usize) -> Result<(), Exception> {
    if fits(bytes) {
        return Ok(());
    }
    fail(format!(
        "the script's values would take more than {} MiB: let go of some, or make shorter ones",
        limit() >> 20
    ))
}

/// Bytes that still fit.
pub(crate) fn room() -> usize {
    limit().saturating_sub(LIVE.with(Cell::get))
}

fn fits(bytes: usize) -> bool {
    LIVE.with(Cell::get).saturating_add(bytes) <= limit()
}

/// True if `bytes` more fit; if not, the script ends with its next command.
pub(crate) fn must_fit(bytes: usize) -> bool {
    let fits = fits(bytes);
    if !fits {
        spend();
    }
    fits
}

/// True once too much was taken, until this is asked.
pub(crate) fn is_spent() -> bool {
    SPENT.with(|spent| spent.replace(false))
}

/// Counts elements or bytes that were read or copied because of a value's form.
pub(crate) fn count(steps: usize) {
    let _ = STEPS.try_with(|all| all.set(all.get() + steps as u64));
}

/// Elements and bytes that this thread read or copied so far because a value's form changed or because
/// a change found it shared. A script that appends to a list or sets keys of a dictionary
/// costs a bounded number for each.
pub fn steps() -> u64 {
    STEPS.with(Cell::get)
}
