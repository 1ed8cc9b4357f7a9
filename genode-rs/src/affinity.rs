//! Affinity: where in the machine a thread or a session lives (`Genode::Affinity`).
//!
//! The types are those of the crate `genode-affinity`, which the topology and the host's system
//! share. Each is a [`Wire`](crate::rpc::Wire) value.

pub use genode_affinity::{Affinity, Location, OutsideSpace, Space};
