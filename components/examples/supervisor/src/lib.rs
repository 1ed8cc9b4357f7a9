//! What a worker does.
#![no_std]

/// A worker.
#[genode::rpc(service = "Work", caps = 4)]
pub trait Work {
    /// Multiplies `n` by the worker's factor, or crashes, as its configuration says.
    fn work(&mut self, n: u32) -> u32;
}
