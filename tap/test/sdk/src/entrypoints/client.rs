//! rs_entrypoints_client: calls objects on several entrypoints at once, and looks where threads run.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};
use core::fmt::Display;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use genode::{
    affinity::Location,
    connection::Connection,
    prelude::*,
    session::rom,
    thread::{self, Builder},
};
use rs_checks::{Test, at, ensure};
use rs_sdk_test::entrypoints::{ENTRYPOINTS, Place, PlaceClient, Places, cpu};

type Object = PlaceClient<Capability<dyn Place>>;

#[genode::component]
fn main(env: Env) -> Test {
    let config = rom::config(env, 1 << 16).map_err(at("config"))?;
    if config.attr_or("confined", false) {
        confined(env)?;
        env.exit(0)
    }
    log!("--- entrypoints test ---");
    let session = Connection::<dyn Places>::open(env, "").map_err(at("session"))?;
    let placed = config.attr_or("placed", true);
    in_parallel(&session, placed)?;
    one_after_the_other(&session)?;
    if placed {
        threads_stay(env)?;
    }
    log!("--- entrypoints test finished ---");
    env.exit(0)
}

/// Calls objects at once, each by a thread of its own, and returns the answers.
fn all_at_once<T: Send + 'static, E: Display + Send + 'static>(
    objects: Vec<Object>,
    call: impl Fn(&Object) -> Result<T, E> + Copy + Send + 'static,
) -> Test<Vec<T>> {
    let threads = objects
        .into_iter()
        .map(|object| Builder::new("caller").spawn(move || call(&object)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(at("threads"))?;
    threads.into_iter().map(|t| t.join().map_err(at("join"))?.map_err(at("call"))).collect()
}

fn started<E: Display>(get: impl Fn() -> Result<Capability<dyn Place>, E>) -> Test<Object> {
    loop {
        let cap = get().map_err(at("place"))?;
        if cap.is_valid() {
            return Ok(PlaceClient::new(cap));
        }
    }
}

/// Functions of objects on different entrypoints wait for each other: each is served while the others are.
///
/// `placed`: whether the kernel puts threads at their locations.
fn in_parallel(session: &Connection<dyn Places>, placed: bool) -> Test {
    let space = session.space().map_err(at("space"))?;
    let mut seen: Vec<BTreeSet<u64>> = Vec::new();
    for _ in 0..50 {
        let objects =
            (0..ENTRYPOINTS).map(|n| started(|| session.place(n))).collect::<Test<Vec<_>>>()?;
        let cpus = all_at_once(objects, |object| object.meet(ENTRYPOINTS))?;
        ensure("an answer of each", cpus.len() == ENTRYPOINTS as usize)?;
        seen.resize(cpus.len(), BTreeSet::new());
        for (seen, cpu) in seen.iter_mut().zip(cpus) {
            seen.insert(cpu);
        }
    }
    log!("{ENTRYPOINTS} entrypoints served calls that wait for each other");
    if !placed {
        return Ok(());
    }
    if cpu().is_none() {
        log!("(where they run cannot be told on this CPU)");
        return Ok(());
    }
    ensure("each entrypoint stayed on its CPU", seen.iter().all(|cpus| cpus.len() == 1))?;
    let distinct: BTreeSet<u64> = seen.iter().flatten().copied().collect();
    let total = space.total().unwrap_or(0).min(ENTRYPOINTS) as usize;
    ensure(
        "different locations are different CPUs (of which the machine needs two)",
        distinct.len() == total,
    )?;
    log!("each at its own location");
    Ok(())
}

/// The control: what one entrypoint serves, it serves one after the other.
fn one_after_the_other(session: &Connection<dyn Places>) -> Test {
    for _ in 0..50 {
        let objects = alloc::vec![
            started(|| session.place(0))?,
            started(|| session.beside())?,
            started(|| session.place(0))?,
        ];
        let most = all_at_once(objects, PlaceClient::work)?;
        ensure("never two at a time", most.iter().all(|most| *most == 1))?;
    }
    log!("and one entrypoint serves one at a time");
    Ok(())
}

/// Where a thread ran while others kept all CPUs busy.
fn cpus_of(location: Location) -> Test<BTreeSet<u64>> {
    let thread = Builder::new("sampler").location(location).spawn(|| {
        let mut cpus = BTreeSet::new();
        for _ in 0..20_000 {
            cpus.extend(cpu());
        }
        cpus
    });
    thread.map_err(at("thread"))?.join().map_err(at("join"))
}

fn threads_stay(env: Env) -> Test {
    let space = env.affinity_space();
    let total = space.total().unwrap_or(0);
    if cpu().is_none() {
        log!("where threads run cannot be told on this CPU");
        return Ok(());
    }
    let done = Arc::new(AtomicBool::new(false));
    let load = (0..total.min(4)).map(|n| {
        let done = done.clone();
        Builder::new("load").location(space.location_of_index(n)).spawn(move || {
            while !done.load(Ordering::Relaxed) {
                core::hint::spin_loop();
            }
        })
    });
    let load = load.collect::<Result<Vec<_>, _>>().map_err(at("load"))?;
    let mut all = BTreeSet::new();
    for n in 0..total.min(4) {
        let cpus = cpus_of(space.location_of_index(n))?;
        ensure("a thread stays on its CPU", cpus.len() == 1)?;
        all.extend(cpus);
    }
    ensure("different locations are different CPUs", all.len() == total.min(4) as usize)?;
    done.store(true, Ordering::Relaxed);
    drop(load);
    log!("threads stay where they are put");
    moved(env)
}

/// The control: the same look sees a thread that is moved.
fn moved(env: Env) -> Test {
    let space = env.affinity_space();
    if space.total().unwrap_or(0) < 2 {
        log!("(with one CPU there is nowhere to move to)");
        return Ok(());
    }
    let now = Arc::new(AtomicU64::new(u64::MAX));
    let done = Arc::new(AtomicBool::new(false));
    let thread = Builder::new("mover").location(space.location_of_index(0)).spawn({
        let (now, done) = (now.clone(), done.clone());
        move || {
            while !done.load(Ordering::Relaxed) {
                now.store(cpu().unwrap_or(0), Ordering::Relaxed);
            }
        }
    });
    let thread = thread.map_err(at("thread"))?;
    while now.load(Ordering::Relaxed) == u64::MAX {
        core::hint::spin_loop();
    }
    let before = now.load(Ordering::Relaxed);
    let result = thread.migrate(space.location_of_index(1));
    if result.is_ok() {
        while now.load(Ordering::Relaxed) == before {
            core::hint::spin_loop();
        }
    }
    done.store(true, Ordering::Relaxed);
    drop(thread);
    match result {
        Ok(()) => log!("and a thread that is moved is seen elsewhere"),
        Err(Error::Unsupported) => log!("(this kernel does not move threads)"),
        Err(e) => return Err(at("migrate")(e)),
    }
    Ok(())
}

/// A component of one CPU: all its threads are there, wherever it asks for.
fn confined(env: Env) -> Test {
    let space = env.affinity_space();
    ensure("the space is one CPU", space.total() == Some(1))?;
    let outside = Builder::new("outside").location(Location::cpu(1, 0)).spawn(thread::current_id);
    ensure("no thread outside of it", matches!(outside, Err(Error::Argument(_))))?;
    let mut cpus = cpus_of(Location::cpu(0, 0))?;
    cpus.extend(cpus_of(Location::default())?);
    ensure("no thread ran elsewhere", cpus.len() <= 1)?;
    log!("confined to CPU {}", cpus.first().copied().unwrap_or(0));
    Ok(())
}
