//! What the benchmark's server does for its client.
#![allow(unreachable_pub)] // a module of two programs, public to what the macro makes
use genode::{Capability, signal::SignalContext};

/// A session that does as little as can be done.
#[genode::rpc(service = "Bench", caps = 8)]
pub trait Bench {
    /// 64 bytes of call: the opcode and seven words.
    #[allow(clippy::too_many_arguments)] // the size is the point
    fn echo(&mut self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64) -> u64;
    /// As `echo`, with a capability, which the server drops.
    #[allow(clippy::too_many_arguments)] // as above
    fn take(
        &mut self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        cap: Capability<SignalContext>,
    ) -> u64;
    /// Answer every signal to the returned context with one to `to`.
    fn play(&mut self, to: Capability<SignalContext>) -> Capability<SignalContext>;
}
