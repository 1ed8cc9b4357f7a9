//! The interface between the managed-dataspace test's server, which provides pages on demand, and its clients.
#![no_std]
#![deny(missing_docs)]

use genode::{Capability, dataspace::Dataspace};

/// Pages of a session's dataspace.
pub const PAGES: usize = 64;

/// From this page on they may only be read.
pub const READ_ONLY: usize = 48;

/// A dataspace that is filled when it is accessed. The first word of a page says its number and generation.
#[genode::rpc(service = "Managed", caps = 20, ram = 64 * 1024)]
pub trait Managed {
    /// The dataspace.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// What the server sees in the second word of a page, 0 if it does not provide it.
    fn second_word(&mut self, page: u32) -> u64;
    /// Detaches a page. The next access provides one of the next generation.
    fn detach(&mut self, page: u32);
    /// Frees a page without detaching it.
    fn free(&mut self, page: u32);
    /// Pages provided so far.
    fn provided(&mut self) -> u32;
    /// Destroys the dataspace of the client called "waiter" if it waits for a page; says whether it did.
    fn end_waiter(&mut self) -> bool;
}

/// The first word of a page.
pub const fn first_word(page: usize, generation: u32) -> u64 {
    (generation as u64) << 32 | page as u64
}
