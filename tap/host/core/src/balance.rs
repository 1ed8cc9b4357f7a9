//! What is left when core ends: nothing, to the byte, the capability and the descriptor. Run tools read it.
use std::fmt;

use genode_args::quota::Amount;

/// The system's books at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    /// RAM and capabilities at the beginning.
    pub(crate) start: Amount,
    /// RAM and capabilities that core's own account has again, unused.
    pub(crate) back: Amount,
    /// The sum of the limits of all accounts.
    pub(crate) sum: Amount,
    /// What of closed sessions' donations core kept for itself, until init's account was closed.
    pub(crate) kept: Amount,
    /// RAM and capabilities that were given back without being in use.
    pub(crate) unfounded: Amount,
    /// Accounts beside core's own.
    pub(crate) accounts: usize,
    /// Processes that were not seen to end.
    pub(crate) processes: usize,
    /// Objects, channels, slots, entrypoints and maps.
    pub(crate) objects: usize,
    /// Descriptors beyond those of the beginning.
    pub(crate) descriptors: usize,
}

impl Balance {
    /// Whether everything came back.
    pub(crate) fn is_even(&self) -> bool {
        let left = (self.accounts, self.processes, self.objects, self.descriptors);
        self.back == self.start
            && self.sum == self.start
            && (self.kept + self.unfounded).is_none()
            && left == (0, 0, 0, 0)
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Amount { ram, caps }, all) = (self.back, self.start);
        f.write_str(if self.is_even() { "" } else { "Error: " })?;
        write!(
            f,
            "accounts: RAM {} of {} bytes, caps {caps} of {}, {} processes left, {} objects, {} descriptors",
            ram.0, all.ram.0, all.caps, self.processes, self.objects, self.descriptors
        )?;
        if self.is_even() {
            return Ok(());
        }
        let (kept, twice) = (self.kept, self.unfounded);
        write!(
            f,
            "; {} accounts left, {} bytes and {} caps of closed sessions kept, {} bytes and {} caps given back twice",
            self.accounts, kept.ram.0, kept.caps, twice.ram.0, twice.caps
        )
    }
}

#[cfg(test)]
mod tests {
    use genode_args::quota::{CapQuota, RamQuota};

    use super::*;
    use crate::account::{Accounts, ROOT};

    fn books(accounts: &Accounts) -> Balance {
        let root = accounts.get(ROOT).copied().unwrap();
        Balance {
            start: accounts.total(),
            back: root.quota.avail(),
            sum: accounts.sum(),
            unfounded: accounts.unfounded(),
            accounts: accounts.open(),
            ..Balance::default()
        }
    }

    #[test]
    fn the_smallest_leak_is_an_error() {
        let mut accounts = Accounts::new(Amount::new(1 << 30, 1000));
        let child = accounts.create();
        assert!(accounts.refer(child, ROOT));
        accounts.transfer(ROOT, child, Amount::new(4096, 3)).unwrap();
        assert!(!books(&accounts).is_even(), "a child with quota");
        accounts.destroy(child);
        let even = books(&accounts);
        assert_eq!(
            even.to_string(),
            "accounts: RAM 1073741824 of 1073741824 bytes, caps 1000 of 1000, 0 processes left, 0 objects, 0 descriptors"
        );
        // Charged and never given back: one byte, one capability.
        for least in [Amount::new(1, 0), Amount::new(0, 1)] {
            accounts.charge(ROOT, least).unwrap();
            assert!(books(&accounts).to_string().starts_with("Error: accounts: "));
            accounts.refund(ROOT, least);
            assert!(books(&accounts).is_even());
        }
        // Given back twice.
        for least in [Amount::new(1, 0), Amount::new(0, 1)] {
            let mut accounts = accounts.clone();
            accounts.refund(ROOT, least);
            assert!(books(&accounts).to_string().starts_with("Error: accounts: "));
        }
        // Still in use when its account is closed.
        for least in [Amount::new(1, 0), Amount::new(0, 1)] {
            let mut accounts = accounts.clone();
            let child = accounts.create();
            accounts.transfer(ROOT, child, Amount::new(4096, 3)).unwrap();
            accounts.charge(child, least).unwrap();
            accounts.destroy(child);
            assert!(books(&accounts).to_string().starts_with("Error: accounts: "));
        }
        let Amount { ram: RamQuota(ram), caps: CapQuota(caps) } = even.start;
        for leak in [
            Balance { sum: Amount::new(ram - 1, caps), ..even },
            Balance { sum: Amount::new(ram, caps + 1), ..even },
            Balance { kept: Amount::new(1, 0), ..even },
            Balance { kept: Amount::new(0, 1), ..even },
            Balance { accounts: 1, ..even },
            Balance { processes: 1, ..even },
            Balance { objects: 1, ..even },
            Balance { descriptors: 1, ..even },
        ] {
            assert!(leak.to_string().starts_with("Error: accounts: "), "{leak:?}");
        }
    }
}
