//! Credits, after Karma (Vuppalapati et al., OSDI 2023), with weights.

use super::{Policy, Reason, Targets, View};
use crate::cell::{Cell, CellId, POOL};
use crate::place::Place;
use alloc::collections::{BTreeMap, BinaryHeap};
use core::cmp::Reverse;

/// Part of a fair share that is guaranteed, in percent: the paper's alpha.
const ALPHA: u64 = 50;
/// Credits of a unit for a cell of the mean weight.
const UNIT: u64 = 1000;
/// Credits of a new cell, in units.
const FIRST: u64 = 100_000;

/// Cells that leave units of their guaranteed share to others earn credits, and pay with them
/// later; among those who want more, the one with the most credits comes first, among those who
/// gave, the one with the fewest is paid first.
#[derive(Debug, Default)]
pub struct Karma {
    credits: BTreeMap<CellId, u64>,
}

impl Policy for Karma {
    fn name(&self) -> &'static str {
        "karma"
    }

    fn place(&self) -> Place {
        Place::Near
    }

    fn targets(&mut self, view: &View<'_>, targets: &mut Targets) {
        let machine = view.machine;
        targets.units[POOL.index()] = view.pool_floor;
        let mut free = view.units.saturating_sub(view.pool_floor);
        let cell = |id: &CellId| &view.cells[id.index()];
        let weight = |id: &CellId| u64::from(cell(id).spec.weight.max(1));
        let sum: u64 = view.order.iter().map(weight).sum::<u64>().max(1);
        let mean = sum / (view.order.len() as u64).max(1);
        let divided = u64::from(free);
        self.credits.retain(|id, _| view.cells.get(id.index()).is_some_and(Cell::elastic));
        let known = &self.credits;
        let new = known.values().sum::<u64>().checked_div(known.len() as u64);
        let new = new.unwrap_or(FIRST * UNIT);
        let (mut donors, mut borrowers) = (BinaryHeap::new(), BinaryHeap::new());
        for id in view.order {
            let fair = weight(id) * divided / sum;
            let floor = cell(id).floor(machine);
            let sure = ((fair * ALPHA / 100) as u32).max(floor).min(free);
            let want = cell(id).cut(cell(id).wanted(), machine);
            let has = sure.min(want);
            let credits = self.credits.entry(*id).or_insert(new);
            *credits += (fair - fair * ALPHA / 100) * UNIT * mean.max(1) / weight(id).max(1);
            targets.units[id.index()] = has;
            targets.reason[id.index()] = if has == want { Reason::Demand } else { Reason::Fair };
            free -= has;
            if want > has {
                borrowers.push((*credits, Reverse(*id), want - has));
            } else if sure > has {
                donors.push(Reverse((*credits, *id, sure - has)));
            }
        }
        while free > 0 {
            let Some((credits, Reverse(id), wants)) = borrowers.pop() else { break };
            let price = (UNIT * mean.max(1) / weight(&id)).max(1);
            if credits < price {
                continue;
            }
            free -= 1;
            targets.units[id.index()] += 1;
            self.credits.insert(id, credits - price);
            if wants > 1 {
                borrowers.push((credits - price, Reverse(id), wants - 1));
            } else {
                targets.reason[id.index()] = Reason::Demand;
            }
            if let Some(Reverse((credits, id, gives))) = donors.pop() {
                let earned = credits + UNIT * mean.max(1) / weight(&id);
                self.credits.insert(id, earned);
                if gives > 1 {
                    donors.push(Reverse((earned, id, gives - 1)));
                }
            }
        }
    }
}
