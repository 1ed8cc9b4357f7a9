//! Calls to objects, and objects that are called.

use alloc::boxed::Box;
use core::{cell::Cell, ffi::c_void, ops::Deref, ptr};

use genode_sys as seam;

use super::entrypoint::Ep;
use crate::{
    cap::RawCap,
    error::Error,
    rpc::{Answer, Caps, ExceptionCode, MAX_CAPS},
};

/// Calls the object behind `dst` and waits for the reply.
///
/// The seam never reports more bytes than the reply has room for, and never more than four capabilities;
/// a number beyond is cut, since what is behind it was not written.
#[inline]
pub(crate) fn call(
    dst: &RawCap,
    (body, caps): (&[u8], &Caps),
    (reply_body, reply_caps): (&mut [u8], &mut Caps),
) -> Result<Answer, Error> {
    reply_caps.clear();
    let mut handles = [0; MAX_CAPS];
    let caps = caps.as_slice();
    for (handle, cap) in handles.iter_mut().zip(caps) {
        *handle = cap.handle();
    }
    let call = seam::rs_msg_t {
        data: body.as_ptr().cast_mut(),
        len: body.len(),
        capacity: body.len(),
        caps: handles,
        num_caps: caps.len() as u32,
    };
    let mut reply = seam::rs_msg_t {
        data: reply_body.as_mut_ptr(),
        len: 0,
        capacity: reply_body.len(),
        caps: [0; MAX_CAPS],
        num_caps: 0,
    };
    let mut code = 0;
    // SAFETY: both messages describe live buffers, the call's is only read; the handles are live, as `caps` is
    // borrowed.
    Error::check(unsafe {
        seam::rs_call(dst.handle(), &raw const call, &raw mut reply, &raw mut code)
    })?;
    for &handle in reply.caps.iter().take(reply.num_caps as usize) {
        reply_caps.push(RawCap::from_handle(handle)).map_err(|_| Error::Overflow)?;
    }
    Ok(Answer { len: reply.len.min(reply_body.len()), code: ExceptionCode::new(code) })
}

/// What answers the calls to an object.
pub(crate) trait Handler {
    /// Serves one call.
    fn handle(&self, call: (&[u8], &mut Caps), reply: (&mut [u8], &mut Caps)) -> Answer;
}

/// What an object's trampoline needs. Touched on the entrypoint only, except while nobody else knows it.
struct Inner<H> {
    handler: H,
    /// Calls on the stack: one, unless the handler waits for I/O signals in ways that serve calls.
    running: Cell<usize>,
    /// The `Managed` was dropped from within a call.
    orphaned: Cell<bool>,
}

/// An object that an entrypoint serves. Dropping it ends that; the handler may do so in its own call.
///
/// Belongs to the thread of its entrypoint: neither `Send` nor `Sync`.
#[derive(Debug)]
pub(crate) struct Managed<H> {
    object: *mut seam::rs_object_t,
    inner: *mut Inner<H>,
    cap: RawCap,
}

impl<H: Handler> Managed<H> {
    /// Lets `ep`, which is the entrypoint of the calling thread, serve calls by `handler`.
    pub(crate) fn create(ep: Ep, handler: H) -> Result<Self, Error> {
        let inner = Box::into_raw(Box::new(Inner {
            handler,
            running: Cell::new(0),
            orphaned: Cell::new(false),
        }));
        let (mut object, mut cap) = (ptr::null_mut(), 0);
        // SAFETY: out parameters are live, the context pointer lives until `drop`.
        let managed = Error::check(unsafe {
            seam::rs_object_manage(
                ep.0,
                Some(on_call::<H>),
                inner.cast(),
                &raw mut object,
                &raw mut cap,
            )
        });
        if let Err(error) = managed {
            // SAFETY: the seam did not take the pointer.
            drop(unsafe { Box::from_raw(inner) });
            return Err(error);
        }
        Ok(Self { object, inner, cap: RawCap::from_handle(cap) })
    }

    /// The object's capability.
    pub(crate) fn cap(&self) -> &RawCap {
        &self.cap
    }
}

impl<H> Deref for Managed<H> {
    type Target = H;

    fn deref(&self) -> &H {
        // SAFETY: the box lives as long as `self`, and only shared references to it are ever made.
        unsafe { &(*self.inner).handler }
    }
}

impl<H> Drop for Managed<H> {
    fn drop(&mut self) {
        // SAFETY: created by `create` and not dissolved before. When the call returns, no dispatch runs or will
        // start, except one that is on our own stack if we are called from it: then it frees the box.
        unsafe {
            seam::rs_object_dissolve(self.object);
            if (*self.inner).running.get() > 0 {
                (*self.inner).orphaned.set(true);
            } else {
                drop(Box::from_raw(self.inner));
            }
        }
    }
}

extern "C" fn on_call<H: Handler>(
    ctx: *mut c_void,
    call: *const seam::rs_msg_t,
    reply: *mut seam::rs_msg_t,
) -> i64 {
    let inner = ctx.cast::<Inner<H>>();
    // SAFETY: `Managed` keeps the box alive until the seam runs no callback any more; if it is dropped by the
    // callback itself, it leaves the box to us (`orphaned`). Callbacks of one entrypoint never run concurrently.
    // The seam passes live messages, with `len` and `capacity` bytes of initialised memory behind `data`
    // that nobody else touches during the callback.
    let (code, free) = unsafe {
        (*inner).running.set((*inner).running.get() + 1);
        let code = answer(&(*inner).handler, &*call, &mut *reply);
        let running = (*inner).running.get() - 1;
        (*inner).running.set(running);
        (code, running == 0 && (*inner).orphaned.get())
    };
    if free {
        // SAFETY: see above: the `Managed` is gone and no callback of it is left on the stack.
        drop(unsafe { Box::from_raw(inner) });
    }
    code
}

/// Serves one call of the seam.
///
/// # Safety
/// `call.len` bytes at `call.data` and `reply.capacity` bytes at `reply.data` are initialised and not
/// touched by anybody else.
unsafe fn answer<H: Handler>(
    handler: &H,
    call: &seam::rs_msg_t,
    reply: &mut seam::rs_msg_t,
) -> i64 {
    let mut caps = Caps::new();
    for &handle in call.caps.iter().take(call.num_caps as usize) {
        // The seam lends its handles, so what the server takes is a reference of its own.
        let cap = RawCap::from_handle(if handle == 0 { 0 } else { super::cap::dup(handle) });
        if caps.push(cap).is_err() {
            break;
        }
    }
    let body = if call.data.is_null() {
        &[][..]
    } else {
        // SAFETY: passed on to the caller.
        unsafe { core::slice::from_raw_parts(call.data, call.len) }
    };
    let reply_body = if reply.data.is_null() {
        &mut [][..]
    } else {
        // SAFETY: passed on to the caller.
        unsafe { core::slice::from_raw_parts_mut(reply.data, reply.capacity) }
    };
    let mut reply_caps = Caps::new();
    let answer = handler.handle((body, &mut caps), (reply_body, &mut reply_caps));
    reply.len = answer.len;
    reply.num_caps = reply_caps.as_slice().len() as u32;
    for (slot, cap) in reply.caps.iter_mut().zip(reply_caps.into_array()) {
        *slot = cap.into_handle();
    }
    answer.code.value()
}
