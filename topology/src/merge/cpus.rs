//! Which CPUs are the same, and what is known of each.

use super::{BuildError, Draft, DraftSubject, NodeMap};
use crate::claims::{Claims, CpuKey};
use crate::conflict::{Note, Subject};
use crate::model::{CpuKind, MAX_CPUS, Position};
use crate::{Fact, NodeId, Source};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What differs, what the model holds, and what the other source says.
type Clash = (fn(crate::CpuId) -> Subject, (u64, Source), u64);

pub(super) struct CpuDraft {
    pub(super) first: Source,
    pub(super) os: Option<Fact<u32>>,
    pub(super) hardware: Option<Fact<u32>>,
    pub(super) uid: Option<Fact<u32>>,
    pub(super) node: Option<Fact<NodeId>>,
    pub(super) position: Option<Fact<Position>>,
    pub(super) kind: Option<Fact<CpuKind>>,
    pub(super) offline: Option<Source>,
    /// A source lists it that lists no others than those that exist.
    pub(super) exists: bool,
}

impl Draft {
    /// The draft of each CPU that `c` lists; new ones are made. `None` for all where `c` has no
    /// kind of name in common with what is known: then nobody can say which CPU is which.
    pub(super) fn identify_cpus(&mut self, c: &Claims) -> Result<Vec<Option<usize>>, BuildError> {
        let kinds = |keys: &mut dyn Iterator<Item = CpuKey>| {
            keys.fold([false; 3], |[o, h, u], k| {
                [o | k.os.is_some(), h | k.hardware.is_some(), u | k.uid.is_some()]
            })
        };
        let theirs = kinds(&mut c.cpus.iter().map(|x| x.key));
        let ours = [!self.by_os.is_empty(), !self.by_hardware.is_empty(), !self.by_uid.is_empty()];
        if !self.cpus.is_empty()
            && !c.cpus.is_empty()
            && !theirs.iter().zip(ours).any(|(a, b)| *a && b)
        {
            self.note_once(Note::Missing(c.source, "a CPU name that the others know, too"));
            return Ok(alloc::vec![None; c.cpus.len()]);
        }

        let before = self.cpus.len();
        let mut seen = alloc::vec![false; before];
        let mut found = Vec::with_capacity(c.cpus.len());
        for claim in &c.cpus {
            let index = match self.find(&claim.key) {
                Some(i) => {
                    if let Some(s) = seen.get_mut(i) {
                        *s = true;
                    }
                    i
                }
                None if self.cpus.len() >= MAX_CPUS => return Err(BuildError::TooManyCpus),
                None => {
                    self.cpus.push(CpuDraft {
                        first: c.source,
                        os: None,
                        hardware: None,
                        uid: None,
                        node: None,
                        position: None,
                        kind: None,
                        offline: None,
                        exists: false,
                    });
                    self.cpus.len() - 1
                }
            };
            self.name_cpu(index, &claim.key, c.source);
            if let Some(cpu) = self.cpus.get_mut(index) {
                cpu.exists |= !c.possible_cpus;
                if claim.offline {
                    cpu.offline = cpu.offline.or(Some(c.source));
                }
            }
            found.push(Some(index));
        }
        self.compare_existence(c, before, &seen);
        Ok(found)
    }

    fn name_cpu(&mut self, index: usize, key: &CpuKey, source: Source) {
        let Some(cpu) = self.cpus.get_mut(index) else { return };
        let mut clash = None;
        let mut put = |slot: &mut Option<Fact<u32>>,
                       name: Option<u32>,
                       map: &mut BTreeMap<u32, usize>,
                       subject: Option<fn(crate::CpuId) -> Subject>| {
            let Some(name) = name else { return };
            match slot {
                None => {
                    // a name that another CPU has already is not taken away from it
                    if *map.entry(name).or_insert(index) == index {
                        *slot = Some(Fact::new(name, source));
                    }
                }
                Some(known) if known.value != name => {
                    if let Some(s) = subject {
                        clash = Some((s, (u64::from(known.value), known.source), u64::from(name)));
                    }
                }
                Some(_) => {}
            }
        };
        put(&mut cpu.os, key.os, &mut self.by_os, None);
        put(&mut cpu.hardware, key.hardware, &mut self.by_hardware, Some(Subject::HardwareId));
        put(&mut cpu.uid, key.uid, &mut self.by_uid, Some(Subject::Uid));
        let repeated = key.uid.filter(|_| cpu.uid.is_none());
        if let Some(uid) = repeated {
            self.note_once(Note::RepeatedUid(uid));
        }
        if let Some((subject, kept, other)) = clash {
            self.conflict(DraftSubject::Cpu(subject, index), kept, (other, source));
        }
    }

    fn compare_existence(&mut self, c: &Claims, before: usize, seen: &[bool]) {
        if self.pair_offline(before, seen) {
            self.complete = self.complete.or(c.all_cpus.then_some(c.source));
            return;
        }
        // CPUs that may exist contradict nobody; `finish` leaves out those that do not
        if let Some(complete) = self.complete.filter(|_| !c.possible_cpus) {
            for index in before..self.cpus.len() {
                let subject = DraftSubject::Cpu(Subject::Exists, index);
                self.conflict(subject, (1, c.source), (0, complete));
            }
        }
        if c.all_cpus {
            for index in (0..before).filter(|i| seen.get(*i) == Some(&false)) {
                let Some(cpu) = self.cpus.get(index).filter(|c| c.exists) else { continue };
                let first = cpu.first;
                self.conflict(DraftSubject::Cpu(Subject::Exists, index), (1, first), (0, c.source));
            }
            self.complete = self.complete.or(Some(c.source));
        }
    }

    /// The kernel knows no firmware names of CPUs that are offline. Where as many CPUs of one side
    /// are offline as of the other are left over, they are the same, though nobody says which is
    /// which: those with the kernel's numbers stay. True if it is so.
    fn pair_offline(&mut self, before: usize, seen: &[bool]) -> bool {
        let fresh = before..self.cpus.len();
        let unseen = (0..before).filter(|i| seen.get(*i) == Some(&false));
        let all: Vec<usize> = unseen.chain(fresh).collect();
        let of = |is: &dyn Fn(&CpuDraft) -> bool| -> Vec<usize> {
            all.iter().copied().filter(|i| self.cpus.get(*i).is_some_and(is)).collect()
        };
        let off = of(&|c| c.offline.is_some() && c.os.is_some() && c.hardware.is_none());
        let strangers = of(&|c| c.exists && c.os.is_none());
        if off.is_empty() || off.len() != strangers.len() {
            return false;
        }
        self.note_once(Note::OfflineCpus(off.len() as u32));
        for index in strangers {
            if let Some(cpu) = self.cpus.get_mut(index) {
                cpu.exists = false;
            }
        }
        true
    }

    pub(super) fn add_cpus(&mut self, c: &Claims, cpus: &[Option<usize>], map: &NodeMap) {
        let positions = c.cpus.iter().any(|x| x.position.is_some());
        if positions && self.position_source.is_none() && cpus.iter().any(Option::is_some) {
            self.position_source = Some(c.source);
        }
        let mine = self.position_source == Some(c.source);
        let mut packages = Partition::default();
        let mut cores = Partition::default();
        for (claim, index) in c.cpus.iter().zip(cpus) {
            let Some(index) = *index else { continue };
            let node = claim.node.and_then(|n| map.get(n));
            let Some(cpu) = self.cpus.get_mut(index) else { continue };
            let mut clashes: [Option<Clash>; 4] = [None; 4];
            match (cpu.node, node) {
                (None, Some(n)) => cpu.node = Some(Fact::new(n, c.source)),
                (Some(known), Some(n)) if known.value != n => {
                    let kept = (u64::from(known.value.0), known.source);
                    clashes[0] = Some((Subject::NodeOf, kept, u64::from(n.0)));
                }
                _ => {}
            }
            match (cpu.kind, claim.kind) {
                (None, Some(k)) => cpu.kind = Some(Fact::new(k, c.source)),
                (Some(known), Some(k)) if known.value != k => {
                    let kept = (known.value as u64, known.source);
                    clashes[1] = Some((Subject::Kind, kept, k as u64));
                }
                _ => {}
            }
            match (cpu.position, claim.position) {
                (None, Some(p)) if mine => cpu.position = Some(Fact::new(p, c.source)),
                (None, Some(_)) => self.note_position(index),
                (Some(known), Some(p)) if mine && known.value != p => {
                    let kept = (core_label(&known.value), known.source);
                    clashes[2] = Some((Subject::Core, kept, core_label(&p)));
                }
                (Some(known), Some(p)) if !mine => {
                    if let (Some(a), Some(b)) = (known.value.package, p.package)
                        && let Some(expected) = packages.differs(a.into(), b.into())
                    {
                        clashes[2] =
                            Some((Subject::Package, (expected, known.source), u64::from(b)));
                    }
                    if known.value.core.is_some() && p.core.is_some() {
                        let (a, b) = (core_label(&known.value), core_label(&p));
                        if let Some(expected) = cores.differs(a, b) {
                            clashes[3] = Some((Subject::Core, (expected, known.source), b));
                        }
                    }
                }
                _ => {}
            }
            for (subject, kept, other) in clashes.into_iter().flatten() {
                self.conflict(DraftSubject::Cpu(subject, index), kept, (other, c.source));
            }
        }
    }

    fn note_position(&mut self, index: usize) {
        // the final number is not known yet; `finish` turns the index into it
        let note = Note::PositionLeftOut(crate::CpuId(index as u32));
        self.note_once(note);
    }
}

/// Package, die and core in one number, for comparison and for telling people.
fn core_label(p: &Position) -> u64 {
    let part = |v: Option<u32>, shift: u32| u64::from(v.unwrap_or(0)) << shift;
    part(p.package, 40) ^ part(p.die, 28) ^ part(p.core, 0)
}

/// Whether two numberings of groups mean the same groups: each number of one side must always meet
/// the same number of the other.
#[derive(Default)]
struct Partition {
    forward: BTreeMap<u64, u64>,
    back: BTreeMap<u64, u64>,
}

impl Partition {
    /// Record that group `a` of the model and group `b` of the other source have a CPU in common.
    /// Returns what the model says where that breaks the pairing so far.
    fn differs(&mut self, a: u64, b: u64) -> Option<u64> {
        let same =
            *self.forward.entry(a).or_insert(b) == b && *self.back.entry(b).or_insert(a) == a;
        (!same).then_some(a)
    }
}
