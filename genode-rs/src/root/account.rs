//! What a client donated, and what its session has spent of it.

use alloc::rc::Rc;
use core::cell::Cell;

use crate::quota::{Lack, RamQuota};

/// RAM that a client donated to its session, less what was charged. Clones are the same account, which upgrades add to.
#[derive(Clone, Debug)]
pub struct Account(Rc<Cell<RamQuota>>);

impl Account {
    pub(crate) fn new(ram: RamQuota) -> Self {
        Self(Rc::new(Cell::new(ram)))
    }

    /// Returns what is left.
    pub fn available(&self) -> RamQuota {
        self.0.get()
    }

    /// Takes `bytes` for something that the session needs.
    ///
    /// # Errors
    /// [`Lack::Ram`] when less is left; nothing is taken then.
    pub fn charge(&self, bytes: usize) -> Result<(), Lack> {
        let left = self.0.get().0.checked_sub(bytes as u64).ok_or(Lack::Ram)?;
        self.0.set(RamQuota(left));
        Ok(())
    }

    /// Gives `bytes` back that were charged and are free again.
    pub fn refund(&self, bytes: usize) {
        self.credit(RamQuota(bytes as u64));
    }

    pub(super) fn credit(&self, ram: RamQuota) {
        self.0.set(RamQuota(self.0.get().0.saturating_add(ram.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_spends_what_its_client_donated() {
        let account = Account::new(RamQuota(100));
        let same = account.clone();
        assert_eq!(account.charge(101), Err(Lack::Ram));
        assert_eq!(account.charge(60), Ok(()));
        assert_eq!(same.charge(41), Err(Lack::Ram));
        same.credit(RamQuota(1));
        assert_eq!((account.charge(41), account.available()), (Ok(()), RamQuota(0)));
        account.refund(60);
        assert_eq!(same.available(), RamQuota(60));
        account.credit(RamQuota(u64::MAX));
        assert_eq!(account.available(), RamQuota(u64::MAX));
    }
}
