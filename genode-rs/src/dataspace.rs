//! Memory as capabilities: allocate it, share it, map it.
//!
//! A [`RamDataspace`] is memory that the component pays for, always zero at first. [`Attached`] is a mapping of
//! any dataspace. Another component may hold the same dataspace and write to it at any time, so a mapping gives
//! out no Rust references: bytes are copied in and out. Only [`PrivateRam`], whose capability never leaves
//! it, can be used as a slice.
#![allow(unsafe_code, reason = "mappings are memory, reached by address")]

mod area;

use core::ops::{Deref, DerefMut};

pub use area::{Area, LocalRam};

pub use crate::sys::memory::{Attach, Cache, Rights};
use crate::{
    cap::{Capability, RawCap},
    error::{Call, Error},
    sys::memory,
};

/// Bytes per page; sizes and offsets of mappings are multiples of it.
pub const PAGE_SIZE: usize = genode_sys::RS_PAGE_SIZE as usize;

/// The interface of a dataspace, for use in [`Capability`].
#[derive(Debug)]
pub enum Dataspace {}

/// What a dataspace is, as the one who made it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Size in bytes.
    pub size: usize,
    /// Whether it may be written.
    pub writeable: bool,
}

impl Capability<Dataspace> {
    /// Asks for size and access rights.
    ///
    /// # Errors
    /// [`Error::Gone`] and [`Error::Invalid`] for what is no dataspace, or none any more.
    pub fn info(&self) -> Result<Info, Error> {
        let (size, writeable) = memory::info(self.raw())?;
        Ok(Info { size, writeable })
    }
}

/// RAM from the component's own quota. Freed on drop, wherever else it is attached.
#[derive(Debug)]
#[must_use = "dropping it frees the memory, wherever it is attached"]
pub struct RamDataspace {
    cap: Capability<Dataspace>,
    size: usize,
}

impl RamDataspace {
    /// Allocates `size` bytes, rounded up to pages, zeroed.
    ///
    /// # Errors
    /// [`Error::OutOfRam`] and [`Error::OutOfCaps`], cured by more quota; [`Error::Argument`] for size 0.
    pub fn new(size: usize) -> Result<Self, Error> {
        Self::with(size, Cache::Cached, None)
    }

    /// Allocates with a cache attribute, and at a NUMA node (by native id) if one is given: there or not at
    /// all.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Argument`] for a node that does not exist.
    pub fn with(size: usize, cache: Cache, node: Option<u32>) -> Result<Self, Error> {
        if size == 0 {
            return Err(Error::argument(Call::Ram, 0, 1));
        }
        let cap = memory::ram_alloc(size, cache, node).map_err(|error| match (error, node) {
            // The system has no memory of that number, or none by number at all.
            (Error::Invalid | Error::Unsupported, Some(node)) => {
                Error::argument(Call::Node, u64::from(node), 0)
            }
            _ => error,
        })?;
        let size = size.checked_next_multiple_of(PAGE_SIZE).ok_or(Error::Invalid)?;
        Ok(Self { cap: Capability::new(cap), size })
    }

    /// The capability, to share with other components.
    pub fn cap(&self) -> &Capability<Dataspace> {
        &self.cap
    }

    /// Size in bytes, a multiple of [`PAGE_SIZE`].
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Drop for RamDataspace {
    fn drop(&mut self) {
        let cap = core::mem::take(&mut self.cap);
        // SAFETY: mappings give out copies and references to atomics; `PrivateRam`, which gives out slices, drops
        // its mapping first.
        unsafe { memory::ram_free(cap.into_raw()) };
    }
}

/// A mapping of a dataspace. Unmapped on drop.
#[derive(Debug)]
#[must_use = "dropping it unmaps the dataspace"]
pub struct Attached {
    area: Area,
    /// Keeps the dataspace named for as long as it is mapped.
    _ds: RawCap,
}

impl Attached {
    /// Maps the whole dataspace for reading.
    pub fn read_only(ds: &Capability<Dataspace>) -> Result<Self, Error> {
        Self::with(ds, &Attach::default())
    }

    /// Maps the whole dataspace for reading and writing.
    ///
    /// # Errors
    /// [`Error::Denied`] when the dataspace is read-only.
    pub fn writeable(ds: &Capability<Dataspace>) -> Result<Self, Error> {
        Self::with(ds, &Attach { rights: Rights::WRITE, ..Attach::default() })
    }

    /// Maps a part of the dataspace.
    pub fn with(ds: &Capability<Dataspace>, how: &Attach) -> Result<Self, Error> {
        let (addr, size) = memory::attach(ds.raw(), how)?;
        let writeable = how.rights.contains(Rights::WRITE);
        // SAFETY: mapped until `self` is dropped, and no reference to the area outlives that.
        let area = unsafe { Area::new(addr, size, writeable) };
        Ok(Self { area, _ds: ds.raw().clone() })
    }
}

impl Deref for Attached {
    type Target = Area;

    fn deref(&self) -> &Area {
        &self.area
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // SAFETY: the references given out borrow `self`; raw pointers are their holder's concern.
        unsafe { memory::detach(self.area.as_ptr().addr()) }
    }
}

/// Zeroed memory of the component's own that no other component can reach: usable as a slice.
#[derive(Debug)]
#[must_use = "dropping it frees the memory"]
pub struct PrivateRam {
    // Dropped in this order: unmapped, then freed.
    mapping: Attached,
    _ram: RamDataspace,
}

impl PrivateRam {
    /// Allocates and maps `size` bytes, rounded up to pages; at a NUMA node if one is given.
    pub fn new(size: usize, node: Option<u32>) -> Result<Self, Error> {
        let ram = RamDataspace::with(size, Cache::Cached, node)?;
        let mapping = Attached::writeable(ram.cap())?;
        Ok(Self { mapping, _ram: ram })
    }
}

impl Deref for PrivateRam {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: mapped and initialised (RAM is zeroed), and the capability never left this object, so that
        // nobody else can write to it.
        unsafe { core::slice::from_raw_parts(self.mapping.as_ptr(), self.mapping.size()) }
    }
}

impl DerefMut for PrivateRam {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and exclusively borrowed.
        unsafe { core::slice::from_raw_parts_mut(self.mapping.as_ptr(), self.mapping.size()) }
    }
}

/// RAM that is attached here and may be shared with others.
#[derive(Debug)]
#[must_use = "dropping it frees the memory, wherever it is attached"]
pub struct SharedRam {
    // Dropped in this order: unmapped, then freed.
    mapping: Attached,
    ram: RamDataspace,
}

impl SharedRam {
    /// Allocates and maps `size` bytes, rounded up to pages, zeroed.
    pub fn new(size: usize) -> Result<Self, Error> {
        let ram = RamDataspace::new(size)?;
        let mapping = Attached::writeable(ram.cap())?;
        Ok(Self { mapping, ram })
    }

    /// The capability to share.
    pub fn cap(&self) -> &Capability<Dataspace> {
        self.ram.cap()
    }
}

impl Deref for SharedRam {
    type Target = Attached;

    fn deref(&self) -> &Attached {
        &self.mapping
    }
}
