//! The deadlines of one entrypoint, in order. Knows numbers only.

use alloc::collections::BTreeMap;

/// Names an entry: its deadline, and a number that tells entries of one deadline apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    at: u64,
    number: u64,
}

/// Entries with a deadline each. Entries of the same deadline are due in the order of their insertion.
#[derive(Debug)]
pub(super) struct Deadlines<T> {
    entries: BTreeMap<Key, T>,
    inserted: u64,
}

impl<T> Deadlines<T> {
    /// Returns no entries.
    pub(super) const fn new() -> Self {
        Self { entries: BTreeMap::new(), inserted: 0 }
    }

    /// Adds an entry that is due at `at`.
    pub(super) fn insert(&mut self, at: u64, entry: T) -> Key {
        let key = Key { at, number: self.inserted };
        // 2^64 insertions take centuries; if they are over, numbers repeat behind entries that are long gone.
        self.inserted = self.inserted.wrapping_add(1);
        self.entries.insert(key, entry);
        key
    }

    /// Returns the entry, unless it was due or removed.
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.entries.get_mut(&key)
    }

    /// Takes the entry out, unless it was due or removed.
    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        self.entries.remove(&key)
    }

    /// Returns the earliest deadline.
    pub(super) fn next(&self) -> Option<u64> {
        self.entries.first_key_value().map(|(key, _)| key.at)
    }

    /// Takes the earliest entry out, if it is due at `now`.
    pub(super) fn take_due(&mut self, now: u64) -> Option<T> {
        let entry = self.entries.first_entry()?;
        (entry.key().at <= now).then(|| entry.remove())
    }

    /// Takes all entries out.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        core::mem::take(&mut self.entries).into_values()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        /// Removes the entry that was inserted as the n-th, modulo their number.
        Remove(usize),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..50_u64).prop_map(Step::Insert),
            (0..50_u64).prop_map(|end| Step::Insert(u64::MAX - end)),
            (0..40_usize).prop_map(Step::Remove),
            (0..30_u64).prop_map(Step::Pass),
        ]
    }

    proptest! {
        /// Against a list that is searched.
        #[test]
        fn entries_are_due_in_order(steps in proptest::collection::vec(step(), 0..80)) {
            let mut deadlines = Deadlines::new();
            let mut model: Vec<(u64, usize)> = Vec::new();
            let mut keys = Vec::new();
            let mut now = 0_u64;
            for step in steps {
                match step {
                    Step::Insert(at) => {
                        model.push((at, keys.len()));
                        keys.push(deadlines.insert(at, keys.len()));
                    }
                    Step::Remove(n) if !keys.is_empty() => {
                        let n = n % keys.len();
                        let place = model.iter().position(|entry| entry.1 == n);
                        prop_assert_eq!(deadlines.get_mut(keys[n]).copied(), place.map(|_| n));
                        prop_assert_eq!(deadlines.remove(keys[n]), place.map(|p| model.remove(p).1));
                    }
                    Step::Remove(_) => {}
                    Step::Pass(us) => {
                        now += us;
                        model.sort_unstable();
                        let later = model.partition_point(|entry| entry.0 <= now);
                        let due: Vec<_> = model.drain(..later).map(|entry| entry.1).collect();
                        let taken: Vec<_> =
                            std::iter::from_fn(|| deadlines.take_due(now)).collect();
                        prop_assert_eq!(taken, due);
                    }
                }
                prop_assert_eq!(deadlines.next(), model.iter().map(|entry| entry.0).min());
            }
            prop_assert_eq!(deadlines.take_all().count(), model.len());
            prop_assert_eq!(deadlines.next(), None);
        }
    }
}
