//! rs_nic_hostile: a client of a Nic server that breaks each rule of the streams: never
//! acknowledges, floods, changes packets and queues while the server reads them, writes indices
//! that cannot be, and ends with packets out.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;

use fastrand::Rng;
use genode::{
    connection::Connection,
    dataspace::{Area, Attached},
    packet_stream::{RxChannelClient, SinkEnd, SourceEnd, TxChannelClient},
    prelude::*,
    quota::RamQuota,
    session::nic::{Frames, MAX_FRAME, NicSession},
    signal::Transmitter,
};
use rs_checks::scribble;

/// Bytes of each buffer.
const BUFFER: usize = 256 << 10;
/// Signals of a flood, and writes into memory that the server reads.
const ROUNDS: u32 = 20_000;

/// A session with its memory in reach, and the server's handlers.
struct Session {
    _open: Connection<dyn NicSession>,
    source: SourceEnd<Frames, Attached>,
    sink: SinkEnd<Frames, Attached>,
    /// Of the server: new frames, and acknowledged ones.
    server: [Transmitter; 2],
}

impl Session {
    fn open(env: Env, label: &str) -> Result<Self, Error> {
        let session = Connection::<dyn NicSession>::builder(label)
            .arg("tx_buf_size", BUFFER as u64)
            .arg("rx_buf_size", BUFFER as u64)
            .ram(RamQuota(2 * BUFFER as u64 + (64 << 10)))
            .open(env)?;
        let (tx, rx) =
            (TxChannelClient::new(session.tx_cap()?), RxChannelClient::new(session.rx_cap()?));
        let attach = |ds| Attached::writeable(&ds);
        let source = SourceEnd::new(attach(tx.dataspace()?)?, 0).map_err(|_| Error::Invalid)?;
        let sink = SinkEnd::new(attach(rx.dataspace()?)?).map_err(|_| Error::Invalid)?;
        let server = [Transmitter::new(tx.packet_avail()?), Transmitter::new(rx.ack_avail()?)];
        Ok(Self { _open: session, source, sink, server })
    }

    /// Submits frames until there is no room, among them some that are none; returns how many.
    fn fill(&mut self, size: usize) -> u32 {
        for count in 0.. {
            let size = if count % 7 == 6 { MAX_FRAME + 1 } else { size };
            let Ok(Some(packet)) = self.source.try_alloc(size) else { return count };
            if self.source.try_submit(packet, &()).is_err() {
                return count;
            }
        }
        0
    }

    fn signal(&self) {
        for server in &self.server {
            server.submit();
        }
    }

    /// Takes what came back: acknowledgements, and frames if they shall be acknowledged.
    fn take(&mut self, frames: bool) {
        while let Ok(Some(acked)) = self.source.try_acked() {
            drop(acked);
        }
        while let Ok(Some(frame)) = if frames { self.sink.try_next() } else { Ok(None) } {
            let _ = self.sink.try_ack(frame, &()); // nothing is owed to a server that broke it
        }
    }
}

/// Sends as much as there is room for, again and again, and acknowledges nothing.
fn never_acknowledge(env: Env) -> Result<Session, Error> {
    let mut session = Session::open(env, "hoarder")?;
    for round in 0..ROUNDS {
        session.fill(64);
        session.signal();
        // The server's acknowledgements are taken at times, so that only the echoes stop it.
        if round % 100 == 0 {
            session.take(false);
        }
    }
    log!("never acknowledges: all packets are out");
    Ok(session)
}

/// Signals as often as it can, with nothing or little to do.
fn flood(env: Env) -> Result<(), Error> {
    let mut session = Session::open(env, "flood")?;
    for round in 0..ROUNDS {
        if round % 16 == 0 {
            session.fill(1);
            session.take(true);
        }
        session.signal();
    }
    log!("flooded");
    Ok(())
}

/// Changes descriptors and indices of both streams while the server reads them.
fn change(env: Env, seed: u64) -> Result<(), Error> {
    let mut session = Session::open(env, "changer")?;
    let mut random = Rng::with_seed(seed);
    for round in 0..ROUNDS {
        if round % 64 == 0 {
            session.take(true);
            session.fill(64);
            session.signal();
        }
        let tx = random.bool();
        let memory: &Area = if tx { session.source.memory() } else { session.sink.memory() };
        scribble::<Frames>(memory, BUFFER, 1100, &mut random)?;
    }
    Ok(())
}

/// Ends with packets in all queues and in the server's hands.
fn die(env: Env) -> Result<Vec<Session>, Error> {
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let mut session = Session::open(env, "dying")?;
        session.fill(64);
        session.signal();
        sessions.push(session);
    }
    log!("ends with packets out");
    Ok(sessions)
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let hoarder = never_acknowledge(env)?;
    flood(env)?;
    for seed in 1..=4 {
        change(env, seed)?;
    }
    log!("changed what the server reads");
    let _sessions = (hoarder, die(env)?);
    env.exit(0)
}
