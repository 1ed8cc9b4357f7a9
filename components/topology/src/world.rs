//! The machine that all sessions show parts of.

use genode::node::Node;

use crate::source::Known;

/// What all sessions are views of.
pub(crate) struct World {
    pub(crate) known: Known,
    /// Counts changes of the machine, for the snapshots.
    pub(crate) generation: u32,
    pub(crate) config: Node,
}
