//! The interfaces that the RPC test's client and server share.

use core::fmt;

use genode::{Capability, quota::CapQuota, rpc::InBuffer};

/// Why there is no further counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum NoCounter {
    /// The server has no resources for it.
    Exhausted,
    /// The session has its eight.
    TooMany,
}

impl fmt::Display for NoCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "the server has no resources for a counter",
            Self::TooMany => "the session has its eight counters: finish one",
        })
    }
}

/// A session at the server.
#[genode::rpc(service = "Rpc_test", caps = 40, ram = 64 * 1024)]
pub trait RpcTest {
    /// `v` plus one, wrapping around.
    fn ping(&mut self, v: u32) -> u32;
    /// Length of the text without its zero.
    fn length(&mut self, text: InBuffer<'_, 232>) -> usize;
    /// A new object of the server.
    fn counter(&mut self) -> Result<Capability<dyn Counter>, NoCounter>;
    /// Calls back: adds `n` to the client's counter as many times, and returns what it says last.
    fn call_back(&mut self, counter: Capability<dyn Counter>, n: u32) -> Result<u64, NoCounter>;
    /// Whether the capability is the one of the session's last counter.
    fn is_last(&self, counter: Capability<dyn Counter>) -> bool;
    /// Capabilities that the server uses.
    fn caps_used(&self) -> CapQuota;
}

/// An object that counts.
#[genode::rpc]
pub trait Counter {
    /// Adds `n` and returns the sum.
    fn add(&mut self, n: u64) -> u64;
    /// Ends the object, in the midst of its own call, and returns the sum.
    fn finish(&mut self) -> u64;
}
