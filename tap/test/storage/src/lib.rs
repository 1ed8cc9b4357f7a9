//! Blocks that tell when they were written, and the checker of what a storage has of them.
//!
//! Somebody who does not die keeps a [`Journal`] of each block: which writes began, and which one
//! was the last before a sync that ended well. After a death the block must be that one or a later
//! one, whole. It knows nothing of components.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

use alloc::vec::Vec;
use core::fmt;

use partitions::crc32;

/// Bytes of a block.
pub const BLOCK: usize = 4096;

/// Blocks under torture.
pub const BLOCKS: u32 = 64;

const MAGIC: u32 = 0x5354_4f52;

/// Why a block is not as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its parts are not of one write.
    Torn,
    /// It is another block's content.
    Foreign {
        /// The block that it is of.
        index: u32,
    },
    /// It is older than what was synced.
    Lost {
        /// Number of the write that it has; 0 for none.
        has: u64,
        /// Number of the write that was synced.
        synced: u64,
    },
    /// It has a write that nobody began.
    Unknown {
        /// Number of that write.
        has: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Torn => f.write_str("its parts are of several writes"),
            Self::Foreign { index } => write!(f, "it is block {index}"),
            Self::Lost { has, synced } => write!(f, "it has write {has}, and {synced} was synced"),
            Self::Unknown { has } => write!(f, "it has write {has}, which nobody began"),
        }
    }
}

/// Makes the content of a block for a write.
pub fn content(index: u32, write: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BLOCK);
    bytes.extend_from_slice(&MAGIC.to_le_bytes());
    bytes.extend_from_slice(&index.to_le_bytes());
    bytes.extend_from_slice(&write.to_le_bytes());
    let body = (0..BLOCK - 20).map(|at| (at as u64 ^ write.wrapping_mul(31)) as u8);
    bytes.extend(body);
    let crc = crc32(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads which write a block has; 0 for one that is nothing but zeros.
fn write_of(index: u32, bytes: &[u8]) -> Result<u64, Fault> {
    if bytes.iter().all(|&byte| byte == 0) {
        return Ok(0);
    }
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    let number = |at| word(at).map(u32::from_le_bytes).ok_or(Fault::Torn);
    let sealed = bytes.len() == BLOCK && number(0)? == MAGIC;
    if !sealed || crc32(&bytes[..BLOCK - 4]) != number(BLOCK - 4)? {
        return Err(Fault::Torn);
    }
    let found = number(4)?;
    if found != index {
        return Err(Fault::Foreign { index: found });
    }
    Ok(u64::from(number(8)?) | u64::from(number(12)?) << 32)
}

/// Writes of a block that may be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct Expected {
    /// The last one before a sync that ended well; 0 for none.
    pub synced: u64,
    /// The last one that began.
    pub begun: u64,
}

impl Expected {
    /// Checks a block's content.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(self, index: u32, bytes: &[u8]) -> Result<(), Fault> {
        match write_of(index, bytes)? {
            has if has < self.synced => Err(Fault::Lost { has, synced: self.synced }),
            has if has > self.begun => Err(Fault::Unknown { has }),
            _ => Ok(()),
        }
    }
}

/// The journal of all blocks. It is kept by somebody who does not die.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    blocks: Vec<Expected>,
    /// Writes that ended well since the last sync: block and number.
    done: Vec<(u32, u64)>,
    last: u64,
    /// Syncs that ended well.
    pub syncs: u64,
}

impl Journal {
    /// Begins a write of a block; returns its number, which later ones exceed.
    pub fn begin(&mut self, index: u32) -> u64 {
        self.last += 1;
        let place = index as usize;
        if place >= self.blocks.len() && place < BLOCKS as usize {
            self.blocks.resize(place + 1, Expected::default());
        }
        if let Some(block) = self.blocks.get_mut(place) {
            block.begun = self.last;
        }
        self.last
    }

    /// Notes that the storage answered a write.
    pub fn done(&mut self, index: u32, write: u64) {
        // A writer syncs now and then.
        if self.done.len() < 1 << 16 {
            self.done.push((index, write));
        }
    }

    /// Notes that a sync ended well which began after all writes that are done.
    pub fn synced(&mut self) {
        for (index, write) in self.done.drain(..) {
            if let Some(block) = self.blocks.get_mut(index as usize) {
                block.synced = block.synced.max(write);
            }
        }
        self.syncs += 1;
    }

    /// Notes that the writer died: what it did not sync may be there or not.
    pub fn restart(&mut self) {
        self.done.clear();
    }

    /// Returns what a block may have.
    pub fn expected(&self, index: u32) -> Expected {
        self.blocks.get(index as usize).copied().unwrap_or_default()
    }
}

/// The journal as a session: [`Journal`]'s functions, and what the torture came to.
#[genode::rpc(service = "Journal", caps = 4, ram = 16 * 1024)]
pub trait Keeper {
    /// Begins a write of a block; returns its number.
    fn begin(&mut self, index: u32) -> u64;
    /// Notes that the storage answered a write.
    fn done(&mut self, index: u32, write: u64);
    /// Notes that a sync ended well.
    fn synced(&mut self);
    /// Returns what a block may have.
    fn expected(&self, index: u32) -> Expected;
    /// Returns how many syncs ended well.
    fn syncs(&self) -> u64;
}

#[cfg(test)]
mod tests;
