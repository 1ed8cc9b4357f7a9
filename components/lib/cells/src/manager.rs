//! State and events: what changes, what is decided, and why.

use crate::cell::{Cell, CellId, POOL, Refusal, Sample, Spec, Why, check};
use crate::machine::Machine;
use crate::place::{Board, Place, Shift};
use crate::policy::{Policy, Reason, Targets, View};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A cell starts, or has new terms.
    Start(CellId, Spec),
    /// A cell is gone.
    Exit(CellId),
    /// Reports of cells; of one that is named twice the last counts.
    Samples(&'a [(CellId, Sample)]),
    /// Nothing but time: what the last event's bound left over goes on.
    Tick,
}

/// A core that changes its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The core.
    pub core: u16,
    /// Its owner so far.
    pub from: CellId,
    /// Its owner from now on.
    pub to: CellId,
    /// Time in microseconds after which it is taken by force.
    pub deadline_us: u32,
}

/// Memory that a cell may have on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes {
    /// The cell.
    pub cell: CellId,
    /// The node.
    pub node: u16,
    /// The limit in bytes.
    pub bytes: u64,
}

/// Consequences of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Cores that change their owner, in this order.
    pub moves: Vec<Move>,
    /// Owners whose idle cores are lent first: the pool, then who has most above its demand.
    pub lending: Vec<CellId>,
    /// Memory by node, under policies that place near.
    pub memory: Vec<Bytes>,
    /// The bound on moves was reached: a [`Event::Tick`] goes on.
    pub more: bool,
}

/// The state of a machine and its cells.
pub struct Manager {
    machine: Machine,
    policy: Box<dyn Policy>,
    cells: Vec<Cell>,
    /// Live cells, oldest first; and those of them that are elastic.
    live: Vec<CellId>,
    order: Vec<CellId>,
    board: Board,
    targets: Targets,
    shifts: Vec<Shift>,
    decision: Decision,
    free: Vec<u64>,
    bound: usize,
    plan: Plan,
}

/// Facts that depend on the cells' terms alone.
#[derive(Debug, Clone, Copy, Default)]
struct Plan {
    units: u32,
    pool_floor: u32,
    pool_weight: u64,
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { machine, policy, cells, live, .. } = self;
        let (units, most) = (machine.units(), cells.len() - 1);
        write!(f, "Manager({}, {units} units, {} of {most} cells)", policy.name(), live.len())
    }
}

impl Manager {
    /// Starts with all cores in the pool. `bound` is the number of units that an event moves at
    /// most, two at least; policies that place intervals do not know it.
    pub fn new(machine: Machine, policy: Box<dyn Policy>, bound: usize) -> Self {
        let board = Board::new(&machine);
        let cells = alloc::vec![Cell { owned: machine.units() as u32, ..Cell::default() }];
        let targets = Targets { units: alloc::vec![0], reason: alloc::vec![Reason::None] };
        let bound = bound.max(2);
        let mut new = Self {
            machine,
            policy,
            cells,
            board,
            targets,
            bound,
            live: Vec::new(),
            order: Vec::new(),
            shifts: Vec::new(),
            decision: Decision::default(),
            free: Vec::new(),
            plan: Plan::default(),
        };
        new.replan();
        new
    }

    /// Returns the machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Returns the owner of each unit.
    pub fn owners(&self) -> &[CellId] {
        self.board.owners()
    }

    /// Returns the units of a cell.
    pub fn held(&self, cell: CellId) -> &[u16] {
        self.board.held(cell)
    }

    /// Returns a cell; `None` if it does not run.
    pub fn cell(&self, cell: CellId) -> Option<&Cell> {
        self.cells.get(cell.index()).filter(|cell| cell.live)
    }

    /// Returns the units that a cell is to own, and why.
    pub fn target(&self, cell: CellId) -> (u32, Reason) {
        let units = self.targets.units.get(cell.index()).copied().unwrap_or(0);
        (units, self.targets.reason.get(cell.index()).copied().unwrap_or_default())
    }

    /// Returns the last decision.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Replaces the policy; cells keep what they own until the next event.
    pub fn set_policy(&mut self, policy: Box<dyn Policy>) {
        self.policy = policy;
    }

    /// Takes an event and decides. A refused one changes nothing.
    pub fn on(&mut self, event: Event<'_>) -> Result<&Decision, Refusal> {
        self.shifts.clear();
        match event {
            Event::Start(id, spec) => self.start(id, spec)?,
            Event::Exit(id) => self.exit(id)?,
            Event::Samples(list) => {
                let unknown = list.iter().find(|(id, _)| self.cell(*id).is_none());
                if let Some((id, _)) = unknown {
                    return Err(Refusal { cell: *id, why: Why::Unknown });
                }
                let width = self.machine.width();
                for (id, sample) in list {
                    self.cells[id.index()].note(*sample, width);
                }
            }
            Event::Tick => {}
        }
        self.decide();
        Ok(&self.decision)
    }

    fn start(&mut self, id: CellId, spec: Spec) -> Result<(), Refusal> {
        let mut terms: Vec<(CellId, &Spec)> = Vec::new();
        for other in self.live.iter().filter(|other| **other != id) {
            terms.push((*other, &self.cells[other.index()].spec));
        }
        terms.push((id, &spec));
        if let Some(refused) = check(&self.machine, &terms).pop() {
            return Err(refused);
        }
        if self.cells.len() <= id.index() {
            let count = id.index() + 1;
            self.cells.resize(count, Cell::default());
            self.targets.units.resize(count, 0);
            self.targets.reason.resize(count, Reason::None);
            self.board.resize(count);
        }
        let cell = &mut self.cells[id.index()];
        if !cell.live {
            self.live.push(id);
            *cell = Cell { live: true, ..Cell::default() };
        }
        cell.spec = spec;
        self.replan();
        let spec = &self.cells[id.index()].spec;
        let (brick, units) = (spec.brick.clone(), self.board.held(id).to_vec());
        let kept = |unit: u16| self.machine.cores_of(unit).iter().any(|c| brick.contains(c));
        let was_brick = !brick.is_empty() || self.cells[id.index()].pooled;
        for unit in units.into_iter().filter(|unit| was_brick && !kept(*unit)) {
            self.shifts.extend(self.board.give(unit, POOL));
        }
        for core in brick {
            if let Some(unit) = self.machine.unit_of(core) {
                self.shifts.extend(self.board.give(unit, id));
            }
        }
        Ok(())
    }

    fn exit(&mut self, id: CellId) -> Result<(), Refusal> {
        if self.cell(id).is_none() {
            return Err(Refusal { cell: id, why: Why::Unknown });
        }
        for unit in self.board.held(id).to_vec() {
            self.shifts.extend(self.board.give(unit, POOL));
        }
        self.live.retain(|other| *other != id);
        self.cells[id.index()] = Cell::default();
        self.targets.units[id.index()] = 0;
        self.targets.reason[id.index()] = Reason::None;
        self.replan();
        Ok(())
    }

    /// Finds the cells that run in the pool: those without weight, minimum or brick, those whose
    /// share is below a unit, and then the lightest, as long as there are more cells than units.
    fn replan(&mut self) {
        let bricks: usize = self.live.iter().map(|id| self.brick_units(*id)).sum();
        let units = self.machine.units() - bricks;
        let reserved = self.machine.reserved() as u32;
        let elastic = |cells: &[Cell], id: &CellId| cells[id.index()].spec.brick.is_empty();
        let mut rest: Vec<CellId> =
            self.live.iter().filter(|id| elastic(&self.cells, id)).copied().collect();
        let weight = |cells: &[Cell], id: &CellId| u64::from(cells[id.index()].spec.weight);
        let sum: u64 = rest.iter().map(|id| weight(&self.cells, id)).sum();
        let mut needed = 0;
        for id in &rest {
            let floor = self.cells[id.index()].floor(&self.machine);
            let share = weight(&self.cells, id) * units as u64;
            let pooled = floor == 0 && share < sum.max(1);
            self.cells[id.index()].pooled = pooled;
            needed += if pooled { 0 } else { floor.max(1) };
        }
        rest.sort_by_key(|id| weight(&self.cells, id));
        for id in &rest {
            let any = rest.iter().any(|id| self.cells[id.index()].pooled);
            if needed + reserved + u32::from(any) <= units as u32 {
                break;
            }
            let cell = &mut self.cells[id.index()];
            if !cell.pooled && cell.spec.min == 0 {
                cell.pooled = true;
                needed -= 1;
            }
        }
        let pooled: Vec<CellId> =
            rest.iter().filter(|id| self.cells[id.index()].pooled).copied().collect();
        for id in &pooled {
            self.targets.units[id.index()] = 0;
            self.targets.reason[id.index()] = Reason::Pooled;
            for unit in self.board.held(*id).to_vec() {
                self.shifts.extend(self.board.give(unit, POOL));
            }
        }
        self.plan = Plan {
            units: units as u32,
            pool_floor: reserved + u32::from(!pooled.is_empty()),
            pool_weight: pooled.iter().map(|id| weight(&self.cells, id)).sum(),
        };
        self.order.clear();
        self.order.extend(self.live.iter().filter(|id| self.cells[id.index()].elastic()));
        for id in &self.live {
            if !elastic(&self.cells, id) {
                self.targets.reason[id.index()] = Reason::Brick;
            }
        }
    }

    fn brick_units(&self, id: CellId) -> usize {
        let brick = &self.cells[id.index()].spec.brick;
        let mut units: Vec<_> = brick.iter().filter_map(|c| self.machine.unit_of(*c)).collect();
        units.sort_unstable();
        units.dedup();
        units.len()
    }

    fn decide(&mut self) {
        let Self { machine, policy, cells, board, targets, shifts, order, plan, bound, .. } = self;
        for id in self.live.iter().chain([&POOL]) {
            cells[id.index()].owned = board.held(*id).len() as u32;
        }
        let mut pool_wanted = 0u16;
        for id in &self.live {
            let cell = &mut cells[id.index()];
            let wanted = cell.wanted();
            if cell.pooled {
                pool_wanted = pool_wanted.saturating_add(wanted);
            }
            let above = machine.to_units(wanted) < cell.owned;
            cell.calm = if above { cell.calm.saturating_add(1) } else { 0 };
        }
        let Plan { units, pool_floor, pool_weight } = *plan;
        let memory = machine.all_memory();
        let view =
            View { machine, cells, order, units, memory, pool_floor, pool_weight, pool_wanted };
        policy.targets(&view, targets);
        let others: u32 = order.iter().map(|id| targets.units[id.index()]).sum();
        targets.units[0] = units.saturating_sub(others);
        let done = shifts.len();
        self.decision.more = match policy.place() {
            Place::Interval => {
                board.interval(order, cells, &targets.units, shifts);
                false
            }
            place => {
                let near = place == Place::Near;
                board.adjust(
                    machine,
                    order,
                    &targets.units,
                    near,
                    done.saturating_add(*bound),
                    shifts,
                )
            }
        };
        self.tell();
    }

    /// Writes the decision down.
    fn tell(&mut self) {
        let Self { machine, cells, board, decision, .. } = self;
        for id in self.live.iter().chain([&POOL]) {
            cells[id.index()].owned = board.held(*id).len() as u32;
        }
        decision.moves.clear();
        for Shift { unit, from, to } in &self.shifts {
            let deadline_us = cells[from.index()].spec.deadline_us;
            let cores = machine.cores_of(*unit).iter();
            decision.moves.extend(cores.map(|core| Move {
                core: *core,
                from: *from,
                to: *to,
                deadline_us,
            }));
        }
        let surplus = |id: &CellId| {
            let cell = &cells[id.index()];
            cell.owned.saturating_sub(machine.to_units(cell.wanted()))
        };
        decision.lending.clear();
        decision.lending.extend(self.order.iter().filter(|id| surplus(id) > 0));
        decision.lending.sort_by_key(|id| core::cmp::Reverse(surplus(id)));
        decision.lending.insert(0, POOL);
        decision.memory.clear();
        if self.policy.place() == Place::Near {
            self.spread_memory();
        }
    }

    /// Gives each cell the memory that goes with its units: on their nodes, and where these are
    /// full, on the nearest that are not.
    fn spread_memory(&mut self) {
        let Self { machine, cells, board, decision, free, .. } = self;
        free.clear();
        free.extend(machine.memory());
        for id in self.live.iter().filter(|id| cells[id.index()].sample.memory > 0) {
            let bytes = cells[id.index()].sample.memory;
            let first = decision.memory.len();
            for unit in board.held(*id) {
                let mut wants = bytes.saturating_mul(machine.cores_of(*unit).len() as u64);
                for &node in machine.near(machine.node_of(*unit)) {
                    let part = wants.min(free[usize::from(node)]);
                    if part > 0 {
                        free[usize::from(node)] -= part;
                        wants -= part;
                        let known = decision.memory[first..].iter_mut().find(|b| b.node == node);
                        match known {
                            Some(known) => known.bytes += part,
                            None => decision.memory.push(Bytes { cell: *id, node, bytes: part }),
                        }
                    }
                    if wants == 0 {
                        break;
                    }
                }
            }
        }
    }
}
