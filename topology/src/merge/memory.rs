//! Memory ranges: checked within one source, compared between sources.

use super::{BuildError, Draft, DraftSubject, NodeMap};
use crate::claims::{Claims, RangeClaim};
use crate::conflict::{Note, Subject};
use crate::model::{MAX_RANGES, MemoryRange};
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
        // disjoint by construction, so that both ends ascend
        let cover = joined(&self.ranges);
        let mut fresh = Vec::new();
        for r in &c.ranges {
            let Some(node) = map.get(r.node) else { continue };
            let end = r.base.saturating_add(r.size);
            let from = cover.partition_point(|o| o.end() <= r.base);
            let mut meets = false;
            for o in cover.get(from..).unwrap_or(&[]).iter().take_while(|o| o.base < end) {
                meets = true;
                if o.node != node {
                    let subject = DraftSubject::Final(Subject::MemoryAt(o.base.max(r.base)));
                    let kept = (u64::from(o.node.0), o.source);
                    self.conflict(subject, kept, (u64::from(node.0), c.source));
                }
            }
            if !meets {
                let RangeClaim { base, size, flags, .. } = *r;
                fresh.push(MemoryRange { node, base, size, flags, source: c.source });
            }
        }
        if self.ranges.len() + fresh.len() > MAX_RANGES {
            return Err(BuildError::TooManyRanges);
        }
        self.ranges.extend(fresh);
        self.ranges.sort_by_key(|r| (r.base, r.size));
        Ok(())
    }
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
