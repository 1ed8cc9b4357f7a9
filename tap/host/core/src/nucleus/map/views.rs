//! How views come and go, and what their threads wait for.
use genode_args::quota::{Amount, Lack};

use super::region::{Access, Found, MapId, OwnerId, Rights};
use super::view::{Asked, Faulter, View};
use super::{Maps, Ranges};
use crate::nucleus::ids::{ObjId, ProcId, ViewId};
use crate::numbered::NumberedSet;
use crate::work;

/// Views of one process.
const MAX_VIEWS: usize = 1024;
/// Views of one map: what a change of it costs.
const MAX_MAP_VIEWS: usize = 256;
/// Waiting threads that a map remembers, no more than its price pays for. Others wait as well, and are remembered when they
/// ask again.
const MAX_FAULTERS: usize = 64;
const _: () = assert!(MAX_FAULTERS * size_of::<Faulter>() < super::budget::MAP.ram.0 as usize);

impl Maps {
    /// A process maps a part of a map.
    pub(crate) fn view_open(
        &mut self,
        id: ViewId,
        process: ProcId,
        map_id: MapId,
        (offset, size): (u64, u64),
        rights: Rights,
    ) -> Option<u64> {
        let page = self.pages.get_mut(&process)?;
        let map = self.by_id.get_mut(&map_id)?;
        let rest = map.size.checked_sub(offset)?;
        let size = if size == 0 { rest } else { size };
        let full = page.views.len() >= MAX_VIEWS || map.views.len() >= MAX_MAP_VIEWS;
        if size == 0 || size > rest || full {
            return None;
        }
        page.views.insert(id);
        map.views.insert(id);
        let view = View { process, map: Some(map_id), offset, size, rights, stale: None };
        self.views.insert(id, view);
        Some(size)
    }

    /// A process unmapped a view.
    pub(crate) fn view_close(&mut self, process: ProcId, id: ViewId) {
        if self.views.get(&id).is_none_or(|v| v.process != process) {
            return;
        }
        let Some(view) = self.views.remove(&id) else { return };
        if let Some(map) = view.map {
            for level in self.below(map) {
                if let Some(map) = self.by_id.get_mut(&level) {
                    work::count(map.faulters.len());
                    map.faulters.retain(|f| f.view != id);
                }
            }
            if let Some(map) = self.by_id.get_mut(&map) {
                map.views.remove(&id);
            }
        }
        // A thread that waits at the view finds that it is gone.
        if let Some(page) = self.pages.get_mut(&process) {
            page.forget(id, view.stale.is_some());
            page.news();
        }
        self.settled();
    }

    /// A process is gone, and all it mapped.
    pub(crate) fn process_gone(&mut self, process: ProcId) {
        self.settling.remove(&process);
        let Some(page) = self.pages.remove(&process) else { return };
        work::count(page.views.len());
        let views: Vec<_> =
            page.views.iter().filter_map(|id| Some((*id, self.views.remove(id)?.map?))).collect();
        for level in self.all_below(views.iter().map(|(_, map)| *map)) {
            if let Some(map) = self.by_id.get_mut(&level) {
                work::count(map.faulters.len());
                map.faulters.retain(|f| f.process != process);
            }
        }
        for (view, map) in views {
            if let Some(map) = self.by_id.get_mut(&map) {
                map.views.remove(&view);
            }
        }
        self.settled();
    }

    /// A thread of `process` accessed a view.
    pub(crate) fn fault(
        &mut self,
        process: ProcId,
        id: ViewId,
        at: u64,
        access: Access,
    ) -> Option<Asked> {
        let view = self.views.get(&id).filter(|v| v.process == process)?;
        let Some(map) = view.map else { return Some(Asked::Never) };
        if at >= view.size {
            return None;
        }
        let (first, size) = (view.offset, view.size);
        Some(match self.find(map, first + at, access, view.rights) {
            Found::Never => Asked::Never,
            Found::Memory { object, offset, start, size: length, rights } => {
                // What of the range is within the view.
                let (low, high) = (start.max(first), (start + length).min(first + size));
                let offset = offset + (low - start);
                Asked::Map { start: low - first, size: high - low, object, offset, rights }
            }
            Found::Hole { map, at } => {
                let at = at & !(genode_host_proto::PAGE as u64 - 1);
                let faulter = Faulter { process, view: id, access, at };
                let Some(map) = self.by_id.get_mut(&map) else { return Some(Asked::Never) };
                let new = map.faulters.len() < MAX_FAULTERS && !map.faulters.contains(&faulter);
                if new {
                    map.faulters.push_back(faulter);
                }
                Asked::Wait { signal: map.sigh.filter(|_| new) }
            }
        })
    }

    /// The longest waiting access in a map, and its page.
    pub(crate) fn waiting(&self, id: MapId) -> Option<(Access, u64)> {
        let faulter = self.by_id.get(&id)?.faulters.front()?;
        Some((faulter.access, faulter.at))
    }

    /// Whom to signal when a thread waits. Threads that wait already are signalled at once.
    pub(crate) fn set_sigh(&mut self, id: MapId, sigh: Option<ObjId>) -> bool {
        let Some(map) = self.by_id.get_mut(&id) else { return false };
        map.sigh = sigh;
        !map.faulters.is_empty()
    }

    /// Who is signalled when a thread waits.
    #[cfg(test)]
    pub(crate) fn sigh(&self, id: MapId) -> Option<ObjId> {
        self.by_id.get(&id)?.sigh
    }

    /// Mark parts of maps as stale in all views of them.
    pub(super) fn invalidate(&mut self, ranges: Ranges) {
        let mut told = NumberedSet::default();
        for (id, (start, end)) in self.levels(ranges).into_iter().flatten() {
            let Some(map) = self.by_id.get(&id) else { continue };
            work::count(map.views.len());
            for id in &map.views {
                let Some(view) = self.views.get_mut(id) else { continue };
                let (low, high) = (start.max(view.offset), end.min(view.offset + view.size));
                if low >= high {
                    continue;
                }
                let (low, high) = (low - view.offset, high - view.offset);
                if let Some(stale) = &mut view.stale {
                    *stale = (stale.0.min(low), stale.1.max(high));
                    continue;
                }
                view.stale = Some((low, high));
                if let Some(page) = self.pages.get_mut(&view.process) {
                    page.stale.push_back(*id);
                    told.insert(view.process);
                }
            }
        }
        // Once each, however many views a process has.
        for page in told.iter().filter_map(|p| self.pages.get(p)) {
            page.unmap();
        }
    }

    /// Something changed in a map: threads that wait anywhere above it are to look again.
    pub(super) fn tell(&mut self, id: MapId) {
        let showing = self.showing(id);
        let maps = showing.iter().filter_map(|map| self.by_id.get(map));
        let views = maps.flat_map(|m| &m.views).filter_map(|v| self.views.get(v));
        let views = views.inspect(|_| work::count(1));
        let processes: NumberedSet<ProcId> = views.map(|v| v.process).collect();
        for page in processes.iter().filter_map(|p| self.pages.get(p)) {
            page.news();
        }
    }

    /// The next part that `process` is to unmap; what it got before is unmapped.
    pub(crate) fn next_stale(&mut self, process: ProcId) -> Option<(ViewId, u64, u64)> {
        let page = self.pages.get_mut(&process)?;
        let acknowledged = page.sent.take().is_some();
        let mut next = None;
        while let Some(id) = page.stale.pop_front() {
            if let Some((start, end)) = self.views.get_mut(&id).and_then(|v| v.stale.take()) {
                page.sent = Some(id);
                next = Some((id, start, end - start));
                break;
            }
        }
        if acknowledged {
            self.settled();
        }
        next
    }

    /// Whether a view has nothing left to unmap.
    fn is_view_settled(&self, id: ViewId) -> bool {
        let Some(view) = self.views.get(&id) else { return true };
        let sent = self.pages.get(&view.process).is_some_and(|p| p.sent == Some(id));
        view.stale.is_none() && !sent
    }

    /// Views that show a map and have something left to unmap.
    pub(super) fn unsettled(&self, id: MapId) -> NumberedSet<ViewId> {
        let showing = self.showing(id);
        let maps = showing.iter().filter_map(|map| self.by_id.get(map));
        let views = maps.flat_map(|m| &m.views).copied().inspect(|_| work::count(1));
        views.filter(|v| !self.is_view_settled(*v)).collect()
    }

    /// Whether nobody has anything to unmap that shows a map; `process` is told when to ask again.
    pub(crate) fn is_settled(&mut self, process: ProcId, id: MapId) -> bool {
        let settled = self.unsettled(id).is_empty();
        if !settled {
            self.settling.insert(process);
        }
        settled
    }

    /// The same for all maps of an owner that are gone.
    pub(crate) fn is_gone(&mut self, process: ProcId, owner: OwnerId) -> bool {
        let mut leaving = self.leaving.remove(&owner).unwrap_or_default();
        leaving.retain(|view| !self.is_view_settled(*view));
        if leaving.is_empty() {
            return true;
        }
        self.leaving.insert(owner, leaving);
        self.settling.insert(process);
        false
    }

    /// Something was unmapped: whoever waits for that is to look again.
    fn settled(&mut self) {
        for process in self.settling.drain() {
            if let Some(page) = self.pages.get(&process) {
                page.news();
            }
        }
    }

    /// The budget of a session.
    pub(crate) fn budget(&mut self, owner: OwnerId) -> Option<&mut super::Budget> {
        self.budgets.get_mut(&owner)
    }

    /// A new session with a donation.
    pub(crate) fn open(&mut self, owner: OwnerId, donation: Amount) {
        self.budgets.insert(owner, super::Budget::new(donation));
    }

    /// Pay for a map.
    pub(crate) fn pay(&mut self, owner: OwnerId) -> Result<(), Lack> {
        self.budgets.get_mut(&owner).map_or(Err(Lack::Caps), super::Budget::take_map)
    }

    /// A session is over; its maps are gone.
    pub(crate) fn close(&mut self, owner: OwnerId) {
        self.budgets.remove(&owner);
        self.leaving.remove(&owner);
    }
}
