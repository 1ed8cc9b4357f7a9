//! Counts what is allocated when somebody asks: nothing is counted on the fast path.

use super::class::LARGE;
use super::memory::MAX_NODES;
use super::shared::Core;
use super::superblock::{FLOATING, GLOBAL, NOBODY, SLICE};
use super::text::Text;
use core::fmt::{self, Write};

/// A count of everything. Exact while no thread allocates, frees, or holds gathered blocks.
/// Displays as a table for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Blocks in use, without huge ones.
    pub blocks: usize,
    /// Their bytes, as handed out: the sizes of their classes.
    pub block_bytes: usize,
    /// Bytes of the superblocks and large blocks they are in.
    pub superblock_bytes: usize,
    /// Superblocks that heaps own.
    pub owned: usize,
    /// Superblocks that float.
    pub floating: usize,
    /// Superblocks in global heaps.
    pub global: usize,
    /// Large blocks.
    pub large: usize,
    /// Bytes of slices that are free but have memory behind them.
    pub idle_bytes: usize,
    /// Bytes of address space taken for segments.
    pub segment_bytes: usize,
    /// Huge blocks.
    pub huge: usize,
    /// Their bytes.
    pub huge_bytes: usize,
    /// Bytes of mappings kept for the next huge block.
    pub kept_bytes: usize,
    /// Heaps ever made: the most threads that lived at a time.
    pub heaps: usize,
}

impl Stats {
    /// Counts what `core` has allocated.
    #[must_use]
    pub fn of(core: &Core) -> Self {
        let mut s = Self { heaps: core.heaps_made(), ..Self::default() };
        for index in 0..MAX_NODES {
            let node = core.memory.node(index);
            let (in_use, idle, all) = node.pages().bytes();
            s.superblock_bytes += in_use;
            s.idle_bytes += idle;
            s.segment_bytes += all;
            node.pages().each(|sb| {
                let owner = sb.owner();
                if owner == NOBODY {
                    return;
                }
                let out =
                    (sb.used().max(0) as usize).saturating_sub(sb.remote().waiting() as usize);
                s.blocks += out;
                s.block_bytes += out * sb.block_size();
                match owner {
                    GLOBAL => s.global += 1,
                    _ if sb.class() == LARGE => s.large += 1,
                    _ if owner & FLOATING != 0 => s.floating += 1,
                    _ => s.owned += 1,
                }
            });
        }
        (s.huge, s.huge_bytes, s.kept_bytes) = core.memory.huge.bytes();
        s
    }

    /// Returns the bytes that the program has in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.block_bytes + self.huge_bytes
    }

    /// Returns the bytes that the allocator has from the system for blocks.
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.superblock_bytes + self.idle_bytes + self.huge_bytes + self.kept_bytes
    }

    /// Writes the counts for a person, without allocating.
    pub fn print(&self, core: &Core) {
        let mut text = Text::<1024>::EMPTY;
        // A full buffer ends the text early; there is nothing better to do about it.
        let _ = write!(text, "{self}");
        core.memory.platform.message(text.bytes());
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slices = self.superblock_bytes / SLICE;
        writeln!(
            out,
            "hoard: {} KiB in use of {} KiB",
            self.in_use() >> 10,
            self.allocated() >> 10
        )?;
        writeln!(out, "  blocks       {:>10}  {:>10} KiB", self.blocks, self.block_bytes >> 10)?;
        writeln!(out, "  slices       {slices:>10}  {:>10} KiB", self.superblock_bytes >> 10)?;
        writeln!(out, "  superblocks  {:>10}  owned by heaps", self.owned)?;
        writeln!(out, "               {:>10}  floating", self.floating)?;
        writeln!(out, "               {:>10}  in global heaps", self.global)?;
        writeln!(out, "  large blocks {:>10}", self.large)?;
        writeln!(out, "  huge blocks  {:>10}  {:>10} KiB", self.huge, self.huge_bytes >> 10)?;
        writeln!(out, "  idle                     {:>10} KiB", self.idle_bytes >> 10)?;
        writeln!(out, "  kept                     {:>10} KiB", self.kept_bytes >> 10)?;
        writeln!(out, "  heaps        {:>10}", self.heaps)
    }
}
