//! Faults of a table.

use core::fmt;

use crate::gpt::MAX_ENTRIES;

/// Why no table is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The disk could not be read.
    Disk(E),
    /// Blocks of this size hold no table.
    BlockSize(usize),
    /// Both an MBR and a GPT are valid.
    Ambiguous,
    /// A protective MBR says that there is a GPT, of which neither copy is valid.
    Damaged,
    /// There is no memory for the table.
    Memory,
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(error) => write!(f, "partition table: {error}"),
            Self::BlockSize(size) => write!(
                f,
                "blocks of {size} bytes hold no partition table: 512 to 65536 are allowed"
            ),
            Self::Ambiguous => f.write_str(
                "both MBR and GPT are valid: choose by ignore_mbr=\"yes\" or ignore_gpt=\"yes\"",
            ),
            Self::Damaged => f.write_str(
                "both copies of the GPT are damaged: repair the disk, or say ignore_gpt=\"yes\"",
            ),
            Self::Memory => f.write_str("no memory for the partition table: donate more RAM"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Error<E> {}

/// Why a header of a GPT is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It does not begin with "EFI PART".
    Signature,
    /// Its revision or size is none that is known.
    Format,
    /// Its checksum is wrong.
    HeaderChecksum,
    /// It names another block than the one it is in.
    Place,
    /// Its entries lie outside of the disk, or on headers or usable blocks.
    Layout,
    /// It has more or larger entries than allowed.
    Entries,
    /// The checksum of its entries is wrong.
    EntriesChecksum,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("no signature"),
            Self::Format => f.write_str("unknown revision or size"),
            Self::HeaderChecksum => f.write_str("wrong checksum"),
            Self::Place => f.write_str("it names another block than its own"),
            Self::Layout => f.write_str("its blocks lie outside of the disk or on each other"),
            Self::Entries => {
                write!(f, "entries of 128 to 4096 bytes are allowed, {MAX_ENTRIES} of them at most")
            }
            Self::EntriesChecksum => f.write_str("wrong checksum of the entries"),
        }
    }
}

/// A finding that a person may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The first copy of the GPT is not valid.
    Primary(Unfit),
    /// The second copy of the GPT is not valid.
    Backup(Unfit),
    /// The first copy is not valid: the second one is used.
    FromBackup,
    /// The copies of the GPT differ: the first one is used.
    CopiesDiffer,
    /// There is a GPT without a protective MBR.
    Unprotected,
    /// There is a protective MBR, and the GPT is to be ignored.
    Ignored,
    /// A partition is left out: it lies outside of the disk or of the usable blocks, or is empty.
    OutOfRange {
        /// Its number.
        number: u32,
    },
    /// A partition is left out: it overlaps another one.
    Overlap {
        /// Its number.
        number: u32,
    },
    /// The chain of extended boot records comes back to one that it had.
    Loop {
        /// Block of that record.
        block: u64,
    },
    /// The chain of extended boot records leaves the extended partition, or has no record there.
    BrokenChain {
        /// Block of the record that is none.
        block: u64,
    },
    /// The chain of extended boot records is longer than allowed.
    LongChain,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary(unfit) => write!(f, "the first copy of the GPT is not valid: {unfit}"),
            Self::Backup(unfit) => write!(f, "the second copy of the GPT is not valid: {unfit}"),
            Self::FromBackup => f.write_str("the second copy of the GPT is used: repair the disk"),
            Self::CopiesDiffer => f.write_str("the copies of the GPT differ: the first is used"),
            Self::Unprotected => f.write_str("will use GPT without proper protective MBR"),
            Self::Ignored => f.write_str("found protective MBR but GPT is to be ignored"),
            Self::OutOfRange { number } => {
                write!(f, "partition {number} is left out: it is not within the disk")
            }
            Self::Overlap { number } => {
                write!(f, "partition {number} is left out: it overlaps another one")
            }
            Self::Loop { block } => {
                write!(f, "extended boot records go round: block {block} comes again")
            }
            Self::BrokenChain { block } => {
                write!(f, "extended boot records end at block {block}, which is none")
            }
            Self::LongChain => write!(
                f,
                "more than {} logical partitions: the rest is left out",
                crate::mbr::MAX_LOGICAL
            ),
        }
    }
}
