//! Entrypoints and signal contexts. RPC objects are in [`crate::rpc`].

use alloc::boxed::Box;
use core::{cell::Cell, ffi::c_void};

use genode_sys as seam;

use crate::{affinity::Location, cap::RawCap, error::Error};

/// An entrypoint of the seam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ep(pub(crate) *mut seam::rs_ep_t);

// SAFETY: the pointer is only passed back to the seam, which lets any thread manage and dissolve.
unsafe impl Send for Ep {}
// SAFETY: as above.
unsafe impl Sync for Ep {}

impl Ep {
    /// The entrypoint on which the component is constructed.
    pub(crate) fn main() -> Self {
        // SAFETY: no preconditions.
        Self(unsafe { seam::rs_ep_main() })
    }

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
    /// All objects and signal contexts of it are dissolved, and it is neither the main entrypoint nor used again.
    unsafe fn destroy(self) {
        // SAFETY: passed on to the caller.
        unsafe { seam::rs_ep_destroy(self.0) }
    }

    /// Blocks a callback of this entrypoint until one I/O signal was handled.
    pub(crate) fn wait_io_signal(self) {
        // SAFETY: the entrypoint exists as long as anybody can name it (see `destroy`).
        unsafe { seam::rs_ep_wait_io_signal(self.0) }
    }
}

type Body = Box<dyn FnMut(u32)>;

/// What a signal's trampoline needs. Touched on the entrypoint only, except while nobody else knows it.
struct Handler {
    body: Cell<Option<Body>>,
    /// Submissions that arrived while the body ran (it may wait for I/O signals, its own included).
    missed: Cell<u32>,
    /// The `Context` was dropped from within the body.
    orphaned: Cell<bool>,
    running: Cell<bool>,
}

extern "C" fn on_signal(ctx: *mut c_void, count: u32) {
    let handler = ctx.cast::<Handler>();
    // SAFETY: `Context` keeps the handler alive until the seam runs no callback any more; if it is dropped by
    // the callback itself, it leaves the handler to us (`orphaned`). Callbacks of one entrypoint never run
    // concurrently, and a nested one finds `running` set; the shared reference ends before the box is freed.
    let orphaned = unsafe { (*handler).run(count) };
    if orphaned {
        // SAFETY: see above: the `Context` is gone and no callback of it is left on the stack.
        drop(unsafe { Box::from_raw(handler) });
    }
}

impl Handler {
    /// Runs the body for `count` signals; true when the handler is left to be freed.
    fn run(&self, count: u32) -> bool {
        if self.running.replace(true) {
            self.missed.set(self.missed.get().saturating_add(count));
            return false;
        }
        let mut count = count;
        if let Some(mut body) = self.body.take() {
            while count > 0 && !self.orphaned.get() {
                body(count);
                count = self.missed.take();
            }
            self.body.set(Some(body));
        }
        self.running.set(false);
        self.orphaned.get()
    }
}

/// A signal context with its handler. Dropping it removes it.
///
/// Belongs to the thread of its entrypoint: neither `Send` nor `Sync`.
#[derive(Debug)]
pub(crate) struct Context {
    signal: *mut seam::rs_signal_t,
    handler: *mut Handler,
    cap: RawCap,
}

impl core::fmt::Debug for Handler {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Handler").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Context {
    /// Creates a context on `ep` whose handler is `body`.
    pub(crate) fn create(ep: Ep, io: bool, body: Body) -> Result<Self, Error> {
        let handler = Box::into_raw(Box::new(Handler {
            body: Cell::new(Some(body)),
            missed: Cell::new(0),
            orphaned: Cell::new(false),
            running: Cell::new(false),
        }));
        let (mut signal, mut cap) = (core::ptr::null_mut(), 0);
        // SAFETY: out parameters are live, the context pointer lives until `drop`.
        let created = Error::check(unsafe {
            seam::rs_signal_create(
                ep.0,
                io,
                Some(on_signal),
                handler.cast(),
                &raw mut signal,
                &raw mut cap,
            )
        });
        if let Err(error) = created {
            // SAFETY: the seam did not take the pointer.
            drop(unsafe { Box::from_raw(handler) });
            return Err(error);
        }
        Ok(Self { signal, handler, cap: RawCap::from_handle(cap) })
    }

    /// The context's capability.
    pub(crate) fn cap(&self) -> &RawCap {
        &self.cap
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: created by `create` and not destroyed before. When the call returns, no callback runs or will
        // start, except the one that is on our own stack if we are called from it.
        unsafe {
            seam::rs_signal_destroy(self.signal);
            if (*self.handler).running.get() {
                (*self.handler).orphaned.set(true);
            } else {
                drop(Box::from_raw(self.handler));
            }
        }
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
    body: impl FnOnce(Ep) + Send + 'static,
) -> Result<(), Error> {
    let ep = Ep::create(name, stack_size, at)?;
    run_on(ep, move || body(ep)).inspect_err(|_| {
        // SAFETY: nothing was made on it, and nobody else knows it.
        unsafe { ep.destroy() }
    })
}

/// Runs `body` once on the entrypoint's thread. Does not wait for it.
fn run_on(ep: Ep, body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let mut body = Some(body);
    // The context removes itself through `slot` when it has run.
    let slot = alloc::rc::Rc::new(Cell::new(None::<Context>));
    let own = slot.clone();
    let context = Context::create(
        ep,
        false,
        Box::new(move |_| {
            if let Some(body) = body.take() {
                body();
            }
            drop(own.take());
        }),
    )?;
    let cap = context.cap().clone();
    // Nothing runs before the submission, so the other thread does not see the `Rc` yet, and we not any more.
    slot.set(Some(context));
    drop(slot);
    submit(&cap, 1);
    Ok(())
}
