//! The mutex with its value.

use super::raw::RawMutex;

/// A value that one thread at a time may use. Never poisoned, since a panic ends the component.
///
/// Who waits is served in the order of arrival. A thread that runs may take a free mutex before them, but only until the
/// first in the queue has run again: if that one finds the mutex taken, it is handed over at the next release.
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// Access to the value of a [`Mutex`], for as long as it lives.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
