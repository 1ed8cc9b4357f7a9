//! How much a child gets, and how a changed quota is brought about.
//!
//! Pure arithmetic. What a start node says is the total that a child may cost. From it, `init` pays for its own
//! records of the child and of its sessions, the system for the child's environment, and the rest is the child's.

use crate::quota::{CapQuota, Quota, RamQuota};

/// What a child's environment sessions cost the parent: PD, CPU, LOG and two ROM sessions, and the capability of the
/// parent interface (`Child::env_ram_quota`, `env_cap_quota` of Genode 26.02).
pub(super) const ENVIRONMENT: Amount = Amount { ram: RamQuota(253_952), caps: CapQuota(28) };

/// What the sandbox keeps for its own records of a child: 16 session records of 810 bytes, and the capabilities of
/// what it serves to the child (as `init` of Genode 26.02).
pub(super) const RECORDS: Amount = Amount { ram: RamQuota(16 * 810), caps: CapQuota(6) };

/// What a child does not get of its configured total.
pub(super) const KEPT: Amount = Amount {
    ram: RamQuota(ENVIRONMENT.ram.0 + RECORDS.ram.0),
    caps: CapQuota(ENVIRONMENT.caps.0 + RECORDS.caps.0),
};

/// RAM that a shrinking quota leaves a child to work with.
const LEFT_RAM: RamQuota = RamQuota::kib(16);

/// Capabilities that a shrinking quota leaves a child to work with.
const LEFT_CAPS: CapQuota = CapQuota(5);

/// An amount of both resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    /// RAM in bytes.
    pub(super) ram: RamQuota,
    /// Number of capabilities.
    pub(super) caps: CapQuota,
}

impl Amount {
    /// Neither of both.
    pub(super) const NONE: Self = Self { ram: RamQuota(0), caps: CapQuota(0) };

    fn zip(
        self,
        other: Self,
        ram: impl Fn(u64, u64) -> u64,
        caps: impl Fn(u64, u64) -> u64,
    ) -> Self {
        Self {
            ram: RamQuota(ram(self.ram.0, other.ram.0)),
            caps: CapQuota(caps(self.caps.0, other.caps.0)),
        }
    }

    /// The difference, no less than nothing.
    #[must_use]
    pub(super) fn minus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub, u64::saturating_sub)
    }

    /// The sum.
    #[must_use]
    pub(super) fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add, u64::saturating_add)
    }

    /// The smaller of each.
    #[must_use]
    pub(super) fn min(self, other: Self) -> Self {
        self.zip(other, u64::min, u64::min)
    }

    /// What an account still has.
    pub(super) fn available(quota: &Quota) -> Self {
        Self { ram: quota.ram_avail(), caps: quota.caps_avail() }
    }
}

/// What a new child gets of the total that is configured.
pub(super) fn initial(configured: Amount, available: Amount) -> Amount {
    configured.minus(KEPT).min(available.minus(ENVIRONMENT))
}

/// What of `assigned` to take from a child that has `available`, because only `configured` is wanted.
pub(super) fn shrink(assigned: Amount, configured: Amount, available: Amount) -> Amount {
    let surplus = assigned.minus(configured);
    surplus.min(available.minus(Amount { ram: LEFT_RAM, caps: LEFT_CAPS }))
}

/// What to add to a child, of what is `available`.
pub(super) fn grow(assigned: Amount, configured: Amount, available: Amount) -> Amount {
    configured.minus(assigned).min(available)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amount(ram: u64, caps: u64) -> Amount {
        Amount { ram: RamQuota(ram), caps: CapQuota(caps) }
    }

    #[test]
    fn a_child_gets_what_genodes_init_would_give() {
        assert_eq!(initial(amount(1 << 20, 100), amount(1 << 30, 1000)), amount(781_664, 66));
        assert_eq!(initial(amount(1 << 20, 100), amount(254_952, 38)), amount(1000, 10));
        assert_eq!(initial(amount(100, 1), amount(1000, 10)), Amount::NONE);
    }

    #[test]
    fn a_shrinking_child_keeps_something_to_work_with() {
        let taken = shrink(amount(1 << 20, 100), amount(1 << 19, 50), amount(100 << 10, 60));
        assert_eq!(taken, amount(84 << 10, 50));
        assert_eq!(shrink(amount(10, 10), amount(20, 20), amount(5, 5)), Amount::NONE);
    }

    proptest! {
        #[test]
        fn nothing_is_made_of_nothing(a: (u64, u64), c: (u64, u64), v: (u64, u64)) {
            let (a, c, v) = (amount(a.0, a.1), amount(c.0, c.1), amount(v.0, v.1));
            prop_assert_eq!(grow(a, c, v).minus(v), Amount::NONE);
            prop_assert_eq!(shrink(a, c, v).minus(v), Amount::NONE);
            prop_assert_eq!(shrink(a, c, v).minus(a), Amount::NONE);
            prop_assert_eq!(initial(c, v).minus(v), Amount::NONE);
            prop_assert!(grow(a, c, v).ram.0 == 0 || shrink(a, c, v).ram.0 == 0);
        }
    }
}
