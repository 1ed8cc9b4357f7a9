//! Mutual exclusion that blocks.
//!
//! Genode's priorities are strict: a thread that spins can starve the one that holds the lock. So
//! everything here sleeps on Genode's Blockade, after some microseconds of spinning where there is a second CPU. [`Once`] and [`Lazy`] (of the crate `spin`) are the exception,
//! meant for initialisation that runs before a second thread exists.
#![allow(unsafe_code, reason = "locks")]

mod condvar;
mod mutex;
mod raw;

pub use condvar::Condvar;
pub use mutex::{Mutex, MutexGuard};
pub use raw::RawMutex;
/// A value initialised once, by spinning: for start-up only.
pub use spin::Once;

/// A value computed at first use, by spinning: for start-up only.
pub type Lazy<T, F = fn() -> T> = spin::LazyLock<T, F>;
