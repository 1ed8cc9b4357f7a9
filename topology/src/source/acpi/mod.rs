//! ACPI tables (ACPI 6.5, chapter 5.2): find them, check them, read them.
//!
//! A table is taken only if its length fits the bytes at hand and its checksum is right; each
//! structure in it only if its own length fits the table and its type. Nothing is read beyond, and
//! nothing is allocated by a count that the bytes do not back.

mod collect;
mod hmat;
mod madt;
mod slit;
mod srat;

use crate::merge::BuildError;
use crate::{Claims, NodeId};
use alloc::vec::Vec;
pub use collect::{CollectError, PhysicalMemory, Root, Tables, collect};
use core::fmt;
pub use hmat::parse as parse_hmat;
pub use madt::{number_as_hw, number_in_order, parse as parse_madt, parse_as_nova};
pub use slit::parse as parse_slit;
pub use srat::parse as parse_srat;
use zerocopy::{
    FromBytes, Immutable, KnownLayout, Unaligned,
    little_endian::{U32, U64},
};

/// Tables beyond this size are refused: the largest real SRAT has some hundred KiB.
pub const MAX_TABLE: usize = 16 << 20;

/// Why a table was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcpiError {
    /// Fewer bytes than the table, or its fixed part, needs.
    Truncated {
        /// Bytes needed.
        need: usize,
        /// Bytes at hand.
        have: usize,
    },
    /// Another table, or none.
    Signature([u8; 4]),
    /// The bytes of the table do not add up to 0.
    Checksum(u8),
    /// A table of more than [`MAX_TABLE`] bytes.
    TooLarge(u32),
    /// The structure at this offset is shorter than its own header, or than its type must be.
    ShortStructure {
        /// Where in the table.
        offset: usize,
        /// Its type.
        kind: u16,
        /// Its length, as it says.
        length: usize,
    },
    /// The structure at this offset reaches beyond the table.
    LongStructure {
        /// Where in the table.
        offset: usize,
        /// Its type.
        kind: u16,
        /// Its length, as it says.
        length: usize,
    },
    /// A matrix of more rows or columns than the table has bytes for, or than
    /// [`MAX_NODES`](crate::MAX_NODES).
    Matrix(u64),
    /// Memory of two nodes at one address, a bad range, or too many of something.
    Content(BuildError),
}

impl fmt::Display for AcpiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AcpiError::Truncated { need, have } => {
                write!(f, "truncated: {need} bytes needed, {have} there")
            }
            AcpiError::Signature(s) => write!(f, "signature is \"{}\"", s.escape_ascii()),
            AcpiError::Checksum(sum) => {
                write!(f, "checksum is wrong: bytes add up to {sum:#04x}, not 0")
            }
            AcpiError::TooLarge(n) => write!(f, "{n} bytes are more than any real table has"),
            AcpiError::ShortStructure { offset, kind, length } => write!(
                f,
                "structure of type {kind} at offset {offset:#x} is too short with {length} bytes"
            ),
            AcpiError::LongStructure { offset, kind, length } => write!(
                f,
                "structure of type {kind} at offset {offset:#x} reaches beyond the table with {length} bytes"
            ),
            AcpiError::Matrix(n) => write!(f, "a matrix of {n} entries a side does not fit"),
            AcpiError::Content(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for AcpiError {}

impl From<BuildError> for AcpiError {
    fn from(e: BuildError) -> Self {
        AcpiError::Content(e)
    }
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Header {
    signature: [u8; 4],
    length: U32,
    revision: u8,
    checksum: u8,
    oem_id: [u8; 6],
    oem_table_id: [u8; 8],
    oem_revision: U32,
    creator_id: U32,
    creator_revision: U32,
}

/// A table whose length and checksum are right.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Table<'a> {
    revision: u8,
    /// The whole table, header included, without what follows it in the buffer.
    bytes: &'a [u8],
}

impl<'a> Table<'a> {
    fn check(bytes: &'a [u8], signature: [u8; 4]) -> Result<Table<'a>, AcpiError> {
        let have = bytes.len();
        let short = AcpiError::Truncated { need: size_of::<Header>(), have };
        let (header, _) = Header::ref_from_prefix(bytes).map_err(|_| short)?;
        if header.signature != signature {
            return Err(AcpiError::Signature(header.signature));
        }
        let need = header.length.get() as usize;
        if need > MAX_TABLE {
            return Err(AcpiError::TooLarge(header.length.get()));
        }
        if need < size_of::<Header>() {
            return Err(short);
        }
        let bytes = bytes.get(..need).ok_or(AcpiError::Truncated { need, have })?;
        match bytes.iter().fold(0u8, |sum, b| sum.wrapping_add(*b)) {
            0 => Ok(Table { revision: header.revision, bytes }),
            sum => Err(AcpiError::Checksum(sum)),
        }
    }

    /// A fixed structure at `offset`.
    fn at<T: FromBytes + Immutable + KnownLayout + Unaligned>(
        &self,
        offset: usize,
    ) -> Result<&'a T, AcpiError> {
        let need = offset + size_of::<T>();
        let error = AcpiError::Truncated { need, have: self.bytes.len() };
        let rest = self.bytes.get(offset..).ok_or(error)?;
        T::ref_from_prefix(rest).map(|(t, _)| t).map_err(|_| error)
    }

    /// The structures from `offset` on, each led by a type and a length byte.
    fn structures(&self, offset: usize) -> Structures<'a> {
        Structures { bytes: self.bytes, offset }
    }
}

/// One structure of a table: `kind`, and its bytes, header included.
pub(crate) struct Structure<'a> {
    kind: u16,
    offset: usize,
    bytes: &'a [u8],
}

impl<'a> Structure<'a> {
    fn read<T: FromBytes + Immutable + KnownLayout + Unaligned>(&self) -> Result<&'a T, AcpiError> {
        T::ref_from_prefix(self.bytes).map(|(t, _)| t).map_err(|_| AcpiError::ShortStructure {
            offset: self.offset,
            kind: self.kind,
            length: self.bytes.len(),
        })
    }
}

struct Structures<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Structures<'a> {
    type Item = Result<Structure<'a>, AcpiError>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.offset;
        let rest = self.bytes.get(offset..).filter(|r| !r.is_empty())?;
        let kind = u16::from(*rest.first()?);
        let length = rest.get(1).map_or(0, |l| usize::from(*l));
        let item = if length < 2 {
            Err(AcpiError::ShortStructure { offset, kind, length })
        } else if let Some(bytes) = rest.get(..length) {
            Ok(Structure { kind, offset, bytes })
        } else {
            Err(AcpiError::LongStructure { offset, kind, length })
        };
        // after an error there is no telling where the next one starts
        self.offset = if item.is_ok() { offset + length } else { usize::MAX };
        Some(item)
    }
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RsdpV1 {
    signature: [u8; 8],
    checksum: u8,
    oem_id: [u8; 6],
    revision: u8,
    rsdt: U32,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RsdpV2 {
    v1: RsdpV1,
    length: U32,
    xsdt: U64,
    checksum: u8,
    reserved: [u8; 3],
}

/// Read an RSDP and say which root table to follow: the XSDT where there is one.
pub fn parse_rsdp(bytes: &[u8]) -> Result<Root, AcpiError> {
    let have = bytes.len();
    let need = size_of::<RsdpV1>();
    let (v1, _) =
        RsdpV1::ref_from_prefix(bytes).map_err(|_| AcpiError::Truncated { need, have })?;
    if &v1.signature != b"RSD PTR " {
        let [a, b, c, d, ..] = v1.signature;
        return Err(AcpiError::Signature([a, b, c, d]));
    }
    let sum = |n: usize| bytes.iter().take(n).fold(0u8, |sum, b| sum.wrapping_add(*b));
    if sum(need) != 0 {
        return Err(AcpiError::Checksum(sum(need)));
    }
    if v1.revision >= 2 {
        let need = size_of::<RsdpV2>();
        let (v2, _) =
            RsdpV2::ref_from_prefix(bytes).map_err(|_| AcpiError::Truncated { need, have })?;
        if sum(need) != 0 {
            return Err(AcpiError::Checksum(sum(need)));
        }
        if v2.xsdt.get() != 0 {
            return Ok(Root::Xsdt(v2.xsdt.get()));
        }
    }
    Ok(Root::Rsdt(u64::from(v1.rsdt.get())))
}

/// Look for an RSDP on the 16-byte boundaries of a memory area (0xE0000 to 0xFFFFF on a BIOS).
pub fn find_rsdp(area: &[u8]) -> Option<Root> {
    (0..area.len()).step_by(16).find_map(|at| parse_rsdp(area.get(at..)?).ok())
}

/// The physical addresses in an RSDT.
pub fn parse_rsdt(bytes: &[u8]) -> Result<Vec<u64>, AcpiError> {
    let table = Table::check(bytes, *b"RSDT")?;
    let entries = table.bytes.get(size_of::<Header>()..).unwrap_or(&[]);
    Ok(entries
        .chunks_exact(4)
        .filter_map(|c| U32::read_from_bytes(c).ok())
        .map(|a| u64::from(a.get()))
        .collect())
}

/// The physical addresses in an XSDT. They are not aligned there; reading them as aligned words is
/// a classic mistake.
pub fn parse_xsdt(bytes: &[u8]) -> Result<Vec<u64>, AcpiError> {
    let table = Table::check(bytes, *b"XSDT")?;
    let entries = table.bytes.get(size_of::<Header>()..).unwrap_or(&[]);
    Ok(entries.chunks_exact(8).filter_map(|c| U64::read_from_bytes(c).ok()).map(U64::get).collect())
}

/// The signature of a table, if its header is there.
pub fn signature(bytes: &[u8]) -> Option<[u8; 4]> {
    bytes.first_chunk::<4>().copied()
}

/// Read any of the tables that this crate knows, by its signature.
pub fn parse_table(bytes: &[u8]) -> Result<Claims, AcpiError> {
    match signature(bytes) {
        Some([b'S', b'R', b'A', b'T']) => parse_srat(bytes),
        Some([b'S', b'L', b'I', b'T']) => parse_slit(bytes),
        Some([b'H', b'M', b'A', b'T']) => parse_hmat(bytes),
        Some([b'A', b'P', b'I', b'C']) => parse_madt(bytes),
        Some(other) => Err(AcpiError::Signature(other)),
        None => Err(AcpiError::Truncated { need: size_of::<Header>(), have: bytes.len() }),
    }
}

/// `claims.mention(id)`, with too many nodes as an error.
fn mention(claims: &mut Claims, id: NodeId) -> Result<&mut crate::NodeClaim, AcpiError> {
    claims.mention(id).ok_or(AcpiError::Content(BuildError::TooManyNodes))
}
