//! Larson's server simulation on the hoard heap and on the SDK's own, as a component: the same program on the host
//! target and on Genode.
//!
//! The hoard heap is the component's global allocator. Beside the simulation this checks what a heap owes a component:
//! that its accounts are exact, that running out of quota is a null pointer, and that quota comes back.
#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "a heap under measurement")]

extern crate alloc;

mod accounts;
mod line;

use alloc::string::String;

use genode::{heap::Heap, prelude::*, session::timer::TimerConnection};
use hoard_genode::Hoard;
use line::{Clock, Plan};
use rs_checks::{at, ensure};

static HOARD: Hoard = hoard_genode::Hoard;
static SDK: Heap = Heap::new();

const SIZES: [(&str, usize, usize); 2] = [("larson", 8, 1000), ("larson-small", 10, 100)];
const THREADS: [usize; 4] = [1, 2, 4, 16];
/// How long each run goes on at least.
const MILLISECONDS: u64 = 300;

#[genode::component(heap = hoard_genode::Hoard)]
fn main(env: Env) -> Result<(), String> {
    log!("--- larson ---");
    let timer = TimerConnection::open(env, "").map_err(at("Timer session"))?;
    let clock = Clock::new(&timer)?;
    // What a system keeps for a thread that first does something is allocated now.
    let space = env.affinity_space();
    log!("{}x{} CPUs", space.width, space.height);
    let warm_up = Plan { threads: 16, low: 8, high: 1000, milliseconds: 1, successors: 0, space };
    line::run(&HOARD, &warm_up, clock)?;
    let check = accounts::Check::begin(env)?;
    for (name, low, high) in SIZES {
        for threads in THREADS {
            let milliseconds = MILLISECONDS;
            let plan = Plan { threads, low, high, milliseconds, successors: 1, space };
            let ours = line::run(&HOARD, &plan, clock)?;
            check.after_run(env, format_args!("{name}-{threads}"))?;
            ensure!(
                ours.respawns >= threads as u64,
                "{name}-{threads}: only {} threads had a successor",
                ours.respawns
            );
            let theirs = line::run(&SDK, &Plan { successors: 0, ..plan }, clock)?;
            log!(
                "{name} {low}-{high} bytes, {threads} threads: hoard {} Mop/s ({} respawns), talc {} Mop/s ({} respawns), ratio {}",
                ours.speed(),
                ours.respawns,
                theirs.speed(),
                theirs.respawns,
                ours.speed().over(theirs.speed())
            );
        }
    }
    accounts::exhaustion(env)?;
    check.at_end(env)?;
    log!("--- larson finished ---");
    env.exit(0)
}
