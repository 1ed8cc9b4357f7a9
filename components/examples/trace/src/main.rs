//! Tells, now and again, which threads ran how long since the last time, those most first.
//!
//! It sees what the label of its TRACE session permits: all with the route
//! `<service name="TRACE"> <parent label=""/> </service>` in the outermost configuration.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeMap, format, vec::Vec};
use core::time::Duration;

use genode::prelude::*;
use genode::session::{timer::TimerConnection, trace::TraceConnection};

/// Threads that are told of each time.
const MOST: usize = 5;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = env.config().read()?;
    let (rounds, period_ms) = (config.attr_or("rounds", 3), config.attr_or("period_ms", 1000));
    let timer = TimerConnection::open(env, "")?;
    let trace = TraceConnection::open(env, "", 200)?;
    let mut before = BTreeMap::new();
    for round in 1..=rounds {
        let mut threads = Vec::new();
        let seen = trace.for_each(|id, thread| {
            let ran = thread.time.thread_context;
            let since = ran.saturating_sub(before.insert(id, ran).unwrap_or(0));
            threads.push((since, format!("{}, {}", thread.label, thread.thread)));
        })?;
        threads.sort_unstable_by(|a, b| b.cmp(a));
        log!("round {round}: {} threads, those that ran most:", seen.count);
        for (ran, name) in threads.iter().take(MOST) {
            log!("{ran:>9}  {name}");
        }
        timer.sleep(Duration::from_millis(period_ms))?;
    }
    env.exit(0)
}
