//! The machine that components see: the real one, or one described in a file, so that code for large
//! machines runs on small ones.
//!
//! Locations map to CPUs of the real machine; where a described machine has more CPUs than the real one,
//! several share one. Memory of a described node is an account, memory of a real node is placed by Linux.
use std::collections::BTreeMap;
use std::path::Path;

use genode_affinity::{Affinity, Location};
use rustix::thread::CpuSet;
use topology::{CpuGrid, CpuId, NodeId};

/// RAM of one node.
#[derive(Clone, Copy, Default)]
struct Node {
    size: u64,
    used: u64,
}

/// The machine that core runs on, as text: the ROM module `machine`, unless the user describes another one.
pub(crate) fn real_description() -> Option<String> {
    use topology::source::sysfs;
    let claims = sysfs::read(&sysfs::Directory::new("/")).ok()?;
    let machine = topology::Machine::build(&[claims]).ok()?;
    let mut text = String::new();
    topology::render::description(&machine, &mut text).ok()?;
    Some(text)
}

/// Space and nodes.
pub(crate) struct Machine {
    space: CpuGrid,
    /// CPUs that core may run components on.
    real: Vec<usize>,
    /// The described nodes; empty for the real machine.
    nodes: BTreeMap<u32, Node>,
    /// The text that describes the machine.
    pub(crate) description: Option<String>,
}

impl Machine {
    /// The machine that core runs on.
    pub(crate) fn real() -> Result<Self, String> {
        let set = rustix::thread::sched_getaffinity(None)
            .map_err(|e| format!("cannot read core's CPUs: {e}"))?;
        let real: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|c| set.is_set(*c)).collect();
        let ids: Vec<CpuId> = real.iter().map(|c| CpuId(*c as u32)).collect();
        let space = CpuGrid::columns(&ids, 1).map_err(|e| format!("no affinity space: {e}"))?;
        Ok(Self { space, real, nodes: BTreeMap::new(), description: None })
    }

    /// The machine that a file describes.
    pub(crate) fn described(path: &Path) -> Result<Self, String> {
        let at = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let text = std::fs::read_to_string(path).map_err(|e| at(&e))?;
        let claims = topology::source::description::parse(&text).map_err(|e| at(&e))?;
        let model = topology::Machine::build(&[claims]).map_err(|e| at(&e))?;
        let space = model.space_or_default().map_err(|e| at(&e))?;
        let node = |n: &topology::Node| {
            let size = model.memory_of(n.id.value).unwrap_or(0);
            (n.id.value.0, Node { size, used: 0 })
        };
        let nodes = model.nodes().iter().map(node).collect();
        Ok(Self { space, nodes, description: Some(text), ..Self::real()? })
    }

    /// The whole machine.
    pub(crate) fn everywhere(&self) -> Location {
        self.space.rect()
    }

    /// Number of real CPUs.
    pub(crate) fn real_cpus(&self) -> usize {
        self.real.len()
    }

    /// RAM of all described nodes.
    pub(crate) fn ram(&self) -> Option<u64> {
        (!self.nodes.is_empty()).then(|| self.nodes.values().map(|n| n.size).sum())
    }

    /// The part of the machine that a session's affinity means; everything if it says nothing sensible.
    pub(crate) fn place(&self, affinity: Affinity) -> Location {
        affinity.scale_to(self.space.space()).unwrap_or(self.everywhere())
    }

    /// The real CPUs of a location.
    pub(crate) fn cpus(&self, location: Location) -> CpuSet {
        let mut set = CpuSet::new();
        for x in 0..location.width as i32 {
            for y in 0..location.height as i32 {
                if let Some(cpu) = self.space.cpu_at(location.x + x, location.y + y) {
                    let real = match self.description {
                        Some(_) => self.real.get(cpu.0 as usize % self.real.len().max(1)),
                        None => self.real.iter().find(|r| **r == cpu.0 as usize),
                    };
                    if let Some(real) = real {
                        set.set(*real);
                    }
                }
            }
        }
        set
    }

    /// Take memory of a described node. `None` if there is no such node, `Some(false)` if it is full.
    pub(crate) fn node_take(&mut self, node: u32, bytes: u64) -> Option<bool> {
        let node = self.nodes.get_mut(&node)?;
        let fits = bytes <= node.size - node.used;
        if fits {
            node.used += bytes;
        }
        Some(fits)
    }

    /// Give memory of a described node back.
    pub(crate) fn node_give(&mut self, node: u32, bytes: u64) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.used = node.used.saturating_sub(bytes);
        }
    }

    /// Whether nodes are described, not real.
    pub(crate) fn has_nodes(&self) -> bool {
        !self.nodes.is_empty()
    }
}

/// Whether Linux has a node of this number.
pub(crate) fn real_node(node: NodeId) -> bool {
    Path::new(&format!("/sys/devices/system/node/node{}", node.0)).is_dir()
}

#[cfg(test)]
mod tests {
    use genode_affinity::Space;

    use super::*;

    fn four_nodes() -> Machine {
        let path =
            std::env::temp_dir().join(format!("rs_machine_{:?}", std::thread::current().id()));
        std::fs::write(&path, r#"<machine synthetic="numa:4(memory=1M) core:2 pu:1"/>"#).unwrap();
        let machine = Machine::described(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        machine
    }

    #[test]
    fn a_described_machine_has_its_own_space_and_memory() {
        let mut machine = four_nodes();
        assert_eq!(machine.everywhere().width * machine.everywhere().height, 8);
        assert_eq!(machine.ram(), Some(4 << 20));
        assert_eq!(machine.node_take(3, 1 << 20), Some(true));
        assert_eq!(machine.node_take(3, 1), Some(false));
        assert_eq!(machine.node_take(4, 1), None);
        machine.node_give(3, 1 << 20);
        assert_eq!(machine.node_take(3, 1), Some(true));
    }

    #[test]
    fn a_place_is_scaled_and_its_locations_have_cpus() {
        let machine = four_nodes();
        let half = Affinity::new(Space::new(2, 1), Location::cpu(1, 0));
        let place = machine.place(half);
        assert_eq!((place.x, place.width), (4, 4));
        assert_eq!(machine.place(Affinity::default()), machine.everywhere());
        let inner = place.part(Location::cpu(3, 0)).unwrap();
        assert_eq!(inner.x, 7);
        assert_eq!(machine.cpus(inner).count(), 1);
    }
}
