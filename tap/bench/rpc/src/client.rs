//! Rust client of the RPC benchmark: prints the ticks of a call, the best of ten rounds and their spread.
#![no_std]
#![no_main]

use genode::{connection::Connection, prelude::*, thread::timestamp};
use rs_rpc_bench::Bench;

const ROUNDS: u64 = 10;
const CALLS: u64 = 10_000;

/// Ticks of one call, on average.
fn round(peer: &Connection<dyn Bench>) -> Result<u64, Error> {
    let mut sum = 0;
    let start = timestamp();
    for i in 0..CALLS {
        sum += peer.add(i, 1)?;
    }
    let ticks = timestamp() - start;
    if sum != CALLS * (CALLS + 1) / 2 {
        error!("wrong sum");
    }
    Ok(ticks / CALLS)
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let peer = Connection::<dyn Bench>::open(env, "")?;
    round(&peer)?;
    let (mut best, mut worst) = (u64::MAX, 0);
    for _ in 0..ROUNDS {
        let ticks = round(&peer)?;
        best = best.min(ticks);
        worst = worst.max(ticks);
    }
    log!("rpc bench: best of {ROUNDS} rounds {best} ticks a call, worst {worst}");
    env.exit(0)
}
