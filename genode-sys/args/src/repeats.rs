//! Messages that another component causes, told in bounded number.
//!
//! A child that asks in a loop for what it is denied would fill its parent's log with one line, and
//! hide the lines of others. So each distinct message is told at once when it is new; after that it
//! is counted, and told again at its 10th, 100th and each further power of ten.

use core::fmt;

/// Distinct messages that are remembered; further ones are counted together.
const REMEMBERED: usize = 16;

/// Remembers the messages about one child.
///
/// ```
/// use genode_args::repeats::Repeats;
///
/// let mut repeats = Repeats::new();
/// let said = (0..2000).filter_map(|_| repeats.note("denied")).map(|times| times.to_string());
/// assert!(said.eq(["", " (10 times so far)", " (100 times so far)", " (1000 times so far)"]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Repeats {
    /// Hash and count of each message; where the count is 0, none is remembered.
    known: [(u64, u64); REMEMBERED],
    beyond: u64,
}

/// The number of times that something happened, as text behind its message: nothing for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// It is new.
    First,
    /// It happened so often.
    Again(u64),
    /// It is new and one of so many others that are not remembered one by one.
    Among(u64),
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => Ok(()),
            Self::Again(times) => write!(f, " ({times} times so far)"),
            Self::Among(times) => write!(f, " (one of {times} further ones)"),
        }
    }
}

impl Repeats {
    /// Remembers nothing yet.
    pub const fn new() -> Self {
        Self { known: [(0, 0); REMEMBERED], beyond: 0 }
    }

    /// Counts `message`, and returns the number to tell behind it; `None` if nothing is to be told.
    pub fn note(&mut self, message: &str) -> Option<Times> {
        let hash = hash(message);
        let of_it = |(known, count): &&mut (u64, u64)| *count == 0 || *known == hash;
        match self.known.iter_mut().find(of_it) {
            Some(free @ (_, 0)) => {
                *free = (hash, 1);
                Some(Times::First)
            }
            Some((_, count)) => power_of_ten(count).map(Times::Again),
            None => power_of_ten(&mut self.beyond).map(Times::Among),
        }
    }
}

/// Counts once more; returns the count where it is a power of ten.
fn power_of_ten(count: &mut u64) -> Option<u64> {
    *count = count.saturating_add(1);
    let power = 10_u64.checked_pow(count.ilog10());
    (power == Some(*count)).then_some(*count)
}

/// FNV-1a. Whoever makes two messages collide hides one of its own.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{format, vec::Vec};

    use super::*;

    #[test]
    fn a_message_is_told_at_once_and_then_at_powers_of_ten() {
        let mut repeats = Repeats::new();
        let told: Vec<_> = (1..=2000).filter_map(|n| Some((n, repeats.note("a")?))).collect();
        let again = |n| (n, Times::Again(n));
        assert_eq!(told, [(1, Times::First), again(10), again(100), again(1000)]);
        assert_eq!(repeats.note("b"), Some(Times::First), "another message is new");
    }

    #[test]
    fn messages_that_all_differ_are_told_in_bounded_number() {
        let mut repeats = Repeats::new();
        let told: Vec<_> = (0..2000).filter_map(|n| repeats.note(&format!("label {n}"))).collect();
        assert_eq!(told[..16], [Times::First; 16]);
        let beyond = [1, 10, 100, 1000].map(Times::Among);
        assert_eq!(told[16..], beyond);
        assert_eq!(repeats.note("label 3"), None, "the second time");
    }
}
