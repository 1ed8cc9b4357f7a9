//! Text and byte buffers that grow a piece at a time, as loggers, editors and network code do: realloc's workload,
//! from bytes to megabytes.

use super::meter::{Meter, Outcome, Scale};
use crate::problem::die;
use fastrand::Rng;

pub(super) fn run(meter: &mut Meter, scale: Scale) -> Outcome {
    const OPEN: usize = 64;
    let rounds = scale.of(600_000);
    let mut rng = Rng::with_seed(5);
    let mut buffers: Vec<(usize, Vec<u8>)> =
        (0..OPEN).map(|_| (limit(&mut rng), Vec::new())).collect();
    let mut closed = 0;
    meter.start();
    for _ in 0..rounds {
        let (limit_now, buffer) = &mut buffers[rng.usize(..OPEN)];
        let piece = rng.usize(1..=16) * (*limit_now / 512 + 1);
        let mark = *limit_now as u8;
        buffer.resize(buffer.len() + piece, mark);
        if buffer.len() >= *limit_now {
            buffer.shrink_to_fit();
            if buffer.first() != Some(&mark) || buffer.last() != Some(&mark) {
                die("a buffer changed while it moved");
            }
            closed += 1;
            *buffer = Vec::new();
            *limit_now = limit(&mut rng);
        }
    }
    drop(buffers);
    std::hint::black_box(closed);
    meter.stop();
    Outcome::of(rounds as u64)
}

/// How large a buffer becomes: 256 bytes to 4 MiB, each doubling 0.7 times as likely as the one before.
fn limit(rng: &mut Rng) -> usize {
    let mut limit = rng.usize(128..=255);
    while limit < 4 << 20 && rng.usize(..10) < 7 {
        limit *= 2;
    }
    limit
}
