//! rs_log_filter_test: logs what a filter is to pass on, what it is to leave out, and too much.
#![no_std]
#![no_main]

use core::time::Duration;

use genode::{prelude::*, session::timer::TimerConnection};

/// Lines of the flood.
const FLOOD: u32 = 1000;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = env.config().read()?;
    if config.attr_or("flood", false) {
        for number in 0..FLOOD {
            log!("line {number}");
        }
        // Long enough for one more, which tells of those before.
        TimerConnection::open(env, "")?.sleep(Duration::from_secs(2))?;
        log!("line {FLOOD}");
        env.exit(0)
    }
    log!("--- begin ---");
    log!("debug: nobody reads this");
    log!("debug: important: somebody does");
    log!("");
    log!("{:.<500}|", "a long line");
    warning!("as it is");
    log!("a secret in the middle");
    log!("--- end ---");
    env.exit(0)
}
