//! The machine as nested objects, the way hwloc sees one: packages, dies, caches, cores and CPUs by
//! which CPUs they contain, and memory hung on the object whose CPUs it is local to.
//!
//! Sources can contradict nesting (a cache across two packages, say). An object that overlaps
//! another without being inside it is left out of the tree, and counted. An object is placed by
//! looking at the innermost object so far of each of its CPUs, so that the work grows with the CPUs
//! in all objects and not with the number of siblings.

use crate::{CacheType, Cpu, CpuId, CpuSet, Machine, NodeId, Position};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Objects inside each other beyond this depth are left out: no machine has so many levels, and
/// drawing them recurs.
const MAX_DEPTH: usize = 64;

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
}

pub(super) struct Tree {
    pub(super) root: Object,
    /// Objects that do not nest.
    pub(super) left_out: usize,
    /// How many CPUs were looked at to nest the objects, which is what it costs.
    #[cfg_attr(not(test), allow(dead_code, reason = "the measure of a test"))]
    pub(super) looks: usize,
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

/// All objects but the machine, the outer ones first.
fn objects(machine: &Machine) -> Vec<Object> {
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
    // memory does not hang on a PU, so a node of one CPU may need a group around that
    let known: BTreeSet<&CpuSet> = objects.iter().map(|o| &o.cpus).collect();
    let lone = |n: &&crate::Node| !n.cpus.is_empty() && !known.contains(&n.cpus);
    let groups: Vec<Object> = machine
        .nodes()
        .iter()
        .filter(lone)
        .map(|n| Object::new(Kind::Group, n.cpus.clone()))
        .collect();
    objects.extend(groups);
    objects.extend(cpus.iter().map(|c| Object::new(Kind::Pu(c.id), [c.id].into_iter().collect())));
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
    objects
}

/// Objects while they are nested: index 0 is the machine, and parents come before children.
struct Nest {
    objects: Vec<Object>,
    parents: Vec<usize>,
    depths: Vec<usize>,
    /// By CPU number: the innermost object that holds the CPU.
    inner: Vec<usize>,
    looks: usize,
}

impl Nest {
    /// Puts `new` into the innermost object that holds all its CPUs; false if it overlaps another.
    fn insert(&mut self, new: Object) -> bool {
        let holder = |c: CpuId| self.inner.get(c.0 as usize).copied();
        let Some(parent) = new.cpus.first().and_then(holder) else { return false };
        let inside = new.cpus.iter().all(|c| holder(c) == Some(parent));
        let depth = self.depths.get(parent).map_or(0, |d| d + 1);
        self.looks += new.cpus.count();
        if !inside || depth > MAX_DEPTH {
            return false;
        }
        let index = self.objects.len();
        for cpu in new.cpus.iter() {
            if let Some(slot) = self.inner.get_mut(cpu.0 as usize) {
                *slot = index;
            }
        }
        self.objects.push(new);
        self.parents.push(parent);
        self.depths.push(depth);
        true
    }

    /// The object that memory with these local CPUs hangs on: the outermost one, the machine left
    /// out where possible, with exactly these CPUs; else the innermost that contains them.
    fn place_of(&self, cpus: &CpuSet) -> usize {
        let object = |at: usize| self.objects.get(at);
        let up = |at: usize| self.parents.get(at).copied().unwrap_or(0);
        let first = cpus.first().and_then(|c| self.inner.get(c.0 as usize).copied());
        let mut at = first.unwrap_or(0);
        let fits = |at| {
            let fits = |o: &Object| !matches!(o.kind, Kind::Pu(_)) && cpus.is_subset(&o.cpus);
            object(at).is_some_and(fits)
        };
        while at != 0 && !fits(at) {
            at = up(at);
        }
        while up(at) != 0 && object(up(at)).is_some_and(|o| o.cpus == *cpus) {
            at = up(at);
        }
        at
    }

    /// The objects as a tree. Children come after their parents, so the last can be taken first.
    fn into_root(mut self) -> Object {
        while self.objects.len() > 1 {
            let (Some(mut object), Some(parent)) = (self.objects.pop(), self.parents.pop()) else {
                break;
            };
            object.children.sort_by_key(|c| c.cpus.first());
            object.memory.sort_unstable();
            if let Some(parent) = self.objects.get_mut(parent) {
                parent.children.push(object);
            }
        }
        let mut root = self.objects.pop().unwrap_or(Object::new(Kind::Machine, CpuSet::new()));
        root.children.sort_by_key(|c| c.cpus.first());
        root.memory.sort_unstable();
        root
    }
}

pub(super) fn tree(machine: &Machine) -> Tree {
    let all = machine.cpu_set();
    let slots = all.last().map_or(0, |c| c.0 as usize + 1);
    let mut nest = Nest {
        objects: alloc::vec![Object::new(Kind::Machine, all)],
        parents: alloc::vec![0],
        depths: alloc::vec![0],
        inner: alloc::vec![0; slots],
        looks: 0,
    };
    let mut left_out = 0;
    for object in objects(machine) {
        left_out += usize::from(!nest.insert(object));
    }
    for node in machine.nodes() {
        let id = node.id.value;
        let at = machine.local_cpus(id).map_or(0, |cpus| nest.place_of(&cpus));
        if let Some(object) = nest.objects.get_mut(at) {
            object.memory.push(id);
        }
    }
    let looks = nest.looks;
    Tree { root: nest.into_root(), left_out, looks }
}

#[cfg(test)]
mod tests {
    use super::tree;
    use crate::{Machine, source::synthetic};

    #[test]
    fn nesting_looks_at_each_cpu_once_a_level() {
        let looks = |text| {
            let m = Machine::build(&[synthetic::parse(text).unwrap()]).unwrap();
            let tree = tree(&m);
            (tree.looks, tree.left_out)
        };
        assert_eq!(looks("core:2000 pu:1"), (2 * 2000, 0));
        assert_eq!(looks("core:16000 pu:1"), (2 * 16000, 0));
        assert_eq!(looks("pack:2 l2:4000 core:1 pu:2"), (4 * 16000, 0));
    }
}
