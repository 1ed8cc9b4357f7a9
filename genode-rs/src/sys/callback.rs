//! Values that callbacks of the seam work on.
//!
//! Such a value lies in a box of its own, whose address the seam passes to each callback. Its owner
//! may be dropped from within a callback; then the outermost callback frees the box.

use alloc::boxed::Box;
use core::{cell::Cell, ffi::c_void, fmt, ops::Deref, ptr::NonNull};

/// What the owner and the callbacks share. Touched on the entrypoint only, except while nobody else
/// knows it.
pub(super) struct Shared<T> {
    value: T,
    /// Callbacks on the stack; more than one where the entrypoint handles I/O signals meanwhile.
    running: Cell<usize>,
    /// The owner was dropped from within a callback.
    orphaned: Cell<bool>,
}

impl<T> Shared<T> {
    /// Tells whether the owner was dropped, so that there is nothing left to do.
    pub(super) fn orphaned(&self) -> bool {
        self.orphaned.get()
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// The owner of a value that callbacks work on. Drop it behind the call that ends the callbacks.
///
/// Belongs to the thread of the entrypoint: neither `Send` nor `Sync`.
pub(super) struct Callback<T>(NonNull<Shared<T>>);

impl<T> Callback<T> {
    pub(super) fn new(value: T) -> Self {
        let shared = Shared { value, running: Cell::new(0), orphaned: Cell::new(false) };
        Self(NonNull::from(Box::leak(Box::new(shared))))
    }

    /// The address to be passed to callbacks, for [`enter`].
    pub(super) fn context(&self) -> *mut c_void {
        self.0.as_ptr().cast()
    }
}

impl<T> Deref for Callback<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the box lives as long as `self`, and only shared references to it are ever made.
        unsafe { &self.0.as_ref().value }
    }
}

impl<T> Drop for Callback<T> {
    fn drop(&mut self) {
        // SAFETY: the box lives as long as `self`.
        let shared = unsafe { self.0.as_ref() };
        if shared.running.get() > 0 {
            shared.orphaned.set(true);
        } else {
            // SAFETY: made by `new` and not freed before; no callback of it is on the stack, and the
            // owner has ended further ones.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

impl<T> fmt::Debug for Callback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}

/// Runs the body of a callback with the value behind its context.
///
/// # Safety
/// `context` is that of a [`Callback`]`<T>` for which the seam still runs callbacks, on the thread of
/// its entrypoint.
#[inline]
pub(super) unsafe fn enter<T, R>(context: *mut c_void, body: impl FnOnce(&Shared<T>) -> R) -> R {
    let shared = context.cast::<Shared<T>>();
    // SAFETY: the owner keeps the box until the seam runs no callback any more; if it is dropped by this
    // one or one around it, it leaves the box to the outermost. Callbacks of one entrypoint never run
    // concurrently. The shared references end before the box is freed.
    let (result, free) = unsafe {
        let running = &(*shared).running;
        running.set(running.get() + 1);
        let result = body(&*shared);
        running.set(running.get() - 1);
        (result, running.get() == 0 && (*shared).orphaned.get())
    };
    if free {
        // SAFETY: see above: the owner is gone, and no callback of it is left on the stack.
        drop(unsafe { Box::from_raw(shared) });
    }
    result
}

#[cfg(test)]
mod tests {
    use alloc::rc::Rc;

    use super::*;

    #[test]
    fn the_last_one_frees() {
        let value = Rc::new(());
        drop(Callback::new(value.clone()));
        assert_eq!(Rc::strong_count(&value), 1, "the owner, outside of callbacks");

        let owner = Cell::new(Some(Callback::new(value.clone())));
        let context = owner.take().map(|callback| {
            let context = callback.context();
            owner.set(Some(callback));
            context
        });
        let context = context.unwrap();
        // SAFETY: the context of the owner above, on one thread.
        let nested = unsafe {
            enter::<Rc<()>, _>(context, |outer| {
                enter::<Rc<()>, _>(context, |_| drop(owner.take()));
                (outer.orphaned(), Rc::strong_count(&value))
            })
        };
        assert_eq!(nested, (true, 2), "not the inner callback");
        assert_eq!(Rc::strong_count(&value), 1, "but the outer one");
    }
}
