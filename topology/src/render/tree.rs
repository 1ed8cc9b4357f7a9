//! The machine as nested objects, the way hwloc sees one: packages, dies, caches, cores and CPUs by
//! which CPUs they contain, and memory hung on the object whose CPUs it is local to.
//!
//! Sources can contradict nesting (a cache across two packages, say). An object that overlaps
//! another without being inside it is left out of the tree, and counted.

use crate::{CacheType, Cpu, CpuId, CpuSet, Machine, NodeId, Position};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What an object is; for equal sets of CPUs the one listed first is outside.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Machine,
    /// CPUs of a node that are no other object's.
    Group,
    Package(u32),
    Die(u32),
    /// Index into [`Machine::caches`].
    Cache(usize),
    Core(u32),
    Pu(CpuId),
}

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) cpus: CpuSet,
    /// Nodes whose memory is local here.
    pub(super) memory: Vec<NodeId>,
    pub(super) children: Vec<Object>,
}

impl Object {
    fn new(kind: Kind, cpus: CpuSet) -> Self {
        Object { kind, cpus, memory: Vec::new(), children: Vec::new() }
    }

    /// Put `new` where it belongs; false if it overlaps something.
    fn insert(&mut self, new: Object) -> bool {
        if let Some(inside) = self.children.iter_mut().find(|c| new.cpus.is_subset(&c.cpus)) {
            return inside.insert(new);
        }
        if self.children.iter().any(|c| c.cpus.intersects(&new.cpus)) {
            return false;
        }
        self.children.push(new);
        true
    }

    fn sort(&mut self) {
        self.children.sort_by_key(|c| c.cpus.first());
        self.memory.sort_unstable();
        self.children.iter_mut().for_each(Object::sort);
    }

    /// Hang a node's memory on the outermost object, the machine left out where possible, with
    /// exactly these CPUs; else on the innermost that contains them.
    fn hang(&mut self, node: NodeId, cpus: &CpuSet) {
        let exact = self.kind != Kind::Machine && self.cpus == *cpus;
        let inside = self.children.iter_mut().find(|c| cpus.is_subset(&c.cpus));
        match inside {
            Some(child) if !exact => child.hang(node, cpus),
            _ => self.memory.push(node),
        }
    }
}

pub(super) struct Tree {
    pub(super) root: Object,
    /// Objects that do not nest.
    pub(super) left_out: usize,
}

fn groups<K: Ord>(cpus: &[Cpu], key: impl Fn(&Position) -> Option<K>) -> BTreeMap<K, CpuSet> {
    let mut map: BTreeMap<K, CpuSet> = BTreeMap::new();
    for cpu in cpus {
        if let Some(k) = cpu.position.and_then(|p| key(&p.value)) {
            map.entry(k).or_default().insert(cpu.id);
        }
    }
    map
}

pub(super) fn tree(machine: &Machine) -> Tree {
    let cpus = machine.cpus();
    let mut objects: Vec<Object> = Vec::new();
    for (package, set) in groups(cpus, |p| p.package) {
        objects.push(Object::new(Kind::Package(package), set));
    }
    let dies = groups(cpus, |p| Some((p.package, p.die?)));
    let packages_of_dies: BTreeMap<Option<u32>, usize> =
        dies.keys().fold(BTreeMap::new(), |mut map, (package, _)| {
            *map.entry(*package).or_default() += 1;
            map
        });
    for ((package, die), set) in dies {
        // a package of one die needs no box around that die
        if packages_of_dies.get(&package).is_some_and(|n| *n > 1) {
            objects.push(Object::new(Kind::Die(die), set));
        }
    }
    for ((_, _, core), set) in groups(cpus, |p| Some((p.package, p.die, p.core?))) {
        objects.push(Object::new(Kind::Core(core), set));
    }
    for (i, cache) in machine.caches().iter().enumerate() {
        objects.push(Object::new(Kind::Cache(i), cache.cpus.clone()));
    }
    objects.extend(cpus.iter().map(|c| Object::new(Kind::Pu(c.id), [c.id].into_iter().collect())));
    let known: BTreeSet<Vec<u64>> = objects.iter().map(|o| o.cpus.words().to_vec()).collect();
    for node in machine.nodes().iter().filter(|n| !n.cpus.is_empty()) {
        if !known.contains(node.cpus.words()) {
            objects.push(Object::new(Kind::Group, node.cpus.clone()));
        }
    }
    objects.retain(|o| !o.cpus.is_empty());
    let outer = |o: &Object| {
        let level = match o.kind {
            // outer caches first; of one level, instructions inside data
            Kind::Cache(i) => machine.caches().get(i).map_or((0, 0), |c| {
                (u8::MAX - c.level, u8::from(c.kind == CacheType::Instruction))
            }),
            _ => (0, 0),
        };
        let rank = match o.kind {
            Kind::Machine => 0,
            Kind::Group => 1,
            Kind::Package(_) => 2,
            Kind::Die(_) => 3,
            Kind::Cache(_) => 4,
            Kind::Core(_) => 5,
            Kind::Pu(_) => 6,
        };
        (core::cmp::Reverse(o.cpus.count()), rank, level)
    };
    objects.sort_by_cached_key(|o| (outer(o), o.kind));

    let mut root = Object::new(Kind::Machine, machine.cpu_set());
    let mut left_out = 0;
    for object in objects {
        left_out += usize::from(!root.insert(object));
    }
    for node in machine.nodes() {
        let attached = node.attached_to.and_then(|a| machine.cpus_of(a.value));
        let near = if node.cpus.is_empty() { attached } else { Some(&node.cpus) };
        match near.filter(|c| !c.is_empty()) {
            Some(cpus) => root.hang(node.id.value, cpus),
            None => root.memory.push(node.id.value),
        }
    }
    root.sort();
    Tree { root, left_out }
}
