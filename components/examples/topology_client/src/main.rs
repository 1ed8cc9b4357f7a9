//! rs_topology_client: prints the part of the machine that it may see, and places its threads by it.
//!
//! ```xml
//! <config threads="4" follow="yes" cpus="yes" memory="yes"/>
//! ```
//!
//! It compares the six functions of the session with the snapshot, location by location, and says when they differ.
//! `follow` makes it stay and print again when the machine changes; `cpus` prints what is known of each CPU;
//! `memory` takes memory of each node, where core can tell nodes apart.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, string::String, vec::Vec};

use genode::{
    affinity::{Location, Space},
    dataspace::PrivateRam,
    prelude::*,
    session::rom,
    thread::Builder,
};
use topology_session::{Region, TopologyConnection};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 64 << 10;

fn main_loop(env: Env) -> Result<Option<SignalHandler>, String> {
    let config = rom::config(env, MAX_CONFIG).map_err(|error| format!("config: {error}"))?;

    let topology = TopologyConnection::open(env, None).map_err(|error| format!("{error}"))?;
    show(&topology);
    if config.attr_or("cpus", false) {
        show_cpus(&topology);
    }
    compare(&topology)?;
    place(env, &topology, config.attr_or("threads", 2_u64))?;
    if config.attr_or("memory", false) {
        borrow(&topology)?;
    }
    if !config.attr_or("follow", false) {
        return Ok(None);
    }
    let follow = move |topology: &mut TopologyConnection| match topology.update() {
        Ok(()) => {
            log!("the machine changed");
            show(topology);
            if let Err(error) = compare(topology) {
                error!("{error}");
            }
        }
        Err(error) => error!("{error}"),
    };
    // The handler needs the session, which needs the handler's capability.
    let cell = alloc::rc::Rc::new(core::cell::RefCell::new(None::<TopologyConnection>));
    let handler = {
        let cell = cell.clone();
        SignalHandler::new(env.ep(), move |_| {
            if let Some(topology) = cell.borrow_mut().as_mut() {
                follow(topology);
            }
        })
        .map_err(|error| format!("{error}"))?
    };
    topology.sigh(handler.cap()).map_err(|error| format!("{error}"))?;
    *cell.borrow_mut() = Some(topology);
    log!("waiting for changes");
    Ok(Some(handler))
}

#[genode::component]
fn main(env: Env) -> Result<Option<SignalHandler>, String> {
    let kept = main_loop(env)?;
    if kept.is_none() {
        log!("--- topology client finished ---");
        env.exit(0)
    }
    Ok(kept)
}

/// A number of things, "1 node" or "2 nodes".
fn counted(n: impl Into<u64>, what: &str) -> String {
    let n = n.into();
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn unit(bytes: u64) -> String {
    format!("{}", genode::quota::RamQuota(bytes))
}

/// Nodes, and a map of the rectangle with the node of each location.
fn show(topology: &TopologyConnection) {
    let snapshot = topology.snapshot();
    let (width, height) = snapshot.size();
    let global = snapshot.global_size();
    let nodes = counted(snapshot.cpu_nodes(), "node");
    log!("{width} x {height} of {} x {} CPUs, {nodes}", global.0, global.1);
    for (id, node) in (0..).zip(snapshot.nodes()) {
        let memory = snapshot.memory_of(id).map_or(String::from("unknown"), unit);
        let near: Vec<String> = snapshot
            .neighbours(id)
            .iter()
            .map(|(other, distance)| format!("{other}:{distance}"))
            .collect();
        log!(
            "node {id}: native {}, {}, memory {memory}, distances [{}]",
            node.native,
            counted(node.cpus, "CPU"),
            near.join(" ")
        );
        for range in snapshot.ranges().iter().filter(|range| range.node.get() == id) {
            log!("node {id}: {} at {:#x}", unit(range.size.get()), range.base.get());
        }
    }
    for y in 0..height {
        let row: String = (0..width)
            .map(|x| match topology.node_of(x as i32, y as i32) {
                Some(node) => char::from_digit(node % 36, 36).unwrap_or('?'),
                None => '.',
            })
            .collect();
        log!("{row}");
    }
}

/// Each location's CPU, with package, die, core and thread as far as they are known.
fn show_cpus(topology: &TopologyConnection) {
    let snapshot = topology.snapshot();
    let height = snapshot.size().1.max(1);
    for (at, cpu) in (0_u32..).zip(snapshot.locations()).filter(|(_, cpu)| cpu.present == 1) {
        let known = |value: u32| match value {
            u32::MAX => String::from("-"),
            value => format!("{value}"),
        };
        let thread = Some(cpu.thread.get()).filter(|thread| *thread != u16::MAX);
        log!(
            "location {},{}: CPU {}, package {}, die {}, core {}, thread {}{}",
            at / height,
            at % height,
            known(cpu.physical.get()),
            known(cpu.package.get()),
            known(cpu.die.get()),
            known(cpu.core.get()),
            thread.map_or(String::from("-"), |thread| format!("{thread}")),
            match cpu.kind {
                b'P' => ", performance",
                b'E' => ", efficiency",
                _ => "",
            }
        );
    }
}

/// The session's functions must say what the snapshot says.
fn compare(topology: &TopologyConnection) -> Result<(), String> {
    let session = topology.session();
    let snapshot = topology.snapshot();
    let call = |error| format!("call: {error}");

    let count = session.node_count().map_err(call)?;
    if count != snapshot.cpu_nodes() {
        return Err(format!("node_count is {count}, the snapshot has {}", snapshot.cpu_nodes()));
    }
    let Space { width, height } = session.global_affinity_space().map_err(call)?;
    if (width, height) != snapshot.global_size() {
        return Err(format!("the global space is {width} x {height} only by RPC"));
    }
    let mut cores = 0;
    for (id, node) in (0..count).zip(snapshot.nodes()) {
        let region = session.node_at_id(id).map_err(call)?;
        if (region.id, region.native_id, region.core_count)
            != (id, node.native.get(), node.cpus.get())
        {
            return Err(format!("node {id} differs: {region:?}"));
        }
        cores += region.core_count;
    }
    let mut with_node = 0;
    for x in 0..snapshot.size().0 as i32 {
        for y in 0..snapshot.size().1 as i32 {
            let region = session.node_affinity_of(&Location::cpu(x, y)).map_err(call)?;
            let known = topology.node_of(x, y);
            if (region.id != u32::MAX).then_some(region.id) != known {
                return Err(format!("location {x},{y}: node {} by RPC, {known:?} else", region.id));
            }
            with_node += u32::from(known.is_some());
        }
    }
    if cores != with_node {
        return Err(format!("{cores} CPUs in nodes, {with_node} locations with a node"));
    }
    addresses(topology)?;
    out_of_bounds(topology)?;
    log!("RPC and snapshot agree: {}, {}", counted(count, "node"), counted(cores, "CPU"));
    Ok(())
}

/// Where a policy shows physical addresses: each belongs to one node that is seen, and no node has more memory than
/// addresses.
fn addresses(topology: &TopologyConnection) -> Result<(), String> {
    let snapshot = topology.snapshot();
    let mut ranges: Vec<(u64, u64, u32)> = snapshot
        .ranges()
        .iter()
        .map(|range| (range.base.get(), range.size.get(), range.node.get()))
        .collect();
    ranges.sort_unstable();
    let mut next = 0;
    for &(base, size, node) in &ranges {
        if base < next || node as usize >= snapshot.nodes().len() {
            return Err(format!("memory at {base:#x} of node {node} is another node's, too"));
        }
        next = base.checked_add(size).ok_or_else(|| format!("memory at {base:#x} never ends"))?;
    }
    for id in (0..).take(snapshot.nodes().len()) {
        let mine = ranges.iter().filter(|&&(_, _, node)| node == id);
        let shown = mine.fold(0, |sum: u64, &(_, size, _)| sum.saturating_add(size));
        let memory = snapshot.memory_of(id).unwrap_or(0);
        if !ranges.is_empty() && memory > shown {
            return Err(format!("node {id} has {memory} bytes at {shown} addresses"));
        }
    }
    Ok(())
}

/// What is not there is answered by all ones.
fn out_of_bounds(topology: &TopologyConnection) -> Result<(), String> {
    let session = topology.session();
    let call = |error| format!("call: {error}");
    let (width, height) = topology.snapshot().size();
    let nowhere = |region: Region| region.id == u32::MAX && region.core_count == 0;
    for (x, y) in
        [(width as i32, 0), (0, height as i32), (-1, 0), (i32::MIN, i32::MAX), (i32::MAX, i32::MAX)]
    {
        let region = session.node_affinity_of(&Location::cpu(x, y)).map_err(call)?;
        let cpu = session.phys_id(&Location::cpu(x, y)).map_err(call)?;
        if !nowhere(region) || cpu != u32::MAX {
            return Err(format!("location {x},{y} outside: CPU {cpu}, {region:?}"));
        }
    }
    for id in [topology.snapshot().cpu_nodes(), u32::MAX] {
        let region = session.node_at_id(id).map_err(call)?;
        if !nowhere(region) {
            return Err(format!("node {id} does not exist: {region:?}"));
        }
    }
    Ok(())
}

/// Starts threads spread over the nodes, each at a CPU of its node.
///
/// Where the server shows another machine than the one at hand, a thread goes to the place in the component's affinity space
/// that corresponds to its place there.
fn place(env: Env, topology: &TopologyConnection, threads: u64) -> Result<(), String> {
    let space = env.affinity_space();
    let (width, height) = topology.snapshot().size();
    let same = (space.width, space.height) == (width, height);
    if threads > 0 && !same {
        log!(
            "{width} x {height} places are shown, the component has {} x {}: threads go to those that correspond",
            space.width,
            space.height
        );
    }
    let scaled =
        |at: i32, from: u32, to: u32| (at as u64 * u64::from(to) / u64::from(from.max(1))) as i32;
    let nodes = topology.snapshot().cpu_nodes().max(1);
    let mut started = Vec::new();
    for n in 0..threads {
        let node = n as u32 % nodes;
        // The n-th thread of a node goes to its n-th location, around.
        let places: Vec<(i32, i32)> = (0..width as i32)
            .flat_map(|x| (0..height as i32).map(move |y| (x, y)))
            .filter(|&(x, y)| topology.node_of(x, y) == Some(node))
            .collect();
        let Some(&(x, y)) = places.get((n as usize / nodes as usize) % places.len().max(1)) else {
            continue;
        };
        let at = Location::cpu(scaled(x, width, space.width), scaled(y, height, space.height));
        let thread = Builder::new("worker")
            .location(at)
            .spawn(move || (0..100_000_u64).map(|n| n ^ 1).fold(0, u64::wrapping_add))
            .map_err(|error| format!("thread at {},{}: {error}", at.x, at.y))?;
        log!("thread {n} at {x},{y} on node {node}");
        started.push(thread);
    }
    for thread in started {
        thread.join().map_err(|error| format!("thread: {error}"))?;
    }
    Ok(())
}

/// Takes memory of each node twice. It is clear both times, whoever wrote to it between.
fn borrow(topology: &TopologyConnection) -> Result<(), String> {
    const SIZE: usize = 1 << 20;
    for (id, node) in topology.snapshot().nodes().iter().enumerate() {
        for _ in 0..2 {
            let mut ram = PrivateRam::new(SIZE, Some(node.native.get()))
                .map_err(|error| format!("memory of node {id}: {error}"))?;
            if let Some(at) = ram.iter().position(|&byte| byte != 0) {
                return Err(format!("memory of node {id} is not clear at {at}"));
            }
            ram.fill(0xa5);
        }
        log!("node {id} lends memory, clear each time");
    }
    Ok(())
}
