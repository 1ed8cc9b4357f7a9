//! RAM dataspaces and mappings.

use genode_sys as seam;

use crate::{
    cap::RawCap,
    error::Error,
    quota::{CapQuota, Quota, RamQuota},
};

/// How cached memory is to be mapped (`Genode::Cache`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    /// Not cached, for device registers.
    Uncached,
    /// Writes may be combined, for frame buffers.
    WriteCombined,
    /// Ordinary memory.
    #[default]
    Cached,
}

/// What part of a dataspace to map, where, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attach {
    /// First byte, a multiple of the page size.
    pub offset: usize,
    /// Number of bytes, `None` for all that follow.
    pub size: Option<usize>,
    /// Address wanted, `None` for any.
    pub at: Option<usize>,
    /// Whether the mapping may be written.
    pub writeable: bool,
    /// Whether the mapping may be executed.
    pub executable: bool,
}

/// Allocates zeroed RAM from the component's own quota; `node` is a NUMA node's native id.
pub(crate) fn ram_alloc(size: usize, cache: Cache, node: Option<u32>) -> Result<RawCap, Error> {
    let node = match node {
        None => seam::RS_ANY_NODE,
        Some(id) => i32::try_from(id).map_err(|_| Error::Invalid)?,
    };
    let cache = match cache {
        Cache::Uncached => seam::RS_UNCACHED,
        Cache::WriteCombined => seam::RS_WRITE_COMBINED,
        Cache::Cached => seam::RS_CACHED,
    };
    let mut ds = 0;
    // SAFETY: `ds` is a live out parameter.
    Error::check(unsafe { seam::rs_ram_alloc(size, cache, node, &raw mut ds) })?;
    Ok(RawCap::from_handle(ds))
}

/// Frees a RAM dataspace.
pub(crate) fn ram_free(ds: RawCap) {
    // SAFETY: the reference is handed over.
    unsafe { seam::rs_ram_free(ds.into_handle()) }
}

/// Size in bytes and whether the dataspace may be written.
pub(crate) fn info(ds: &RawCap) -> Result<(usize, bool), Error> {
    let (mut size, mut writeable) = (0, false);
    // SAFETY: live handle, live out parameters.
    Error::check(unsafe { seam::rs_ds_info(ds.handle(), &raw mut size, &raw mut writeable) })?;
    Ok((size, writeable))
}

/// Maps a dataspace; returns address and size of the mapping.
///
/// Safe to call: nothing is dereferenced here, and `at` never replaces an existing mapping.
pub(crate) fn attach(ds: &RawCap, how: &Attach) -> Result<(usize, usize), Error> {
    let attr = seam::rs_attach_attr_t {
        offset: how.offset,
        size: how.size.unwrap_or(0),
        at: how.at.unwrap_or(0),
        writeable: how.writeable,
        executable: how.executable,
    };
    let (mut addr, mut size) = (0, 0);
    // SAFETY: live handle, live in and out parameters.
    Error::check(unsafe {
        seam::rs_attach(ds.handle(), &raw const attr, &raw mut addr, &raw mut size)
    })?;
    Ok((addr, size))
}

/// Unmaps what [`attach`] mapped at `addr`.
///
/// # Safety
/// Nothing may refer to the mapping any more.
pub(crate) unsafe fn detach(addr: usize) {
    // SAFETY: passed on to the caller.
    unsafe { seam::rs_detach(addr) }
}

/// The component's accounts.
pub(crate) fn quota() -> Quota {
    let mut q = seam::rs_quota_t { ram_limit: 0, ram_used: 0, caps_limit: 0, caps_used: 0 };
    // SAFETY: live out parameter.
    if Error::check(unsafe { seam::rs_quota(&raw mut q) }).is_err() {
        return Quota::default();
    }
    Quota {
        ram_limit: RamQuota(q.ram_limit),
        ram_used: RamQuota(q.ram_used),
        caps_limit: CapQuota(q.caps_limit),
        caps_used: CapQuota(q.caps_used),
    }
}
