//! Memory of channels and slots that are closed.
//!
//! The two that shared it may keep it mapped, and nobody pays for it. So core takes it back: not at once, since a server may
//! look at it once more, to see that it is closed, but when its client closed some more. Whoever looks later sees zeros.
use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use crate::fd;

/// Closed memories of one client that are left to those who share them.
const MAX: usize = 64;

/// Memory that a client closed, the oldest first.
#[derive(Default)]
pub(super) struct Closed(VecDeque<OwnedFd>);

impl Closed {
    /// Some more, which core has not mapped any more.
    pub(super) fn add(&mut self, memory: impl IntoIterator<Item = OwnedFd>) {
        self.0.extend(memory);
        while self.0.len() > MAX {
            if let Some(memory) = self.0.pop_front() {
                fd::revoke(&memory);
            }
        }
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.iter().for_each(fd::revoke);
    }
}
