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
//! - One who was interrupted while it polled shares its CPU. Who competes for the CPU should have it, and no CPU is idle
//!   then and slow to wake up: for the next times one polls for `SHORT` at most, which only answers that come at
//!   once are worth.
//!
//! Nobody offers its CPU to others by `sched_yield`. It would wait for the end of their time slices then, while its peers
//! rely on it; one who sleeps and is woken gets the CPU at once.
use rustix::time::{ClockId, clock_gettime};

use crate::sync::Poll;

/// Longest polling in nanoseconds. More than it takes to wake a thread on the idle CPU of a virtual machine, some
/// 75 microseconds: the peer, still asleep, has that much to come before one goes to sleep oneself.
const LONGEST: u64 = 150_000;
/// Looks between two readings of the clock, less than a microsecond.
const PER_READING: u32 = 16;
/// Longest polling for one that shares its CPU: what it takes to sleep and be woken there, about.
const SHORT: u64 = 10_000;
/// Times that one polls for so short after it was interrupted.
const WARY: u16 = 64;
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
    /// It did not.
    InVain,
    /// Others needed the CPU.
    Interrupted,
}

/// One stretch of polling.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    /// How long in nanoseconds; 0 for not at all.
    limit: u64,
    looks: u32,
    start: u64,
    last: u64,
    interrupted: bool,
}

impl Polling {
    fn new(limit: u64) -> Self {
        Self { limit, looks: 0, start: 0, last: 0, interrupted: false }
    }

    /// Whether it is worth a single look.
    pub fn allowed(&self) -> bool {
        self.limit > 0
    }

    /// What it brought, given whether one had to sleep after all.
    pub fn outcome(&self, slept: bool) -> Outcome {
        match (self.allowed(), self.interrupted, slept) {
            (false, ..) => Outcome::Unknown,
            (true, true, _) => Outcome::Interrupted,
            (true, false, true) => Outcome::InVain,
            (true, false, false) => Outcome::Paid,
        }
    }

    /// Whether to go on at a time.
    fn goes_on(&mut self, at: u64) -> bool {
        if self.start == 0 {
            (self.start, self.last) = (at, at);
        }
        self.interrupted |= at - self.last > INTERRUPTED;
        self.last = at;
        !self.interrupted && at - self.start <= self.limit
    }
}

impl Poll for Polling {
    fn again(&mut self) -> bool {
        if !self.allowed() {
            return false;
        }
        self.looks = self.looks.wrapping_add(1);
        core::hint::spin_loop();
        !self.looks.is_multiple_of(PER_READING) || self.goes_on(now())
    }
}

/// Whether polling paid lately, for a channel or an entrypoint.
#[derive(Clone, Copy, Debug)]
pub struct Adaptive {
    /// Opportunities to let pass.
    rest: u16,
    /// How many that will be after the next time in vain.
    penalty: u16,
    /// Opportunities to poll for a short time only.
    wary: u16,
}

impl Adaptive {
    /// Ready to try.
    pub const fn new() -> Self {
        Self { rest: 0, penalty: 1, wary: 0 }
    }

    /// How to poll for something that comes from CPU `there`, if at all.
    pub fn polling(&mut self, here: u32, there: u32) -> Polling {
        if here == there {
            return Polling::new(0);
        }
        if self.rest > 0 {
            self.rest -= 1;
            return Polling::new(0);
        }
        if self.wary > 0 {
            self.wary -= 1;
            return Polling::new(SHORT);
        }
        Polling::new(LONGEST)
    }

    /// Learn from what became of an opportunity.
    pub fn learn(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Unknown => {}
            Outcome::Paid => self.penalty = 1,
            Outcome::InVain | Outcome::Interrupted => {
                self.rest = self.penalty;
                self.penalty = (self.penalty * 2).min(MAX_REST);
            }
        }
        if outcome == Outcome::Interrupted {
            self.wary = WARY;
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
    use super::*;

    #[test]
    fn polling_stops_where_it_does_not_pay_and_comes_back_where_it_does() {
        let mut adaptive = Adaptive::new();
        let tries = (0..10_000).filter(|_| {
            let polling = adaptive.polling(0, 1);
            adaptive.learn(polling.outcome(true));
            polling.allowed()
        });
        assert!((9..60).contains(&tries.count()));
        while !adaptive.polling(0, 1).allowed() {}
        adaptive.learn(Outcome::Paid);
        let both = adaptive.polling(0, 1).allowed() && adaptive.polling(0, 1).allowed();
        assert!(both, "one success is enough");
    }

    #[test]
    fn the_same_cpu_cannot_do_both() {
        let mut adaptive = Adaptive::new();
        let mut polling = adaptive.polling(1, 1);
        assert!(!polling.again());
        assert_eq!(polling.outcome(true), Outcome::Unknown);
        assert!(adaptive.polling(1, 0).allowed(), "and not to try is no failure");
    }

    #[test]
    fn one_runs_where_the_kernel_says() {
        let may = rustix::thread::sched_getaffinity(None).unwrap();
        for cpu in (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| may.is_set(*cpu)) {
            let mut only = rustix::thread::CpuSet::new();
            only.set(cpu);
            rustix::thread::sched_setaffinity(None, &only).unwrap();
            assert_eq!(here() as usize, cpu);
        }
        rustix::thread::sched_setaffinity(None, &may).unwrap();
    }

    #[test]
    fn the_clock_is_the_kernels_in_nanoseconds() {
        let kernel = || {
            let now = clock_gettime(ClockId::Monotonic);
            std::time::Duration::new(now.tv_sec as u64, now.tv_nsec as u32).as_nanos()
        };
        let (before, now, after) = (kernel(), now(), kernel());
        assert!((before..=after).contains(&now.into()));
    }

    #[test]
    fn polling_goes_on_for_its_time_wherever_the_clock_stands() {
        for start in [1, 1 << 30, 1 << 60] {
            let mut polling = Polling::new(LONGEST);
            let mut at = start;
            while polling.goes_on(at) {
                at += INTERRUPTED;
            }
            assert!(!polling.interrupted, "{start}: that long may pass between two looks");
            assert_eq!((at - start) / INTERRUPTED, LONGEST / INTERRUPTED + 1, "{start}");
        }
    }

    #[test]
    fn the_clock_is_read_once_in_many_looks() {
        let mut polling = Polling::new(LONGEST);
        for look in 1..PER_READING {
            assert!(polling.again());
            assert_eq!(polling.start, 0, "look {look}");
        }
        assert!(polling.again());
        assert_ne!(polling.start, 0);
    }

    #[test]
    fn polling_is_bounded() {
        let mut polling = Polling::new(LONGEST);
        let start = now();
        while polling.again() {}
        assert!(now() - start >= LONGEST || polling.interrupted);
        assert_ne!(polling.outcome(true), Outcome::Paid);
    }

    #[test]
    fn who_shares_the_cpu_polls_for_a_short_time_for_a_while() {
        let mut adaptive = Adaptive::new();
        let mut polling = adaptive.polling(0, 1);
        assert!(polling.goes_on(1_000) && polling.goes_on(2_000));
        assert_eq!(polling.outcome(false), Outcome::Paid);
        assert!(!polling.goes_on(3_000 + INTERRUPTED), "others had the CPU");
        assert_eq!(polling.outcome(false), Outcome::Interrupted);
        adaptive.learn(polling.outcome(false));
        let mut limits = Vec::new();
        while limits.last() != Some(&LONGEST) {
            let polling = adaptive.polling(0, 1);
            if polling.allowed() {
                limits.push(polling.limit);
                adaptive.learn(Outcome::Paid);
            }
        }
        assert_eq!(limits.len(), usize::from(WARY) + 1);
        assert!(limits.iter().take(WARY.into()).all(|l| *l == SHORT));
    }
}
