//! One bit for each slice of a segment, and the searches among them.

use super::superblock::SLICES;
use core::cell::Cell;

/// One bit for each slice of a segment.
#[repr(transparent)]
pub(crate) struct Mask([Cell<u64>; SLICES / 64]);

impl Mask {
    /// Finds the first bit from `at` on that is `on`.
    pub(crate) fn next(&self, at: usize, on: bool) -> Option<usize> {
        let mut bit = at;
        while bit < SLICES {
            let word = self.0[bit / 64].get();
            let rest = (if on { word } else { !word }) >> (bit % 64);
            if rest != 0 {
                return Some(bit + rest.trailing_zeros() as usize);
            }
            bit = (bit / 64 + 1) * 64;
        }
        None
    }

    /// Finds the first run of `n` ones.
    pub(crate) fn run(&self, n: usize) -> Option<usize> {
        let mut at = 0;
        loop {
            let start = self.next(at, true)?;
            at = self.next(start, false).unwrap_or(SLICES);
            if at - start >= n {
                return Some(start);
            }
        }
    }

    /// Sets bits `start..start + n`, and returns how many changed.
    pub(crate) fn set(&self, start: usize, n: usize, on: bool) -> usize {
        let (mut at, end, mut changed) = (start, start + n, 0);
        while at < end {
            let take = (64 - at % 64).min(end - at);
            let ones = (u64::MAX >> (64 - take)) << (at % 64);
            let word = &self.0[at / 64];
            let new = if on { word.get() | ones } else { word.get() & !ones };
            changed += (new ^ word.get()).count_ones() as usize;
            word.set(new);
            at += take;
        }
        changed
    }

    /// Tells if bits `start..start + n` exist and are all ones.
    pub(crate) fn all(&self, start: usize, n: usize) -> bool {
        start + n <= SLICES && self.next(start, false).is_none_or(|zero| zero >= start + n)
    }

    pub(crate) fn any(&self) -> bool {
        self.0.iter().any(|word| word.get() != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_where_the_ones_are() {
        for n in [1, 2, 63, 64, 65, 127, 128, 200, 512] {
            for start in 0..=SLICES - n {
                let mask = Mask([const { Cell::new(0) }; SLICES / 64]);
                assert_eq!(mask.run(1), None);
                assert_eq!(mask.set(start, n, true), n);
                assert_eq!(mask.run(n), Some(start), "{n} {start}");
                assert_eq!(mask.run(n + 1), None);
                assert!(mask.all(start, n) && !mask.all(start, n + 1));
                assert_eq!(mask.set(start, n, false), n);
                assert!(!mask.any());
            }
        }
    }
}
