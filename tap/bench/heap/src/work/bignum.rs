//! Unbounded natural numbers, each a heap block of its own and never changed: how interpreters and algebra systems
//! compute, and how `cfrac` of the classic allocator suites lives.

use std::cmp::Ordering;

/// A natural number: limbs of 32 bits, the least first, no leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Big(Box<[u32]>);

impl Big {
    pub(super) fn from(value: u64) -> Self {
        Self::trimmed(vec![value as u32, (value >> 32) as u32])
    }

    fn trimmed(mut limbs: Vec<u32>) -> Self {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Self(limbs.into_boxed_slice())
    }

    /// Reads decimal digits; anything else counts as 0.
    pub(super) fn parse(digits: &str) -> Self {
        let ten = Self::from(10);
        digits.bytes().fold(Self::from(0), |sum, digit| {
            sum.times(&ten).plus(&Self::from(u64::from(digit.wrapping_sub(b'0') % 10)))
        })
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_one(&self) -> bool {
        *self.0 == [1]
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let length = self.0.len().max(other.0.len()) + 1;
        let mut carry = 0_u64;
        let limbs = (0..length)
            .map(|i| {
                carry += u64::from(limb(&self.0, i)) + u64::from(limb(&other.0, i));
                let low = carry as u32;
                carry >>= 32;
                low
            })
            .collect();
        Self::trimmed(limbs)
    }

    /// The difference; `other` must not be greater.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut borrow = 0_i64;
        let limbs = (0..self.0.len())
            .map(|i| {
                borrow += i64::from(self.0[i]) - i64::from(limb(&other.0, i));
                let low = borrow as u32;
                borrow >>= 32;
                low
            })
            .collect();
        Self::trimmed(limbs)
    }

    /// The absolute difference.
    pub(super) fn distance(&self, other: &Self) -> Self {
        if self.compare(other) == Ordering::Less { other.minus(self) } else { self.minus(other) }
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let mut limbs = vec![0_u32; self.0.len() + other.0.len()];
        for (i, &x) in self.0.iter().enumerate() {
            let mut carry = 0_u64;
            for (j, &y) in other.0.iter().enumerate() {
                carry += u64::from(x) * u64::from(y) + u64::from(limbs[i + j]);
                limbs[i + j] = carry as u32;
                carry >>= 32;
            }
            limbs[i + other.0.len()] = carry as u32;
        }
        Self::trimmed(limbs)
    }

    /// The remainder by a small number, without a block.
    pub(super) fn modulo_small(&self, divisor: u32) -> u32 {
        let divisor = u64::from(divisor);
        self.0.iter().rev().fold(0, |rest, &x| (rest << 32 | u64::from(x)) % divisor) as u32
    }

    pub(super) fn over_small(&self, divisor: u32) -> Self {
        let divisor = u64::from(divisor);
        let mut rest = 0;
        let mut limbs = self.0.to_vec();
        for x in limbs.iter_mut().rev() {
            rest = rest << 32 | u64::from(*x);
            *x = (rest / divisor) as u32;
            rest %= divisor;
        }
        Self::trimmed(limbs)
    }

    fn shifted(&self, bits: u32) -> Vec<u32> {
        let mut limbs = self.0.to_vec();
        limbs.push(0);
        if bits > 0 {
            for i in (0..limbs.len()).rev() {
                let below = if i > 0 { limbs[i - 1] >> (32 - bits) } else { 0 };
                limbs[i] = limbs[i] << bits | below;
            }
        }
        limbs
    }

    /// Quotient and remainder (Knuth, TAOCP 2, 4.3.1, algorithm D); by zero both are zero.
    pub(super) fn divide(&self, divisor: &Self) -> (Self, Self) {
        let n = divisor.0.len();
        if n == 0 {
            return (Self::from(0), Self::from(0));
        }
        if self.compare(divisor) == Ordering::Less {
            return (Self::from(0), self.clone());
        }
        if n == 1 {
            let small = divisor.0[0];
            return (self.over_small(small), Self::from(u64::from(self.modulo_small(small))));
        }
        let shift = divisor.0[n - 1].leading_zeros();
        let mut u = self.shifted(shift);
        let v = divisor.shifted(shift);
        let m = self.0.len() - n;
        let mut quotient = vec![0_u32; m + 1];
        for j in (0..=m).rev() {
            let top = u64::from(u[j + n]) << 32 | u64::from(u[j + n - 1]);
            let mut guess = top / u64::from(v[n - 1]);
            let mut rest = top % u64::from(v[n - 1]);
            while guess >> 32 != 0
                || guess * u64::from(v[n - 2]) > (rest << 32 | u64::from(u[j + n - 2]))
            {
                guess -= 1;
                rest += u64::from(v[n - 1]);
                if rest >> 32 != 0 {
                    break;
                }
            }
            let mut borrow = 0_i64;
            let mut carry = 0_u64;
            for i in 0..n {
                carry += guess * u64::from(v[i]);
                borrow += i64::from(u[i + j]) - i64::from(carry as u32);
                u[i + j] = borrow as u32;
                carry >>= 32;
                borrow >>= 32;
            }
            borrow += i64::from(u[j + n]) - carry as i64;
            u[j + n] = borrow as u32;
            if borrow < 0 {
                guess -= 1;
                let mut carry = 0_u64;
                for i in 0..n {
                    carry += u64::from(u[i + j]) + u64::from(v[i]);
                    u[i + j] = carry as u32;
                    carry >>= 32;
                }
                u[j + n] = u[j + n].wrapping_add(carry as u32);
            }
            quotient[j] = guess as u32;
        }
        for i in 0..n {
            u[i] = if shift > 0 { u[i] >> shift | u[i + 1] << (32 - shift) } else { u[i] };
        }
        u.truncate(n);
        (Self::trimmed(quotient), Self::trimmed(u))
    }

    pub(super) fn modulo(&self, divisor: &Self) -> Self {
        self.divide(divisor).1
    }

    /// The integer square root (Newton's iteration from above).
    pub(super) fn root(&self) -> Self {
        if self.is_zero() {
            return self.clone();
        }
        let mut guess = Self::trimmed(
            std::iter::repeat_n(0, self.0.len().div_ceil(2)).chain(std::iter::once(1)).collect(),
        );
        loop {
            let next = guess.plus(&self.divide(&guess).0).over_small(2);
            if next.compare(&guess) != Ordering::Less {
                return guess;
            }
            guess = next;
        }
    }

    /// The greatest common divisor (Euclid).
    pub(super) fn common(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.clone(), other.clone());
        while !b.is_zero() {
            let rest = a.modulo(&b);
            a = b;
            b = rest;
        }
        a
    }
}

fn limb(limbs: &[u32], i: usize) -> u32 {
    limbs.get(i).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Big;
    use fastrand::Rng;

    fn number(value: u128) -> Big {
        let high = Big::from((value >> 64) as u64);
        let shift = Big::from(1 << 32).times(&Big::from(1 << 32));
        high.times(&shift).plus(&Big::from(value as u64))
    }

    #[test]
    fn agrees_with_native_arithmetic() {
        let mut rng = Rng::with_seed(3);
        for _ in 0..20_000 {
            let bits = rng.usize(1..=126);
            let a = (u128::from(rng.u64(..)) << 64 | u128::from(rng.u64(..))) >> (127 - bits) >> 1;
            let b = (u128::from(rng.u64(..)) << 64 | u128::from(rng.u64(..))) >> rng.usize(2..=126);
            let b = b.max(1);
            let (quotient, rest) = number(a).divide(&number(b));
            assert_eq!(quotient, number(a / b), "{a} / {b}");
            assert_eq!(rest, number(a % b), "{a} % {b}");
            assert_eq!(quotient.times(&number(b)).plus(&rest), number(a));
            assert_eq!(number(a).distance(&number(b)), number(a.abs_diff(b)));
            assert_eq!(number(a).root(), number(a.isqrt()), "root of {a}");
        }
    }

    #[test]
    fn divides_where_the_first_guess_is_too_large() {
        // Knuth's rare case D6: the trial quotient must be corrected by adding back.
        let a = number(0x8000_0000_0000_0000_0000_0003);
        let b = number(0x2000_0000_0000_0000_0001_u128 << 4);
        let (quotient, rest) = a.divide(&b);
        assert_eq!(quotient.times(&b).plus(&rest), a);
    }

    #[test]
    fn reads_digits() {
        assert_eq!(Big::parse("340282366920938463463374607431768211455"), number(u128::MAX));
    }
}
