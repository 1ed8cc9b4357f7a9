//! Compares what the heap says it has with what the component's RAM account says.
#![allow(unsafe_code, reason = "blocks of the allocator under test")]

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::alloc::{GlobalAlloc, Layout};
use core::fmt::Arguments;
use core::hint;
use core::ptr::NonNull;

use genode::prelude::*;
use hoard_genode::Hoard;

use rs_checks::{at, ensure};

use crate::HOARD;

/// The amounts that were in use before, and must be after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    blocks: usize,
    bytes: usize,
    /// RAM quota used, all idle memory given back.
    ram: u64,
}

impl Check {
    /// Now.
    pub(crate) fn begin(env: Env) -> Result<Self, String> {
        Hoard::trim(0);
        let stats = Hoard::stats();
        let own = hint::black_box(Box::new(0_u64));
        let with = Hoard::stats();
        ensure!(with.blocks == stats.blocks + 1, "the component's own heap is another: {with:?}");
        drop(own);
        Ok(Self {
            blocks: stats.blocks + stats.huge,
            bytes: stats.in_use(),
            ram: env.quota().ram_used.0,
        })
    }

    /// No block is left of a run, and what it took is idle.
    pub(crate) fn after_run(&self, env: Env, run: Arguments<'_>) -> Result<(), String> {
        let used = env.quota().ram_used.0;
        let stats = Hoard::stats();
        let same = stats.blocks + stats.huge == self.blocks && stats.in_use() == self.bytes;
        ensure!(
            same,
            "{run}: {} blocks with {} bytes, {} with {} before: {stats:?}",
            stats.blocks + stats.huge,
            stats.in_use(),
            self.blocks,
            self.bytes
        );
        let allocated = stats.allocated() as u64;
        ensure!(used >= allocated, "{run}: {allocated} bytes allocated, {used} of quota used");
        let released = Hoard::trim(0);
        let now = env.quota().ram_used.0;
        ensure!(
            used - now >= released as u64,
            "{run}: {released} bytes released, but {used} -> {now} of quota used"
        );
        log!(
            "{run}: accounts exact, {} KiB of quota used, {} after trimming",
            used >> 10,
            now >> 10
        );
        Ok(())
    }

    /// All quota is back but for the records of the segments that were made.
    pub(crate) fn at_end(&self, env: Env) -> Result<(), String> {
        Hoard::trim(0);
        let now = env.quota().ram_used.0;
        let stats = Hoard::stats();
        let records = (stats.segment_bytes / (32 << 20)) as u64 * (256 << 10);
        ensure!(
            now <= self.ram + records + (256 << 10),
            "{now} bytes of quota used at the end, {} before",
            self.ram
        );
        log!("quota: {} KiB used before, {} KiB at the end", self.ram >> 10, now >> 10);
        Ok(())
    }
}

/// Running out of quota is a null pointer, for small blocks and huge ones, and over when something is freed.
pub(crate) fn exhaustion(env: Env) -> Result<(), String> {
    let before = env.quota();
    let limit = before.ram_limit.0 as usize;
    for size in [100_000, 1 << 20, 20 << 20] {
        let layout = Layout::from_size_align(size, 8).map_err(at("layout"))?;
        let most = limit / size + 1;
        let mut blocks: Vec<NonNull<u8>> = Vec::with_capacity(most);
        while blocks.len() < most
            // SAFETY: the size is not 0.
            && let Some(block) = NonNull::new(unsafe { HOARD.alloc(layout) })
        {
            // SAFETY: inside the block.
            unsafe { block.write_bytes(0x5a, size) };
            blocks.push(block);
        }
        let count = blocks.len();
        ensure!(count < most, "{count} blocks of {size} bytes out of {limit} bytes of quota");
        ensure!(
            count * size >= limit / 4,
            "only {count} blocks of {size} bytes out of {limit} bytes of quota"
        );
        let full = env.quota().ram_used;
        for block in blocks {
            // SAFETY: allocated above with this layout.
            unsafe { HOARD.dealloc(block.as_ptr(), layout) };
        }
        // SAFETY: as above.
        let again = NonNull::new(unsafe { HOARD.alloc(layout) });
        let Some(again) = again else {
            return Err(format!("no block of {size} bytes though all were freed"));
        };
        // SAFETY: as above.
        unsafe { HOARD.dealloc(again.as_ptr(), layout) };
        Hoard::trim(0);
        log!(
            "{count} blocks of {size} bytes, then none: {} KiB of {} KiB of quota used, {} KiB after",
            full.0 >> 10,
            limit >> 10,
            env.quota().ram_used.0 >> 10
        );
    }
    Ok(())
}
