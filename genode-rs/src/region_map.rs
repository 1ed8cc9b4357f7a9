//! Region maps: dataspaces put together from dataspaces, filled in advance or on demand.
//!
//! A [`RegionMap`] is an address range that dataspaces are attached to. Its own [`dataspace`](RegionMap::dataspace), a
//! managed one, shows whoever attaches it what is attached in the map, now or later. An access to a part where nothing is
//! attached waits, and signals the map's fault handler. So a server can give a client more memory than there is, and
//! provide each page when the client touches it:
//!
//! ```no_run
//! # use std::{cell::RefCell, rc::Rc};
//! # use genode::{dataspace::{Attach, PAGE_SIZE, RamDataspace, Rights}, prelude::*, region_map::RmSession};
//! # fn f(env: Env) -> Result<(), Error> {
//! let map = Rc::new(RmSession::open(env)?.create(1 << 30)?);
//! let pages = RefCell::new(Vec::new());
//! let how = Attach { rights: Rights::WRITE, ..Attach::default() };
//! let handler = SignalHandler::new(env.ep(), {
//!     let map = map.clone();
//!     move |_| {
//!         while let Ok(Some(fault)) = map.fault() {
//!             let Ok(page) = RamDataspace::new(PAGE_SIZE) else { return warning!("no memory for the {fault}") };
//!             if let Err(error) = map.attach(page.cap(), fault.at, &how) {
//!                 return warning!("{fault}: {error}");
//!             }
//!             pages.borrow_mut().push(page);
//!         }
//!     }
//! })?;
//! map.set_fault_handler(Some(&handler))?;
//! let dataspace = map.dataspace()?; // to be given to a client
//! # Ok(()) }
//! ```
//!
//! The handler is installed before anybody is given the dataspace: on Genode a thread that touches a part where nothing is
//! attached while the map has no fault handler stops for good, and neither a handler nor an attachment that comes later
//! makes it go on.
//!
//! Who waits depends on the map's owner. A component that must not be stopped by another one copies out of memory of its
//! own (RAM dataspaces, ROM modules) only.
//!
//! Reference: `repos/base/include/rm_session/rm_session.h`, `repos/base/include/region_map/region_map.h`.

use alloc::sync::Arc;
use core::fmt;

use crate::{
    cap::{Capability, RawCap},
    dataspace::{Attach, Dataspace},
    env::Env,
    error::Error,
    signal::SignalHandler,
    sys::region_map as sys,
};

/// A session of the RM service. It pays for region maps out of its donation, which grows from the component's quota as
/// needed. Closed when it and the last of its region maps are dropped.
#[derive(Clone, Debug)]
#[must_use = "dropping it closes the session, unless it has region maps"]
pub struct RmSession(Arc<sys::Rm>);

impl RmSession {
    /// Opens a session.
    ///
    /// # Errors
    /// As [`Builder::try_open`](crate::connection::Builder::try_open).
    pub fn open(_env: Env) -> Result<Self, Error> {
        Ok(Self(Arc::new(sys::Rm::open()?)))
    }

    /// Creates an empty region map of `size` bytes, rounded up to pages.
    ///
    /// # Errors
    /// [`Error::OutOfRam`] and [`Error::OutOfCaps`] when the component has too little quota to upgrade the session;
    /// [`Error::Denied`] for a size of 0, and one that the system cannot map.
    pub fn create(&self, size: usize) -> Result<RegionMap, Error> {
        Ok(RegionMap { map: sys::Map::create(&self.0, size)? })
    }
}

/// How a thread accessed what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// It read.
    Read,
    /// It wrote.
    Write,
    /// It fetched an instruction.
    Execute,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
        })
    }
}

/// An access that waits for something to be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// What the thread wants to do.
    pub access: Access,
    /// Offset of the page in the region map.
    pub at: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} access at offset {:#x}", self.access, self.at)
    }
}

/// A region map. Destroyed on drop: what was attached is not seen through it any more, and threads that wait for a part
/// of it never go on, which on the host target ends their component.
#[derive(Debug)]
#[must_use = "dropping it destroys the region map"]
pub struct RegionMap {
    map: sys::Map,
}

impl RegionMap {
    /// The map as a dataspace, to be attached here or in other components.
    ///
    /// # Errors
    /// [`Error::Gone`] when the RM session is.
    pub fn dataspace(&self) -> Result<Capability<Dataspace>, Error> {
        let ds = self.map.dataspace();
        if ds.is_valid() { Ok(Capability::new(ds)) } else { Err(Error::Gone) }
    }

    /// Attaches the part of `ds` that `how` describes at offset `at`; `how.at` means nothing here. Returns the number of
    /// bytes. Threads that wait for one of them go on.
    ///
    /// # Errors
    /// [`Error::RegionConflict`] when the range does not lie within the map, is in use, or exceeds the dataspace; on
    /// Genode, a dataspace that was freed stays in the way until it is detached;
    /// [`Error::Invalid`] for what is no dataspace, and for a managed one that the map cannot hold: itself, one that holds
    /// this map, more than a few levels of them, any on base-linux; [`Error::OutOfRam`] and [`Error::OutOfCaps`] when the
    /// component has too little quota to upgrade the session.
    pub fn attach(
        &self,
        ds: &Capability<Dataspace>,
        at: usize,
        how: &Attach,
    ) -> Result<usize, Error> {
        self.map.attach(ds.raw(), at, how)
    }

    /// Detaches what is attached around offset `at`. No component sees it through the map when this returns; on the host
    /// target a component that does not follow the rules may go on seeing it, until the dataspace is freed.
    pub fn detach(&self, at: usize) {
        self.map.detach(at);
    }

    /// Whom to signal when a thread waits; `None` for nobody. Threads that waited before are signalled at once on the
    /// host target; on Genode they have stopped for good, so install the handler before the dataspace is attached anywhere.
    ///
    /// # Errors
    /// [`Error::Gone`] when the RM session is.
    pub fn set_fault_handler(&self, handler: Option<&SignalHandler>) -> Result<(), Error> {
        self.map.fault_handler(handler.map_or(&RawCap::INVALID, |h| h.cap().raw()))
    }

    /// The access that waits longest, `None` if none does. Signals may merge, so a handler asks until there is none.
    ///
    /// # Errors
    /// [`Error::Gone`] when the RM session is.
    pub fn fault(&self) -> Result<Option<Fault>, Error> {
        let (kind, at) = self.map.fault()?;
        let access = match kind {
            genode_sys::RS_FAULT_READ => Access::Read,
            genode_sys::RS_FAULT_WRITE => Access::Write,
            genode_sys::RS_FAULT_EXEC => Access::Execute,
            _ => return Ok(None),
        };
        Ok(Some(Fault { access, at }))
    }
}
