//! RAM dataspaces and quotas: calls to the PD session.
use genode_abi::*;
use genode_host_proto::interface::AllocError;
use genode_host_proto::interface::pd::{Account, Cache, Call};
use genode_host_proto::sys;
use genode_wire::{Cap, Handle};
use rustix::fs::OFlags;

use crate::caps::{self, borrow, rs_cap_drop};
use crate::handle::{Lent, Owned};
use crate::{call, env, managed, outside, rpc};

fn allocate(size: usize, cache: rs_cache_t, node: i32) -> Result<Owned, rs_err_t> {
    let cache = Cache::of(cache as i32).map_err(|_| RS_INVALID)?;
    let size = size as u64;
    if outside::is() {
        return if node == RS_ANY_NODE { outside::allocate(size) } else { Err(RS_UNSUPPORTED) };
    }
    let call = match u32::try_from(node) {
        Ok(node) => Call::AllocRamOnNode { size, cache, node },
        Err(_) if node == RS_ANY_NODE => Call::AllocRam { size, cache },
        Err(_) => return Err(RS_INVALID),
    };
    let made: Result<Cap<Owned>, AllocError> = rpc::call(env::pd(), &call)?;
    match made {
        Ok(Cap(ds)) if ds.is_valid() => Ok(ds),
        // There was no room for its capability: in the component's table, or among its descriptors.
        Ok(_) if caps::is_full() => Err(RS_LIMIT),
        Ok(_) | Err(AllocError::OutOfCaps) => Err(RS_OUT_OF_CAPS),
        Err(AllocError::OutOfRam) => Err(RS_OUT_OF_RAM),
        // There is no such node.
        Err(AllocError::Denied) if node != RS_ANY_NODE => Err(RS_UNSUPPORTED),
        Err(AllocError::Denied) => Err(RS_DENIED),
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ram_alloc(
    size: usize,
    cache: rs_cache_t,
    node: i32,
    ds: *mut rs_cap_t,
) -> rs_err_t {
    if size == 0 {
        return RS_INVALID;
    }
    match allocate(size, cache, node) {
        Ok(cap) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *ds = cap.release() };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ram_free(ds: rs_cap_t) {
    if outside::is() {
        outside::free(ds);
    } else {
        let _ = rpc::call::<()>(env::pd(), &Call::FreeRam { ds: Cap(Lent(ds)) });
    }
    // SAFETY: consumed, by the contract.
    unsafe { rs_cap_drop(ds) };
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ds_info(
    ds: rs_cap_t,
    size: *mut usize,
    writeable: *mut bool,
) -> rs_err_t {
    // SAFETY: the caller borrows `ds` to us.
    let Some(fd) = (unsafe { borrow(ds) }) else { return RS_INVALID };
    let (Ok(identity), Ok(flags)) = (sys::identity(fd), rustix::fs::fcntl_getfl(fd)) else {
        return RS_GONE;
    };
    if identity.managed {
        return match managed::size(ds) {
            Ok(total) => {
                // SAFETY: valid pointers, by the contract.
                unsafe {
                    *size = total;
                    *writeable = true;
                }
                RS_OK
            }
            Err(e) => e,
        };
    }
    if identity.size == 0 || outside::is_freed(fd) {
        return RS_GONE;
    }
    // SAFETY: valid pointers, by the contract.
    unsafe {
        *size = identity.size as usize;
        *writeable = flags.contains(OFlags::RDWR);
    }
    RS_OK
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_quota(quota: *mut rs_quota_t) -> rs_err_t {
    let known = if outside::is() { Ok(outside::quota()) } else { pd_quota(env::pd()) };
    match known {
        Ok(q) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *quota = q };
            RS_OK
        }
        Err(e) => e,
    }
}

/// Quotas of a PD session.
pub(crate) fn pd_quota(pd: rs_cap_t) -> Result<rs_quota_t, rs_err_t> {
    if call::index_at_core(pd)?.is_some() {
        let account: Account = rpc::call(pd, &Call::Account)?;
        return Ok(quota_of(&account));
    }
    // Its server has Genode's functions.
    let ask = |call: &Call<Lent>| rpc::call(pd, call);
    Ok(rs_quota_t {
        ram_limit: ask(&Call::RamQuota)?,
        ram_used: ask(&Call::UsedRam)?,
        caps_limit: ask(&Call::CapQuota)?,
        caps_used: ask(&Call::UsedCaps)?,
    })
}

/// An account as the seam has it.
pub(crate) fn quota_of(account: &Account) -> rs_quota_t {
    rs_quota_t {
        ram_limit: account.limit.ram.0,
        ram_used: account.used.ram.0,
        caps_limit: account.limit.caps.0,
        caps_used: account.used.caps.0,
    }
}

/// The component's RAM quota.
pub(crate) fn ram_quota() -> Result<u64, rs_err_t> {
    if outside::is() {
        return Ok(outside::ram_limit());
    }
    rpc::call(env::pd(), &Call::RamQuota)
}
