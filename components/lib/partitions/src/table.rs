//! The table of a disk, whatever scheme it has.

use alloc::{string::String, vec::Vec};

use crate::{Error, Guid, Note, ahdi, gpt, mbr};

/// A disk of numbered blocks.
pub trait Disk {
    /// Why a block could not be read.
    type Error;

    /// Returns the bytes of a block.
    fn block_size(&self) -> usize;

    /// Returns the number of blocks.
    fn block_count(&self) -> u64;

    /// Reads one block, which the disk has, into as many bytes.
    ///
    /// # Errors
    /// Says why not.
    fn read(&mut self, block: u64, into: &mut [u8]) -> Result<(), Self::Error>;
}

/// Tables that are not to be looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignore {
    /// No MBR.
    pub mbr: bool,
    /// No GPT.
    pub gpt: bool,
}

/// Kinds of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A GUID partition table.
    Gpt,
    /// A master boot record, and extended ones.
    Mbr,
    /// A root sector of Atari's hard disks.
    Ahdi,
    /// No table: the whole disk is partition 0.
    Disk,
}

impl Scheme {
    /// Returns its name, as Genode reports it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gpt => "gpt",
            Self::Mbr => "mbr",
            Self::Ahdi => "ahdi",
            Self::Disk => "disk",
        }
    }
}

/// Properties of a partition that its scheme has alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An entry of a GPT.
    Gpt {
        /// Its type.
        kind: Guid,
        /// Its own identifier.
        guid: Guid,
        /// Its name.
        name: String,
    },
    /// A record of an MBR, by its type.
    Mbr(u8),
    /// A record of AHDI, by its type: `BGM`, `GEM` or `LNX`.
    Ahdi([u8; 3]),
    /// The whole disk.
    Disk,
}

/// A part of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number, by which it is chosen.
    pub number: u32,
    /// Its first block.
    pub start: u64,
    /// Its blocks, at least one.
    pub length: u64,
    /// Further facts about it.
    pub kind: Kind,
}

impl Partition {
    /// Returns the block behind its last one.
    pub const fn end(&self) -> u64 {
        self.start.saturating_add(self.length)
    }

    const fn within(&self, first: u64, end: u64) -> bool {
        match self.start.checked_add(self.length) {
            Some(mine) => self.length > 0 && self.start >= first && mine <= end,
            None => false,
        }
    }
}

/// The blocks of a GPT that partitions may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usable {
    /// The first one.
    pub first: u64,
    /// The last one.
    pub last: u64,
}

/// The partitions of a disk, which lie within it and do not overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Place of their description.
    pub scheme: Scheme,
    /// The blocks that a GPT gives away.
    pub usable: Option<Usable>,
    partitions: Vec<Partition>,
}

impl Table {
    /// Returns the partitions by number.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// Returns the partition with a number.
    pub fn get(&self, number: u32) -> Option<&Partition> {
        let place = self.partitions.binary_search_by_key(&number, |found| found.number);
        self.partitions.get(place.ok()?)
    }

    /// Returns the number of blocks behind a partition that no other one has, up to the last usable
    /// block of a GPT or the end of a larger disk.
    pub fn gap(&self, partition: &Partition, block_count: u64) -> u64 {
        let Some(usable) = self.usable else { return 0 };
        let limit = usable.last.max(block_count);
        let others = self.partitions.iter().filter(|other| other.start >= partition.end());
        let next = others.map(|other| other.start).min().unwrap_or(limit);
        next.saturating_sub(partition.end())
    }

    /// Makes a table of what was found: leaves out what is not in `first..end`, and what overlaps.
    pub(crate) fn checked(
        scheme: Scheme,
        usable: Option<Usable>,
        mut partitions: Vec<Partition>,
        (first, end): (u64, u64),
        note: &mut dyn FnMut(Note),
    ) -> Self {
        partitions.retain(|partition| {
            let fits = partition.within(first, end);
            if !fits {
                note(Note::OutOfRange { number: partition.number });
            }
            fits
        });
        partitions.sort_by_key(|partition| partition.start);
        let mut overlapping = Vec::new();
        let mut reach: Option<(u64, u32)> = None;
        for partition in &partitions {
            if let Some((end, number)) = reach
                && partition.start < end
            {
                overlapping.extend([number, partition.number]);
            }
            if reach.is_none_or(|(end, _)| partition.end() > end) {
                reach = Some((partition.end(), partition.number));
            }
        }
        overlapping.sort_unstable();
        overlapping.dedup();
        for &number in &overlapping {
            note(Note::Overlap { number });
        }
        partitions.retain(|partition| overlapping.binary_search(&partition.number).is_err());
        partitions.sort_by_key(|partition| partition.number);
        Self { scheme, usable, partitions }
    }
}

/// Reads a disk's table. Findings go to `note`.
///
/// # Errors
/// Says why no table is used; a disk without any is one partition, numbered 0.
pub fn read<D: Disk>(
    disk: &mut D,
    ignore: Ignore,
    note: &mut dyn FnMut(Note),
) -> Result<Table, Error<D::Error>> {
    let size = disk.block_size();
    if !size.is_power_of_two() || !(512..=1 << 16).contains(&size) || disk.block_count() == 0 {
        return Err(Error::BlockSize(size));
    }
    let mut first = buffer(size)?;
    disk.read(0, &mut first).map_err(Error::Disk)?;
    let mbr = if ignore.mbr { mbr::Found::Nothing } else { mbr::look(&first) };
    let gpt = if ignore.gpt { gpt::Found::Nothing } else { gpt::look(disk, note)? };
    let protected = matches!(mbr, mbr::Found::Protective);
    match (mbr, gpt) {
        (mbr::Found::Records(_), gpt::Found::Table(_)) => Err(Error::Ambiguous),
        (_, gpt::Found::Table(table)) => {
            if !protected && !ignore.mbr {
                note(Note::Unprotected);
            }
            Ok(table)
        }
        (mbr::Found::Records(records), _) => mbr::table(disk, &records, note),
        (mbr::Found::Protective, gpt::Found::Damaged) => Err(Error::Damaged),
        _ => {
            if protected && ignore.gpt {
                note(Note::Ignored);
            }
            Ok(ahdi::table(&first, disk.block_count(), note).unwrap_or_else(|| whole(disk)))
        }
    }
}

/// Returns the table of a disk without one.
fn whole<D: Disk>(disk: &D) -> Table {
    let length = disk.block_count();
    let all = Partition { number: 0, start: 0, length, kind: Kind::Disk };
    Table { scheme: Scheme::Disk, usable: None, partitions: alloc::vec![all] }
}

/// Allocates room for a block.
pub(crate) fn buffer<E>(size: usize) -> Result<Vec<u8>, Error<E>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| Error::Memory)?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// Reads a number of `N` little-endian bytes; 0 where there are none.
pub(crate) fn le<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let field = bytes.get(at..at + N).unwrap_or_default();
    field.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
