//! The last step: final CPU numbers, sorted tables, and the index behind `node_of`.

use super::{BuildError, Draft, DraftSubject};
use crate::conflict::{Conflict, Note};
use crate::model::{Access, Cache, Cpu, MAX_CPUS, Machine, MemoryCache, NO_NODE, Node};
use crate::{CpuId, CpuSet, Fact, NodeId, Source};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Where a node is in the model's table.
type NodeIndex = BTreeMap<NodeId, u16>;

/// The final number of the CPU at this index of the draft, if it exists.
fn id_of(ids: &[Option<CpuId>], index: usize) -> Option<CpuId> {
    ids.get(index).copied().flatten()
}

/// Where the CPU of each number is in the table of CPUs, and where its node is in `nodes`. Fills the
/// nodes' sets of CPUs.
fn index_cpus(cpus: &[Cpu], index: &NodeIndex, nodes: &mut [Node]) -> (Vec<u16>, Vec<u16>) {
    let slots = cpus.last().map_or(0, |c| c.id.0 as usize + 1);
    let mut node_of = alloc::vec![NO_NODE; slots];
    let mut cpu_at = alloc::vec![NO_NODE; slots];
    for (i, cpu) in cpus.iter().enumerate() {
        if let Some(slot) = cpu_at.get_mut(cpu.id.0 as usize) {
            *slot = i as u16;
        }
        let Some(at) = cpu.node.and_then(|n| index.get(&n.value)) else { continue };
        if let (Some(slot), Some(node)) =
            (node_of.get_mut(cpu.id.0 as usize), nodes.get_mut(usize::from(*at)))
        {
            *slot = *at;
            node.cpus.insert(cpu.id);
        }
    }
    (cpu_at, node_of)
}

impl Draft {
    pub(super) fn finish(mut self, sources: Vec<Source>) -> Result<Machine, BuildError> {
        let ids = self.final_ids()?;
        let space = self.finish_space(&ids)?;
        let hotplug = self.finish_ranges();

        let cpus = self.finish_cpus(&ids);
        let mut nodes = self.finish_nodes();
        let index: NodeIndex =
            nodes.iter().enumerate().map(|(i, n)| (n.id.value, i as u16)).collect();
        let (cpu_at, node_of) = index_cpus(&cpus, &index, &mut nodes);
        let caches = self.finish_caches(&ids);
        let (distances, distance_source) = self.finish_distances(&nodes, &index);
        let access = self.finish_access(&index);
        let memory_caches = self.finish_memory_caches(&index);
        self.finish_notes(&ids);
        let conflicts = self.finish_conflicts(&ids);
        let allowed_cpus = self.allowed_cpus.take().map(|(cpus, source)| {
            Fact::new(cpus.into_iter().filter_map(|i| id_of(&ids, i)).collect(), source)
        });

        let allowed_nodes = self.allowed_nodes.take().map(|(mut nodes, source)| {
            nodes.retain(|n| index.contains_key(n));
            (nodes, source)
        });

        let mut machine = Machine {
            nodes,
            cpus,
            node_of,
            cpu_at,
            ranges: self.ranges,
            hotplug,
            allowed_cpus,
            allowed_nodes,
            caches,
            distances,
            distance_source,
            access,
            memory_caches,
            space,
            sources,
            conflicts,
            notes: self.notes,
        };
        machine.compare_usable();
        Ok(machine)
    }

    fn finish_cpus(&self, ids: &[Option<CpuId>]) -> Vec<Cpu> {
        let mut cpus: Vec<Cpu> = self
            .cpus
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((id_of(ids, i)?, c)))
            .map(|(id, c)| Cpu {
                id,
                os_id: c.os,
                hardware_id: c.hardware,
                uid: c.uid,
                node: c.node.filter(|n| self.nodes.contains_key(&n.value)),
                position: c.position,
                kind: c.kind,
                offline: c.offline,
            })
            .collect();
        cpus.sort_by_key(|c| c.id);
        cpus
    }

    /// The nodes, as yet without their CPUs.
    fn finish_nodes(&self) -> Vec<Node> {
        self.nodes
            .values()
            .map(|n| Node {
                id: n.id,
                cpus: CpuSet::new(),
                usable: n.usable,
                initiator: n.initiator,
                attached_to: n.attached_to.filter(|a| self.nodes.contains_key(&a.value)),
            })
            .collect()
    }

    fn finish_caches(&self, ids: &[Option<CpuId>]) -> Vec<Cache> {
        let mut caches: Vec<Cache> = self
            .caches
            .iter()
            .map(|(c, cpus, source)| Cache {
                level: c.level,
                kind: c.kind,
                size: c.size,
                line: c.line,
                ways: c.ways,
                cpus: cpus.iter().filter_map(|i| id_of(ids, *i)).collect(),
                source: *source,
            })
            .filter(|c: &Cache| !c.cpus.is_empty())
            .collect();
        caches.sort_by_key(|c| (c.level, c.kind, c.cpus.first()));
        caches
    }

    fn finish_memory_caches(&self, index: &NodeIndex) -> Vec<MemoryCache> {
        let mut memory_caches: Vec<MemoryCache> = self
            .memory_caches
            .iter()
            .filter(|(c, _)| index.contains_key(&c.node))
            .map(|(c, source)| MemoryCache {
                node: c.node,
                level: c.level,
                size: c.size,
                line: c.line,
                source: *source,
            })
            .collect();
        memory_caches.sort_by_key(|c| (c.node, c.level));
        memory_caches.dedup_by_key(|c| (c.node, c.level));
        memory_caches
    }

    /// Gives notes of CPUs the final numbers.
    fn finish_notes(&mut self, ids: &[Option<CpuId>]) {
        self.notes.retain_mut(|note| {
            if let Note::PositionLeftOut(cpu) = note {
                let Some(id) = id_of(ids, cpu.0 as usize) else { return false };
                *cpu = id;
            }
            true
        });
    }

    /// Gives disagreements about CPUs the final numbers.
    fn finish_conflicts(&self, ids: &[Option<CpuId>]) -> Vec<Conflict> {
        self.conflicts
            .iter()
            .filter_map(|(what, kept, other)| {
                let subject = match what {
                    DraftSubject::Final(s) => *s,
                    DraftSubject::Cpu(make, i) => make(id_of(ids, *i)?),
                    DraftSubject::CpuLevel(make, i, level) => make(id_of(ids, *i)?, *level),
                };
                Some(Conflict { subject, kept: *kept, other: *other })
            })
            .collect()
    }

    /// Kernel numbers where known; the others follow behind the largest, in order of appearance.
    /// `None` for a CPU that does not exist.
    fn final_ids(&mut self) -> Result<Vec<Option<CpuId>>, BuildError> {
        let mut next = self.by_os.last_key_value().map_or(0, |(n, _)| u64::from(*n) + 1);
        let mut ids = Vec::with_capacity(self.cpus.len());
        let mut possible: BTreeMap<Source, u32> = BTreeMap::new();
        for cpu in &self.cpus {
            if self.complete.is_some() && !cpu.exists {
                *possible.entry(cpu.first).or_default() += 1;
                ids.push(None);
                continue;
            }
            let id = if let Some(os) = cpu.os {
                u64::from(os.value)
            } else {
                next += 1;
                next - 1
            };
            if id >= MAX_CPUS as u64 {
                return Err(BuildError::TooManyCpus);
            }
            ids.push(Some(CpuId(id as u32)));
        }
        // those of a firmware that knows which exist are offline ones, of which a note tells
        for (source, count) in possible.into_iter().filter(|(s, _)| *s != Source::Madt) {
            self.note_once(Note::PossibleCpus(source, count));
        }
        Ok(ids)
    }

    fn finish_distances(&mut self, nodes: &[Node], index: &NodeIndex) -> (Vec<u8>, Option<Source>) {
        let Some(d) = self.distances.take() else { return (Vec::new(), None) };
        let n = nodes.len();
        let at: Vec<Option<usize>> = d
            .nodes
            .iter()
            .map(|id| id.and_then(|id| index.get(&id)).map(|i| usize::from(*i)))
            .collect();
        let mut values = alloc::vec![0; n * n];
        for (row, i) in at.iter().enumerate() {
            for (column, j) in at.iter().enumerate() {
                let (Some(i), Some(j)) = (i, j) else { continue };
                let value = d.values.get(row * at.len() + column).copied().unwrap_or(0);
                if let Some(slot) = values.get_mut(i * n + j) {
                    *slot = value;
                }
            }
        }
        for (i, node) in nodes.iter().enumerate() {
            let id = node.id.value;
            match values.get(i * n + i).copied() {
                Some(0) | None => self.note_once(Note::NoDistances(id)),
                Some(10) => {}
                Some(other) => self.note_once(Note::LocalDistance(id, other)),
            }
        }
        (values, Some(d.source))
    }

    fn finish_access(&mut self, index: &NodeIndex) -> Vec<Access> {
        let mut all = core::mem::take(&mut self.access);
        // values come by initiator: look each up once a row
        let mut row = None;
        all.retain(|(a, source)| {
            let from = match row {
                Some((initiator, known)) if initiator == a.initiator => known,
                _ => index.contains_key(&a.initiator),
            };
            row = Some((a.initiator, from));
            let known = from && index.contains_key(&a.target);
            if !known {
                let who = if from { a.target } else { a.initiator };
                self.note_once(Note::UnknownNode(*source, who));
            }
            known
        });
        // stable: among equal keys the more trusted source stays first
        all.sort_by_key(|(a, _)| (a.initiator, a.target, a.level, a.kind));
        let mut out: Vec<Access> = Vec::with_capacity(all.len());
        for (a, source) in all {
            let new = Access {
                initiator: a.initiator,
                target: a.target,
                level: a.level,
                kind: a.kind,
                value: a.value,
                source,
            };
            let key = |a: &Access| (a.initiator, a.target, a.level, a.kind);
            match out.last() {
                Some(kept) if key(kept) == key(&new) => {
                    if kept.value != new.value {
                        let subject = crate::Subject::Access(a.initiator, a.target, a.kind);
                        let kept = (kept.value, kept.source);
                        self.conflict(DraftSubject::Final(subject), kept, (new.value, source));
                    }
                }
                _ => out.push(new),
            }
        }
        out
    }
}

impl Machine {
    /// A node cannot have more usable memory than its ranges hold.
    fn compare_usable(&mut self) {
        let mut found = Vec::new();
        for node in &self.nodes {
            let (Some(usable), Some(installed)) = (node.usable, self.installed(node.id.value))
            else {
                continue;
            };
            let foreign =
                self.ranges.iter().find(|r| r.node == node.id.value && r.source != usable.source);
            if let Some(r) = foreign.filter(|_| usable.value > installed) {
                found.push(Conflict {
                    subject: crate::Subject::Usable(node.id.value),
                    kept: (installed, r.source),
                    other: (usable.value, usable.source),
                });
            }
        }
        self.conflicts.extend(found);
    }
}
