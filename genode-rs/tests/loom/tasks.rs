//! What threads do to tasks, on the shipped source: wake them, and hand a value to one.

use std::{
    sync::Arc,
    task::{Wake, Waker as StdWaker},
};

use loom::{
    sync::{
        Notify,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    noticed,
    slot::{Slot, Taken},
    waker::{Shared, TaskWaker},
};

/// What a thread sleeps on until it was rung. It orders what the last ringer did, and nothing else.
struct Bell {
    rung: AtomicBool,
    notify: Notify,
}

impl Bell {
    fn new() -> Self {
        Self { rung: AtomicBool::new(false), notify: Notify::new() }
    }

    fn ring(&self) {
        // A swap, as loom leaves it open which of two stores that race is the last.
        self.rung.swap(true, Ordering::Release);
        self.notify.notify();
    }

    fn wait(&self) {
        while !self.rung.swap(false, Ordering::Acquire) {
            self.notify.wait();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

fn model(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(body);
}

/// Two threads do what a task waits for, and wake it: it sees both, or is polled again. One that is
/// missed lets the model end in a deadlock.
fn two_wake(preemptions: usize) {
    model(preemptions, || {
        let bell = Arc::new(Bell::new());
        let ring = bell.clone();
        let shared = Arc::new(Shared::new(move || ring.ring()));
        let task = Arc::new(TaskWaker::new(7, shared.clone()));
        let done: Arc<[AtomicBool; 2]> = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let threads: Vec<_> = (0..2)
            .map(|i| {
                let (waker, done) = (StdWaker::from(task.clone()), done.clone());
                thread::spawn(move || {
                    // As weak as possible: the wake-up is to order it.
                    done[i].store(true, Ordering::Relaxed);
                    waker.wake();
                })
            })
            .collect();
        // The executor.
        let mut polls = 0;
        while !(polls > 0 && done.iter().all(|done| done.load(Ordering::Relaxed))) {
            bell.wait();
            for id in shared.take() {
                assert_eq!(id, 7);
                task.polled();
                polls += 1;
            }
        }
        assert!(polls <= 2, "a wake-up polls once at most");
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn no_wake_up_is_lost() {
    two_wake(3);
}

/// A thread fills the slot while its task waits for it, with a new waker at each poll.
fn hand_over(preemptions: usize) {
    model(preemptions, || {
        let slot = Arc::new(Slot::new());
        let filled = slot.clone();
        let thread = thread::spawn(move || filled.fill(Box::new(5)));
        let value = loop {
            let bell = Arc::new(Bell::new());
            match slot.poll(&StdWaker::from(bell.clone())) {
                Some(value) => break value.unwrap(),
                None => bell.wait(),
            }
        };
        assert_eq!(*value, 5);
        assert_eq!(slot.poll(StdWaker::noop()), Some(Err(Taken)));
        thread.join().unwrap();
    });
}

#[test]
fn a_value_is_handed_over_once() {
    hand_over(4);
}

/// The waiting future is polled twice, as by an executor that polls without reason, and the later
/// waker counts.
#[test]
fn the_last_waker_is_woken() {
    model(3, || {
        let slot = Arc::new(Slot::new());
        let filled = slot.clone();
        let thread = thread::spawn(move || filled.fill(5));
        let (early, late) = (Arc::new(Bell::new()), Arc::new(Bell::new()));
        let polls = [early, late.clone()].map(|bell| slot.poll(&StdWaker::from(bell)));
        if polls == [None, None] {
            late.wait();
            assert_eq!(slot.poll(StdWaker::noop()), Some(Ok(5)));
        }
        thread.join().unwrap();
    });
}

/// The task is dropped while the thread still works: the thread's value goes with the slot.
#[test]
fn a_task_may_leave() {
    model(3, || {
        let (slot, value) = (Arc::new(Slot::new()), Arc::new(()));
        let (filled, given) = (slot.clone(), value.clone());
        let thread = thread::spawn(move || filled.fill(given));
        let _ = slot.poll(&StdWaker::from(Arc::new(Bell::new())));
        drop(slot);
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// The models of the last test, each in a process of its own.
#[test]
#[ignore = "run by the last test"]
fn weakened_waker() {
    crate::waker::mutate(crate::mutant());
    two_wake(3);
}

#[test]
#[ignore = "run by the last test"]
fn weakened_slot() {
    crate::raw::mutate(crate::mutant());
    hand_over(4);
}

#[test]
fn each_weakened_ordering_is_noticed() {
    for (mutant, name) in (1..).zip(["raise", "lower"]) {
        noticed("tasks::weakened_waker", mutant, name, "deadlock");
    }
    // All of the slot's order is the lock's.
    for (mutant, name) in (1..).zip(["take", "free"]) {
        noticed("tasks::weakened_slot", mutant, name, "Causality violation");
    }
}
