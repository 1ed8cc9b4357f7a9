//! Quotas with their unit in the type, and a component's accounts.

use core::{fmt, iter::Sum, ops};

macro_rules! quota {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Wire,
        )]
        #[repr(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The sum, or `None` when it exceeds 64 bits.
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// The difference, or `None` when `other` is the larger one.
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }

            /// The difference, or zero when `other` is the larger one.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl ops::Add for $name {
            type Output = Self;

            /// Saturates: no account ever holds that much.
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
                iter.fold(Self(0), ops::Add::add)
            }
        }
    };
}

quota!(
    /// An amount of RAM in bytes.
    RamQuota
);
quota!(
    /// A number of capabilities.
    CapQuota
);

impl RamQuota {
    /// `n` KiB.
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// `n` MiB.
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }
}

impl fmt::Display for RamQuota {
    /// As Genode's `Number_of_bytes`: the largest unit that leaves no remainder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(30, 'G'), (20, 'M'), (10, 'K')] {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for CapQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

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
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn prints_like_number_of_bytes() {
        for (bytes, text) in
            [(0, "0"), (1, "1"), (1024, "1K"), (1536, "1536"), (3 << 20, "3M"), (1 << 30, "1G")]
        {
            assert_eq!(RamQuota(bytes).to_string(), text);
        }
    }

    #[test]
    fn never_wraps() {
        assert_eq!(RamQuota(u64::MAX).checked_add(RamQuota(1)), None);
        assert_eq!(CapQuota(1).checked_sub(CapQuota(2)), None);
        assert_eq!(CapQuota(1).saturating_sub(CapQuota(2)), CapQuota(0));
        assert_eq!(RamQuota(u64::MAX) + RamQuota(1), RamQuota(u64::MAX));
    }
}
