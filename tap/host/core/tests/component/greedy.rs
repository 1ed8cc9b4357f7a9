//! Takes all the memory that it can get without paying, keeps it, says so, and stays.
#![no_main]
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

#[path = "support/unpaid.rs"]
mod unpaid;

use genode_sys::{RS_LOG, rs_log};
use unpaid::{cut_stack, protect, take};

/// Pieces to take, and how many: several times what is permitted.
const PIECE: usize = 8 << 20;
const PIECES: usize = 128;

extern "C" fn construct() {
    let cuts = cut_stack(256);
    let protected =
        (0..PIECES).filter_map(|_| take(PIECE)).filter(|piece| protect(*piece, PIECE)).count();
    let text = format!("{cuts} stacks and {protected} pieces that do not count");
    for text in [text.as_str(), "here"] {
        // SAFETY: a valid string.
        unsafe { rs_log(RS_LOG, text.as_ptr().cast(), text.len()) };
    }
}

genode_sys::component_entry!(construct);
