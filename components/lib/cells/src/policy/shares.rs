//! The fork's formula, as it was meant.

use super::{Policy, Reason, Targets, View};
use crate::place::Place;

/// Divides by weights alone: the floor of weight times units over the sum of weights.
///
/// Reserved units are part of the sum that is divided. If rounding leaves fewer units than are
/// reserved, the oldest cells give up what is missing. What rounding leaves over is the pool's.
/// Cells lie side by side, oldest first, up to the machine's last unit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shares;

/// Weight of priority 0.
const FULL: u32 = 720_720;

/// Returns the weight of one of the fork's priorities, which are 0 or negative: priority -p has the
/// p-th part of that of 0, and 0 and -1 weigh the same. Exact down to -16.
pub fn weight_of_priority(priority: i32) -> u32 {
    (FULL / priority.unsigned_abs().max(1)).max(1)
}

impl Policy for Shares {
    fn name(&self) -> &'static str {
        "shares"
    }

    fn place(&self) -> Place {
        Place::Interval
    }

    fn targets(&mut self, view: &View<'_>, targets: &mut Targets) {
        let cells = || view.order.iter().map(|id| (id.index(), &view.cells[id.index()]));
        let weights = |sum: u64, weight: u32| sum + u64::from(weight);
        let sum = cells().map(|(_, c)| c.spec.weight).fold(view.pool_weight, weights).max(1);
        let part = |weight: u64| (weight * u64::from(view.units) / sum) as u32;
        let least = |id: usize| view.cells[id].floor(view.machine).max(1);
        let mut total = part(view.pool_weight).max(view.pool_floor);
        targets.units[0] = total;
        for (id, cell) in cells() {
            let most = view.machine.to_units(cell.spec.max);
            let units = part(u64::from(cell.spec.weight)).min(most).max(least(id));
            targets.units[id] = units;
            targets.reason[id] = Reason::Share;
            total += units;
        }
        // the pool's part is rounded up to its floor, minimums to theirs: somebody must give way
        let mut missing = total.saturating_sub(view.units);
        let pool = targets.units[0].saturating_sub(view.pool_floor).min(missing);
        targets.units[0] -= pool;
        missing -= pool;
        for (id, _) in cells() {
            let gives = targets.units[id].saturating_sub(least(id)).min(missing);
            targets.units[id] -= gives;
            missing -= gives;
        }
    }
}
