//! SRAT: which CPU, which memory and which device is in which proximity domain (ACPI 6.5, 5.2.16).
//!
//! CPUs listed here may exist; the MADT says which do. Ranges marked as hot-pluggable may be room
//! for memory to come, see [`Machine::hotplug_ranges`](crate::Machine::hotplug_ranges).

use super::{AcpiError, Structure, Table, mention};
use crate::claims::{Claims, CpuClaim, CpuKey, KeyKind, NodeIds, RangeClaim};
use crate::conflict::Note;
use crate::merge::{BuildError, check_ranges};
use crate::model::{MAX_CPUS, MAX_RANGES, RangeFlags};
use crate::{NodeId, Source};
use alloc::collections::BTreeMap;
use zerocopy::{
    FromBytes, Immutable, KnownLayout, Unaligned,
    little_endian::{U16, U32, U64},
};

/// Offset of the first structure: header, and 12 reserved bytes.
const FIRST: usize = 48;
const ENABLED: u32 = 1;

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct LocalApic {
    kind: u8,
    length: u8,
    domain_low: u8,
    apic_id: u8,
    flags: U32,
    sapic_eid: u8,
    domain_high: [u8; 3],
    clock_domain: U32,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Memory {
    kind: u8,
    length: u8,
    domain: U32,
    reserved: U16,
    base: U64,
    size: U64,
    reserved2: U32,
    flags: U32,
    reserved3: U64,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct X2Apic {
    kind: u8,
    length: u8,
    reserved: U16,
    domain: U32,
    x2apic_id: U32,
    flags: U32,
    clock_domain: U32,
    reserved2: U32,
}

/// GIC CPU interface.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Gicc {
    kind: u8,
    length: u8,
    domain: U32,
    uid: U32,
    flags: U32,
    clock_domain: U32,
}

/// GIC interrupt translation service: only says that its domain exists.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct GicIts {
    kind: u8,
    length: u8,
    domain: U32,
    reserved: U16,
    its: U32,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct GenericInitiator {
    kind: u8,
    length: u8,
    reserved: u8,
    handle_type: u8,
    domain: U32,
    handle: [u8; 16],
    flags: U32,
    reserved2: U32,
}

/// RISC-V hart.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Rintc {
    kind: u8,
    length: u8,
    reserved: U16,
    domain: U32,
    uid: U32,
    flags: U32,
    clock_domain: U32,
}

/// Read an SRAT.
pub fn parse(bytes: &[u8]) -> Result<Claims, AcpiError> {
    let table = Table::check(bytes, *b"SRAT")?;
    if table.bytes.len() < FIRST {
        return Err(AcpiError::Truncated { need: FIRST, have: table.bytes.len() });
    }
    let mut claims = Claims::new(Source::Srat, NodeIds::Proximity, KeyKind::Hardware);
    claims.possible_cpus = true;
    let mut unknown: BTreeMap<u16, u32> = BTreeMap::new();
    let narrow = table.revision < 2;
    for structure in table.structures(FIRST) {
        let structure = structure?;
        if !read(&structure, &mut claims, narrow)? {
            *unknown.entry(structure.kind).or_default() += 1;
        }
    }
    claims.notes.extend(check_ranges(&claims.ranges)?);
    for (kind, count) in unknown {
        claims.notes.push(Note::UnknownStructures { source: Source::Srat, kind, count });
    }
    Ok(claims)
}

/// Read one structure; false where its type is not known.
fn read(s: &Structure<'_>, claims: &mut Claims, narrow: bool) -> Result<bool, AcpiError> {
    match s.kind {
        0 => {
            let e: &LocalApic = s.read()?;
            let [a, b, c] = e.domain_high;
            let domain = domain(claims, u32::from_le_bytes([e.domain_low, a, b, c]), narrow);
            // 0xff addresses all APICs, so it names none
            if e.flags.get() & ENABLED != 0 && e.apic_id != 0xff {
                cpu(claims, CpuKey::hardware(u32::from(e.apic_id)), domain)?;
            }
        }
        1 => memory(s.read()?, claims, narrow)?,
        2 => {
            let e: &X2Apic = s.read()?;
            if e.flags.get() & ENABLED != 0 && e.x2apic_id.get() != u32::MAX {
                cpu(claims, CpuKey::hardware(e.x2apic_id.get()), NodeId(e.domain.get()))?;
            }
        }
        3 => {
            let e: &Gicc = s.read()?;
            if e.flags.get() & ENABLED != 0 {
                cpu(claims, CpuKey::uid(e.uid.get()), NodeId(e.domain.get()))?;
            }
        }
        4 => {
            let e: &GicIts = s.read()?;
            mention(claims, NodeId(e.domain.get()))?;
        }
        5 => {
            let e: &GenericInitiator = s.read()?;
            if e.flags.get() & ENABLED != 0 {
                mention(claims, NodeId(e.domain.get()))?.initiator = true;
            }
        }
        7 => {
            let e: &Rintc = s.read()?;
            if e.flags.get() & ENABLED != 0 {
                cpu(claims, CpuKey::uid(e.uid.get()), NodeId(e.domain.get()))?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Before revision 2 a domain had one byte, and the other three were reserved.
fn domain(claims: &mut Claims, wide: u32, narrow: bool) -> NodeId {
    if !narrow || wide <= 0xff {
        return NodeId(wide);
    }
    let note = Note::WideDomain(wide);
    if claims.notes.len() < 16 && !claims.notes.contains(&note) {
        claims.notes.push(note);
    }
    NodeId(wide & 0xff)
}

fn cpu(claims: &mut Claims, key: CpuKey, node: NodeId) -> Result<(), AcpiError> {
    if claims.cpus.len() >= MAX_CPUS {
        return Err(AcpiError::Content(BuildError::TooManyCpus));
    }
    mention(claims, node)?;
    claims.cpus.push(CpuClaim { node: Some(node), ..CpuClaim::new(key) });
    Ok(())
}

fn memory(e: &Memory, claims: &mut Claims, narrow: bool) -> Result<(), AcpiError> {
    let flags = e.flags.get();
    let node = domain(claims, e.domain.get(), narrow);
    if flags & ENABLED == 0 {
        return Ok(());
    }
    mention(claims, node)?;
    let (base, size) = (e.base.get(), e.size.get());
    if size == 0 {
        if claims.notes.len() < 16 {
            claims.notes.push(Note::EmptyRange(node));
        }
        return Ok(());
    }
    if base.checked_add(size).is_none() {
        return Err(AcpiError::Content(BuildError::BadRange(base)));
    }
    if claims.ranges.len() >= MAX_RANGES {
        return Err(AcpiError::Content(BuildError::TooManyRanges));
    }
    let flags = RangeFlags { hotplug: flags & 2 != 0, nonvolatile: flags & 4 != 0 };
    claims.ranges.push(RangeClaim { node, base, size, flags });
    Ok(())
}
