//! What core and the components of the host target agree on: message slots, doorbells, the control
//! protocol, and the interfaces of core's services with their opcodes.
//!
//! Everything here is `no_std`, does not allocate, and treats the peer as hostile: a value in shared
//! memory is read once, checked, and then used.
#![cfg_attr(not(any(test, loom)), no_std)]
#![deny(missing_docs)]

pub mod bell;
pub mod control;
pub mod files;
pub mod grant;
pub mod interface;
pub mod live;
pub mod numbered;
pub mod opcode;
pub mod signal;
pub mod slot;
#[cfg(not(loom))]
pub mod spin;
pub mod sync;
pub mod sys;
pub mod tables;
pub mod terminal;

/// Longest message body, opcode included (`RS_MAX_BODY` of the seam).
pub const MAX_BODY: usize = 2048;
/// Most capabilities in a message (`RS_MAX_CAPS` of the seam).
pub use genode_wire::MAX_CAPS;
/// Most descriptors in a packet of the control protocol.
pub const MAX_FDS: usize = 8;
/// Size of a page.
pub const PAGE: usize = 4096;

/// Objects that one client may name at one entrypoint.
pub const GRANTS: usize = 8192;
/// Bytes of a grants table: a `u64` object id per index, entry 0 is the number of entries in use.
pub const GRANTS_SIZE: usize = size_of::<[u64; GRANTS]>();
/// Bytes of a signal page: a `u32` counter per index, entry 0 counts submissions on the channel.
pub const SIGNALS_SIZE: usize = size_of::<[u32; GRANTS]>();
/// Slots of an entrypoint.
pub const MAX_SLOTS: usize = 4096;
/// Channels (client components) of an entrypoint.
pub const MAX_CHANNELS: usize = 1024;

/// Threads of a component. One that is permitted while others are still being made may pass it, so
/// that twice as many are the bound that holds.
pub const MAX_THREADS: u64 = 1024;

/// Descriptor number of the control socket in a component.
pub const CONTROL_FD: i32 = 3;
