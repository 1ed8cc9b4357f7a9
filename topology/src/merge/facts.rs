//! Caches, distances, latencies and bandwidths, the affinity space.

use super::{BuildError, Distances, Draft, DraftSubject, NodeMap};
use crate::claims::{Claims, CpuKey, KeyKind};
use crate::conflict::{Note, Subject};
use crate::model::{MAX_CPUS, MAX_NODES};
use crate::{CpuGrid, Fact, NodeId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

impl Draft {
    fn cpu_named(&self, keys: KeyKind, n: u32) -> Option<usize> {
        self.find(&match keys {
            KeyKind::Os => CpuKey::os(n),
            KeyKind::Hardware => CpuKey::hardware(n),
            KeyKind::Uid => CpuKey::uid(n),
        })
    }

    pub(super) fn add_caches(&mut self, c: &Claims, listed: &[Option<usize>]) {
        if !c.all_cpus && !c.caches.is_empty() {
            self.knows.entry(c.source).or_default().extend(listed.iter().flatten());
        }
        // by (level, type, CPU): the caches that other sources told
        let known: BTreeMap<_, usize> = self
            .caches
            .iter()
            .enumerate()
            .flat_map(|(i, (claim, cpus, _))| {
                cpus.iter().map(move |cpu| ((claim.level, claim.kind, *cpu), i))
            })
            .collect();
        for claim in &c.caches {
            let mut cpus = BTreeSet::new();
            for n in &claim.cpus {
                match self.cpu_named(c.keys, *n) {
                    Some(i) => {
                        cpus.insert(i);
                    }
                    None => self.note_once(Note::UnknownCpu(c.source, *n)),
                }
            }
            let Some(first) = cpus.first().copied() else { continue };
            let meets = cpus.iter().find_map(|i| known.get(&(claim.level, claim.kind, *i)));
            let Some((ours, our_cpus, source)) = meets.and_then(|i| self.caches.get(*i)) else {
                self.caches.push((claim.clone(), cpus, c.source));
                continue;
            };
            let source = *source;
            let mut found = Vec::new();
            if let (Some(a), Some(b)) = (ours.size, claim.size)
                && a != b
            {
                let what: fn(_, _) -> _ = Subject::CacheSize;
                found.push((what, a, b));
            }
            // each side speaks of the CPUs that it looked at
            let within = |set: &BTreeSet<usize>, who| -> BTreeSet<usize> {
                let known: Option<&BTreeSet<usize>> = self.knows.get(&who);
                set.iter().copied().filter(|i| known.is_none_or(|k| k.contains(i))).collect()
            };
            let (a, b) = (within(our_cpus, c.source), within(&cpus, source));
            if a == b {
                if let Some((_, all, _)) = meets.and_then(|i| self.caches.get_mut(*i)) {
                    all.extend(&cpus);
                }
            } else {
                let what: fn(_, _) -> _ = Subject::CacheSharing;
                found.push((what, a.len() as u64, b.len() as u64));
            }
            for (what, a, b) in found {
                let subject = DraftSubject::CpuLevel(what, first, claim.level);
                self.conflict(subject, (a, source), (b, c.source));
            }
        }
    }

    pub(super) fn add_distances(&mut self, c: &Claims, map: &NodeMap) -> Result<(), BuildError> {
        let Some(d) = &c.distances else { return Ok(()) };
        let n = d.nodes.len();
        if n > MAX_NODES || d.values.len() != n * n {
            return Err(BuildError::BadMatrix);
        }
        let nodes: Vec<Option<NodeId>> = d.nodes.iter().map(|id| map.get(*id)).collect();
        let Some(ours) = &self.distances else {
            let values = d.values.clone();
            self.distances = Some(Distances { source: c.source, nodes, values });
            return Ok(());
        };
        let row: BTreeMap<NodeId, usize> =
            ours.nodes.iter().enumerate().filter_map(|(i, n)| Some(((*n)?, i))).collect();
        let mut found = Vec::new();
        for (i, a) in nodes.iter().enumerate() {
            for (j, b) in nodes.iter().enumerate() {
                let (Some(a), Some(b)) = (a, b) else { continue };
                let (Some(x), Some(y)) = (row.get(a), row.get(b)) else { continue };
                let kept = ours.values.get(x * ours.nodes.len() + y).copied().unwrap_or(0);
                let other = d.values.get(i * n + j).copied().unwrap_or(0);
                if kept != other && kept != 0 && other != 0 && found.len() < MAX_NODES {
                    found.push((Subject::Distance(*a, *b), kept, other));
                }
            }
        }
        let source = ours.source;
        for (subject, kept, other) in found {
            let (kept, other) = ((u64::from(kept), source), (u64::from(other), c.source));
            self.conflict(DraftSubject::Final(subject), kept, other);
        }
        Ok(())
    }

    pub(super) fn add_access(&mut self, c: &Claims, map: &NodeMap) {
        for claim in &c.access {
            match (map.get(claim.initiator), map.get(claim.target)) {
                (Some(initiator), Some(target)) => {
                    let claim = crate::AccessClaim { initiator, target, ..*claim };
                    self.access.push((claim, c.source));
                }
                (None, _) => self.note_once(Note::UnknownNode(c.source, claim.initiator)),
                (_, None) => self.note_once(Note::UnknownNode(c.source, claim.target)),
            }
        }
        for cache in &c.memory_caches {
            match map.get(cache.node) {
                Some(node) => {
                    let claim = crate::MemoryCacheClaim { node, ..*cache };
                    self.memory_caches.push((claim, c.source));
                }
                None => self.note_once(Note::UnknownNode(c.source, cache.node)),
            }
        }
        for (memory, initiator) in &c.attached {
            let (Some(m), Some(i)) = (map.get(*memory), map.get(*initiator)) else { continue };
            if let Some(node) = self.nodes.get_mut(&m) {
                node.attached_to.get_or_insert(Fact::new(i, c.source));
            }
        }
    }

    pub(super) fn add_space(&mut self, c: &Claims) {
        let Some(space) = &c.space else { return };
        let total = |w: u32, h: u32| u64::from(w) * u64::from(h);
        if let Some((ours, _, source)) = &self.space {
            let (a, b) = (total(ours.width, ours.height), total(space.width, space.height));
            if a != b {
                let source = *source;
                let subject = DraftSubject::Final(Subject::Space);
                self.conflict(subject, (a, source), (b, c.source));
            }
            return;
        }
        let mut named = Vec::with_capacity(space.cpus.len().min(MAX_CPUS));
        let mut known = space.clone();
        known.cpus.clear();
        for entry in space.cpus.iter().take(MAX_CPUS) {
            match self.cpu_named(c.keys, entry.2) {
                Some(i) => {
                    known.cpus.push(*entry);
                    named.push(i);
                }
                None => self.note_once(Note::UnknownCpu(c.source, entry.2)),
            }
        }
        // a grid of nothing but strangers tells nothing about the CPUs that are known
        if space.cpus.is_empty() || !named.is_empty() {
            self.space = Some((known, named, c.source));
        }
    }

    /// Takes what the first source to say so allows.
    pub(super) fn add_allowed(&mut self, c: &Claims, map: &NodeMap) {
        let Some(allowed) = &c.allowed else { return };
        if let (None, Some(cpus)) = (&self.allowed_cpus, &allowed.cpus) {
            let cpus = cpus.iter().filter_map(|n| self.cpu_named(c.keys, *n)).collect();
            self.allowed_cpus = Some((cpus, c.source));
        }
        if let (None, Some(nodes)) = (&self.allowed_nodes, &allowed.nodes) {
            let mut nodes: Vec<NodeId> = nodes.iter().filter_map(|n| map.get(*n)).collect();
            nodes.sort_unstable();
            nodes.dedup();
            self.allowed_nodes = Some((nodes, c.source));
        }
    }

    /// The space with final CPU numbers.
    pub(super) fn finish_space(
        &self,
        ids: &[Option<crate::CpuId>],
    ) -> Result<Option<Fact<CpuGrid>>, BuildError> {
        let Some((claim, named, source)) = &self.space else { return Ok(None) };
        let mut space = CpuGrid::new(claim.width, claim.height).map_err(BuildError::Space)?;
        let mut placed = BTreeSet::new();
        for ((x, y, _), index) in claim.cpus.iter().zip(named) {
            let Some(id) = ids.get(*index).and_then(Option::as_ref) else { continue };
            if !placed.insert(*id) {
                return Err(BuildError::Space(crate::GridError::Twice));
            }
            space.place_unchecked(*x, *y, *id).map_err(BuildError::Space)?;
        }
        Ok(Some(Fact::new(space, *source)))
    }
}
