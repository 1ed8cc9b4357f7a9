//! The interface of the RPC benchmark, `tap/include/rs_interop/bench.h`.
#![no_std]

/// One function with arguments and a result.
#[genode::rpc(service = "Rs_bench", caps = 4, ram = 16 * 1024)]
pub trait Bench {
    /// The sum.
    fn add(&mut self, a: u64, b: u64) -> u64;
}
