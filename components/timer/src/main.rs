//! rs_timer: the Timer service on systems whose seam has a clock, such as the host.
//!
//! A thread sleeps until the next timeout and then wakes the entrypoint, which serves the sessions and does
//! all the rest.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeMap, rc::Rc, sync::Arc};
use core::cell::{Cell, RefCell};

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
    session::timer::TimerSession,
    signal::{SignalContext, Transmitter},
    sync::{Condvar, Mutex},
    thread,
    time::Instant,
};
use rs_timer_schedule::Schedule;

/// What the thread waits for.
#[derive(Default)]
struct Keeper {
    next: Mutex<Option<u64>>,
    changed: Condvar,
}

impl Keeper {
    /// Wakes the entrypoint at `next`.
    fn program(&self, next: Option<u64>) {
        let mut current = self.next.lock();
        let sooner = match (*current, next) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(current), Some(next)) => next < current,
        };
        *current = next;
        if sooner {
            self.changed.notify_one();
        }
    }

    /// Body of the thread.
    fn run(&self, entrypoint: &Transmitter) -> Error {
        let mut next = self.next.lock();
        loop {
            match *next {
                None => self.changed.wait(&mut next),
                Some(at) if now() >= at => {
                    *next = None; // until the entrypoint programs the next one
                    entrypoint.submit();
                }
                Some(at) => {
                    if let Err(error) = self.changed.wait_until(&mut next, Instant::from_micros(at))
                    {
                        return error;
                    }
                }
            }
        }
    }
}

/// Microseconds of the clock, which exists if the component started.
fn now() -> u64 {
    Instant::now().map_or(0, Instant::as_micros)
}

/// The state behind all sessions.
struct Timer {
    keeper: Arc<Keeper>,
    schedule: RefCell<Schedule>,
    handlers: RefCell<BTreeMap<u64, Transmitter>>,
    last_session: Cell<u64>,
}

impl Timer {
    /// Signals those whose time has come.
    fn expire(&self) {
        let handlers = self.handlers.borrow();
        let mut schedule = self.schedule.borrow_mut();
        schedule.expire(now(), |session| {
            if let Some(handler) = handlers.get(&session) {
                handler.submit();
            }
        });
        self.keeper.program(schedule.next());
    }

    fn change(&self, change: impl FnOnce(&mut Schedule)) {
        let mut schedule = self.schedule.borrow_mut();
        change(&mut schedule);
        self.keeper.program(schedule.next());
    }
}

/// One session.
struct Session {
    timer: Rc<Timer>,
    number: u64,
    opened: u64,
}

impl Session {
    fn open(timer: &Rc<Timer>) -> Self {
        let number = timer.last_session.get() + 1;
        timer.last_session.set(number);
        Self { timer: timer.clone(), number, opened: now() }
    }
}

impl TimerSession for Session {
    fn trigger_once(&mut self, us: u64) {
        self.timer.change(|schedule| schedule.once(self.number, now(), us));
    }

    fn trigger_periodic(&mut self, us: u64) {
        self.timer.change(|schedule| schedule.periodic(self.number, now(), us));
    }

    fn sigh(&mut self, context: Capability<SignalContext>) {
        self.timer.handlers.borrow_mut().insert(self.number, Transmitter::new(context));
    }

    fn elapsed_ms(&self) -> u64 {
        self.elapsed_us() / 1000
    }

    fn elapsed_us(&self) -> u64 {
        now().saturating_sub(self.opened)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.timer.change(|schedule| schedule.remove(self.number));
        self.timer.handlers.borrow_mut().remove(&self.number);
    }
}

/// What the component keeps.
struct Main {
    _root: Root,
    _expired: SignalHandler,
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    if Instant::now().is_none() {
        error!("this system has no clock of its own: start its `timer` instead");
        return Err(Error::Unsupported);
    }
    let keeper = Arc::new(Keeper::default());
    let timer = Rc::new(Timer {
        keeper: keeper.clone(),
        schedule: RefCell::default(),
        handlers: RefCell::default(),
        last_session: Cell::new(0),
    });
    let expired = SignalHandler::new(env.ep(), {
        let timer = timer.clone();
        move |_| timer.expire()
    })?;
    let entrypoint = Transmitter::new(expired.cap().clone());
    let thread = thread::Builder::new("keeper").spawn(move || {
        let error = keeper.run(&entrypoint);
        error!("the clock stopped: {error}");
    })?;
    core::mem::forget(thread); // runs as long as the component

    let mut root = Root::new(env)?;
    root.serve::<dyn TimerSession, _>(move |_: &SessionRequest<'_>| Ok(Session::open(&timer)))?;
    Ok(Main { _root: root, _expired: expired })
}
