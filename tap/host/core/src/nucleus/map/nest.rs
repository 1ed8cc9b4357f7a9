//! Maps in maps: what is above and below one.
use std::collections::BTreeSet;

use super::region::MapId;
use super::{MAX_EXACT, MAX_NESTING, MAX_RELATED, Maps, Ranges};
use crate::numbered::{Numbered, NumberedSet};
use crate::work;

/// Adds a part of a map. Parts of a map become one around all of them.
pub(super) fn merge(ranges: &mut Ranges, map: MapId, (start, end): (u64, u64)) {
    let merged = ranges.entry(map).or_insert((start, end));
    *merged = (merged.0.min(start), merged.1.max(end));
}

/// A map and all that are reached from it.
fn closure(id: MapId, next: impl Fn(MapId) -> Vec<MapId>) -> NumberedSet<MapId> {
    let mut all = NumberedSet::from_iter([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        work::count(1);
        open.extend(next(id).into_iter().filter(|id| all.insert(*id)));
    }
    all
}

impl Maps {
    /// Whether `inner` may be attached in `outer`: no circle, not too deep, and not too many maps above and below any.
    pub(super) fn nests(&self, inner: MapId, outer: MapId) -> bool {
        let Some(below) = self.height(inner, outer, MAX_NESTING) else { return false };
        let whole = |id| Ranges::from([(id, (0, self.size(id).unwrap_or(0)))]);
        if below + self.levels(whole(outer)).len() > MAX_NESTING {
            return false;
        }
        let (above, below) = (self.above(outer), self.below(inner));
        let few = |more: &NumberedSet<MapId>, of: NumberedSet<MapId>| {
            work::count(more.len() + of.len());
            more.union(&of).count() <= MAX_RELATED
        };
        below.iter().all(|id| few(&above, self.above(*id)))
            && above.iter().all(|id| few(&below, self.below(*id)))
    }

    /// Levels of maps below and including `id`; `None` if there are more than `left` or `forbidden` is among them.
    fn height(&self, id: MapId, forbidden: MapId, left: usize) -> Option<usize> {
        let mut level = NumberedSet::from_iter([id]);
        for height in 1..=left {
            work::count(level.len());
            if level.contains(&forbidden) {
                return None;
            }
            let maps = level.iter().filter_map(|id| self.by_id.get(id));
            level = maps.flat_map(|m| m.inner.keys().copied()).collect();
            if level.is_empty() {
                return Some(height);
            }
        }
        None
    }

    /// A map and all that are attached in it.
    pub(super) fn below(&self, id: MapId) -> NumberedSet<MapId> {
        closure(id, |id| {
            let inner = self.by_id.get(&id).map(|map| map.inner.keys().copied());
            inner.into_iter().flatten().collect()
        })
    }

    /// A map and all that it is attached in.
    fn above(&self, id: MapId) -> NumberedSet<MapId> {
        closure(id, |id| {
            let uses = self.dataspace(id).and_then(|dataspace| self.users.get(&dataspace));
            uses.into_iter().flat_map(|uses| uses.by_map.keys().copied()).collect()
        })
    }

    /// Where parts of maps show: in the maps themselves, then in those that they are attached to, level by level. Parts of a
    /// level are merged to one per map.
    pub(super) fn levels(&self, ranges: Ranges) -> Vec<Ranges> {
        let mut all = vec![ranges];
        // Never more than MAX_NESTING levels: `attach` sees to it. The bound is for whoever changes it.
        while all.len() <= MAX_NESTING {
            let mut above = Ranges::new();
            for (id, range) in all.last().into_iter().flatten() {
                work::count(1);
                let Some(map) = self.by_id.get(id) else { continue };
                let uses = self.users.get(&map.dataspace).into_iter().flat_map(|uses| &uses.by_map);
                for (user, starts) in uses {
                    if let Some(shown) = self.shown(*user, starts, *range) {
                        merge(&mut above, *user, shown);
                    }
                }
            }
            if above.is_empty() {
                break;
            }
            all.push(above);
        }
        all
    }

    /// The part of a map in which its regions at `starts` show a range of what is attached there. It may be larger where
    /// they are many.
    fn shown(&self, map: MapId, starts: &BTreeSet<u64>, range: (u64, u64)) -> Option<(u64, u64)> {
        let map = self.by_id.get(&map)?;
        work::count(starts.len().min(MAX_EXACT) + 1);
        if starts.len() > MAX_EXACT {
            let (first, last) = (starts.first()?, starts.last()?);
            return Some((*first, last + map.regions.get(last)?.size));
        }
        let mut all = Ranges::new();
        for at in starts {
            let Some(region) = map.regions.get(at) else { continue };
            let start = range.0.max(region.offset);
            let end = range.1.min(region.offset + region.size);
            if start < end {
                let shown = (at + start - region.offset, at + end - region.offset);
                merge(&mut all, MapId(0), shown);
            }
        }
        all.into_values().next()
    }

    /// Maps that show a map, and itself.
    pub(super) fn showing(&self, id: MapId) -> NumberedSet<MapId> {
        self.above(id)
    }

    /// Maps below any of several.
    pub(super) fn all_below(&self, maps: impl Iterator<Item = MapId>) -> NumberedSet<MapId> {
        let mut known: Numbered<MapId, NumberedSet<MapId>> = Numbered::default();
        for id in maps {
            known.entry(id).or_insert_with(|| self.below(id));
        }
        known.into_values().flatten().collect()
    }
}
