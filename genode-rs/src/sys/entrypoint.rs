//! Entrypoints and signal contexts. RPC objects are in [`super::rpc`].

use alloc::{boxed::Box, rc::Rc};
use core::{cell::Cell, ffi::c_void};

use genode_sys as seam;

use super::callback::{self, Callback, Shared};
use crate::{affinity::Location, cap::RawCap, error::Error};

/// The entrypoint of the calling thread. What is made with it is used on that thread only, which is
/// what lets callbacks work on values that are not `Send`.
///
/// Neither `Send` nor `Sync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Here(*mut seam::rs_ep_t);

impl Here {
    /// The entrypoint on which the component is constructed.
    ///
    /// # Safety
    /// Called on that entrypoint's thread.
    pub(crate) unsafe fn main() -> Self {
        // SAFETY: no preconditions.
        Self(unsafe { seam::rs_ep_main() })
    }

    /// The seam's entrypoint.
    pub(crate) fn raw(self) -> *mut seam::rs_ep_t {
        self.0
    }

    /// Blocks a callback of this entrypoint until one I/O signal was handled.
    pub(crate) fn wait_io_signal(self) {
        // SAFETY: the entrypoint exists as long as anybody can name it (see `Remote::destroy`).
        unsafe { seam::rs_ep_wait_io_signal(self.0) }
    }
}

/// A new entrypoint, seen from the thread that creates it.
struct Remote(*mut seam::rs_ep_t);

// SAFETY: the pointer is only passed back to the seam, which lets any thread manage and dissolve.
unsafe impl Send for Remote {}

impl Remote {
    /// Creates an entrypoint with a thread of its own.
    fn create(name: &str, stack_size: usize, at: Location) -> Result<Self, Error> {
        let mut ep = core::ptr::null_mut();
        // SAFETY: name and out parameter are live.
        Error::check(unsafe {
            seam::rs_ep_create(
                name.as_ptr().cast(),
                name.len(),
                stack_size,
                super::affinity::location_to_seam(at),
                &raw mut ep,
            )
        })?;
        Ok(Self(ep))
    }

    /// Stops and frees the entrypoint.
    ///
    /// # Safety
    /// All objects and signal contexts of it are dissolved, and it is not used again.
    unsafe fn destroy(self) {
        // SAFETY: passed on to the caller.
        unsafe { seam::rs_ep_destroy(self.0) }
    }
}

type Body = Box<dyn FnMut(u32)>;

/// Submissions that nobody was told of yet, and the death of a component that could submit.
#[derive(Debug, Default)]
pub(crate) struct Untold {
    count: Cell<u32>,
    died: Cell<bool>,
}

impl Untold {
    /// Adds what a handler is called with: a count, or with 0 a death.
    pub(crate) fn add(&self, count: u32) {
        self.count.set(self.count.get().saturating_add(count));
        self.died.set(self.died.get() || count == 0);
    }

    /// Takes what to call a handler with next: the submissions, and behind them a death.
    pub(crate) fn take(&self) -> Option<u32> {
        match self.count.take() {
            0 => self.died.take().then_some(0),
            count => Some(count),
        }
    }
}

/// What a signal's trampoline needs.
struct Handler {
    /// `None` while it runs.
    body: Cell<Option<Body>>,
    /// What arrived while the body ran (it may wait for I/O signals, its own included).
    missed: Untold,
}

extern "C" fn on_signal(context: *mut c_void, count: u32) {
    // SAFETY: the context that `Context::create_on` passed to the seam.
    unsafe { callback::enter::<Handler, _>(context, |handler| run(handler, count)) }
}

/// Runs the body for `count` signals; leaves them to the body that runs already, if it does.
fn run(handler: &Shared<Handler>, count: u32) {
    let Some(mut body) = handler.body.take() else {
        handler.missed.add(count);
        return;
    };
    let mut next = Some(count);
    while let Some(count) = next
        && !handler.orphaned()
    {
        body(count);
        next = handler.missed.take();
    }
    handler.body.set(Some(body));
}

/// A signal context with its handler. Dropping it removes it.
///
/// Belongs to the thread of its entrypoint: neither `Send` nor `Sync`.
#[derive(Debug)]
pub(crate) struct Context {
    signal: *mut seam::rs_signal_t,
    cap: RawCap,
    /// Behind `drop`, which ends its callbacks.
    _handler: Callback<Handler>,
}

impl Context {
    /// Creates a context on the calling thread's entrypoint whose handler is `body`.
    pub(crate) fn create(here: Here, io: bool, body: Body) -> Result<Self, Error> {
        // SAFETY: the body runs on this thread.
        unsafe { Self::create_on(here.0, io, body) }
    }

    /// Creates a context on `ep` whose handler is `body`.
    ///
    /// # Safety
    /// The entrypoint exists. The body, and the context, may be used on its thread.
    unsafe fn create_on(ep: *mut seam::rs_ep_t, io: bool, body: Body) -> Result<Self, Error> {
        let handler =
            Callback::new(Handler { body: Cell::new(Some(body)), missed: Untold::default() });
        let (mut signal, mut cap) = (core::ptr::null_mut(), 0);
        // SAFETY: out parameters are live; the context pointer lives until `drop`, and if the seam refuses, it
        // does not take it.
        let cap = unsafe {
            Error::check(seam::rs_signal_create(
                ep,
                io,
                Some(on_signal),
                handler.context(),
                &raw mut signal,
                &raw mut cap,
            ))?;
            RawCap::from_handle(cap)
        };
        Ok(Self { signal, cap, _handler: handler })
    }

    /// The context's capability.
    pub(crate) fn cap(&self) -> &RawCap {
        &self.cap
    }

    /// Submits one signal at a time of the system's clock, in place of the time that was set
    /// before.
    pub(crate) fn submit_at(&self, us: u64) -> Result<(), Error> {
        // SAFETY: created by `create_on` and not destroyed.
        Error::check(unsafe { seam::rs_signal_at(self.signal, us) })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: created by `create_on` and not destroyed before. When the call returns, no callback runs or
        // will start, except the one that is on our own stack if we are called from it.
        unsafe { seam::rs_signal_destroy(self.signal) }
    }
}

/// Submits `count` signals.
pub(crate) fn submit(context: &RawCap, count: u32) {
    // SAFETY: live handle.
    unsafe { seam::rs_signal_submit(context.handle(), count) }
}

/// Creates an entrypoint and runs `body` once on its thread, with the entrypoint. Does not wait for it.
pub(crate) fn spawn(
    name: &str,
    stack_size: usize,
    at: Location,
    body: impl FnOnce(Here) + Send + 'static,
) -> Result<(), Error> {
    let remote = Remote::create(name, stack_size, at)?;
    run_on(&remote, body).inspect_err(|_| {
        // SAFETY: nothing was made on it, and nobody else knows it.
        unsafe { remote.destroy() }
    })
}

/// Runs `body` once on the entrypoint's thread. Does not wait for it.
fn run_on(remote: &Remote, body: impl FnOnce(Here) + Send + 'static) -> Result<(), Error> {
    let ep = remote.0;
    let mut body = Some(body);
    // The context removes itself through `slot` when it has run.
    let slot = Rc::new(Cell::new(None::<Context>));
    let own = slot.clone();
    let handler = Box::new(move |_| {
        if let Some(body) = body.take() {
            body(Here(ep));
        }
        drop(own.take());
    });
    // SAFETY: the entrypoint exists. The body is `Send`; of the rest the other thread sees nothing before the
    // submission, and this one nothing behind it.
    let context = unsafe { Context::create_on(ep, false, handler)? };
    let cap = context.cap().clone();
    slot.set(Some(context));
    drop(slot);
    submit(&cap, 1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_is_told_behind_the_submissions_and_hides_none() {
        let calls = |told: &[u32]| {
            let untold = Untold::default();
            for count in told {
                untold.add(*count);
            }
            core::iter::from_fn(|| untold.take()).collect::<alloc::vec::Vec<_>>()
        };
        assert_eq!(calls(&[]), []);
        assert_eq!(calls(&[2, 3]), [5]);
        assert_eq!(calls(&[2, 0]), [2, 0]);
        assert_eq!(calls(&[0, 0, 4]), [4, 0]);
        assert_eq!(calls(&[u32::MAX, 1, 0]), [u32::MAX, 0]);
    }
}
