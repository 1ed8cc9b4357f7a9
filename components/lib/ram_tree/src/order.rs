//! Entries of a directory in the order in which they came.
//!
//! A reader of a directory asks for the entry of a rank, and for the one behind the entry it saw
//! last. Numbers of entries only grow, so the latter is exact whatever was removed in between. Both
//! take steps of the square root's order for a directory of 100 000 entries, not of its size: a
//! client that asks for one rank after another costs its server little.

use alloc::vec::Vec;

use crate::NodeId;

/// Entries of a block at most.
const BLOCK: usize = 256;

/// An entry: its number, and its node.
pub(crate) type Item = (u64, NodeId);

/// Entries by number, in blocks that are never empty.
#[derive(Debug, Default)]
pub(crate) struct Order {
    next: u64,
    blocks: Vec<Vec<Item>>,
}

impl Order {
    /// Appends an entry, and returns its number.
    pub(crate) fn push(&mut self, node: NodeId) -> u64 {
        self.next += 1;
        match self.blocks.last_mut() {
            Some(block) if block.len() < BLOCK => block.push((self.next, node)),
            _ => self.blocks.push(alloc::vec![(self.next, node)]),
        }
        self.next
    }

    /// Index of the first block whose last number is not below `number`.
    fn block(&self, number: u64) -> usize {
        self.blocks.partition_point(|block| block.last().is_some_and(|&(last, _)| last < number))
    }

    /// Removes the entry with a number.
    pub(crate) fn remove(&mut self, number: u64) {
        let index = self.block(number);
        let Some(block) = self.blocks.get_mut(index) else { return };
        if let Ok(place) = block.binary_search_by_key(&number, |&(number, _)| number) {
            block.remove(place);
        }
        if block.is_empty() {
            self.blocks.remove(index);
        }
    }

    /// Returns the entry that has `rank` entries in front of it.
    pub(crate) fn at(&self, rank: u64) -> Option<Item> {
        let mut rank = usize::try_from(rank).ok()?;
        for block in &self.blocks {
            if let Some(&item) = block.get(rank) {
                return Some(item);
            }
            rank -= block.len();
        }
        None
    }

    /// Returns the first entry with a larger number.
    pub(crate) fn after(&self, number: u64) -> Option<Item> {
        let number = number.checked_add(1)?;
        let block = self.blocks.get(self.block(number))?;
        block.get(block.partition_point(|&(this, _)| this < number)).copied()
    }
}
