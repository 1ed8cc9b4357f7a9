//! The shipped mutex around a value whose accesses the model checker watches.

use std::ops::{Deref, DerefMut};

use loom::cell::{MutPtr, UnsafeCell};

use crate::raw::RawMutex;

/// As the SDK's `Mutex`, as far as the sources under test use it.
pub(crate) struct Mutex<T> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: that the lock makes this true is what is checked; loom's cell reports a violation.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { raw: RawMutex::new(), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.raw.acquire();
        Guard { lock: self, value: Some(self.value.get_mut()) }
    }
}

/// The value, under the lock.
pub(crate) struct Guard<'a, T> {
    lock: &'a Mutex<T>,
    /// `None` while it is dropped.
    value: Option<MutPtr<T>>,
}

impl<T> Guard<'_, T> {
    fn value(&self) -> &MutPtr<T> {
        self.value.as_ref().expect("a guard that is not dropped")
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: under the lock; loom reports it when another thread is inside.
        unsafe { self.value().deref() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { self.value().deref() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        // SAFETY: taken when the guard was made.
        unsafe { self.lock.raw.release() };
    }
}
