//! IO_MEM: physical memory by address, such as device registers and firmware tables.

use crate::{
    cap::Capability,
    connection::Connection,
    dataspace::{Attach, Attached, Dataspace, PAGE_SIZE},
    env::Env,
    error::Error,
};

/// An IO_MEM session (`io_mem_session/io_mem_session.h`).
#[genode::rpc(service = "IO_MEM", caps = 3, ram = 6 * 1024)]
pub trait IoMemSession {
    /// The dataspace of the pages that the requested range lies in, invalid if core does not give them out.
    fn dataspace(&mut self) -> Capability<Dataspace>;
}

/// A range of physical memory, mapped for reading.
///
/// The bytes are the machine's: they can change while they are read, and what they say is to be checked.
#[derive(Debug)]
#[must_use = "dropping it closes the session"]
pub struct IoMemConnection {
    mapping: Attached,
    /// Where the range starts in the mapping.
    offset: usize,
    size: usize,
    _session: Connection<dyn IoMemSession>,
}

impl IoMemConnection {
    /// Maps `size` bytes at the physical address `base`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty range or one past the end of the address space; [`Error::Denied`] when core
    /// does not give the range out, be it RAM, in use by another session, or without a route.
    pub fn open(env: Env, base: u64, size: usize) -> Result<Self, Error> {
        if size == 0 || base.checked_add(size as u64).is_none() {
            return Err(Error::Invalid);
        }
        let session = Connection::<dyn IoMemSession>::builder("")
            .arg("base", base)
            .arg("size", size as u64)
            .arg("wc", 0)
            .open(env)?;
        let dataspace = session.dataspace()?;
        if !dataspace.is_valid() {
            return Err(Error::Denied);
        }
        let mapping = Attached::with(&dataspace, &Attach::default())?;
        let offset = (base % PAGE_SIZE as u64) as usize;
        if offset.checked_add(size).is_none_or(|end| end > mapping.size()) {
            return Err(Error::Denied);
        }
        Ok(Self { mapping, offset, size, _session: session })
    }

    /// Size of the range in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Copies bytes at `offset` within the range.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they do not lie within the range.
    pub fn read(&self, offset: usize, into: &mut [u8]) -> Result<(), Error> {
        match offset.checked_add(into.len()) {
            Some(end) if end <= self.size => self.mapping.read(self.offset + offset, into),
            _ => Err(Error::Invalid),
        }
    }
}
