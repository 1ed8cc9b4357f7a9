//! RAM and capabilities: quotas with their unit in the type, both together, and what is lacking.

use core::{fmt, iter::Sum, ops};

macro_rules! quota {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// Returns the sum, or `None` where it exceeds 64 bits.
            #[must_use]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// Returns the difference, or `None` where `other` is the larger one.
            #[must_use]
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }

            /// Returns the difference, or zero where `other` is the larger one.
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

        impl ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
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
    /// An amount of RAM in bytes (`Ram_quota` of `base/include/base/quota_guard.h`).
    RamQuota
);
quota!(
    /// A number of capabilities (`Cap_quota` of `base/include/base/quota_guard.h`).
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
    /// Writes the number in the largest unit that leaves no remainder, as Genode's
    /// `Number_of_bytes` (`base/include/util/string.h`).
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

/// An amount of RAM and of capabilities: a donation, a price, or what an account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Amount {
    /// RAM in bytes.
    pub ram: RamQuota,
    /// Number of capabilities.
    pub caps: CapQuota,
}

/// The resource that an account has too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lack {
    /// RAM.
    Ram,
    /// Capabilities.
    Caps,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ram => "RAM quota exceeded: raise ram_quota",
            Self::Caps => "capability quota exceeded: raise cap_quota",
        })
    }
}

impl core::error::Error for Lack {}

impl Amount {
    /// Neither RAM nor capabilities.
    pub const NONE: Self = Self::new(0, 0);

    /// `ram` bytes and `caps` capabilities.
    pub const fn new(ram: u64, caps: u64) -> Self {
        Self { ram: RamQuota(ram), caps: CapQuota(caps) }
    }

    /// Tells whether both are zero.
    pub const fn is_none(self) -> bool {
        self.ram.0 == 0 && self.caps.0 == 0
    }

    /// Returns the sum of each, or `None` where one exceeds 64 bits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match (self.ram.checked_add(other.ram), self.caps.checked_add(other.caps)) {
            (Some(ram), Some(caps)) => Some(Self { ram, caps }),
            _ => None,
        }
    }

    /// Returns what is left after `other` is taken away.
    ///
    /// # Errors
    /// What there is too little of; RAM where it is both.
    pub const fn checked_sub(self, other: Self) -> Result<Self, Lack> {
        match (self.ram.checked_sub(other.ram), self.caps.checked_sub(other.caps)) {
            (Some(ram), Some(caps)) => Ok(Self { ram, caps }),
            (None, _) => Err(Lack::Ram),
            (_, None) => Err(Lack::Caps),
        }
    }

    /// Returns the difference of each, no less than zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        let (ram, caps) =
            (self.ram.saturating_sub(other.ram), self.caps.saturating_sub(other.caps));
        Self { ram, caps }
    }

    /// Returns the smaller of each.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self { ram: self.ram.min(other.ram), caps: self.caps.min(other.caps) }
    }
}

impl ops::Add for Amount {
    type Output = Self;

    /// Saturates: no account ever holds that much.
    fn add(self, other: Self) -> Self {
        Self { ram: self.ram + other.ram, caps: self.caps + other.caps }
    }
}

impl ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::NONE, ops::Add::add)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of RAM and {} capabilities", self.ram, self.caps)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use crate::number::bytes_prefix;

    fn amount() -> impl Strategy<Value = Amount> {
        let number = || prop_oneof![0_u64..4, any::<u64>()];
        (number(), number()).prop_map(|(ram, caps)| Amount::new(ram, caps))
    }

    #[test]
    fn prints_like_number_of_bytes() {
        for (bytes, text) in
            [(0, "0"), (1, "1"), (1024, "1K"), (1536, "1536"), (3 << 20, "3M"), (1 << 30, "1G")]
        {
            assert_eq!(RamQuota(bytes).to_string(), text);
        }
        assert_eq!(Amount::new(8192, 3).to_string(), "8K bytes of RAM and 3 capabilities");
    }

    #[test]
    fn never_wraps() {
        assert_eq!(RamQuota(u64::MAX).checked_add(RamQuota(1)), None);
        assert_eq!(CapQuota(1).checked_sub(CapQuota(2)), None);
        assert_eq!(CapQuota(1).saturating_sub(CapQuota(2)), CapQuota(0));
        assert_eq!(RamQuota(u64::MAX) + RamQuota(1), RamQuota(u64::MAX));
        assert_eq!(
            (RamQuota::kib(u64::MAX), RamQuota::mib(3)),
            (RamQuota(u64::MAX), RamQuota(3 << 20))
        );
    }

    #[test]
    fn what_is_lacking_is_named() {
        let held = Amount::new(10, 2);
        assert_eq!(held.checked_sub(Amount::new(10, 2)), Ok(Amount::NONE));
        assert_eq!(held.checked_sub(Amount::new(11, 2)), Err(Lack::Ram));
        assert_eq!(held.checked_sub(Amount::new(10, 3)), Err(Lack::Caps));
        assert_eq!(held.checked_sub(Amount::new(11, 3)), Err(Lack::Ram));
    }

    proptest! {
        #[test]
        fn taking_away_and_adding_agree(a in amount(), b in amount()) {
            match a.checked_sub(b) {
                Ok(rest) => {
                    prop_assert_eq!(rest.checked_add(b), Some(a));
                    prop_assert_eq!(a.saturating_sub(b), rest);
                    prop_assert_eq!(a.min(b), b);
                }
                Err(Lack::Ram) => prop_assert!(a.ram < b.ram),
                Err(Lack::Caps) => prop_assert!(a.caps < b.caps && a.ram >= b.ram),
            }
            if let Some(sum) = a.checked_add(b) {
                prop_assert_eq!(a + b, sum);
                prop_assert_eq!(sum.checked_sub(a), Ok(b));
            }
            prop_assert_eq!([a, b].into_iter().sum::<Amount>(), a + b);
            prop_assert_eq!(a.is_none(), a == Amount::NONE);
        }

        #[test]
        fn ram_is_read_as_it_is_printed(bytes: u64, shift in 0_u32..40) {
            let ram = RamQuota(bytes >> shift << shift);
            let text = ram.to_string();
            prop_assert_eq!(bytes_prefix(&text), Some((ram.0, "")));
        }
    }

    #[test]
    fn amounts_add_up_and_what_is_lacking_is_named() {
        let mut sum = Amount::new(3, 4);
        sum += Amount::new(5, 6);
        assert_eq!((sum, Amount::new(3, 4) + Amount::new(5, 6)), (Amount::new(8, 10), sum));
        assert!(Lack::Ram.to_string().contains("raise ram_quota"));
        assert!(Lack::Caps.to_string().contains("raise cap_quota"));
    }
}
