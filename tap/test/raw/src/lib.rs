//! The seam as plain functions, and ways past it, for components that test the host target from below the SDK.
//!
//! What the SDK sees to is left to the caller here: capabilities are numbers, nothing is given back by itself, and messages are
//! whatever is written into them. [`past`] talks to core and to other entrypoints without the component's runtime.
#![deny(missing_docs)]
#![allow(unsafe_code, reason = "the seam as it is, for tests below the SDK")]

mod body;
pub mod past;
mod serve;

use genode_args::cost;
pub use genode_args::quota::Amount;
use genode_host_proto::opcode::OPCODES;
use genode_sys::*;
use genode_wire::{Caps, Decode, ExceptionCode, Reader, WireError};

pub use body::{Body, NoCap};
pub use serve::{Reply, serve, signal};

/// Prints a line of the LOG.
pub fn log(text: &str) {
    // SAFETY: a live string.
    unsafe { rs_log(RS_LOG, text.as_ptr().cast(), text.len()) };
}

/// Prints a formatted line of the LOG.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::log(&format!($($arg)*)) };
}

/// What came back from a call.
#[derive(Debug)]
pub struct Answer {
    /// Success, or why there is no result.
    pub code: ExceptionCode,
    /// The body.
    pub body: Vec<u8>,
    /// Capabilities, owned by whoever has the answer.
    pub caps: Vec<rs_cap_t>,
}

impl Answer {
    /// The result, as far as the body tells it.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn result<T: for<'m> Decode<'m, NoCap>>(&self) -> Result<T, WireError> {
        Reader::new(&self.body, &mut Caps::new()).take()
    }

    /// The first word of the body, 0 if there is none.
    pub fn word(&self) -> u64 {
        self.result().unwrap_or(0)
    }

    /// The first capability, 0 if there is none.
    pub fn cap(&self) -> rs_cap_t {
        self.caps.first().copied().unwrap_or(0)
    }
}

/// Calls a capability.
///
/// # Errors
/// What the seam says; [`RS_OVERFLOW`] if the message is too large.
pub fn call(
    dst: rs_cap_t,
    opcode: u64,
    caps: &[rs_cap_t],
    fill: impl FnOnce(&mut Body),
) -> Result<Answer, rs_err_t> {
    let mut body = Body::default();
    body.put(&opcode);
    fill(&mut body);
    let len = body.get().ok_or(RS_OVERFLOW)?.len();
    let mut all = [0; RS_MAX_CAPS as usize];
    for (to, from) in all.iter_mut().zip(caps) {
        *to = *from;
    }
    let call = rs_msg_t {
        data: body.as_mut_ptr(),
        len,
        capacity: len,
        caps: all,
        num_caps: caps.len() as u32,
    };
    let mut out = vec![0; RS_MAX_BODY as usize];
    let mut reply = rs_msg_t {
        data: out.as_mut_ptr(),
        len: 0,
        capacity: out.len(),
        caps: [0; RS_MAX_CAPS as usize],
        num_caps: 0,
    };
    let mut code = 0;
    // SAFETY: messages and the out parameter are live.
    match unsafe { rs_call(dst, &raw const call, &raw mut reply, &raw mut code) } {
        RS_OK => {
            out.truncate(reply.len);
            let caps = reply.caps.into_iter().take(reply.num_caps as usize).collect();
            Ok(Answer { code: ExceptionCode::new(code), body: out, caps })
        }
        e => Err(e),
    }
}

/// Opens a session: its number and its capability.
///
/// # Errors
/// What the seam says.
pub fn open(service: &str, label: &str, donation: Amount) -> Result<(u64, rs_cap_t), rs_err_t> {
    let Amount { ram, caps } = donation;
    let args = format!("label=\"{label}\", ram_quota={}, cap_quota={caps}", ram.0);
    let (mut id, mut cap) = (0, 0);
    // SAFETY: live strings and out parameters; no affinity.
    let result = unsafe {
        rs_session_open(
            service.as_ptr().cast(),
            service.len(),
            args.as_ptr().cast(),
            args.len(),
            std::ptr::null(),
            &raw mut id,
            &raw mut cap,
        )
    };
    if result == RS_OK { Ok((id, cap)) } else { Err(result) }
}

/// Attaches a dataspace at an address, 0 for anywhere: where it is, and its size.
///
/// # Errors
/// What the seam says.
pub fn attach_at(ds: rs_cap_t, at: usize, writeable: bool) -> Result<(usize, usize), rs_err_t> {
    let attr = rs_attach_attr_t { offset: 0, size: 0, at, writeable, executable: false };
    let (mut addr, mut size) = (0, 0);
    // SAFETY: a live attribute and out parameters.
    match unsafe { rs_attach(ds, &raw const attr, &raw mut addr, &raw mut size) } {
        RS_OK => Ok((addr, size)),
        e => Err(e),
    }
}

/// Attaches a dataspace anywhere.
///
/// # Errors
/// What the seam says.
pub fn attach(ds: rs_cap_t, writeable: bool) -> Result<usize, rs_err_t> {
    attach_at(ds, 0, writeable).map(|(addr, _)| addr)
}

/// Allocates RAM.
///
/// # Errors
/// What the seam says.
pub fn alloc(size: usize) -> Result<rs_cap_t, rs_err_t> {
    let mut ds = 0;
    // SAFETY: a live out parameter.
    match unsafe { rs_ram_alloc(size, RS_CACHED, RS_ANY_NODE, &raw mut ds) } {
        RS_OK => Ok(ds),
        e => Err(e),
    }
}

/// Frees RAM that [`alloc`] gave and nobody uses any more.
pub fn free(ds: rs_cap_t) {
    // SAFETY: a number that names nothing frees nothing.
    unsafe { rs_ram_free(ds) };
}

/// The component's accounts.
pub fn quota() -> rs_quota_t {
    let mut q = rs_quota_t { ram_limit: 0, ram_used: 0, caps_limit: 0, caps_used: 0 };
    // SAFETY: a live out parameter.
    unsafe { rs_quota(&raw mut q) };
    q
}

/// Tells the parent that the component is done, and ends.
pub fn exit(value: i32) -> ! {
    // SAFETY: no precondition.
    unsafe { rs_exit(value) }
}

/// Whether a thread can be started at a location, and then moved to another.
pub fn thread_at(first: rs_location_t, then: rs_location_t) -> bool {
    unsafe extern "C" fn nothing(_: *mut std::ffi::c_void) {}
    let mut thread = std::ptr::null_mut();
    // SAFETY: a live name and out parameter, a function that does nothing.
    let made = unsafe {
        rs_thread_create(
            c"t".as_ptr(),
            1,
            1 << 16,
            first,
            Some(nothing),
            std::ptr::null_mut(),
            &raw mut thread,
        )
    };
    if made != RS_OK {
        return false;
    }
    // SAFETY: a live thread.
    let moved = unsafe { rs_thread_migrate(thread, then) };
    // SAFETY: made above, joined once.
    unsafe { rs_thread_join(thread) };
    // A thread that ended already cannot be moved, but may have been where it was started.
    let same = (first.x, first.y, first.w, first.h) == (then.x, then.y, then.w, then.h);
    moved == RS_OK || (moved == RS_INVALID && same)
}

/// The number that a ROM module holds as text.
pub fn read_number(module: &str) -> Option<u32> {
    let (id, session) = open("ROM", module, cost::ROM).ok()?;
    let ds = call(session, OPCODES.rom.dataspace, &[], |_| {}).ok()?.cap();
    let (addr, size) = attach_at(ds, 0, false).ok()?;
    // SAFETY: attached for reading until the end of this function; nobody writes to a boot module.
    let bytes =
        unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance::<u8>(addr), size) };
    let number = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.trim_end_matches('\0').trim().parse().ok());
    // SAFETY: ours, and not used any more.
    unsafe {
        rs_detach(addr);
        rs_cap_drop(ds);
        rs_cap_drop(session);
        rs_session_close(id);
    }
    number
}
