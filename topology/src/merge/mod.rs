//! Putting together what several sources say.
//!
//! Claims come in order of precedence. The first to state a fact wins; everybody who states it
//! differently is listed as a [`Conflict`](crate::Conflict). CPUs are identified by the names they share (kernel
//! number, hardware id, ACPI UID). Nodes of another numbering are identified by the CPUs inside,
//! or by their memory; a node that cannot be identified is left out with a note, never guessed.

mod cpus;
mod facts;
mod finish;
mod memory;

use crate::claims::{AccessClaim, Claims, CpuKey, MemoryCacheClaim, NodeIds, SpaceClaim};
use crate::conflict::{Note, Subject};
use crate::model::{MAX_NODES, Machine};
use crate::{Fact, GridError, NodeId, Source};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;
use cpus::CpuDraft;
pub(crate) use memory::{check_ranges, joined};

/// Why claims make no machine.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// More CPUs, or a larger CPU number, than [`MAX_CPUS`](crate::MAX_CPUS).
    TooManyCpus,
    /// More nodes than [`MAX_NODES`].
    TooManyNodes,
    /// More memory ranges than [`MAX_RANGES`](crate::MAX_RANGES).
    TooManyRanges,
    /// One source gives memory at this address to two nodes.
    OverlappingMemory {
        /// Where the overlap starts.
        at: u64,
        /// The node of the range that starts lower.
        first: NodeId,
        /// The other node.
        second: NodeId,
    },
    /// A memory range of no bytes or reaching beyond 2^64.
    BadRange(u64),
    /// A distance matrix whose size does not fit its list of nodes.
    BadMatrix,
    /// The affinity space is impossible.
    Space(GridError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::TooManyCpus => {
                write!(f, "more than {} CPUs or a larger CPU number", crate::MAX_CPUS)
            }
            BuildError::TooManyNodes => write!(f, "more than {MAX_NODES} nodes"),
            BuildError::TooManyRanges => {
                write!(f, "more than {} memory ranges", crate::MAX_RANGES)
            }
            BuildError::OverlappingMemory { at, first, second } => {
                write!(
                    f,
                    "memory at {at:#x} belongs to node {first} and node {second}: fix the source"
                )
            }
            BuildError::BadRange(at) => {
                write!(f, "memory range at {at:#x} is empty or ends beyond the address space")
            }
            BuildError::BadMatrix => f.write_str("distance matrix does not fit its nodes"),
            BuildError::Space(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for BuildError {}

struct NodeDraft {
    id: Fact<NodeId>,
    usable: Option<Fact<u64>>,
    initiator: Option<Source>,
    attached_to: Option<Fact<NodeId>>,
}

/// A distance matrix in the model's numbering.
struct Distances {
    source: Source,
    nodes: Vec<Option<NodeId>>,
    values: Vec<u8>,
}

/// The machine while it is put together. CPUs are named by their index in `cpus`; final numbers come
/// last, since a later source may know the kernel's.
#[derive(Default)]
struct Draft {
    cpus: Vec<CpuDraft>,
    by_os: BTreeMap<u32, usize>,
    by_hardware: BTreeMap<u32, usize>,
    by_uid: BTreeMap<u32, usize>,
    /// The first source that claims to know all CPUs.
    complete: Option<Source>,
    position_source: Option<Source>,
    nodes: BTreeMap<NodeId, NodeDraft>,
    numbering: Option<(NodeIds, Source)>,
    /// Proximity domain to model node, where the model counts otherwise.
    proximity: BTreeMap<NodeId, NodeId>,
    ranges: Vec<crate::MemoryRange>,
    /// Ranges that a source marks as hot-pluggable, by base.
    flagged: Vec<crate::MemoryRange>,
    allowed_cpus: Option<(BTreeSet<usize>, Source)>,
    allowed_nodes: Option<(Vec<NodeId>, Source)>,
    /// The CPUs that a source knows that does not know all, for those that tell of caches.
    knows: BTreeMap<Source, BTreeSet<usize>>,
    caches: Vec<(crate::claims::CacheClaim, BTreeSet<usize>, Source)>,
    distances: Option<Distances>,
    access: Vec<(AccessClaim, Source)>,
    memory_caches: Vec<(MemoryCacheClaim, Source)>,
    space: Option<(SpaceClaim, Vec<usize>, Source)>,
    conflicts: Vec<(DraftSubject, Said, Said)>,
    notes: Vec<Note>,
}

/// A value and who said it.
type Said = (u64, Source);

/// A subject whose CPU is still a draft index.
#[derive(Copy, Clone)]
enum DraftSubject {
    Final(Subject),
    Cpu(fn(crate::CpuId) -> Subject, usize),
    CpuLevel(fn(crate::CpuId, u8) -> Subject, usize, u8),
}

impl Machine {
    /// Build the machine that `claims` describe, the most trusted source first.
    ///
    /// An empty list makes an empty machine, which answers every query with "unknown".
    pub fn build(claims: &[Claims]) -> Result<Machine, BuildError> {
        let mut draft = Draft::default();
        for c in claims {
            draft.add(c)?;
        }
        let mut sources: Vec<Source> = Vec::new();
        for c in claims {
            if !sources.contains(&c.source) {
                sources.push(c.source);
            }
        }
        draft.finish(sources)
    }
}

impl Draft {
    fn add(&mut self, c: &Claims) -> Result<(), BuildError> {
        self.notes.extend_from_slice(&c.notes);
        let cpus = self.identify_cpus(c)?;
        let map = self.identify_nodes(c, &cpus);
        self.add_nodes(c, &map)?;
        self.add_cpus(c, &cpus, &map);
        self.add_ranges(c, &map)?;
        self.add_caches(c, &cpus);
        self.add_distances(c, &map)?;
        self.add_access(c, &map);
        self.add_space(c);
        self.add_allowed(c, &map);
        Ok(())
    }

    fn conflict(&mut self, what: DraftSubject, kept: Said, other: Said) {
        self.conflicts.push((what, kept, other));
    }

    fn find(&self, key: &CpuKey) -> Option<usize> {
        let look = |n: Option<u32>, map: &BTreeMap<u32, usize>| map.get(&n?).copied();
        // hardware ids tell CPUs apart; of UIDs, firmware may give two CPUs the same
        let same = |i: &usize| {
            let known = self.cpus.get(*i).and_then(|c| c.hardware);
            key.hardware.is_none() || known.is_none()
        };
        look(key.os, &self.by_os)
            .or_else(|| look(key.hardware, &self.by_hardware))
            .or_else(|| look(key.uid, &self.by_uid).filter(same))
    }

    /// The model's name of each node of `c`; `None` where it cannot be told.
    fn identify_nodes(&mut self, c: &Claims, cpus: &[Option<usize>]) -> NodeMap {
        let same = match self.numbering {
            None => {
                if !c.nodes.is_empty() || c.cpus.iter().any(|x| x.node.is_some()) {
                    self.numbering = Some((c.node_ids, c.source));
                }
                true
            }
            Some((NodeIds::Proximity, _)) => c.node_ids == NodeIds::Proximity,
            Some((NodeIds::Own, source)) => source == c.source,
        };
        if same {
            return NodeMap { identity: true, map: BTreeMap::new() };
        }
        let mut map =
            if c.node_ids == NodeIds::Proximity { self.proximity.clone() } else { BTreeMap::new() };
        let mut taken: BTreeMap<NodeId, NodeId> = map.iter().map(|(a, b)| (*b, *a)).collect();
        for (claim, index) in c.cpus.iter().zip(cpus) {
            let Some(theirs) = claim.node else { continue };
            let Some(cpu) = index.and_then(|i| self.cpus.get(i)) else { continue };
            let Some(ours) = cpu.node else { continue };
            self.pair(c.source, theirs, ours, &mut map, &mut taken);
        }
        let mut cover: Vec<crate::MemoryRange> =
            self.ranges.iter().chain(&self.flagged).copied().collect();
        cover.sort_by_key(|r| (r.base, r.size));
        let cover = memory::joined(&cover);
        for r in &c.ranges {
            let end = r.base.saturating_add(r.size);
            let ours = cover.get(cover.partition_point(|o| o.end() <= r.base));
            if let Some(o) = ours.filter(|o| o.base < end && !map.contains_key(&r.node)) {
                let ours = Fact::new(o.node, o.source);
                self.pair(c.source, r.node, ours, &mut map, &mut taken);
            }
        }
        if c.node_ids == NodeIds::Proximity {
            self.proximity.clone_from(&map);
        }
        NodeMap { identity: false, map }
    }

    fn pair(
        &mut self,
        source: Source,
        theirs: NodeId,
        ours: Fact<NodeId>,
        map: &mut BTreeMap<NodeId, NodeId>,
        taken: &mut BTreeMap<NodeId, NodeId>,
    ) {
        if map.contains_key(&theirs) {
            return; // a CPU elsewhere shows up as a conflict about that CPU
        }
        match taken.get(&ours.value) {
            None => {
                map.insert(theirs, ours.value);
                taken.insert(ours.value, theirs);
            }
            Some(first) if *first != theirs => {
                let subject = DraftSubject::Final(Subject::SameNode(ours.value));
                let entry = (u64::from(first.0), ours.source);
                if !self.conflicts.iter().any(|(s, _, o)| {
                    matches!(s, DraftSubject::Final(Subject::SameNode(n)) if *n == ours.value)
                        && *o == (u64::from(theirs.0), source)
                }) {
                    self.conflict(subject, entry, (u64::from(theirs.0), source));
                }
            }
            Some(_) => {}
        }
    }

    fn add_nodes(&mut self, c: &Claims, map: &NodeMap) -> Result<(), BuildError> {
        let mentioned = c.cpus.iter().filter_map(|x| x.node).chain(c.ranges.iter().map(|r| r.node));
        for theirs in c.nodes.iter().map(|n| n.id).chain(mentioned) {
            match map.get(theirs) {
                Some(id) if map.identity => {
                    let full = self.nodes.len() >= MAX_NODES;
                    if let alloc::collections::btree_map::Entry::Vacant(slot) = self.nodes.entry(id)
                    {
                        if full {
                            return Err(BuildError::TooManyNodes);
                        }
                        slot.insert(NodeDraft {
                            id: Fact::new(id, c.source),
                            usable: None,
                            initiator: None,
                            attached_to: None,
                        });
                    }
                }
                Some(_) => {}
                None => self.note_once(Note::UnknownNode(c.source, theirs)),
            }
        }
        for claim in &c.nodes {
            let Some(node) = map.get(claim.id).and_then(|id| self.nodes.get_mut(&id)) else {
                continue;
            };
            if let (None, Some(bytes)) = (node.usable, claim.usable) {
                node.usable = Some(Fact::new(bytes, c.source));
            }
            if claim.initiator && node.initiator.is_none() {
                node.initiator = Some(c.source);
            }
        }
        Ok(())
    }

    /// Notes are few; a hostile source must not make them many.
    fn note_once(&mut self, note: Note) {
        if self.notes.len() < 4096 && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// How the nodes of one source are called in the model.
struct NodeMap {
    identity: bool,
    map: BTreeMap<NodeId, NodeId>,
}

impl NodeMap {
    fn get(&self, theirs: NodeId) -> Option<NodeId> {
        if self.identity { Some(theirs) } else { self.map.get(&theirs).copied() }
    }
}
