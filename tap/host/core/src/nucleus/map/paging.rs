//! What processes are told of their views, and the requests they make of them.
//!
//! A process that maps a managed dataspace has a page that core writes: it counts reasons to ask again. So core never
//! waits for a process and never remembers more of one than a range per view.
#![allow(unsafe_code, reason = "pages that a component shares")]

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::os::fd::OwnedFd;

use genode_host_proto::PAGE;
use genode_host_proto::control::{Packet, paging, request};
use genode_host_proto::interface::region_map;
use genode_host_proto::sync::{AtomicU32, Ordering};
use genode_host_proto::sys::Futex;

use super::{Access, Asked, Rights};
use crate::fd::{self, Mapping};
use crate::nucleus::{Answer, CoreObject, Nucleus, ProcId, Refusal, ViewId};

/// The page of a process.
pub(super) struct Page {
    /// `None` in tests of the bookkeeping.
    shared: Option<(Mapping, OwnedFd)>,
    /// Views with something to unmap, each at most once.
    pub(super) stale: VecDeque<ViewId>,
    /// The view of which the process unmaps something at the moment.
    pub(super) sent: Option<ViewId>,
    /// Number of views.
    pub(super) views: usize,
}

impl Page {
    fn new() -> Result<Self, Refusal> {
        let memory = fd::fixed_memory("paging", PAGE)?;
        let shared = Some((Mapping::new(&memory, PAGE)?, fd::read_only(&memory)?));
        Ok(Self { shared, stale: VecDeque::new(), sent: None, views: 0 })
    }

    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self { shared: None, stale: VecDeque::new(), sent: None, views: 0 }
    }

    fn count(&self, word: usize) {
        if let Some((page, _)) = &self.shared {
            // SAFETY: an atomic within the page.
            let word: &AtomicU32 = unsafe { page.at(word * size_of::<AtomicU32>()) };
            word.fetch_add(1, Ordering::Release);
            Futex::wake(word);
        }
    }

    /// Threads that wait are to look again.
    pub(super) fn news(&self) {
        self.count(paging::NEWS);
    }

    /// Some views have something to unmap.
    pub(super) fn unmap(&self) {
        self.count(paging::UNMAP);
    }

    /// A view is gone.
    pub(super) fn forget(&mut self, view: ViewId) {
        self.views -= 1;
        self.stale.retain(|v| *v != view);
        if self.sent == Some(view) {
            self.sent = None;
        }
    }
}

impl Rights {
    fn from_bits(bits: u64) -> Self {
        Self { write: bits & paging::WRITE != 0, execute: bits & paging::EXECUTE != 0 }
    }

    fn bits(self) -> u64 {
        let mut bits = 0;
        if self.write {
            bits |= paging::WRITE;
        }
        if self.execute {
            bits |= paging::EXECUTE;
        }
        bits
    }
}

impl Nucleus {
    /// A request that has to do with managed dataspaces; `None` if it has no reply.
    pub(in crate::nucleus) fn paging_request(
        &mut self,
        id: ProcId,
        packet: &Packet,
        cap: Option<OwnedFd>,
    ) -> Option<Result<Answer, Refusal>> {
        match packet.op() {
            request::PAGING => Some(self.paging_page(id)),
            request::VIEW_OPEN => Some(self.view_open(id, packet, cap)),
            request::VIEW_CLOSE => {
                self.maps.view_close(id, ViewId(packet.arg(0)));
                None
            }
            request::FAULT => Some(self.view_fault(id, packet)),
            request::UNMAPPED => Some(Ok(match self.maps.next_stale(id) {
                Some((view, start, size)) => Answer::words(&[1, view.0, start, size]),
                None => Answer::words(&[0]),
            })),
            request::SETTLED => Some(self.settled(id, cap)),
            _ => Some(Err(Refusal::Invalid)),
        }
    }

    fn paging_page(&mut self, id: ProcId) -> Result<Answer, Refusal> {
        let page = match self.maps.pages.entry(id) {
            Entry::Occupied(page) => page.into_mut(),
            Entry::Vacant(place) => place.insert(Page::new()?),
        };
        let (_, fd) = page.shared.as_ref().ok_or(Refusal::Invalid)?;
        let fd = fd.try_clone().map_err(|_| Refusal::OutOfCaps)?;
        Ok(Answer { args: Vec::new(), fds: vec![fd] })
    }

    fn view_open(
        &mut self,
        id: ProcId,
        packet: &Packet,
        cap: Option<OwnedFd>,
    ) -> Result<Answer, Refusal> {
        let (offset, size) = (packet.arg(0), packet.arg(1));
        let Some((_, CoreObject::Managed(map))) = self.lookup_core(cap.ok_or(Refusal::Invalid)?)
        else {
            return Err(Refusal::Gone);
        };
        let page = PAGE as u64;
        let size = size.checked_next_multiple_of(page).ok_or(Refusal::Invalid)?;
        if !self.maps.pages.contains_key(&id) || !offset.is_multiple_of(page) {
            return Err(Refusal::Invalid);
        }
        let view = ViewId(self.fresh());
        let rights = Rights::from_bits(packet.arg(2));
        let opened = self.maps.view_open(view, id, map, (offset, size), rights);
        let size = opened.ok_or(Refusal::Invalid)?;
        Ok(Answer::words(&[view.0, size]))
    }

    fn view_fault(&mut self, id: ProcId, packet: &Packet) -> Result<Answer, Refusal> {
        let number = i32::try_from(packet.arg(2)).map_err(|_| Refusal::Invalid)?;
        let access = match region_map::Access::of(number) {
            Ok(region_map::Access::Read) => Access::Read,
            Ok(region_map::Access::Write) => Access::Write,
            Ok(region_map::Access::Exec) => Access::Execute,
            Ok(region_map::Access::None) | Err(_) => return Err(Refusal::Invalid),
        };
        let asked = self.maps.fault(id, ViewId(packet.arg(0)), packet.arg(1), access);
        match asked.ok_or(Refusal::Gone)? {
            Asked::Never => Err(Refusal::Gone),
            Asked::Wait { signal } => {
                self.waits = Some((id, signal.and_then(|s| self.objects.get(&s)).map(|s| s.owner)));
                if let Some(signal) = signal {
                    self.submit(signal, 1);
                }
                Ok(Answer::words(&[0]))
            }
            Asked::Map { start, size, object, offset, rights } => {
                let memory = self.capability(object).ok_or(Refusal::Gone)?;
                let memory = if rights.write {
                    memory.try_clone().map_err(|_| Refusal::OutOfCaps)?
                } else {
                    fd::read_only(&memory)?
                };
                let args = vec![1, start, size, offset, rights.bits()];
                Ok(Answer { args, fds: vec![memory] })
            }
        }
    }

    fn settled(&mut self, id: ProcId, cap: Option<OwnedFd>) -> Result<Answer, Refusal> {
        let settled = match self.lookup_core(cap.ok_or(Refusal::Invalid)?) {
            Some((_, CoreObject::RegionMap(_, map))) => self.maps.is_settled(id, map),
            Some((_, CoreObject::Rm(owner))) => self.maps.is_gone(id, owner),
            _ => return Err(Refusal::Gone),
        };
        Ok(Answer::words(&[u64::from(settled)]))
    }
}
