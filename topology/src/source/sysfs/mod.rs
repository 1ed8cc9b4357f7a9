//! Linux sysfs: `/sys/devices/system/{node,cpu,memory}`, the APIC ids in `/proc/cpuinfo`, and what
//! the reading process may use in `/proc/self/status`.
//!
//! Node numbers are Linux's own, counted from 0 in the order in which the kernel met the proximity
//! domains; they are matched to those by the CPUs inside. A file that is missing makes a fact
//! unknown, one that is not understood also makes a note; only a machine without any CPU is refused.
//!
//! CPUs of a core are those that `core_cpus_list` (before Linux 5.3 `thread_siblings_list`) says:
//! the numbers in `core_id` repeat within a package on several makes. Where a list is missing, the
//! mask beside it is read.

mod cpus;
mod nodes;

use crate::claims::{Claims, KeyKind, NodeIds};
use crate::model::MAX_CPUS;
use crate::set::list_ranges;
use crate::{Note, Source};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use genode_args::number::unsigned;

/// A reader of files below the root directory.
pub trait Files {
    /// The content of a file such as `sys/devices/system/cpu/online`.
    fn read(&self, path: &str) -> Option<String>;
    /// The names in a directory, in any order; empty where there is none.
    fn list(&self, directory: &str) -> Vec<String>;
}

/// Why sysfs makes no machine.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SysfsError {
    /// `cpu/online` is missing or no list.
    NoCpus,
}

impl fmt::Display for SysfsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no sys/devices/system/cpu/online with a list of CPUs: is sysfs mounted?")
    }
}

impl core::error::Error for SysfsError {}

const BASE: &str = "sys/devices/system";
/// More notes than these say nothing new.
const MAX_NOTES: usize = 64;

/// Inclusive ranges, ascending, no two of them adjacent: a set as short as its text.
type Ranges = Vec<(u32, u32)>;

/// Reads a set of numbers below a limit.
type Parse = fn(&str, usize) -> Option<Ranges>;

fn normal(mut ranges: Ranges) -> Ranges {
    ranges.sort_unstable();
    let mut out: Ranges = Vec::with_capacity(ranges.len());
    for (a, b) in ranges {
        match out.last_mut() {
            Some((_, end)) if a <= end.saturating_add(1) => *end = b.max(*end),
            _ => out.push((a, b)),
        }
    }
    out
}

fn members(ranges: &Ranges) -> impl Iterator<Item = u32> + '_ {
    ranges.iter().flat_map(|(a, b)| *a..=*b)
}

fn count(ranges: &Ranges) -> usize {
    ranges.iter().map(|(a, b)| (b - a) as usize + 1).sum()
}

/// The place of `n` among the members.
fn rank(ranges: &Ranges, n: u32) -> Option<u32> {
    let mut below = 0;
    for (a, b) in ranges {
        if (*a..=*b).contains(&n) {
            return Some(below + (n - a));
        }
        below += b - a + 1;
    }
    None
}

/// A list such as `0-3,8`, each number below `limit`.
fn list(text: &str, limit: usize) -> Option<Ranges> {
    list_ranges(text, limit as u64).ok().map(normal)
}

/// A mask in hexadecimal words of 32 bits, the highest first: `00000001,ffffffff`.
fn mask(text: &str, limit: usize) -> Option<Ranges> {
    let mut ranges = Vec::new();
    for (i, word) in text.trim().rsplit(',').enumerate() {
        let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_hexdigit());
        let mut bits = u32::from_str_radix(word, 16).ok().filter(|_| digits)?;
        while bits != 0 {
            let n = i as u64 * 32 + u64::from(bits.trailing_zeros());
            if n >= limit as u64 {
                return None;
            }
            ranges.push((n as u32, n as u32));
            bits &= bits - 1;
        }
    }
    Some(normal(ranges))
}

struct Reader<'a, F> {
    files: &'a F,
    notes: RefCell<Vec<Note>>,
}

impl<F: Files> Reader<'_, F> {
    fn text(&self, path: &str) -> Option<String> {
        let mut text = self.files.read(&format!("{BASE}/{path}"))?;
        // old kernels end some files with a NUL
        text.truncate(text.find('\0').unwrap_or(text.len()));
        Some(text)
    }

    fn number(&self, path: &str) -> Option<u64> {
        unsigned(&self.text(path)?)
    }

    fn small(&self, path: &str) -> Option<u32> {
        // the kernel writes -1 where it does not know
        self.number(path).and_then(|n| u32::try_from(n).ok())
    }

    fn names(&self, path: &str) -> Vec<String> {
        self.files.list(&format!("{BASE}/{path}"))
    }

    /// Notes that the `what` of CPU or node `of` is there and not understood.
    fn odd(&self, what: &'static str, of: u32) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < MAX_NOTES {
            notes.push(Note::NotUnderstood(Source::Sysfs, what, of));
        }
    }

    /// The set in a file, read by `parse`; a note where it is there and not understood.
    fn set(
        &self,
        path: &str,
        parse: Parse,
        limit: usize,
        (what, of): (&'static str, u32),
    ) -> Option<Ranges> {
        let set = parse(&self.text(path)?, limit);
        if set.is_none() {
            self.odd(what, of);
        }
        set
    }
}

/// Read the running (or a recorded) Linux machine.
pub fn read(files: &impl Files) -> Result<Claims, SysfsError> {
    let r = Reader { files, notes: RefCell::default() };
    let mut claims = Claims::new(Source::Sysfs, NodeIds::Own, KeyKind::Os);
    claims.all_cpus = true;
    let online = r.text("cpu/online").and_then(|t| list(&t, MAX_CPUS));
    let online = online.filter(|o| !o.is_empty()).ok_or(SysfsError::NoCpus)?;
    cpus::read(&r, &online, &mut claims);
    nodes::read(&r, &mut claims);
    cpus::allowed(&r, &mut claims);
    claims.notes.extend(r.notes.into_inner());
    Ok(claims)
}

/// A recorded tree: `path<TAB>content` a line, with `\n` and `\\` escaped in the content. Directories
/// are what the paths imply; an entry `path/` makes an empty one.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    files: BTreeMap<String, String>,
}

impl Recorded {
    /// Read a recording. Lines without a tab are skipped.
    pub fn parse(text: &str) -> Self {
        let unescape = |s: &str| {
            let mut out = String::with_capacity(s.len());
            let mut chars = s.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => match chars.next() {
                        Some('n') => out.push('\n'),
                        Some(other) => out.push(other),
                        None => {}
                    },
                    c => out.push(c),
                }
            }
            out
        };
        let files = text
            .lines()
            .filter_map(|l| l.split_once('\t'))
            .map(|(path, content)| (String::from(path), unescape(content)))
            .collect();
        Recorded { files }
    }
}

impl Files for Recorded {
    fn read(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let prefix = format!("{directory}/");
        let mut names: Vec<String> = self
            .files
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .filter_map(|(path, _)| path.get(prefix.len()..)?.split('/').next())
            .filter(|name| !name.is_empty())
            .map(String::from)
            .collect();
        names.dedup();
        names
    }
}

/// Files below a directory of the running system.
#[cfg(feature = "std")]
#[derive(Clone, Debug)]
pub struct Directory {
    root: std::path::PathBuf,
}

#[cfg(feature = "std")]
impl Directory {
    /// Files below `root`; `/` for the running machine.
    pub fn new(root: impl Into<std::path::PathBuf>) -> Self {
        Directory { root: root.into() }
    }
}

#[cfg(feature = "std")]
impl Files for Directory {
    fn read(&self, path: &str) -> Option<String> {
        // a byte that is no text makes its file odd, not missing
        let bytes = std::fs::read(self.root.join(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.root.join(directory)) else { return Vec::new() };
        entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{list, mask, normal, rank};
    use alloc::vec;

    #[test]
    fn sets_are_read_from_lists_and_masks() {
        let set = vec![(0, 3), (32, 32), (63, 64)];
        assert_eq!(list("0-1,2-3,32,63-64\0", 100), Some(set.clone()));
        assert_eq!(mask("1,80000001,0000000f\n", 100), Some(set.clone()));
        assert_eq!((mask("", 100), mask("x", 100), mask("1,,f", 100)), (None, None, None));
        assert_eq!(
            (mask("+1", 100), mask("1ffffffff", 100), mask("4,0,0", 66)),
            (None, None, None)
        );
        assert_eq!(mask("0", 1), Some(vec![]));
        assert_eq!((rank(&set, 2), rank(&set, 63), rank(&set, 5)), (Some(2), Some(5), None));
        assert_eq!(normal(vec![(5, 6), (0, 9), (10, 10)]), [(0, 10)]);
    }
}
