//! Never says hello, and takes all the memory that it can get as a program whose loader is still at work.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

#[path = "support/unpaid.rs"]
mod unpaid;

use unpaid::{cut_stack, protect, take};

/// A piece that a loader may protect at once.
const PIECE: usize = 8 << 20;

fn main() {
    // Each piece that was protected does not count. If that goes on for ever, the process ends, of which core would say so.
    let protected = (0..64).filter_map(|_| take(PIECE)).take_while(|p| protect(*p, PIECE)).count();
    if protected == 64 {
        std::process::exit(64);
    }
    // One after the other, until core ends it. What is left of one is not given back.
    cut_stack(4096);
    std::process::exit(65);
}
