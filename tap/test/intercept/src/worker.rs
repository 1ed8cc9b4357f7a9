//! A thread that tells where it runs.

use alloc::sync::Arc;

use genode::{
    affinity::Location,
    error::Error,
    sync::{Condvar, Mutex},
    thread::{Builder, JoinHandle},
};

/// Question to the thread, and its answer.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    asked: u32,
    answered: u32,
    cpu: u64,
    over: bool,
}

/// A thread that tells where it runs, each time it is asked.
pub struct Worker {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread "worker" at a location. It does `first` before it answers.
    ///
    /// # Errors
    /// As [`Builder::spawn`].
    pub fn start(at: Location, first: impl FnOnce() + Send + 'static) -> Result<Self, Error> {
        let desk = Arc::new(Desk::default());
        let own = desk.clone();
        let thread = Builder::new("worker").location(at).spawn(move || {
            first();
            own.answer();
        })?;
        Ok(Self { desk, thread: Some(thread) })
    }

    /// The CPU that runs the thread, see [`here`](crate::here).
    pub fn cpu(&self) -> u64 {
        let mut state = self.desk.state.lock();
        state.asked += 1;
        self.desk.changed.notify_all();
        while state.answered != state.asked {
            self.desk.changed.wait(&mut state);
        }
        state.cpu
    }

    /// Asks for the thread to be moved.
    ///
    /// # Errors
    /// As [`JoinHandle::migrate`].
    pub fn migrate(&self, to: Location) -> Result<(), Error> {
        self.thread.as_ref().ok_or(Error::Gone)?.migrate(to)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.desk.state.lock().over = true;
        self.desk.changed.notify_all();
        self.thread = None;
    }
}

impl Desk {
    fn answer(&self) {
        let mut state = self.state.lock();
        while !state.over {
            if state.answered != state.asked {
                state.cpu = crate::here();
                state.answered = state.asked;
                self.changed.notify_all();
            }
            self.changed.wait(&mut state);
        }
    }
}
