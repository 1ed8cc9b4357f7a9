//! Following the tables through physical memory, whoever lends it: a mapped window, a dump, a test.

use super::{AcpiError, MAX_TABLE, parse_rsdt, parse_table, parse_xsdt};
use crate::Claims;
use alloc::vec::Vec;
use core::fmt;

/// Largest number of tables that a root may list.
const MAX_TABLES: usize = 4096;

/// Physical memory that can be read.
pub trait PhysicalMemory {
    /// Copy `len` bytes from physical address `address`; `None` where that is not possible.
    fn read(&mut self, address: u64, len: usize) -> Option<Vec<u8>>;
}

/// The table that lists all tables, by its physical address.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// With 32-bit entries.
    Rsdt(u64),
    /// With 64-bit entries.
    Xsdt(u64),
}

/// The bytes of the tables that tell of topology.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// CPUs, in firmware's order.
    pub madt: Option<Vec<u8>>,
    /// Nodes of CPUs and memory.
    pub srat: Option<Vec<u8>>,
    /// Distances.
    pub slit: Option<Vec<u8>>,
    /// Latencies and bandwidths.
    pub hmat: Option<Vec<u8>>,
    /// Tables that are listed and could not be read, and why.
    pub unread: Vec<CollectError>,
}

/// Why the tables could not be followed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CollectError {
    /// Memory at this address cannot be read.
    Unreadable(u64),
    /// The root, or the table of this signature, was refused.
    Table([u8; 4], AcpiError),
    /// The root lists more tables than any real machine has.
    TooManyTables(usize),
}

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CollectError::Unreadable(a) => write!(f, "memory at {a:#x} cannot be read"),
            CollectError::Table(s, e) => write!(f, "table {}: {e}", s.escape_ascii()),
            CollectError::TooManyTables(n) => write!(f, "the root lists {n} tables"),
        }
    }
}

impl core::error::Error for CollectError {}

fn whole(memory: &mut impl PhysicalMemory, address: u64) -> Result<Vec<u8>, CollectError> {
    let unreadable = CollectError::Unreadable(address);
    let lead = memory.read(address, 8).ok_or(unreadable)?;
    let (Some(signature), Some(length)) =
        (lead.first_chunk::<4>(), lead.get(4..).and_then(<[u8]>::first_chunk::<4>))
    else {
        return Err(unreadable);
    };
    let length = u32::from_le_bytes(*length);
    if length as usize > MAX_TABLE {
        return Err(CollectError::Table(*signature, AcpiError::TooLarge(length)));
    }
    let bytes = memory.read(address, length as usize).ok_or(unreadable)?;
    Ok(bytes)
}

/// Read the topology tables that `root` lists. An address that cannot be read is skipped unless it
/// is the root's: other tables may lie where the platform lends no access.
pub fn collect(memory: &mut impl PhysicalMemory, root: Root) -> Result<Tables, CollectError> {
    let (address, signature) = match root {
        Root::Rsdt(a) => (a, *b"RSDT"),
        Root::Xsdt(a) => (a, *b"XSDT"),
    };
    let bytes = whole(memory, address)?;
    let list = match root {
        Root::Rsdt(_) => parse_rsdt(&bytes),
        Root::Xsdt(_) => parse_xsdt(&bytes),
    }
    .map_err(|e| CollectError::Table(signature, e))?;
    if list.len() > MAX_TABLES {
        return Err(CollectError::TooManyTables(list.len()));
    }
    let mut tables = Tables::default();
    for address in list {
        let Some(lead) = memory.read(address, 4) else { continue };
        let slot = match lead.as_slice() {
            b"APIC" => &mut tables.madt,
            b"SRAT" => &mut tables.srat,
            b"SLIT" => &mut tables.slit,
            b"HMAT" => &mut tables.hmat,
            _ => continue,
        };
        if slot.is_some() {
            continue;
        }
        match whole(memory, address) {
            Ok(bytes) => *slot = Some(bytes),
            // one bad table takes none of the others with it
            Err(e) => tables.unread.push(e),
        }
    }
    Ok(tables)
}

impl Tables {
    /// What the tables say, SRAT before the tables that refer to it. A table that is refused is
    /// refused alone; its reason comes along.
    pub fn claims(&self) -> (Vec<Claims>, Vec<CollectError>) {
        let mut claims = Vec::new();
        let mut refused = self.unread.clone();
        for bytes in [&self.srat, &self.madt, &self.slit, &self.hmat].into_iter().flatten() {
            match parse_table(bytes) {
                Ok(c) => claims.push(c),
                Err(e) => {
                    let signature = bytes.first_chunk::<4>().copied().unwrap_or_default();
                    refused.push(CollectError::Table(signature, e));
                }
            }
        }
        (claims, refused)
    }
}
