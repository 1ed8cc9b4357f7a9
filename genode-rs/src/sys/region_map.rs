//! Region maps of the RM service.

use alloc::sync::Arc;

use genode_sys as seam;

use super::memory::Attach;
use crate::{cap::RawCap, error::Error};

/// An RM session. Closed on drop.
#[derive(Debug)]
pub(crate) struct Rm(*mut seam::rs_rm_t);

// SAFETY: the pointer is only passed back to the seam, whose functions any thread may call.
unsafe impl Send for Rm {}
// SAFETY: as above.
unsafe impl Sync for Rm {}

impl Rm {
    pub(crate) fn open() -> Result<Self, Error> {
        let mut rm = core::ptr::null_mut();
        // SAFETY: live out parameter.
        Error::check(unsafe { seam::rs_rm_open(&raw mut rm) })?;
        Ok(Self(rm))
    }
}

impl Drop for Rm {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once; maps hold a reference to it.
        unsafe { seam::rs_rm_close(self.0) }
    }
}

/// A region map. Destroyed on drop, before its session is closed.
#[derive(Debug)]
pub(crate) struct Map {
    map: *mut seam::rs_region_map_t,
    _rm: Arc<Rm>,
}

// SAFETY: as for `Rm`.
unsafe impl Send for Map {}
// SAFETY: as for `Rm`.
unsafe impl Sync for Map {}

/// A waiting access: its kind as the seam numbers it, and its page.
pub(crate) type Fault = (seam::rs_fault_kind_t, usize);

impl Map {
    pub(crate) fn create(rm: &Arc<Rm>, size: usize) -> Result<Self, Error> {
        let mut map = core::ptr::null_mut();
        // SAFETY: an open session, live out parameter.
        Error::check(unsafe { seam::rs_rm_create(rm.0, size, &raw mut map) })?;
        Ok(Self { map, _rm: rm.clone() })
    }

    pub(crate) fn dataspace(&self) -> RawCap {
        // SAFETY: a live map; the reference is ours.
        unsafe { RawCap::from_handle(seam::rs_rm_dataspace(self.map)) }
    }

    /// Attaches at the offset `at`; returns the size.
    pub(crate) fn attach(&self, ds: &RawCap, at: usize, how: &Attach) -> Result<usize, Error> {
        let attr = how.to_seam(at);
        let mut size = 0;
        // SAFETY: live map and handle, live in and out parameters.
        Error::check(unsafe {
            seam::rs_rm_attach(self.map, ds.handle(), &raw const attr, &raw mut size)
        })?;
        Ok(size)
    }

    pub(crate) fn detach(&self, at: usize) {
        // SAFETY: a live map.
        unsafe { seam::rs_rm_detach(self.map, at) }
    }

    pub(crate) fn fault_handler(&self, context: &RawCap) -> Result<(), Error> {
        // SAFETY: live map and handle.
        Error::check(unsafe { seam::rs_rm_fault_handler(self.map, context.handle()) })
    }

    pub(crate) fn fault(&self) -> Result<Fault, Error> {
        let mut fault = seam::rs_fault_t { kind: seam::RS_FAULT_NONE, at: 0 };
        // SAFETY: live map, live out parameter.
        Error::check(unsafe { seam::rs_rm_fault(self.map, &raw mut fault) })?;
        Ok((fault.kind, fault.at))
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: created by `create` and destroyed once.
        unsafe { seam::rs_rm_destroy(self.map) }
    }
}
