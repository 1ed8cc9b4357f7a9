//! Times at which an entrypoint signals itself.
//!
//! The serving thread sets them and waits for them, so that no other component and no other thread
//! has to be woken first. Any thread may take one away, with its context.
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::lock;

/// The time that does not come.
pub(super) const NEVER: u64 = u64::MAX;

/// At most one time for each signal context, in microseconds of the system's clock.
pub(super) struct Alarms {
    /// The earliest one.
    next: AtomicU64,
    /// Time and context: a few, as an entrypoint has few sessions of a timer.
    set: Mutex<Vec<(u64, u64)>>,
}

impl Default for Alarms {
    fn default() -> Self {
        Self { next: AtomicU64::new(NEVER), set: Mutex::default() }
    }
}

impl Alarms {
    /// The earliest time, or [`NEVER`].
    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Sets the time of a context in place of the one before; [`NEVER`] takes it away.
    pub(super) fn set(&self, context: u64, at: u64) {
        if at == NEVER && self.next() == NEVER {
            return;
        }
        let mut set = lock(&self.set);
        set.retain(|&(_, other)| other != context);
        if at != NEVER {
            set.push((at, context));
        }
        self.tell(&set);
    }

    /// Takes the context whose time came first, if it has come by `now`.
    pub(super) fn take_due(&self, now: u64) -> Option<u64> {
        if self.next() > now {
            return None;
        }
        let mut set = lock(&self.set);
        let first = (0..set.len()).min_by_key(|&at| set.get(at).map(|&(time, _)| time))?;
        let due = set.get(first).is_some_and(|&(at, _)| at <= now);
        let taken = due.then(|| set.swap_remove(first).1);
        self.tell(&set);
        taken
    }

    fn tell(&self, set: &[(u64, u64)]) {
        let next = set.iter().map(|&(at, _)| at).min().unwrap_or(NEVER);
        self.next.store(next, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_time_that_is_set_again_replaces_the_one_before() {
        let alarms = Alarms::default();
        assert_eq!((alarms.next(), alarms.take_due(NEVER)), (NEVER, None));
        alarms.set(1, 50);
        alarms.set(2, 40);
        assert_eq!(alarms.next(), 40);
        alarms.set(2, 60);
        assert_eq!(alarms.next(), 50);
        assert_eq!(alarms.take_due(49), None);
        assert_eq!(alarms.take_due(50), Some(1));
        alarms.set(2, NEVER);
        assert_eq!((alarms.next(), alarms.take_due(NEVER)), (NEVER, None));
    }

    #[test]
    fn each_context_is_due_once_and_in_order() {
        let mut random = fastrand::Rng::with_seed(7);
        let (alarms, mut model) = (Alarms::default(), BTreeMap::new());
        for _ in 0..20_000 {
            let (context, time) = (random.u64(0..6), random.u64(0..20));
            if random.bool() {
                alarms.set(context, time);
                model.insert(context, time);
            } else {
                let mut last = 0;
                while let Some(due) = alarms.take_due(time) {
                    let at = model.remove(&due).unwrap();
                    assert!(last <= at && at <= time);
                    last = at;
                }
                assert!(model.values().all(|&at| at > time));
            }
            assert_eq!(alarms.next(), model.values().min().copied().unwrap_or(NEVER));
        }
    }
}
