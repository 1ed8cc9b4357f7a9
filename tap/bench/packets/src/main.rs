//! rs_packets: what a small packet costs there and back, when both ends of a stream run on one
//! thread in turns: the same program on the host target and on Genode, where `rs_packets_cpp` does
//! the same with Genode's packet stream.
//!
//! Prints ticks of the time-stamp counter for a packet: allocated, filled, submitted, taken, read,
//! acknowledged, taken back, freed. The median of many runs, which a quiet machine needs few of.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::rc::Rc;
use core::{hint::black_box, ops::Deref};

use genode::{
    dataspace::{Area, LocalRam},
    packet_stream::{Plain, SinkEnd, SourceEnd, StreamError},
    prelude::*,
    thread::timestamp,
};

/// Bytes of a packet.
const SIZE: usize = 64;
/// Packets of a batch.
const BATCH: usize = 32;
/// Batches of a run.
const BATCHES: usize = 200;
const RUNS: usize = 31;
/// Bytes of the dataspace, queues included.
const BUFFER: usize = 64 << 10;

/// Memory that both ends have, as two components would.
#[derive(Clone)]
struct Memory(Rc<LocalRam>);

impl Deref for Memory {
    type Target = Area;

    fn deref(&self) -> &Area {
        &self.0
    }
}

struct Bench {
    source: SourceEnd<Plain<64>, Memory>,
    sink: SinkEnd<Plain<64>, Memory>,
    sent: u64,
}

impl Bench {
    fn new() -> Result<Self, StreamError> {
        let memory = Memory(Rc::new(LocalRam::new(BUFFER)?));
        let sink = SinkEnd::new(memory.clone())?;
        Ok(Self { source: SourceEnd::new(memory, 0)?, sink, sent: 0 })
    }

    /// Sends a batch and gets it back; returns how many packets arrived as they were sent.
    fn batch(&mut self) -> Result<usize, StreamError> {
        let first = self.sent;
        for _ in 0..BATCH {
            let Some(packet) = self.source.try_alloc(SIZE)? else { break };
            packet.view().write(0, &[self.sent as u8; SIZE])?;
            self.source.try_submit(packet, &()).map_err(|refused| refused.why)?;
            self.sent += 1;
        }
        black_box(self.source.wakeup()?);
        let (mut right, mut content) = (0, [0_u8; SIZE]);
        while let Some(packet) = self.sink.try_next()? {
            packet.view()?.read(0, black_box(&mut content))?;
            right += usize::from(content[SIZE - 1] == (first + right as u64) as u8);
            self.sink.try_ack(packet, &()).map_err(|refused| refused.why)?;
        }
        black_box(self.sink.wakeup()?);
        while let Some(acked) = self.source.try_acked()? {
            drop(acked);
        }
        black_box(self.source.wakeup()?);
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
