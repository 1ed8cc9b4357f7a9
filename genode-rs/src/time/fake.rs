//! A Timer session on a test's own time.

use alloc::{rc::Rc, vec::Vec};
use core::cell::{Cell, RefCell};

use super::{Alarm, Timers};
use crate::error::Error;

/// Time that passes when the test says so, and what is programmed.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) now: Cell<u64>,
    /// Times that were programmed, in microseconds of the world.
    pub(crate) programmed: RefCell<Vec<u64>>,
    /// The time at which the alarm is to call, if it did not yet.
    pending: Cell<Option<u64>>,
    pub(crate) gone: Cell<bool>,
    /// The server is gone, while the clock goes on.
    pub(crate) server_gone: Cell<bool>,
}

impl World {
    /// Tells whether the alarm's time has come.
    pub(crate) fn is_due(&self) -> bool {
        self.pending.get().is_some_and(|at| at <= self.now.get())
    }

    /// Takes the time that was programmed, if it has come.
    pub(crate) fn take_due(&self) -> bool {
        let due = self.is_due();
        if due {
            self.pending.set(None);
        }
        due
    }
}

struct Fake(Rc<World>);

impl Alarm for Fake {
    fn now(&self) -> Result<u64, Error> {
        if self.0.gone.get() { Err(Error::Gone) } else { Ok(self.0.now.get()) }
    }

    fn program(&self, us: u64) -> Result<(), Error> {
        let at = self.0.now.get() + us;
        self.0.programmed.borrow_mut().push(at);
        self.0.pending.set(Some(at));
        if self.0.gone.get() { Err(Error::Gone) } else { Ok(()) }
    }

    fn check(&self) -> Result<(), Error> {
        if self.0.gone.get() || self.0.server_gone.get() { Err(Error::Gone) } else { Ok(()) }
    }
}

/// Makes a world, timeouts on its time, and what its alarm calls.
pub(crate) fn world() -> (Rc<World>, Timers, impl Fn()) {
    let (world, timers, signalled) = world_of_deaths();
    (world, timers, move || signalled(1))
}

/// Makes a world, timeouts on its time, and what is called with signals, or with 0 for a death.
pub(crate) fn world_of_deaths() -> (Rc<World>, Timers, impl Fn(u32)) {
    let world = Rc::new(World::default());
    let (timers, signalled) = Timers::over(Fake(world.clone()));
    (world, timers, signalled)
}
