//! Questions to a machine. Every id is checked; what nobody told is `None`, never a default.

use crate::merge::joined;
use crate::model::{AccessKind, Cache, Cpu, Machine, MemoryRange, NO_NODE, Node, NodeKind};
use crate::{CpuGrid, CpuId, CpuSet, GridError, NodeId, Source};
use alloc::vec::Vec;

/// By what memories are ranked.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// Relative distance; less is better.
    Distance,
    /// A latency (less is better) or bandwidth (more is better) of the memory itself.
    Access(AccessKind),
}

/// A node, and the value by which it was ranked.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// The node.
    pub node: NodeId,
    /// Distance, picoseconds or MB/s, by the metric.
    pub value: u64,
    /// What was compared.
    pub metric: Metric,
    /// Who told the value.
    pub source: Source,
}

impl Machine {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.node_index(id).and_then(|i| self.nodes.get(i))
    }

    pub(crate) fn node_index(&self, id: NodeId) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |n| n.id.value).ok()
    }

    /// The CPU with this number.
    pub fn cpu(&self, id: CpuId) -> Option<&Cpu> {
        let at = *self.cpu_at.get(id.0 as usize)?;
        self.cpus.get(usize::from(at))
    }

    /// The node of a CPU: two array look-ups.
    pub fn node_of(&self, cpu: CpuId) -> Option<NodeId> {
        let at = *self.node_of.get(cpu.0 as usize)?;
        if at == NO_NODE {
            return None;
        }
        self.nodes.get(usize::from(at)).map(|n| n.id.value)
    }

    /// The node of the CPU at a location of `space`.
    pub fn node_of_location(&self, space: &CpuGrid, x: i32, y: i32) -> Option<NodeId> {
        self.node_of(space.cpu_at(x, y)?)
    }

    /// The node of the CPU that the calling thread runs on right now. Without an affinity the thread
    /// may be elsewhere by the time the answer is read.
    #[cfg(all(feature = "std", target_os = "linux"))]
    pub fn node_of_current_thread(&self) -> Option<NodeId> {
        self.node_of(CpuId(rustix::thread::sched_getcpu() as u32))
    }

    /// The CPUs of a node; `None` for an unknown node, the empty set for one without CPUs.
    pub fn cpus_of(&self, node: NodeId) -> Option<&CpuSet> {
        self.node(node).map(|n| &n.cpus)
    }

    /// The CPUs that a node's memory is nearest to: its own; of a node without CPUs, those of the
    /// initiator that it is attached to, else of the initiators with the best latency or bandwidth,
    /// else of the nodes at the smallest distance. `None` where no source tells.
    pub fn local_cpus(&self, node: NodeId) -> Option<CpuSet> {
        let this = self.node(node)?;
        if !this.cpus.is_empty() {
            return Some(this.cpus.clone());
        }
        let attached = this.attached_to.and_then(|a| self.cpus_of(a.value));
        if let Some(cpus) = attached.filter(|c| !c.is_empty()) {
            return Some(cpus.clone());
        }
        let with_cpus = || self.nodes.iter().filter(|n| !n.cpus.is_empty());
        let nearest = |cost: &dyn Fn(&Node) -> Option<u64>| -> Option<CpuSet> {
            let least = with_cpus().filter_map(cost).min()?;
            let mut cpus = CpuSet::new();
            with_cpus().filter(|n| cost(n) == Some(least)).for_each(|n| cpus.extend_from(&n.cpus));
            Some(cpus)
        };
        let by_access = AccessKind::ALL.iter().find_map(|kind| {
            nearest(&|from: &Node| {
                let value = self.access(from.id.value, node, 0, *kind)?.value;
                Some(if kind.is_latency() { value } else { u64::MAX - value })
            })
        });
        by_access
            .or_else(|| nearest(&|from: &Node| self.distance(from.id.value, node).map(u64::from)))
    }

    /// What a node has.
    pub fn kind_of(&self, node: &Node) -> NodeKind {
        let memory = node.usable.is_some_and(|u| u.value > 0)
            || self.ranges.iter().any(|r| r.node == node.id.value);
        match (node.cpus.is_empty(), memory, node.initiator.is_some()) {
            (false, true, _) => NodeKind::CpusAndMemory,
            (false, false, _) => NodeKind::CpusOnly,
            (true, true, _) => NodeKind::MemoryOnly,
            (true, false, true) => NodeKind::InitiatorOnly,
            (true, false, false) => NodeKind::Empty,
        }
    }

    /// All CPUs.
    pub fn cpu_set(&self) -> CpuSet {
        self.cpus.iter().map(|c| c.id).collect()
    }

    /// The CPUs that a thread of the asking process can run on: those that are online and that no
    /// source forbids.
    pub fn usable_cpus(&self) -> CpuSet {
        self.cpus.iter().filter(|c| self.is_usable(c)).map(|c| c.id).collect()
    }

    /// Tells whether a thread of the asking process can run on this CPU.
    pub fn is_usable(&self, cpu: &Cpu) -> bool {
        cpu.offline.is_none()
            && self.allowed_cpus.as_ref().is_none_or(|set| set.value.contains(cpu.id))
    }

    /// Tells whether the asking process may allocate on a node; true where no source forbids it.
    pub fn is_node_allowed(&self, node: NodeId) -> bool {
        self.allowed_nodes.as_ref().is_none_or(|(nodes, _)| nodes.binary_search(&node).is_ok())
    }

    /// The ranges of a node's memory.
    pub fn ranges_of(&self, node: NodeId) -> impl Iterator<Item = &MemoryRange> {
        self.ranges.iter().filter(move |r| r.node == node)
    }

    /// Bytes in a node's memory ranges, each address counted once; `None` where no source tells
    /// ranges of this node. [Ranges for memory that may come](Machine::hotplug_ranges) do not count.
    pub fn installed(&self, node: NodeId) -> Option<u64> {
        let mine: Vec<MemoryRange> = self.ranges_of(node).copied().collect();
        if mine.is_empty() {
            return None;
        }
        Some(joined(&mine).iter().fold(0u64, |sum, r| sum.saturating_add(r.size)))
    }

    /// A node's memory in bytes: usable memory where a source counts it, otherwise what its ranges
    /// hold.
    pub fn memory_of(&self, node: NodeId) -> Option<u64> {
        self.node(node)?.usable.map(|u| u.value).or_else(|| self.installed(node))
    }

    /// The node that holds a physical address.
    pub fn node_of_address(&self, address: u64) -> Option<NodeId> {
        // ranges of different nodes never overlap, those of one may: look back until bases are past
        let end = self.ranges.partition_point(|r| r.base <= address);
        let below = self.ranges.get(..end)?;
        below.iter().rev().find(|r| address < r.end()).map(|r| r.node)
    }

    /// Relative distance (10 is local, 255 unreachable) as a source told it.
    pub fn distance(&self, from: NodeId, to: NodeId) -> Option<u8> {
        let (i, j) = (self.node_index(from)?, self.node_index(to)?);
        self.distances.get(i * self.nodes.len() + j).copied().filter(|d| *d != 0)
    }

    /// Latency or bandwidth from an initiator's node to a memory (`level` 0) or to one of its
    /// memory-side caches (1 to 3), as a source told it.
    pub fn access(
        &self,
        initiator: NodeId,
        target: NodeId,
        level: u8,
        kind: AccessKind,
    ) -> Option<&crate::Access> {
        let key = (initiator, target, level, kind);
        let at = self
            .access
            .binary_search_by_key(&key, |a| (a.initiator, a.target, a.level, a.kind))
            .ok()?;
        self.access.get(at)
    }

    /// The nodes whose distance from `from` is known, nearest first (`from` itself among them);
    /// equal distances by id. Unreachable nodes are left out.
    pub fn nodes_by_distance(&self, from: NodeId) -> Vec<Ranked> {
        let Some(source) = self.distance_source else { return Vec::new() };
        let mut out: Vec<Ranked> = self
            .nodes
            .iter()
            .filter_map(|n| {
                let value = self.distance(from, n.id.value).filter(|d| *d != 255)?;
                let metric = Metric::Distance;
                Some(Ranked { node: n.id.value, value: u64::from(value), metric, source })
            })
            .collect();
        out.sort_by_key(|r| (r.value, r.node));
        out
    }

    /// The nodes at the smallest known distance from `node`, itself left out.
    pub fn neighbours(&self, node: NodeId) -> Vec<NodeId> {
        let others = self.nodes_by_distance(node);
        let mut others = others.iter().filter(|r| r.node != node).peekable();
        let nearest = others.peek().map(|r| r.value);
        others.take_while(|r| Some(r.value) == nearest).map(|r| r.node).collect()
    }

    /// The nodes whose value for `metric` from `initiator` is known, best first; equal ones by id.
    pub fn nodes_by(&self, initiator: NodeId, metric: Metric) -> Vec<Ranked> {
        let Metric::Access(kind) = metric else { return self.nodes_by_distance(initiator) };
        let first = self.access.partition_point(|a| a.initiator < initiator);
        let mut out: Vec<Ranked> = self
            .access
            .get(first..)
            .unwrap_or(&[])
            .iter()
            .take_while(|a| a.initiator == initiator)
            .filter(|a| a.level == 0 && a.kind == kind)
            .map(|a| Ranked { node: a.target, value: a.value, metric, source: a.source })
            .collect();
        if kind.is_latency() {
            out.sort_by_key(|r| (r.value, r.node));
        } else {
            out.sort_by_key(|r| (core::cmp::Reverse(r.value), r.node));
        }
        out
    }

    /// The best memory for an initiator by a metric, among nodes that have memory and that the asking
    /// process may use. `None` where
    /// nobody told values of this metric: ask another metric rather than assume.
    pub fn best_memory(&self, initiator: NodeId, metric: Metric) -> Option<Ranked> {
        let has_memory = |r: &Ranked| {
            self.memory_of(r.node).is_some_and(|m| m > 0) && self.is_node_allowed(r.node)
        };
        self.nodes_by(initiator, metric).into_iter().find(has_memory)
    }

    /// The caches above a CPU, nearest first.
    pub fn caches_of(&self, cpu: CpuId) -> impl Iterator<Item = &Cache> {
        self.caches.iter().filter(move |c| c.cpus.contains(cpu))
    }

    /// The caches that two CPUs share, nearest first.
    pub fn shared_caches(&self, a: CpuId, b: CpuId) -> impl Iterator<Item = &Cache> {
        self.caches_of(a).filter(move |c| c.cpus.contains(b))
    }

    /// The CPUs of the same core, `cpu` among them; `None` where its core is not known.
    pub fn core_siblings(&self, cpu: CpuId) -> Option<CpuSet> {
        let mine = self.cpu(cpu)?.position?.value;
        mine.core?;
        let same =
            |p: crate::Position| (p.package, p.die, p.core) == (mine.package, mine.die, mine.core);
        let like = |c: &&Cpu| c.position.is_some_and(|p| same(p.value));
        Some(self.cpus.iter().filter(like).map(|c| c.id).collect())
    }

    /// A space for a machine whose sources tell none: one column a CPU, as Linux and base-hw have
    /// it. It is a choice, not a fact; [`Machine::space`] has the facts.
    pub fn default_space(&self) -> Result<CpuGrid, GridError> {
        let ids: Vec<CpuId> = self.cpus.iter().map(|c| c.id).collect();
        CpuGrid::columns(&ids, 1)
    }

    /// The told space, or else the default one.
    pub fn space_or_default(&self) -> Result<CpuGrid, GridError> {
        match &self.space {
            Some(fact) => Ok(fact.value.clone()),
            None => self.default_space(),
        }
    }
}
