//! Opcodes and enum values of the base interfaces, as data: one [`Table`] per Genode version.
//!
//! Source: the `GENODE_RPC_INTERFACE` lists in `repos/base/include` of the named version, and for
//! `Native_pd` `repos/base-linux/src/include/linux_native_pd/linux_native_pd.h`.

/// Protection domain session.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Pd {
    pub transfer_ram: u64,
    pub transfer_caps: u64,
    pub assign_parent: u64,
    pub alloc_rpc_cap: u64,
    pub free_rpc_cap: u64,
    pub address_space: u64,
    pub ref_account: u64,
    pub alloc_ram: u64,
    pub free_ram: u64,
    pub ram_size: u64,
    pub cap_quota: u64,
    pub used_caps: u64,
    pub ram_quota: u64,
    pub used_ram: u64,
    pub native_pd: u64,
    /// Ours, after the last of Genode's: `alloc_ram` with the native id of a NUMA node as third argument.
    pub alloc_ram_on_node: u64,
    /// Ours: transfers of RAM and capabilities between accounts, all or none; see [`transfer_all`].
    pub transfer_all: u64,
}

/// CPU session and its threads.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Cpu {
    pub create_thread: u64,
    pub kill_thread: u64,
    pub exception_sigh: u64,
    pub affinity_space: u64,
    pub native_cpu: u64,
}

/// Parent interface.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Parent {
    pub exit: u64,
    pub announce: u64,
    pub session_sigh: u64,
    pub session: u64,
    pub session_cap: u64,
    pub upgrade: u64,
    pub close: u64,
    pub session_response: u64,
    pub main_thread_cap: u64,
    pub deliver_session_cap: u64,
    pub resource_avail_sigh: u64,
    pub resource_request: u64,
    pub yield_sigh: u64,
    pub yield_request: u64,
    pub yield_response: u64,
    pub heartbeat_sigh: u64,
    pub heartbeat_response: u64,
    /// Ours, of core as parent of init only: `session` for somebody who pays. After `session`'s arguments the index of
    /// the payer's PD session (as in [`transfer_all`]), bytes of RAM and capabilities, which go to init's account first.
    pub session_for: u64,
    /// Ours, as above: `close`, after which the amount goes back: session id, index of the payer, RAM, capabilities.
    pub close_for: u64,
}

/// Values of `Session_error`, the error of `Parent::session`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct SessionError {
    pub denied: i32,
    pub out_of_ram: i32,
    pub out_of_caps: i32,
    pub insufficient_ram: i32,
    pub insufficient_caps: i32,
}

/// Values of `Session_cap_error`, the error of `Parent::session_cap`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct SessionCapError {
    pub denied: i32,
    pub insufficient_ram: i32,
    pub insufficient_caps: i32,
}

/// Values of `Session_response`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct SessionResponse {
    pub denied: i32,
    pub ok: i32,
    pub closed: i32,
    pub insufficient_ram: i32,
    pub insufficient_caps: i32,
}

/// Everything that differs between versions of the base interfaces.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Table {
    pub pd: Pd,
    pub cpu: Cpu,
    pub parent: Parent,
    pub session_error: SessionError,
    pub session_cap_error: SessionCapError,
    pub session_response: SessionResponse,
}

/// Genode 26.02, which the host target speaks.
pub const GENODE_26_02: Table = Table {
    pd: Pd {
        transfer_ram: 0,
        transfer_caps: 1,
        assign_parent: 2,
        alloc_rpc_cap: 10,
        free_rpc_cap: 11,
        address_space: 12,
        ref_account: 15,
        alloc_ram: 16,
        free_ram: 17,
        ram_size: 19,
        cap_quota: 20,
        used_caps: 21,
        ram_quota: 22,
        used_ram: 23,
        native_pd: 24,
        alloc_ram_on_node: 28,
        transfer_all: 29,
    },
    cpu: Cpu {
        create_thread: 0,
        kill_thread: 1,
        exception_sigh: 2,
        affinity_space: 3,
        native_cpu: 5,
    },
    parent: Parent {
        exit: 0,
        announce: 1,
        session_sigh: 2,
        session: 3,
        session_cap: 4,
        upgrade: 5,
        close: 6,
        session_response: 7,
        main_thread_cap: 8,
        deliver_session_cap: 9,
        resource_avail_sigh: 10,
        resource_request: 11,
        yield_sigh: 12,
        yield_request: 13,
        yield_response: 14,
        heartbeat_sigh: 15,
        heartbeat_response: 16,
        session_for: 17,
        close_for: 18,
    },
    session_error: SessionError {
        denied: 0,
        out_of_ram: 1,
        out_of_caps: 2,
        insufficient_ram: 3,
        insufficient_caps: 4,
    },
    session_cap_error: SessionCapError { denied: 0, insufficient_ram: 1, insufficient_caps: 2 },
    session_response: SessionResponse {
        denied: 0,
        ok: 1,
        closed: 2,
        insufficient_ram: 3,
        insufficient_caps: 4,
    },
};

/// The table in use.
pub const OPCODES: Table = GENODE_26_02;

/// `Native_pd` of base-linux, and two functions of ours after it.
#[allow(missing_docs)]
pub mod native_pd {
    pub const START: u64 = 0;
    /// How the component ended: `i32` 0 running, 1 exited, 2 killed by a signal; `i32` value.
    pub const TERMINATION: u64 = 1;
}

/// `Rom_session`.
#[allow(missing_docs)]
pub mod rom {
    pub const DATASPACE: u64 = 0;
    pub const UPDATE: u64 = 1;
    pub const SIGH: u64 = 2;
}

/// `Log_session`.
#[allow(missing_docs)]
pub mod log {
    pub const WRITE: u64 = 0;
    /// Longest string with its NUL.
    pub const MAX: usize = 232;
}

/// `Dataspace`.
#[allow(missing_docs)]
pub mod dataspace {
    pub const SIZE: u64 = 0;
    pub const WRITEABLE: u64 = 1;
}

/// `Rm_session`.
#[allow(missing_docs)]
pub mod rm {
    pub const CREATE: u64 = 0;
    pub const DESTROY: u64 = 1;
}

/// `Region_map`.
#[allow(missing_docs)]
pub mod region_map {
    pub const ATTACH: u64 = 0;
    pub const DETACH: u64 = 1;
    pub const FAULT_HANDLER: u64 = 2;
    pub const FAULT: u64 = 3;
    pub const DATASPACE: u64 = 4;
    /// Bytes of `Attr`: size, offset, use_at, at, executable, writeable.
    pub const ATTR_SIZE: usize = 40;
}

/// Values of `Region_map::Attach_error`.
#[allow(missing_docs)]
pub mod attach_error {
    pub const OUT_OF_RAM: i32 = 0;
    pub const OUT_OF_CAPS: i32 = 1;
    pub const REGION_CONFLICT: i32 = 2;
    pub const INVALID_DATASPACE: i32 = 3;
}

/// Values of `Region_map::Fault::Type`.
#[allow(missing_docs)]
pub mod fault {
    pub const NONE: i32 = 0;
    pub const READ: i32 = 1;
    pub const WRITE: i32 = 2;
    pub const EXEC: i32 = 3;
}

/// Values of `Alloc_error`.
#[allow(missing_docs)]
pub mod alloc_error {
    pub const OUT_OF_RAM: i32 = 0;
    pub const OUT_OF_CAPS: i32 = 1;
    pub const DENIED: i32 = 2;
}

/// Values of `Transfer_result`.
#[allow(missing_docs)]
pub mod transfer {
    pub const OK: i32 = 0;
    pub const EXCEEDED: i32 = 1;
    pub const INVALID: i32 = 2;
}

/// `Pd::transfer_all`: a word that says how many transfers follow, then for each of them four words: the index by which
/// the caller names the PD session that gives, the one that receives (of the channel that the call comes through, so
/// that no capability travels), bytes of RAM, capabilities. They are made in turn, so that one may pass on what the one
/// before brought. Answers one of these values as `i32`.
#[allow(missing_docs)]
pub mod transfer_all {
    /// Transfers of one call.
    pub const MAX: u64 = 4;
    pub const OK: i32 = 0;
    pub const OUT_OF_RAM: i32 = 1;
    pub const OUT_OF_CAPS: i32 = 2;
    /// An index names no PD session, or neither account is the other's reference.
    pub const INVALID: i32 = 3;
}

/// Values of `Parent::Upgrade_result`.
#[allow(missing_docs)]
pub mod upgrade {
    pub const OK: i32 = 0;
    pub const PENDING: i32 = 1;
    pub const OUT_OF_RAM: i32 = 2;
    pub const OUT_OF_CAPS: i32 = 3;
}

/// Values of `Parent::Close_result`.
#[allow(missing_docs)]
pub mod close {
    pub const DONE: i32 = 0;
    pub const PENDING: i32 = 1;
    /// Of `close_for`: closed, but init has spent what was to go back.
    pub const KEPT: i32 = 2;
}

/// Session ids of the environment.
#[allow(missing_docs)]
pub mod env_id {
    pub const PD: u64 = 1;
    pub const CPU: u64 = 2;
    pub const LOG: u64 = 3;
    pub const BINARY: u64 = 4;
    pub const LINKER: u64 = 5;
    /// First id of a session that the component opens itself.
    pub const FIRST_FREE: u64 = 6;
}

/// What a session of a core service takes: `CAP_QUOTA` and `RAM_QUOTA` of its interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Capabilities.
    pub caps: u64,
    /// Bytes.
    pub ram: u64,
}

/// Costs by service.
#[allow(missing_docs)]
pub mod cost {
    use super::Cost;
    pub const PD: Cost = Cost { caps: 13, ram: 24 * 1024 * 8 };
    pub const CPU: Cost = Cost { caps: 6, ram: 36 * 1024 };
    pub const ROM: Cost = Cost { caps: 3, ram: 6 * 1024 };
    pub const LOG: Cost = Cost { caps: 2, ram: 8 * 1024 };
    pub const RM: Cost = Cost { caps: 2, ram: 64 * 1024 };
}
