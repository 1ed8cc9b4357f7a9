//! How much a child gets, and how a changed quota is brought about.
//!
//! Pure arithmetic. What a start node says is the total that a child may cost. From it, `init` pays for its own
//! records of the child and of its sessions, the system for the child's environment, and the rest is the child's.

use crate::args::cost::{ENVIRONMENT, RECORDS};
pub(super) use crate::quota::Amount;
use crate::quota::{CapQuota, RamQuota};

/// What a child does not get of its configured total.
pub(super) const KEPT: Amount =
    Amount::new(ENVIRONMENT.ram.0 + RECORDS.ram.0, ENVIRONMENT.caps.0 + RECORDS.caps.0);

/// What a shrinking quota leaves a child to work with.
const LEFT: Amount = Amount { ram: RamQuota::kib(16), caps: CapQuota(5) };

/// What is kept beyond what is to be preserved where a child takes all the rest: our own records of it.
pub(super) const HEADROOM: Amount = Amount { ram: RamQuota::kib(256), caps: CapQuota(16) };

/// What a new child gets of the total that is configured.
pub(super) fn initial(configured: Amount, available: Amount) -> Amount {
    let wanted = configured.saturating_sub(KEPT);
    if wanted.saturating_sub(available.saturating_sub(ENVIRONMENT)) == Amount::NONE {
        return wanted;
    }
    wanted.min(available.saturating_sub(ENVIRONMENT + HEADROOM))
}

/// What of `assigned` to take from a child that has `available`, because only `configured` is wanted.
pub(super) fn shrink(assigned: Amount, configured: Amount, available: Amount) -> Amount {
    let surplus = assigned.saturating_sub(configured);
    surplus.min(available.saturating_sub(LEFT))
}

/// What to add to a child, of what is `available`.
pub(super) fn grow(assigned: Amount, configured: Amount, available: Amount) -> Amount {
    let wanted = configured.saturating_sub(assigned);
    if wanted.saturating_sub(available) == Amount::NONE {
        return wanted;
    }
    wanted.min(available.saturating_sub(HEADROOM))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_child_gets_what_genodes_init_would_give() {
        assert_eq!(
            initial(Amount::new(1 << 20, 100), Amount::new(1 << 30, 1000)),
            Amount::new(781_664, 66)
        );
        assert_eq!(
            initial(Amount::new(1 << 20, 100), Amount::new(254_952 + 262_144, 54)),
            Amount::new(1000, 10)
        );
        assert_eq!(initial(Amount::new(100, 1), Amount::new(1000, 10)), Amount::NONE);
    }

    #[test]
    fn a_shrinking_child_keeps_something_to_work_with() {
        let taken =
            shrink(Amount::new(1 << 20, 100), Amount::new(1 << 19, 50), Amount::new(100 << 10, 60));
        assert_eq!(taken, Amount::new(84 << 10, 50));
        assert_eq!(
            shrink(Amount::new(10, 10), Amount::new(20, 20), Amount::new(5, 5)),
            Amount::NONE
        );
    }

    #[test]
    fn a_growing_child_leaves_what_our_own_records_take() {
        let wanted = Amount::new(1 << 20, 100);
        assert_eq!(grow(Amount::NONE, wanted, wanted), wanted, "there is enough");
        let rest = Amount::new(1000, 10);
        assert_eq!(grow(Amount::NONE, wanted, HEADROOM + rest), rest);
    }

    proptest! {
        #[test]
        fn nothing_is_made_of_nothing(a: (u64, u64), c: (u64, u64), v: (u64, u64)) {
            let (a, c, v) = (Amount::new(a.0, a.1), Amount::new(c.0, c.1), Amount::new(v.0, v.1));
            prop_assert_eq!(grow(a, c, v).saturating_sub(v), Amount::NONE);
            prop_assert_eq!(shrink(a, c, v).saturating_sub(v), Amount::NONE);
            prop_assert_eq!(shrink(a, c, v).saturating_sub(a), Amount::NONE);
            prop_assert_eq!(initial(c, v).saturating_sub(v), Amount::NONE);
            prop_assert!(grow(a, c, v).ram.0 == 0 || shrink(a, c, v).ram.0 == 0);
        }
    }
}
