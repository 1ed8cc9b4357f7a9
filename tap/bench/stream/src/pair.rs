//! Source and sink on a CPU each, as two components have them: what crosses between the caches
//! counts, on either side.
//!
//! Both threads look again and again, so that nobody is woken: who wakes whom is the system's cost,
//! not the stream's.

use std::{
    hint::{black_box, spin_loop},
    sync::Barrier,
    thread,
    time::Instant,
};

use genode::{
    dataspace::LocalRam,
    packet_stream::{Plain, SinkEnd, SourceEnd, StreamError},
};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::bare::Bare;

/// Bytes of a packet.
const SIZE: usize = 64;
/// Slots of a queue.
const SLOTS: u32 = 64;
/// Packets that are on their way at most.
const OUT: usize = 48;
/// Packets of a run.
const PACKETS: usize = 100_000;

type Packets = Plain<SLOTS>;

/// Returns two CPUs that this process may use, if there are two.
pub(crate) fn cpus() -> Option<[usize; 2]> {
    let allowed = sched_getaffinity(None).ok()?;
    let mut cpus = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu));
    Some([cpus.next()?, cpus.next()?])
}

/// Runs two functions on a CPU each, begun at once; returns the seconds until the first one's end.
fn both<A: Send>(
    cpus: [usize; 2],
    first: impl FnOnce() -> Result<(), A> + Send,
    second: impl FnOnce() -> Result<(), A> + Send,
) -> Result<f64, A> {
    let barrier = Barrier::new(2);
    let pin = |cpu: usize| {
        let mut set = CpuSet::new();
        set.set(cpu);
        let _ = sched_setaffinity(None, &set); // it may use the CPU, as `cpus` said
        barrier.wait();
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            pin(cpus[1]);
            second()
        });
        let one = scope.spawn(|| {
            pin(cpus[0]);
            let start = Instant::now();
            first().map(|()| start.elapsed().as_secs_f64())
        });
        let (one, other) = (one.join(), other.join());
        match (one, other) {
            (Ok(time), Ok(end)) => end.and(time),
            _ => std::process::abort(), // a thread has panicked and said so
        }
    })
}

/// Sends packets through a stream.
pub(crate) fn stream(cpus: [usize; 2]) -> Result<f64, StreamError> {
    let memory = LocalRam::new(64 << 10)?;
    let same = memory.clone();
    let source = move || {
        let mut source = SourceEnd::<Packets, _>::new(memory, 0)?;
        let (mut sent, mut back) = (0, 0);
        while back < PACKETS {
            while sent < PACKETS && sent - back < OUT {
                let Some(packet) = source.try_alloc(SIZE)? else { break };
                packet.view().write(0, &[sent as u8; SIZE])?;
                source.try_submit(packet, &()).map_err(|refused| refused.why)?;
                sent += 1;
            }
            while source.try_acked()?.is_some() {
                back += 1;
            }
        }
        Ok(())
    };
    let sink = move || {
        let mut sink = SinkEnd::<Packets, _>::new(same)?;
        let (mut done, mut into) = (0, [0; SIZE]);
        while done < PACKETS {
            while let Some(packet) = sink.try_next()? {
                packet.view()?.read(0, black_box(&mut into))?;
                sink.try_ack(packet, &()).map_err(|refused| refused.why)?;
                done += 1;
            }
            spin_loop();
        }
        Ok(())
    };
    both(cpus, source, sink)
}

/// Sends packets through the bare ring.
pub(crate) fn bare(cpus: [usize; 2]) -> Result<f64, StreamError> {
    let ring = Bare::new(SLOTS, SIZE)?;
    let source = || {
        let (mut sent, mut back) = (0, 0);
        while back < PACKETS {
            while sent < PACKETS && sent - back < OUT {
                ring.memory.write(ring.place(), &[sent as u8; SIZE])?;
                ring.submit();
                sent += 1;
            }
            while let Some(at) = ring.acked() {
                black_box(at);
                back += 1;
            }
        }
        Ok(())
    };
    let sink = || {
        let (mut done, mut into) = (0, [0; SIZE]);
        while done < PACKETS {
            while let Some(at) = ring.take() {
                ring.memory.read(at, black_box(&mut into))?;
                ring.ack();
                done += 1;
            }
            spin_loop();
        }
        Ok(())
    };
    both(cpus, source, sink)
}
