//! Master and extended boot records.

use alloc::vec::Vec;

use crate::{
    Disk, Error, Kind, Note, Partition, Scheme, Table,
    table::{buffer, le},
};

/// Logical partitions at most.
pub const MAX_LOGICAL: u32 = 128;

/// Number of the first logical partition.
const FIRST_LOGICAL: u32 = 5;

const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
const PROTECTIVE: u8 = 0xee;

/// A record of a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    status: u8,
    kind: u8,
    start: u64,
    length: u64,
}

impl Record {
    const fn used(self) -> bool {
        self.kind != 0
    }

    fn extended(self) -> bool {
        EXTENDED.contains(&self.kind)
    }
}

/// Result of the search for an MBR.
#[derive(Debug)]
pub(crate) enum Found {
    /// No table.
    Nothing,
    /// One that says that there is a GPT.
    Protective,
    /// Records of primary partitions.
    Records([Record; 4]),
}

/// Reads the records of a boot record, if it is one.
fn records(block: &[u8]) -> Option<[Record; 4]> {
    if block.get(510..512) != Some(&[0x55, 0xaa]) {
        return None;
    }
    Some([0, 1, 2, 3].map(|index| {
        let at = 446 + index * 16;
        Record {
            status: le::<1>(block, at) as u8,
            kind: le::<1>(block, at + 4) as u8,
            start: le::<4>(block, at + 8),
            length: le::<4>(block, at + 12),
        }
    }))
}

/// Looks at the first block. The boot sector of a file system has the same signature, but code or
/// names where a table's records begin by 0 or 0x80.
pub(crate) fn look(block: &[u8]) -> Found {
    match records(block) {
        Some(records) if records.iter().all(|record| matches!(record.status, 0 | 0x80)) => {
            if records.iter().any(|record| record.kind == PROTECTIVE) {
                return Found::Protective;
            }
            Found::Records(records)
        }
        _ => Found::Nothing,
    }
}

/// Makes the table of the records, and of the extended ones.
pub(crate) fn table<D: Disk>(
    disk: &mut D,
    records: &[Record; 4],
    note: &mut dyn FnMut(Note),
) -> Result<Table, Error<D::Error>> {
    let mut found = Vec::new();
    let mut chain = Chain { visited: Vec::new(), next: FIRST_LOGICAL };
    for (number, record) in (1..).zip(records) {
        if !record.used() {
            continue;
        }
        if record.extended() {
            chain.follow(disk, *record, &mut found, note)?;
        } else {
            found.push(partition(number, *record, 0));
        }
    }
    let end = disk.block_count();
    Ok(Table::checked(Scheme::Mbr, None, found, (1, end), note))
}

fn partition(number: u32, record: Record, base: u64) -> Partition {
    let start = base.saturating_add(record.start);
    Partition { number, start, length: record.length, kind: Kind::Mbr(record.kind) }
}

/// The walk along extended boot records.
struct Chain {
    /// Blocks of records that were seen.
    visited: Vec<u64>,
    /// Number of the next logical partition.
    next: u32,
}

impl Chain {
    /// Collects the logical partitions of an extended one. Each has a record beside itself, which
    /// names it relative to that record, and the next record relative to the extended partition.
    fn follow<D: Disk>(
        &mut self,
        disk: &mut D,
        extended: Record,
        found: &mut Vec<Partition>,
        note: &mut dyn FnMut(Note),
    ) -> Result<(), Error<D::Error>> {
        let end = extended.start.saturating_add(extended.length).min(disk.block_count());
        let mut block = buffer(disk.block_size())?;
        let mut at = extended.start;
        loop {
            if at == 0 || at < extended.start || at >= end {
                note(Note::BrokenChain { block: at });
                return Ok(());
            }
            if self.visited.contains(&at) {
                note(Note::Loop { block: at });
                return Ok(());
            }
            if self.visited.len() >= MAX_LOGICAL as usize {
                note(Note::LongChain);
                return Ok(());
            }
            self.visited.push(at);
            disk.read(at, &mut block).map_err(Error::Disk)?;
            let Some([logical, next, ..]) = records(&block) else {
                note(Note::BrokenChain { block: at });
                return Ok(());
            };
            if logical.used() && !logical.extended() {
                let made = partition(self.next, logical, at);
                self.next += 1;
                if made.start > at && made.end() <= end {
                    found.push(made);
                } else {
                    note(Note::OutOfRange { number: made.number });
                }
            }
            if !next.extended() {
                return Ok(());
            }
            at = extended.start.saturating_add(next.start);
        }
    }
}
