//! A snapshot as a source: what a TOPO server with our extension shows of the machine, so that a server behind it
//! can show it on. Everything that a view has comes along; what a view leaves out (ways of associativity, what lies
//! outside of its rectangle) is not known here either.

use crate::claims::{
    AccessClaim, CacheClaim, Claims, CpuClaim, CpuKey, DistanceClaim, KeyKind, NodeIds, RangeClaim,
    SpaceClaim,
};
use crate::merge::{BuildError, check_ranges};
use crate::model::{AccessKind, CpuKind, MAX_CPUS, Position, RangeFlags};
use crate::snapshot::{LocationRecord, NONE, Snapshot};
use crate::{NodeId, Note, Source};
use alloc::vec::Vec;
use zerocopy::little_endian::U32;

fn known(n: U32) -> Option<u32> {
    Some(n.get()).filter(|n| *n != NONE)
}

/// The kernel's numbers of the CPUs, if each is known, possible, and no other's.
fn kernel_numbers(locations: &[LocationRecord]) -> Option<Vec<u32>> {
    let present = locations.iter().filter(|l| l.present == 1);
    let numbers: Vec<u32> = present.map(|l| l.physical.get()).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    let distinct = sorted.is_sorted_by(|a, b| a < b);
    let possible = sorted.last().is_none_or(|n| (*n as usize) < MAX_CPUS);
    (distinct && possible).then_some(numbers)
}

/// What a snapshot says.
///
/// CPUs go by the kernel's numbers; where the snapshot does not know them all, by their order. Nodes go by
/// their native ids; one that comes twice, or memory of two nodes at one address, is refused.
pub fn claims(snapshot: &Snapshot<'_>) -> Result<Claims, BuildError> {
    let mut claims = Claims::new(Source::TopoSession, NodeIds::Proximity, KeyKind::Os);
    claims.all_cpus = true;
    let native: Vec<NodeId> = snapshot.nodes().iter().map(|n| NodeId(n.native.get())).collect();
    take_nodes(snapshot, &native, &mut claims)?;
    let at = take_cpus(snapshot, &native, &mut claims);
    if !snapshot.distances().is_empty() {
        let values = snapshot.distances().to_vec();
        claims.distances = Some(DistanceClaim { nodes: native.clone(), values });
    }
    take_access(snapshot, &native, &mut claims);
    for (cache, locations) in snapshot.caches() {
        let cpus = locations.filter_map(|l| at.get(l as usize).copied().flatten()).collect();
        claims.caches.push(CacheClaim {
            level: cache.level,
            kind: cache.kind,
            size: cache.size,
            line: cache.line,
            ways: None,
            cpus,
        });
    }
    for r in snapshot.ranges() {
        let Some(node) = native.get(r.node.get() as usize).copied() else { continue };
        let flags = r.flags.get();
        let flags = RangeFlags { hotplug: flags & 1 != 0, nonvolatile: flags & 2 != 0 };
        claims.ranges.push(RangeClaim { node, base: r.base.get(), size: r.size.get(), flags });
    }
    claims.notes.extend(check_ranges(&claims.ranges)?);
    Ok(claims)
}

fn take_nodes(
    snapshot: &Snapshot<'_>,
    native: &[NodeId],
    claims: &mut Claims,
) -> Result<(), BuildError> {
    for (node, record) in native.iter().zip(snapshot.nodes()) {
        let claim = claims.mention(*node).ok_or(BuildError::TooManyNodes)?;
        claim.usable = Some(record.memory.get()).filter(|m| *m != u64::MAX);
        if let Some(to) = known(record.attached_to).and_then(|to| native.get(to as usize)) {
            claims.attached.push((*node, *to));
        }
    }
    if claims.nodes.len() != native.len() {
        return Err(BuildError::BadMatrix);
    }
    Ok(())
}

/// Takes the CPUs and the affinity space. Returns the number of the CPU at each location.
fn take_cpus(snapshot: &Snapshot<'_>, native: &[NodeId], claims: &mut Claims) -> Vec<Option<u32>> {
    let numbers = kernel_numbers(snapshot.locations());
    if numbers.is_none() {
        claims.notes.push(Note::Missing(Source::TopoSession, "distinct physical CPU ids"));
    }
    let (width, height) = snapshot.size();
    let mut space = SpaceClaim { width, height, cpus: Vec::new() };
    let mut at: Vec<Option<u32>> = Vec::with_capacity(snapshot.locations().len());
    for (index, l) in (0u32..).zip(snapshot.locations()) {
        if l.present == 0 {
            at.push(None);
            continue;
        }
        let order = claims.cpus.len();
        let number = numbers.as_ref().and_then(|n| n.get(order).copied()).unwrap_or(order as u32);
        at.push(Some(number));
        space.cpus.push((index / height, index % height, number));
        let thread = Some(u32::from(l.thread.get())).filter(|t| *t != u32::from(u16::MAX));
        let position =
            Position { package: known(l.package), die: known(l.die), core: known(l.core), thread };
        claims.cpus.push(CpuClaim {
            key: CpuKey::os(number),
            node: known(l.node).and_then(|n| native.get(n as usize).copied()),
            position: (position != Position::default()).then_some(position),
            offline: false,
            kind: match l.kind {
                b'P' => Some(CpuKind::Performance),
                b'E' => Some(CpuKind::Efficiency),
                _ => None,
            },
        });
    }
    claims.space = Some(space);
    at
}

fn take_access(snapshot: &Snapshot<'_>, native: &[NodeId], claims: &mut Claims) {
    for a in snapshot.access_records() {
        let node = |id: u16| native.get(usize::from(id)).copied();
        let kind = AccessKind::ALL.get(usize::from(a.kind)).copied();
        if let (Some(initiator), Some(target), Some(kind)) =
            (node(a.initiator.get()), node(a.target.get()), kind)
        {
            let (level, value) = (a.level, a.value.get());
            claims.access.push(AccessClaim { initiator, target, level, kind, value });
        }
    }
}
