//! Parts that the interceptors and their clients share.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

mod policy;
mod worker;

pub use policy::Manager;
pub use worker::Worker;

use genode::affinity::Location;

/// Bytes of an allocation at which an interceptor moves its client's thread `worker`.
pub const MOVE: u64 = 1 << 20;
/// Bytes of an allocation that an interceptor refuses.
pub const TOO_MUCH: u64 = 8 << 20;

/// The `x`th CPU of an affinity space.
pub const fn cpu(x: i32) -> Location {
    Location { x, y: 0, width: 1, height: 1 }
}

/// The CPU that runs the caller, by its own word: its initial APIC id (Intel SDM, CPUID leaf 1).
/// 0 where CPUs have no such word.
pub fn here() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        u64::from(core::arch::x86_64::__cpuid(1).ebx >> 24)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        0
    }
}
