//! RAM dataspaces and quotas: calls to the PD session.
use genode_abi::*;
use genode_host_proto::opcode::{OPCODES, alloc_error};
use genode_host_proto::sys;
use rustix::fs::OFlags;

use crate::caps::{borrow, rs_cap_drop};
use crate::{env, managed, rpc};

/// `Alloc_error` as the seam's error.
fn alloc_error(code: i32) -> rs_err_t {
    match code {
        alloc_error::OUT_OF_RAM => RS_OUT_OF_RAM,
        alloc_error::OUT_OF_CAPS => RS_OUT_OF_CAPS,
        _ => RS_DENIED,
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
    let allocate = || {
        let opcode = match node {
            RS_ANY_NODE => OPCODES.pd.alloc_ram,
            _ => OPCODES.pd.alloc_ram_on_node,
        };
        let mut reply = rpc::call(env::pd(), opcode, &[], |w| {
            w.u64(size as u64).i32(cache as i32);
            if node != RS_ANY_NODE {
                w.i32(node);
            }
        })?;
        let mut results = reply.reader();
        if results.bool().map_err(rpc::malformed)? {
            match reply.take_cap(0) {
                0 => Err(RS_OUT_OF_CAPS),
                cap => Ok(cap),
            }
        } else {
            match alloc_error(results.i32().map_err(rpc::malformed)?) {
                // There is no such node.
                RS_DENIED if node != RS_ANY_NODE => Err(RS_UNSUPPORTED),
                e => Err(e),
            }
        }
    };
    match allocate() {
        Ok(cap) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *ds = cap };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ram_free(ds: rs_cap_t) {
    let _ = rpc::call(env::pd(), OPCODES.pd.free_ram, &[ds], |_| {});
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
    if identity.size == 0 {
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
    match pd_quota(env::pd()) {
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
    let op = &OPCODES.pd;
    Ok(rs_quota_t {
        ram_limit: ask(pd, op.ram_quota)?,
        ram_used: ask(pd, op.used_ram)?,
        caps_limit: ask(pd, op.cap_quota)?,
        caps_used: ask(pd, op.used_caps)?,
    })
}

/// The component's RAM quota.
pub(crate) fn ram_quota() -> Result<u64, rs_err_t> {
    ask(env::pd(), OPCODES.pd.ram_quota)
}

fn ask(pd: rs_cap_t, opcode: u64) -> Result<u64, rs_err_t> {
    rpc::call(pd, opcode, &[], |_| {})?.reader().u64().map_err(rpc::malformed)
}
