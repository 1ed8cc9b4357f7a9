//! rs_managed_ds_server: gives out dataspaces that it fills page by page, as they are accessed.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeMap, rc::Rc};
use core::{cell::RefCell, sync::atomic::Ordering};

use genode::{
    dataspace::{Attach, Dataspace, PAGE_SIZE, Rights, SharedRam},
    prelude::*,
    region_map::{RegionMap, RmSession},
    root::{Refused, Root, SessionRequest},
};
use rs_managed_ds_test::{Managed, PAGES, READ_ONLY, first_word};

/// One client's dataspace.
struct Pages {
    map: RegionMap,
    ram: BTreeMap<usize, SharedRam>,
    generation: u32,
    provided: u32,
}

impl Pages {
    /// Provides what is waited for.
    fn provide(&mut self) -> Result<(), Error> {
        while let Some(fault) = self.map.fault()? {
            let page = fault.at / PAGE_SIZE;
            let ram = SharedRam::new(PAGE_SIZE)?;
            ram.atomic_u64(0)?.store(first_word(page, self.generation), Ordering::Relaxed);
            let rights = if page < READ_ONLY { Rights::WRITE } else { Rights::empty() };
            let how = Attach { rights, ..Attach::default() };
            let mut attached = self.map.attach(ram.cap(), fault.at, &how);
            if attached == Err(Error::RegionConflict) {
                // core of Genode keeps the place of a dataspace that was freed until it is detached
                self.map.detach(fault.at);
                attached = self.map.attach(ram.cap(), fault.at, &how);
            }
            attached?;
            self.ram.insert(page, ram);
            self.provided += 1;
        }
        Ok(())
    }
}

/// The map of the client that waits in vain.
type Waiter = Rc<RefCell<Option<RegionMap>>>;

struct Session {
    dataspace: Capability<Dataspace>,
    pages: Option<Rc<RefCell<Pages>>>,
    waiter: Waiter,
    _handler: Option<SignalHandler>,
}

impl Session {
    fn new(rm: &RmSession, request: &SessionRequest<'_>, waiter: Waiter) -> Result<Self, Error> {
        let map = rm.create(PAGES * PAGE_SIZE)?;
        let dataspace = map.dataspace()?;
        if request.label().contains("waiter") {
            *waiter.borrow_mut() = Some(map);
            return Ok(Self { dataspace, pages: None, waiter, _handler: None });
        }
        let pages = Pages { map, ram: BTreeMap::new(), generation: 1, provided: 0 };
        let pages = Rc::new(RefCell::new(pages));
        let handler = SignalHandler::new(request.ep(), {
            let pages = pages.clone();
            move |_| {
                if let Err(e) = pages.borrow_mut().provide() {
                    error!("cannot provide a page: {e}");
                }
            }
        })?;
        pages.borrow().map.set_fault_handler(Some(&handler))?;
        Ok(Self { dataspace, pages: Some(pages), waiter, _handler: Some(handler) })
    }
}

impl Managed for Session {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.dataspace.clone()
    }

    fn second_word(&mut self, page: u32) -> u64 {
        let pages = self.pages.as_ref().map(|pages| pages.borrow());
        let ram = pages.as_ref().and_then(|pages| pages.ram.get(&(page as usize)));
        ram.and_then(|ram| ram.load_u64(8, Ordering::Acquire).ok()).unwrap_or(0)
    }

    fn detach(&mut self, page: u32) {
        if let Some(pages) = &self.pages {
            let mut pages = pages.borrow_mut();
            pages.generation += 1;
            pages.map.detach(page as usize * PAGE_SIZE);
            pages.ram.remove(&(page as usize));
        }
    }

    fn free(&mut self, page: u32) {
        if let Some(pages) = &self.pages {
            let mut pages = pages.borrow_mut();
            pages.generation += 1;
            pages.ram.remove(&(page as usize));
        }
    }

    fn provided(&mut self) -> u32 {
        self.pages.as_ref().map_or(0, |pages| pages.borrow().provided)
    }

    fn end_waiter(&mut self) -> bool {
        let mut waiter = self.waiter.borrow_mut();
        let waits = waiter.as_ref().is_some_and(|map| matches!(map.fault(), Ok(Some(_))));
        if waits {
            *waiter = None;
        }
        waits
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let rm = RmSession::open(env)?;
    let waiter = Waiter::default();
    let mut root = Root::new(env)?;
    root.serve::<dyn Managed, _>(move |request: &SessionRequest<'_>| {
        Session::new(&rm, request, waiter.clone()).map_err(Refused::from)
    })?;
    Ok(root)
}
