//! Marks that keep traits to those whom the SDK knows. Hidden, as only the macros and tests name them.

/// An interface that [`#[genode::rpc]`](macro@crate::rpc) made.
pub trait Derived {}

/// What the SDK takes calls to an object by.
pub trait Carrier {}
