//! Tasks that wait for the same thing, each until it finds it.

use alloc::collections::BTreeMap;
use core::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// Wakers of those who look again at every [`notify`](Self::notify).
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    wakers: RefCell<BTreeMap<u64, Waker>>,
    last: Cell<u64>,
}

impl Waiters {
    /// Waits until `find` finds something. It is called now and after each notification.
    pub(crate) fn until<T, F: FnMut() -> Option<T>>(&self, find: F) -> Until<'_, F> {
        Until { waiters: self, number: None, find }
    }

    /// Lets all that wait look again.
    ///
    /// All, since one that was woken may be dropped before it looks.
    #[inline]
    pub(crate) fn notify(&self) {
        if self.wakers.borrow().is_empty() {
            return; // mostly: also where each packet that is freed asks
        }
        self.wake();
    }

    #[cold]
    fn wake(&self) {
        let wakers = self.wakers.take();
        wakers.into_values().for_each(Waker::wake);
    }
}

/// Waits among [`Waiters`].
#[must_use = "futures do nothing unless they are awaited"]
pub(crate) struct Until<'a, F> {
    waiters: &'a Waiters,
    number: Option<u64>,
    find: F,
}

impl<F> Until<'_, F> {
    fn leave(&mut self) {
        if let Some(number) = self.number.take() {
            let waker = self.waiters.wakers.borrow_mut().remove(&number);
            drop(waker); // may drop a task, which leaves as well
        }
    }
}

impl<T, F: FnMut() -> Option<T> + Unpin> Future for Until<'_, F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(found) = (self.find)() {
            self.leave();
            return Poll::Ready(found);
        }
        let number = self.number.unwrap_or_else(|| {
            let number = self.waiters.last.get().wrapping_add(1);
            self.waiters.last.set(number);
            number
        });
        self.number = Some(number);
        let before = self.waiters.wakers.borrow_mut().insert(number, context.waker().clone());
        drop(before);
        Poll::Pending
    }
}

impl<F> Drop for Until<'_, F> {
    fn drop(&mut self) {
        self.leave();
    }
}
