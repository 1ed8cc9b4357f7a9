//! Bounded adaptive polling, by either side of a call.
//!
//! To sleep and be woken takes a system call here, one there, and as long as an idle CPU needs to wake up: some
//! microseconds on bare metal, most of a hundred in a virtual machine. To poll for about that long before one sleeps
//! costs at most twice what the better of both would have cost, whatever the other side does. That alone is not
//! good enough where nobody answers or where others need the CPU, hence three more rules:
//!
//! - One that polled in vain does not poll the next time, then not the next two times, four, up to `MAX_REST`.
//!   Somebody who waits for ever polls once.
//! - Nobody polls for a peer that last ran on the same CPU: it cannot run as long as one polls.
//! - One who polls for more than a moment offers the CPU to others. If somebody took it, polling was at their cost:
//!   it ends and counts as in vain.
use rustix::time::{ClockId, clock_gettime};

use crate::sync::{Poll, spin_hint};

/// Longest polling in nanoseconds. More than it takes to wake a thread on the idle CPU of a virtual machine, some
/// 75 microseconds: the peer, still asleep, has that much to come before one goes to sleep oneself.
const LONGEST: u64 = 150_000;
/// Looks between two readings of the clock, less than a microsecond.
const PER_READING: u32 = 16;
/// Looks between two offers of the CPU, some microseconds.
const PER_OFFER: u32 = 64;
/// One who did not run for so many nanoseconds was not alone on its CPU.
const INTERRUPTED: u64 = 20_000;
/// Most times in a row that one does not poll after polling in vain.
const MAX_REST: u16 = 256;

/// CPU that the calling thread runs on.
pub fn here() -> u32 {
    rustix::thread::sched_getcpu() as u32
}

fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// What became of an opportunity to poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Outcome {
    /// There was none, or nobody looked.
    #[default]
    Unknown,
    /// What one waited for came while one polled.
    Paid,
    /// It did not, or others needed the CPU.
    InVain,
}

/// One stretch of polling.
#[derive(Debug)]
pub struct Polling {
    allowed: bool,
    looks: u32,
    start: u64,
    last: u64,
    interrupted: bool,
}

impl Polling {
    /// Polling, if it is allowed.
    pub fn new(allowed: bool) -> Self {
        Self { allowed, looks: 0, start: 0, last: 0, interrupted: false }
    }

    /// What it brought, given whether one had to sleep after all.
    pub fn outcome(&self, slept: bool) -> Outcome {
        match (self.allowed, slept || self.interrupted) {
            (false, _) => Outcome::Unknown,
            (true, false) => Outcome::Paid,
            (true, true) => Outcome::InVain,
        }
    }

    fn look_at_the_clock(&mut self, now: impl Fn() -> u64, offer: impl FnOnce()) -> bool {
        let at = now();
        if self.start == 0 {
            (self.start, self.last) = (at, at);
        }
        self.interrupted |= at - self.last > INTERRUPTED;
        self.last = at;
        if self.interrupted || at - self.start > LONGEST {
            return false;
        }
        if self.looks.is_multiple_of(PER_OFFER) {
            offer();
            // One more look before the next reading of the clock may tell that it took long.
        }
        true
    }
}

impl Poll for Polling {
    fn again(&mut self) -> bool {
        if !self.allowed {
            return false;
        }
        self.looks = self.looks.wrapping_add(1);
        spin_hint();
        !self.looks.is_multiple_of(PER_READING)
            || self.look_at_the_clock(now, rustix::thread::sched_yield)
    }
}

/// Whether polling paid lately, for a channel or an entrypoint.
#[derive(Clone, Copy, Debug)]
pub struct Adaptive {
    /// Opportunities to let pass.
    rest: u16,
    /// How many that will be after the next time in vain.
    penalty: u16,
}

impl Adaptive {
    /// Ready to try.
    pub const fn new() -> Self {
        Self { rest: 0, penalty: 1 }
    }

    /// Whether to poll for something that comes from CPU `there`.
    pub fn poll(&mut self, here: u32, there: u32) -> bool {
        if here == there {
            return false;
        }
        let resting = self.rest > 0;
        self.rest = self.rest.saturating_sub(1);
        !resting
    }

    /// Learn from what became of an opportunity.
    pub fn learn(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Unknown => {}
            Outcome::Paid => *self = Self::new(),
            Outcome::InVain => {
                self.rest = self.penalty;
                self.penalty = (self.penalty * 2).min(MAX_REST);
            }
        }
    }
}

impl Default for Adaptive {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn polling_stops_where_it_does_not_pay_and_comes_back_where_it_does() {
        let mut adaptive = Adaptive::new();
        let tries = (0..10_000).filter(|_| {
            let poll = adaptive.poll(0, 1);
            if poll {
                adaptive.learn(Outcome::InVain);
            }
            poll
        });
        assert!((9..60).contains(&tries.count()));
        while !adaptive.poll(0, 1) {}
        adaptive.learn(Outcome::Paid);
        assert!(adaptive.poll(0, 1) && adaptive.poll(0, 1), "one success is enough");
    }

    #[test]
    fn the_same_cpu_cannot_do_both() {
        let mut adaptive = Adaptive::new();
        assert!(!adaptive.poll(1, 1));
        assert!(adaptive.poll(1, 0), "and not to try is no failure");
        assert!(!Polling::new(false).again());
        assert_eq!(Polling::new(false).outcome(true), Outcome::Unknown);
    }

    #[test]
    fn polling_is_bounded() {
        let mut polling = Polling::new(true);
        let start = now();
        while polling.again() {}
        assert!(now() - start >= LONGEST || polling.interrupted);
        assert_eq!(polling.outcome(true), Outcome::InVain);
    }

    #[test]
    fn who_shares_the_cpu_stops_polling() {
        let clock = Cell::new(1_000);
        let tick = || clock.replace(clock.get() + 500);
        let mut polling = Polling::new(true);
        polling.looks = PER_OFFER;
        assert!(polling.look_at_the_clock(tick, || ()), "nobody took the CPU");
        assert_eq!(polling.outcome(false), Outcome::Paid);
        assert!(polling.look_at_the_clock(tick, || clock.set(clock.get() + INTERRUPTED)));
        assert!(!polling.look_at_the_clock(tick, || ()), "somebody did");
        assert_eq!(polling.outcome(false), Outcome::InVain);
    }
}
