//! Opcodes and numbers of errors of the base interfaces, as data: one [`Table`] per Genode version.
//!
//! What the calls are, says [`interface`](crate::interface).
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
    /// Ours: transfers of RAM and capabilities between accounts.
    pub transfer_all: u64,
    /// Ours: all of an account at once.
    pub account: u64,
    /// Ours: the accounts of several PD sessions.
    pub accounts: u64,
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
    /// Ours, of core as parent of init only.
    pub session_for: u64,
    /// Ours, as above.
    pub close_for: u64,
}

/// Opcodes of the interfaces with few calls.
macro_rules! few {
    ($($(#[$doc:meta])* $name:ident { $($call:ident),* $(,)? })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)]
        pub struct $name {
            $(pub $call: u64,)*
        }
    )* };
}

few! {
    /// Native PD of base-linux, and a function of ours behind it.
    NativePd { start, termination }
    /// Thread of a CPU session.
    CpuThread { affinity }
    /// Dataspace.
    Dataspace { size, writeable }
    /// ROM session.
    Rom { dataspace, update, sigh }
    /// LOG session.
    Log { write }
    /// RM session.
    Rm { create, destroy }
    /// Region map.
    RegionMap { attach, detach, fault_handler, fault, dataspace }
    /// TRACE session.
    Trace {
        dataspace, alloc_policy, policy, unload_policy, trace, pause, resume, subjects, buffer, free,
        subject_infos
    }
}

/// Values of `Session_error`, the error of `Parent::session`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct SessionErrors {
    pub denied: i32,
    pub out_of_ram: i32,
    pub out_of_caps: i32,
    pub insufficient_ram: i32,
    pub insufficient_caps: i32,
}

/// Values of `Session_cap_error`, the error of `Parent::session_cap`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct SessionCapErrors {
    pub denied: i32,
    pub insufficient_ram: i32,
    pub insufficient_caps: i32,
}

/// Values of `Session_response`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct SessionResponses {
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
    pub cpu_thread: CpuThread,
    pub parent: Parent,
    pub native_pd: NativePd,
    pub dataspace: Dataspace,
    pub rom: Rom,
    pub log: Log,
    pub rm: Rm,
    pub region_map: RegionMap,
    pub trace: Trace,
    pub session_error: SessionErrors,
    pub session_cap_error: SessionCapErrors,
    pub session_response: SessionResponses,
}

/// Genode 26.02, which the host target speaks.
pub const GENODE_26_02: Table = Table {
    pd: Pd {
        transfer_ram: 0,
        transfer_caps: 1,
        assign_parent: 2,
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
        account: 30,
        accounts: 31,
    },
    cpu: Cpu {
        create_thread: 0,
        kill_thread: 1,
        exception_sigh: 2,
        affinity_space: 3,
        native_cpu: 5,
    },
    cpu_thread: CpuThread { affinity: 8 },
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
    native_pd: NativePd { start: 0, termination: 1 },
    dataspace: Dataspace { size: 0, writeable: 1 },
    rom: Rom { dataspace: 0, update: 1, sigh: 2 },
    log: Log { write: 0 },
    rm: Rm { create: 0, destroy: 1 },
    region_map: RegionMap { attach: 0, detach: 1, fault_handler: 2, fault: 3, dataspace: 4 },
    trace: Trace {
        dataspace: 0,
        alloc_policy: 1,
        policy: 2,
        unload_policy: 3,
        trace: 4,
        pause: 5,
        resume: 6,
        subjects: 7,
        buffer: 8,
        free: 9,
        subject_infos: 10,
    },
    session_error: SessionErrors {
        denied: 0,
        out_of_ram: 1,
        out_of_caps: 2,
        insufficient_ram: 3,
        insufficient_caps: 4,
    },
    session_cap_error: SessionCapErrors { denied: 0, insufficient_ram: 1, insufficient_caps: 2 },
    session_response: SessionResponses {
        denied: 0,
        ok: 1,
        closed: 2,
        insufficient_ram: 3,
        insufficient_caps: 4,
    },
};

/// The table in use.
pub const OPCODES: Table = GENODE_26_02;

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
