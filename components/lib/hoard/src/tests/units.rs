//! Systems that give segments their memory by units, and may find the addresses taken.

use super::model::System;
use super::script::{mixed, run_on};
use std::sync::atomic::Ordering;

#[test]
fn memory_comes_and_goes_by_units() {
    for unit in [64 << 10, 256 << 10, 1 << 20] {
        for seed in 30..32 {
            let outcome = run_on(System::with_unit(unit), &mixed(seed, 6000));
            assert_eq!(outcome, Ok(()), "units of {unit}, seed {seed}");
        }
    }
}

#[test]
fn addresses_that_are_taken_are_left_alone() {
    for every in [1, 3, 7] {
        let system = System::with_unit(256 << 10);
        system.model.occupied_every.store(every, Ordering::Relaxed);
        let outcome = run_on(system, &mixed(33, if every == 1 { 100 } else { 4000 }));
        match every {
            // Every unit but that of the records is taken.
            1 => assert!(outcome.is_err(), "memory out of nothing"),
            _ => assert_eq!(outcome, Ok(()), "every {every}th unit is taken"),
        }
    }
}
