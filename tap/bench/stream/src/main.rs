//! rs_stream_bench: what a packet stream costs beside a bare ring in shared memory, and beside
//! memcpy.
//!
//! The part `pair` has source and sink on a CPU each, as components have them. In all others both
//! run on one thread in turns, batch by batch, and its CPU time counts, so that the figures are of
//! the work and not of the scheduler. Stream and baseline have the same number of packets, and the
//! same bytes written and read. A ratio is the baseline's time by the stream's, of medians of runs
//! that alternate; `--once PART` does one part's work once, for counting instructions.

mod bare;
mod pair;

use std::{hint::black_box, process::ExitCode};

use bare::Bare;
use clap::Parser;
use genode::{
    dataspace::LocalRam,
    packet_stream::{Plain, StreamError, View},
    session::block::{Block, Header, Operation},
};
use rs_packets::Stream;
use rustix::time::{ClockId, clock_gettime};

#[derive(Debug, Parser)]
#[command(name = "cargo tap bench stream", about = "Packet streams beside a bare ring and memcpy")]
struct Args {
    /// Runs of each side, which alternate; the median counts
    #[arg(long, default_value_t = 21)]
    runs: usize,
    /// Does the work of one side once: stream or bare, then small, large or block; for counting
    /// instructions
    #[arg(long, num_args = 2, value_names = ["SIDE", "PART"])]
    once: Option<Vec<String>>,
}

/// Bytes of a small packet.
const SMALL: usize = 64;
/// Packets of a batch.
const BATCH: usize = 32;
/// Bytes of a large packet.
const LARGE: usize = 1 << 20;
/// Bytes of a block request.
const BLOCK: usize = 4 << 10;
/// Bytes of the disk.
const DISK: usize = 4 << 20;

type Outcome = Result<(), StreamError>;

/// A part: both sides do the same work, `stream` by a stream.
struct Part {
    name: &'static str,
    baseline: &'static str,
    /// `None` where the figure explains another one.
    target: Option<f64>,
    stream: Box<dyn FnMut() -> Outcome>,
    bare: Box<dyn FnMut() -> Outcome>,
}

fn small() -> Result<Part, StreamError> {
    let mut stream = Stream::<Plain<64>>::new(64 << 10, 0)?;
    let bare = Bare::new(64, SMALL)?;
    let content = [7; SMALL];
    Ok(Part {
        name: "small",
        baseline: "bare ring, 64 bytes, on one CPU",
        target: None,
        stream: Box::new(move || {
            let mut into = [0; SMALL];
            for _ in 0..1000 {
                let fill = |view: View<'_>| view.write(0, &content);
                let work = |view: View<'_>| view.read(0, black_box(&mut into));
                stream.batch(BATCH, SMALL, &(), fill, work, |_| Ok(()))?;
            }
            Ok(())
        }),
        bare: Box::new(move || {
            let mut into = [0; SMALL];
            for _ in 0..1000 {
                for _ in 0..BATCH {
                    bare.memory.write(bare.place(), &content)?;
                    bare.submit();
                }
                while let Some(at) = bare.take() {
                    bare.memory.read(at, black_box(&mut into))?;
                    bare.ack();
                }
                while let Some(at) = bare.acked() {
                    black_box(at);
                }
            }
            Ok(())
        }),
    })
}

fn large() -> Result<Part, StreamError> {
    let mut stream = Stream::<Plain<64>>::new(LARGE + (64 << 10), 0)?;
    let (content, mut into) = (vec![7; LARGE], vec![0; LARGE]);
    let (from, mut between, mut to) = (vec![7_u8; LARGE], vec![0_u8; LARGE], vec![0_u8; LARGE]);
    Ok(Part {
        name: "large",
        baseline: "memcpy in and out, 1 MiB",
        target: Some(0.5),
        stream: Box::new(move || {
            for _ in 0..20 {
                let fill = |view: View<'_>| view.write(0, &content);
                let work = |view: View<'_>| view.read(0, black_box(&mut into));
                stream.batch(1, LARGE, &(), fill, work, |_| Ok(()))?;
            }
            Ok(())
        }),
        bare: Box::new(move || {
            for _ in 0..20 {
                black_box(&mut between).copy_from_slice(black_box(&from));
                black_box(&mut to).copy_from_slice(black_box(&between));
            }
            Ok(())
        }),
    })
}

fn block() -> Result<Part, StreamError> {
    let mut stream = Stream::<Block>::new(256 << 10, 12)?;
    let bare = Bare::new(64, BLOCK)?;
    let disk = LocalRam::new(DISK)?;
    let same = disk.clone();
    let read = Header { operation: Operation::Read, tag: 1, block: 0, count: 8, success: true };
    Ok(Part {
        name: "block",
        baseline: "bare ring, 4 KiB reads from RAM, 32 at a time",
        target: Some(0.7),
        stream: Box::new(move || {
            let mut into = vec![0; BLOCK];
            for round in 0..100 {
                let mut at = round * BATCH * BLOCK % DISK;
                let work = |view: View<'_>| {
                    view.copy_from(&disk, at)?;
                    at = (at + BLOCK) % DISK;
                    Ok(())
                };
                let check = |view: View<'_>| view.read(0, black_box(&mut into));
                stream.batch(BATCH, BLOCK, &read, |_| Ok(()), work, check)?;
            }
            Ok(())
        }),
        bare: Box::new(move || {
            let mut into = vec![0; BLOCK];
            for round in 0..100 {
                let mut disk_at = round * BATCH * BLOCK % DISK;
                for _ in 0..BATCH {
                    bare.submit();
                }
                while let Some(at) = bare.take() {
                    bare.memory.copy_from(at, &same, disk_at, BLOCK)?;
                    disk_at = (disk_at + BLOCK) % DISK;
                    bare.ack();
                }
                while let Some(at) = bare.acked() {
                    bare.memory.read(at, black_box(&mut into))?;
                }
            }
            Ok(())
        }),
    })
}

/// Returns the CPU time of this thread in seconds: others that run meanwhile do not count.
fn cpu_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Returns the seconds that the work takes.
fn seconds(work: &mut dyn FnMut() -> Outcome) -> Result<f64, StreamError> {
    let start = cpu_time();
    work()?;
    Ok(cpu_time() - start)
}

/// Tells the ratios of runs; returns whether their median reaches a target.
fn tell(name: &str, baseline: &str, target: Option<f64>, mut ratios: Vec<f64>) -> bool {
    ratios.sort_by(f64::total_cmp);
    let at =
        |percent: usize| ratios.get((ratios.len() - 1) * percent / 100).copied().unwrap_or(0.0);
    let (median, low, high) = (at(50), at(5), at(95));
    let verdict = match target {
        None => "no target".to_owned(),
        Some(target) if median >= target => format!("target {target:.2}: reached"),
        Some(target) => format!("target {target:.2}: missed"),
    };
    let runs = ratios.len();
    println!(
        "{name:<6} {median:.2} x {baseline} (5 % {low:.2}, 95 % {high:.2}, {runs} runs); {verdict}"
    );
    target.is_none_or(|target| median >= target)
}

/// Measures a part; returns whether it reaches its target.
fn measure(part: &mut Part, runs: usize) -> Result<bool, StreamError> {
    let mut ratios = Vec::new();
    for _ in 0..runs.max(1) {
        let stream = seconds(&mut *part.stream)?;
        ratios.push(seconds(&mut *part.bare)? / stream);
    }
    Ok(tell(part.name, part.baseline, part.target, ratios))
}

/// Measures source and sink on a CPU each.
fn measure_pair(runs: usize) -> Result<bool, StreamError> {
    let Some(cpus) = pair::cpus() else {
        println!("pair   not run: it needs two CPUs");
        return Ok(true);
    };
    let mut ratios = Vec::new();
    for _ in 0..runs.max(1) {
        let stream = pair::stream(cpus)?;
        ratios.push(pair::bare(cpus)? / stream);
    }
    Ok(tell("pair", "bare ring, 64 bytes from CPU to CPU", Some(0.7), ratios))
}

fn run(args: &Args) -> Result<bool, String> {
    let show = |error: StreamError| error.to_string();
    let mut parts = [small().map_err(show)?, large().map_err(show)?, block().map_err(show)?];
    if let Some([side, name]) = args.once.as_deref() {
        let part = parts.iter_mut().find(|part| part.name == name);
        let part = part.ok_or_else(|| format!("no part {name}: take small, large or block"))?;
        let work = match side.as_str() {
            "stream" => &mut part.stream,
            "bare" => &mut part.bare,
            _ => return Err(format!("no side {side}: take stream or bare")),
        };
        return work().map_err(show).map(|()| true);
    }
    let mut all = measure_pair(args.runs).map_err(show)?;
    for part in &mut parts {
        all &= measure(part, args.runs).map_err(show)?;
    }
    Ok(all)
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
