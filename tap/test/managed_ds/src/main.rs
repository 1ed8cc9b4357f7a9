//! rs_managed_ds: what managed dataspaces promise.
#![no_std]
#![no_main]

extern crate alloc;

mod local;
mod remote;

use genode::{prelude::*, session::rom};
use rs_checks::{Test, at, ensure};

#[genode::component]
fn main(env: Env) -> Test {
    let config = rom::config(env, 1 << 16).map_err(at("config"))?;
    log!("--- managed dataspaces test ---");
    // Region maps of the kernel's, not of a library in each component as on base-linux.
    let remote = config.attr_or("remote", true);
    let round = || -> Test {
        local::side_by_side(env)?;
        local::conflicts(env)?;
        local::taken_away(env)?;
        if remote {
            local::nested(env)?;
            local::out_of_quota(env)?;
        }
        Ok(())
    };
    // Where a thread that finds nothing waits, handler or not.
    let victims = config.attr_or("victims", false);
    if victims {
        local::destroyed(env)?;
    }
    round()?; // heaps that grow keep their memory
    let before = env.quota().caps_used;
    round()?;
    ensure("all capabilities came back", env.quota().caps_used == before)?;
    if remote {
        local::own_pager(env)?;
        remote::run(env, victims)?;
    }
    log!("--- managed dataspaces test finished ---");
    env.exit(0)
}
