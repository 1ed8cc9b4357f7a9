//! Where to put `n` threads: close together, or far apart.
//!
//! Both orders go by what is known. A CPU whose package or core nobody told counts as a core of its
//! own; a CPU without a node comes after those with one.

use crate::model::{Cpu, Machine};
use crate::{CpuId, CpuSet, NodeId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// How threads are laid out.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// As few nodes, packages, dies and cores as possible: threads that share data.
    Compact,
    /// As many cores, dies, packages and nodes as possible: threads that share nothing but bandwidth.
    Spread,
}

/// Why a placement cannot be made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// Fewer CPUs are allowed than threads are asked for.
    TooFewCpus {
        /// CPUs that could be used.
        have: usize,
    },
    /// The node to start at is not known.
    UnknownNode(NodeId),
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlaceError::TooFewCpus { have } => {
                write!(f, "only {have} CPUs are allowed: ask for fewer threads or share CPUs")
            }
            PlaceError::UnknownNode(n) => write!(f, "node {n} does not exist"),
        }
    }
}

impl core::error::Error for PlaceError {}

/// The place of a CPU as ordinals, outermost first.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    node: usize,
    package: usize,
    die: usize,
    cache: usize,
    core: usize,
    thread: usize,
}

impl Machine {
    /// CPUs for `threads` threads, one each, in order. Only members of `allowed` are used; `None`
    /// allows all. Compact placement starts on node `start` and goes on to nodes by their distance
    /// from it; without `start`, nodes go by id.
    pub fn place(
        &self,
        threads: usize,
        policy: Policy,
        allowed: Option<&CpuSet>,
        start: Option<NodeId>,
    ) -> Result<Vec<CpuId>, PlaceError> {
        if let Some(unknown) = start.filter(|n| self.node(*n).is_none()) {
            return Err(PlaceError::UnknownNode(unknown));
        }
        let is_allowed = |c: &&Cpu| allowed.is_none_or(|set| set.contains(c.id));
        let cpus: Vec<&Cpu> = self.cpus.iter().filter(is_allowed).collect();
        if cpus.len() < threads {
            return Err(PlaceError::TooFewCpus { have: cpus.len() });
        }
        let ranks = self.ranks(&cpus, start);
        let mut order: Vec<(Rank, CpuId)> =
            ranks.into_iter().zip(cpus.iter().map(|c| c.id)).collect();
        match policy {
            Policy::Compact => order.sort(),
            Policy::Spread => order
                .sort_by_key(|(r, id)| (r.thread, r.core, r.cache, r.die, r.package, r.node, *id)),
        }
        Ok(order.into_iter().take(threads).map(|(_, id)| id).collect())
    }

    /// Ordinals of each CPU: of its node in the machine, its package in the node, its die in the
    /// package, its last shared cache in the die, its core in the cache, its thread in the core.
    fn ranks(&self, cpus: &[&Cpu], start: Option<NodeId>) -> Vec<Rank> {
        let mut node_order: Vec<NodeId> = Vec::new();
        if let Some(start) = start {
            node_order.push(start);
            node_order.extend(self.nodes_by_distance(start).iter().map(|r| r.node));
        }
        node_order.extend(self.nodes().iter().map(|n| n.id.value));
        let mut nodes: BTreeMap<Option<NodeId>, usize> = BTreeMap::new();
        for n in node_order
            .into_iter()
            .filter(|n| cpus.iter().any(|c| c.node.map(|f| f.value) == Some(*n)))
        {
            let next = nodes.len();
            nodes.entry(Some(n)).or_insert(next);
        }
        let last = nodes.len();
        nodes.insert(None, last);

        // the outermost cache of more than one CPU that is not the whole machine's
        let mut cache_of: BTreeMap<CpuId, usize> = BTreeMap::new();
        for (i, cache) in self.caches().iter().enumerate().filter(|(_, c)| c.cpus.count() > 1) {
            for cpu in cache.cpus.iter() {
                cache_of.insert(cpu, i); // caches are sorted by level: the outermost comes last
            }
        }

        let mut ordinals = Ordinals::default();
        cpus.iter()
            .map(|c| {
                let p = c.position.map(|p| p.value).unwrap_or_default();
                let node = nodes.get(&c.node.map(|n| n.value)).copied().unwrap_or(last);
                // a number no source uses stands for "not known"
                let known = |v: Option<u32>| v.map_or(u64::MAX, u64::from);
                let own = (1 << 40) + u64::from(c.id.0);
                let package = ordinals.get(0, node, known(p.package));
                let die = ordinals.get(1, package.group, known(p.die));
                let cache = cache_of.get(&c.id).map_or(u64::MAX, |i| *i as u64);
                let cache = ordinals.get(2, die.group, cache);
                let core = ordinals.get(3, cache.group, p.core.map_or(own, u64::from));
                let thread = ordinals.get(4, core.group, p.thread.map_or(own, u64::from));
                Rank {
                    node,
                    package: package.ordinal,
                    die: die.ordinal,
                    cache: cache.ordinal,
                    core: core.ordinal,
                    thread: thread.ordinal,
                }
            })
            .collect()
    }
}

struct Ordinal {
    /// Unique among all groups of the level.
    group: usize,
    /// Position among the siblings.
    ordinal: usize,
}

/// Numbers groups within their parents in order of appearance.
#[derive(Default)]
struct Ordinals {
    groups: BTreeMap<(u8, usize, u64), (usize, usize)>,
    children: BTreeMap<(u8, usize), usize>,
}

impl Ordinals {
    fn get(&mut self, level: u8, parent: usize, name: u64) -> Ordinal {
        let fresh = self.groups.len();
        let count = self.children.entry((level, parent)).or_insert(0);
        let (group, ordinal) = *self.groups.entry((level, parent, name)).or_insert_with(|| {
            *count += 1;
            (fresh, *count - 1)
        });
        Ordinal { group, ordinal }
    }
}
