//! State machines of two sides: bytes choose what each side of a protocol does next, one side follows the protocol, and
//! the other, where it is hostile, does anything that it can do with what both share. Invariants are asserted after each
//! step, so that a fuzzer looks for a sequence of steps, not for a single value.
//!
//! Core's part (grants, deaths, wake-ups) is honest everywhere: core trusts nobody, and nobody can replace it.

mod doorbell;
mod packet;
mod signals;
mod slot;

use std::cell::Cell;

pub use doorbell::doorbell;
pub use packet::packet;
pub use signals::signals;
pub use slot::slot;

/// The steps of a run, taken from its bytes.
struct Moves<'a> {
    data: &'a [u8],
    at: Cell<usize>,
}

impl<'a> Moves<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self { data, at: Cell::new(0) }
    }

    /// Takes the next byte, `None` at the end of the run.
    fn next(&self) -> Option<u8> {
        let byte = self.data.get(self.at.get()).copied();
        self.at.update(|at| at + usize::from(byte.is_some()));
        byte
    }

    /// Takes the next byte, 0 at the end of the run.
    fn byte(&self) -> u8 {
        self.next().unwrap_or(0)
    }

    /// Takes a number below `end`, which must not be 0.
    fn below(&self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// Takes a word: a state or another small number, one at an edge, or any.
    fn word(&self) -> u32 {
        match self.byte() {
            small @ 0..128 => u32::from(small) % 8,
            128..144 => u32::MAX,
            144..160 => 2047 + u32::from(self.byte()) % 3,
            160..176 => 1 << (self.byte() % 32),
            _ => u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
        }
    }

    /// Tells whether the run is over.
    fn over(&self) -> bool {
        self.at.get() == self.data.len()
    }
}
