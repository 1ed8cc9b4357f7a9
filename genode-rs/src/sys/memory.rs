//! RAM dataspaces and mappings.

use genode_sys as seam;

use crate::{
    cap::RawCap,
    error::Error,
    quota::{CapQuota, Quota, RamQuota},
};

/// How cached memory is to be mapped (`Genode::Cache`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, genode::Wire)]
#[non_exhaustive]
#[repr(u32)]
pub enum Cache {
    /// Not cached, for device registers.
    Uncached,
    /// Writes may be combined, for frame buffers.
    WriteCombined,
    /// Ordinary memory.
    #[default]
    Cached,
}

bitflags::bitflags! {
    /// What may be done with a mapping besides reading.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Rights: u8 {
        /// It may be written.
        const WRITE = 1;
        /// It may be executed.
        const EXECUTE = 1 << 1;
    }
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
    /// What may be done with it besides reading.
    pub rights: Rights,
}

impl Attach {
    /// The seam's form, with the place of the mapping: `at` is an address or an offset in a region map.
    pub(super) fn to_seam(self, at: usize) -> seam::rs_attach_attr_t {
        seam::rs_attach_attr_t {
            offset: self.offset,
            size: self.size.unwrap_or(0),
            at,
            writeable: self.rights.contains(Rights::WRITE),
            executable: self.rights.contains(Rights::EXECUTE),
        }
    }
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
    // SAFETY: `ds` is a live out parameter; the reference is ours.
    unsafe {
        Error::check(seam::rs_ram_alloc(size, cache, node, &raw mut ds))?;
        Ok(RawCap::from_handle(ds))
    }
}

/// Frees a RAM dataspace. Where it is attached, the host target shows zeros from now on; on Genode (24.11 and
/// later) an access faults. The addresses stay in use until they are detached.
///
/// # Safety
/// No Rust reference to its memory is used any more, except to atomics: others may change them at any time.
pub(crate) unsafe fn ram_free(ds: RawCap) {
    // SAFETY: the reference is handed over; the memory is the caller's concern.
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
    let attr = how.to_seam(how.at.unwrap_or(0));
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

/// An account before it is asked for.
pub(crate) const NO_QUOTA: seam::rs_quota_t =
    seam::rs_quota_t { ram_limit: 0, ram_used: 0, caps_limit: 0, caps_used: 0 };

impl From<seam::rs_quota_t> for Quota {
    fn from(quota: seam::rs_quota_t) -> Self {
        Self {
            ram_limit: RamQuota(quota.ram_limit),
            ram_used: RamQuota(quota.ram_used),
            caps_limit: CapQuota(quota.caps_limit),
            caps_used: CapQuota(quota.caps_used),
        }
    }
}

/// The component's accounts.
pub(crate) fn quota() -> Quota {
    let mut quota = NO_QUOTA;
    // SAFETY: live out parameter.
    match Error::check(unsafe { seam::rs_quota(&raw mut quota) }) {
        Ok(()) => quota.into(),
        Err(_) => Quota::default(),
    }
}
