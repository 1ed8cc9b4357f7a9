//! The grants table: what one client may name at one entrypoint.
//!
//! Core writes it, the entrypoint maps it read-only, the client does not see it. Entry 0 is the number of
//! entries in use, or [`CLOSED`]; an entry is the id of an object, or 0. Ids are never used twice, so an entry
//! that was read before core changed it names an object that is gone, never another one.
use crate::sync::{AtomicU64, Ordering, Site, order};

/// In place of the number of entries: the client is gone, drop the channel.
pub const CLOSED: u64 = u64::MAX;

/// A grants table, in core or in the entrypoint.
#[derive(Clone, Copy)]
pub struct Grants<'a>(&'a [AtomicU64]);

impl<'a> Grants<'a> {
    /// The table in `words`, one for each index.
    pub fn new(words: &'a [AtomicU64]) -> Self {
        Self(words)
    }

    /// Core: let `index` name `object`; `bound` entries are in use now. False beyond the table.
    pub fn grant(&self, index: u32, object: u64, bound: usize) -> bool {
        let (Some(entry), Some(head)) = (self.entry(index), self.0.first()) else { return false };
        entry.store(object, order(Site::Grant, Ordering::Release));
        head.store(bound as u64, Ordering::Release);
        true
    }

    /// Core: `index` names nothing any more.
    pub fn revoke(&self, index: u32) {
        if let Some(entry) = self.entry(index) {
            entry.store(0, Ordering::Release);
        }
    }

    /// Core: the client is gone. Entries stay, for signals that it submitted before.
    pub fn close(&self) {
        if let Some(head) = self.0.first() {
            head.store(CLOSED, Ordering::Release);
        }
    }

    /// Entrypoint: whether the client is gone.
    pub fn is_closed(&self) -> bool {
        self.0.first().is_some_and(|h| h.load(Ordering::Acquire) == CLOSED)
    }

    /// Entrypoint: the object that the client means by `index`; 0 if it may not name one by that.
    pub fn object(&self, index: u32) -> u64 {
        self.entry(index).map_or(0, |entry| entry.load(Ordering::Acquire))
    }

    /// Entrypoint: indices that may name something are below this.
    pub fn bound(&self) -> usize {
        let bound = self.0.first().map_or(0, |h| h.load(Ordering::Acquire));
        usize::try_from(bound).unwrap_or(usize::MAX).min(self.0.len())
    }

    fn entry(&self, index: u32) -> Option<&'a AtomicU64> {
        if index == 0 { None } else { self.0.get(index as usize) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_granted_indices_within_the_table_name_something() {
        let words: [AtomicU64; 4] = core::array::from_fn(|_| AtomicU64::new(0));
        let table = Grants::new(&words);
        assert!(table.grant(2, 77, 3));
        assert!(!table.grant(0, 78, 3) && !table.grant(4, 78, 5), "the head is no entry");
        assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(|i| table.object(i)), [0, 0, 77, 0, 0, 0]);
        assert_eq!((table.bound(), table.is_closed()), (3, false));
        table.close();
        assert_eq!((table.bound(), table.is_closed(), table.object(2)), (4, true, 77));
        table.revoke(2);
        assert_eq!(table.object(2), 0);
    }
}
