//! A policy, the table and the cells, step by step.
//!
//! Work arrives in cores' worth a step and queues. A cell reports what it has work for, its queue's
//! delay, and the cores that it used; the policy decides; the table's owners change; cells let go
//! what they do not need, and request what they do. A cell whose core is wanted back lets it go in
//! the same step; a greedy one is taken off by force in the next.

use crate::trace::Trace;
use cells::policy::by_name;
use cells::table::{Got, Left, Table};
use cells::{CellId, Event, Manager, Objective, Sample};
use std::fmt::Write;

/// A step in microseconds.
const STEP_US: u64 = 1000;
/// Units that an event moves at most.
const BOUND: usize = 256;

/// The rows of a comparison. `static` is `shares` without lending, `bound` serves any work on any
/// core at once and moves nothing: no policy can serve more.
pub const ROWS: [&str; 7] = ["static", "shares", "load", "numa", "slo", "karma", "bound"];

/// Results of a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The row's name.
    pub name: String,
    /// Part of all core time that did work which had arrived.
    pub utilization: f64,
    /// Part of all cells and steps in which a cell had less than it wanted and its share allows, or
    /// its target was missed.
    pub violations: f64,
    /// Cores that changed their owner, in thousandths of a core and step.
    pub moves: f64,
    /// Jain's index of work done by work arrived, over cells.
    pub fairness: f64,
    /// Part of owned cores that are not on the node where their cell has most.
    pub far: f64,
    /// Cores that did work, for each step.
    pub busy: Vec<u32>,
    /// Decisions as text.
    pub log: String,
}

struct World<'a> {
    trace: &'a Trace,
    manager: Manager,
    table: Table,
    lends: bool,
    demand: Vec<u16>,
    queue: Vec<u64>,
    arrived: Vec<u64>,
    done: Vec<u64>,
    held: Vec<Vec<u16>>,
    used: Vec<u16>,
    forced: Vec<(u16, CellId, u16)>,
    share: Vec<u64>,
    violations: u64,
    moves: u64,
    far: (u64, u64),
    out: Outcome,
}

/// Runs a row.
pub fn run(trace: &Trace, row: &str) -> Result<Outcome, String> {
    if row == "bound" {
        return Ok(bound(trace));
    }
    let policy = by_name(if row == "static" { "shares" } else { row });
    let policy = policy.ok_or_else(|| format!("there is no policy {row:?}"))?;
    let mut manager = Manager::new(trace.fits()?, policy, BOUND);
    for (n, cell) in (1..).zip(&trace.cells) {
        manager.on(Event::Start(CellId(n), cell.spec.clone())).map_err(|e| e.to_string())?;
    }
    let cores = usize::from(trace.machine.1);
    let mut owners = vec![cells::POOL; cores];
    for (unit, owner) in (0..).zip(manager.owners()) {
        for core in manager.machine().cores_of(unit) {
            owners[usize::from(*core)] = *owner;
        }
    }
    let count = trace.cells.len();
    let sum: u64 = trace.cells.iter().map(|c| u64::from(c.spec.weight)).sum();
    let share = |weight: u32| (u64::from(weight) * cores as u64).checked_div(sum).unwrap_or(0);
    let mut world = World {
        trace,
        table: Table::new(&owners, count + 1),
        manager,
        lends: row != "static",
        demand: vec![0; count],
        queue: vec![0; count],
        arrived: vec![0; count],
        done: vec![0; count],
        held: vec![Vec::new(); count],
        used: vec![0; count],
        forced: Vec::new(),
        share: trace.cells.iter().map(|c| share(c.spec.weight)).collect(),
        violations: 0,
        moves: 0,
        far: (0, 0),
        out: Outcome { name: row.to_owned(), ..Outcome::default() },
    };
    let mut changes = trace.changes.iter().peekable();
    for step in 0..trace.steps {
        while let Some((_, cell, now)) = changes.next_if(|change| change.0 <= step) {
            world.demand[*cell] = *now;
        }
        world.step(step)?;
    }
    Ok(world.finish())
}

impl World<'_> {
    fn id(n: usize) -> CellId {
        CellId(n as u16 + 1)
    }

    /// Cores that a cell wants.
    fn wants(&self, n: usize) -> u16 {
        let cell = &self.trace.cells[n];
        let cores = if cell.greedy { u64::MAX } else { self.queue[n] };
        cores.min(u64::from(cell.spec.max.min(self.trace.machine.1))) as u16
    }

    fn delay_us(&self, n: usize) -> u64 {
        let behind = self.queue[n].saturating_sub(u64::from(self.demand[n]));
        behind * STEP_US / (self.held[n].len() as u64).max(1)
    }

    fn step(&mut self, step: u32) -> Result<(), String> {
        let count = self.trace.cells.len();
        for n in 0..count {
            self.queue[n] += u64::from(self.demand[n]);
            self.arrived[n] += u64::from(self.demand[n]);
        }
        let sample = |n: usize| {
            let delay_us = self.delay_us(n).min(u64::from(u32::MAX)) as u32;
            Sample {
                wanted: Some(self.wants(n)),
                delay_us,
                used: self.used[n],
                ..Sample::default()
            }
        };
        let samples: Vec<_> = (0..count).map(|n| (Self::id(n), sample(n))).collect();
        self.manager.on(Event::Samples(&samples)).map_err(|e| e.to_string())?;
        let decision = self.manager.decision();
        let _ = write!(self.out.log, "step {step}");
        for moved in &decision.moves {
            let _ = write!(self.out.log, " {}:{}>{}", moved.core, moved.from.0, moved.to.0);
            self.table.set_owner(moved.core, moved.to);
        }
        self.out.log.push('\n');
        self.moves += decision.moves.len() as u64;
        let mut lent = Vec::new();
        if self.lends {
            for owner in &decision.lending {
                for unit in self.manager.held(*owner) {
                    lent.extend(self.manager.machine().cores_of(*unit));
                }
            }
            let listed: Vec<CellId> = decision.lending.clone();
            for n in (0..count).map(Self::id).filter(|id| !listed.contains(id)) {
                for unit in self.manager.held(n) {
                    lent.extend(self.manager.machine().cores_of(*unit));
                }
            }
        }
        self.trade(step as usize, &lent);
        self.work();
        Ok(())
    }

    fn leave(&mut self, core: u16, from: CellId) {
        self.held[from.index() - 1].retain(|held| *held != core);
    }

    /// Cells let go, are taken off, and request.
    fn trade(&mut self, step: usize, lent: &[u16]) {
        for (core, from, stamp) in std::mem::take(&mut self.forced) {
            let left = self.table.force(core, from, stamp);
            if left.is_some() {
                self.leave(core, from);
            }
            if let Some(Left::To(next)) = left {
                self.held[next.index() - 1].push(core);
            }
        }
        let count = self.trace.cells.len();
        for n in 0..count {
            let wants = usize::from(self.wants(n));
            // borrowed cores go first
            let own = |core: &u16| self.table.get(*core).is_some_and(|w| w.owner == Self::id(n));
            self.held[n].sort_by_key(|core| (!own(core), *core));
            while self.held[n].len() > wants {
                let Some(core) = self.held[n].pop() else { break };
                if let Some(Left::To(next)) = self.table.release(core, Self::id(n)) {
                    self.held[next.index() - 1].push(core);
                }
            }
        }
        for n in (0..count).map(|n| (n + step) % count.max(1)) {
            let missing = self.wants(n).saturating_sub(self.table.in_use(Self::id(n)));
            let mut got = Vec::new();
            self.table.request(Self::id(n), missing, lent, |what| got.push(what));
            for what in got {
                match what {
                    Got::Own(core) | Got::Borrowed(core) => self.held[n].push(core),
                    Got::Asked { core, from, stamp }
                        if self.trace.cells[from.index() - 1].greedy =>
                    {
                        self.forced.push((core, from, stamp));
                    }
                    Got::Asked { core, from, .. } => {
                        self.table.release(core, from);
                        self.leave(core, from);
                        self.held[n].push(core);
                    }
                }
            }
        }
    }

    /// Work is done, and what was not right is counted.
    fn work(&mut self) {
        let mut busy = 0;
        for n in 0..self.trace.cells.len() {
            let held = self.held[n].len() as u64;
            let wanted = self.queue[n].min(self.share[n]).min(u64::from(self.wants(n)));
            let late = match self.trace.cells[n].spec.objective {
                Objective::Delay(target) => self.delay_us(n) > u64::from(target),
                _ => false,
            };
            self.violations += u64::from(held < wanted || late);
            let done = held.min(self.queue[n]);
            self.queue[n] -= done;
            self.done[n] += done;
            self.used[n] = if self.trace.cells[n].greedy { held } else { done } as u16;
            busy += done as u32;
            let machine = self.manager.machine();
            let owned = self.manager.held(Self::id(n));
            let mut nodes: Vec<u16> = owned.iter().map(|unit| machine.node_of(*unit)).collect();
            nodes.sort_unstable();
            let most = nodes.chunk_by(|a, b| a == b).map(<[u16]>::len).max().unwrap_or(0);
            self.far.0 += (nodes.len() - most) as u64;
            self.far.1 += nodes.len() as u64;
        }
        self.out.busy.push(busy);
    }

    fn finish(mut self) -> Outcome {
        let all = u64::from(self.trace.steps) * u64::from(self.trace.machine.1);
        let part = |some: u64, of: u64| some as f64 / (of as f64).max(1.0);
        let cells = self.trace.cells.len() as u64;
        self.out.utilization = part(self.done.iter().sum(), all);
        self.out.violations = part(self.violations, cells * u64::from(self.trace.steps));
        self.out.moves = 1000.0 * part(self.moves, all);
        self.out.far = part(self.far.0, self.far.1);
        self.out.fairness = jain(&self.done, &self.arrived);
        self.out
    }
}

fn jain(done: &[u64], arrived: &[u64]) -> f64 {
    let some = done.iter().zip(arrived).filter(|(_, arrived)| **arrived > 0);
    let parts: Vec<f64> = some.map(|(d, a)| *d as f64 / *a as f64).collect();
    let (sum, squares) = parts.iter().fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
    if squares > 0.0 { sum * sum / (parts.len() as f64 * squares) } else { 1.0 }
}

/// Serves any work on any core.
fn bound(trace: &Trace) -> Outcome {
    let cores = u64::from(trace.machine.1);
    let mut demand = vec![0u64; trace.cells.len()];
    let (mut queue, mut done) = (0, 0);
    let mut out = Outcome { name: "bound".to_owned(), fairness: 1.0, ..Outcome::default() };
    let mut changes = trace.changes.iter().peekable();
    for step in 0..trace.steps {
        while let Some((_, cell, now)) = changes.next_if(|change| change.0 <= step) {
            demand[*cell] = u64::from(*now);
        }
        queue += demand.iter().sum::<u64>();
        let served = cores.min(queue);
        queue -= served;
        done += served;
        out.busy.push(served as u32);
    }
    out.utilization = done as f64 / (cores * u64::from(trace.steps)).max(1) as f64;
    out
}
