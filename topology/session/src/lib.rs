//! TOPO: what the machine looks like inside a session's affinity rectangle.
//!
//! [`Topo`] has the six functions of the fork's service, byte for byte. [`Topology`] extends it by a snapshot: a
//! read-only dataspace with everything the session may see, and a signal when it changes. A
//! [`TopologyConnection`] keeps a checked copy of it, so that [`node_of`](TopologyConnection::node_of) is a bounds check and a
//! load, without a call.
#![no_std]
#![deny(missing_docs)]

use core::sync::atomic::Ordering;

use genode::{
    Capability, Env, Error, Wire,
    affinity::{Affinity, Location, Space},
    connection::Connection,
    dataspace::{Attached, Dataspace},
    quota::{CapQuota, RamQuota},
    signal::SignalContext,
};
use topology::{
    snapshot::{OwnedSnapshot, Shared, SnapshotError, Words, WordsMut},
    wire::NumaRegion,
};

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// `Topology::Numa_region` as it crosses the wire, 32 bytes. The pointers are 0: they mean nothing to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Wire)]
#[repr(C)]
pub struct Region {
    /// List link, 0.
    pub next: u64,
    /// The session's own number of the node, from 0; all ones if there is no such node.
    pub id: u32,
    /// CPUs of the node inside the session's rectangle.
    pub core_count: u32,
    /// Head of a list, 0.
    pub neighbours: u64,
    /// ACPI proximity domain; all ones if there is no such node.
    pub native_id: u32,
    /// Padding, 0.
    pub reserved: u32,
}

impl From<Region> for NumaRegion {
    fn from(region: Region) -> Self {
        Self {
            next: region.next.into(),
            id: region.id.into(),
            core_count: region.core_count.into(),
            neighbours: region.neighbours.into(),
            native_id: region.native_id.into(),
            reserved: region.reserved.into(),
        }
    }
}

impl From<NumaRegion> for Region {
    fn from(region: NumaRegion) -> Self {
        Self {
            next: region.next.get(),
            id: region.id.get(),
            core_count: region.core_count.get(),
            neighbours: region.neighbours.get(),
            native_id: region.native_id.get(),
            reserved: region.reserved.get(),
        }
    }
}

/// The fork's TOPO session (branch `ealan`, `topo_session/topo_session.h`).
///
/// No function can report an error, so what is out of bounds is answered by all ones.
#[genode::rpc]
pub trait Topo {
    /// The node of the CPU at a session-local location.
    fn node_affinity_of(&mut self, location: &Location) -> Region;
    /// The node with a number from 0 to [`node_count`](Self::node_count).
    fn node_at_id(&mut self, id: u32) -> Region;
    /// Number of nodes that have CPUs in the session's rectangle.
    fn node_count(&mut self) -> u32;
    /// Replaces the session's affinity, within the one it was opened with.
    fn reconstruct(&mut self, affinity: Affinity);
    /// The kernel's number of the CPU at a session-local location.
    fn phys_id(&mut self, location: &Location) -> u32;
    /// Size of the whole machine's affinity space.
    fn global_affinity_space(&mut self) -> Space;
}

/// A TOPO session with a snapshot.
///
/// The fork's clients donate 2 MiB; what a session takes is its snapshot, 112 bytes and some 20 a location and 40 a
/// node, in pages.
#[genode::rpc(service = "TOPO", caps = 6, ram = 48 * 1024)]
pub trait Topology: Topo {
    /// The dataspace with the snapshot, to be attached read-only; invalid as long as the donation does not suffice
    /// for it. A machine that outgrows it gets a new one.
    fn snapshot(&mut self) -> Capability<Dataspace>;
    /// Whom to tell that the snapshot changed.
    fn sigh(&mut self, context: Capability<SignalContext>);
}

/// Why a client does not know the topology.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopologyError {
    /// The session could not be opened or called.
    Session(genode::rpc::Error),
    /// The system refused: session, memory, or mapping.
    System(Error),
    /// What the server shows is no snapshot.
    Snapshot(SnapshotError),
}

impl From<Error> for TopologyError {
    fn from(error: Error) -> Self {
        Self::System(error)
    }
}

impl From<genode::rpc::Error> for TopologyError {
    fn from(error: genode::rpc::Error) -> Self {
        Self::Session(error)
    }
}

impl From<SnapshotError> for TopologyError {
    fn from(error: SnapshotError) -> Self {
        Self::Snapshot(error)
    }
}

impl core::fmt::Display for TopologyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Session(error) => write!(f, "TOPO session: {error}"),
            Self::System(error) => write!(f, "TOPO session: {error}"),
            Self::Snapshot(error) => write!(f, "the TOPO server's snapshot is refused: {error}"),
        }
    }
}

impl core::error::Error for TopologyError {}

/// A TOPO session, with a copy of its snapshot.
#[must_use = "dropping it closes the session"]
#[derive(Debug)]
pub struct TopologyConnection {
    known: OwnedSnapshot,
    session: Connection<dyn Topology>,
}

/// How often a session's donation is raised, doubling, until the snapshot fits it.
const MAX_UPGRADES: u32 = 12;

impl TopologyConnection {
    /// Opens a session for the CPUs in `affinity`, by default all that the component may see, and loads its
    /// snapshot.
    pub fn open(env: Env, affinity: Option<Affinity>) -> Result<Self, TopologyError> {
        let mut builder = Connection::<dyn Topology>::builder("");
        if let Some(affinity) = affinity {
            builder = builder.affinity(affinity);
        }
        let session = builder.open(env)?;
        let known = load(&session)?;
        Ok(Self { known, session })
    }

    /// Whom to tell that the machine changed; [`update`](Self::update) then.
    pub fn sigh(&self, context: &Capability<SignalContext>) -> Result<(), TopologyError> {
        Ok(self.session.sigh(context.clone())?)
    }

    /// Loads the server's present snapshot. On error the one before is kept.
    pub fn update(&mut self) -> Result<(), TopologyError> {
        self.known = load(&self.session)?;
        Ok(())
    }

    /// The node of the CPU at a location of the session's rectangle, by the session's own numbers. No call.
    #[inline]
    pub fn node_of(&self, x: i32, y: i32) -> Option<u32> {
        self.known.node_of(x, y)
    }

    /// All that the session sees. No call.
    pub fn snapshot(&self) -> topology::snapshot::Snapshot<'_> {
        self.known.snapshot()
    }

    /// The session, for its functions.
    pub fn session(&self) -> &Connection<dyn Topology> {
        &self.session
    }
}

/// Attaches the snapshot and copies it, donating more as long as the server has not enough for it.
///
/// # Errors
/// A server that has the fork's six functions only, says [`genode::rpc::Error::InvalidOpcode`]; others what a call, an
/// upgrade or the snapshot's check say.
pub fn load(session: &Connection<dyn Topology>) -> Result<OwnedSnapshot, TopologyError> {
    let mut donation = RamQuota::kib(32);
    for _ in 0..MAX_UPGRADES {
        let dataspace = session.snapshot()?;
        if dataspace.is_valid() {
            let mapping = Attached::read_only(&dataspace)?;
            return Ok(Shared::new(&SharedSnapshot(&mapping)).load()?);
        }
        session.upgrade(donation, CapQuota(1))?;
        donation = donation + donation;
    }
    Err(Error::InsufficientRam.into())
}

/// A mapping that holds a snapshot, as the words that readers and writers of snapshots work on.
#[derive(Clone, Copy, Debug)]
pub struct SharedSnapshot<'a>(pub &'a Attached);

impl Words for SharedSnapshot<'_> {
    fn count(&self) -> usize {
        self.0.size() / 8
    }

    fn load(&self, index: usize, order: Ordering) -> Option<u64> {
        self.0.load_u64(index.checked_mul(8)?, order).ok()
    }
}

impl WordsMut for SharedSnapshot<'_> {
    fn store(&self, index: usize, word: u64, order: Ordering) -> Option<()> {
        self.0.atomic_u64(index.checked_mul(8)?).ok().map(|slot| slot.store(word, order))
    }
}
