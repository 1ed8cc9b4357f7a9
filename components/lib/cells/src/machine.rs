//! The machine to divide: cores, their siblings, nodes, distances, memory.

use alloc::vec::Vec;
use core::fmt;

/// Most cores that a machine may have here.
pub const MAX_CORES: usize = 4096;
/// Most nodes.
pub const MAX_NODES: usize = 256;

/// A core as the caller knows it, by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreAt {
    /// The NUMA node, from 0.
    pub node: u16,
    /// Cores of one number share a physical core. They belong to one cell.
    pub siblings: u16,
}

/// A reason for which a description is no machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadMachine {
    /// There are no cores, or more than [`MAX_CORES`].
    Cores(usize),
    /// There are no nodes, or more than [`MAX_NODES`], or the distances are no square of them.
    Nodes(usize),
    /// A core names a node that does not exist.
    NoSuchNode(u16),
    /// Siblings lie on two nodes.
    SplitSiblings(u16),
    /// More cores are reserved than a cell could leave.
    Reserved(usize),
}

impl fmt::Display for BadMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cores(n) => write!(f, "{n} cores: 1 to {MAX_CORES} are possible"),
            Self::Nodes(n) => {
                write!(f, "{n} nodes: 1 to {MAX_NODES} are possible, with a distance for each pair")
            }
            Self::NoSuchNode(n) => write!(f, "a core is on node {n}, which is not described"),
            Self::SplitSiblings(core) => {
                write!(f, "core {core} is on another node than its siblings: number them anew")
            }
            Self::Reserved(n) => write!(f, "{n} reserved cores leave none for cells"),
        }
    }
}

/// A machine. Its cores are dealt with by *units*: siblings that share a physical core, which never
/// belong to two cells. Without siblings a unit is a core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Cores of each unit.
    units: Vec<Vec<u16>>,
    node_of: Vec<u16>,
    cores: usize,
    width: u16,
    nodes: usize,
    distance: Vec<u8>,
    /// For each node all nodes, nearest first.
    near: Vec<u16>,
    memory: Vec<u64>,
    reserved: usize,
}

impl Machine {
    /// Describes a machine by its cores, the bytes of memory of each node, and the distance of
    /// each pair of nodes (row by row, 10 is local, as in ACPI's SLIT).
    pub fn new(cores: &[CoreAt], memory: &[u64], distance: &[u8]) -> Result<Self, BadMachine> {
        let nodes = memory.len();
        if cores.is_empty() || cores.len() > MAX_CORES {
            return Err(BadMachine::Cores(cores.len()));
        }
        if nodes == 0 || nodes > MAX_NODES || distance.len() != nodes * nodes {
            return Err(BadMachine::Nodes(nodes));
        }
        let mut by_siblings: Vec<(u16, u16)> =
            (0..).zip(cores).map(|(n, c)| (c.siblings, n)).collect();
        by_siblings.sort_unstable();
        let mut units: Vec<Vec<u16>> = Vec::new();
        for chunk in by_siblings.chunk_by(|a, b| a.0 == b.0) {
            units.push(chunk.iter().map(|(_, core)| *core).collect());
        }
        units.sort_unstable();
        let mut node_of = Vec::new();
        for unit in &units {
            let node = cores[usize::from(unit[0])].node;
            if usize::from(node) >= nodes {
                return Err(BadMachine::NoSuchNode(node));
            }
            if let Some(core) = unit.iter().find(|c| cores[usize::from(**c)].node != node) {
                return Err(BadMachine::SplitSiblings(*core));
            }
            node_of.push(node);
        }
        let mut near = Vec::new();
        for row in distance.chunks(nodes) {
            let mut order: Vec<u16> = (0..nodes as u16).collect();
            order.sort_by_key(|node| row[usize::from(*node)]);
            near.extend(order);
        }
        let width = units.iter().map(Vec::len).min().unwrap_or(1) as u16;
        let (cores, memory, distance) = (cores.len(), memory.to_vec(), distance.to_vec());
        Ok(Self { units, node_of, cores, width, nodes, distance, near, memory, reserved: 0 })
    }

    /// Describes equal nodes at equal distances: `cores` in all, `smt` siblings a physical core,
    /// `memory` bytes in all.
    pub fn uniform(nodes: u16, cores: u16, smt: u16, memory: u64) -> Result<Self, BadMachine> {
        let (nodes, smt) = (nodes.max(1), smt.max(1));
        let per_node = cores.div_ceil(nodes).next_multiple_of(smt).max(1);
        let at = |n: u16| CoreAt { node: (n / per_node).min(nodes - 1), siblings: n / smt };
        let list: Vec<CoreAt> = (0..cores).map(at).collect();
        let count = usize::from(nodes);
        let local = |i: usize| if i.is_multiple_of(count + 1) { 10 } else { 20 };
        let distance: Vec<u8> = (0..count * count).map(local).collect();
        Self::new(&list, &alloc::vec![memory / u64::from(nodes); count], &distance)
    }

    /// Reserves the first units for the manager: they stay with the pool.
    pub fn reserve(mut self, units: usize) -> Result<Self, BadMachine> {
        if units >= self.units.len() {
            return Err(BadMachine::Reserved(units));
        }
        self.reserved = units;
        Ok(self)
    }

    /// Returns the number of units.
    pub fn units(&self) -> usize {
        self.units.len()
    }

    /// Returns the number of cores.
    pub fn cores(&self) -> usize {
        self.cores
    }

    /// Returns the number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Returns the number of units, from 0, that stay with the pool.
    pub fn reserved(&self) -> usize {
        self.reserved
    }

    /// Returns the fewest cores that a unit has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Returns the units that `cores` cores need at most.
    pub fn to_units(&self, cores: u16) -> u32 {
        u32::from(cores.div_ceil(self.width))
    }

    /// Returns the cores of a unit; none for a unit that does not exist.
    pub fn cores_of(&self, unit: u16) -> &[u16] {
        self.units.get(usize::from(unit)).map_or(&[], Vec::as_slice)
    }

    /// Returns the node of a unit; 0 for a unit that does not exist.
    pub fn node_of(&self, unit: u16) -> u16 {
        self.node_of.get(usize::from(unit)).copied().unwrap_or(0)
    }

    /// Returns the unit of a core.
    pub fn unit_of(&self, core: u16) -> Option<u16> {
        (0..).zip(&self.units).find(|(_, cores)| cores.contains(&core)).map(|(unit, _)| unit)
    }

    /// Returns the distance of two nodes; 255 for nodes that do not exist.
    pub fn distance(&self, from: u16, to: u16) -> u8 {
        let (from, to) = (usize::from(from), usize::from(to));
        if to >= self.nodes {
            return u8::MAX;
        }
        self.distance.get(from * self.nodes + to).copied().unwrap_or(u8::MAX)
    }

    /// Returns all nodes, nearest to `node` first.
    pub fn near(&self, node: u16) -> &[u16] {
        let from = usize::from(node) * self.nodes;
        self.near.get(from..from + self.nodes).unwrap_or_default()
    }

    /// Returns the bytes of memory of each node.
    pub fn memory(&self) -> &[u64] {
        &self.memory
    }

    /// Returns the bytes of memory of all nodes.
    pub fn all_memory(&self) -> u64 {
        self.memory.iter().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }
}
