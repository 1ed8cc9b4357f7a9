//! rs_bench_honest: calls a sibling and core once a millisecond, and tells how long each call took.
//!
//! Prints `bench NAME TIME` for the median, the time that one call in a thousand takes longer than,
//! and the longest: picoseconds.
#![no_main]
#![allow(
    unsafe_code,
    reason = "the capability of the environment's PD session, as the seam has it"
)]

mod interface;

use std::time::{Duration, Instant};

use genode::{connection::Connection, prelude::*};
use genode_host_proto::opcode::OPCODES;
use genode_sys::{RS_ENV_PD, rs_env_cap};
use interface::Bench;
use rs_raw as seam;

/// Calls of each kind.
const CALLS: usize = 5_000;
/// Calls before they count: threads of a crowd are started meanwhile.
const BEFORE: usize = 1_000;

/// Says how long calls of a kind took.
fn tell(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    for (what, at) in [("median", last / 2), ("p999", last * 999 / 1000), ("worst", last)] {
        let time = times.get(at).map_or(0, Duration::as_nanos);
        log!("bench {name}_{what} {}", time * 1000);
    }
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn Bench>::open(env, "")?;
    // SAFETY: no precondition; the environment's capability is ours.
    let pd = unsafe { rs_env_cap(RS_ENV_PD) };
    let (mut sibling, mut core) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for call in 0..BEFORE + CALLS {
        std::thread::sleep(Duration::from_millis(1));
        let start = Instant::now();
        if session.echo(1, 2, 3, 4, 5, 6, 7)? != 8 {
            return Err(Error::Invalid);
        }
        let between = Instant::now();
        seam::call(pd, OPCODES.pd.used_ram, &[], |_| {}).map_err(|_| Error::Invalid)?;
        if call >= BEFORE {
            core.push(between.elapsed());
            sibling.push(between - start);
        }
    }
    tell("sibling", sibling);
    tell("core", core);
    log!("bench finished 0");
    env.exit(0)
}
