//! The memory of the ROM `session_requests`: what the ROM holds, and what is shown.
use std::ops::Range;
use std::sync::atomic::AtomicU64;

use genode_abi::*;
use genode_host_proto::live::{self, Count, Live};

use super::served::Served;
use crate::attach::{rs_attach, rs_detach};
use crate::handle::Owned;
use crate::memory::{rs_ram_alloc, rs_ram_free};
use crate::slices;

/// One ROM session, the same for all who ask.
pub(super) struct RequestsRom {
    pub(super) served: Served,
    pub(super) sigh: Owned,
    pub(super) memory: Option<Memory>,
}

/// A dataspace attached here.
pub(super) struct Memory {
    pub(super) ds: Owned,
    addr: usize,
    /// Bytes of the ROM, and where they are shown.
    size: usize,
    shown: Range<usize>,
    count: Count,
}

impl Memory {
    pub(super) fn new(size: usize) -> Result<Self, rs_err_t> {
        let mut ds = 0;
        // SAFETY: the out parameter is live.
        let made = unsafe { rs_ram_alloc(size, RS_CACHED, RS_ANY_NODE, &raw mut ds) };
        if made != RS_OK {
            return Err(made);
        }
        let attr =
            rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable: true, executable: false };
        let (mut addr, mut size) = (0, 0);
        // SAFETY: arguments and out parameters are live.
        let mapped = unsafe { rs_attach(ds, &raw const attr, &raw mut addr, &raw mut size) };
        if mapped != RS_OK {
            // SAFETY: ours, not used again.
            unsafe { rs_ram_free(ds) };
            return Err(mapped);
        }
        let ds = Owned::new(ds);
        let shown = live::area(size).unwrap_or_default();
        Ok(Self { ds, addr, size: shown.start, shown, count: Count::default() })
    }

    /// The part that shows the requests, and the count that goes with it.
    pub(super) fn shown(&mut self) -> (Live<'_>, &mut Count) {
        let start = std::ptr::with_exposed_provenance::<AtomicU64>(self.addr + self.shown.start);
        // SAFETY: mapped as long as `self`, in whole pages; everybody accesses this part by atomics only.
        let words = unsafe { slices::shared(start, self.shown.len() / 8) };
        (Live::new(words), &mut self.count)
    }

    /// Store a text with zeros behind it; false if it does not fit.
    pub(super) fn store(&self, text: &str) -> bool {
        if text.len() >= self.size {
            return false;
        }
        let base = std::ptr::with_exposed_provenance_mut::<u8>(self.addr);
        // SAFETY: `size` bytes are mapped at `addr`, more than the text has, and no reference to them exists. The child
        // may read, or write, at the same time; nothing here is read back.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), base, text.len());
            base.add(text.len()).write_bytes(0, self.size - text.len());
        }
        true
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: attached by us once, no reference into it exists.
        unsafe {
            rs_detach(self.addr);
            rs_ram_free(std::mem::take(&mut self.ds).release());
        }
    }
}
