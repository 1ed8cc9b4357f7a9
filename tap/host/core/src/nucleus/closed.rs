//! Memory of channels and slots that are closed.
//!
//! The two that shared it may keep it mapped. So core takes it back: not at once, since a server
//! may look at it once more, to see that it is closed, but when its client closed some more.
//! Whoever looks later sees zeros. Until then its component pays.
use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use super::ids::ProcId;
use crate::fd;

/// Closed memories of one client that are left to those who share them.
const MAX: usize = 64;
/// The same, where the client pays for them.
const MAX_PAID: usize = 8;

/// Memory that a component has of core, and pays for.
pub(super) struct Lent {
    pub(super) file: OwnedFd,
    pub(super) payer: ProcId,
    pub(super) bytes: u64,
}

impl Lent {
    /// Takes it back, which core has not mapped any more. Who paid for it, and what.
    pub(super) fn revoke(self) -> (ProcId, u64) {
        fd::revoke(&self.file);
        (self.payer, self.bytes)
    }
}

/// Memory that a client closed, the oldest first.
#[derive(Default)]
pub(super) struct Closed(VecDeque<Lent>);

impl Closed {
    /// One more, which core has not mapped any more.
    pub(super) fn add(&mut self, memory: Lent) {
        self.0.push_back(memory);
    }

    /// The oldest if there are too many.
    pub(super) fn surplus(&mut self, paid: bool) -> Option<Lent> {
        let max = if paid { MAX_PAID } else { MAX };
        if self.0.len() > max { self.0.pop_front() } else { None }
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.iter().for_each(|memory| fd::revoke(&memory.file));
    }
}
