//! Memory ranges: checked within one source, compared between sources.

use super::{BuildError, Draft, DraftSubject, NodeMap};
use crate::claims::{Claims, RangeClaim};
use crate::conflict::{Note, Subject};
use crate::model::{MAX_RANGES, MemoryRange, RangeFlags};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Refuse empty ranges, ranges that end beyond the address space, and memory of two nodes at one
/// address; note memory that is listed twice for one node.
pub(crate) fn check_ranges(ranges: &[RangeClaim]) -> Result<Vec<Note>, BuildError> {
    if ranges.len() > MAX_RANGES {
        return Err(BuildError::TooManyRanges);
    }
    let mut sorted: Vec<&RangeClaim> = ranges.iter().collect();
    sorted.sort_by_key(|r| (r.base, r.node));
    let mut notes = Vec::new();
    let mut last: Option<(u64, crate::NodeId)> = None;
    for r in sorted {
        let end = r.base.checked_add(r.size).filter(|_| r.size > 0);
        let end = end.ok_or(BuildError::BadRange(r.base))?;
        if let Some((last_end, node)) = last
            && r.base < last_end
        {
            if node != r.node {
                let (at, first, second) = (r.base, node, r.node);
                return Err(BuildError::OverlappingMemory { at, first, second });
            }
            if notes.len() < 16 {
                notes.push(Note::RepeatedMemory(r.base));
            }
        }
        last = match last {
            Some((last_end, node)) if last_end > end => Some((last_end, node)),
            _ => Some((end, r.node)),
        };
    }
    Ok(notes)
}

impl Draft {
    pub(super) fn add_ranges(&mut self, c: &Claims, map: &NodeMap) -> Result<(), BuildError> {
        for note in check_ranges(&c.ranges)? {
            self.note_once(note);
        }
        // disjoint by construction, so that both ends ascend; what is there, and what may come
        let covers = [joined(&self.ranges), joined(&self.flagged)];
        let mut fresh = [Vec::new(), Vec::new()];
        for r in &c.ranges {
            let Some(node) = map.get(r.node) else { continue };
            let end = r.base.saturating_add(r.size);
            let mut meets = [false; 2];
            for (cover, meets) in covers.iter().zip(&mut meets) {
                let from = cover.partition_point(|o| o.end() <= r.base);
                for o in cover.get(from..).unwrap_or(&[]).iter().take_while(|o| o.base < end) {
                    *meets = true;
                    if o.node != node {
                        let subject = DraftSubject::Final(Subject::MemoryAt(o.base.max(r.base)));
                        let kept = (u64::from(o.node.0), o.source);
                        self.conflict(subject, kept, (u64::from(node.0), c.source));
                    }
                }
            }
            let RangeClaim { base, size, flags, .. } = *r;
            let range = MemoryRange { node, base, size, flags, source: c.source };
            let [there, later] = &mut fresh;
            match (flags.hotplug, meets) {
                (false, [false, _]) => there.push(range),
                (true, [_, false]) => later.push(range),
                _ => {}
            }
        }
        let [there, later] = fresh;
        let total = self.ranges.len() + self.flagged.len() + there.len() + later.len();
        if total > MAX_RANGES {
            return Err(BuildError::TooManyRanges);
        }
        for (list, more) in [(&mut self.ranges, there), (&mut self.flagged, later)] {
            list.extend(more);
            list.sort_by_key(|r| (r.base, r.size));
        }
        Ok(())
    }

    /// Decides which ranges marked as hot-pluggable have memory; those that have become memory, the
    /// others are returned.
    ///
    /// What another range says to be there is there. A node of which the kernel counts more memory
    /// than its other ranges hold has memory in its marked ones. For the rest of the SRAT's nobody
    /// says: empty, since emulators mark just the room for more; filled, if there would be no
    /// memory at all, since some servers mark everything.
    pub(super) fn finish_ranges(&mut self) -> Vec<MemoryRange> {
        if self.flagged.is_empty() {
            return Vec::new();
        }
        let flagged = core::mem::take(&mut self.flagged);
        let there = joined(&self.ranges);
        let told = there.iter().any(|r| r.source != crate::Source::Srat);
        let mut installed: BTreeMap<crate::NodeId, u64> = BTreeMap::new();
        for r in &there {
            let sum = installed.entry(r.node).or_default();
            *sum = sum.saturating_add(r.size);
        }
        let usable = |node| self.nodes.get(&node).and_then(|n| n.usable).map(|u| u.value);
        let firmware = |r: &&MemoryRange| r.source == crate::Source::Srat;
        let counted = flagged.iter().any(|r| usable(r.node).is_some());
        let all = there.is_empty() && !counted && flagged.iter().all(|r| firmware(&r));
        let filled = |r: &MemoryRange| {
            let sum = installed.get(&r.node).copied().unwrap_or(0);
            all || firmware(&r) && usable(r.node).is_some_and(|u| u > sum)
        };
        let (mut more, mut later) = (Vec::new(), Vec::new());
        for r in &flagged {
            let parts = without(r, &there);
            if filled(r) {
                let flags = RangeFlags { hotplug: false, ..r.flags };
                more.extend(parts.into_iter().map(|part| MemoryRange { flags, ..part }));
            } else {
                later.extend(parts);
            }
        }
        let sum = |list: &[MemoryRange]| list.iter().fold(0u64, |n, r| n.saturating_add(r.size));
        let guessed: Vec<MemoryRange> = later
            .iter()
            .filter(|r| firmware(r) && !told && usable(r.node).is_none())
            .copied()
            .collect();
        let notes = [
            all.then(|| Note::HotplugFilled(sum(&more))),
            (!guessed.is_empty()).then(|| Note::HotplugEmpty(sum(&guessed))),
        ];
        notes.into_iter().flatten().for_each(|note| self.note_once(note));
        self.ranges.extend(more);
        self.ranges.sort_by_key(|r| (r.base, r.size));
        later
    }
}

/// The parts of `r` that no range of `there`, which is disjoint and sorted, covers.
fn without(r: &MemoryRange, there: &[MemoryRange]) -> Vec<MemoryRange> {
    let mut parts = Vec::new();
    let mut base = r.base;
    let from = there.partition_point(|o| o.end() <= r.base);
    for o in there.get(from..).unwrap_or(&[]).iter().take_while(|o| o.base < r.end()) {
        if o.base > base {
            parts.push(MemoryRange { base, size: o.base - base, ..*r });
        }
        base = base.max(o.end());
    }
    if base < r.end() {
        parts.push(MemoryRange { base, size: r.end() - base, ..*r });
    }
    parts
}

/// `ranges`, sorted by base, with overlapping ones (of one node each) made one.
pub(crate) fn joined(ranges: &[MemoryRange]) -> Vec<MemoryRange> {
    let mut out: Vec<MemoryRange> = Vec::with_capacity(ranges.len());
    for r in ranges {
        match out.last_mut() {
            Some(last) if r.base < last.end() && last.node == r.node => {
                last.size = last.size.max(r.end() - last.base);
            }
            _ => out.push(*r),
        }
    }
    out
}
