//! Hashing of the numbers that core gives to objects, channels and the like, or the kernel to files.
//!
//! Nobody who could gain by it chooses these numbers, so they need no hash that resists an attacker.
use core::hash::{BuildHasherDefault, Hasher};

/// For maps by such numbers.
pub type BySpread = BuildHasherDefault<Spread>;

/// Spreads numbers over all bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, n: u64) {
        // By the golden ratio, as Fibonacci hashing does: maps use the highest bits and the lowest. Numbers that were
        // written before must count in full, hence the rotation.
        self.0 = (self.0.rotate_left(32) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(numbers: &[u64]) -> u64 {
        let mut spread = Spread::default();
        for n in numbers {
            spread.write_u64(*n);
        }
        spread.finish()
    }

    #[test]
    fn consecutive_numbers_differ_where_maps_look() {
        let all: Vec<u64> = (1..=4096).map(|n| hash(&[n])).collect();
        let count = |part: fn(&u64) -> u64| {
            all.iter().map(part).collect::<std::collections::HashSet<_>>().len()
        };
        assert_eq!(count(|h| h & 0xfff), 4096, "the lowest bits");
        assert_eq!(count(|h| h >> 57), 128, "the highest bits");
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
        let second = (0..4096).map(|n| hash(&[u64::MAX, n]));
        let different = second.collect::<std::collections::HashSet<_>>().len();
        assert_eq!(different, 4096, "what was written before hides nothing");
    }

    #[test]
    fn bytes_count_each() {
        let hash = |bytes: &[u8]| {
            let mut spread = Spread::default();
            spread.write(bytes);
            spread.finish()
        };
        let all = [hash(b""), hash(b"a"), hash(b"b"), hash(b"ab"), hash(b"ba"), hash(b"a\0")];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
    }
}
