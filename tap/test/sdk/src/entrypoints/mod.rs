//! The interfaces of the entrypoints test, and how it finds out where a thread runs.

use genode::{Capability, affinity::Space};

/// Entrypoints of the server beside its main one.
pub const ENTRYPOINTS: u32 = 4;

/// A session at the server.
#[genode::rpc(service = "Places", caps = 30, ram = 64 * 1024)]
pub trait Places {
    /// The server's affinity space.
    fn space(&mut self) -> Space;
    /// The object of one of the entrypoints, invalid as long as that has not started.
    fn place(&mut self, number: u32) -> Capability<dyn Place>;
    /// Another object of the first entrypoint.
    fn beside(&mut self) -> Capability<dyn Place>;
}

/// An object that lives on an entrypoint of its own.
#[genode::rpc]
pub trait Place {
    /// Waits until as many calls are being served at the same time; returns the CPU, see [`cpu`].
    fn meet(&mut self, calls: u32) -> u64;
    /// Takes a while; returns how many such calls were being served at the same time, at most.
    fn work(&mut self) -> u32;
}

/// Something that differs from CPU to CPU, by the CPU's own word; `None` if it has none.
///
/// The initial APIC id (Intel SDM, CPUID leaf 1) is the same for every kernel, and no kernel need be asked.
pub fn cpu() -> Option<u64> {
    #[cfg(target_arch = "x86_64")]
    {
        Some(u64::from(core::arch::x86_64::__cpuid(1).ebx >> 24))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        None
    }
}
