//! rs_time_test: tasks that wait for time, sessions that are opened meanwhile, entrypoints with timers of their own, and a
//! configuration that is followed.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, vec::Vec};
use core::{
    cell::{Cell, OnceCell, RefCell},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use genode::{
    affinity::Location,
    connection::Connection,
    entrypoint::{DEFAULT_STACK, Entrypoint},
    node::{AttrError, Node},
    prelude::*,
    session::{
        rom::{Following, RomSession},
        timer::TimerSession,
    },
    task::{Events, Tasks, join::join3, select::select},
    time::{Instant, Timers},
};
use rs_checks::expect;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Timeouts are none too early, and come in their order.
async fn sleeps(env: Env, timers: &Timers) -> Result<(), Error> {
    for time in [ms(0), Duration::from_micros(1), ms(5), ms(20)] {
        let start = timers.elapsed()?;
        timers.sleep(time).await?;
        let took = timers.elapsed()?.saturating_sub(start);
        if took < time {
            error!("failed: {took:?} instead of {time:?}");
            env.exit(1);
        }
    }
    expect(env, "no sleep ends too early", true);

    let order = RefCell::new(Vec::new());
    let sleep = |time: u64| {
        let (timers, order) = (timers.clone(), &order);
        async move {
            let result = timers.sleep(ms(time)).await;
            order.borrow_mut().push(time);
            result
        }
    };
    let (a, b, c) = join3(sleep(60), sleep(30), sleep(90)).await;
    a.and(b).and(c)?;
    expect(env, "three sleeps over one session end in order", *order.borrow() == [30, 60, 90]);

    let mut interval = timers.interval(ms(10))?;
    let (start, mut ended) = (timers.elapsed()?, 0);
    while ended < 5 {
        ended += interval.tick().await?;
    }
    // The first period began before `start`.
    let took = timers.elapsed()?.saturating_sub(start);
    expect(env, "five periods take as long as four at least", took >= ms(40));
    let never = timers.timeout(ms(10), core::future::pending::<()>()).await;
    expect(env, "what takes too long is told", never == Err(Error::TimedOut));
    let first = select(timers.sleep(ms(5)), timers.sleep(ms(5000))).await;
    expect(env, "the first of two is found", first.is_first());
    Ok(())
}

/// A session is opened while other tasks run; one that nobody waits for is closed.
async fn opens(env: Env, timers: &Timers) -> Result<(), Error> {
    let opening = Connection::<dyn TimerSession>::open_async(env, "later")?;
    let session = timers.timeout(ms(10_000), opening).await??;
    expect(env, "a session is opened by a task", session.elapsed_us().is_ok());
    let missing = Connection::<dyn RomSession>::open_async(env, "missing")?.await;
    expect(env, "a task is told why there is no session", missing.err() == Some(Error::Denied));
    // The cost of a session to the component itself may grow at first, and a session that was
    // dropped is closed when it comes: but if it were not, each round would take more than all
    // before.
    let (mut most, mut grows) = (genode::quota::CapQuota(0), true);
    for _ in 0..50 {
        for _ in 0..3 {
            drop(Connection::<dyn TimerSession>::open_async(env, "unwanted")?);
        }
        timers.sleep(ms(5)).await?;
        // The threads are joined by the next one.
        drop(Connection::<dyn TimerSession>::open_async(env, "last")?.await?);
        let used = env.quota().caps_used;
        grows = used > most;
        if !grows {
            break;
        }
        most = used;
    }
    expect(env, "sessions that nobody waits for are closed", !grows);
    Ok(())
}

/// A second entrypoint has timers of its own.
async fn elsewhere(env: Env) -> Result<(), Error> {
    static SLEPT: AtomicU32 = AtomicU32::new(0);
    let events = Events::new(env.ep())?;
    let done = genode::signal::Transmitter::new(events.cap().clone());
    Entrypoint::spawn("second", DEFAULT_STACK, Location::cpu(0, 0), move |ep| {
        let tasks = Tasks::new(ep)?;
        let timers = Timers::open(ep.env())?;
        tasks.try_spawn(async move {
            for _ in 0..3 {
                timers.sleep(ms(2)).await?;
                SLEPT.fetch_add(1, Ordering::Relaxed);
            }
            done.submit();
            Ok::<_, Error>(())
        });
        Ok::<_, Error>(tasks)
    })?;
    events.next().await;
    expect(env, "another entrypoint has timers, too", SLEPT.load(Ordering::Relaxed) == 3);
    Ok(())
}

/// A parent gives its child a time of its own by routing to another service.
async fn another_time(env: Env, timers: &Timers) -> Result<(), Error> {
    const HOUR: Duration = Duration::from_hours(1);
    let fast = Timers::open_labelled(env, "fast")?;
    let (start, there) = (timers.elapsed()?, fast.elapsed()?);
    fast.sleep(10 * HOUR).await?;
    let (here, there) =
        (timers.elapsed()?.saturating_sub(start), fast.elapsed()?.saturating_sub(there));
    expect(env, "ten hours of another time pass sooner", here < HOUR && there >= 10 * HOUR);
    Ok(())
}

/// A handler whose time has always come leaves room for others, and is called for each time once.
async fn always_due(env: Env) -> Result<(), Error> {
    const MORE: u32 = 1000;
    let (own, calls) = (Rc::new(OnceCell::<SignalHandler>::new()), Rc::new(Cell::new(0)));
    let handler = SignalHandler::new(env.ep(), {
        let (own, calls) = (Rc::downgrade(&own), calls.clone());
        move |count| {
            calls.set(calls.get() + count);
            if let Some(own) = own.upgrade().as_ref().and_then(|own| own.get()) {
                let _ = own.submit_at(Instant::now());
            }
        }
    })?;
    let has_clock = Instant::now().is_some();
    let programmed = handler.submit_at(Instant::now());
    expect(env, "time is set where there is a clock", programmed.is_ok() == has_clock);
    let _ = own.set(handler); // the only time
    let events = Events::new(env.ep())?;
    for _ in 0..MORE {
        let other = genode::signal::Transmitter::new(events.cap().clone());
        let thread = genode::thread::Builder::new("other").spawn(move || other.submit())?;
        events.next().await;
        let _ = thread.join();
        if calls.get() > MORE {
            break;
        }
    }
    expect(env, "signals that are always due leave room", calls.get() > MORE || !has_clock);
    drop(own);
    Ok(())
}

/// A part of the configuration.
struct Config {
    limit: u32,
}

impl TryFrom<&Node> for Config {
    type Error = AttrError;

    fn try_from(node: &Node) -> Result<Self, AttrError> {
        Ok(Self { limit: node.attr_checked("limit")?.unwrap_or(0) })
    }
}

#[genode::component]
fn main(env: Env) -> Result<(Tasks, Following), Error> {
    log!("--- time test ---");
    let limit = Rc::new(Cell::new(0));
    let following = env.config().on_change({
        let limit = limit.clone();
        move |old: Option<&Config>, new: &Config| {
            limit.set(new.limit + old.map_or(0, |old| 100 * old.limit));
        }
    })?;
    expect(env, "the configuration is known at once", limit.get() == 3);

    let tasks = Tasks::new(env.ep())?;
    let timers = Timers::open(env)?;
    tasks.try_spawn(async move {
        sleeps(env, &timers).await?;
        opens(env, &timers).await?;
        elsewhere(env).await?;
        another_time(env, &timers).await?;
        always_due(env).await?;
        log!("--- time test finished ---");
        env.exit(0);
        #[expect(unreachable_code, reason = "names the type of the error")]
        Ok::<_, Error>(())
    });
    Ok((tasks, following))
}
