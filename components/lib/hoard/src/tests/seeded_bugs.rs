//! The suite would notice: every seeded bug makes it fail.

use super::{blowup, script, sharing};
use crate::seeded;

/// What the other tests do, in short, on one thread.
fn suite() -> Result<(), std::string::String> {
    sharing::no_line_is_shared(24)?;
    for seed in 20..23 {
        script::run(&script::mixed(seed, 8000))?;
    }
    blowup::one_thread_frees_what_another_allocates(64, 0)
}

#[test]
fn every_seeded_bug_is_caught() {
    assert_eq!(suite(), Ok(()), "without a bug");
    for bug in 1..=seeded::BUGS {
        seeded::set(bug);
        let outcome = std::panic::catch_unwind(suite);
        seeded::set(0);
        assert!(!matches!(outcome, Ok(Ok(()))), "bug {bug} is not noticed");
    }
}
