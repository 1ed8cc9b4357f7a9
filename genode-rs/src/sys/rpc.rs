//! Calls to objects, and objects that are called.

use core::{ffi::c_void, ops::Deref, ptr};

use genode_sys as seam;
use genode_wire::{ExceptionCode, MAX_CAPS};

use super::{
    callback::{self, Callback},
    entrypoint::Here,
};
use crate::{cap::RawCap, error::Error};

/// The capabilities of one message, in order. Those that nobody takes are given back.
pub type Caps = genode_wire::Caps<RawCap>;

/// What is sent back besides the capabilities in the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Bytes of the reply's body.
    pub len: usize,
    /// Success, or why there is no result.
    pub code: ExceptionCode,
}

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
        // SAFETY: the seam gave out the reference.
        let cap = unsafe { RawCap::from_handle(handle) };
        reply_caps.push(cap).map_err(|_| Error::Overflow)?;
    }
    Ok(Answer { len: reply.len.min(reply_body.len()), code: ExceptionCode::new(code) })
}

/// What answers the calls to an object.
pub(crate) trait Handler {
    /// Serves one call.
    fn handle(&self, call: (&[u8], &mut Caps), reply: (&mut [u8], &mut Caps)) -> Answer;
}

/// An object that an entrypoint serves. Dropping it ends that; the handler may do so in its own call.
///
/// Belongs to the thread of its entrypoint: neither `Send` nor `Sync`.
#[derive(Debug)]
pub(crate) struct Managed<H> {
    object: *mut seam::rs_object_t,
    cap: RawCap,
    /// Behind `drop`, which ends its callbacks.
    handler: Callback<H>,
}

impl<H: Handler> Managed<H> {
    /// Lets the calling thread's entrypoint serve calls by `handler`.
    pub(crate) fn create(here: Here, handler: H) -> Result<Self, Error> {
        let handler = Callback::new(handler);
        let (mut object, mut cap) = (ptr::null_mut(), 0);
        // SAFETY: out parameters are live; the context pointer lives until `drop`, and if the seam refuses, it
        // does not take it.
        let cap = unsafe {
            Error::check(seam::rs_object_manage(
                here.raw(),
                Some(on_call::<H>),
                handler.context(),
                &raw mut object,
                &raw mut cap,
            ))?;
            RawCap::from_handle(cap)
        };
        Ok(Self { object, cap, handler })
    }

    /// The object's capability.
    pub(crate) fn cap(&self) -> &RawCap {
        &self.cap
    }
}

impl<H> Deref for Managed<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.handler
    }
}

impl<H> Drop for Managed<H> {
    fn drop(&mut self) {
        // SAFETY: created by `create` and not dissolved before. When the call returns, no dispatch runs or will
        // start, except one that is on our own stack if we are called from it.
        unsafe { seam::rs_object_dissolve(self.object) }
    }
}

extern "C" fn on_call<H: Handler>(
    context: *mut c_void,
    call: *const seam::rs_msg_t,
    reply: *mut seam::rs_msg_t,
) -> i64 {
    // SAFETY: the context that `Managed::create` passed to the seam. It passes live messages, with `len` and
    // `capacity` bytes of initialised memory behind `data` that nobody else touches during the callback.
    unsafe { callback::enter::<H, _>(context, |handler| answer::<H>(handler, &*call, &mut *reply)) }
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
        // SAFETY: the seam lends live handles, so what the server takes is a reference of its own.
        let cap = unsafe { RawCap::of_borrowed(handle) };
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
    // A server's own `Encode` may have exchanged the writer for one with a larger buffer.
    reply.len = answer.len.min(reply.capacity);
    reply.num_caps = reply_caps.as_slice().len() as u32;
    for (slot, cap) in reply.caps.iter_mut().zip(reply_caps.into_array()) {
        *slot = cap.into_handle();
    }
    answer.code.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server whose reply is longer than the buffer that it was given.
    struct Liar;

    impl Handler for Liar {
        fn handle(&self, _: (&[u8], &mut Caps), reply: (&mut [u8], &mut Caps)) -> Answer {
            Answer { len: reply.0.len() + 8, code: ExceptionCode::SUCCESS }
        }
    }

    #[test]
    fn no_reply_is_longer_than_its_buffer() {
        let mut buffer = [0; 16];
        let call = seam::rs_msg_t {
            data: ptr::null_mut(),
            len: 0,
            capacity: 0,
            caps: [0; MAX_CAPS],
            num_caps: 0,
        };
        let mut reply = seam::rs_msg_t { data: buffer.as_mut_ptr(), capacity: 16, ..call };
        // SAFETY: the call has no body, the reply's buffer is initialised and ours.
        let code = unsafe { answer(&Liar, &call, &mut reply) };
        assert_eq!((code, reply.len, reply.num_caps), (0, 16, 0));
    }
}
