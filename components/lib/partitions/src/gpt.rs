//! GUID partition tables.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    Disk, Error, Kind, Note, Partition, Scheme, Table, Unfit, Usable,
    crc::Crc,
    table::{buffer, le},
};

/// Entries of a table at most.
pub const MAX_ENTRIES: u32 = 1024;

/// Bytes of a header that are known.
const HEADER: usize = 92;
/// Bytes of an entry that are known.
const ENTRY: usize = 128;
/// Bytes of an entry at most.
const MAX_ENTRY: u64 = 4096;

/// An identifier of 16 bytes.
///
/// ```
/// let guid = partitions::Guid([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
/// assert_eq!(guid.to_string(), "04030201-0605-0807-090a-0b0c0d0e0f10");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guid(pub [u8; 16]);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |at| le::<2>(&self.0, at);
        write!(f, "{:08x}-{:04x}-{:04x}-", le::<4>(&self.0, 0), number(4), number(6))?;
        for (index, byte) in self.0[8..].iter().enumerate() {
            write!(f, "{}{byte:02x}", if index == 2 { "-" } else { "" })?;
        }
        Ok(())
    }
}

/// Result of the search for a GPT.
#[derive(Debug)]
pub(crate) enum Found {
    /// No signature.
    Nothing,
    /// A signature, and no copy that is valid.
    Damaged,
    /// The table.
    Table(Table),
}

/// A header that is valid, but for its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    usable: Usable,
    entries: u64,
    count: u32,
    entry_size: u64,
    entries_crc: u32,
    disk: Guid,
}

impl Header {
    /// Checks the header in `block`, which is at `place`.
    fn read(block: &[u8], place: u64, block_count: u64) -> Result<Self, Unfit> {
        if block.get(..8) != Some(b"EFI PART") {
            return Err(Unfit::Signature);
        }
        let size = le::<4>(block, 12) as usize;
        if le::<4>(block, 8) != 0x0001_0000 || size < HEADER || size > block.len() {
            return Err(Unfit::Format);
        }
        let (head, rest) = (&block[..16], &block[20..size]);
        let crc = Crc::new().add(head).add(&[0; 4]).add(rest).value();
        if u64::from(crc) != le::<4>(block, 16) {
            return Err(Unfit::HeaderChecksum);
        }
        if le::<8>(block, 24) != place {
            return Err(Unfit::Place);
        }
        let (count, entry_size) = (le::<4>(block, 80), le::<4>(block, 84));
        let sizes =
            entry_size.is_power_of_two() && (ENTRY as u64..=MAX_ENTRY).contains(&entry_size);
        if !sizes || count == 0 || count > u64::from(MAX_ENTRIES) {
            return Err(Unfit::Entries);
        }
        let mut disk = Guid::default();
        disk.0.copy_from_slice(&block[56..72]);
        let header = Self {
            usable: Usable { first: le::<8>(block, 40), last: le::<8>(block, 48) },
            entries: le::<8>(block, 72),
            count: count as u32,
            entry_size,
            entries_crc: le::<4>(block, 88) as u32,
            disk,
        };
        header.check_layout(block.len() as u64, place, block_count)?;
        Ok(header)
    }

    /// Checks that entries, headers and usable blocks lie within the disk and beside each other.
    fn check_layout(&self, block_size: u64, place: u64, block_count: u64) -> Result<(), Unfit> {
        let Usable { first, last } = self.usable;
        let blocks = (u64::from(self.count) * self.entry_size).div_ceil(block_size);
        let end = self.entries.checked_add(blocks).ok_or(Unfit::Layout)?;
        let outside = |from: u64, to: u64| to <= first || from > last;
        let apart = outside(self.entries, end) && outside(place, place + 1) && first > 1;
        let entries_apart = self.entries > 1 && !(self.entries..end).contains(&place);
        if first <= last && last < block_count && end <= block_count && apart && entries_apart {
            Ok(())
        } else {
            Err(Unfit::Layout)
        }
    }

    /// Reads the entries that are in use, block by block.
    fn entries<D: Disk>(
        &self,
        disk: &mut D,
    ) -> Result<Result<Vec<Partition>, Unfit>, Error<D::Error>> {
        let mut block = buffer(disk.block_size())?;
        let (mut crc, mut found) = (Crc::new(), Vec::new());
        let mut head = [0; ENTRY];
        let size = block.len() as u64;
        let total = u64::from(self.count) * self.entry_size;
        for (index, lba) in (0..total.div_ceil(size)).zip(self.entries..) {
            disk.read(lba, &mut block).map_err(Error::Disk)?;
            let begin = index * size;
            let here = &block[..(total - begin).min(size) as usize];
            crc = crc.add(here);
            // Entries begin at multiples of 128, as blocks do: none lies across two, but for what
            // is not known of it.
            for (at, entry) in (begin..).step_by(ENTRY).zip(here.chunks_exact(ENTRY)) {
                if at.is_multiple_of(self.entry_size) {
                    head.copy_from_slice(entry);
                    found.extend(partition((at / self.entry_size) as u32 + 1, &head));
                }
            }
        }
        let good = crc.value() == self.entries_crc;
        Ok(if good { Ok(found) } else { Err(Unfit::EntriesChecksum) })
    }
}

/// Reads an entry, if it is in use.
fn partition(number: u32, entry: &[u8; ENTRY]) -> Option<Partition> {
    let guid = |at: usize| {
        let mut guid = Guid::default();
        guid.0.copy_from_slice(&entry[at..at + 16]);
        guid
    };
    let kind = guid(0);
    if kind == Guid::default() {
        return None;
    }
    let units = entry[56..].chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let units = units.take_while(|&unit| unit != 0);
    let name: String = char::decode_utf16(units)
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    let (start, last) = (le::<8>(entry, 32), le::<8>(entry, 40));
    // None that ends before it begins: it is out of range then.
    let length = last.checked_sub(start).and_then(|more| more.checked_add(1)).unwrap_or(0);
    Some(Partition { number, start, length, kind: Kind::Gpt { kind, guid: guid(16), name } })
}

type Copied<E> = Result<Result<(Header, Vec<Partition>), Unfit>, Error<E>>;

/// Reads the copy whose header is at `place`.
fn copy<D: Disk>(disk: &mut D, place: u64) -> Copied<D::Error> {
    let mut block = buffer(disk.block_size())?;
    if place >= disk.block_count() {
        return Ok(Err(Unfit::Signature));
    }
    disk.read(place, &mut block).map_err(Error::Disk)?;
    let header = match Header::read(&block, place, disk.block_count()) {
        Ok(header) => header,
        Err(unfit) => return Ok(Err(unfit)),
    };
    Ok(header.entries(disk)?.map(|found| (header, found)))
}

/// Returns where a first copy that is valid says that the second one is; the disk's end otherwise,
/// which is where it should be.
fn backup_place<D: Disk>(disk: &mut D, primary: bool) -> Result<u64, Error<D::Error>> {
    let last = disk.block_count() - 1;
    if !primary {
        return Ok(last);
    }
    let mut block = buffer(disk.block_size())?;
    disk.read(1, &mut block).map_err(Error::Disk)?;
    let place = le::<8>(&block, 32);
    Ok(if place > 1 && place <= last { place } else { last })
}

/// Looks for a table: its first copy, or the second if that is damaged.
pub(crate) fn look<D: Disk>(
    disk: &mut D,
    note: &mut dyn FnMut(Note),
) -> Result<Found, Error<D::Error>> {
    let primary = copy(disk, 1)?;
    let place = backup_place(disk, primary.is_ok())?;
    let backup = copy(disk, place)?;
    let none = |copy: &Result<_, Unfit>| matches!(copy, Err(Unfit::Signature));
    if none(&primary) && none(&backup) {
        return Ok(Found::Nothing);
    }
    if let Err(unfit) = primary {
        note(Note::Primary(unfit));
    }
    if let Err(unfit) = backup {
        note(Note::Backup(unfit));
    }
    let (header, found) = match (primary, backup) {
        (Ok(primary), Ok(backup)) => {
            let same = Header { entries: backup.0.entries, ..primary.0 } == backup.0;
            if !same || primary.1 != backup.1 {
                note(Note::CopiesDiffer);
            }
            primary
        }
        (Ok(primary), Err(_)) => primary,
        (Err(_), Ok(backup)) => {
            note(Note::FromBackup);
            backup
        }
        (Err(_), Err(_)) => return Ok(Found::Damaged),
    };
    let (usable, range) = (header.usable, (header.usable.first, header.usable.last + 1));
    Ok(Found::Table(Table::checked(Scheme::Gpt, Some(usable), found, range, note)))
}
