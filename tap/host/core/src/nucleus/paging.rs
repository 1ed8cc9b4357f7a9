//! What processes are told of their views, and the requests they make of them.
use std::collections::hash_map::Entry;
use std::os::fd::OwnedFd;

use genode_host_proto::PAGE;
use genode_host_proto::control::Packet;
use genode_host_proto::interface::region_map;

use super::Nucleus;
use super::ids::{ProcId, ViewId};
use super::map::page::Page;
use super::map::{Access, Asked, Rights};
use super::object::CoreObject;
use super::refusal::{Answer, Refusal};
use crate::fd;

impl Nucleus {
    pub(super) fn paging_page(&mut self, id: ProcId) -> Result<Answer, Refusal> {
        let page = match self.maps.pages.entry(id) {
            Entry::Occupied(page) => page.into_mut(),
            Entry::Vacant(place) => place.insert(Page::new()?),
        };
        let (_, fd) = page.shared.as_ref().ok_or(Refusal::Invalid)?;
        let fd = fd.try_clone().map_err(|_| Refusal::OutOfCaps)?;
        Ok(Answer { args: Vec::new(), fds: vec![fd] })
    }

    pub(super) fn view_open(
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
        let rights = Rights::from_bits_truncate(packet.arg(2));
        let opened = self.maps.view_open(view, id, map, (offset, size), rights);
        let size = opened.ok_or(Refusal::Invalid)?;
        Ok(Answer::words(&[view.0, size]))
    }

    pub(super) fn view_fault(&mut self, id: ProcId, packet: &Packet) -> Result<Answer, Refusal> {
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
                let memory = if rights.contains(Rights::WRITE) {
                    memory.try_clone().map_err(|_| Refusal::OutOfCaps)?
                } else {
                    fd::read_only(&memory)?
                };
                let args = vec![1, start, size, offset, rights.bits()];
                Ok(Answer { args, fds: vec![memory] })
            }
        }
    }

    pub(super) fn unmapped(&mut self, id: ProcId) -> Answer {
        match self.maps.next_stale(id) {
            Some((view, start, size)) => Answer::words(&[1, view.0, start, size]),
            None => Answer::words(&[0]),
        }
    }

    pub(super) fn settled(&mut self, id: ProcId, cap: Option<OwnedFd>) -> Result<Answer, Refusal> {
        let settled = match self.lookup_core(cap.ok_or(Refusal::Invalid)?) {
            Some((_, CoreObject::RegionMap(_, map))) => self.maps.is_settled(id, map),
            Some((_, CoreObject::Rm(owner))) => self.maps.is_gone(id, owner),
            _ => return Err(Refusal::Gone),
        };
        Ok(Answer::words(&[u64::from(settled)]))
    }
}
