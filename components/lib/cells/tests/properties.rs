//! Properties of every decision, over random machines, cells and reports.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "a test reports by panicking")]

use cells::policy::{NAMES, Reason, by_name};
use cells::{CellId, Event, Machine, Manager, POOL, Sample, Spec, check};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Step {
    Start(u16, Spec),
    Exit(u16),
    Sample(u16, Sample),
    Tick,
}

fn spec() -> impl Strategy<Value = Spec> {
    (0u32..20, 0u16..4, 1u16..40, 1u32..4).prop_map(|(weight, min, max, price)| Spec {
        weight,
        min: min.min(max),
        max,
        price,
        ..Spec::default()
    })
}

fn sample() -> impl Strategy<Value = Sample> {
    (proptest::option::of(0u16..50), 0u16..40, 0u32..300, 0u64..3).prop_map(
        |(wanted, used, delay_us, memory)| Sample { wanted, used, delay_us, rate: 0, memory },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let brick = (5u16..7, 0u16..16).prop_map(|(id, core)| {
        let first = core & !1;
        Step::Start(id, Spec { brick: vec![first, first + 1], ..Spec::default() })
    });
    prop_oneof![
        3 => (1u16..12, spec()).prop_map(|(id, spec)| Step::Start(id, spec)),
        1 => brick,
        1 => (1u16..12).prop_map(Step::Exit),
        6 => (1u16..12, sample()).prop_map(|(id, sample)| Step::Sample(id, sample)),
        1 => Just(Step::Tick),
    ]
}

/// Knowledge of the test itself: terms of the cells that run, and owners by the moves told.
struct Shadow {
    specs: BTreeMap<u16, Spec>,
    owners: Vec<CellId>,
}

impl Shadow {
    /// Takes a step; what the manager says must be what `check` says of the whole configuration.
    fn take(&mut self, manager: &mut Manager, step: &Step) -> bool {
        let machine = manager.machine().clone();
        let (event, list);
        match step {
            Step::Start(id, spec) => {
                event = Event::Start(CellId(*id), spec.clone());
                let mut specs = self.specs.clone();
                specs.remove(id);
                let mut all: Vec<_> = specs.iter().map(|(n, spec)| (CellId(*n), spec)).collect();
                all.push((CellId(*id), spec));
                let fits = check(&machine, &all).is_empty();
                let before = self.owners.clone();
                if manager.on(event).is_err() {
                    assert!(!fits, "{spec:?} is refused");
                    assert_eq!(before, self.owners);
                    return false;
                }
                assert!(fits, "{spec:?} is not refused");
                self.specs.insert(*id, spec.clone());
            }
            Step::Exit(id) => {
                let runs = self.specs.remove(id).is_some();
                assert_eq!(manager.on(Event::Exit(CellId(*id))).is_ok(), runs);
                return runs && self.follow(manager);
            }
            Step::Sample(id, sample) => {
                list = [(CellId(*id), *sample)];
                let runs = self.specs.contains_key(id);
                assert_eq!(manager.on(Event::Samples(&list)).is_ok(), runs);
                return runs && self.follow(manager);
            }
            Step::Tick => assert!(manager.on(Event::Tick).is_ok()),
        }
        self.follow(manager)
    }

    /// Follows the moves that the decision tells: each core's owner is known, and only one.
    fn follow(&mut self, manager: &Manager) -> bool {
        for moved in &manager.decision().moves {
            let owner = &mut self.owners[usize::from(moved.core)];
            assert_eq!(*owner, moved.from, "core {} moves from another", moved.core);
            *owner = moved.to;
        }
        true
    }

    fn check(&self, manager: &Manager) {
        let machine = manager.machine();
        for (unit, owner) in (0u16..).zip(manager.owners()) {
            for core in machine.cores_of(unit) {
                assert_eq!(self.owners[usize::from(*core)], *owner, "moves and owners differ");
            }
            assert!(manager.held(*owner).contains(&unit), "unit {unit} is lost");
            assert!(usize::from(unit) >= machine.reserved() || *owner == POOL);
            assert!(*owner == POOL || self.specs.contains_key(&owner.0), "a ghost owns {unit}");
        }
        let ids = (0..4096).map(CellId);
        assert_eq!(ids.map(|id| manager.held(id).len()).sum::<usize>(), machine.units());
        for (id, spec) in &self.specs {
            let held = manager.held(CellId(*id)).len() as u32;
            if !spec.brick.is_empty() {
                let own = spec.brick.iter().map(|c| self.owners[usize::from(*c)]);
                assert!(own.into_iter().all(|owner| owner == CellId(*id)), "a brick was touched");
                assert_eq!(machine.to_units(spec.brick.len() as u16), held);
                continue;
            }
            if !manager.decision().more {
                assert!(held >= machine.to_units(spec.min), "cell {id} is below its minimum");
                assert!(held <= machine.to_units(spec.max), "cell {id} is above its maximum");
            }
        }
    }
}

/// The oracle: the definition of weighted max-min. Nobody who wants more could get a unit from
/// somebody who would still have more for its weight without it; and nothing is left while somebody
/// wants it. Demand is recomputed from the reports that the cells gave.
fn is_max_min(manager: &Manager, specs: &BTreeMap<u16, Spec>, price: bool) {
    let machine = manager.machine();
    let elastic: Vec<u16> = specs
        .iter()
        .filter(|(id, spec)| spec.brick.is_empty() && !manager.cell(CellId(**id)).unwrap().pooled)
        .map(|(id, _)| *id)
        .collect();
    let weight = |id: u16| {
        let spec = &specs[&id];
        u64::from(spec.weight.max(1)) * if price { u64::from(spec.price) } else { 1 }
    };
    let targets: Vec<(u16, u64, Reason)> = elastic
        .iter()
        .map(|id| (*id, u64::from(manager.target(CellId(*id)).0), manager.target(CellId(*id)).1))
        .collect();
    for (poor, has, reason) in &targets {
        assert_ne!((*has, *reason), (0, Reason::Fair), "cell {poor} starves");
        if *reason != Reason::Fair {
            continue;
        }
        for (rich, more, why) in &targets {
            let floor = u64::from(machine.to_units(specs[rich].min)).max(1);
            let fairer = (has + 1) * weight(*rich) < more * weight(*poor);
            assert!(*more <= floor || !fairer, "{rich} has {more}, {poor} has {has}");
            assert_ne!(*why, Reason::Kept, "{rich} keeps what {poor} wants");
        }
        assert!(manager.target(POOL).0 <= machine.reserved() as u32 + 50, "pool");
    }
}

/// Runs steps under a policy; `bound` units may move in an event.
fn run(policy: &str, steps: &[Step], siblings: u16, bound: usize) {
    let machine = Machine::uniform(4, 32, siblings, 1 << 40).unwrap().reserve(1).unwrap();
    let mut manager = Manager::new(machine, by_name(policy).unwrap(), bound);
    let mut shadow = Shadow { specs: BTreeMap::new(), owners: vec![POOL; 32] };
    for step in steps {
        let before = manager.owners().to_vec();
        if !shadow.take(&mut manager, step) {
            continue;
        }
        shadow.check(&manager);
        let changed = before.iter().zip(manager.owners()).filter(|(a, b)| a != b).count();
        if matches!(step, Step::Sample(..) | Step::Tick) && policy != "shares" {
            assert!(changed <= bound, "{changed} units moved, the bound is {bound}");
        }
        let mut ticks = 0;
        while manager.decision().more {
            manager.on(Event::Tick).unwrap();
            shadow.follow(&manager);
            ticks += 1;
            assert!(ticks <= 64, "no end of moves");
        }
        shadow.check(&manager);
        if ["load", "numa", "slo"].contains(&policy) {
            is_max_min(&manager, &shadow.specs, policy == "slo");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn every_decision_is_sound(
        steps in prop::collection::vec(step(), 1..40), smt in 1u16..3, bound in 2usize..40,
    ) {
        for policy in NAMES {
            run(policy, &steps, smt, bound);
        }
    }

    #[test]
    fn equal_histories_give_equal_decisions(steps in prop::collection::vec(step(), 1..30)) {
        for policy in NAMES {
            let run = || {
                let machine = Machine::uniform(4, 32, 2, 1 << 40).unwrap();
                let mut manager = Manager::new(machine, by_name(policy).unwrap(), 8);
                let mut told = Vec::new();
                for step in &steps {
                    let decision = match step {
                        Step::Start(id, spec) => manager.on(Event::Start(CellId(*id), spec.clone())),
                        Step::Exit(id) => manager.on(Event::Exit(CellId(*id))),
                        Step::Sample(id, s) => manager.on(Event::Samples(&[(CellId(*id), *s)])),
                        Step::Tick => manager.on(Event::Tick),
                    };
                    told.push(decision.cloned());
                }
                told
            };
            prop_assert_eq!(run(), run());
        }
    }
}
