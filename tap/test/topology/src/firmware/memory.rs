//! Physical memory in which tables lie, and sessions that lend it.

use alloc::{collections::BTreeMap, format, rc::Rc, string::String, vec::Vec};
use core::cell::RefCell;

use genode::{
    Capability,
    dataspace::{Dataspace, PAGE_SIZE, SharedRam},
    node::Node,
    root::Refused,
    session::io_mem::IoMemSession,
};

use crate::damage::damage;
use crate::tables::tables;

/// Where a BIOS looks for extensions and the firmware leaves the RSDP.
const BIOS_AREA: u64 = 0xe_0000;
const BIOS_AREA_SIZE: usize = 0x2_0000;
/// Where in it this firmware's RSDP is.
const RSDP: usize = 0x1_5a60;

/// Memory, and which pages of it are lent.
#[derive(Default)]
pub(crate) struct Memory {
    /// Pages by number. What is not here, nobody gets.
    pages: BTreeMap<u64, Vec<u8>>,
    lent: Vec<(u64, u64)>,
}

impl Memory {
    /// Lays out the tables that `<memory machine=".." damage=".."/>` names.
    pub(crate) fn load(&mut self, node: &Node) -> Result<(), String> {
        let machine = node.attr("machine").unwrap_or("two-nodes");
        let mut tables =
            tables(machine).ok_or_else(|| format!("no machine \"{machine}\" is known"))?;
        if let Some(kind) = node.attr("damage") {
            damage(&mut tables, kind)?;
        }
        self.pages.clear();
        let mut area = alloc::vec![0; BIOS_AREA_SIZE];
        if let Some(at) = area.get_mut(RSDP..RSDP + tables.rsdp.len()) {
            at.copy_from_slice(&tables.rsdp);
        }
        self.put(BIOS_AREA, &area);
        for (address, bytes) in tables.tables.values() {
            self.put(*address, bytes);
        }
        Ok(())
    }

    fn put(&mut self, address: u64, bytes: &[u8]) {
        for (at, byte) in (address..).zip(bytes) {
            let page = self.pages.entry(at / PAGE_SIZE as u64);
            let page = page.or_insert_with(|| alloc::vec![0; PAGE_SIZE]);
            if let Some(slot) = page.get_mut(at as usize % PAGE_SIZE) {
                *slot = *byte;
            }
        }
    }
}

/// A session: some pages, copied.
pub(crate) struct Lent {
    memory: Rc<RefCell<Memory>>,
    pages: (u64, u64),
    copy: SharedRam,
}

impl Lent {
    /// Lends the pages in which `size` bytes at `base` lie, if they are there and nobody else has them.
    pub(crate) fn new(memory: &Rc<RefCell<Memory>>, base: u64, size: u64) -> Result<Self, Refused> {
        let page = PAGE_SIZE as u64;
        let end = base.checked_add(size).ok_or(Refused::Denied)?;
        let pages = (base / page, end.div_ceil(page));
        let mut inner = memory.borrow_mut();
        let mut bytes = Vec::new();
        for number in pages.0..pages.1 {
            bytes.extend_from_slice(inner.pages.get(&number).ok_or(Refused::Denied)?);
        }
        let taken = inner.lent.iter().any(|(from, to)| pages.0 < *to && *from < pages.1);
        if bytes.is_empty() || taken {
            return Err(Refused::Denied);
        }
        let copy = SharedRam::new(bytes.len())?;
        copy.write(0, &bytes)?;
        inner.lent.push(pages);
        Ok(Self { memory: memory.clone(), pages, copy })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let lent = &mut self.memory.borrow_mut().lent;
        if let Some(at) = lent.iter().position(|pages| *pages == self.pages) {
            lent.swap_remove(at);
        }
    }
}

impl IoMemSession for Lent {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.copy.cap().clone()
    }
}
