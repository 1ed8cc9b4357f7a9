//! Promises of single policies, and reasons to refuse a configuration.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "a test reports by panicking")]

use cells::policy::{Reason, by_name};
use cells::{
    BadMachine, CellId, CoreAt, Event, Machine, Manager, Objective, POOL, Sample, Spec, Why, check,
};

const A: CellId = CellId(1);
const B: CellId = CellId(2);
const C: CellId = CellId(3);

fn manager(policy: &str, machine: Machine, specs: &[Spec]) -> Manager {
    let mut manager = Manager::new(machine, by_name(policy).unwrap(), 1000);
    for (n, spec) in (1..).zip(specs) {
        manager.on(Event::Start(CellId(n), spec.clone())).unwrap();
    }
    // a new cell has a core until it says otherwise
    let idle: Vec<_> = (1..).zip(specs).map(|(n, _)| (CellId(n), wants(0))).collect();
    for _ in 0..9 {
        report(&mut manager, &idle);
    }
    manager
}

fn wants(cores: u16) -> Sample {
    Sample { wanted: Some(cores), used: cores, ..Sample::default() }
}

fn report(manager: &mut Manager, list: &[(CellId, Sample)]) {
    manager.on(Event::Samples(list)).unwrap();
}

fn owned(manager: &Manager) -> Vec<usize> {
    [A, B, C].map(|id| manager.held(id).len()).to_vec()
}

fn three() -> Vec<Spec> {
    vec![Spec::default(); 3]
}

#[test]
fn what_nobody_needs_stays_for_a_while_and_what_somebody_needs_goes_at_once() {
    let machine = Machine::uniform(1, 12, 1, 0).unwrap();
    let mut manager = manager("load", machine, &three());
    report(&mut manager, &[(A, wants(10)), (B, wants(2))]);
    assert_eq!(owned(&manager), [10, 2, 0]);
    report(&mut manager, &[(A, wants(1))]);
    assert_eq!((owned(&manager), manager.target(A).1), (vec![10, 2, 0], Reason::Kept));
    assert!(manager.decision().moves.is_empty());
    assert_eq!(manager.decision().lending, [POOL, A]);
    report(&mut manager, &[(C, wants(4))]);
    assert_eq!(owned(&manager), [6, 2, 4]);
    assert_eq!(manager.decision().moves.len(), 4, "no more than needed");
    for _ in 0..8 {
        report(&mut manager, &[(A, wants(1))]);
    }
    assert_eq!(owned(&manager), [1, 2, 4]);
    assert_eq!(manager.held(POOL).len(), 5);
}

#[test]
fn a_high_delay_is_worth_a_core_and_only_once_a_report() {
    let machine = Machine::uniform(1, 12, 1, 0).unwrap();
    let mut manager = manager("load", machine, &three());
    let slow = Sample { delay_us: 100, ..wants(3) };
    report(&mut manager, &[(A, wants(3))]);
    report(&mut manager, &[(A, slow)]);
    assert_eq!(owned(&manager), [4, 0, 0]);
    manager.on(Event::Tick).unwrap();
    assert_eq!(owned(&manager), [4, 0, 0]);
    report(&mut manager, &[(A, Sample { delay_us: 99, ..wants(3) })]);
    assert_eq!(manager.target(A), (4, Reason::Kept));
}

#[test]
fn a_silent_cell_is_judged_by_its_cpu_time() {
    let machine = Machine::uniform(1, 12, 1, 0).unwrap();
    let mut manager = manager("load", machine, &three());
    let silent = |used| Sample { used, ..Sample::default() };
    for expected in [1, 2, 3] {
        report(&mut manager, &[(A, silent(expected - 1)), (B, wants(11))]);
        assert_eq!(manager.held(A).len(), usize::from(expected));
    }
    report(&mut manager, &[(A, silent(1)), (B, wants(11))]);
    assert_eq!(owned(&manager), [1, 11, 0]);
}

#[test]
fn who_leaves_idle_what_it_asked_for_loses_it() {
    let machine = Machine::uniform(1, 16, 1, 0).unwrap();
    let mut manager = manager("load", machine, &three()[..2]);
    let liar = Sample { wanted: Some(16), used: 2, ..Sample::default() };
    report(&mut manager, &[(A, Sample { used: 0, ..liar }), (B, wants(16))]);
    assert_eq!(owned(&manager), [8, 8, 0]);
    report(&mut manager, &[(A, liar), (B, wants(16))]);
    assert_eq!((owned(&manager), manager.target(A)), (vec![4, 12, 0], (4, Reason::Idle)));
    // one core and an eighth less than promised is a measurement's wobble
    report(&mut manager, &[(A, Sample { used: 3, ..liar }), (B, wants(16))]);
    assert_eq!(owned(&manager), [8, 8, 0]);
}

#[test]
fn an_objective_that_is_met_asks_for_no_more_and_prices_weigh() {
    let slo = |price| Spec { objective: Objective::Delay(100), price, ..Spec::default() };
    let rate = Spec { objective: Objective::Throughput(500), ..Spec::default() };
    let machine = Machine::uniform(1, 16, 1, 0).unwrap();
    let mut manager = manager("slo", machine, &[slo(3), slo(1), rate]);
    let at = |delay_us| Sample { delay_us, ..wants(16) };
    report(&mut manager, &[(A, at(50)), (B, at(50)), (C, Sample { rate: 500, ..wants(16) })]);
    assert_eq!(owned(&manager), [0, 0, 0], "all are content with nothing");
    report(&mut manager, &[(A, at(51)), (B, at(51))]);
    assert_eq!(owned(&manager), [12, 4, 0]);
    report(&mut manager, &[(A, at(10)), (B, at(10)), (C, Sample { rate: 499, ..wants(4) })]);
    assert_eq!(owned(&manager), [10, 3, 3]);
}

#[test]
fn numa_keeps_cells_on_few_nodes_and_their_memory_there() {
    let machine = Machine::uniform(4, 16, 1, 400).unwrap();
    let mut manager = manager("numa", machine.clone(), &three());
    let on = |manager: &Manager, id| {
        let mut nodes: Vec<_> = manager.held(id).iter().map(|u| machine.node_of(*u)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    };
    report(&mut manager, &[(A, wants(3)), (B, wants(4)), (C, wants(2))]);
    let (a, b, c) = (on(&manager, A), on(&manager, B), on(&manager, C));
    assert_eq!([a.len(), b.len(), c.len()], [1, 1, 1]);
    assert!(a != b && b != c && a != c);
    // the fourth unit is the one that is left on its node
    report(&mut manager, &[(A, Sample { memory: 10, ..wants(4) })]);
    assert_eq!(on(&manager, A), a);
    let memory = &manager.decision().memory;
    assert_eq!((memory.len(), memory[0].node, memory[0].bytes), (1, a[0], 40));
    // a node's memory ends: the rest is on the nearest one
    report(&mut manager, &[(A, Sample { memory: 45, ..wants(4) })]);
    let memory = &manager.decision().memory;
    let bytes: Vec<u64> = memory.iter().map(|part| part.bytes).collect();
    assert_eq!((memory[0].node, bytes), (a[0], vec![100, 80]));
}

#[test]
fn a_far_unit_is_swapped_for_a_near_one_when_there_is_one() {
    let machine = Machine::uniform(2, 8, 1, 0).unwrap();
    let mut manager = manager("numa", machine.clone(), &three()[..2]);
    report(&mut manager, &[(A, wants(3)), (B, wants(3))]);
    report(&mut manager, &[(A, wants(5))]);
    let far = |manager: &Manager| {
        let nodes: Vec<_> = manager.held(A).iter().map(|u| machine.node_of(*u)).collect();
        nodes.iter().filter(|n| **n != nodes[0]).count()
    };
    assert_eq!(far(&manager), 1);
    let other = machine.node_of(manager.held(B)[0]);
    report(&mut manager, &[(A, wants(4))]);
    for _ in 0..9 {
        report(&mut manager, &[(A, wants(4))]);
    }
    assert_eq!((far(&manager), manager.held(A).len()), (0, 4));
    assert!(manager.held(A).iter().all(|u| machine.node_of(*u) != other));
}

#[test]
fn siblings_belong_to_one_cell_whatever_is_wanted() {
    let cores: Vec<CoreAt> = (0..8).map(|n| CoreAt { node: 0, siblings: n % 4 }).collect();
    let machine = Machine::new(&cores, &[0], &[10]).unwrap();
    assert_eq!(machine.cores_of(1), [1, 5]);
    for policy in ["load", "numa", "slo", "karma"] {
        let mut manager = manager(policy, machine.clone(), &three()[..2]);
        report(&mut manager, &[(A, wants(3)), (B, wants(1))]);
        assert_eq!(owned(&manager), [2, 1, 0], "{policy}");
    }
}

#[test]
fn a_sum_of_minimums_above_the_machine_is_refused_line_by_line() {
    let machine = Machine::uniform(1, 8, 1, 0).unwrap().reserve(1).unwrap();
    let min = |min| Spec { min, ..Spec::default() };
    let brick = |brick: &[u16]| Spec { brick: brick.to_vec(), ..Spec::default() };
    let specs = [min(4), min(4), brick(&[0]), min(2), brick(&[9]), min(2)];
    let list: Vec<_> = (1..).map(CellId).zip(&specs).collect();
    let lines: Vec<String> = check(&machine, &list).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "cell 2: its minimum takes 4 units, 3 are left after the cells before it: lower its \
             min or theirs",
            "cell 3: core 0 of its brick is reserved or another brick's",
            "cell 5: its brick has core 9, the machine has not",
            "cell 6: its minimum takes 2 units, 1 are left after the cells before it: lower its \
             min or theirs",
        ]
    );
    let mut running = manager("load", machine, &[min(4)]);
    let before = running.owners().to_vec();
    let refused = running.on(Event::Start(B, min(4))).unwrap_err();
    assert_eq!((refused.cell, refused.why), (B, Why::Min(4, 3)));
    assert_eq!(running.owners(), before);
    assert!(running.cell(B).is_none());
}

#[test]
fn terms_that_cannot_be_meant_are_refused() {
    let machine = Machine::uniform(1, 8, 2, 0).unwrap();
    let why = |id: u16, spec: Spec| check(&machine, &[(CellId(id), &spec)]).first().map(|r| r.why);
    let plain = Spec::default;
    assert_eq!(why(0, plain()), Some(Why::Number));
    assert_eq!(why(4096, plain()), Some(Why::Number));
    assert_eq!(why(1, Spec { min: 3, max: 2, ..plain() }), Some(Why::MinAboveMax(3, 2)));
    assert_eq!(why(1, Spec { weight: 1_000_001, ..plain() }), Some(Why::Weight(1_000_001)));
    assert_eq!(why(1, Spec { price: 0, ..plain() }), Some(Why::Weight(0)));
    assert_eq!(why(1, Spec { price: 1001, ..plain() }), Some(Why::Weight(1001)));
    assert_eq!(why(1, Spec { brick: vec![2], ..plain() }), Some(Why::Sibling(3)));
    assert_eq!(why(1, Spec { weight: 1_000_000, price: 1000, ..plain() }), None);
    let twice = [(A, &plain()), (A, &plain())];
    assert_eq!(check(&machine, &twice)[0].why, Why::Number);
}

#[test]
fn small_cells_share_the_pool_which_has_a_core() {
    let machine = Machine::uniform(1, 8, 1, 0).unwrap().reserve(1).unwrap();
    let of = |weight, min| Spec { weight, min, ..Spec::default() };
    for policy in cells::policy::NAMES {
        let manager = manager(policy, machine.clone(), &[of(100, 0), of(1, 0), of(0, 0)]);
        assert_eq!(manager.target(B).1, Reason::Pooled, "{policy}");
        assert_eq!(manager.target(C).1, Reason::Pooled, "{policy}");
        assert!(manager.held(POOL).len() >= 2 && manager.held(B).is_empty(), "{policy}");
    }
    // a minimum is a core of one's own, however small the weight
    let manager = manager("shares", machine, &[of(100, 0), of(1, 1), of(0, 0)]);
    assert_eq!(owned(&manager)[1..], [1, 0]);
}

#[test]
fn machines_that_are_none_are_refused() {
    let at = |node, siblings| CoreAt { node, siblings };
    let of = |cores: &[CoreAt], nodes: usize, distances: usize| {
        Machine::new(cores, &vec![0; nodes], &vec![10; distances]).unwrap_err()
    };
    assert_eq!(of(&[], 1, 1), BadMachine::Cores(0));
    assert_eq!(of(&vec![at(0, 0); 4097], 1, 1), BadMachine::Cores(4097));
    assert_eq!(of(&[at(0, 0)], 0, 0), BadMachine::Nodes(0));
    assert_eq!(of(&[at(0, 0)], 2, 3), BadMachine::Nodes(2));
    assert_eq!(of(&[at(1, 0)], 1, 1), BadMachine::NoSuchNode(1));
    assert_eq!(of(&[at(0, 7), at(1, 7)], 2, 4), BadMachine::SplitSiblings(1));
    let machine = Machine::uniform(1, 4, 1, 0).unwrap();
    assert_eq!(machine.reserve(4).unwrap_err(), BadMachine::Reserved(4));
}

#[test]
fn a_policy_is_replaced_while_cells_run() {
    let machine = Machine::uniform(1, 12, 1, 0).unwrap();
    let mut manager = manager("shares", machine, &three());
    assert_eq!(owned(&manager), [4, 4, 4]);
    manager.set_policy(by_name("load").unwrap());
    assert_eq!(owned(&manager), [4, 4, 4]);
    report(&mut manager, &[(A, wants(10))]);
    assert_eq!(owned(&manager), [10, 0, 0]);
    assert!(by_name("none").is_none());
}

#[test]
fn memory_counts_if_it_is_the_larger_share() {
    let machine = Machine::uniform(1, 12, 1, 120).unwrap();
    let mut manager = manager("load", machine, &three()[..2]);
    let with = |memory| Sample { memory, ..wants(12) };
    // a sixth of the memory with a core, beside a twelfth of the cores
    report(&mut manager, &[(A, with(20)), (B, with(0))]);
    assert_eq!(owned(&manager), [4, 8, 0]);
    // memory runs out first: who needs none goes on
    report(&mut manager, &[(A, with(60)), (B, with(1))]);
    assert_eq!(owned(&manager), [1, 10, 0]);
}

#[test]
fn what_is_kept_goes_with_the_eighth_calm_decision() {
    let machine = Machine::uniform(1, 12, 1, 0).unwrap();
    let mut manager = manager("load", machine, &three());
    report(&mut manager, &[(A, wants(10))]);
    for _ in 0..7 {
        report(&mut manager, &[(A, wants(1))]);
        assert_eq!(owned(&manager), [10, 0, 0]);
    }
    report(&mut manager, &[(A, wants(1))]);
    assert_eq!(owned(&manager), [1, 0, 0]);
}

#[test]
fn who_has_least_comes_first_where_moves_are_bounded() {
    let machine = Machine::uniform(1, 12, 1, 0).unwrap();
    let mut manager = Manager::new(machine, by_name("load").unwrap(), 2);
    for id in [A, B] {
        manager.on(Event::Start(id, Spec::default())).unwrap();
    }
    report(&mut manager, &[(A, wants(3)), (B, wants(1))]);
    assert_eq!(owned(&manager), [3, 1, 0]);
    report(&mut manager, &[(A, wants(6)), (B, wants(6))]);
    assert_eq!((owned(&manager), manager.decision().more), (vec![3, 3, 0], true));
}

#[test]
fn a_share_of_one_core_is_one_and_the_pool_has_its_own() {
    let machine = Machine::uniform(1, 4, 1, 0).unwrap();
    let weighing = |weight| Spec { weight, ..Spec::default() };
    let full = manager("shares", machine.clone(), &vec![weighing(1); 4]);
    assert!((1..5).all(|n| full.held(CellId(n)).len() == 1));
    let mut specs = vec![weighing(2); 4];
    specs[3] = weighing(0);
    specs.push(weighing(2));
    let shared = manager("shares", machine, &specs);
    assert_eq!(shared.target(CellId(4)).1, Reason::Pooled);
    let own = [1, 2, 3, 5].map(|n| shared.held(CellId(n)).len());
    assert_eq!((own.iter().sum::<usize>(), shared.held(POOL).len()), (3, 1));
}
