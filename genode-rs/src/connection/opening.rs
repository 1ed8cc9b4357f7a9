//! Opening a session without blocking the entrypoint.

use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Builder, Connection, Opened, Service, slot::Slot};
use crate::{
    env::Env,
    error::Error,
    sync::Mutex,
    thread::{self, JoinHandle},
};

/// Threads whose sessions nobody waits for any more, until they have ended.
static LEFT: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Joins the threads of the list that have ended.
fn reap() {
    let ended = {
        let mut left = LEFT.lock();
        let (ended, running): (Vec<_>, Vec<_>) = left.drain(..).partition(JoinHandle::is_finished);
        *left = running;
        ended
    };
    drop(ended); // joins them, which does not wait
}

impl<S: Service + ?Sized + 'static> Builder<S> {
    /// Requests the session as [`open`](Self::open) does, while tasks, handlers and calls of the entrypoint go on. The
    /// request begins at once.
    ///
    /// A thread waits for the parent meanwhile, as no kernel's interface tells a component of the answer otherwise; it
    /// costs [`DEFAULT_STACK`](crate::entrypoint::DEFAULT_STACK) bytes until the session is there.
    ///
    /// # Errors
    /// What starting a thread says; the future ends with what opening the session says.
    pub fn open_async(self, _env: Env) -> Result<Opening<S>, Error> {
        reap();
        let slot = Arc::new(Slot::new());
        let filled = slot.clone();
        let thread =
            thread::Builder::new("opening").spawn(move || filled.fill(self.request_enough()))?;
        Ok(Opening { slot, service: PhantomData, thread: Some(thread) })
    }
}

impl<S: Service + ?Sized + 'static> Connection<S> {
    /// Opens a session with the service's usual donation, as [`Builder::open_async`] does.
    ///
    /// # Errors
    /// As there.
    pub fn open_async(env: Env, label: &str) -> Result<Opening<S>, Error> {
        Self::builder(label).open_async(env)
    }
}

/// A session request under way; made by [`Builder::open_async`]. Dropped before the session is there, it closes what still
/// comes.
#[must_use = "dropping it closes the session"]
pub struct Opening<S: Service + ?Sized> {
    slot: Arc<Slot<Result<Opened, Error>>>,
    service: PhantomData<fn() -> *const S>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Service + ?Sized> Future for Opening<S> {
    type Output = Result<Connection<S>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(taken) = self.slot.poll(context.waker()) else { return Poll::Pending };
        let Ok(result) = taken else {
            return Poll::Ready(Err(Error::Gone)); // polled behind its end
        };
        drop(self.thread.take()); // it has done its work: joining it does not wait
        Poll::Ready(result.map(Connection::from))
    }
}

impl<S: Service + ?Sized> Drop for Opening<S> {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            LEFT.lock().push(thread);
            reap();
        }
    }
}

impl<S: Service + ?Sized> fmt::Debug for Opening<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("service", &S::NAME).finish_non_exhaustive()
    }
}
