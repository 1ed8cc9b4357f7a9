//! The fork's formula: its worked examples, and its defects as seeded bugs that the checks reject.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "a test reports by panicking")]

use cells::policy::{Shares, weight_of_priority};
use cells::{CellId, Event, Machine, Manager, POOL, Spec};

/// Starts cells of these priorities on a machine whose core 0 is reserved.
fn started(cores: u16, priorities: &[i32], bricks: &[u16]) -> Manager {
    let machine = Machine::uniform(1, cores, 1, 1 << 30).unwrap().reserve(1).unwrap();
    let mut manager = Manager::new(machine, Box::new(Shares), usize::MAX);
    for (n, core) in (100..).zip(bricks) {
        let spec = Spec { brick: vec![*core], ..Spec::default() };
        manager.on(Event::Start(CellId(n), spec)).unwrap();
    }
    for (n, priority) in (1..).zip(priorities) {
        let spec = Spec { weight: weight_of_priority(*priority), ..Spec::default() };
        manager.on(Event::Start(CellId(n), spec)).unwrap();
    }
    manager
}

/// First and last core of each cell, and their number, which must fit.
fn intervals(manager: &Manager, cells: u16) -> Vec<(u16, u16)> {
    let interval = |n| {
        let held = manager.held(CellId(n));
        let (first, last) = (*held.iter().min().unwrap(), *held.iter().max().unwrap());
        assert_eq!(held.len(), usize::from(last - first) + 1, "cell {n} is not in one piece");
        (first, last)
    };
    (1..=cells).map(interval).collect()
}

#[test]
fn three_cells_on_32_cores_have_15_8_and_8() {
    let manager = started(32, &[0, -2, -2], &[]);
    assert_eq!(intervals(&manager, 3), [(1, 15), (16, 23), (24, 31)]);
    assert_eq!(manager.held(POOL), [0]);
}

#[test]
fn one_cell_has_all_but_the_reserved_core() {
    let manager = started(32, &[0], &[]);
    assert_eq!(intervals(&manager, 1), [(1, 31)]);
}

#[test]
fn core_0_is_free_by_rounding_on_64_cores() {
    let manager = started(64, &[-1, -2, -4], &[]);
    assert_eq!(intervals(&manager, 3), [(1, 36), (37, 54), (55, 63)]);
    assert_eq!(manager.held(POOL), [0]);
}

#[test]
fn what_rounding_leaves_over_is_the_pools() {
    let manager = started(32, &[0, 0, 0], &[]);
    assert_eq!(intervals(&manager, 3), [(2, 11), (12, 21), (22, 31)]);
    assert_eq!(manager.owners()[..2], [POOL, POOL]);
}

/// Asserts what must hold of shares of cells with these weights.
fn sound(total: u32, reserved: u32, weights: &[u32], shares: &[u32]) -> Result<(), String> {
    let sum: u64 = weights.iter().map(|w| u64::from(*w)).sum();
    let parts: Vec<u32> =
        weights.iter().map(|w| (u64::from(*w) * u64::from(total) / sum) as u32).collect();
    let over = parts.iter().sum::<u32>().saturating_sub(total - reserved);
    let given: u32 = shares.iter().sum();
    if given > total - reserved {
        return Err(format!("{given} units of {}", total - reserved));
    }
    let lost: u32 = parts.iter().zip(shares).map(|(part, share)| part.abs_diff(*share)).sum();
    if lost != over {
        return Err(format!("{shares:?} instead of {parts:?} without {over}"));
    }
    Ok(())
}

/// The shares that the manager decides on, after cells with `gone` came and went.
fn ours(total: u16, priorities: &[i32], gone: &[i32]) -> Vec<u32> {
    let mut manager = started(total, priorities, &[]);
    for priority in gone {
        let spec = Spec { weight: weight_of_priority(*priority), ..Spec::default() };
        manager.on(Event::Start(CellId(99), spec)).unwrap();
        manager.on(Event::Exit(CellId(99))).unwrap();
    }
    (1..=priorities.len() as u16).map(|n| manager.held(CellId(n)).len() as u32).collect()
}

/// The fork's formula with one of its defects.
fn forks(total: u32, priorities: &[i32], gone: &[i32], defect: &str) -> Vec<u32> {
    let weight = |p: i32| 1.0 / f64::from(p.unsigned_abs().max(1));
    let counted = |p: i32| if defect == "every cell counts 1" { 1.0 } else { weight(p) };
    let mut sum: f64 = priorities.iter().map(|p| counted(*p)).sum();
    for priority in gone {
        sum += counted(*priority);
        sum -= match defect {
            "exit divides by the raw priority" => 1.0 / f64::from(priority.unsigned_abs()),
            _ => weight(*priority),
        };
    }
    let limit = u32::from(defect != "nothing is reserved");
    let mut x = total;
    let mut shares: Vec<u32> = vec![0; priorities.len()];
    for (share, priority) in shares.iter_mut().zip(priorities).rev() {
        *share = ((weight(*priority) * f64::from(total) / sum).max(0.0) as u32).min(x);
        if x - *share <= limit && limit > 0 {
            let whole = defect == "the whole limit is taken off";
            *share -= if whole { 2 * limit } else { limit.saturating_sub(x - *share) };
        }
        x -= *share;
    }
    shares
}

#[test]
fn the_forks_defects_are_rejected() {
    let cases: [(u16, &[i32], &[i32]); 3] =
        [(32, &[0, -2, -2], &[0]), (64, &[-2, -2, -2], &[-2]), (32, &[0], &[])];
    let weights = |p: &[i32]| p.iter().map(|p| weight_of_priority(*p)).collect::<Vec<_>>();
    for (total, priorities, gone) in cases {
        let weights = weights(priorities);
        let shares = ours(total, priorities, gone);
        assert_eq!(sound(total.into(), 1, &weights, &shares), Ok(()));
        let right = forks(total.into(), priorities, gone, "none");
        assert_eq!(right, shares, "the formula without a defect is ours");
    }
    let defects = [
        ("exit divides by the raw priority", 0),
        ("every cell counts 1", 1),
        ("the whole limit is taken off", 2),
        ("nothing is reserved", 2),
    ];
    for (defect, case) in defects {
        let (total, priorities, gone) = cases[case];
        let shares = forks(total.into(), priorities, gone, defect);
        let told = sound(total.into(), 1, &weights(priorities), &shares);
        assert!(told.is_err(), "{defect} is not noticed: {shares:?}");
    }
    // 64 cores, three cells of -2: 10 each and 34 for nobody
    assert_eq!(forks(64, &[-2, -2, -2], &[], "every cell counts 1"), [10, 10, 10]);
    assert_eq!(ours(64, &[-2, -2, -2], &[-2]), [21, 21, 21]);
}

#[test]
fn bricks_are_taken_off_and_touched_by_nobody() {
    let manager = started(64, &[-1, -1], &[1, 2]);
    assert_eq!(manager.held(CellId(100)), [1]);
    assert_eq!(manager.held(CellId(101)), [2]);
    // 62 units: 31 each, the older one without the reserved core
    assert_eq!(intervals(&manager, 2), [(3, 32), (33, 63)]);
}
