//! Objectives, and prices.

use super::load::demand;
use super::{MaxMin, Policy, Targets, View};
use crate::cell::{Cell, Objective};
use crate::place::Place;

/// Gives cells what their objectives need.
///
/// A cell whose objective is met asks for no more than it has; one that misses it, or is past half
/// of its delay, asks for what it has work for. Cells without an objective are as under `load`.
/// Weights are multiplied by the price that a cell pays for a core: terms of the configuration, not
/// of the report, so that lying pays as little as under `load`.
#[derive(Debug, Default)]
pub struct Slo(MaxMin);

/// Tells if the cell may miss its objective.
fn pressed(cell: &Cell) -> bool {
    match cell.spec.objective {
        Objective::None => true,
        Objective::Delay(target) => cell.sample.delay_us > target / 2,
        Objective::Throughput(target) => cell.sample.rate < target,
    }
}

impl Policy for Slo {
    fn name(&self) -> &'static str {
        "slo"
    }

    fn place(&self) -> Place {
        Place::Near
    }

    fn targets(&mut self, view: &View<'_>, targets: &mut Targets) {
        let asks = |cell: &Cell| {
            let owned = cell.seen;
            let wanted = match cell.spec.objective {
                Objective::None => demand(cell),
                _ if cell.wanted() == 0 => 0,
                _ if pressed(cell) => cell.wanted().max(owned.saturating_add(1)),
                _ => cell.wanted().min(owned),
            };
            (wanted, u64::from(cell.spec.weight.max(1)) * u64::from(cell.spec.price))
        };
        self.0.divide(view, asks, targets);
    }
}
