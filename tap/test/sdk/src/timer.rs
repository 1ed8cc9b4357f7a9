//! rs_timer_test: what a timer promises, checked against itself.
#![no_std]
#![no_main]

use core::time::Duration;

use genode::{prelude::*, session::timer::TimerConnection};
use rs_checks::{Signals, expect};

/// A session whose signals are counted.
struct Alarm {
    timer: TimerConnection,
    signals: Signals,
}

impl Alarm {
    fn open(env: Env, label: &str) -> Result<Self, Error> {
        let (timer, signals) = (TimerConnection::open(env, label)?, Signals::new(env)?);
        timer.sigh(signals.cap())?;
        Ok(Self { timer, signals })
    }
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    log!("--- timer test ---");
    let clock = TimerConnection::open(env, "clock")?;
    let (first, second) = (clock.elapsed()?, clock.elapsed()?);
    expect(env, "time does not run backwards", first <= second);

    let alarm = Alarm::open(env, "alarm")?;
    for time in [ms(0), ms(1), ms(20), ms(50)] {
        let start = clock.elapsed()?;
        alarm.signals.reset();
        alarm.timer.trigger_once(time)?;
        alarm.signals.wait_for(1);
        let took = clock.elapsed()?.saturating_sub(start);
        if took < time {
            error!("failed: {took:?} instead of {time:?}");
            env.exit(1);
        }
    }
    expect(env, "no timeout comes too early", true);

    alarm.signals.reset();
    alarm.timer.trigger_once(ms(10_000))?;
    alarm.timer.trigger_once(ms(5))?;
    alarm.signals.wait_for(1);
    expect(env, "a later call replaces the timeout", alarm.signals.count() == 1);

    alarm.signals.reset();
    let start = clock.elapsed()?;
    alarm.timer.trigger_periodic(ms(5))?;
    alarm.signals.wait_for(10);
    alarm.timer.stop()?;
    let took = clock.elapsed()?.saturating_sub(start);
    // The first period may be shorter.
    expect(env, "ten periods take as long as nine at least", took >= ms(45));

    let other = Alarm::open(env, "other")?;
    clock.sleep(ms(20))?; // a signal of the last period may still be on its way
    alarm.signals.reset();
    other.timer.trigger_once(ms(300))?;
    alarm.timer.trigger_once(ms(10))?;
    alarm.signals.wait_for(1);
    expect(env, "the earlier of two sessions is first", other.signals.count() == 0);
    other.signals.wait_for(1);
    expect(env, "and the other one is not forgotten", alarm.signals.count() == 1);

    other.timer.trigger_once(ms(5))?;
    drop(other);
    clock.sleep(ms(20))?;
    expect(env, "a closed session does not signal", true);

    log!("--- timer test finished ---");
    env.exit(0)
}
