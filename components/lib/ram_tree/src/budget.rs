//! Bytes that a tree may take.

use crate::Error;

/// Bytes that are in use, and how many may be.
///
/// Counts what the tree asks of its allocator, by fixed costs per node and entry and by the length
/// of contents and names; not what an allocator adds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) limit: u64,
    pub(crate) used: u64,
}

impl Budget {
    /// Takes `bytes`.
    ///
    /// # Errors
    /// [`Error::NoSpace`] when fewer are left; nothing is taken then.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Error> {
        let used = self.used.checked_add(bytes).filter(|&used| used <= self.limit);
        self.used = used.ok_or(Error::NoSpace)?;
        Ok(())
    }

    /// Gives back `bytes` that were taken.
    pub(crate) fn refund(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }
}
