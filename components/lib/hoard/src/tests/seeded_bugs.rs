//! The suite would notice: every bug that a double can seed makes it fail.

use super::double::{Bug, seed};
use super::{blowup, script, sharing};
use std::string::String;

/// The parts of the other tests, in short, on one thread.
fn part(number: u64) -> Result<(), String> {
    match number {
        0 => sharing::no_line_is_shared(24),
        1..=3 => script::run(&script::mixed(19 + number, 8000)),
        _ => blowup::one_thread_frees_what_another_allocates(64, 0),
    }
}

/// The part that must notice a bug.
fn notices(bug: Bug) -> u64 {
    match bug {
        Bug::Kept => 0,
        Bug::SparseKept => 4,
        _ => 1,
    }
}

#[test]
fn every_seeded_bug_is_caught() {
    for number in 0..5 {
        assert_eq!(part(number), Ok(()), "without a bug");
    }
    for bug in Bug::ALL {
        seed(Some(bug));
        let outcome = std::panic::catch_unwind(|| part(notices(bug)));
        seed(None);
        assert!(!matches!(outcome, Ok(Ok(()))), "{bug:?} is not noticed");
    }
}
