//! Bounded adaptive polling: worth it only while the other side runs on another CPU and answers soon.
use std::sync::atomic::{AtomicBool, Ordering};

use rs_host_proto::sync::Spin;

/// Rounds of polling before one sleeps: some ten microseconds.
const MAX: u16 = 300;
/// Least rounds that can pay at all.
const MIN: u16 = 40;
/// After polling in vain this often in a row, try again only now and then.
const REST: u16 = 64;

/// Whether the machine has more than one CPU.
static PARALLEL: AtomicBool = AtomicBool::new(false);

/// Note the number of CPUs of the machine, at the start.
pub(crate) fn cpus(n: u64) {
    PARALLEL.store(n > 1, Ordering::Relaxed);
}

/// CPU of the calling thread.
pub(crate) fn here() -> u32 {
    if PARALLEL.load(Ordering::Relaxed) { rustix::thread::sched_getcpu() as u32 } else { 0 }
}

/// How much polling paid lately, per channel or entrypoint.
#[derive(Clone, Copy)]
pub(crate) struct Adaptive {
    rounds: u16,
    resting: u16,
}

impl Adaptive {
    pub(crate) const fn new() -> Self {
        Self { rounds: MAX, resting: 0 }
    }

    /// How long to poll for something that comes from CPU `there`.
    pub(crate) fn budget(&mut self, here: u32, there: u32) -> Spin {
        if here == there || !PARALLEL.load(Ordering::Relaxed) {
            return Spin(0);
        }
        if self.resting > 0 {
            self.resting -= 1;
            return Spin(0);
        }
        Spin(u32::from(self.rounds))
    }

    /// Whether polling with this budget brought it.
    pub(crate) fn learn(&mut self, budget: Spin, paid: bool) {
        if budget.0 == 0 {
            return;
        }
        if paid {
            self.rounds = MAX;
        } else if self.rounds > MIN {
            self.rounds /= 2;
        } else {
            self.resting = REST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_stops_where_it_does_not_pay_and_comes_back_where_it_does() {
        cpus(2);
        let mut spin = Adaptive::new();
        assert_eq!(spin.budget(1, 1).0, 0, "the same CPU cannot do both");
        let spent: u32 = (0..1000)
            .map(|_| {
                let budget = spin.budget(0, 1);
                spin.learn(budget, false);
                budget.0
            })
            .sum();
        assert!(spent < 1000 * u32::from(MAX) / 50, "{spent} rounds for nothing");
        while spin.budget(0, 1).0 == 0 {}
        spin.learn(Spin(1), true);
        assert_eq!(spin.budget(0, 1).0, u32::from(MAX));
    }
}
