//! The topology information page (TIP) that base-tukija maps into every component.
//!
//! Layout: u16 length at 0, with or without the 8 bytes of the head counted (its reader divides by a domain's size,
//! which gives the same number of domains), then at 8 domains of 1320 bytes: u32 id at 0, u8 number of memory
//! regions at 4, u8 number of devices at 5, 32 regions of {u64 start, u64 end} at 8, 32 devices of
//! 24 bytes at 520, a set of 256 CPUs at 1288. Ends are taken as the first address behind a region.

use crate::claims::{Claims, CpuClaim, CpuKey, KeyKind, NodeIds, RangeClaim};
use crate::merge::{BuildError, check_ranges};
use crate::model::RangeFlags;
use crate::{NodeId, Source};
use core::fmt;
use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
    little_endian::{U16, U32, U64},
};

/// Bytes of the longest page: its length is 16 bits wide.
pub const MAX_SIZE: usize = 1 << 16;
/// Where base-tukija maps the page.
pub const ADDRESS: u64 = 0x7fff_bffe_0000;
/// CPUs in a domain's set.
pub const CPUS: usize = 256;
const FIRST: usize = 8;
const REGIONS: usize = 32;

/// A memory region of a domain.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct TipRegion {
    /// First address.
    pub start: U64,
    /// First address behind.
    pub end: U64,
}

/// A domain as it lies in the page.
#[derive(Clone, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct TipDomain {
    /// Proximity domain.
    pub id: U32,
    /// Number of valid entries in `regions`.
    pub region_count: u8,
    /// Number of valid entries in `devices`.
    pub device_count: u8,
    /// Padding.
    pub reserved: [u8; 2],
    /// Memory.
    pub regions: [TipRegion; REGIONS],
    /// Devices: not read.
    pub devices: [[u8; 24]; 32],
    /// Bit n is kernel CPU n.
    pub cpus: [U64; CPUS / 64],
}

const _: () = assert!(size_of::<TipDomain>() == 1320);

/// Why a page was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TipError {
    /// The page is shorter than its length says.
    Truncated {
        /// Bytes needed.
        need: usize,
        /// Bytes at hand.
        have: usize,
    },
    /// The length is no multiple of a domain's size, and not 8 more than one.
    Length(u16),
    /// A domain counts more than 32 memory regions.
    Regions(u8),
    /// A region ends before it starts.
    Region(u64),
    /// Two domains have one id, or one CPU.
    Twice(u32),
    /// Memory of two domains at one address, or too many domains.
    Content(BuildError),
}

impl fmt::Display for TipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TipError::Truncated { need, have } => {
                write!(f, "truncated: {need} bytes needed, {have} there")
            }
            TipError::Length(n) => write!(f, "a length of {n} holds no whole number of domains"),
            TipError::Regions(n) => write!(f, "a domain claims {n} memory regions, 32 fit"),
            TipError::Region(at) => write!(f, "the region at {at:#x} ends before it starts"),
            TipError::Twice(n) => write!(f, "domain or CPU {n} is listed twice"),
            TipError::Content(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for TipError {}

/// Read a TIP.
pub fn parse(page: &[u8]) -> Result<Claims, TipError> {
    let have = page.len();
    let short = TipError::Truncated { need: FIRST, have };
    let length = U16::read_from_prefix(page).map_err(|_| short)?.0.get();
    let count = usize::from(length) / size_of::<TipDomain>();
    let domains = count * size_of::<TipDomain>();
    if length == 0 || ![0, FIRST].contains(&(usize::from(length) - domains)) {
        return Err(TipError::Length(length));
    }
    let need = FIRST + domains;
    let body = page.get(FIRST..need).ok_or(TipError::Truncated { need, have })?;
    let domains = <[TipDomain]>::ref_from_bytes(body).map_err(|_| TipError::Length(length))?;

    let mut claims = Claims::new(Source::Tip, NodeIds::Proximity, KeyKind::Os);
    claims.all_cpus = true;
    let mut seen = [0u64; CPUS / 64];
    for domain in domains {
        let node = NodeId(domain.id.get());
        if claims.nodes.iter().any(|n| n.id == node) {
            return Err(TipError::Twice(node.0));
        }
        claims.mention(node).ok_or(TipError::Content(BuildError::TooManyNodes))?;
        let regions = domain.regions.get(..usize::from(domain.region_count));
        for r in regions.ok_or(TipError::Regions(domain.region_count))? {
            let base = r.start.get();
            match r.end.get().checked_sub(base) {
                None => return Err(TipError::Region(base)),
                Some(0) => claims.notes.push(crate::Note::EmptyRange(node)),
                Some(size) => {
                    let flags = RangeFlags::default();
                    claims.ranges.push(RangeClaim { node, base, size, flags });
                }
            }
        }
        for (w, (word, seen)) in domain.cpus.iter().zip(&mut seen).enumerate() {
            if *seen & word.get() != 0 {
                return Err(TipError::Twice(w as u32 * 64 + (*seen & word.get()).trailing_zeros()));
            }
            *seen |= word.get();
            for bit in (0..64).filter(|b| word.get() >> b & 1 == 1) {
                let key = CpuKey::os(w as u32 * 64 + bit);
                claims.cpus.push(CpuClaim { node: Some(node), ..CpuClaim::new(key) });
            }
        }
    }
    claims.notes.extend(check_ranges(&claims.ranges).map_err(TipError::Content)?);
    Ok(claims)
}
