//! A set of CPU numbers, as large as it needs to be: more than 64 CPUs is the normal case.

use crate::{CpuId, MAX_CPUS};
use alloc::vec::Vec;
use core::fmt;

/// A set of CPUs. Numbers reach to [`MAX_CPUS`]; larger ones are never members.
///
/// A set takes the words from its lowest to its highest member, so that the sets of all objects of
/// a machine take about as much as the objects have CPUs.
#[derive(Clone, Debug, Default)]
pub struct CpuSet {
    /// Index of the first word that is held.
    first: usize,
    words: Vec<u64>,
}

/// Why a CPU list such as `0-3,8` was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
        self.change(n / 64, |word| word | 1 << (n % 64));
        true
    }

    /// Removes a CPU. Returns whether it was a member.
    pub fn remove(&mut self, cpu: CpuId) -> bool {
        let was = self.contains(cpu);
        if was {
            self.change(cpu.0 as usize / 64, |word| word & !(1 << (cpu.0 % 64)));
        }
        was
    }

    /// Changes the word with this index, which is held from now on.
    fn change(&mut self, index: usize, f: impl FnOnce(u64) -> u64) {
        if self.words.is_empty() {
            self.first = index;
        } else if index < self.first {
            self.words.splice(0..0, core::iter::repeat_n(0, self.first - index));
            self.first = index;
        }
        let at = index - self.first;
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            *word = f(*word);
        }
    }

    /// Whether `cpu` is a member.
    pub fn contains(&self, cpu: CpuId) -> bool {
        self.word(cpu.0 as usize / 64) >> (cpu.0 % 64) & 1 == 1
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
        self.words.iter().zip(self.first..).flat_map(|(word, i)| {
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

    /// The highest member.
    pub fn last(&self) -> Option<CpuId> {
        let at = self.words.iter().rposition(|w| *w != 0)?;
        let word = self.words.get(at)?;
        Some(CpuId((self.first + at) as u32 * 64 + 63 - word.leading_zeros()))
    }

    /// Whether every member of `self` is one of `other`.
    pub fn is_subset(&self, other: &CpuSet) -> bool {
        self.words.iter().zip(self.first..).all(|(w, i)| w & !other.word(i) == 0)
    }

    /// Whether the two sets have a member in common.
    pub fn intersects(&self, other: &CpuSet) -> bool {
        self.words.iter().zip(self.first..).any(|(w, i)| w & other.word(i) != 0)
    }

    /// Members of both.
    #[must_use]
    pub fn intersection(&self, other: &CpuSet) -> CpuSet {
        let words = self.words.iter().zip(self.first..).map(|(w, i)| w & other.word(i)).collect();
        CpuSet { first: self.first, words }
    }

    /// Members of this set that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &CpuSet) -> CpuSet {
        let words = self.words.iter().zip(self.first..).map(|(w, i)| w & !other.word(i)).collect();
        CpuSet { first: self.first, words }
    }

    /// Add all members of `other`.
    pub fn extend_from(&mut self, other: &CpuSet) {
        for (word, i) in other.words.iter().zip(other.first..).filter(|(w, _)| **w != 0) {
            self.change(i, |mine| mine | word);
        }
    }

    /// The word with CPUs `index * 64` to `index * 64 + 63`.
    pub(crate) fn word(&self, index: usize) -> u64 {
        let at = index.checked_sub(self.first);
        at.and_then(|at| self.words.get(at)).copied().unwrap_or(0)
    }

    /// The set as 64-bit words, lowest CPUs first, without trailing zero words.
    pub fn words(&self) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator + '_ {
        (0..self.last().map_or(0, |c| c.0 as usize / 64 + 1)).map(|i| self.word(i))
    }

    /// The words that are not zero, with their indices.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        (self.first..).zip(self.words.iter().copied()).filter(|(_, w)| *w != 0)
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
    // old kernels end some lists with a NUL
    let text = text.split('\0').next().unwrap_or("").trim();
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
        self.parts().eq(other.parts())
    }
}

impl Eq for CpuSet {}

impl PartialOrd for CpuSet {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Sets are ordered so that they may be keys; nothing follows from the order.
impl Ord for CpuSet {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.parts().cmp(other.parts())
    }
}

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
            prop_assert!(x.difference(&y).iter().map(|c| c.0).eq(a.difference(&b).copied()));
            prop_assert_eq!(x.last().map(|c| c.0), a.last().copied());
            prop_assert_eq!(x.words().len(), a.last().map_or(0, |n| *n as usize / 64 + 1));
            prop_assert_eq!(x.cmp(&y) == core::cmp::Ordering::Equal, a == b);
            // built from the top, and emptied from the bottom
            let mut down = CpuSet::new();
            for n in a.iter().rev() {
                prop_assert!(down.insert(CpuId(*n)));
            }
            prop_assert_eq!(&down, &x);
            for n in &a {
                prop_assert!(down.remove(CpuId(*n)) && !down.remove(CpuId(*n)));
            }
            prop_assert!(down.is_empty() && down == CpuSet::new());
            prop_assert_eq!(CpuSet::from_list(&x.to_string()).unwrap(), x);
        }
    }
}
