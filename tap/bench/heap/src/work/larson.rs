//! Larson and Krishnan's server simulation ("Memory allocation for long-running server applications", ISMM 1998),
//! with what most retellings leave out: after its share of rounds a thread starts its successor, hands it all its
//! blocks and ends. A heap that is bound to its thread must cope with blocks that outlive it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::meter::{Meter, Outcome, Scale};
use crate::block::Block;
use crate::problem::die;
use fastrand::Rng;

/// Chunks that each thread holds.
const CHUNKS: usize = 5000;
/// How often a generation replaces as many chunks as it holds.
const ROUNDS: usize = 100;

struct Server {
    low: usize,
    high: usize,
    replacements: usize,
    stop: AtomicBool,
    operations: AtomicU64,
    respawns: AtomicU64,
    running: Mutex<usize>,
    ended: Condvar,
}

struct Generation {
    server: Arc<Server>,
    chunks: Vec<Option<Block>>,
    rng: Rng,
}

impl Generation {
    fn run(mut self) {
        let count = self.chunks.len();
        let mut done = 0;
        while done < self.server.replacements && !self.server.stop.load(Ordering::Relaxed) {
            let victim = self.rng.usize(..count);
            let size = self.rng.usize(self.server.low..=self.server.high);
            let chunk = &mut self.chunks[victim];
            if let Some(old) = chunk.take() {
                old.check(victim as u8);
            }
            *chunk = Some(Block::new(size, victim as u8));
            done += 1;
        }
        let server = Arc::clone(&self.server);
        server.operations.fetch_add(done as u64, Ordering::Relaxed);
        if server.stop.load(Ordering::Relaxed) {
            // The last of its line: the main thread counts it out, then the blocks go.
            if let Ok(mut running) = server.running.lock() {
                *running -= 1;
                server.ended.notify_one();
            }
        } else {
            server.respawns.fetch_add(1, Ordering::Relaxed);
            spawn(self);
        }
    }
}

fn spawn(generation: Generation) {
    if std::thread::Builder::new().stack_size(128 << 10).spawn(move || generation.run()).is_err() {
        die("no thread could be started");
    }
}

/// Blocks of `low..=high` bytes; operations are replacements (one free and one malloc).
pub(super) fn run(
    meter: &mut Meter,
    scale: Scale,
    threads: usize,
    low: usize,
    high: usize,
) -> Outcome {
    let server = Arc::new(Server {
        low,
        high,
        replacements: CHUNKS * scale.of(ROUNDS),
        stop: AtomicBool::new(false),
        operations: AtomicU64::new(0),
        respawns: AtomicU64::new(0),
        running: Mutex::new(threads),
        ended: Condvar::new(),
    });
    let mut rng = Rng::with_seed(0x1a25_0f00);
    // As in the original, the main thread fills every slot: each line starts on somebody else's blocks.
    let lines: Vec<Generation> = (0..threads)
        .map(|_| Generation {
            server: Arc::clone(&server),
            chunks: (0..CHUNKS).map(|i| Some(Block::new(rng.usize(low..=high), i as u8))).collect(),
            rng: Rng::with_seed(rng.u64(..)),
        })
        .collect();
    meter.start();
    for line in lines {
        spawn(line);
    }
    std::thread::sleep(Duration::from_millis(scale.of(400) as u64));
    server.stop.store(true, Ordering::Relaxed);
    let mut running = match server.running.lock() {
        Ok(running) => running,
        Err(poisoned) => poisoned.into_inner(),
    };
    while *running > 0 {
        running = match server.ended.wait(running) {
            Ok(running) => running,
            Err(poisoned) => poisoned.into_inner(),
        };
    }
    meter.stop();
    let respawns = server.respawns.load(Ordering::Relaxed);
    Outcome {
        operations: server.operations.load(Ordering::Relaxed),
        note: Some(("respawns", respawns)),
    }
}
