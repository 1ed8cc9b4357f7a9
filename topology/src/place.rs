//! Where to put `n` threads: close together, or far apart.
//!
//! Both orders go by every level at which CPUs share something: node, package, die, each level of
//! cache, core. What nobody told counts as not shared; a CPU without a node comes after those with
//! one. Of kinds of CPUs, the fast ones come first. Only CPUs that the asking process may use are
//! chosen: those that are online and in its affinity mask and cpuset, as far as a source says.

use crate::model::{Cpu, Machine};
use crate::{CacheType, CpuId, CpuSet, NodeId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

/// How threads are laid out.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// As few nodes, packages, dies and cores as possible: threads that share data.
    Compact,
    /// As many cores, caches, dies, packages and nodes as possible: threads that share nothing but
    /// bandwidth. Threads of one core come last, then cores of one inner cache, and so on outwards.
    Spread,
}

/// Why a placement cannot be made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

impl Machine {
    /// CPUs for `threads` threads, one each, in order. Only members of `allowed` that the process
    /// [may use](Machine::usable_cpus) are chosen; `None` allows all those. Compact placement starts on node `start` and goes on to nodes by their distance
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
        let is_allowed =
            |c: &&Cpu| self.is_usable(c) && allowed.is_none_or(|set| set.contains(c.id));
        let mut cpus: Vec<&Cpu> = self.cpus.iter().filter(is_allowed).collect();
        if cpus.len() < threads {
            return Err(PlaceError::TooFewCpus { have: cpus.len() });
        }
        cpus.sort_by_key(|c| (c.kind.map(|k| k.value), c.id));
        let (levels, ranks) = self.ranks(&cpus, start);
        let rank = |i: usize| ranks.get(i * levels..(i + 1) * levels).unwrap_or(&[]);
        let mut order: Vec<usize> = (0..cpus.len()).collect();
        match policy {
            Policy::Compact => order.sort_by_key(|i| rank(*i)),
            Policy::Spread => {
                order.sort_by(|a, b| rank(*a).iter().rev().cmp(rank(*b).iter().rev()));
            }
        }
        Ok(order.into_iter().take(threads).filter_map(|i| cpus.get(i)).map(|c| c.id).collect())
    }

    /// The nodes in the order of placement: by distance from `start`, or by id; without a number
    /// where none of `cpus` is on them.
    fn node_order(&self, cpus: &[&Cpu], start: Option<NodeId>) -> BTreeMap<NodeId, u64> {
        let used: BTreeSet<NodeId> = cpus.iter().filter_map(|c| c.node).map(|f| f.value).collect();
        let near = start.map(|s| self.nodes_by_distance(s)).unwrap_or_default();
        let order = start.into_iter().chain(near.iter().map(|r| r.node));
        let mut nodes = BTreeMap::new();
        for n in order.chain(self.nodes().iter().map(|n| n.id.value)).filter(|n| used.contains(n)) {
            let next = nodes.len() as u64;
            nodes.entry(n).or_insert(next);
        }
        nodes
    }

    /// How many levels there are, and the ordinals of each CPU on them, CPU by CPU: of its node in the
    /// machine, its package in the node, its die in the package, each cache from the outermost
    /// inwards in the one around, its core in the innermost cache, its thread in the core.
    fn ranks(&self, cpus: &[&Cpu], start: Option<NodeId>) -> (usize, Vec<u64>) {
        let nodes = self.node_order(cpus, start);
        // a number no source uses stands for "not known"
        let known = |v: Option<u32>| v.map_or(u64::MAX, u64::from);
        let slots = self.cpu_at.len();
        let shared = self.caches().iter().enumerate().filter(|(_, c)| c.cpus.count() > 1);
        let mut by_level: BTreeMap<(Reverse<u8>, Reverse<CacheType>), Vec<u64>> = BTreeMap::new();
        for (i, cache) in shared {
            let level = by_level
                .entry((Reverse(cache.level), Reverse(cache.kind)))
                .or_insert_with(|| alloc::vec![u64::MAX; slots]);
            for cpu in cache.cpus.iter() {
                if let Some(slot) = level.get_mut(cpu.0 as usize) {
                    *slot = i as u64;
                }
            }
        }
        let levels = by_level.len() + 5;
        let mut ordinals = Ordinals::default();
        let mut ranks = Vec::with_capacity(cpus.len() * levels);
        for c in cpus {
            let p = c.position.map(|p| p.value).unwrap_or_default();
            let own = (1 << 40) + u64::from(c.id.0);
            let node = c.node.and_then(|n| nodes.get(&n.value)).copied();
            let node = node.unwrap_or(nodes.len() as u64);
            ranks.push(node);
            let caches = by_level.values().map(|l| l.get(c.id.0 as usize).copied());
            let inner = [p.core.map_or(own, u64::from), p.thread.map_or(own, u64::from)];
            let names = [known(p.package), known(p.die)].into_iter();
            let names = names.chain(caches.map(|i| i.unwrap_or(u64::MAX))).chain(inner);
            let mut parent = node as usize;
            for (level, name) in names.enumerate() {
                let at = ordinals.get(level, parent, name);
                ranks.push(at.ordinal as u64);
                parent = at.group;
            }
        }
        (levels, ranks)
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
    groups: BTreeMap<(usize, usize, u64), (usize, usize)>,
    children: BTreeMap<(usize, usize), usize>,
}

impl Ordinals {
    fn get(&mut self, level: usize, parent: usize, name: u64) -> Ordinal {
        let fresh = self.groups.len();
        let count = self.children.entry((level, parent)).or_insert(0);
        let (group, ordinal) = *self.groups.entry((level, parent, name)).or_insert_with(|| {
            *count += 1;
            (fresh, *count - 1)
        });
        Ordinal { group, ordinal }
    }
}
