//! What one session may see: the machine inside a rectangle of the affinity space, with ids of its
//! own.
//!
//! Nodes are counted from 0 in the order in which their CPUs are first met, column by column
//! (x-major), as the fork's TOPO counts them; nothing outside the rectangle shows. Locations are
//! relative to the rectangle. Every reply is checked: a location or id out of bounds is an error
//! here and [`NumaRegion::INVALID`] (or all ones) on the wire, whose functions declare no errors.

use crate::wire::{Call, NumaRegion, Reply};
use crate::{Affinity, CpuGrid, CpuId, Location, Machine, NodeId, OutsideSpace, Space};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// What a session sees beyond the CPUs inside its rectangle.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewPolicy {
    /// Nodes that have memory and no CPUs, which no rectangle contains. They follow the others in
    /// the snapshot and are not counted by `node_count`.
    pub memory_only_nodes: bool,
    /// Physical addresses of memory.
    pub physical_ranges: bool,
}

/// Why a question about a view has no answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViewError {
    /// The affinity is not within its space.
    Affinity(OutsideSpace),
    /// The rectangle reaches beyond the one that the session is limited to.
    BeyondLimit,
    /// The location is not within the session's rectangle.
    Outside {
        /// Column asked for.
        x: i32,
        /// Row asked for.
        y: i32,
    },
    /// No CPU is at this location.
    NoCpu,
    /// Nobody knows the node of this location's CPU.
    NoNode,
    /// No node has this virtual id.
    UnknownId(u32),
    /// Nobody knows the kernel's number of this location's CPU.
    NoPhysicalId,
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ViewError::Affinity(e) => e.fmt(f),
            ViewError::BeyondLimit => f.write_str("the affinity reaches beyond the session's own"),
            ViewError::Outside { x, y } => {
                write!(f, "location {x},{y} lies outside the session's rectangle")
            }
            ViewError::NoCpu => f.write_str("no CPU is at this location"),
            ViewError::NoNode => f.write_str("the node of this CPU is not known"),
            ViewError::UnknownId(n) => write!(f, "no node has the virtual id {n}"),
            ViewError::NoPhysicalId => f.write_str("the kernel's number of this CPU is not known"),
        }
    }
}

impl core::error::Error for ViewError {}

/// A node as the session sees it; its virtual id is its index in [`View::nodes`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ViewNode {
    /// The native id.
    pub native: NodeId,
    /// Its CPUs inside the rectangle.
    pub cpus: u32,
    /// The location, by index, at which it was first met; `None` for a memory-only node.
    pub first: Option<u32>,
}

/// What is at a location of the rectangle.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewLocation {
    /// The CPU's number in the model.
    pub cpu: Option<CpuId>,
    /// The kernel's number.
    pub physical: Option<u32>,
    /// The virtual id of its node.
    pub node: Option<u32>,
}

/// The machine inside a rectangle.
///
/// A view takes 20 bytes a location and 20 bytes a node, at most some 360 KiB for the largest
/// machine; it holds no reference to the machine it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    global: Space,
    rect: Location,
    limit: Location,
    policy: ViewPolicy,
    cpu_nodes: usize,
    nodes: Vec<ViewNode>,
    /// `x * height + y`
    locations: Vec<ViewLocation>,
}

impl View {
    /// The machine inside `affinity`, which is scaled to `space`. Later changes may not reach beyond
    /// that rectangle, unless [`View::set_limit`] says otherwise.
    pub fn new(
        machine: &Machine,
        space: &CpuGrid,
        affinity: Affinity,
        policy: ViewPolicy,
    ) -> Result<View, ViewError> {
        let rect = affinity.scale_to(space.space()).map_err(ViewError::Affinity)?;
        Ok(Self::of_rect(machine, space, rect, rect, policy))
    }

    fn of_rect(
        machine: &Machine,
        space: &CpuGrid,
        rect: Location,
        limit: Location,
        policy: ViewPolicy,
    ) -> View {
        let total = rect.width as usize * rect.height as usize;
        let mut nodes: Vec<ViewNode> = Vec::new();
        let mut ids: BTreeMap<NodeId, u32> = BTreeMap::new();
        let mut locations = Vec::with_capacity(total);
        for x in 0..rect.width {
            for y in 0..rect.height {
                let cpu = space.cpu_at(rect.x + x as i32, rect.y + y as i32);
                let entry = cpu.and_then(|c| machine.cpu(c));
                let native = cpu.and_then(|c| machine.node_of(c));
                let at = locations.len() as u32;
                let node = native.map(|native| {
                    *ids.entry(native).or_insert_with(|| {
                        nodes.push(ViewNode { native, cpus: 0, first: Some(at) });
                        nodes.len() as u32 - 1
                    })
                });
                if let Some(n) = node.and_then(|id| nodes.get_mut(id as usize)) {
                    n.cpus += 1;
                }
                let physical = entry.and_then(|c| c.os_id).map(|f| f.value);
                locations.push(ViewLocation {
                    cpu: cpu.filter(|_| entry.is_some()),
                    physical,
                    node,
                });
            }
        }
        let cpu_nodes = nodes.len();
        if policy.memory_only_nodes {
            let without_cpus = machine.nodes().iter().filter(|n| n.cpus.is_empty());
            let memory = without_cpus.filter(|n| machine.memory_of(n.id.value).is_some());
            nodes.extend(memory.map(|n| ViewNode { native: n.id.value, cpus: 0, first: None }));
        }
        View { global: space.space(), rect, limit, policy, cpu_nodes, nodes, locations }
    }

    /// Let [`View::reconstruct`] reach as far as `limit`, a rectangle of the global space: for a
    /// session whose owner grows and shrinks it, as the fork's resource manager does.
    pub fn set_limit(&mut self, limit: Location) {
        self.limit = limit;
    }

    /// Opcode 3: replace the affinity and count everything afresh. On error the view stays.
    pub fn reconstruct(
        &mut self,
        machine: &Machine,
        space: &CpuGrid,
        affinity: Affinity,
    ) -> Result<(), ViewError> {
        let rect = affinity.scale_to(space.space()).map_err(ViewError::Affinity)?;
        if !rect.inside(self.limit) {
            return Err(ViewError::BeyondLimit);
        }
        *self = Self::of_rect(machine, space, rect, self.limit, self.policy);
        Ok(())
    }

    /// Look again after the machine has changed. The rectangle is cut to the new space; where
    /// nothing of it is left, it becomes the space's first location.
    pub fn refresh(&mut self, machine: &Machine, space: &CpuGrid) {
        let cut = |r: Location| {
            let x = r.x.clamp(0, space.width() as i32 - 1);
            let y = r.y.clamp(0, space.height() as i32 - 1);
            let w = r.width.clamp(1, space.width() - x as u32);
            let h = r.height.clamp(1, space.height() - y as u32);
            Location::new(x, y, w, h)
        };
        *self = Self::of_rect(machine, space, cut(self.rect), cut(self.limit), self.policy);
    }

    fn at(&self, x: i32, y: i32) -> Result<&ViewLocation, ViewError> {
        let outside = ViewError::Outside { x, y };
        if !Location::cpu(x, y).within(Space::new(self.rect.width, self.rect.height)) {
            return Err(outside);
        }
        let index = x as usize * self.rect.height as usize + y as usize;
        self.locations.get(index).ok_or(outside)
    }

    fn region(&self, id: u32) -> Result<NumaRegion, ViewError> {
        let cpu_nodes = self.nodes.get(..self.cpu_nodes).unwrap_or(&[]);
        let node = cpu_nodes.get(id as usize).ok_or(ViewError::UnknownId(id))?;
        Ok(NumaRegion::new(id, node.cpus, node.native.0))
    }

    /// Opcode 0: the node of the CPU at a session-local location.
    pub fn node_affinity_of(&self, location: Location) -> Result<NumaRegion, ViewError> {
        let at = self.at(location.x, location.y)?;
        at.cpu.ok_or(ViewError::NoCpu)?;
        self.region(at.node.ok_or(ViewError::NoNode)?)
    }

    /// Opcode 1: the node with a virtual id.
    pub fn node_at_id(&self, id: u32) -> Result<NumaRegion, ViewError> {
        self.region(id)
    }

    /// Opcode 2: how many nodes have CPUs inside the rectangle.
    pub fn node_count(&self) -> u32 {
        self.cpu_nodes as u32
    }

    /// Opcode 4: the kernel's number of the CPU at a session-local location, also where the
    /// rectangle does not start at 0,0.
    pub fn phys_id(&self, location: Location) -> Result<u32, ViewError> {
        let at = self.at(location.x, location.y)?;
        at.cpu.ok_or(ViewError::NoCpu)?;
        at.physical.ok_or(ViewError::NoPhysicalId)
    }

    /// Opcode 5: the size of the whole affinity space.
    pub fn global_affinity_space(&self) -> Space {
        self.global
    }

    /// Answer a call as the wire wants it: an error becomes the invalid region, or all ones.
    pub fn answer(&mut self, machine: &Machine, space: &CpuGrid, call: Call) -> Reply {
        match call {
            Call::NodeAffinityOf(l) => {
                Reply::Region(self.node_affinity_of(l).unwrap_or(NumaRegion::INVALID))
            }
            Call::NodeAtId(id) => Reply::Region(self.node_at_id(id).unwrap_or(NumaRegion::INVALID)),
            Call::NodeCount => Reply::Number(self.node_count()),
            Call::Reconstruct(affinity) => {
                // the function returns nothing: a refused affinity leaves the view as it was
                self.reconstruct(machine, space, affinity).ok();
                Reply::Done
            }
            Call::PhysId(l) => Reply::Number(self.phys_id(l).unwrap_or(u32::MAX)),
            Call::GlobalAffinitySpace => Reply::Space(self.global_affinity_space().into()),
        }
    }

    /// The rectangle, in the global space.
    pub fn rect(&self) -> Location {
        self.rect
    }

    /// What the session may see.
    pub fn policy(&self) -> ViewPolicy {
        self.policy
    }

    /// The nodes, by virtual id: those with CPUs first, then memory-only ones if the policy shows
    /// them.
    pub fn nodes(&self) -> &[ViewNode] {
        &self.nodes
    }

    /// The locations, column by column.
    pub fn locations(&self) -> &[ViewLocation] {
        &self.locations
    }

    /// The virtual id of a native node, if the session sees it.
    pub fn virtual_id(&self, native: NodeId) -> Option<u32> {
        self.nodes.iter().position(|n| n.native == native).map(|i| i as u32)
    }

    /// The visible nodes whose distance from node `id` is known, nearest first, itself left out.
    pub fn neighbours(&self, machine: &Machine, id: u32) -> Result<Vec<(u32, u8)>, ViewError> {
        let from = self.nodes.get(id as usize).ok_or(ViewError::UnknownId(id))?.native;
        let near = machine.nodes_by_distance(from);
        Ok(near
            .iter()
            .filter(|r| r.node != from)
            .filter_map(|r| Some((self.virtual_id(r.node)?, r.value as u8)))
            .collect())
    }
}
