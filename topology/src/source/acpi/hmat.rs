//! HMAT: latencies, bandwidths and memory-side caches (ACPI 6.5, 5.2.28).

use super::{AcpiError, Structure, Table};
use crate::claims::{AccessClaim, Claims, KeyKind, MemoryCacheClaim, NodeIds};
use crate::conflict::Note;
use crate::merge::BuildError;
use crate::model::{AccessKind, MAX_NODES};
use crate::{NodeId, Source};
use alloc::collections::BTreeMap;
use zerocopy::{
    FromBytes, Immutable, KnownLayout, Unaligned,
    little_endian::{U16, U32, U64},
};

/// Offset of the first structure: header, and 4 reserved bytes.
const FIRST: usize = 40;
/// More values than this are refused.
const MAX_VALUES: usize = 1 << 20;

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Lead {
    kind: U16,
    reserved: U16,
    length: U32,
}

/// Memory proximity domain attributes.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Proximity {
    lead: Lead,
    flags: U16,
    reserved: U16,
    initiator: U32,
    memory: U32,
    reserved2: [u8; 20],
}

/// System locality latency and bandwidth information, without its lists.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Locality {
    lead: Lead,
    flags: u8,
    data_type: u8,
    min_transfer: u8,
    reserved: u8,
    initiators: U32,
    targets: U32,
    reserved2: U32,
    unit: U64,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct SideCache {
    lead: Lead,
    memory: U32,
    reserved: U32,
    size: U64,
    attributes: U32,
    reserved2: U16,
    handles: U16,
}

/// Read an HMAT.
pub fn parse(bytes: &[u8]) -> Result<Claims, AcpiError> {
    let table = Table::check(bytes, *b"HMAT")?;
    let bytes = table.bytes;
    if bytes.len() < FIRST {
        return Err(AcpiError::Truncated { need: FIRST, have: bytes.len() });
    }
    let mut claims = Claims::new(Source::Hmat, NodeIds::Proximity, KeyKind::Hardware);
    let mut unknown: BTreeMap<u16, u32> = BTreeMap::new();
    let mut dropped = 0;
    let mut offset = FIRST;
    while let Some(rest) = bytes.get(offset..).filter(|r| !r.is_empty()) {
        let lead = Lead::ref_from_prefix(rest)
            .map(|(l, _)| l)
            .map_err(|_| AcpiError::ShortStructure { offset, kind: 0, length: rest.len() })?;
        let (kind, length) = (lead.kind.get(), lead.length.get() as usize);
        if length < size_of::<Lead>() {
            return Err(AcpiError::ShortStructure { offset, kind, length });
        }
        let bytes = rest.get(..length).ok_or(AcpiError::LongStructure { offset, kind, length })?;
        let structure = Structure { kind, offset, bytes };
        match kind {
            0 => proximity(structure.read()?, table.revision, &mut claims),
            1 => dropped += locality(&structure, table.revision, &mut claims)?,
            2 => side_cache(structure.read()?, &mut claims)?,
            _ => *unknown.entry(kind).or_default() += 1,
        }
        offset += length;
    }
    if dropped > 0 {
        claims.notes.push(Note::Overflow(Source::Hmat, dropped));
    }
    for (kind, count) in unknown.into_iter().take(64) {
        claims.notes.push(Note::UnknownStructures { source: Source::Hmat, kind, count });
    }
    Ok(claims)
}

fn proximity(e: &Proximity, revision: u8, claims: &mut Claims) {
    let flags = e.flags.get();
    // revision 1 has a second flag for the memory's domain; later ones always have it
    let memory_valid = revision > 1 || flags & 2 != 0;
    if flags & 1 != 0 && memory_valid && claims.attached.len() < MAX_NODES {
        claims.attached.push((NodeId(e.memory.get()), NodeId(e.initiator.get())));
    }
}

/// Read a matrix; returns how many of its values overflow, which are left out.
fn locality(s: &Structure<'_>, revision: u8, claims: &mut Claims) -> Result<u32, AcpiError> {
    use AccessKind::{ReadBandwidth, ReadLatency, WriteBandwidth, WriteLatency};
    let e: &Locality = s.read()?;
    let kinds: &[AccessKind] = match e.data_type {
        0 => &[ReadLatency, WriteLatency],
        1 => &[ReadLatency],
        2 => &[WriteLatency],
        3 => &[ReadBandwidth, WriteBandwidth],
        4 => &[ReadBandwidth],
        5 => &[WriteBandwidth],
        _ => return Ok(0),
    };
    let level = e.flags & 0xf;
    let (rows, columns) = (e.initiators.get() as usize, e.targets.get() as usize);
    if let Some(n) = [rows, columns].into_iter().find(|n| *n > MAX_NODES) {
        return Err(AcpiError::Matrix(n as u64));
    }
    let lists = size_of::<Locality>();
    let values = lists + 4 * (rows + columns);
    let (need, have) = (values + 2 * rows * columns, s.bytes.len());
    let short = AcpiError::Truncated { need, have };
    let list = |from: usize, to: usize| s.bytes.get(from..to).ok_or(short);
    let ids = <[U32]>::ref_from_bytes(list(lists, values)?).map_err(|_| short)?;
    let entries = <[U16]>::ref_from_bytes(list(values, need)?).map_err(|_| short)?;
    let (initiators, targets) = ids.split_at_checked(rows).ok_or(short)?;
    if claims.access.len() + entries.len() * kinds.len() > MAX_VALUES {
        return Err(AcpiError::Content(BuildError::TooManyNodes));
    }
    let mut dropped = 0;
    for (initiator, row) in initiators.iter().zip(entries.chunks_exact(columns.max(1))) {
        for (target, entry) in targets.iter().zip(row) {
            let value = value(entry.get(), e.unit.get(), revision, kinds);
            dropped += u32::from(value.is_err());
            let Ok(Some(value)) = value else { continue };
            for kind in kinds {
                claims.access.push(AccessClaim {
                    initiator: NodeId(initiator.get()),
                    target: NodeId(target.get()),
                    level,
                    kind: *kind,
                    value,
                });
            }
        }
    }
    Ok(dropped)
}

/// A value of more than 64 bits in its unit.
struct Overflow;

/// An entry in picoseconds or MB/s. 0 is "not told", 0xffff "not reachable".
///
/// Revision 1 counts latency in tenths of a nanosecond and bandwidth in tenths of a MB/s, as Linux
/// reads it.
fn value(
    entry: u16,
    unit: u64,
    revision: u8,
    kinds: &[AccessKind],
) -> Result<Option<u64>, Overflow> {
    if matches!(entry, 0 | 0xffff) {
        return Ok(None);
    }
    let raw = u64::from(entry).checked_mul(unit).ok_or(Overflow)?;
    let latency = kinds.first().is_some_and(|k| k.is_latency());
    let value = match (revision, latency) {
        (0 | 1, true) => raw.checked_mul(100).ok_or(Overflow)?,
        (0 | 1, false) => raw / 10,
        _ => raw,
    };
    Ok((value != 0).then_some(value))
}

fn side_cache(e: &SideCache, claims: &mut Claims) -> Result<(), AcpiError> {
    if claims.memory_caches.len() >= 4 * MAX_NODES {
        return Err(AcpiError::Content(BuildError::TooManyNodes));
    }
    let attributes = e.attributes.get();
    claims.memory_caches.push(MemoryCacheClaim {
        node: NodeId(e.memory.get()),
        level: (attributes >> 4 & 0xf) as u8,
        size: e.size.get(),
        line: (attributes >> 16) as u16,
    });
    Ok(())
}
