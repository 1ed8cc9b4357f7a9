//! Lets a worker work, five times.
#![no_std]
#![no_main]

use core::time::Duration;

use genode::{connection::Connection, prelude::*, session::timer::TimerConnection};
use rs_supervisor::Work;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let (timer, work) = (TimerConnection::open(env, "")?, Connection::<dyn Work>::open(env, "")?);
    for n in 1..=5 {
        log!("work({n}) = {}", work.work(n)?);
        timer.sleep(Duration::from_millis(20))?;
    }
    env.exit(0)
}
