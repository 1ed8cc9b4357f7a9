//! Timers on a time of the test's own.

use alloc::{boxed::Box, vec::Vec};
use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::fake::{World, world, world_of_deaths};
use crate::error::{Call, Error};

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

const fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

#[test]
fn a_sleep_ends_when_its_time_has_come_and_not_before() {
    let (world, timers, fired) = world();
    let mut sleep = timers.sleep(us(100));
    world.now.set(30);
    assert_eq!(poll(&mut sleep), Poll::Pending);
    assert_eq!(*world.programmed.borrow(), [100], "counted from the call");
    world.now.set(99);
    fired(); // too early, as after a timeout that nobody needs any more
    assert_eq!(poll(&mut sleep), Poll::Pending);
    assert_eq!(*world.programmed.borrow(), [100, 100]);
    world.now.set(100);
    fired();
    assert_eq!(poll(&mut sleep), Poll::Ready(Ok(())));
    assert_eq!(poll(&mut sleep), Poll::Ready(Ok(())), "once over, it stays over");
    assert_eq!(world.programmed.borrow().len(), 2, "nothing is left to program");
    assert_eq!(poll(&mut timers.sleep(Duration::ZERO)), Poll::Ready(Ok(())));
}

#[test]
fn only_an_earlier_timeout_is_programmed() {
    let (world, timers, fired) = world();
    let mut sleeps: Vec<_> = [500, 700, 300, 400].map(|t| timers.sleep(us(t))).into();
    for sleep in &mut sleeps {
        assert_eq!(poll(sleep), Poll::Pending);
    }
    assert_eq!(*world.programmed.borrow(), [500, 300]);
    drop(sleeps.remove(2)); // stays programmed, a call too many
    world.now.set(300);
    fired();
    assert_eq!(*world.programmed.borrow(), [500, 300, 400]);
    world.now.set(1000);
    fired();
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep) == Poll::Ready(Ok(()))));
    assert_eq!(world.programmed.borrow().len(), 3);
}

#[test]
fn far_deadlines_are_programmed_in_steps() {
    let (world, timers, fired) = world();
    let mut sleep = timers.sleep(Duration::MAX);
    assert_eq!(poll(&mut sleep), Poll::Pending);
    assert_eq!(*world.programmed.borrow(), [3_600_000_000]);
    world.now.set(3_600_000_000);
    fired();
    assert_eq!(poll(&mut sleep), Poll::Pending);
    assert_eq!(*world.programmed.borrow(), [3_600_000_000, 7_200_000_000]);
}

#[test]
fn an_interval_keeps_its_rhythm_and_counts_what_was_missed() {
    let (world, timers, fired) = world();
    assert_eq!(timers.interval(Duration::ZERO).unwrap_err(), Error::argument(Call::Period, 0, 1));
    let mut interval = timers.interval(us(100)).unwrap();
    let mut tick = |world: &World, now| {
        let mut tick = Box::pin(interval.tick());
        let first = poll(&mut tick);
        if first.is_ready() {
            return first;
        }
        world.now.set(now);
        fired();
        poll(&mut tick)
    };
    assert_eq!(tick(&world, 99), Poll::Pending); // and dropped
    assert_eq!(tick(&world, 150), Poll::Ready(Ok(1)));
    assert_eq!(tick(&world, 200), Poll::Ready(Ok(1)));
    world.now.set(560);
    assert_eq!(
        poll(&mut Box::pin(interval.tick())),
        Poll::Pending,
        "others run first; and dropped"
    );
    let mut late = Box::pin(interval.tick());
    assert_eq!(poll(&mut late), Poll::Pending);
    assert_eq!(poll(&mut late), Poll::Ready(Ok(3)));
    drop(late);
    let mut next = Box::pin(interval.tick());
    assert_eq!(poll(&mut next), Poll::Pending);
    world.now.set(600);
    fired();
    assert_eq!(poll(&mut next), Poll::Ready(Ok(1)));
}

#[test]
fn a_timeout_gives_the_value_or_ends() {
    let (world, timers, fired) = world();
    let ready = Box::pin(timers.timeout(Duration::ZERO, async { 5 }));
    assert_eq!(poll(&mut { ready }), Poll::Ready(Ok(5)), "a value that is there wins");
    let mut never = Box::pin(timers.timeout(us(10), core::future::pending::<()>()));
    assert_eq!(poll(&mut never), Poll::Pending);
    world.now.set(10);
    fired();
    assert_eq!(poll(&mut never), Poll::Ready(Err(Error::TimedOut)));
}

#[test]
fn everybody_learns_that_the_timer_is_gone() {
    let (world, timers, fired) = world();
    let mut sleeps = [timers.sleep(us(5)), timers.sleep(us(7))];
    let mut late = timers.sleep(us(3));
    let mut never = Box::pin(timers.timeout(us(9), core::future::pending::<()>()));
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep) == Poll::Pending));
    assert_eq!(poll(&mut never), Poll::Pending);
    world.gone.set(true);
    world.now.set(5);
    fired();
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep) == Poll::Ready(Err(Error::Gone))));
    assert_eq!(poll(&mut never), Poll::Ready(Err(Error::Gone)));
    assert_eq!(poll(&mut late), Poll::Ready(Err(Error::Gone)));
    assert_eq!(poll(&mut timers.sleep(us(1))), Poll::Ready(Err(Error::Gone)));
    assert_eq!(timers.elapsed(), Err(Error::Gone));
}

#[test]
fn a_death_ends_the_time_if_it_was_the_servers() {
    let (world, timers, signalled) = world_of_deaths();
    let mut sleep = timers.sleep(us(5));
    assert_eq!(poll(&mut sleep), Poll::Pending);
    signalled(0); // somebody else's
    assert_eq!(poll(&mut sleep), Poll::Pending);
    world.server_gone.set(true);
    signalled(1);
    assert_eq!(poll(&mut sleep), Poll::Pending, "nobody asks the server for a signal");
    signalled(0);
    assert_eq!(poll(&mut sleep), Poll::Ready(Err(Error::Gone)));
    assert_eq!(timers.elapsed(), Err(Error::Gone));
}
