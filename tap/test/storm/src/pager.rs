//! A server of dataspaces that it fills page by page, as they are accessed, and takes away again.

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{cell::RefCell, sync::atomic::Ordering};

use genode::{
    dataspace::{Attach, Dataspace, PAGE_SIZE, SharedRam},
    prelude::*,
    region_map::{RegionMap, RmSession},
    root::{Refused, Root, SessionRequest},
};

/// Pages of a dataspace.
pub(crate) const PAGES: usize = 8;

/// A session of the pager.
#[genode::rpc(service = "Paged", caps = 8, ram = 16 * 1024)]
pub(crate) trait Paged {
    /// The dataspace.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// Takes all pages away; they come again.
    fn clear(&mut self);
}

/// What the first word of a page says.
pub(crate) const fn word(page: usize) -> u64 {
    0xface_0000 + page as u64
}

struct Pages {
    map: RegionMap,
    ram: Vec<(usize, SharedRam)>,
}

impl Pages {
    fn provide(&mut self) -> Result<(), Error> {
        while let Some(fault) = self.map.fault()? {
            let ram = SharedRam::new(PAGE_SIZE)?;
            ram.atomic_u64(0)?.store(word(fault.at / PAGE_SIZE), Ordering::Relaxed);
            self.map.attach(ram.cap(), fault.at, &Attach::default())?;
            self.ram.push((fault.at, ram));
        }
        Ok(())
    }
}

struct Session {
    pages: Rc<RefCell<Pages>>,
    _handler: SignalHandler,
}

impl Session {
    fn new(rm: &RmSession, request: &SessionRequest<'_>) -> Result<Self, Error> {
        let map = rm.create(PAGES * PAGE_SIZE)?;
        let pages = Rc::new(RefCell::new(Pages { map, ram: Vec::new() }));
        let handler = SignalHandler::new(request.ep(), {
            let pages = pages.clone();
            // What cannot be provided is waited for until the pager is ended for it.
            move |_| {
                let _ = pages.borrow_mut().provide();
            }
        })?;
        pages.borrow().map.set_fault_handler(Some(&handler))?;
        Ok(Self { pages, _handler: handler })
    }
}

impl Paged for Session {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.pages.borrow().map.dataspace().unwrap_or(Capability::INVALID)
    }

    fn clear(&mut self) {
        let mut pages = self.pages.borrow_mut();
        let Pages { map, ram } = &mut *pages;
        for (at, _) in ram.iter() {
            map.detach(*at);
        }
        ram.clear();
    }
}

pub(crate) fn run(env: Env) -> Result<(), Error> {
    let rm = RmSession::open(env)?;
    let mut root = Root::new(env)?;
    root.serve::<dyn Paged, _>(move |request: &SessionRequest<'_>| {
        Session::new(&rm, request).map_err(Refused::from)
    })?;
    Box::leak(Box::new(root)); // it lives as long as the component
    crate::life::live(env, || true)
}
