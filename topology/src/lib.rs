//! One view of a NUMA machine, whatever told us about it.
//!
//! Do not read SRAT, sysfs or a session's replies yourself: hand each to its module in [`source`],
//! which checks every byte and yields [`Claims`]; hand all claims to [`Machine::build`], which puts
//! them together, remembers who said what, and lists every disagreement; then ask the [`Machine`].
//!
//! ```
//! use topology::{Machine, NodeId, source::synthetic};
//!
//! let claims = synthetic::parse("node:2 core:4 pu:2").unwrap();
//! let machine = Machine::build(&[claims]).unwrap();
//! assert_eq!(machine.nodes().len(), 2);
//! assert_eq!(machine.cpus_of(NodeId(1)).unwrap().count(), 8);
//! assert_eq!(machine.cpus_of(NodeId(7)), None); // an unknown id is an answer, not a crash
//! assert_eq!(machine.distance(NodeId(0), NodeId(1)), None); // nobody said: no guess
//! ```
//!
//! | layer | modules |
//! |---|---|
//! | what a machine is | [`model`](Machine), [`CpuSet`], [`Fact`], queries on [`Machine`], [`place`] |
//! | where facts come from | [`source`], [`Claims`], [`Conflict`] |
//! | what a component may see | [`CpuGrid`], [`View`](view::View), [`snapshot`], [`wire`] |
//! | for people | [`render`]; the command line tool is the package `topo` |
//!
//! The crate is `no_std` with `alloc`, has no unsafe code, and assumes nothing about the processor:
//! x86 appears in the sources that read x86 tables, never in the model.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod claims;
mod conflict;
mod fact;
mod grid;
mod id;
mod merge;
mod model;
pub mod place;
mod query;
pub mod render;
mod set;
pub mod snapshot;
pub mod source;
pub mod view;
pub mod wire;

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use claims::{
    AccessClaim, AllowedClaim, CacheClaim, Claims, CpuClaim, CpuKey, DistanceClaim, KeyKind,
    MemoryCacheClaim, NodeClaim, NodeIds, RangeClaim, SpaceClaim,
};
pub use conflict::{Conflict, Note, Subject};
pub use fact::{Fact, Source};
pub use genode_affinity::{Affinity, Location, OutsideSpace, Space};
pub use grid::{CpuGrid, GridError};
pub use id::{CpuId, NodeId};
pub use merge::BuildError;
pub use model::{
    Access, AccessKind, Cache, CacheType, Cpu, CpuKind, MAX_CPUS, MAX_NODES, MAX_RANGES, Machine,
    MemoryCache, MemoryRange, Node, NodeKind, Position, RangeFlags,
};
pub use query::{Metric, Ranked};
pub use set::{CpuSet, ListError};
