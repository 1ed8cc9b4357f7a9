//! All that threads settle without a lock, and the lock: on [`sync`]'s atomics, which a model checker
//! replaces. Knows nothing of blocks and superblocks.

pub mod lock;
pub mod remote;
pub(crate) mod sync;
