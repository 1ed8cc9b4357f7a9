//! A key-value store: the interface that client and server share.
#![no_std]

use genode::{Capability, dataspace::Dataspace, rpc::FixedString, rpc::InBuffer};

/// Why the store does not do it.
#[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
#[repr(u32)]
pub enum KvError {
    /// There is no such key.
    NotFound,
    /// A value does not fit, or there is no buffer for it.
    TooBig,
    /// The session's RAM is used up: donate more.
    OutOfRam,
    /// A key is no text.
    BadKey,
}

/// A key.
pub type Key<'a> = InBuffer<'a, 64>;

/// Interface of a session, which has keys of its own.
#[genode::rpc(service = "Kv", caps = 8, ram = 16 * 1024)]
pub trait Kv {
    /// Stores a small value.
    fn put(&mut self, key: Key<'_>, value: InBuffer<'_, 512>) -> Result<(), KvError>;
    /// Returns a value that fits, and has no zero byte: others go by the buffer.
    fn get(&mut self, key: Key<'_>) -> Result<FixedString<257>, KvError>;
    /// Returns the session's label.
    fn name(&self) -> FixedString<160>;
    /// Returns a buffer that is shared with the client.
    fn bulk(&mut self) -> Result<Capability<Dataspace>, KvError>;
    /// Stores the first `len` bytes of the buffer.
    fn put_bulk(&mut self, key: Key<'_>, len: usize) -> Result<(), KvError>;
    /// Copies a value to the buffer; returns its length.
    fn get_bulk(&mut self, key: Key<'_>) -> Result<usize, KvError>;
    /// Looks a value's length up on a slow medium.
    #[rpc(later)]
    fn lookup(&mut self, key: Key<'_>) -> Result<usize, KvError>;
    /// Makes the server panic.
    fn poison(&mut self);
}
