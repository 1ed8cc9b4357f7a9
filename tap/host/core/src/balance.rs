//! What is left when core ends: nothing, to the byte, the capability and the descriptor. Run tools read it.
use std::fmt;

/// The system's books at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    /// RAM and capabilities at the beginning.
    pub(crate) start: (u64, u64),
    /// RAM and capabilities that core's own account has again, unused.
    pub(crate) back: (u64, u64),
    /// The sum of the limits of all accounts.
    pub(crate) sum: (u64, u64),
    /// What of closed sessions' donations core kept for itself, until init's account was closed.
    pub(crate) kept: (u64, u64),
    /// RAM and capabilities that were given back without being in use.
    pub(crate) unfounded: (u64, u64),
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
            && (self.kept, self.unfounded) == ((0, 0), (0, 0))
            && left == (0, 0, 0, 0)
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((ram, caps), (all_ram, all_caps)) = (self.back, self.start);
        f.write_str(if self.is_even() { "" } else { "Error: " })?;
        write!(
            f,
            "accounts: RAM {ram} of {all_ram} bytes, caps {caps} of {all_caps}, {} processes left, {} objects, {} descriptors",
            self.processes, self.objects, self.descriptors
        )?;
        if self.is_even() {
            return Ok(());
        }
        let ((kept, kept_caps), (twice, twice_caps)) = (self.kept, self.unfounded);
        write!(
            f,
            "; {} accounts left, {kept} bytes and {kept_caps} caps of closed sessions kept, {twice} bytes and {twice_caps} caps given back twice",
            self.accounts
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Accounts, ROOT};

    fn books(accounts: &Accounts) -> Balance {
        let root = accounts.get(ROOT).copied().unwrap();
        Balance {
            start: accounts.total(),
            back: (root.ram.avail(), root.caps.avail()),
            sum: accounts.sum(),
            unfounded: accounts.unfounded(),
            accounts: accounts.open(),
            ..Balance::default()
        }
    }

    #[test]
    fn the_smallest_leak_is_an_error() {
        let mut accounts = Accounts::new(1 << 30, 1000);
        let child = accounts.create();
        assert!(accounts.refer(child, ROOT));
        accounts.transfer(ROOT, child, 4096, 3).unwrap();
        assert!(!books(&accounts).is_even(), "a child with quota");
        accounts.destroy(child);
        let even = books(&accounts);
        assert_eq!(
            even.to_string(),
            "accounts: RAM 1073741824 of 1073741824 bytes, caps 1000 of 1000, 0 processes left, 0 objects, 0 descriptors"
        );
        // Charged and never given back: one byte, one capability.
        for (ram, caps) in [(1, 0), (0, 1)] {
            accounts.charge(ROOT, ram, caps).unwrap();
            assert!(books(&accounts).to_string().starts_with("Error: accounts: "));
            accounts.refund(ROOT, ram, caps);
            assert!(books(&accounts).is_even());
        }
        // Given back twice.
        for (ram, caps) in [(1, 0), (0, 1)] {
            let mut accounts = accounts.clone();
            accounts.refund(ROOT, ram, caps);
            assert!(books(&accounts).to_string().starts_with("Error: accounts: "));
        }
        // Still in use when its account is closed.
        for (ram, caps) in [(1, 0), (0, 1)] {
            let mut accounts = accounts.clone();
            let child = accounts.create();
            accounts.transfer(ROOT, child, 4096, 3).unwrap();
            accounts.charge(child, ram, caps).unwrap();
            accounts.destroy(child);
            assert!(books(&accounts).to_string().starts_with("Error: accounts: "));
        }
        let (ram, caps) = even.start;
        for leak in [
            Balance { sum: (ram - 1, caps), ..even },
            Balance { sum: (ram, caps + 1), ..even },
            Balance { kept: (1, 0), ..even },
            Balance { kept: (0, 1), ..even },
            Balance { accounts: 1, ..even },
            Balance { processes: 1, ..even },
            Balance { objects: 1, ..even },
            Balance { descriptors: 1, ..even },
        ] {
            assert!(leak.to_string().starts_with("Error: accounts: "), "{leak:?}");
        }
    }
}
