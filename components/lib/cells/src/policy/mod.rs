//! Policies: how many units each cell is to own. They see the state, and decide nothing else.
//!
//! | policy | divides by | when demand falls | places |
//! |---|---|---|---|
//! | [`Shares`] | the fork's formula: weights alone | keeps the share | one interval a cell |
//! | [`Load`] | weighted max-min over demand | keeps unneeded cores for a while | lowest numbers |
//! | [`Numa`] | as [`Load`] | as [`Load`] | few nodes, near moves |
//! | [`Slo`] | as [`Load`], weights times prices, demand by objective | as [`Load`] | as [`Numa`] |
//! | [`Karma`] | credits | gives back | as [`Numa`] |
//!
//! [`Karma`] is here to be compared with: its credits make amends for the past, and for that reason
//! a cell that knows its future can win by asking for less than it needs
//! (`tests/truth.rs::karma_can_be_lied_to`). [`Load`], [`Numa`] and [`Slo`] have no memory that a
//! cell's own report could fill to its advantage.

mod karma;
mod load;
mod shares;
mod slo;

pub use karma::Karma;
pub use load::{Load, Numa};
pub use shares::{Shares, weight_of_priority};
pub use slo::Slo;

use crate::cell::{Cell, CellId, POOL};
use crate::fill::{Claim, Filler, Prices};
use crate::machine::Machine;
use crate::place::Place;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A policy. It must be deterministic: equal states give equal targets.
pub trait Policy {
    /// Returns its name in configurations and reports.
    fn name(&self) -> &'static str;

    /// Tells where units are placed.
    fn place(&self) -> Place;

    /// Sets the units that each cell is to own. What is left over is the pool's.
    fn targets(&mut self, view: &View<'_>, targets: &mut Targets);
}

/// The view that a policy has.
#[derive(Debug)]
pub struct View<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The cells by number; entry 0 is the pool.
    pub cells: &'a [Cell],
    /// The elastic cells, oldest first.
    pub order: &'a [CellId],
    /// Units that bricks leave.
    pub units: u32,
    /// Bytes of memory of the machine.
    pub memory: u64,
    /// Units that the pool has at least.
    pub pool_floor: u32,
    /// Sum of the weights of the cells in the pool.
    pub pool_weight: u64,
    /// Cores that the cells in the pool want.
    pub pool_wanted: u16,
}

/// Reason for which a cell is to own what it is to own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reason {
    /// It does not run.
    #[default]
    None,
    /// Its cores are fixed.
    Brick,
    /// It runs in the pool.
    Pooled,
    /// Its share by weight.
    Share,
    /// All that it wants.
    Demand,
    /// Its fair part, less than it wants.
    Fair,
    /// Its minimum.
    Min,
    /// Its demand was cut, since it left idle what it had got.
    Idle,
    /// More than it wants, as nobody else needs it.
    Kept,
}

/// The outcome of a policy, by cell number.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Units.
    pub units: Vec<u32>,
    /// Reasons.
    pub reason: Vec<Reason>,
}

/// Policies by name, in the order of the table above.
pub const NAMES: [&str; 5] = ["shares", "load", "numa", "slo", "karma"];

/// Makes a policy; `None` for a name that none has.
pub fn by_name(name: &str) -> Option<Box<dyn Policy>> {
    Some(match name {
        "shares" => Box::new(Shares),
        "load" => Box::<Load>::default(),
        "numa" => Box::<Numa>::default(),
        "slo" => Box::<Slo>::default(),
        "karma" => Box::<Karma>::default(),
        _ => return None,
    })
}

/// Parts that `load`, `numa` and `slo` share: claims, the fill, and what is kept.
#[derive(Debug, Default)]
struct MaxMin {
    filler: Filler,
    claims: Vec<Claim>,
    got: Vec<u32>,
}

/// Decisions for which a cell keeps what it does not need and nobody else wants.
const CALM: u8 = 8;

impl MaxMin {
    /// Divides by a cell's demand in cores and its weight.
    fn divide(
        &mut self,
        view: &View<'_>,
        demand: impl Fn(&Cell) -> (u16, u64),
        targets: &mut Targets,
    ) {
        let machine = view.machine;
        let units = machine.units() as u32;
        self.claims.clear();
        let pool = view.pool_floor.max(machine.to_units(view.pool_wanted)).min(view.units);
        let prices = Prices::new(units, view.memory);
        let pool_cost = prices.cost(view.pool_weight, 0);
        let (floor, want) = (view.pool_floor, pool);
        self.claims.push(Claim { floor, want, cost: pool_cost, memory: 0 });
        for cell in view.order.iter().map(|id| &view.cells[id.index()]) {
            let (cores, weight) = demand(cell);
            let memory = cell.sample.memory.saturating_mul(u64::from(machine.width()));
            let want = cell.cut(cores, machine);
            self.claims.push(Claim {
                // whoever wants something has one unit, whatever others weigh or pay
                floor: cell.floor(machine).max(want.min(1)),
                want,
                cost: prices.cost(weight, memory),
                memory,
            });
        }
        let left = self.filler.fill(&self.claims, view.units, view.memory, &mut self.got);
        targets.units[POOL.index()] = self.got[0];
        let short = self.got.iter().zip(&self.claims).any(|(got, claim)| *got < claim.want);
        let mut spare = if short { 0 } else { left };
        for (id, (got, claim)) in view.order.iter().zip(self.got.iter().zip(&self.claims).skip(1)) {
            let cell = &view.cells[id.index()];
            let most = cell.owned.min(machine.to_units(cell.spec.max));
            let kept = most.saturating_sub(*got).min(spare);
            let kept = if cell.calm < CALM && claim.memory == 0 { kept } else { 0 };
            spare -= kept;
            targets.units[id.index()] = got + kept;
            targets.reason[id.index()] = match () {
                () if kept > 0 => Reason::Kept,
                () if *got < claim.want => Reason::Fair,
                () if cell.cap.is_some_and(|cap| cap < cell.wanted()) => Reason::Idle,
                () if claim.want == claim.floor => Reason::Min,
                () => Reason::Demand,
            };
        }
    }
}
