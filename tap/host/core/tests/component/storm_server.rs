//! Serves an echo object until it is killed.
#![no_main]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

use genode_sys::{rs_cap_dup, rs_session_deliver};

extern "C" fn construct() {
    let (_, echo) = support::serve(|_, body, caps, reply| {
        reply.body = body.to_vec();
        reply.caps = caps.iter().map(|c| unsafe { rs_cap_dup(*c) }).collect();
        0
    });
    unsafe { rs_session_deliver(1, echo) };
}

genode_sys::component_entry!(construct);
