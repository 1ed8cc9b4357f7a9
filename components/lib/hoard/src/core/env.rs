//! The surroundings of every module: the platform, the table of segments, and the way out when a
//! program misuses the allocator.

use super::superblock::Table;
use super::text::Text;
use crate::platform::Platform;
use core::fmt::Write;

/// The surroundings of an allocator.
#[derive(Clone, Copy)]
pub(crate) struct Env {
    pub(crate) platform: &'static dyn Platform,
    pub(crate) table: &'static Table,
}

impl Env {
    /// Combines `platform` with the table in which its segments are noted.
    pub(crate) const fn new(platform: &'static dyn Platform, table: &'static Table) -> Self {
        Self { platform, table }
    }

    /// Reports misuse and ends the program.
    #[cold]
    pub(crate) fn fail(&self, what: &str, address: usize) -> ! {
        let mut text = Text::<128>::EMPTY;
        // A full buffer ends the text early; there is nothing better to do about it.
        let _ = writeln!(text, "hoard: {what}: {address:#x}");
        self.platform.message(text.bytes());
        self.platform.abort()
    }
}
