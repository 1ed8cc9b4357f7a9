//! rs_environment_test: calls the CPU and PD sessions of its environment by their whole interfaces.
#![no_std]
#![no_main]

extern crate alloc;

use genode::{
    prelude::*,
    session::{cpu::CpuSessionClient, pd::PdSessionClient},
};
use rs_checks::{Test, at, ensure};

/// Asks the component's own sessions what the SDK has easier names for, and compares.
fn sessions(env: Env) -> Test {
    let (cpu, pd) = (CpuSessionClient::new(env.cpu()), PdSessionClient::new(env.pd()));
    let space = cpu.affinity_space().map_err(at("affinity space"))?;
    ensure("one affinity space", space == env.affinity_space())?;
    let (quota, limit) = (env.quota(), pd.ram_quota().map_err(at("RAM"))?);
    ensure(&alloc::format!("one account: {limit:?} {quota:?}"), limit == quota.ram_limit)?;
    ensure("one limit", pd.cap_quota().map_err(at("caps"))? == quota.caps_limit)?;
    let before = pd.used_ram().map_err(at("used RAM"))?;
    let ds = pd.alloc_ram(8192, genode::dataspace::Cache::Cached);
    let ds = ds.map_err(|error| alloc::format!("allocation: {error}"))?;
    ensure("its size", pd.ram_size(ds.clone()) == Ok(8192))?;
    ensure("it is paid", pd.used_ram().map_err(at("used RAM"))?.0 >= before.0 + 8192)?;
    pd.free_ram(ds).map_err(at("free"))?;
    ensure("it is given back", pd.used_ram() == Ok(before))?;
    log!("the sessions of the environment answer");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    if let Err(why) = sessions(env) {
        error!("failed: {why}");
        env.exit(1)
    }
    env.exit(0)
}
