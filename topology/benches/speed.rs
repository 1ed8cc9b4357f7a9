//! How long it takes to build a large model, and to ask it: `cargo bench -p numa-topology`.
//!
//! The machine has 64 nodes and 1024 CPUs with all distances, latencies and bandwidths; its SRAT, SLIT,
//! HMAT and MADT are parsed, merged and indexed. Each line gives the median of the runs, their spread,
//! and the ratio to the bound that the project sets (or to the baseline named).
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![allow(clippy::unwrap_used, reason = "a benchmark on fixed input ends where it fails")]

use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use topology::snapshot::{Shared, publish, write};
use topology::source::acpi::Tables;
use topology::source::description;
use topology::view::{View, ViewPolicy};
use topology::{Affinity, CpuId, Machine};

const NODES: u32 = 64;
const CPUS: u32 = 1024;
const RUNS: usize = 101;
/// Questions in a run.
const BATCH: u32 = 100_000;
/// What building a model, or copying a snapshot, may take.
const BUILD_BOUND: Duration = Duration::from_millis(5);
/// What a question may take.
const BOUND: Duration = Duration::from_nanos(10);

fn table(signature: [u8; 4], revision: u8, body: &[u8]) -> Vec<u8> {
    let mut t = signature.to_vec();
    t.extend_from_slice(&(36 + body.len() as u32).to_le_bytes());
    t.extend_from_slice(&[revision, 0]);
    t.extend_from_slice(&[b' '; 26]);
    t.extend_from_slice(body);
    t[9] = t.iter().fold(0u8, |s, b| s.wrapping_sub(*b));
    t
}

fn tables() -> Tables {
    let mut srat = vec![0; 12];
    let mut madt = vec![0; 8];
    for cpu in 0..CPUS {
        srat.extend_from_slice(&[2, 24, 0, 0]);
        for word in [cpu / (CPUS / NODES), cpu, 1, 0, 0] {
            srat.extend_from_slice(&word.to_le_bytes());
        }
        madt.extend_from_slice(&[9, 16, 0, 0]);
        for word in [cpu, 1, cpu] {
            madt.extend_from_slice(&word.to_le_bytes());
        }
    }
    for node in 0..NODES {
        srat.extend_from_slice(&[1, 40]);
        srat.extend_from_slice(&node.to_le_bytes());
        srat.extend_from_slice(&[0; 2]);
        srat.extend_from_slice(&(u64::from(node) << 36).to_le_bytes());
        srat.extend_from_slice(&(1u64 << 36).to_le_bytes());
        srat.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    let mut slit = u64::from(NODES).to_le_bytes().to_vec();
    let mut hmat = vec![0; 4];
    for a in 0..NODES {
        slit.extend((0..NODES).map(|b| if a == b { 10 } else { 20 + (a ^ b) as u8 }));
    }
    for kind in [1u8, 2, 4, 5] {
        hmat.extend_from_slice(&[1, 0, 0, 0]);
        hmat.extend_from_slice(&(32 + 8 * NODES + 2 * NODES * NODES).to_le_bytes());
        hmat.extend_from_slice(&[0, kind, 0, 0]);
        for word in [NODES, NODES, 0, 100, 0] {
            hmat.extend_from_slice(&word.to_le_bytes());
        }
        for id in (0..NODES).chain(0..NODES) {
            hmat.extend_from_slice(&id.to_le_bytes());
        }
        for entry in 0..NODES * NODES {
            hmat.extend_from_slice(&(1 + entry as u16).to_le_bytes());
        }
    }
    Tables {
        madt: Some(table(*b"APIC", 4, &madt)),
        srat: Some(table(*b"SRAT", 3, &srat)),
        slit: Some(table(*b"SLIT", 1, &slit)),
        hmat: Some(table(*b"HMAT", 2, &hmat)),
        ..Tables::default()
    }
}

/// Median, fastest and slowest of `runs` runs.
fn measure(runs: usize, mut f: impl FnMut()) -> [Duration; 3] {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    [times[runs / 2], times[0], times[runs - 1]]
}

fn report(
    name: &str,
    runs: usize,
    times: [Duration; 3],
    per: u32,
    bound: Duration,
    bound_name: &str,
) {
    let [median, low, high] = times.map(|t| t.as_nanos() as f64 / f64::from(per));
    let bound_ns = bound.as_nanos() as f64;
    println!(
        "{name:<46} {median:>12.1} ns ({low:.1} to {high:.1}, {runs} runs)  {:.4} of {bound_name}",
        median / bound_ns
    );
}

fn build(tables: &Tables) -> Machine {
    let (claims, refused) = tables.claims();
    assert!(refused.is_empty());
    Machine::build(&claims).unwrap()
}

fn main() {
    let tables = tables();
    let m = build(&tables);
    assert_eq!((m.nodes().len(), m.cpus().len()), (NODES as usize, CPUS as usize));
    assert_eq!(m.access_values().len(), 4 * (NODES * NODES) as usize);
    println!("{} nodes, {} CPUs, {} access values", NODES, CPUS, m.access_values().len());

    builds(&tables, &m);
    questions(&m);
    snapshots(&m);
}

fn builds(tables: &Tables, m: &Machine) {
    let times = measure(RUNS, || {
        black_box(build(tables));
    });
    report("parse and build from ACPI", RUNS, times, 1, BUILD_BOUND, "the bound of 5 ms");

    let mut text = String::new();
    topology::render::description(m, &mut text).unwrap();
    let times = measure(21, || {
        let claims = description::parse(black_box(&text)).unwrap();
        black_box(Machine::build(&[claims]).unwrap());
    });
    let name = format!("parse and build from {} KiB of description", text.len() >> 10);
    report(&name, 21, times, 1, BUILD_BOUND, "the bound of 5 ms");
}

fn questions(m: &Machine) {
    let times = measure(RUNS, || {
        for i in 0..BATCH {
            black_box(m.node_of(CpuId(black_box(i % CPUS))));
        }
    });
    report("Machine::node_of", RUNS, times, BATCH, BOUND, "the bound of 10 ns");
}

fn snapshots(m: &Machine) {
    let space = m.default_space().unwrap();
    let view = View::new(m, &space, Affinity::UNRESTRICTED, ViewPolicy::default()).unwrap();
    let words = write(m, &view, 1);
    let memory: Vec<AtomicU64> = words.iter().map(|_| AtomicU64::new(0)).collect();
    let memory = memory.as_slice();
    publish(memory, &words).unwrap();
    let shared = Shared::new(memory);
    let snapshot = shared.load().unwrap();
    let times = measure(RUNS, || {
        for i in 0..BATCH {
            black_box(snapshot.node_of(black_box((i % CPUS) as i32), 0));
        }
    });
    report("OwnedSnapshot::node_of", RUNS, times, BATCH, BOUND, "the bound of 10 ns");
    let times = measure(RUNS, || {
        for i in 0..BATCH {
            if shared.is_current(black_box(&snapshot)) {
                black_box(snapshot.node_of(black_box((i % CPUS) as i32), 0));
            }
        }
    });
    report("node_of after a look at the version", RUNS, times, BATCH, BOUND, "the bound of 10 ns");

    let times = measure(RUNS, || {
        black_box(shared.load().unwrap());
    });
    let name = format!("copy and check a snapshot of {} KiB", words.len() * 8 / 1024);
    report(&name, RUNS, times, 1, BUILD_BOUND, "the bound of 5 ms");
}
