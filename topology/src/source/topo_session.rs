//! A TOPO session as a source: what its six functions say, asked location by location.
//!
//! The fork's own core counts cores wrongly, so counts are not taken from replies: CPUs are counted
//! here, from the node of each location.

use crate::claims::{Claims, CpuClaim, CpuKey, KeyKind, NodeIds, SpaceClaim};
use crate::model::{MAX_CPUS, MAX_NODES};
use crate::wire::NumaRegion;
use crate::{NodeId, Source, Space};
use alloc::vec::Vec;
use core::fmt;

/// The functions of a TOPO session that tell of the machine. Errors are the caller's own.
pub trait TopoSession {
    /// Why a call failed.
    type Error;
    /// Opcode 0.
    fn node_affinity_of(&mut self, x: i32, y: i32) -> Result<NumaRegion, Self::Error>;
    /// Opcode 4.
    fn phys_id(&mut self, x: i32, y: i32) -> Result<u32, Self::Error>;
    /// Opcode 5.
    fn global_affinity_space(&mut self) -> Result<Space, Self::Error>;
}

/// Why a session's replies make no machine.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopoSourceError<E> {
    /// A call failed.
    Call(E),
    /// The rectangle has no location or more than [`MAX_CPUS`].
    Size,
    /// More nodes than [`MAX_NODES`].
    TooManyNodes,
}

impl<E: fmt::Display> fmt::Display for TopoSourceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopoSourceError::Call(e) => write!(f, "the session failed: {e}"),
            TopoSourceError::Size => f.write_str("the session's rectangle has no possible size"),
            TopoSourceError::TooManyNodes => write!(f, "more than {MAX_NODES} nodes"),
        }
    }
}

/// Ask a session about each location of its rectangle of `width` × `height`.
///
/// Locations are session-local. The fork's `phys_id` takes them as global ones, so the kernel's numbers are
/// believed only where the session has the whole affinity space, and each CPU a number of its own; else CPUs
/// are numbered by location.
pub fn read<T: TopoSession>(
    session: &mut T,
    width: u32,
    height: u32,
) -> Result<Claims, TopoSourceError<T::Error>> {
    let total = u64::from(width) * u64::from(height);
    if total == 0 || total > MAX_CPUS as u64 {
        return Err(TopoSourceError::Size);
    }
    let mut claims = Claims::new(Source::TopoSession, NodeIds::Proximity, KeyKind::Os);
    let mut physical = Vec::new();
    let mut cpus = Vec::new();
    for x in 0..width {
        for y in 0..height {
            let (lx, ly) = (x as i32, y as i32);
            let region = session.node_affinity_of(lx, ly).map_err(TopoSourceError::Call)?;
            let id = session.phys_id(lx, ly).map_err(TopoSourceError::Call)?;
            physical.push(id);
            if region == NumaRegion::INVALID {
                continue;
            }
            let node = NodeId(region.native_id.get());
            claims.mention(node).ok_or(TopoSourceError::TooManyNodes)?;
            cpus.push((x, y, cpus.len() as u32, id, node));
        }
    }
    let mut sorted = physical.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let whole = session.global_affinity_space().map_err(TopoSourceError::Call)?
        == Space::new(width, height);
    let distinct = sorted.len() == physical.len();
    let trusted = whole && distinct && sorted.last().is_some_and(|n| (*n as usize) < MAX_CPUS);
    if !trusted {
        claims.notes.push(crate::Note::Missing(Source::TopoSession, "distinct physical CPU ids"));
    }
    let mut space = SpaceClaim { width, height, cpus: Vec::new() };
    for (x, y, index, physical, node) in cpus {
        let number = if trusted { physical } else { index };
        claims.cpus.push(CpuClaim { node: Some(node), ..CpuClaim::new(CpuKey::os(number)) });
        space.cpus.push((x, y, number));
    }
    claims.space = Some(space);
    Ok(claims)
}
