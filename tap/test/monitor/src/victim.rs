//! rs_cpu_victim: makes threads by a CPU session that somebody else serves, among them one that it
//! may not have.
#![no_std]
#![no_main]

extern crate alloc;

use genode::{
    prelude::*,
    session::{cpu::CpuSessionClient, pd::PdSessionClient},
    thread::Builder,
};
use rs_checks::{Test, at, ensure};

/// Asks the component's own sessions what the SDK has easier names for, and compares.
fn sessions(env: Env) -> Test {
    let (cpu, pd) = (CpuSessionClient::new(env.cpu()), PdSessionClient::new(env.pd()));
    let space = cpu.affinity_space().map_err(at("affinity space"))?;
    ensure("one affinity space", space == env.affinity_space())?;
    let (quota, limit) = (env.quota(), pd.ram_quota().map_err(at("RAM"))?);
    ensure("one account", limit == quota.ram_limit)?;
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

/// Makes three threads, the second of which is refused.
fn threads() -> Test {
    for (name, wanted) in [("first", true), ("forbidden", false), ("last", true)] {
        let thread = Builder::new(name).spawn(move || name.len());
        match thread {
            Ok(thread) if wanted => {
                let ran = thread.join().map_err(at("join"))?;
                ensure("a thread runs", ran == name.len())?;
            }
            Err(error) if !wanted => log!("thread '{name}': {error}"),
            Ok(_) => return Err(alloc::format!("'{name}' was made")),
            Err(error) => return Err(alloc::format!("'{name}': {error}")),
        }
    }
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = env.config().read();
    let watched = config.is_ok_and(|config| config.attr("watched").is_some());
    let tested = sessions(env).and_then(|()| if watched { threads() } else { Ok(()) });
    if let Err(why) = tested {
        error!("failed: {why}");
        env.exit(1)
    }
    log!("done");
    env.exit(0)
}
