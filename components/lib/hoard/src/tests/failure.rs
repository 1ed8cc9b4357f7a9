//! The system refuses at any one of the calls a script makes, or from one on: allocations may fail
//! then, and nothing else may.

use super::model::System;
use super::script::{Op, Run, mixed};
use std::sync::atomic::Ordering;

fn with_failure(ops: &[Op], unit: usize, from: usize, count: usize) -> usize {
    let mut run = Run::on(System::with_unit(unit));
    run.scarce = true;
    run.system.model.fail_from.store(from, Ordering::Relaxed);
    run.system.model.fail_count.store(count, Ordering::Relaxed);
    for (i, &op) in ops.iter().enumerate() {
        if let Err(e) = run.step(op) {
            panic!("call {from} fails; step {i}, {op:?}: {e}");
        }
    }
    run.account().unwrap_or_else(|e| panic!("call {from} fails: {e}"));
    // Memory is back: so is everything.
    run.system.model.fail_count.store(0, Ordering::Relaxed);
    run.scarce = false;
    for size in [1, 100, 5000, 60_000, 500_000, 20 << 20] {
        run.step(Op::Allocate { heap: 0, size, shift: 0, zeroed: true })
            .unwrap_or_else(|e| panic!("call {from} failed; after: {e}"));
    }
    let calls = run.system.model.calls.load(Ordering::Relaxed);
    run.finish().unwrap_or_else(|e| panic!("call {from} fails; at the end: {e}"));
    calls
}

#[test]
fn one_refusal_at_every_step() {
    for (unit, length) in [(0, 1200), (256 << 10, 300)] {
        let ops = mixed(11, length);
        let calls = with_failure(&ops, unit, 0, 0);
        assert!(calls > 20, "the script asks the system often: {calls}");
        for from in 1..=calls {
            with_failure(&ops, unit, from, 1);
        }
    }
}

#[test]
fn nothing_any_more_from_every_step_on() {
    for (unit, length) in [(0, 1200), (256 << 10, 300)] {
        let ops = mixed(12, length);
        let calls = with_failure(&ops, unit, 0, 0);
        for from in 1..=calls {
            with_failure(&ops, unit, from, usize::MAX / 2);
        }
    }
}
