//! rs_upgrade_rust_client: donates to its session, and checks that all of it arrives, and comes back at the end.
#![no_std]
#![no_main]

use genode::{
    connection::Connection,
    prelude::*,
    quota::{CapQuota, RamQuota},
};
use rs_interop::upgrade::Upgrade;

/// How often a server is asked that takes an upgrade between calls.
const PATIENCE: u32 = 100_000;

type Totals = (u64, u64, u64, u64);

fn totals(session: &Connection<dyn Upgrade>) -> Result<Totals, Error> {
    Ok((session.told_ram()?, session.told_caps()?, session.grown_ram()?, session.grown_caps()?))
}

fn check(env: Env, what: &str, ok: bool) {
    if !ok {
        error!("{what}: not so");
        env.exit(1);
    }
    log!("{what}");
}

/// Whether the server comes to see `ram` and `caps` in total.
fn arrives(session: &Connection<dyn Upgrade>, ram: u64, caps: u64) -> Result<bool, Error> {
    let mut seen = totals(session)?;
    for _ in 0..PATIENCE {
        if seen == (ram, caps, ram, caps) {
            return Ok(true);
        }
        seen = totals(session)?;
    }
    error!("donated {ram} bytes and {caps} capabilities, the server sees {seen:?}");
    Ok(false)
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let before = env.quota();
    let session = Connection::<dyn Upgrade>::open(env, "")?;
    check(env, "a new session was not upgraded", arrives(&session, 0, 0)?);

    session.upgrade(RamQuota::kib(8), CapQuota(0))?;
    check(env, "RAM arrives", arrives(&session, 8 << 10, 0)?);
    session.upgrade(RamQuota(0), CapQuota(3))?;
    check(env, "capabilities arrive", arrives(&session, 8 << 10, 3)?);
    for _ in 0..5 {
        session.upgrade(RamQuota::kib(4), CapQuota(1))?;
    }
    check(env, "five in a row arrive", arrives(&session, 28 << 10, 8)?);

    let ram = session.upgrade(RamQuota(before.ram_limit.0 * 2), CapQuota(0));
    let caps = session.upgrade(RamQuota(0), CapQuota(before.caps_limit.0 * 2));
    check(env, "nobody donates what he has not", {
        (ram, caps) == (Err(Error::OutOfRam), Err(Error::OutOfCaps))
    });
    check(env, "and the session does not suffer", arrives(&session, 28 << 10, 8)?);

    drop(session);
    let after = env.quota();
    check(env, "a closed session gives all back", {
        (after.ram_limit, after.caps_limit) == (before.ram_limit, before.caps_limit)
    });
    env.exit(0)
}
