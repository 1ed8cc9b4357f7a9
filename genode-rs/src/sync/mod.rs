//! Mutual exclusion that blocks.
//!
//! Genode's priorities are strict: a thread that spins can starve the one that holds the lock. So
//! everything here sleeps on Genode's Blockade. [`Once`] and [`Lazy`] (of the crate `spin`) are the exception,
//! meant for initialisation that runs before a second thread exists.

mod condvar;
mod raw;

pub use condvar::Condvar;
pub use raw::RawMutex;
/// A value initialised once, by spinning: for start-up only.
pub use spin::Once;

/// A value computed at first use, by spinning: for start-up only.
pub type Lazy<T, F = fn() -> T> = spin::LazyLock<T, F>;

/// A value that one thread at a time may use. First come, first served; never poisoned, since a panic ends
/// the component.
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// Access to the value of a [`Mutex`], for as long as it lives.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
