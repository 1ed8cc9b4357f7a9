//! rs_bench_idle: prints a line and waits.
#![no_std]
#![no_main]

use genode::prelude::*;

#[genode::component]
fn main(_env: Env) {
    log!("bench up");
}
