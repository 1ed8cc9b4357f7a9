//! Quotas with their unit in the type, and a component's accounts.
//!
//! [`Amount`] is both resources together, [`Lack`] the one that there is too little of. They are those of the crate
//! `genode-args`, which the host's system shares.

pub use genode_args::quota::{Amount, CapQuota, Lack, RamQuota};

/// The accounts of a protection domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// All RAM that the component was given.
    pub ram_limit: RamQuota,
    /// What of it is used.
    pub ram_used: RamQuota,
    /// All capabilities that the component may have.
    pub caps_limit: CapQuota,
    /// What of them is used.
    pub caps_used: CapQuota,
}

impl Quota {
    /// RAM that can still be allocated or donated.
    pub const fn ram_avail(&self) -> RamQuota {
        self.ram_limit.saturating_sub(self.ram_used)
    }

    /// Capabilities that can still be allocated or donated.
    pub const fn caps_avail(&self) -> CapQuota {
        self.caps_limit.saturating_sub(self.caps_used)
    }

    /// Returns what can still be allocated or donated.
    pub const fn available(&self) -> Amount {
        Amount { ram: self.ram_avail(), caps: self.caps_avail() }
    }
}
