//! The LOG session: lines, in pieces that fit its interface.
use std::ffi::c_char;
use std::sync::Mutex;

use genode_abi::*;
use genode_host_proto::interface::log::{Call, MAX};
use genode_wire::InBuffer;

use crate::slices::bytes;
use crate::sync::lock;
use crate::{call, env, outside, rpc};

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
    if outside::is() {
        // Captured by a test's harness.
        eprint!("{}", [head, text, tail].map(String::from_utf8_lossy).concat());
        return;
    }
    let session = env::log();
    let mut piece = Piece::new();
    let _line = lock(&LINE);
    // A zero would end the piece that it is in.
    for c in [head, text, tail].into_iter().flatten().filter(|c| **c != 0) {
        if piece.len() == MAX - 1 {
            write(session, &mut piece);
        }
        let _ = piece.push(*c); // there is room
    }
    write(session, &mut piece);
}

/// Makes sure that later lines are told also when all descriptors are in use: a parent says then
/// what becomes of its children.
pub(crate) fn prepare() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| call::prepare(env::log()));
}

/// A part of a line, and its terminating zero.
type Piece = heapless::Vec<u8, MAX>;

fn write(session: rs_cap_t, piece: &mut Piece) {
    let _ = piece.push(0); // there is room
    if let Some(text) = InBuffer::bytes(piece) {
        // A log that does not work cannot be reported.
        let _ = rpc::call::<()>(session, &Call::Write { text });
    }
    piece.clear();
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_log(level: rs_log_level_t, msg: *const c_char, len: usize) {
    // SAFETY: a valid string, by the contract.
    line(level, unsafe { bytes(msg, len) });
}
