//! MADT: which CPUs there are, and which names they go by (ACPI 6.5, 5.2.12). It ties the SRAT's
//! APIC ids or UIDs to the order in which firmware lists CPUs.

use super::{AcpiError, Table};
use crate::Source;
use crate::claims::{Claims, CpuClaim, CpuKey, KeyKind, NodeIds};
use crate::merge::BuildError;
use crate::model::MAX_CPUS;
use alloc::vec::Vec;
use zerocopy::{
    FromBytes, Immutable, KnownLayout, Unaligned,
    little_endian::{U16, U32, U64},
};

/// Offset of the first structure: header, local APIC address, flags.
const FIRST: usize = 44;
const ENABLED: u32 = 1;

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct LocalApic {
    kind: u8,
    length: u8,
    uid: u8,
    apic_id: u8,
    flags: U32,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct X2Apic {
    kind: u8,
    length: u8,
    reserved: U16,
    x2apic_id: U32,
    flags: U32,
    uid: U32,
}

/// GIC CPU interface, up to its MPIDR.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Gicc {
    kind: u8,
    length: u8,
    reserved: U16,
    interface: U32,
    uid: U32,
    flags: U32,
    unused: [u8; 52],
    mpidr: U64,
}

/// RISC-V hart.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Rintc {
    kind: u8,
    length: u8,
    version: u8,
    reserved: u8,
    flags: U32,
    hart: U64,
    uid: U32,
}

/// Read a MADT: the enabled CPUs, in the table's order.
pub fn parse(bytes: &[u8]) -> Result<Claims, AcpiError> {
    entries(bytes).map(|(claims, _)| claims)
}

/// Read a MADT and number its CPUs as the NOVA kernel does: local APICs first, then local x2APICs, each in the
/// table's order.
pub fn parse_as_nova(bytes: &[u8]) -> Result<Claims, AcpiError> {
    let (mut claims, kinds) = entries(bytes)?;
    let mut cpus: Vec<(u16, CpuClaim)> = kinds.into_iter().zip(claims.cpus).collect();
    cpus.sort_by_key(|(kind, _)| *kind);
    claims.cpus = cpus.into_iter().map(|(_, cpu)| cpu).collect();
    number_in_order(&mut claims);
    Ok(claims)
}

/// Number the CPUs as base-hw does on x86: the enabled ones in the order of their APIC ids, whatever the MADT's order.
pub fn number_as_hw(claims: &mut Claims) {
    claims.cpus.sort_by_key(|cpu| cpu.key.hardware);
    number_in_order(claims);
}

/// The enabled CPUs, in the table's order, and the type of structure that each comes from.
fn entries(bytes: &[u8]) -> Result<(Claims, Vec<u16>), AcpiError> {
    let table = Table::check(bytes, *b"APIC")?;
    if table.bytes.len() < FIRST {
        return Err(AcpiError::Truncated { need: FIRST, have: table.bytes.len() });
    }
    let mut claims = Claims::new(Source::Madt, NodeIds::Proximity, KeyKind::Hardware);
    claims.all_cpus = true;
    let mut kinds = Vec::new();
    for structure in table.structures(FIRST) {
        let s = structure?;
        let (enabled, hardware, uid) = match s.kind {
            0 => {
                let e: &LocalApic = s.read()?;
                let usable = e.apic_id != 0xff;
                (e.flags.get() & ENABLED != 0 && usable, u32::from(e.apic_id), u32::from(e.uid))
            }
            9 => {
                let e: &X2Apic = s.read()?;
                let usable = e.x2apic_id.get() != u32::MAX;
                (e.flags.get() & ENABLED != 0 && usable, e.x2apic_id.get(), e.uid.get())
            }
            11 => {
                let e: &Gicc = s.read()?;
                (e.flags.get() & ENABLED != 0, pack_mpidr(e.mpidr.get()), e.uid.get())
            }
            24 => {
                let e: &Rintc = s.read()?;
                let hart = u32::try_from(e.hart.get()).ok();
                (e.flags.get() & ENABLED != 0 && hart.is_some(), hart.unwrap_or(0), e.uid.get())
            }
            _ => continue,
        };
        if !enabled {
            continue;
        }
        if claims.cpus.len() >= MAX_CPUS {
            return Err(AcpiError::Content(BuildError::TooManyCpus));
        }
        let key = CpuKey { os: None, hardware: Some(hardware), uid: Some(uid) };
        claims.cpus.push(CpuClaim::new(key));
        kinds.push(s.kind);
    }
    Ok((claims, kinds))
}

/// The four affinity bytes of an MPIDR in one word: Aff3 moves from bits 39:32 to 31:24.
fn pack_mpidr(mpidr: u64) -> u32 {
    (mpidr >> 32 & 0xff) as u32 * 0x100_0000 + (mpidr & 0xff_ffff) as u32
}

/// Give the CPUs kernel numbers 0, 1, 2… in the table's order.
///
/// Do this only for a kernel that is known to count so: it turns the order into a claim.
pub fn number_in_order(claims: &mut Claims) {
    for (n, cpu) in claims.cpus.iter_mut().enumerate() {
        cpu.key.os = Some(n as u32);
    }
}
