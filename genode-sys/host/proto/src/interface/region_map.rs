//! `Region_map`: dataspaces at addresses.

use genode_wire::{Cap, structs, values};

use super::calls;

calls! {
    /// Calls of a region map.
    pub enum Call<H> of region_map {
        /// Attaches a dataspace. Answers its [`Range`], or an [`AttachError`].
        Attach = attach { ds: Cap<H>, attr: Attr },
        /// Detaches what is attached at an address.
        Detach = detach { at: u64 },
        /// Sets the handler of faults.
        FaultHandler = fault_handler { handler: Cap<H> },
        /// The oldest access that waits, a [`Fault`].
        Fault = fault,
        /// The map as a dataspace.
        Dataspace = dataspace,
    }
}

/// `Region_map::Attr`: what to attach where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Attr {
    /// Bytes, 0 for all that follow.
    pub size: u64,
    /// Where in the dataspace the region begins.
    pub offset: u64,
    /// Whether `at` counts.
    pub use_at: bool,
    /// Address in the map.
    pub at: u64,
    /// Whether code may run there.
    pub executable: bool,
    /// Whether the region may be written.
    pub writeable: bool,
}

structs! { Attr { size: u64, offset: u64, use_at: bool, at: u64, executable: bool, writeable: bool } }

/// `Region_map::Range`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Range {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub num_bytes: u64,
}

structs! { Range { start: u64, num_bytes: u64 } }

values! {
    /// `Region_map::Attach_error`.
    pub enum AttachError {
        /// The session's donation has no RAM left.
        OutOfRam = 0,
        /// The session's donation has no capabilities left.
        OutOfCaps = 1,
        /// The region is not free, not aligned to pages, or not within map and dataspace.
        RegionConflict = 2,
        /// There is no such dataspace, or it contains the map.
        InvalidDataspace = 3,
    }
}

values! {
    /// `Region_map::Fault::Type`, and ways to access memory.
    pub enum Access {
        /// There is none.
        None = 0,
        /// Reading.
        Read = 1,
        /// Writing.
        Write = 2,
        /// Executing.
        Exec = 3,
    }
}

/// `Region_map::Fault`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Fault {
    /// The way of access; none if there is no fault.
    pub access: Access,
    /// The address.
    pub at: u64,
}

structs! { Fault { access: Access, at: u64 } }
