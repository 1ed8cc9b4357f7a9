//! Serves an echo object until it is killed.
#![no_main]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

use genode_sys::*;

/// Look into the client's memory for a while, whether it lasts or not.
fn look(ds: rs_cap_t) {
    let attr = rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable: false, executable: false };
    let (mut addr, mut size) = (0, 0);
    // A client that died already has no memory to look at.
    if unsafe { rs_attach(ds, &attr, &mut addr, &mut size) } == RS_OK {
        for _ in 0..20_000 {
            unsafe { (addr as *const u64).read_volatile() };
        }
        unsafe { rs_detach(addr) };
    }
}

extern "C" fn construct() {
    let (_, echo) = support::serve(|_, body, caps, reply| {
        look(caps[0]);
        reply.body = body.to_vec();
        reply.caps = caps.iter().map(|c| unsafe { rs_cap_dup(*c) }).collect();
        0
    });
    unsafe { rs_session_deliver(1, echo) };
}

genode_sys::component_entry!(construct);
