//! Region maps: address ranges that dataspaces are attached to, themselves usable as (managed) dataspaces.
//!
//! Pure bookkeeping, without system calls: who attached what where, who looks at it, who waits for what is not there.
//! `nucleus::paging` connects it to processes. Regions are paid from the budget of the map's owner, a session of the RM service.
//!
//! A map may be attached in other maps, [`MAX_NESTING`] deep and never in a circle, so that every walk ends.
mod budget;
pub(super) mod page;
mod region;
#[cfg(test)]
mod tests;
mod view;
mod views;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::ids::{ObjId, ProcId, ViewId};
pub(crate) use budget::Budget;
use page::Page;
pub(crate) use region::{Access, AttachError, Found, MapId, OwnerId, Region, Rights};
use view::Faulter;
pub(crate) use view::{Asked, View};

/// Maps on the way from a view to memory.
const MAX_NESTING: usize = 4;
/// Regions of one map: what a walk over one costs at most.
const MAX_REGIONS: usize = 8192;

struct RegionMap {
    owner: OwnerId,
    /// What names the map, and what names it as a dataspace.
    object: ObjId,
    dataspace: ObjId,
    size: u64,
    regions: BTreeMap<u64, Region>,
    /// Maps that are attached here, with the number of regions.
    inner: HashMap<MapId, usize>,
    views: HashSet<ViewId>,
    sigh: Option<ObjId>,
    faulters: VecDeque<Faulter>,
}

/// All region maps.
#[derive(Default)]
pub(crate) struct Maps {
    by_id: HashMap<MapId, RegionMap>,
    budgets: HashMap<OwnerId, Budget>,
    /// Maps that a dataspace is attached to, with the number of regions.
    users: HashMap<ObjId, HashMap<MapId, usize>>,
    views: HashMap<ViewId, View>,
    /// What processes are to be told.
    pub(super) pages: HashMap<ProcId, Page>,
    settling: HashSet<ProcId>,
    /// Views that may still show what was in maps that are gone, by who had the maps.
    leaving: HashMap<OwnerId, HashSet<ViewId>>,
}

/// Parts of maps, by map.
type Ranges = BTreeMap<MapId, (u64, u64)>;

impl Maps {
    /// A new map with its names: as a map, and as a dataspace.
    pub(crate) fn create(&mut self, id: MapId, owner: OwnerId, names: (ObjId, ObjId), size: u64) {
        let (object, dataspace) = names;
        let map = RegionMap {
            owner,
            object,
            dataspace,
            size,
            regions: BTreeMap::new(),
            inner: HashMap::new(),
            views: HashSet::new(),
            sigh: None,
            faulters: VecDeque::new(),
        };
        self.by_id.insert(id, map);
    }

    /// Remove a map: what was mapped through it is unmapped, who waits for something in it is told.
    pub(crate) fn destroy(&mut self, id: MapId) {
        let Some(map) = self.by_id.get(&id) else { return };
        let (size, dataspace, owner) = (map.size, map.dataspace, map.owner);
        self.invalidate(id, 0, size);
        let unsettled = self.unsettled(id);
        if !unsettled.is_empty() {
            self.leaving.entry(owner).or_default().extend(unsettled);
        }
        self.tell(id);
        self.dataspace_gone(dataspace);
        let Some(map) = self.by_id.remove(&id) else { return };
        for region in map.regions.values() {
            self.unuse(region.object, id, map.owner);
        }
        for view in map.views {
            if let Some(view) = self.views.get_mut(&view) {
                view.map = None;
            }
        }
    }

    /// Maps of an owner, with what names each.
    pub(crate) fn of(&self, owner: OwnerId) -> Vec<(ObjId, MapId)> {
        let own = self.by_id.iter().filter(|(_, m)| m.owner == owner);
        own.map(|(id, m)| (m.object, *id)).collect()
    }

    /// Size of a map.
    pub(crate) fn size(&self, id: MapId) -> Option<u64> {
        self.by_id.get(&id).map(|m| m.size)
    }

    /// What names a map as a dataspace.
    pub(crate) fn dataspace(&self, id: MapId) -> Option<ObjId> {
        self.by_id.get(&id).map(|m| m.dataspace)
    }

    /// Maps, views and budgets in use.
    pub(crate) fn count(&self) -> usize {
        self.by_id.len()
            + self.views.len()
            + self.budgets.len()
            + self.users.len()
            + self.leaving.len()
    }

    /// Attach `region` at an address, or where there is room. Sizes and offsets are whole pages.
    pub(crate) fn attach(
        &mut self,
        id: MapId,
        region: Region,
        at: Option<u64>,
    ) -> Result<u64, AttachError> {
        let map = self.by_id.get(&id).ok_or(AttachError::Invalid)?;
        let at = match at {
            Some(at) => map.fits(at, region.size).then_some(at),
            None => map.room(region.size),
        };
        let at = at.ok_or(AttachError::Conflict)?;
        if map.regions.len() >= MAX_REGIONS {
            return Err(AttachError::Conflict);
        }
        if let Some(inner) = region.inner {
            let below = self.height(inner, id, MAX_NESTING).ok_or(AttachError::Invalid)?;
            let above = self.levels(id, (0, map.size)).len();
            if below + above > MAX_NESTING {
                return Err(AttachError::Invalid);
            }
        }
        let budget = self.budgets.get_mut(&map.owner).ok_or(AttachError::Invalid)?;
        if !budget.take_region() {
            return Err(AttachError::OutOfRam);
        }
        *self.users.entry(region.object).or_default().entry(id).or_default() += 1;
        if let Some(map) = self.by_id.get_mut(&id) {
            map.regions.insert(at, region);
            if let Some(inner) = region.inner {
                *map.inner.entry(inner).or_default() += 1;
            }
            map.faulters.retain(|f| f.at < at || f.at - at >= region.size);
        }
        self.tell(id);
        Ok(at)
    }

    /// Detach what is attached around `at`.
    pub(crate) fn detach(&mut self, id: MapId, at: u64) {
        let Some(map) = self.by_id.get_mut(&id) else { return };
        let Some((start, region)) = map.around(at) else { return };
        map.regions.remove(&start);
        if let Some(inner) = region.inner {
            count_down(&mut map.inner, inner);
        }
        let owner = map.owner;
        self.unuse(region.object, id, owner);
        self.invalidate(id, start, start + region.size);
    }

    /// A dataspace is gone: detach it everywhere.
    pub(crate) fn dataspace_gone(&mut self, object: ObjId) {
        let Some(users) = self.users.get(&object) else { return };
        let users: Vec<MapId> = users.keys().copied().collect();
        for id in users {
            let Some(map) = self.by_id.get(&id) else { continue };
            let regions = map.regions.iter().filter(|(_, r)| r.object == object);
            let starts: Vec<u64> = regions.map(|(at, _)| *at).collect();
            for at in starts {
                self.detach(id, at);
            }
        }
    }

    fn unuse(&mut self, object: ObjId, map: MapId, owner: OwnerId) {
        if let Some(budget) = self.budgets.get_mut(&owner) {
            budget.give_region();
        }
        let Some(users) = self.users.get_mut(&object) else { return };
        count_down(users, map);
        if users.is_empty() {
            self.users.remove(&object);
        }
    }

    /// Levels of maps below and including `id`; `None` if there are more than `left` or `forbidden` is among them.
    fn height(&self, id: MapId, forbidden: MapId, left: usize) -> Option<usize> {
        let mut level = HashSet::from([id]);
        for height in 1..=left {
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

    /// Where a part of a map shows: in the map itself, then in those it is attached to, level by level. Parts of a
    /// level are merged to one per map, so that a walk costs no more than looking at each region once a level.
    fn levels(&self, id: MapId, range: (u64, u64)) -> Vec<Ranges> {
        let mut all = vec![Ranges::from([(id, range)])];
        // Never more than MAX_NESTING levels: `attach` sees to it. The bound is for whoever changes it.
        while all.len() <= MAX_NESTING {
            let mut above = Ranges::new();
            for (id, range) in all.last().into_iter().flatten() {
                let Some(map) = self.by_id.get(id) else { continue };
                for user in self.users.get(&map.dataspace).into_iter().flat_map(HashMap::keys) {
                    let Some(map) = self.by_id.get(user) else { continue };
                    for (at, region) in map.regions.iter().filter(|(_, r)| r.inner == Some(*id)) {
                        let start = range.0.max(region.offset);
                        let end = range.1.min(region.offset + region.size);
                        if start < end {
                            let (start, end) =
                                (at + start - region.offset, at + end - region.offset);
                            let merged = above.entry(*user).or_insert((start, end));
                            *merged = (merged.0.min(start), merged.1.max(end));
                        }
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

    /// What is at an address of a map, for an access through a mapping with `rights`.
    pub(crate) fn find(&self, id: MapId, at: u64, access: Access, rights: Rights) -> Found {
        let (mut id, mut at, mut rights) = (id, at, rights);
        // The range around the address so far: that much before it and after it.
        let (mut before, mut after) = (u64::MAX, u64::MAX);
        let root = at;
        for _ in 0..=MAX_NESTING {
            if !access.permitted(rights) {
                return Found::Never;
            }
            let Some(map) = self.by_id.get(&id) else { return Found::Never };
            let Some((start, region)) = map.around(at) else {
                return Found::Hole { map: id, at };
            };
            before = before.min(at - start);
            after = after.min(start + region.size - at);
            rights = rights.intersection(region.rights);
            let inside = at - start + region.offset;
            match region.inner {
                Some(inner) => (id, at) = (inner, inside),
                None if !access.permitted(rights) => return Found::Never,
                None => {
                    return Found::Memory {
                        object: region.object,
                        offset: inside - before,
                        start: root - before,
                        size: before + after,
                        rights,
                    };
                }
            }
        }
        Found::Never
    }
}

fn count_down(counts: &mut HashMap<MapId, usize>, id: MapId) {
    if let Some(n) = counts.get_mut(&id) {
        *n -= 1;
        if *n == 0 {
            counts.remove(&id);
        }
    }
}

impl RegionMap {
    /// The region around an address.
    fn around(&self, at: u64) -> Option<(u64, Region)> {
        let (start, region) = self.regions.range(..=at).next_back()?;
        (at - start < region.size).then_some((*start, *region))
    }

    /// Whether `size` bytes at `at` lie within the map and are free.
    fn fits(&self, at: u64, size: u64) -> bool {
        let Some(end) = at.checked_add(size).filter(|end| *end <= self.size) else { return false };
        let before = self.regions.range(..end).next_back();
        size > 0 && before.is_none_or(|(start, region)| start + region.size <= at)
    }

    /// Lowest place for `size` bytes.
    fn room(&self, size: u64) -> Option<u64> {
        let ends = self.regions.iter().map(|(start, region)| start + region.size);
        std::iter::once(0).chain(ends).find(|at| self.fits(*at, size))
    }
}
