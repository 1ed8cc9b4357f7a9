//! A set of CPU numbers, as large as it needs to be: more than 64 CPUs is the normal case.

use crate::{CpuId, MAX_CPUS};
use alloc::vec::Vec;
use core::fmt;

/// A set of CPUs. Numbers reach to [`MAX_CPUS`]; larger ones are never members.
#[derive(Clone, Debug, Default)]
pub struct CpuSet {
    words: Vec<u64>,
}

/// Why a CPU list such as `0-3,8` was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ListError {
    /// A part is no number and no range `a-b` with `a <= b`.
    Syntax,
    /// A number is [`MAX_CPUS`] or more.
    TooLarge(u64),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListError::Syntax => f.write_str("not a CPU list: write it as 0-3,8"),
            ListError::TooLarge(n) => write!(f, "CPU {n} is beyond the limit of {MAX_CPUS} CPUs"),
        }
    }
}

impl core::error::Error for ListError {}

impl CpuSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Add a CPU. Returns false, and changes nothing, where the number is beyond [`MAX_CPUS`].
    pub fn insert(&mut self, cpu: CpuId) -> bool {
        let n = cpu.0 as usize;
        if n >= MAX_CPUS {
            return false;
        }
        if self.words.len() <= n / 64 {
            self.words.resize(n / 64 + 1, 0);
        }
        if let Some(word) = self.words.get_mut(n / 64) {
            *word |= 1 << (n % 64);
        }
        true
    }

    /// Whether `cpu` is a member.
    pub fn contains(&self, cpu: CpuId) -> bool {
        self.words.get(cpu.0 as usize / 64).is_some_and(|w| w >> (cpu.0 % 64) & 1 == 1)
    }

    /// Number of members.
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// The members, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = CpuId> + '_ {
        self.words.iter().enumerate().flat_map(|(i, word)| {
            let mut rest = *word;
            core::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                Some(CpuId(i as u32 * 64 + bit))
            })
        })
    }

    /// The lowest member.
    pub fn first(&self) -> Option<CpuId> {
        self.iter().next()
    }

    /// Whether every member of `self` is one of `other`.
    pub fn is_subset(&self, other: &CpuSet) -> bool {
        let word = |i: usize| other.words.get(i).copied().unwrap_or(0);
        self.words.iter().enumerate().all(|(i, w)| w & !word(i) == 0)
    }

    /// Whether the two sets have a member in common.
    pub fn intersects(&self, other: &CpuSet) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Members of both.
    #[must_use]
    pub fn intersection(&self, other: &CpuSet) -> CpuSet {
        CpuSet { words: self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect() }
    }

    /// Add all members of `other`.
    pub fn extend_from(&mut self, other: &CpuSet) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a |= b;
        }
    }

    /// The set as 64-bit words, lowest CPUs first, without trailing zero words.
    pub fn words(&self) -> &[u64] {
        let used = self.words.iter().rposition(|w| *w != 0).map_or(0, |i| i + 1);
        self.words.get(..used).unwrap_or(&[])
    }

    /// Read a list as Linux writes it: `0-3,8`. Blanks at the ends and an empty list are fine.
    pub fn from_list(text: &str) -> Result<CpuSet, ListError> {
        let mut set = CpuSet::new();
        for (a, b) in list_ranges(text, MAX_CPUS as u64)? {
            for n in a..=b {
                set.insert(CpuId(n));
            }
        }
        Ok(set)
    }
}

/// The inclusive ranges of a list `0-3,8`, each number below `limit`.
pub(crate) fn list_ranges(text: &str, limit: u64) -> Result<Vec<(u32, u32)>, ListError> {
    let number = |s: &str| -> Result<u32, ListError> {
        if s.is_empty() || !s.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ListError::Syntax);
        }
        let n = s.parse::<u64>().map_err(|_| ListError::TooLarge(u64::MAX))?;
        if n >= limit { Err(ListError::TooLarge(n)) } else { Ok(n as u32) }
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|part| match part.trim().split_once('-') {
            None => number(part.trim()).map(|n| (n, n)),
            Some((a, b)) => {
                let (a, b) = (number(a)?, number(b)?);
                if a <= b { Ok((a, b)) } else { Err(ListError::Syntax) }
            }
        })
        .collect()
}

impl PartialEq for CpuSet {
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

impl Eq for CpuSet {}

impl FromIterator<CpuId> for CpuSet {
    fn from_iter<I: IntoIterator<Item = CpuId>>(iter: I) -> Self {
        let mut set = CpuSet::new();
        for cpu in iter {
            set.insert(cpu);
        }
        set
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut iter = self.iter().map(|c| c.0).peekable();
        let mut separator = "";
        while let Some(start) = iter.next() {
            let mut end = start;
            while let Some(next) = iter.next_if(|n| *n == end + 1) {
                end = next;
            }
            match end - start {
                0 => write!(f, "{separator}{start}")?,
                1 => write!(f, "{separator}{start},{end}")?,
                _ => write!(f, "{separator}{start}-{end}")?,
            }
            separator = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn lists_are_read_and_refused() {
        assert_eq!(CpuSet::from_list(" 0-3,8\n").unwrap().to_string(), "0-3,8");
        assert_eq!(CpuSet::from_list("").unwrap().count(), 0);
        for bad in ["-", "1-", "3-1", "a", "1,,2", "0x3", "+1", "1 2"] {
            assert_eq!(CpuSet::from_list(bad), Err(ListError::Syntax), "{bad}");
        }
        assert_eq!(CpuSet::from_list("0-4294967295"), Err(ListError::TooLarge(4294967295)));
        assert_eq!(
            CpuSet::from_list("99999999999999999999999"),
            Err(ListError::TooLarge(u64::MAX))
        );
    }

    #[test]
    fn numbers_beyond_the_limit_are_never_members() {
        let mut set = CpuSet::new();
        assert!(!set.insert(CpuId(u32::MAX)));
        assert!(!set.contains(CpuId(u32::MAX)) && set.is_empty());
    }

    proptest! {
        #[test]
        fn a_set_behaves_as_a_btree_set(
            a in proptest::collection::btree_set(0u32..300, 0..60),
            b in proptest::collection::btree_set(0u32..300, 0..60),
        ) {
            let set = |s: &alloc::collections::BTreeSet<u32>| -> CpuSet {
                s.iter().map(|n| CpuId(*n)).collect()
            };
            let (x, y) = (set(&a), set(&b));
            prop_assert_eq!(x.count(), a.len());
            prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
            prop_assert_eq!(x.intersects(&y), !a.is_disjoint(&b));
            prop_assert!(x.intersection(&y).iter().map(|c| c.0).eq(a.intersection(&b).copied()));
            let mut union = x.clone();
            union.extend_from(&y);
            prop_assert!(union.iter().map(|c| c.0).eq(a.union(&b).copied()));
            prop_assert_eq!(CpuSet::from_list(&x.to_string()).unwrap(), x);
        }
    }
}
