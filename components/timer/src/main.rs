//! rs_timer: the Timer service on systems whose seam has a clock, such as the host.
//!
//! The entrypoint waits for the next timeout itself, as it waits for calls.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeMap, rc::Rc};
use core::cell::{Cell, OnceCell, RefCell};

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
    session::timer::TimerSession,
    signal::{SignalContext, Transmitter},
    time::Instant,
};
use rs_timer_schedule::Schedule;

/// Microseconds of the clock, which exists if the component started.
fn now() -> u64 {
    Instant::now().map_or(0, Instant::as_micros)
}

/// The state behind all sessions.
#[derive(Default)]
struct Timer {
    /// Set before the first session comes.
    expired: OnceCell<SignalHandler>,
    schedule: RefCell<Schedule>,
    handlers: RefCell<BTreeMap<u64, Transmitter>>,
    last_session: Cell<u64>,
}

impl Timer {
    /// Signals those whose time has come.
    fn expire(&self) {
        let handlers = self.handlers.borrow();
        self.change(|schedule| {
            schedule.expire(now(), |session| {
                if let Some(handler) = handlers.get(&session) {
                    handler.submit();
                }
            });
        });
    }

    /// Changes the schedule, and waits for what is next by it.
    fn change(&self, change: impl FnOnce(&mut Schedule)) {
        let mut schedule = self.schedule.borrow_mut();
        change(&mut schedule);
        let next = schedule.next().map(Instant::from_micros);
        if let Some(Err(error)) = self.expired.get().map(|expired| expired.submit_at(next)) {
            error!("the clock stopped: {error}");
        }
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

    fn is_system_time(&self) -> bool {
        true
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
    _timer: Rc<Timer>,
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    if Instant::now().is_none() {
        error!("this system has no clock of its own: start its `timer` instead");
        return Err(Error::Unsupported);
    }
    let timer = Rc::new(Timer::default());
    let expired = SignalHandler::new(env.ep(), {
        let timer = Rc::downgrade(&timer);
        move |_| {
            if let Some(timer) = timer.upgrade() {
                timer.expire();
            }
        }
    })?;
    let _ = timer.expired.set(expired); // the only time

    let mut root = Root::new(env)?;
    let of_session = timer.clone();
    root.serve::<dyn TimerSession, _>(move |_: &SessionRequest<'_>| {
        Ok(Session::open(&of_session))
    })?;
    Ok(Main { _root: root, _timer: timer })
}
