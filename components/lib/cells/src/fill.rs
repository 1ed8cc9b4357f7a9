//! Water filling: weighted max-min over demand, by dominant shares.
//!
//! With cores alone, one unit after the other goes to the claim that would have the smallest
//! weighted share with it, until nothing is demanded. A claim's part depends on its own demand only
//! as a cut: who asks for more than it needs gets no unit that it needs, who asks for less gets
//! less. Both follow from the order of the units, which no demand changes before the claim that
//! made it is satisfied.
//!
//! With memory, filling is that of dominant-resource fairness (Ghodsi et al., NSDI 2011) with
//! divisible units, which cannot be lied to (there, and Parkes et al., EC 2012); what each claim
//! has then is rounded down, which keeps that, and the rest belongs to the pool. Going on unit by
//! unit would not: a claim that understates its memory would be served parts of a unit earlier.

use alloc::collections::BinaryHeap;
use alloc::collections::binary_heap::PeekMut;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// A claim to units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Units that it has before anything is divided.
    pub floor: u32,
    /// Units that it can use.
    pub want: u32,
    /// Weighted dominant share that a unit costs, see [`Prices`].
    pub cost: u64,
    /// Bytes that go with a unit.
    pub memory: u64,
}

/// A whole machine, as a share.
const WHOLE: u64 = 1 << 44;

/// Prices of units on a machine.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    core: u64,
    all_memory: u64,
    /// 2^100 by all memory, so that no claim needs a long division.
    part: u128,
}

impl Prices {
    /// Prices on a machine of so many units and bytes.
    pub fn new(units: u32, all_memory: u64) -> Self {
        let all_memory = all_memory.max(1);
        let part = (1 << 100) / u128::from(all_memory);
        Self { core: WHOLE / u64::from(units.max(1)), all_memory, part }
    }

    /// Returns what a unit costs a claim of `weight`: the larger one of its parts of all units and
    /// of all memory, divided by the weight.
    pub fn cost(&self, weight: u64, memory: u64) -> u64 {
        let bytes = (u128::from(memory.min(self.all_memory)) * self.part) >> 56;
        let dominant = self.core.max(bytes as u64);
        ((dominant << 4) / weight.max(1)).max(1)
    }
}

/// The fill, with memory of its own that is kept from one decision to the next.
#[derive(Debug, Default)]
pub struct Filler {
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    next: Vec<Reverse<(u64, u32)>>,
    slopes: Vec<Slope>,
}

impl Filler {
    /// Divides `units` and `memory`; `got` receives the units of each claim. Returns the units that
    /// nobody got. The floors must fit, see [`crate::check`].
    pub fn fill(&mut self, claims: &[Claim], units: u32, memory: u64, got: &mut Vec<u32>) -> u32 {
        got.clear();
        if claims.iter().any(|claim| claim.memory > 0) {
            self.divisible(claims, units, memory, got);
        } else {
            self.by_unit(claims, units, got);
        }
        units.saturating_sub(got.iter().sum())
    }

    fn by_unit(&mut self, claims: &[Claim], units: u32, got: &mut Vec<u32>) {
        got.extend(claims.iter().map(|claim| claim.floor));
        let mut left = units.saturating_sub(got.iter().sum());
        self.next.clear();
        for (n, claim) in (0..).zip(claims) {
            if claim.want > claim.floor {
                self.next.push(Reverse((key(claim, claim.floor), n)));
            }
        }
        self.heap = BinaryHeap::from(core::mem::take(&mut self.next));
        while left > 0 {
            let Some(mut top) = self.heap.peek_mut() else { break };
            let n = top.0.1 as usize;
            let (claim, has) = (&claims[n], &mut got[n]);
            *has += 1;
            left -= 1;
            if *has < claim.want {
                top.0.0 = key(claim, *has);
            } else {
                PeekMut::pop(top);
            }
        }
        self.next = core::mem::take(&mut self.heap).into_vec();
    }

    /// Raises all claims to the level at which cores or memory run out, then those without memory
    /// to the level at which cores do.
    fn divisible(&mut self, claims: &[Claim], units: u32, memory: u64, got: &mut Vec<u32>) {
        self.slopes.clear();
        self.slopes.extend(claims.iter().map(Slope::of));
        let cores = u128::from(units) << FRACTION;
        let bytes = u128::from(memory) << FRACTION;
        let low = level(&self.slopes, cores, bytes);
        for slope in self.slopes.iter_mut().filter(|slope| slope.memory > 0) {
            slope.most = slope.at(low);
            slope.least = slope.most;
        }
        let high = level(&self.slopes, cores, u128::MAX);
        // what arithmetic rounded off must not cost a unit
        let whole = |x: u64| ((x + (1 << (FRACTION / 2))) >> FRACTION) as u32;
        got.extend(self.slopes.iter().map(|slope| whole(slope.at(high))));
    }
}

/// Bits behind the point of divisible units.
const FRACTION: u32 = 20;

/// A claim as a function of the level.
#[derive(Debug, Clone, Copy)]
struct Slope {
    /// Units at level 2^40.
    rate: u64,
    least: u64,
    most: u64,
    /// A level at which it has all that it wants.
    full: u64,
    memory: u64,
}

impl Slope {
    fn of(claim: &Claim) -> Self {
        let least = u64::from(claim.floor) << FRACTION;
        let most = u64::from(claim.want.max(claim.floor)) << FRACTION;
        let full = key(claim, claim.want.max(claim.floor));
        Self { rate: (1 << 60) / claim.cost.max(1), least, most, full, memory: claim.memory }
    }

    fn at(&self, level: u64) -> u64 {
        let units = (u128::from(level) * u128::from(self.rate)) >> 40;
        units.min(u128::from(self.most)).max(u128::from(self.least)) as u64
    }
}

/// Returns the highest level at which cores and memory suffice, 0 if they never do. Each guess goes
/// on from the last one by the slope there, and halves what is left if that leads out of it.
fn level(slopes: &[Slope], cores: u128, bytes: u128) -> u64 {
    let most = slopes.iter().map(|slope| slope.full).max().unwrap_or(0);
    let rate = slopes.iter().map(|slope| slope.rate).max().unwrap_or(0);
    // levels this near to one another differ by less than is rounded off
    let same = ((1u128 << (40 + 4)) / u128::from(rate.max(1))).max(1) as u64;
    let (mut low, mut high) = (0u64, most.saturating_add(1));
    let mut guess = most;
    while high - low > same {
        let (mut units, mut memory, mut rate, mut memory_rate) = (0u128, 0u128, 0u128, 0u128);
        for slope in slopes {
            let has = slope.at(guess);
            let (has, own) = (u128::from(has), u128::from(slope.memory));
            units += has;
            memory = memory.saturating_add(has.saturating_mul(own));
            if has > u128::from(slope.least) && has < u128::from(slope.most) {
                rate += u128::from(slope.rate);
                memory_rate = memory_rate.saturating_add(own.saturating_mul(slope.rate.into()));
            }
        }
        let fits = units <= cores && memory <= bytes;
        if fits {
            low = guess;
        } else {
            high = guess;
        }
        let step = |has: u128, of: u128, rate: u128| {
            let gap = if fits { of.saturating_sub(has) } else { has.saturating_sub(of) };
            gap.saturating_mul(1 << 40).checked_div(rate).unwrap_or(u128::MAX).min(1 << 62) as u64
        };
        let steps = (step(units, cores, rate), step(memory, bytes, memory_rate));
        let near = if fits { steps.0.min(steps.1) } else { steps.0.max(steps.1) };
        let next = if fits { guess.saturating_add(near) } else { guess.saturating_sub(near) };
        guess = if next > low && next < high { next } else { low + (high - low) / 2 };
    }
    low
}

/// The weighted share with one unit more.
fn key(claim: &Claim, has: u32) -> u64 {
    claim.cost.saturating_mul(u64::from(has) + 1)
}
