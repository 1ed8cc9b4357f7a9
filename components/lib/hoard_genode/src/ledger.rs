//! Finds the dataspace that is mapped at an address, to give it back, among some thousands.
//!
//! Open addressing in memory that the owner supplies, because the allocator cannot allocate.

/// A mapping: where, and the reference to the dataspace behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Entry {
    /// Address; 0 in an entry that is free.
    pub(crate) base: usize,
    /// The dataspace.
    pub(crate) cap: u64,
}

const PAGE: usize = 4096;

fn home(base: usize, len: usize) -> usize {
    (base / PAGE).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & (len - 1)
}

/// Notes an entry; `entries` are a power of two in number and at least one is free.
pub(crate) fn insert(entries: &mut [Entry], entry: Entry) {
    let len = entries.len();
    let mut at = home(entry.base, len);
    while entries[at].base != 0 {
        at = (at + 1) & (len - 1);
    }
    entries[at] = entry;
}

/// Forgets the entry of `base` and returns its dataspace. At least one entry is free, if there are any.
pub(crate) fn remove(entries: &mut [Entry], base: usize) -> Option<u64> {
    let len = entries.len();
    if len == 0 || base == 0 {
        return None;
    }
    let mut hole = home(base, len);
    while entries[hole].base != base {
        if entries[hole].base == 0 {
            return None;
        }
        hole = (hole + 1) & (len - 1);
    }
    let cap = entries[hole].cap;
    let mut at = hole;
    loop {
        at = (at + 1) & (len - 1);
        if entries[at].base == 0 {
            break;
        }
        // Whoever probed past the hole moves into it.
        let distance = at.wrapping_sub(home(entries[at].base, len)) & (len - 1);
        if distance >= at.wrapping_sub(hole) & (len - 1) {
            entries[hole] = entries[at];
            hole = at;
        }
    }
    entries[hole] = Entry::default();
    Some(cap)
}

#[cfg(test)]
mod tests {
    use super::{Entry, insert, remove};
    use std::collections::BTreeMap;

    #[test]
    fn exactly_what_was_noted_and_not_forgotten_is_found() {
        let mut entries = [Entry::default(); 256];
        let (mut model, mut random) = (BTreeMap::new(), fastrand::Rng::with_seed(7));
        for _ in 0..100_000 {
            let (base, cap) = (random.usize(1..=240) * (64 << 10), random.u64(..));
            let known = model.remove(&base);
            assert_eq!(remove(&mut entries, base), known);
            if known.is_none() {
                model.insert(base, cap);
                insert(&mut entries, Entry { base, cap });
            }
            let noted = entries.iter().filter(|entry| entry.base != 0).count();
            assert_eq!(noted, model.len());
        }
        assert_eq!(remove(&mut entries, 0), None);
        assert_eq!(remove(&mut [], 4096), None);
    }
}
