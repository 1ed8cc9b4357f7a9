//! What every layer has around it: the platform, the table of segments, and the way out when a
//! program misuses the allocator.

use crate::platform::Platform;
use crate::superblock::Table;

/// The surroundings of an allocator.
pub struct Env {
    pub(crate) platform: &'static dyn Platform,
    pub(crate) table: &'static Table,
}

impl Env {
    /// `platform`, and the table in which its segments are noted.
    pub const fn new(platform: &'static dyn Platform, table: &'static Table) -> Self {
        Self { platform, table }
    }

    /// Reports misuse and ends the program.
    pub fn fail(&self, what: &str, address: usize) -> ! {
        let mut text = [0u8; 128];
        let mut n = 0;
        let mut hex = [0u8; 18];
        hex[..2].copy_from_slice(b"0x");
        let digits = ((usize::BITS - address.leading_zeros()).div_ceil(4).max(1)) as usize;
        for (i, c) in hex[2..2 + digits].iter_mut().enumerate() {
            *c = b"0123456789abcdef"[address >> (4 * (digits - 1 - i)) & 15];
        }
        for part in [b"hoard: ".as_slice(), what.as_bytes(), b": ", &hex[..2 + digits], b"\n"] {
            let take = part.len().min(text.len() - n);
            text[n..n + take].copy_from_slice(&part[..take]);
            n += take;
        }
        self.platform.message(&text[..n]);
        self.platform.abort()
    }
}
