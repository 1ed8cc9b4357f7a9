//! The checker against a storage that dies, honest or with a bug.

extern crate std;

use std::{format, string::ToString, vec, vec::Vec};

use super::*;

/// Bugs of a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    None,
    /// A sync answers, and nothing becomes durable.
    DroppedSync,
    /// Of two writes to one block the earlier one becomes durable last.
    ReorderedWrite,
    /// Of a write a part becomes durable.
    TornBlock,
    /// A write lands in another block.
    Misplaced,
}

/// A storage that keeps writes in memory until a sync, and loses some of them when it dies.
struct Storage {
    bug: Bug,
    durable: Vec<Vec<u8>>,
    pending: Vec<(u32, Vec<u8>)>,
}

impl Storage {
    fn new(bug: Bug) -> Self {
        Self { bug, durable: vec![vec![0; BLOCK]; BLOCKS as usize], pending: vec![] }
    }

    fn store(&mut self, index: u32, bytes: &[u8], whole: bool) {
        let index = if self.bug == Bug::Misplaced { (index + 1) % BLOCKS } else { index };
        let len = if whole { BLOCK } else { BLOCK / 2 };
        self.durable[index as usize][..len].copy_from_slice(&bytes[..len]);
    }

    fn sync(&mut self) {
        match self.bug {
            Bug::DroppedSync => return,
            Bug::ReorderedWrite => self.pending.reverse(),
            _ => (),
        }
        for (index, bytes) in core::mem::take(&mut self.pending) {
            self.store(index, &bytes, true);
        }
    }

    /// Dies: some of what was not synced is there, in the order of the writes to each block.
    fn die(&mut self, random: &mut fastrand::Rng) {
        for (index, bytes) in core::mem::take(&mut self.pending) {
            if random.bool() {
                let whole = self.bug != Bug::TornBlock || random.bool();
                self.store(index, &bytes, whole);
            }
        }
    }
}

/// Tortures a storage; returns what is wrong with it.
fn torture(bug: Bug, seed: u64) -> Result<(), Fault> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut storage, mut journal) = (Storage::new(bug), Journal::default());
    for _ in 0..20 {
        for _ in 0..random.u32(1..60) {
            let index = random.u32(..BLOCKS / 4);
            let write = journal.begin(index);
            storage.pending.push((index, content(index, write)));
            journal.done(index, write);
            if random.u32(..10) == 0 {
                storage.sync();
                journal.synced();
            }
        }
        storage.die(&mut random);
        journal.restart();
        for index in 0..BLOCKS {
            journal.expected(index).check(index, &storage.durable[index as usize])?;
        }
    }
    Ok(())
}

#[test]
fn an_honest_storage_passes() {
    for seed in 0..12 {
        assert_eq!(torture(Bug::None, seed), Ok(()), "seed {seed}");
    }
}

#[test]
fn each_bug_is_found_with_every_seed() {
    for seed in 0..8 {
        let found = |bug| torture(bug, seed).unwrap_err();
        assert!(matches!(found(Bug::DroppedSync), Fault::Lost { .. }), "seed {seed}");
        assert!(matches!(found(Bug::ReorderedWrite), Fault::Lost { .. }), "seed {seed}");
        assert_eq!(found(Bug::TornBlock), Fault::Torn, "seed {seed}");
        let misplaced = found(Bug::Misplaced);
        assert!(matches!(misplaced, Fault::Foreign { .. } | Fault::Lost { .. }), "seed {seed}");
    }
}

#[test]
fn a_block_is_checked_in_whole() {
    let expected = Expected { synced: 5, begun: 9 };
    for write in 5..=9 {
        assert_eq!(expected.check(3, &content(3, write)), Ok(()));
    }
    assert_eq!(expected.check(3, &content(3, 4)), Err(Fault::Lost { has: 4, synced: 5 }));
    assert_eq!(expected.check(3, &content(3, 10)), Err(Fault::Unknown { has: 10 }));
    assert_eq!(expected.check(3, &content(4, 5)), Err(Fault::Foreign { index: 4 }));
    assert_eq!(expected.check(3, &[0; BLOCK]), Err(Fault::Lost { has: 0, synced: 5 }));
    assert_eq!(Expected::default().check(3, &[0; BLOCK]), Ok(()));
    for at in 0..BLOCK {
        let mut bytes = content(3, 6);
        bytes[at] ^= 1;
        assert_eq!(expected.check(3, &bytes), Err(Fault::Torn), "byte {at}");
    }
    assert_eq!(expected.check(3, &content(3, 6)[..BLOCK - 1]), Err(Fault::Torn));
    for (fault, text) in [
        (Fault::Torn, "its parts are of several writes"),
        (Fault::Foreign { index: 7 }, "it is block 7"),
        (Fault::Lost { has: 1, synced: 2 }, "it has write 1, and 2 was synced"),
        (Fault::Unknown { has: 1 }, "it has write 1, which nobody began"),
    ] {
        assert_eq!((fault.to_string(), text), (format!("{fault}"), text));
        assert_eq!(fault.to_string(), text);
    }
}

#[test]
fn what_was_not_synced_may_be_there_or_not() {
    let mut journal = Journal::default();
    let first = journal.begin(2);
    journal.done(2, first);
    journal.synced();
    let second = journal.begin(2);
    journal.done(2, second);
    let third = journal.begin(2);
    assert_eq!(journal.expected(2), Expected { synced: first, begun: third });
    journal.restart();
    journal.synced();
    assert_eq!(journal.expected(2).synced, first, "the writer died before that sync");
    assert_eq!((journal.expected(3), journal.syncs), (Expected::default(), 2));
    assert!(journal.begin(u32::MAX) > third, "a block that there is not");
}
