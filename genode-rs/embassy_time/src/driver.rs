//! The driver, which embassy-time finds by the names of two functions, and the task that serves it.

use alloc::sync::Arc;
use core::{
    future::poll_fn,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use genode::{
    Env, Error,
    connection::Connection,
    session::timer::TimerSession,
    sync::Mutex,
    task::{
        Tasks,
        select::{Either, select},
    },
    time::{Instant, Timers},
};

use crate::queue::Queue;

embassy_time_driver::time_driver_impl!(static GLOBAL: Global = Global::new());

/// Serves embassy-time's timers, until it is dropped. Timers that still wait are served by the next
/// one.
#[derive(Debug)]
#[must_use = "dropping it stops all timers: keep it, for example in what `main` returns"]
pub struct Driver {
    _tasks: Tasks,
}

impl Driver {
    /// Starts to serve timers, on the entrypoint of `env`. It opens a Timer session; a second one
    /// tells the time to threads where the system has no clock of its own.
    ///
    /// # Errors
    /// [`Error::Limit`] while there is another one; what opening a session says, as
    /// [`Error::Denied`] where no Timer service is routed to.
    pub fn start(env: Env) -> Result<Self, Error> {
        GLOBAL.begin()?;
        Self::serving(env).inspect_err(|_| GLOBAL.end())
    }

    fn serving(env: Env) -> Result<Self, Error> {
        let (timers, tasks) = (Timers::open(env)?, Tasks::new(env.ep())?);
        if Instant::now().is_none() {
            GLOBAL.tell_by(Connection::open(env, "embassy-time")?);
        }
        tasks.try_spawn(GLOBAL.serve(timers));
        Ok(Self { _tasks: tasks })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        GLOBAL.end();
    }
}

/// The timers of the whole component.
struct Global {
    state: Mutex<State>,
    /// The latest time that was told: it never goes back, whatever a Timer service says.
    latest: AtomicU64,
}

struct State {
    queue: Queue,
    /// Tells the time where the system has no clock. Kept for ever, so that the time goes on.
    clock: Option<Arc<Connection<dyn TimerSession>>>,
    /// There is a [`Driver`].
    served: bool,
    /// A timer is to end before all that the serving task knows.
    earlier: bool,
    /// Wakes the serving task.
    server: Option<Waker>,
}

impl Global {
    const fn new() -> Self {
        let state =
            State { queue: Queue::new(), clock: None, served: false, earlier: false, server: None };
        Self { state: Mutex::new(state), latest: AtomicU64::new(0) }
    }

    fn begin(&self) -> Result<(), Error> {
        let mut state = self.state.lock();
        if state.served {
            return Err(Error::Limit);
        }
        state.served = true;
        Ok(())
    }

    fn end(&self) {
        let server = {
            let mut state = self.state.lock();
            state.served = false;
            state.server.take()
        };
        drop(server); // may be the last of its task
    }

    /// Takes the session that tells the time, unless there is one.
    fn tell_by(&self, session: Connection<dyn TimerSession>) {
        let mut session = Some(Arc::new(session));
        let mut state = self.state.lock();
        if state.clock.is_none() {
            state.clock = session.take();
        }
        drop(state);
        drop(session); // closed without the lock, if it is not needed
    }

    /// Sleeps until the next timer ends, and wakes those whose time has come.
    async fn serve(&'static self, timers: Timers) -> Result<(), Error> {
        loop {
            let now = embassy_time_driver::Driver::now(self);
            while let Some(waker) = self.due(now) {
                waker.wake();
            }
            let earlier = poll_fn(|context| self.earlier(context));
            let next = self.state.lock().queue.next();
            let Some(at) = next else {
                earlier.await;
                continue;
            };
            let sleep = timers.sleep(Duration::from_micros(at.saturating_sub(now)));
            if let Either::First(ended) = select(sleep, earlier).await {
                ended?;
            }
        }
    }

    fn due(&self, now: u64) -> Option<Waker> {
        self.state.lock().queue.take_due(now)
    }

    /// Waits until a timer is to end before all others.
    fn earlier(&self, context: &Context<'_>) -> Poll<()> {
        let mut waker = Some(context.waker().clone());
        let mut state = self.state.lock();
        let earlier = core::mem::take(&mut state.earlier);
        if !earlier {
            core::mem::swap(&mut state.server, &mut waker);
        }
        drop(state);
        drop(waker); // without the lock: it may be the last of a task
        if earlier { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl embassy_time_driver::Driver for Global {
    fn now(&self) -> u64 {
        let now = if let Some(now) = Instant::now() {
            now.as_micros()
        } else {
            let clock = self.state.lock().clock.clone();
            // A service that is gone tells no more: the time stands still.
            clock.and_then(|clock| clock.elapsed_us().ok()).unwrap_or(0)
        };
        self.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        let server = {
            let mut state = self.state.lock();
            if state.queue.insert(at, waker) {
                state.earlier = true;
                state.server.take()
            } else {
                None
            }
        };
        server.into_iter().for_each(Waker::wake);
    }
}
