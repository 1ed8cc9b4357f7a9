//! Objects and signal contexts at the main entrypoint, served by closures.
#![allow(unsafe_code, reason = "the seam as it is, for tests below the SDK")]

use std::ffi::c_void;

use genode_sys::*;
use genode_wire::{Caps, Encode, ExceptionCode, Reader};

use crate::body::{Body, NoCap};

/// Serves a call: opcode, the rest of the body, capabilities (borrowed), and the reply.
type Handler = Box<dyn FnMut(u64, &[u8], &[rs_cap_t], &mut Reply) -> ExceptionCode>;

/// A reply that is being made.
#[derive(Debug, Default)]
pub struct Reply {
    /// The body.
    pub body: Vec<u8>,
    /// Capabilities, which the reply takes over.
    pub caps: Vec<rs_cap_t>,
}

impl Reply {
    /// Writes the body.
    pub fn put<T: Encode<NoCap>>(&mut self, result: &T) {
        self.body = Body::default().put(result).get().unwrap_or_default().to_vec();
    }
}

unsafe extern "C" fn dispatch(
    ctx: *mut c_void,
    call: *const rs_msg_t,
    reply: *mut rs_msg_t,
) -> i64 {
    // SAFETY: the handler that `serve` leaked; the entrypoint serves one call at a time.
    let handler = unsafe { &mut *ctx.cast::<Handler>() };
    // SAFETY: the seam passes live messages.
    let (call, reply) = unsafe { (&*call, &mut *reply) };
    // SAFETY: `len` bytes of the call are valid.
    let body = unsafe { std::slice::from_raw_parts(call.data, call.len) };
    let opcode = Reader::new(body, &mut Caps::<NoCap>::new()).take().unwrap_or(u64::MAX);
    let caps = call.caps.get(..call.num_caps as usize).unwrap_or_default();
    let mut out = Reply::default();
    let code = handler(opcode, body.get(8..).unwrap_or_default(), caps, &mut out);
    reply.len = out.body.len().min(reply.capacity);
    // SAFETY: as much as the reply has room for.
    unsafe { std::ptr::copy_nonoverlapping(out.body.as_ptr(), reply.data, reply.len) };
    reply.num_caps = out.caps.len().min(reply.caps.len()) as u32;
    for (to, from) in reply.caps.iter_mut().zip(&out.caps) {
        *to = *from;
    }
    code.value()
}

/// Serves an object at the main entrypoint for the rest of the component's life, unless it is dissolved.
///
/// # Errors
/// What the seam says.
pub fn serve(
    handler: impl FnMut(u64, &[u8], &[rs_cap_t], &mut Reply) -> ExceptionCode + 'static,
) -> Result<(*mut rs_object_t, rs_cap_t), rs_err_t> {
    let handler: Handler = Box::new(handler);
    let ctx = Box::into_raw(Box::new(handler));
    let (mut object, mut cap) = (std::ptr::null_mut(), 0);
    // SAFETY: the function fits its context, which lives for ever; live out parameters.
    let made = unsafe {
        rs_object_manage(rs_ep_main(), Some(dispatch), ctx.cast(), &raw mut object, &raw mut cap)
    };
    if made == RS_OK { Ok((object, cap)) } else { Err(made) }
}

unsafe extern "C" fn on_signal(ctx: *mut c_void, count: u32) {
    // SAFETY: the handler that `signal` leaked; the entrypoint runs one at a time.
    let handler = unsafe { &mut *ctx.cast::<Box<dyn FnMut(u32)>>() };
    handler(count);
}

/// Handles signals at the main entrypoint for the rest of the component's life, unless it is destroyed.
///
/// # Errors
/// What the seam says.
pub fn signal(
    handler: impl FnMut(u32) + 'static,
) -> Result<(*mut rs_signal_t, rs_cap_t), rs_err_t> {
    let handler: Box<dyn FnMut(u32)> = Box::new(handler);
    let ctx = Box::into_raw(Box::new(handler));
    let (mut object, mut cap) = (std::ptr::null_mut(), 0);
    // SAFETY: the function fits its context, which lives for ever; live out parameters.
    let made = unsafe {
        rs_signal_create(
            rs_ep_main(),
            false,
            Some(on_signal),
            ctx.cast(),
            &raw mut object,
            &raw mut cap,
        )
    };
    if made == RS_OK { Ok((object, cap)) } else { Err(made) }
}
