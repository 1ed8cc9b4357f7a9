//! Places units: which ones change their owner so that each cell has as many as it is to have.

use crate::cell::{Cell, CellId, POOL};
use crate::machine::Machine;
use alloc::vec::Vec;

/// Ways to place units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Each cell has one interval, oldest first, up to the last unit. All moves are made at once.
    Interval,
    /// The lowest numbers that are free; the highest ones are given up.
    Lowest,
    /// Near to what the cell has; the farthest ones are given up.
    Near,
}

/// A unit that changes its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shift {
    /// The unit.
    pub(crate) unit: u16,
    /// Its owner so far.
    pub(crate) from: CellId,
    /// Its owner from now on.
    pub(crate) to: CellId,
}

/// Swaps of far units against near ones, in an event.
const SWAPS: usize = 4;
/// Cells that are looked at for them.
const LOOKS: usize = 16;

/// Owners of units.
#[derive(Debug)]
pub(crate) struct Board {
    owner: Vec<CellId>,
    held: Vec<Vec<u16>>,
    /// Place of each unit in its owner's list.
    slot: Vec<usize>,
    /// Units to be had, by node: of the pool, and of cells that give them up.
    pool: Vec<Vec<u16>>,
    given: Vec<Vec<u16>>,
    count: Vec<u32>,
    takers: Vec<(u32, CellId)>,
    cursor: usize,
}

impl Board {
    /// Gives all units to the pool.
    pub(crate) fn new(machine: &Machine) -> Self {
        let units = machine.units();
        let held = alloc::vec![(0..units as u16).collect()];
        let nodes = machine.nodes();
        Self {
            owner: alloc::vec![POOL; units],
            held,
            slot: (0..units).collect(),
            pool: alloc::vec![Vec::new(); nodes],
            given: alloc::vec![Vec::new(); nodes],
            count: alloc::vec![0; nodes],
            takers: Vec::new(),
            cursor: 0,
        }
    }

    /// Makes room for cells with numbers below `count`.
    pub(crate) fn resize(&mut self, count: usize) {
        self.held.resize(count, Vec::new());
    }

    /// Returns the owner of each unit.
    pub(crate) fn owners(&self) -> &[CellId] {
        &self.owner
    }

    /// Returns the units of a cell.
    pub(crate) fn held(&self, cell: CellId) -> &[u16] {
        self.held.get(cell.index()).map_or(&[], Vec::as_slice)
    }

    /// Gives a unit to a cell.
    pub(crate) fn give(&mut self, unit: u16, to: CellId) -> Option<Shift> {
        let n = usize::from(unit);
        let from = self.owner[n];
        if from == to {
            return None;
        }
        let list = &mut self.held[from.index()];
        list.swap_remove(self.slot[n]);
        if let Some(moved) = list.get(self.slot[n]) {
            self.slot[usize::from(*moved)] = self.slot[n];
        }
        self.owner[n] = to;
        self.slot[n] = self.held[to.index()].len();
        self.held[to.index()].push(unit);
        Some(Shift { unit, from, to })
    }

    /// Returns the node on which a cell has most units.
    pub(crate) fn home(&mut self, cell: CellId, machine: &Machine) -> Option<u16> {
        let mut best = None;
        for unit in &self.held[cell.index()] {
            let node = machine.node_of(*unit);
            let count = &mut self.count[usize::from(node)];
            *count += 1;
            if best.is_none_or(|(most, _)| *count > most) {
                best = Some((*count, node));
            }
        }
        for unit in &self.held[cell.index()] {
            self.count[usize::from(machine.node_of(*unit))] = 0;
        }
        best.map(|(_, node)| node)
    }

    /// Places each elastic cell in one interval.
    pub(crate) fn interval(
        &mut self,
        order: &[CellId],
        cells: &[Cell],
        targets: &[u32],
        moves: &mut Vec<Shift>,
    ) {
        let brick = |id: CellId| !cells[id.index()].spec.brick.is_empty();
        let free: Vec<u16> =
            (0..).zip(&self.owner).filter(|(_, id)| !brick(**id)).map(|(u, _)| u).collect();
        let taken: u32 = order.iter().map(|id| targets[id.index()]).sum();
        let pool = free.len().saturating_sub(taken as usize);
        let owners = order.iter().flat_map(|id| (0..targets[id.index()]).map(|_| *id));
        let owners = (0..pool).map(|_| POOL).chain(owners);
        for (unit, owner) in free.into_iter().zip(owners) {
            moves.extend(self.give(unit, owner));
        }
    }

    /// Moves at most `bound` units so that cells come nearer to their targets. Returns true if some
    /// are still missing.
    pub(crate) fn adjust(
        &mut self,
        machine: &Machine,
        order: &[CellId],
        targets: &[u32],
        near: bool,
        bound: usize,
        moves: &mut Vec<Shift>,
    ) -> bool {
        self.offer(machine, order, targets, near);
        let missing = |board: &Self, id: CellId| {
            targets[id.index()].saturating_sub(board.held[id.index()].len() as u32)
        };
        let mut spare = self.held[0].len() as u32;
        spare = spare.saturating_sub(targets[0]);
        self.takers.clear();
        for id in order {
            if missing(self, *id) > 0 {
                self.takers.push((self.held[id.index()].len() as u32, *id));
            }
        }
        // who has least comes first, should the bound end this
        self.takers.sort_unstable();
        for at in 0..self.takers.len() {
            let (_, id) = self.takers[at];
            let mut wants = missing(self, id);
            let mut home = if near { self.home(id, machine) } else { Some(0) };
            while wants > 0 && moves.len() < bound {
                let node = home.unwrap_or_else(|| self.roomy(wants, spare));
                let Some(unit) = self.take(machine, node, near, &mut spare) else { break };
                home = home.or(near.then(|| machine.node_of(unit)));
                moves.extend(self.give(unit, id));
                wants -= 1;
            }
        }
        let mut pool = targets[0].saturating_sub(self.held[0].len() as u32);
        for node in 0..self.given.len() {
            while pool > 0 && moves.len() < bound {
                let Some(unit) = self.given[node].pop() else { break };
                moves.extend(self.give(unit, POOL));
                pool -= 1;
            }
        }
        if near {
            self.gather(machine, order, bound, moves);
        }
        order.iter().any(|id| missing(self, *id) > 0) || pool > 0
    }

    /// Lists what is to be had: the pool's units but the reserved ones, and the units that cells
    /// have above their targets.
    fn offer(&mut self, machine: &Machine, order: &[CellId], targets: &[u32], near: bool) {
        let place = |unit: u16| if near { usize::from(machine.node_of(unit)) } else { 0 };
        self.pool.iter_mut().chain(&mut self.given).for_each(Vec::clear);
        for unit in self.held[0].iter().filter(|u| usize::from(**u) >= machine.reserved()) {
            self.pool[place(*unit)].push(*unit);
        }
        for id in order {
            let surplus = self.held[id.index()].len().saturating_sub(targets[id.index()] as usize);
            if surplus == 0 {
                continue;
            }
            let home = self.home(*id, machine).unwrap_or(0);
            let mut units = self.held[id.index()].clone();
            if near {
                units.sort_by_key(|u| (machine.distance(home, machine.node_of(*u)), *u));
            } else {
                units.sort_unstable();
            }
            for unit in units.iter().rev().take(surplus) {
                self.given[place(*unit)].push(*unit);
            }
        }
        // popped from the end: the lowest number first
        self.pool
            .iter_mut()
            .chain(&mut self.given)
            .for_each(|list| list.sort_unstable_by(|a, b| b.cmp(a)));
    }

    /// Returns the node for a cell that has nothing yet: the one with just enough, or with most.
    fn roomy(&self, wants: u32, spare: u32) -> u16 {
        let room = |node: usize| {
            let pool = self.pool[node].len().min(spare as usize);
            (pool + self.given[node].len()) as u32
        };
        let nodes = 0..self.pool.len();
        let enough = nodes.clone().filter(|n| room(*n) >= wants).min_by_key(|n| room(*n));
        let most = || nodes.max_by_key(|n| (room(*n), core::cmp::Reverse(*n)));
        enough.or_else(most).unwrap_or(0) as u16
    }

    /// Takes a unit near to a node.
    fn take(&mut self, machine: &Machine, node: u16, near: bool, spare: &mut u32) -> Option<u16> {
        let nodes: &[u16] = if near { machine.near(node) } else { &[0] };
        for &node in nodes {
            let node = usize::from(node);
            if *spare > 0
                && let Some(unit) = self.pool[node].pop()
            {
                *spare -= 1;
                return Some(unit);
            }
            if let Some(unit) = self.given[node].pop() {
                return Some(unit);
            }
        }
        None
    }

    /// Swaps units that are far from their cell's home against nearer ones of the pool, for a few
    /// cells in turn.
    fn gather(
        &mut self,
        machine: &Machine,
        order: &[CellId],
        bound: usize,
        moves: &mut Vec<Shift>,
    ) {
        let mut swaps = 0;
        for _ in 0..LOOKS.min(order.len()) {
            self.cursor = (self.cursor + 1) % order.len();
            let id = order[self.cursor];
            let Some(home) = self.home(id, machine) else { continue };
            let far = |u: &u16| machine.distance(home, machine.node_of(*u));
            let Some(unit) = self.held[id.index()].iter().copied().max_by_key(far) else {
                continue;
            };
            for &node in machine.near(home) {
                if swaps == SWAPS || moves.len() + 2 > bound {
                    return;
                }
                if machine.distance(home, node) >= far(&unit) {
                    break;
                }
                if let Some(nearer) = self.pool[usize::from(node)].pop() {
                    moves.extend(self.give(nearer, id));
                    moves.extend(self.give(unit, POOL));
                    swaps += 1;
                    break;
                }
            }
        }
    }
}
