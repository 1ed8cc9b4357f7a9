//! Refusals of an archive, and of an entry.

use core::fmt;

use crate::{MAX_EXTENDED, MAX_PATH};

/// Why an archive cannot be read any further. The entries before are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The header's checksum is wrong: no archive, or a damaged one.
    Checksum {
        /// Offset of the header in bytes.
        at: u64,
    },
    /// A field that must be a number is none, or is too large.
    Number {
        /// Offset of the header in bytes.
        at: u64,
    },
    /// The content ends behind the end of the archive.
    Truncated {
        /// Offset of the header in bytes.
        at: u64,
    },
    /// An extended header is longer than allowed.
    TooLong {
        /// Offset of the header in bytes.
        at: u64,
    },
    /// An extended header has records that are none.
    Records {
        /// Offset of the header in bytes.
        at: u64,
    },
    /// The place of the content depends on a format that is not known.
    Format {
        /// Offset of the header in bytes.
        at: u64,
    },
    /// There is no memory for the entry.
    Memory,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum { at } => {
                write!(f, "tar: wrong checksum at byte {at}: no archive, or a damaged one")
            }
            Self::Number { at } => write!(f, "tar: no number in the header at byte {at}"),
            Self::Truncated { at } => {
                write!(f, "tar: the content of the header at byte {at} is cut off: copy it again")
            }
            Self::TooLong { at } => write!(
                f,
                "tar: the extended header at byte {at} has more than {MAX_EXTENDED} bytes"
            ),
            Self::Records { at } => {
                write!(f, "tar: the extended header at byte {at} has no records")
            }
            Self::Format { at } => write!(
                f,
                "tar: the header at byte {at} is of a format that is not known: make the archive by --format=pax"
            ),
            Self::Memory => f.write_str("tar: no memory for an entry: donate more RAM"),
        }
    }
}

impl core::error::Error for Error {}

/// Why an entry is left out. Those behind it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unusable {
    /// Its path leads upward by `..`, or has a zero byte.
    Path,
    /// Its path, or the target of a link, is longer than allowed.
    PathTooLong,
    /// It is a file with holes, whose content is not what it takes.
    Sparse,
    /// It is a device, a pipe, or something unknown.
    Type(u8),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("its path leads elsewhere"),
            Self::PathTooLong => write!(f, "its path has more than {MAX_PATH} bytes"),
            Self::Sparse => f.write_str("it has holes: make the archive without --sparse"),
            Self::Type(kind) => write!(f, "it is of type '{}'", kind.escape_ascii()),
        }
    }
}
