//! Page tables: memory that Linux takes for what a component maps, and that no limit of Linux counts.
//!
//! A page that is mapped far from all others takes two pages of tables. A component's runtime keeps account of what its
//! mappings take at most, and answers that there is no RAM before it is too much; core looks at what they really take, and
//! ends a component that goes past its runtime.

/// Bytes of page tables that each component may have, beside the [`SHARE`] of its quota.
pub const FREE: u64 = 32 << 20;
/// A component may have page tables of one byte for that many of its RAM quota: four times what memory takes that is mapped
/// densely.
pub const SHARE: u64 = 128;
/// Of [`FREE`], what attached dataspaces may take. The rest is for the program, its stacks, and its private memory.
pub const ATTACHED: u64 = 12 << 20;
/// Of [`FREE`], what views of managed dataspaces may take, which can be unmapped at any time.
pub const VIEWS: u64 = 8 << 20;

/// What one page of page tables covers, as a shift, at the two levels that can be many.
pub const LEVELS: [u32; 2] = [21, 30];

/// Page tables of a component with a RAM quota, in bytes.
pub fn allowed(free: u64, quota: u64) -> u64 {
    free + quota / SHARE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_quota_permits_more_tables() {
        assert_eq!(allowed(0, 0), 0);
        assert_eq!(allowed(FREE, 0), FREE);
        assert_eq!(allowed(FREE, SHARE - 1), FREE);
        assert_eq!(allowed(FREE, 5 * SHARE), FREE + 5);
        let [free, attached, views] = std::hint::black_box([FREE, ATTACHED, VIEWS]);
        assert!(attached > 0 && views > 0);
        assert!(attached + views < free, "some is left for the program");
    }
}
