//! File systems, known by a few bytes at their beginning.

use crate::table::le;

/// Bytes of a partition's beginning that [`probe`] looks at.
pub const PROBED: usize = 4096;

/// A known file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// Linux' second extended file system.
    Ext2,
    /// The same with a journal.
    Ext3,
    /// The same with extents and checksums of metadata.
    Ext4,
    /// FAT with 16 bits.
    Fat16,
    /// FAT with 32 bits.
    Fat32,
    /// The file system of GEMDOS.
    Gemdos,
}

impl FileSystem {
    /// Returns its name, as Genode reports it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ext2 => "Ext2",
            Self::Ext3 => "Ext3",
            Self::Ext4 => "Ext4",
            Self::Fat16 => "FAT16",
            Self::Fat32 => "FAT32",
            Self::Gemdos => "GEMDOS",
        }
    }
}

/// Tells which file system begins with these bytes. A guess for people: nothing is checked.
///
/// ```
/// use partitions::{FileSystem, PROBED, probe};
///
/// let mut begin = vec![0; PROBED];
/// assert_eq!(probe(&begin), None);
/// begin[1024 + 0x38..1024 + 0x3a].copy_from_slice(&[0x53, 0xef]);
/// assert_eq!(probe(&begin), Some(FileSystem::Ext2));
/// ```
pub fn probe(begin: &[u8]) -> Option<FileSystem> {
    extended(begin).or_else(|| fat(begin))
}

fn extended(begin: &[u8]) -> Option<FileSystem> {
    let block = begin.get(1024..PROBED)?;
    if le::<2>(block, 0x38) != 0xef53 {
        return None;
    }
    let has = |at, bit| le::<4>(block, at) & bit != 0;
    let (journal, extents, checksums) = (has(0x5c, 4), has(0x60, 0x40), has(0x64, 0x400));
    Some(match (journal, extents && checksums) {
        (true, true) => FileSystem::Ext4,
        (true, false) => FileSystem::Ext3,
        _ => FileSystem::Ext2,
    })
}

fn fat(begin: &[u8]) -> Option<FileSystem> {
    let block = begin.get(..512)?;
    let boot = block[510..] == [0x55, 0xaa];
    let mark = |at: usize| matches!(block[at], 0x28 | 0x29);
    if boot && mark(66) && &block[82..84] == b"FA" {
        Some(FileSystem::Fat32)
    } else if boot && mark(38) {
        Some(FileSystem::Fat16)
    } else if block[0] == 0xe9 {
        Some(FileSystem::Gemdos)
    } else {
        None
    }
}
