//! Wakers by the time at which they are to be woken. Knows numbers only.

use alloc::collections::{BTreeMap, BTreeSet};
use core::{ptr, task::Waker};

/// Tells wakers apart, as long as they are kept: the addresses of their data and of their
/// functions.
type Id = (usize, usize);

fn id(waker: &Waker) -> Id {
    (waker.data().addr(), ptr::from_ref(waker.vtable()).addr())
}

/// Wakers with a time each. embassy-time asks again at every poll, and never says that a timer is
/// gone: so a waker has one entry, of its earliest time. A task that is woken too early looks, and
/// asks again.
#[derive(Debug)]
pub(crate) struct Queue {
    wakers: BTreeMap<Id, (u64, Waker)>,
    times: BTreeSet<(u64, Id)>,
}

impl Queue {
    /// Returns an empty queue.
    pub(crate) const fn new() -> Self {
        Self { wakers: BTreeMap::new(), times: BTreeSet::new() }
    }

    /// Adds a waker, unless it is to be woken before `at`. Tells whether it is now the first of
    /// all.
    pub(crate) fn insert(&mut self, at: u64, waker: &Waker) -> bool {
        let id = id(waker);
        match self.wakers.get_mut(&id) {
            Some((known, _)) if *known <= at => return false,
            Some((known, _)) => {
                self.times.remove(&(*known, id));
                *known = at;
            }
            None => {
                self.wakers.insert(id, (at, waker.clone()));
            }
        }
        let first = self.next().is_none_or(|next| at < next);
        self.times.insert((at, id));
        first
    }

    /// Returns the earliest time.
    pub(crate) fn next(&self) -> Option<u64> {
        self.times.first().map(|(at, _)| *at)
    }

    /// Takes the first waker, if its time has come at `now`.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<Waker> {
        let first = self.times.first().copied().filter(|(at, _)| *at <= now)?;
        self.times.remove(&first);
        self.wakers.remove(&first.1).map(|(_, waker)| waker)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::{sync::Arc, task::Wake};
    use std::{collections::BTreeMap, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    proptest! {
        /// Against a map of each task's earliest time.
        #[test]
        fn each_waker_is_due_once_at_its_earliest_time(
            steps in proptest::collection::vec((0..6_usize, 0..40_u64, 0..9_u64), 0..80),
        ) {
            let tasks: Vec<Arc<Task>> = (0..6).map(|_| Arc::new(Task)).collect();
            let wakers: Vec<Waker> = tasks.iter().cloned().map(Waker::from).collect();
            let (mut queue, mut model, mut now) = (Queue::new(), BTreeMap::new(), 0);
            for (task, ahead, pass) in steps {
                let at = now + ahead;
                let before = model.values().min().copied();
                let known: &mut u64 = model.entry(task).or_insert(u64::MAX);
                *known = at.min(*known);
                let first = before.is_none_or(|before| at < before);
                prop_assert_eq!(queue.insert(at, &wakers[task]), first);
                now += pass;
                while let Some(due) = queue.take_due(now) {
                    let task = wakers.iter().position(|waker| waker.will_wake(&due)).unwrap();
                    let least = model.values().min().copied();
                    let at = model.remove(&task);
                    prop_assert!(at.is_some_and(|at| at <= now) && at == least, "in order");
                }
                prop_assert!(model.values().all(|at| *at > now));
                prop_assert_eq!(queue.next(), model.values().min().copied());
            }
            drop(queue);
            drop(wakers);
            prop_assert!(tasks.iter().all(|task| Arc::strong_count(task) == 1), "none is kept");
        }
    }
}
