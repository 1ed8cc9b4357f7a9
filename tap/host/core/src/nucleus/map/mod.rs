//! Region maps: address ranges that dataspaces are attached to, themselves usable as (managed) dataspaces.
//!
//! Pure bookkeeping, without system calls: who attached what where, who looks at it, who waits for what is not there.
//! `nucleus::paging` connects it to processes. Regions are paid from the budget of the map's owner, a session of the RM service.
//!
//! A map may be attached in other maps, [`MAX_NESTING`] deep and never in a circle, so that every walk ends. What one request
//! costs is bounded: by the regions of a map, the regions that show a dataspace, the maps above and below a map, its views.
mod budget;
mod nest;
pub(super) mod page;
mod region;
#[cfg(test)]
mod tests;
mod view;
mod views;
#[cfg(test)]
pub(crate) mod worst;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::ids::{ObjId, ProcId, ViewId};
use crate::numbered::{Numbered, NumberedSet};
use crate::work;
pub(crate) use budget::Budget;
use page::Page;
pub(crate) use region::{Access, AttachError, Found, MapId, OwnerId, Region, Rights};
use view::Faulter;
pub(crate) use view::{Asked, View};

/// Maps on the way from a view to memory.
const MAX_NESTING: usize = 4;
/// Regions of one map: what a walk over one costs at most.
const MAX_REGIONS: usize = 4096;
/// Regions that show one dataspace, in all maps: what it costs that the dataspace is gone.
const MAX_USES: usize = 4096;
/// Maps above one, and maps below one: those on any way to it and from it.
const MAX_RELATED: usize = 32;
/// Regions of an inner map in another one that a walk looks at; of more it takes the whole range that they are in.
const MAX_EXACT: usize = 64;

struct RegionMap {
    owner: OwnerId,
    /// What names the map, and what names it as a dataspace.
    object: ObjId,
    dataspace: ObjId,
    size: u64,
    regions: BTreeMap<u64, Region>,
    /// Maps that are attached here, with the number of regions.
    inner: Numbered<MapId, usize>,
    views: NumberedSet<ViewId>,
    sigh: Option<ObjId>,
    faulters: VecDeque<Faulter>,
}

/// All region maps.
#[derive(Default)]
pub(crate) struct Maps {
    by_id: Numbered<MapId, RegionMap>,
    budgets: Numbered<OwnerId, Budget>,
    /// Maps that a dataspace is attached to, with the regions.
    users: Numbered<ObjId, Uses>,
    views: Numbered<ViewId, View>,
    /// What processes are to be told.
    pub(super) pages: Numbered<ProcId, Page>,
    settling: NumberedSet<ProcId>,
    /// Views that may still show what was in maps that are gone, by who had the maps.
    leaving: Numbered<OwnerId, NumberedSet<ViewId>>,
}

/// Parts of maps, by map.
type Ranges = BTreeMap<MapId, (u64, u64)>;

/// Where a dataspace is attached.
#[derive(Default)]
struct Uses {
    /// Starts of regions by map.
    by_map: BTreeMap<MapId, BTreeSet<u64>>,
    count: usize,
}

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
            inner: Numbered::default(),
            views: NumberedSet::default(),
            sigh: None,
            faulters: VecDeque::new(),
        };
        self.by_id.insert(id, map);
    }

    /// Remove a map: what was mapped through it is unmapped, who waits for something in it is told.
    pub(crate) fn destroy(&mut self, id: MapId) {
        let Some(map) = self.by_id.get(&id) else { return };
        let (size, dataspace, owner) = (map.size, map.dataspace, map.owner);
        self.invalidate(Ranges::from([(id, (0, size))]));
        let unsettled = self.unsettled(id);
        if !unsettled.is_empty() {
            self.leaving.entry(owner).or_default().extend(unsettled);
        }
        self.tell(id);
        self.dataspace_gone(dataspace);
        let Some(map) = self.by_id.remove(&id) else { return };
        work::count(map.regions.len() + map.views.len());
        if let Some(budget) = self.budgets.get_mut(&map.owner) {
            map.regions.values().for_each(|_| budget.give_region());
        }
        // A dataspace is forgotten in all places of the map at once.
        let mut objects: Vec<ObjId> = map.regions.values().map(|region| region.object).collect();
        objects.dedup();
        for object in objects {
            self.forget(object, id, |_| true);
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

    /// How many regions show a dataspace.
    pub(crate) fn uses(&self, dataspace: ObjId) -> usize {
        self.users.get(&dataspace).map_or(0, |uses| uses.count)
    }

    /// How many regions a map has, and is in.
    pub(crate) fn regions(&self, id: MapId) -> usize {
        self.by_id.get(&id).map_or(0, |map| map.regions.len() + self.uses(map.dataspace))
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
        let uses = self.users.get(&region.object).map_or(0, |uses| uses.count);
        if map.regions.len() >= MAX_REGIONS || uses >= MAX_USES {
            return Err(AttachError::Conflict);
        }
        if region.inner.is_some_and(|inner| !self.nests(inner, id)) {
            return Err(AttachError::Invalid);
        }
        let budget = self.budgets.get_mut(&map.owner).ok_or(AttachError::Invalid)?;
        if !budget.take_region() {
            return Err(AttachError::OutOfRam);
        }
        let uses = self.users.entry(region.object).or_default();
        uses.count += usize::from(uses.by_map.entry(id).or_default().insert(at));
        if let Some(map) = self.by_id.get_mut(&id) {
            map.regions.insert(at, region);
            if let Some(inner) = region.inner {
                *map.inner.entry(inner).or_default() += 1;
            }
            work::count(map.faulters.len());
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
        self.unuse(region.object, id, start, owner);
        self.invalidate(Ranges::from([(id, (start, start + region.size))]));
    }

    /// A dataspace is gone: detach it everywhere.
    pub(crate) fn dataspace_gone(&mut self, object: ObjId) {
        let Some(uses) = self.users.remove(&object) else { return };
        let mut gone = Ranges::new();
        for (id, starts) in uses.by_map {
            work::count(1 + starts.len());
            let Some(map) = self.by_id.get_mut(&id) else { continue };
            for start in starts {
                let Some(region) = map.regions.remove(&start) else { continue };
                if let Some(inner) = region.inner {
                    count_down(&mut map.inner, inner);
                }
                if let Some(budget) = self.budgets.get_mut(&map.owner) {
                    budget.give_region();
                }
                nest::merge(&mut gone, id, (start, start + region.size));
            }
        }
        self.invalidate(gone);
    }

    fn unuse(&mut self, object: ObjId, map: MapId, start: u64, owner: OwnerId) {
        if let Some(budget) = self.budgets.get_mut(&owner) {
            budget.give_region();
        }
        self.forget(object, map, |starts| {
            starts.remove(&start);
            starts.is_empty()
        });
    }

    /// Takes a dataspace out of places in a map: those that `take` removes, or all where that says
    /// that none is to stay.
    fn forget(&mut self, object: ObjId, map: MapId, take: impl FnOnce(&mut BTreeSet<u64>) -> bool) {
        let Some(uses) = self.users.get_mut(&object) else { return };
        let Some(starts) = uses.by_map.get_mut(&map) else { return };
        uses.count -= starts.len();
        if take(starts) {
            uses.by_map.remove(&map);
        } else {
            uses.count += starts.len();
        }
        if uses.by_map.is_empty() {
            self.users.remove(&object);
        }
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

fn count_down(counts: &mut Numbered<MapId, usize>, id: MapId) {
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
        work::count(self.regions.len());
        let mut at = 0;
        for (start, region) in &self.regions {
            if size > 0 && start - at >= size {
                break;
            }
            at = start + region.size;
        }
        self.fits(at, size).then_some(at)
    }
}
