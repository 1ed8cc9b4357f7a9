//! A value that a thread hands to a task, once.

use core::{mem, task::Waker};

use crate::sync::Mutex;

/// Place for the value, which a task may wait for. All is under one lock: a task that found no
/// value has left its waker before the thread can look for one.
pub(super) struct Slot<T>(Mutex<State<T>>);

enum State<T> {
    /// The thread works, and nobody waits.
    Empty,
    /// The thread works; the waker is that of the last poll.
    Waited(Waker),
    Value(T),
    /// The task has the value.
    Taken,
}

impl<T> Slot<T> {
    /// Returns a slot without a value.
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::Empty))
    }

    /// Leaves the value, and wakes the task that waits.
    pub(super) fn fill(&self, value: T) {
        let before = mem::replace(&mut *self.0.lock(), State::Value(value));
        // The lock is free: a waker may run code of anybody.
        if let State::Waited(waker) = before {
            waker.wake();
        }
    }

    /// Takes the value: `Some(Ok)` once, `Some(Err)` behind that. `None` while there is none yet;
    /// then `waker` is woken when there is.
    pub(super) fn poll(&self, waker: &Waker) -> Option<Result<T, Taken>> {
        let mut state = self.0.lock();
        let next = match &*state {
            State::Empty | State::Waited(_) => State::Waited(waker.clone()),
            State::Value(_) | State::Taken => State::Taken,
        };
        let before = mem::replace(&mut *state, next);
        // A waker that is dropped may run code of anybody.
        drop(state);
        match before {
            State::Empty | State::Waited(_) => None,
            State::Value(value) => Some(Ok(value)),
            State::Taken => Some(Err(Taken)),
        }
    }
}

/// The value was taken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken;
