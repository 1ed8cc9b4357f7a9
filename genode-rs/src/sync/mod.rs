//! Mutual exclusion that blocks.
//!
//! Genode's priorities are strict: a thread that spins can starve the one that holds the lock. So
//! everything here sleeps on Genode's Blockade, after some microseconds of spinning where there is a second CPU. [`Once`] and [`Lazy`] (of the crate `spin`) are the exception,
//! meant for initialisation that runs before a second thread exists.

mod condvar;
mod raw;

pub use condvar::Condvar;
pub use raw::RawMutex;
/// A value initialised once, by spinning: for start-up only.
pub use spin::Once;

/// A value computed at first use, by spinning: for start-up only.
pub type Lazy<T, F = fn() -> T> = spin::LazyLock<T, F>;

/// A value that one thread at a time may use. Never poisoned, since a panic ends the component.
///
/// Who waits is served in the order of arrival. A thread that runs may take a free mutex before them, but only until the
/// first in the queue has run again: if that one finds the mutex taken, it is handed over at the next release.
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// Access to the value of a [`Mutex`], for as long as it lives.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
