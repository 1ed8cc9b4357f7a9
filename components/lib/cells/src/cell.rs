//! Cells: their terms, reports of them, and what is refused.

use crate::machine::Machine;
use alloc::vec::Vec;
use core::fmt;

/// Largest weight.
pub const MAX_WEIGHT: u32 = 1_000_000;
/// Largest price.
pub const MAX_PRICE: u32 = 1000;
/// Cells that there may be, the pool among them.
pub const MAX_CELLS: usize = 4096;

/// The number of a cell, chosen by the caller, below [`MAX_CELLS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub u16);

/// The common pool. It owns what nobody else does: reserved cores, what rounding leaves over, and
/// the cores of cells that are too small for one of their own.
pub const POOL: CellId = CellId(0);

impl CellId {
    /// Returns the number as an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Terms of a cell, from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Weight against other cells; 0 for none, which means the pool unless `min` or `brick` are
    /// given.
    pub weight: u32,
    /// Cores that the cell owns whatever happens.
    pub min: u16,
    /// Cores that it never exceeds.
    pub max: u16,
    /// Cores that are its own for good, with all their siblings; empty for an elastic cell.
    pub brick: Vec<u16>,
    /// Time in microseconds after which a core that is wanted back is taken by force.
    pub deadline_us: u32,
    /// Objective of policy `slo`.
    pub objective: Objective,
    /// Price of a core to the cell under policy `slo`, as a multiple of the usual.
    pub price: u32,
}

/// An objective that a cell is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// As much as it gets.
    None,
    /// The reported percentile of delays is at most this, in microseconds.
    Delay(u32),
    /// The reported throughput is at least this, in requests per second.
    Throughput(u32),
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            weight: 1,
            min: 0,
            max: u16::MAX,
            brick: Vec::new(),
            deadline_us: 1000,
            objective: Objective::None,
            price: 1,
        }
    }
}

/// A report. All of it but `used` comes from the cell and may be a lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// Cores that the cell has work for; `None` for a silent cell, which is judged by `used`.
    pub wanted: Option<u16>,
    /// Queueing delay in microseconds, or the percentile that its objective names.
    pub delay_us: u32,
    /// Requests per second.
    pub rate: u32,
    /// Bytes that it needs with each core.
    pub memory: u64,
    /// Cores' worth of CPU time that it took since its last report, measured by the trusted side.
    pub used: u16,
}

/// A cell as policies see it.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// Its terms.
    pub spec: Spec,
    /// Its last report.
    pub sample: Sample,
    /// Units that it owns.
    pub owned: u32,
    /// Cores that it owned when it reported.
    pub seen: u16,
    /// Demand is cut to this many cores, since it took less than it had asked for and got.
    pub cap: Option<u16>,
    /// Decisions in a row in which it had more than it needs and short delays.
    pub calm: u8,
    /// It runs in the pool.
    pub pooled: bool,
    /// Its number is in use.
    pub live: bool,
}

impl Cell {
    /// Takes a report. One that asked for cores, got them and left them idle loses the excess.
    pub(crate) fn note(&mut self, sample: Sample, width: u16) {
        let owned = (self.owned as u16).saturating_mul(width);
        self.seen = owned;
        let promised = self.sample.wanted.map_or(0, |wanted| wanted.min(owned));
        // measured time wobbles: an eighth and one core are nothing
        let slack = 1 + promised / 8;
        self.cap = (sample.used.saturating_add(slack) < promised)
            .then(|| sample.used.saturating_add(sample.used / 2).saturating_add(1));
        self.sample = sample;
    }

    /// Returns the units it owns at least.
    pub fn floor(&self, machine: &Machine) -> u32 {
        machine.to_units(self.spec.min)
    }

    /// Cuts a demand in cores to what the cell's terms and its use allow; in units.
    pub fn cut(&self, cores: u16, machine: &Machine) -> u32 {
        let cores = cores.min(self.cap.unwrap_or(u16::MAX)).min(self.spec.max);
        machine.to_units(cores).max(self.floor(machine))
    }

    /// Returns the cores it wants by its own report, or by its CPU time if it is silent: what it
    /// uses, and one more if it uses all that it owns.
    pub fn wanted(&self) -> u16 {
        let full = u16::from(self.sample.used >= self.seen);
        self.sample.wanted.unwrap_or(self.sample.used.saturating_add(full))
    }

    /// Tells if the cell divides the machine with others, which bricks and pooled cells do not.
    pub fn elastic(&self) -> bool {
        self.live && !self.pooled && self.spec.brick.is_empty()
    }
}

/// A line of a configuration that is refused: the cell, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The cell.
    pub cell: CellId,
    /// The reason.
    pub why: Why,
}

/// Reasons of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The number is the pool's, is taken, or is too large.
    Number,
    /// No such cell runs.
    Unknown,
    /// `min` is above `max`.
    MinAboveMax(u16, u16),
    /// Weight or price is above [`MAX_WEIGHT`] or [`MAX_PRICE`], or the price is 0.
    Weight(u32),
    /// The minimum does not fit: units wanted, units left after the cells before it.
    Min(u32, u32),
    /// A core of the brick is none of the machine's.
    NoSuchCore(u16),
    /// A core of the brick is reserved, or another brick's.
    Taken(u16),
    /// The brick takes a core without this sibling.
    Sibling(u16),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cell {}: ", self.cell.0)?;
        match self.why {
            Why::Number => write!(f, "its number is taken: 1 to {} are possible", MAX_CELLS - 1),
            Why::Unknown => write!(f, "no such cell runs: start it first"),
            Why::MinAboveMax(min, max) => write!(f, "min {min} is above max {max}: lower min"),
            Why::Weight(n) => {
                write!(
                    f,
                    "weight and price {n}: a weight is at most {MAX_WEIGHT}, a price 1 to {MAX_PRICE}"
                )
            }
            Why::Min(wanted, left) => write!(
                f,
                "its minimum takes {wanted} units, {left} are left after the cells before it: \
                 lower its min or theirs"
            ),
            Why::NoSuchCore(core) => write!(f, "its brick has core {core}, the machine has not"),
            Why::Taken(core) => {
                write!(f, "core {core} of its brick is reserved or another brick's")
            }
            Why::Sibling(core) => write!(f, "core {core} is a sibling of its brick: add it"),
        }
    }
}

/// Checks one cell's own terms.
fn own_terms(spec: &Spec, machine: &Machine) -> Option<Why> {
    if spec.min > spec.max {
        return Some(Why::MinAboveMax(spec.min, spec.max));
    }
    if spec.weight > MAX_WEIGHT {
        return Some(Why::Weight(spec.weight));
    }
    if spec.price == 0 || spec.price > MAX_PRICE {
        return Some(Why::Weight(spec.price));
    }
    for &core in &spec.brick {
        let Some(unit) = machine.unit_of(core) else { return Some(Why::NoSuchCore(core)) };
        let missing = |c: &&u16| !spec.brick.contains(c);
        if let Some(sibling) = machine.cores_of(unit).iter().find(missing) {
            return Some(Why::Sibling(*sibling));
        }
    }
    None
}

/// Checks a whole configuration in its order: a line for each cell that cannot be had beside those
/// before it. Nothing is refused if the list is empty.
pub fn check(machine: &Machine, cells: &[(CellId, &Spec)]) -> Vec<Refusal> {
    let mut refused = Vec::new();
    let mut taken = alloc::vec![false; machine.units()];
    taken[..machine.reserved()].fill(true);
    let mut seen = alloc::vec![false; MAX_CELLS];
    // cells without a minimum may have to share a unit
    let shared = cells.iter().any(|(_, spec)| spec.min == 0 && spec.brick.is_empty());
    let mut left = (machine.units() - machine.reserved()) as u32 - u32::from(shared);
    for &(cell, spec) in cells {
        let known = seen.get_mut(cell.index()).filter(|_| cell != POOL);
        let mut why = match known {
            Some(seen) if !*seen => {
                *seen = true;
                own_terms(spec, machine)
            }
            _ => Some(Why::Number),
        };
        let mut units: Vec<u16> = spec.brick.iter().filter_map(|c| machine.unit_of(*c)).collect();
        units.sort_unstable();
        units.dedup();
        if let Some(unit) = units.iter().find(|u| taken[usize::from(**u)]) {
            let core = machine.cores_of(*unit).first().copied().unwrap_or(0);
            why = why.or(Some(Why::Taken(core)));
        }
        let needs = if units.is_empty() { machine.to_units(spec.min) } else { units.len() as u32 };
        if needs > left {
            why = why.or(Some(Why::Min(needs, left)));
        }
        if let Some(why) = why {
            refused.push(Refusal { cell, why });
            continue;
        }
        left -= needs;
        for unit in units {
            taken[usize::from(unit)] = true;
        }
    }
    refused
}
