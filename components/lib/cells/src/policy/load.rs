//! Demand by queueing delay, with hysteresis.

use super::{MaxMin, Policy, Targets, View};
use crate::cell::Cell;
use crate::place::Place;

/// Delay in microseconds from which a cell wants a core more than it asks for. It has not asked for
/// enough then; as in Shenango (NSDI 2019) one core at a time.
pub(super) const HIGH_US: u32 = 100;

/// Weighted max-min over demand, capped by use.
///
/// Demand is what a cell has work for, and a core more than it has if its delay is high. Growth is
/// never put off, since a cell that waits would learn to ask early; hysteresis is on the way down:
/// cores that a cell does not need stay with it until somebody else needs them or it was calm for
/// some decisions.
#[derive(Debug, Default)]
pub struct Load(MaxMin);

pub(super) fn demand(cell: &Cell) -> u16 {
    let more = if cell.sample.delay_us < HIGH_US { 0 } else { cell.seen.saturating_add(1) };
    cell.wanted().max(more)
}

impl Policy for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn place(&self) -> Place {
        Place::Lowest
    }

    fn targets(&mut self, view: &View<'_>, targets: &mut Targets) {
        self.0.divide(view, |cell| (demand(cell), u64::from(cell.spec.weight)), targets);
    }
}

/// [`Load`] on a machine of nodes: a cell's units and memory are on few nodes, and units move from
/// near.
#[derive(Debug, Default)]
pub struct Numa(Load);

impl Policy for Numa {
    fn name(&self) -> &'static str {
        "numa"
    }

    fn place(&self) -> Place {
        Place::Near
    }

    fn targets(&mut self, view: &View<'_>, targets: &mut Targets) {
        self.0.targets(view, targets);
    }
}
