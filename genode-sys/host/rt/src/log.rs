//! The LOG session: lines, in pieces that fit its interface.
use std::ffi::c_char;
use std::sync::Mutex;

use genode_abi::*;
use genode_host_proto::opcode::log;

use crate::sync::lock;
use crate::{env, rpc};

/// Keeps the pieces of one line together.
static LINE: Mutex<()> = Mutex::new(());

/// Print one line.
pub(crate) fn line(level: rs_log_level_t, text: &[u8]) {
    // Genode's colours and prefixes; core removes colours where nobody would see them.
    let (head, tail): (&[u8], &[u8]) = match level {
        RS_WARNING => (b"\x1b[34mWarning: ", b"\x1b[0m\n"),
        RS_ERROR => (b"\x1b[31mError: ", b"\x1b[0m\n"),
        _ => (b"", b"\n"),
    };
    let session = env::log();
    let mut buf = [0u8; log::MAX - 1];
    let mut len = 0;
    let _line = lock(&LINE);
    for part in [head, text, tail] {
        for c in part {
            if len == buf.len() {
                write(session, &buf);
                len = 0;
            }
            if let Some(dst) = buf.get_mut(len) {
                *dst = *c;
                len += 1;
            }
        }
    }
    write(session, buf.get(..len).unwrap_or_default());
}

fn write(session: rs_cap_t, text: &[u8]) {
    // A log that does not work cannot be reported.
    let _ = rpc::call(session, log::WRITE, &[], |w| {
        w.in_string(text);
    });
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_log(level: rs_log_level_t, msg: *const c_char, len: usize) {
    // SAFETY: a valid string, by the contract.
    line(level, unsafe { bytes(msg, len) });
}

/// Bytes of a string that the seam passes.
///
/// # Safety
/// `len` bytes at `ptr` are valid for `'a`, or `len` is 0.
pub(crate) unsafe fn bytes<'a>(ptr: *const c_char, len: usize) -> &'a [u8] {
    if len == 0 || ptr.is_null() {
        return &[];
    }
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts(ptr.cast(), len) }
}
