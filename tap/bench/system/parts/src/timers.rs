//! rs_bench_timers: how long after its deadline a timer task runs, and in turn a thread that sleeps
//! by the kernel's own timer.
//!
//! Prints `bench NAME TIME` for the median, the time that one in a hundred takes longer than, and
//! the longest: picoseconds.
#![no_main]

use std::time::{Duration, Instant};

use genode::{prelude::*, task::Tasks, time::Timers};

/// Rounds of each kind.
const ROUNDS: usize = 2_000;
/// Rounds before they count.
const BEFORE: usize = 50;
/// Each waits for so long.
const WAIT: Duration = Duration::from_millis(2);

/// Says how late those of a kind were.
fn tell(name: &str, mut late: Vec<Duration>) {
    late.sort_unstable();
    let last = late.len().saturating_sub(1);
    for (what, at) in [("median", last / 2), ("p99", last * 99 / 100), ("worst", last)] {
        let time = late.get(at).map_or(0, Duration::as_nanos);
        log!("bench {name}_{what} {}", time * 1000);
    }
}

#[genode::component]
fn main(env: Env) -> Result<Tasks, Error> {
    let (tasks, timers) = (Tasks::new(env.ep())?, Timers::open(env)?);
    tasks.try_spawn(async move {
        let (mut task, mut kernel) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
        for round in 0..BEFORE + ROUNDS {
            let start = Instant::now();
            timers.sleep(WAIT).await?;
            let between = Instant::now();
            // The entrypoint has nothing else to do.
            std::thread::sleep(WAIT);
            if round >= BEFORE {
                kernel.push(between.elapsed().saturating_sub(WAIT));
                task.push((between - start).saturating_sub(WAIT));
            }
        }
        tell("task", task);
        tell("kernel", kernel);
        log!("bench finished 0");
        env.exit(0);
        #[expect(unreachable_code, reason = "names the type of the error")]
        Ok::<_, Error>(())
    });
    Ok(tasks)
}
