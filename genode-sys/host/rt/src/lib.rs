//! The component side of the host target: the seam (`genode-sys/include/rs_genode.h`) on Linux.
//!
//! A component is a process with a control socket to core. From core it gets entrypoints, channels to other
//! components' entrypoints and message slots on them; everything else is RPC to its parent and to core's
//! sessions.
//!
//! The component's allocator is built on `rs_ram_alloc`. So nothing here allocates on the way of
//! `rs_ram_alloc`, `rs_attach`, `rs_call`, `rs_log` and `rs_signal_submit`, nor with the lock of the capability
//! table held.
#![allow(clippy::missing_safety_doc)] // the contract of every function is in the header
#![allow(clippy::large_stack_arrays)] // initialisers of statics, never on a stack
#![allow(clippy::single_match_else)] // two arms of a match read better than an if with a block
#![allow(
    unsafe_code,
    reason = "the functions of the seam, mappings, signal handlers, raw system calls"
)]

mod attach;
mod call;
mod caps;
mod channel;
mod child;
mod control;
mod cpu;
mod crash;
mod descriptors;
mod entrypoint;
mod env;
pub mod granted;
mod handle;
mod log;
mod managed;
mod memory;
mod object;
mod outside;
mod parent;
mod region_map;
mod revoked;
mod rpc;
mod serving;
mod session;
mod signal;
mod slices;
mod stack;
mod start;
mod sync;
mod tables;
mod thread;

pub use attach::{rs_attach, rs_detach};
pub use call::rs_call;
pub use caps::{rs_cap_drop, rs_cap_dup, rs_cap_same};
pub use child::*;
pub use entrypoint::{rs_ep_create, rs_ep_destroy, rs_ep_main, rs_ep_wait_io_signal};
pub use env::rs_env_cap;
pub use log::rs_log;
pub use memory::{rs_ds_info, rs_quota, rs_ram_alloc, rs_ram_free};
pub use object::{rs_object_dissolve, rs_object_manage};
pub use parent::{
    rs_announce, rs_exit, rs_heartbeat_response, rs_parent_sigh, rs_resource_request,
    rs_session_deliver, rs_session_requests, rs_session_response, rs_yield_request,
    rs_yield_response,
};
pub use region_map::{
    rs_rm_attach, rs_rm_close, rs_rm_create, rs_rm_dataspace, rs_rm_destroy, rs_rm_detach,
    rs_rm_fault, rs_rm_fault_handler, rs_rm_open,
};
pub use session::{rs_session_close, rs_session_open, rs_session_upgrade};
pub use signal::{rs_signal_at, rs_signal_create, rs_signal_destroy, rs_signal_submit};
pub use start::rs_host_start;
pub use sync::{
    rs_blockade_block, rs_blockade_block_until, rs_blockade_init, rs_blockade_wakeup, rs_time_us,
};
pub use thread::{
    rs_affinity_space, rs_thread_create, rs_thread_id, rs_thread_join, rs_thread_migrate,
    rs_thread_name, rs_timestamp, run as run_thread,
};
