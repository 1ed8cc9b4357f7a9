//! What an RM session pays with: the donation of whoever opened it.
use genode_args::quota::{Amount, Lack};

use crate::account::Guard;

/// What a region map takes: RAM about what core remembers of it, and a capability as a session object does.
pub(super) const MAP: Amount = Amount::new(4096, 1);
/// What a region takes.
const REGION: Amount = Amount::new(256, 0);
/// What the session itself takes.
const SESSION: Amount = Amount::new(0, 1);

/// The quota of one RM session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget(Guard);

impl Budget {
    /// The budget of a session with a donation.
    pub(crate) fn new(donation: Amount) -> Self {
        Self(Guard { limit: donation, used: SESSION.min(donation) })
    }

    /// The session was upgraded.
    pub(crate) fn grow(&mut self, donation: Amount) {
        self.0.limit += donation;
    }

    /// Pay for a map.
    pub(crate) fn take_map(&mut self) -> Result<(), Lack> {
        self.0.withdraw(MAP)
    }

    /// A map is gone.
    pub(crate) fn give_map(&mut self) {
        self.0.give_back(MAP);
    }

    pub(super) fn take_region(&mut self) -> bool {
        self.0.withdraw(REGION).is_ok()
    }

    pub(super) fn give_region(&mut self) {
        self.0.give_back(REGION);
    }

    /// Whether nothing but the session itself is paid for.
    #[cfg(test)]
    pub(super) fn idle(&self) -> bool {
        self.0.used.saturating_sub(SESSION).is_none()
    }
}
