//! Lying does not pay: over random traces no misreport of cores or memory gives a cell more useful
//! core time than the truth.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "a test reports by panicking")]

use cells::policy::by_name;
use cells::{CellId, Event, Machine, Manager, Objective, Sample, Spec};
use fastrand::Rng;

/// Random traces a policy.
const TRACES: u64 = 10_000;
/// Bytes of memory of the machine: small, so that memory runs out before cores in some traces.
const MEMORY: u64 = 1000;

/// Cells, and what each of them really needs at each step: cores, and bytes a core.
struct Trace {
    cores: u16,
    specs: Vec<Spec>,
    needs: Vec<Vec<u16>>,
    memory: Vec<u64>,
}

fn trace(random: &mut Rng, memory: bool) -> Trace {
    let cells = random.usize(2..7);
    let cores = random.u16(cells as u16..33);
    let mut left = cores - cells as u16;
    let mut spec = |random: &mut Rng| {
        let min = random.u16(0..3).min(left);
        left -= min;
        let objective = if random.bool() { Objective::None } else { Objective::Delay(200) };
        let (weight, price) = (random.u32(1..5), random.u32(1..4));
        Spec { weight, min, objective, price, ..Spec::default() }
    };
    let specs = (0..cells).map(|_| spec(random)).collect();
    let steps = random.usize(4..16);
    let mut level = vec![0; cells];
    let mut needs = Vec::new();
    for _ in 0..steps {
        for need in &mut level {
            // bursts, with rests between them
            if random.u8(..3) == 0 {
                *need = if random.bool() { random.u16(..=cores) } else { random.u16(..3) };
            }
        }
        needs.push(level.clone());
    }
    let limit = MEMORY / u64::from(cores) * 3;
    let memory = (0..cells).map(|_| if memory { random.u64(1..=limit) } else { 0 }).collect();
    Trace { cores, specs, needs, memory }
}

/// Report of cell 1 at each step: cores, bytes a core, and whether it burns what it does not need.
type Says = Vec<(u16, u64, bool)>;

fn truth(trace: &Trace) -> Says {
    trace.needs.iter().map(|needs| (needs[0], trace.memory[0], false)).collect()
}

fn lie(trace: &Trace, random: &mut Rng) -> Says {
    let (kind, burns) = (random.u8(..7), random.bool());
    let when = random.usize(..trace.needs.len());
    let told = |(step, (need, memory, _)): (usize, (u16, u64, bool))| {
        let any = random.u16(..=trace.cores);
        let cores = match kind {
            0 => need.saturating_add(any),
            1 => need.saturating_sub(any),
            2 => any,
            3 => trace.needs[(step + 1).min(trace.needs.len() - 1)][0],
            4 if random.bool() => 0,
            6 if step == when => need / 2,
            _ => need,
        };
        let memory =
            if kind == 5 || random.u8(..3) == 0 { random.u64(..=2 * memory) } else { memory };
        (cores, memory, burns)
    };
    truth(trace).into_iter().enumerate().map(told).collect()
}

/// Returns the useful core time of cell 1 if it says this and all others tell the truth.
fn useful(policy: &str, trace: &Trace, says: &Says) -> u64 {
    let machine = Machine::uniform(1, trace.cores, 1, MEMORY).unwrap();
    let mut manager = Manager::new(machine, by_name(policy).unwrap(), usize::MAX);
    for (n, spec) in (1..).zip(&trace.specs) {
        manager.on(Event::Start(CellId(n), spec.clone())).unwrap();
    }
    let mut sum = 0;
    let mut used = vec![0; trace.specs.len()];
    for (needs, (cores, memory, burns)) in trace.needs.iter().zip(says) {
        let mut list = Vec::new();
        for (n, (need, own)) in needs.iter().zip(&trace.memory).enumerate() {
            let id = CellId(n as u16 + 1);
            let (wanted, memory) = if n == 0 { (*cores, *memory) } else { (*need, *own) };
            let short = wanted > manager.held(id).len() as u16;
            let delay_us = if short { 150 } else { 10 };
            let sample = Sample { wanted: Some(wanted), delay_us, memory, used: used[n], rate: 0 };
            list.push((id, sample));
        }
        manager.on(Event::Samples(&list)).unwrap();
        for (n, need) in needs.iter().enumerate() {
            let held = manager.held(CellId(n as u16 + 1)).len() as u16;
            used[n] = if n == 0 && *burns { held } else { held.min(*need) };
        }
        let held = manager.held(CellId(1)).len() as u64;
        // a core without its memory is of no use
        let granted = held * *memory;
        let fed = granted.checked_div(trace.memory[0]).unwrap_or(held);
        sum += held.min(u64::from(needs[0])).min(fed);
    }
    sum
}

/// Traces in which a lie won, of those looked at; and those in which it made a difference.
fn wins(policy: &str, traces: u64, memory: bool) -> (u64, u64, String) {
    let (mut won, mut differs, mut first) = (0, 0, String::new());
    for seed in 0..traces {
        let mut random = Rng::with_seed(seed);
        let trace = trace(&mut random, memory);
        let says = lie(&trace, &mut random);
        let honest = useful(policy, &trace, &truth(&trace));
        let lied = useful(policy, &trace, &says);
        differs += u64::from(lied != honest);
        if lied > honest {
            won += 1;
            if first.is_empty() {
                first = format!("seed {seed}: {lied} instead of {honest}");
            }
        }
    }
    (won, differs, first)
}

fn never(policy: &str, memory: bool) {
    let (won, differs, first) = wins(policy, TRACES, memory);
    assert_eq!(won, 0, "{policy}: lies won, {first}");
    assert!(differs > TRACES / 20 || policy == "shares", "{policy}: only {differs} lies mattered");
}

#[test]
fn no_lie_about_cores_wins() {
    for policy in ["shares", "load", "numa", "slo"] {
        never(policy, false);
    }
}

#[test]
fn no_lie_about_cores_and_memory_wins() {
    never("load", true);
    never("slo", true);
}

/// Why `load` has no credits: with them, a cell that knows what comes can ask for less now and have
/// more later than it gave away.
#[test]
fn karma_can_be_lied_to() {
    let (won, _, first) = wins("karma", 1000, false);
    println!("karma: {won} of 1000 lies won, {first}");
    assert!(won > 0, "no lie won under karma, although some should");
}
