//! Many timeouts over one Timer session.

use alloc::{
    boxed::Box,
    rc::{Rc, Weak},
};
use core::{
    cell::RefCell,
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use embassy_futures::{
    poll_once,
    select::{Either, select},
    yield_now,
};

use super::{
    clock::Instant,
    deadlines::{Deadlines, Key},
};
use crate::{
    env::Env,
    error::{Call, Error},
    session::timer::{TimerConnection, micros},
    signal::SignalHandler,
};

/// The longest time that the session is programmed for, in microseconds: an hour. A later deadline is programmed
/// again, so that no timer driver is asked for more than it can count.
const LONGEST: u64 = 3_600_000_000;

/// What tells the time and calls [`Core::fired`] when a programmed time is over: a Timer session, or a test's.
pub(crate) trait Alarm {
    /// Returns microseconds since the alarm was made. Does not run backwards.
    fn now(&self) -> Result<u64, Error>;

    /// Programs one call after `us` microseconds, instead of what was programmed before.
    fn program(&self, us: u64) -> Result<(), Error>;

    /// Tells whether a component's death ends the time.
    fn check(&self) -> Result<(), Error>;
}

/// A Timer session. Where its time is that of the system's own clock, that saves the calls: the
/// entrypoint tells the time itself, and waits for it, so that nobody else has to run first.
struct Session {
    timer: TimerConnection,
    /// Time of its opening by the system's own clock, if that is its time.
    opened: Option<Instant>,
    handler: SignalHandler,
}

impl Alarm for Session {
    fn now(&self) -> Result<u64, Error> {
        match (self.opened, Instant::now()) {
            (Some(opened), Some(now)) => Ok(now.as_micros().saturating_sub(opened.as_micros())),
            _ => self.timer.elapsed_us(),
        }
    }

    fn program(&self, us: u64) -> Result<(), Error> {
        match (self.opened, Instant::now()) {
            (Some(_), Some(now)) => {
                let at = now.as_micros().saturating_add(us);
                self.handler.submit_at(Some(Instant::from_micros(at)))
            }
            _ => self.timer.trigger_once(Duration::from_micros(us)),
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.timer.elapsed_us().map(drop)
    }
}

struct Core {
    alarm: Box<dyn Alarm>,
    state: RefCell<State>,
}

struct State {
    deadlines: Deadlines<Waker>,
    /// When the alarm calls, if it was programmed and did not call yet. Never later than the next deadline.
    programmed: Option<u64>,
    /// Why there is no time any more.
    failed: Option<Error>,
}

impl Core {
    fn new(alarm: Box<dyn Alarm>) -> Self {
        let state = State { deadlines: Deadlines::new(), programmed: None, failed: None };
        Self { alarm, state: RefCell::new(state) }
    }

    fn now(&self) -> Result<u64, Error> {
        match self.state.borrow().failed {
            Some(error) => Err(error),
            None => self.alarm.now(),
        }
    }

    /// Whether `at` has come; if not, `waker` is woken when it has. `key` names what is waited with.
    fn poll(&self, at: u64, key: &mut Option<Key>, waker: &Waker) -> Poll<Result<(), Error>> {
        if let Some(waits) = *key {
            let mut state = self.state.borrow_mut();
            let failed = state.failed;
            if let Some(known) = state.deadlines.get_mut(waits) {
                known.clone_from(waker);
                return Poll::Pending;
            }
            *key = None;
            return Poll::Ready(failed.map_or(Ok(()), Err));
        }
        let now = self.now()?;
        if at <= now {
            return Poll::Ready(Ok(()));
        }
        *key = Some(self.state.borrow_mut().deadlines.insert(at, waker.clone()));
        match self.program(now) {
            Ok(()) => Poll::Pending,
            Err(error) => {
                self.fail(error);
                *key = None;
                Poll::Ready(Err(error))
            }
        }
    }

    fn forget(&self, key: Key) {
        // The alarm stays programmed: a call too many costs less than to program it for each timeout that is
        // not needed any more.
        let waker = self.state.borrow_mut().deadlines.remove(key);
        drop(waker); // may drop a task, which forgets its own
    }

    /// Programs the alarm for the next deadline, unless it calls before.
    fn program(&self, now: u64) -> Result<(), Error> {
        let mut state = self.state.borrow_mut();
        let Some(next) = state.deadlines.next() else { return Ok(()) };
        let next = next.min(now.saturating_add(LONGEST));
        if state.programmed.is_some_and(|programmed| programmed <= next) {
            return Ok(());
        }
        state.programmed = Some(next);
        drop(state);
        self.alarm.program(next.saturating_sub(now))
    }

    /// Handles the alarm's signals, or with 0 a death, which may be that of the alarm's server.
    fn signalled(&self, count: u32) {
        let alive = if count == 0 { self.alarm.check() } else { Ok(()) };
        match alive {
            Ok(()) => self.fired(),
            Err(error) => self.fail(error),
        }
    }

    /// Wakes those whose time has come. Called by the alarm, perhaps too often.
    fn fired(&self) {
        self.state.borrow_mut().programmed = None;
        let result = self.now().and_then(|now| {
            // A waker may run code of anybody: nothing is borrowed meanwhile.
            while let Some(waker) = self.due(now) {
                waker.wake();
            }
            self.program(now)
        });
        if let Err(error) = result {
            self.fail(error);
        }
    }

    fn due(&self, now: u64) -> Option<Waker> {
        self.state.borrow_mut().deadlines.take_due(now)
    }

    /// Tells everybody that waits that there is no time any more.
    fn fail(&self, error: Error) {
        let mut state = self.state.borrow_mut();
        state.failed = Some(error);
        let wakers = state.deadlines.take_all();
        drop(state);
        wakers.for_each(Waker::wake);
    }
}

/// Any number of timeouts of one entrypoint, over one Timer session. Clones share the session.
///
/// On the host, where the system has a clock and `rs_timer` says that it goes by it, telling the
/// time and a timeout cost no call. With any other Timer service it is one call to tell the time,
/// and one to program a timeout that becomes the earliest one. So a parent that routes `Timer` to a
/// service of its own gives its child the time it likes.
///
/// When the Timer service is gone, everything that waits ends with the error, as does what is asked
/// later.
#[derive(Clone)]
pub struct Timers(Rc<Core>);

impl Timers {
    /// Opens a Timer session for the entrypoint of `env`.
    ///
    /// # Errors
    /// What opening a session says; [`Error::Denied`] where no Timer service is routed to.
    pub fn open(env: Env) -> Result<Self, Error> {
        Self::open_labelled(env, "")
    }

    /// As [`open`](Self::open), with a label by which the parent may route the session.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_labelled(env: Env, label: &str) -> Result<Self, Error> {
        // The handler calls the core, which owns it.
        let late = Rc::new(RefCell::new(Weak::<Core>::new()));
        let core = late.clone();
        let handler = SignalHandler::new(env.ep(), move |count| {
            let core = core.borrow().upgrade();
            if let Some(core) = core {
                core.signalled(count);
            }
        })?;
        let timer = TimerConnection::open(env, label)?;
        timer.sigh(handler.cap())?;
        let opened = if timer.is_system_time()? { Instant::now() } else { None };
        let session = Session { timer, opened, handler };
        let core = Rc::new(Core::new(Box::new(session)));
        *late.borrow_mut() = Rc::downgrade(&core);
        Ok(Self(core))
    }

    /// Returns timeouts over `alarm`, and what it is to call.
    #[cfg(test)]
    pub(crate) fn over(alarm: impl Alarm + 'static) -> (Self, impl Fn(u32)) {
        let core = Rc::new(Core::new(Box::new(alarm)));
        let known = Rc::downgrade(&core);
        (Self(core), move |count| known.upgrade().iter().for_each(|core| core.signalled(count)))
    }

    /// Returns the time since the session was opened.
    ///
    /// # Errors
    /// [`Error::Gone`] when the Timer service is.
    pub fn elapsed(&self) -> Result<Duration, Error> {
        self.0.now().map(Duration::from_micros)
    }

    /// Waits for `time`, counted from this call. Never ends too early.
    pub fn sleep(&self, time: Duration) -> Sleep {
        let at = self.0.now().map(|now| now.saturating_add(micros(time)));
        Sleep { core: self.0.clone(), at, key: None }
    }

    /// Waits until the session is open for `time`, as [`elapsed`](Self::elapsed) counts.
    pub fn sleep_until(&self, time: Duration) -> Sleep {
        Sleep { core: self.0.clone(), at: Ok(micros(time)), key: None }
    }

    /// Starts periods of `period`, of which [`Interval::tick`] awaits the ends.
    ///
    /// # Errors
    /// [`Error::Argument`] for less than a microsecond; [`Error::Gone`] when the Timer service is.
    pub fn interval(&self, period: Duration) -> Result<Interval, Error> {
        let us = micros(period);
        if us == 0 {
            return Err(Error::argument(Call::Period, 0, 1));
        }
        let next = self.0.now()?.saturating_add(us);
        Ok(Interval { timers: self.clone(), period: us, next })
    }

    /// Waits for `future`, but for `time` at most. Drops it when the time is over.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and [`Error::Gone`] when the Timer service is.
    pub async fn timeout<F: Future>(&self, time: Duration, future: F) -> Result<F::Output, Error> {
        let sleep = self.sleep(time);
        match select(pin!(future), sleep).await {
            Either::First(value) => Ok(value),
            Either::Second(Ok(())) => Err(Error::TimedOut),
            Either::Second(Err(error)) => Err(error),
        }
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").finish_non_exhaustive()
    }
}

/// Waits for a point in time; made by [`Timers::sleep`]. Fails when the Timer service is gone.
///
/// May be polled again once it is ready, and says so again.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep {
    core: Rc<Core>,
    at: Result<u64, Error>,
    key: Option<Key>,
}

impl Future for Sleep {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.core.poll(this.at?, &mut this.key, context.waker())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.core.forget(key);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Periods of equal length; made by [`Timers::interval`].
#[derive(Debug)]
pub struct Interval {
    timers: Timers,
    period: u64,
    next: u64,
}

impl Interval {
    /// Waits for the end of the period. Returns how many have ended since the last tick: more than
    /// one if nobody waited meanwhile. The rhythm is kept. Whoever is late lets others run first,
    /// so that work which takes longer than the period leaves room for calls and other tasks.
    ///
    /// # Errors
    /// [`Error::Gone`] when the Timer service is.
    pub async fn tick(&mut self) -> Result<u64, Error> {
        let mut sleep = self.timers.sleep_until(Duration::from_micros(self.next));
        match poll_once(&mut sleep) {
            Poll::Ready(result) => {
                result?;
                yield_now().await;
            }
            Poll::Pending => sleep.await?,
        }
        let late = self.timers.0.now()?.saturating_sub(self.next);
        let ended = late / self.period + 1;
        self.next = self.next.saturating_add(ended.saturating_mul(self.period));
        Ok(ended)
    }
}
