//! rs_packets: what a small packet costs there and back, when both ends of a stream run on one
//! thread in turns: the same program on the host target and on Genode, where `rs_packets_cpp` does
//! the same with Genode's packet stream.
//!
//! Prints ticks of the time-stamp counter for a packet: allocated, filled, submitted, taken, read,
//! acknowledged, taken back, freed. The median of many runs, which a quiet machine needs few of.
#![no_std]
#![no_main]

use core::hint::black_box;

use genode::{
    packet_stream::{Plain, StreamError, View},
    prelude::*,
    thread::timestamp,
};
use rs_packets::Stream;

/// Bytes of a packet.
const SIZE: usize = 64;
/// Packets of a batch.
const BATCH: usize = 32;
/// Batches of a run.
const BATCHES: usize = 200;
const RUNS: usize = 31;
/// Bytes of the dataspace, queues included.
const BUFFER: usize = 64 << 10;

struct Bench {
    stream: Stream<Plain<64>>,
    sent: u64,
}

impl Bench {
    fn new() -> Result<Self, StreamError> {
        Ok(Self { stream: Stream::new(BUFFER, 0)?, sent: 0 })
    }

    /// Sends a batch and gets it back; returns how many packets arrived as they were sent.
    fn batch(&mut self) -> Result<usize, StreamError> {
        let (first, sent) = (self.sent, &mut self.sent);
        let (mut right, mut content) = (0, [0_u8; SIZE]);
        let fill = |view: View<'_>| {
            view.write(0, &[*sent as u8; SIZE])?;
            *sent += 1;
            Ok(())
        };
        let work = |view: View<'_>| {
            view.read(0, black_box(&mut content))?;
            right += usize::from(content[SIZE - 1] == (first + right as u64) as u8);
            Ok(())
        };
        self.stream.batch(BATCH, SIZE, &(), fill, work, |_| Ok(()))?;
        Ok(right)
    }

    /// Returns the ticks of a run, a packet.
    fn run(&mut self) -> Result<u64, StreamError> {
        let start = timestamp();
        let mut right = 0;
        for _ in 0..BATCHES {
            right += self.batch()?;
        }
        let ticks = timestamp().wrapping_sub(start);
        if right != BATCHES * BATCH {
            error!("{right} of {} packets arrived as they were sent", BATCHES * BATCH);
        }
        Ok(ticks / (BATCHES * BATCH) as u64)
    }
}

#[genode::component]
fn main(env: Env) -> Result<(), StreamError> {
    let mut bench = Bench::new()?;
    let mut ticks = [0; RUNS];
    for run in &mut ticks {
        *run = bench.run()?;
    }
    ticks.sort_unstable();
    log!("64 bytes there and back: {} ticks", ticks[RUNS / 2]);
    env.exit(0)
}
