//! Size classes: which block size serves a request.
//!
//! 8 bytes, every multiple of 16 up to 256, then eight steps per doubling: a block is at most 12.5 %
//! larger than a request for more than 128 bytes, and at most 15 bytes, the price of C's alignment,
//! larger than a smaller one. Blocks start at multiples of their size from a 64 KiB boundary, so each
//! is aligned to the largest power of two that divides its size, and requests for alignment need no
//! header.

/// Largest request served from superblocks of many blocks.
pub(crate) const MAX_SIZE: usize = 64 << 10;
/// Number of size classes.
pub(crate) const CLASSES: usize = 17 + 64;
/// Class of superblocks that hold one large block.
pub(crate) const LARGE: usize = CLASSES;

/// Returns the class that serves `size` bytes, `size <= MAX_SIZE`.
#[inline(always)]
pub(crate) const fn of(size: usize) -> usize {
    if size <= 256 {
        if size <= 8 { 0 } else { size.div_ceil(16) }
    } else {
        let n = size - 1;
        let top = (usize::BITS - 1 - n.leading_zeros()) as usize;
        17 + ((top - 8) << 3) + ((n >> (top - 3)) & 7)
    }
}

/// Returns the block size of a class.
#[inline]
pub(crate) const fn size(class: usize) -> usize {
    match class {
        0 => 8,
        1..=16 => class * 16,
        _ => {
            let (top, step) = ((class - 17) / 8 + 8, (class - 17) % 8);
            (9 + step) << (top - 3)
        }
    }
}

/// Finds the class whose blocks hold `size` bytes at a multiple of `align` (a power of two), if any.
pub(crate) const fn aligned(size: usize, align: usize) -> Option<usize> {
    if size > MAX_SIZE || align > MAX_SIZE {
        return None;
    }
    let mut class = of(if size > align { size } else { align });
    while class < CLASSES {
        if self::size(class) & (align - 1) == 0 {
            return Some(class);
        }
        class += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_fits_its_class_and_no_smaller_one() {
        for n in 0..=MAX_SIZE {
            let c = of(n);
            assert!(c < CLASSES && size(c) >= n, "{n}");
            assert!(c == 0 || size(c - 1) < n.max(1), "{n}");
            let waste = size(c) - n;
            assert!(if n > 128 { waste * 8 <= n } else { waste < 16 }, "{n} wastes {waste}");
        }
        assert_eq!(size(CLASSES - 1), MAX_SIZE);
        // what C may align: a block of 16 bytes or more lies at a multiple of 16
        assert!((1..CLASSES).all(|c| size(c).is_multiple_of(16)));
    }

    #[test]
    fn aligned_classes_are_aligned() {
        for shift in 0..=16 {
            for n in (0..70_000).step_by(7) {
                let align = 1 << shift;
                match aligned(n, align) {
                    Some(c) => assert!(size(c) >= n && size(c).is_multiple_of(align)),
                    None => assert!(n > MAX_SIZE),
                }
            }
        }
    }
}
