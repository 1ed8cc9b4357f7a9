//! rs_embassy_time_test: embassy-time's futures on our driver, in tasks of two entrypoints and in a
//! thread.
#![no_std]
#![no_main]

use core::{
    future::pending,
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll, Waker},
};

use embassy_time::{Duration, Instant, Ticker, TimeoutError, Timer, with_timeout};
use genode::{
    affinity::Location,
    entrypoint::{DEFAULT_STACK, Entrypoint},
    prelude::*,
    signal::Transmitter,
    task::{Events, Tasks, join::join3},
    thread,
};
use genode_embassy_time::Driver;
use rs_checks::expect;

/// Timers are none too early, and end in their order, whatever the order in which they began.
async fn timers(env: Env) {
    for time in [0, 1, 5_000, 20_000].map(Duration::from_micros) {
        let start = Instant::now();
        Timer::after(time).await;
        if start.elapsed() < time {
            error!("failed: {} us instead of {} us", start.elapsed().as_micros(), time.as_micros());
            env.exit(1);
        }
    }
    expect(env, "no timer ends too early", true);
    let ended = AtomicU32::new(0);
    let timer = |ms| async move {
        Timer::after_millis(ms).await;
    };
    let place = |ms| {
        let (timer, ended) = (timer(ms), &ended);
        async move {
            timer.await;
            ended.fetch_add(1, Ordering::Relaxed)
        }
    };
    let places = join3(place(60), place(30), place(90)).await;
    expect(env, "three timers of one task end in order", places == (1, 0, 2));
}

async fn limits(env: Env) {
    let never = with_timeout(Duration::from_millis(10), pending::<()>()).await;
    expect(env, "what takes too long is told", never == Err(TimeoutError));
    let soon = with_timeout(Duration::from_secs(1000), async {
        Timer::after_millis(1).await;
        5
    });
    expect(env, "what comes in time is there", soon.await == Ok(5));
    let (start, mut ticker) = (Instant::now(), Ticker::every(Duration::from_millis(10)));
    for _ in 0..5 {
        ticker.next().await;
    }
    expect(env, "five ticks take five periods", start.elapsed() >= Duration::from_millis(50));
}

/// Another entrypoint's tasks wait by the same driver, and a thread may ask for a wake-up.
async fn elsewhere(env: Env) -> Result<(), Error> {
    static SLEPT: AtomicU32 = AtomicU32::new(0);
    let events = Events::new(env.ep())?;
    let done = Transmitter::new(events.cap().clone());
    Entrypoint::spawn("second", DEFAULT_STACK, Location::cpu(0, 0), move |ep| {
        let tasks = Tasks::new(ep)?;
        tasks.spawn(async move {
            for _ in 0..3 {
                Timer::after_millis(2).await;
                SLEPT.fetch_add(1, Ordering::Relaxed);
            }
            done.submit();
        });
        Ok::<_, Error>(tasks)
    })?;
    events.next().await;
    expect(env, "another entrypoint has timers, too", SLEPT.load(Ordering::Relaxed) == 3);

    // The thread polls with the task's waker, and ends; the driver wakes the task.
    let waker = core::future::poll_fn(|context| Poll::Ready(context.waker().clone())).await;
    let start = Instant::now();
    let asks = move || {
        let mut timer = pin!(Timer::after_millis(5));
        poll(timer.as_mut(), &waker).is_pending()
    };
    let thread = thread::Builder::new("asks").spawn(asks)?;
    let mut polls = 0;
    core::future::poll_fn(|_| {
        polls += 1;
        if polls > 1 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let late = start.elapsed() >= Duration::from_millis(5);
    expect(env, "what a thread asked for wakes a task", thread.join()? && late);
    Ok(())
}

fn poll<F: Future>(future: core::pin::Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[genode::component]
fn main(env: Env) -> Result<Tasks, Error> {
    log!("--- embassy-time test ---");
    let early = {
        let mut timer = pin!(Timer::after_millis(0));
        poll(timer.as_mut(), Waker::noop()).is_pending()
    };
    expect(env, "without a driver a timer waits", early);
    let driver = Driver::start(env)?;
    let second = Driver::start(env).err();
    expect(env, "there is one driver at a time", second == Some(Error::Limit));
    drop(driver);
    let driver = Driver::start(env)?;

    let tasks = Tasks::new(env.ep())?;
    tasks.try_spawn(async move {
        let _driver = driver;
        timers(env).await;
        limits(env).await;
        elsewhere(env).await?;
        log!("--- embassy-time test finished ---");
        env.exit(0);
        #[expect(unreachable_code, reason = "names the type of the error")]
        Ok::<_, Error>(())
    });
    Ok(tasks)
}
