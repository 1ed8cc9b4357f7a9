//! rs_block_hostile: a client of a Block server that breaks each rule of the stream: never takes an
//! acknowledgement, floods, changes packets and queues while the server reads them, writes indices
//! that cannot be, and ends with packets out.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;

use fastrand::Rng;
use genode::{
    connection::Connection,
    dataspace::Attached,
    packet_stream::{Protocol, SourceEnd, TxChannelClient},
    prelude::*,
    quota::RamQuota,
    session::block::{Block, BlockSession, Header, Operation},
    signal::Transmitter,
};
use rs_checks::scribble;

/// Bytes of the buffers.
const BUFFER: usize = 256 << 10;
/// Signals of a flood, and writes into memory that the server reads.
const ROUNDS: u32 = 20_000;

/// A session with its memory in reach, and the server's handler.
struct Session {
    _open: Connection<dyn BlockSession>,
    source: SourceEnd<Block, Attached>,
    server: Transmitter,
}

impl Session {
    fn open(env: Env, label: &str) -> Result<Self, Error> {
        let session = Connection::<dyn BlockSession>::builder(label)
            .arg("tx_buf_size", BUFFER as u64)
            .ram(RamQuota(BUFFER as u64 + (14 << 10)))
            .open(env)?;
        let channel = TxChannelClient::new(session.tx_cap()?);
        let memory = Attached::writeable(&channel.dataspace()?)?;
        let source =
            SourceEnd::new(memory, session.info()?.align_log2).map_err(|_| Error::Invalid)?;
        let server = Transmitter::new(channel.packet_avail()?);
        Ok(Self { _open: session, source, server })
    }

    /// Submits writes until the queue is full; returns how many.
    fn fill(&mut self, tag: u64) -> u32 {
        for count in 0.. {
            let Ok(Some(packet)) = self.source.try_alloc(512) else { return count };
            let operation = if count % 2 == 0 { Operation::Read } else { Operation::Write };
            let header = Header { operation, tag, block: 0, count: 1, success: true };
            if self.source.try_submit(packet, &header).is_err() {
                return count;
            }
        }
        0
    }
}

/// Submits as much as there is room for, again and again, and takes no acknowledgement.
fn never_acknowledge(env: Env) -> Result<Session, Error> {
    let mut session = Session::open(env, "hoarder")?;
    let mut submitted = 0;
    for _ in 0..ROUNDS {
        submitted += session.fill(1);
        session.server.submit();
    }
    // The server took what its acknowledgements have room for, and the buffer's packets are all
    // out.
    log!("never acknowledges: all {} packets are out", submitted.min(9_999));
    Ok(session)
}

/// Signals as often as it can, with nothing or little to do.
fn flood(env: Env) -> Result<(), Error> {
    let mut session = Session::open(env, "flood")?;
    for round in 0..ROUNDS {
        if round % 16 == 0 {
            session.fill(2);
            while let Ok(Some(acked)) = session.source.try_acked() {
                drop(acked);
            }
        }
        session.server.submit();
    }
    log!("flooded");
    Ok(())
}

/// Changes descriptors, indices and content while the server reads them.
fn change(env: Env, seed: u64) -> Result<(), Error> {
    let mut session = Session::open(env, "changer")?;
    let mut random = Rng::with_seed(seed);
    for round in 0..ROUNDS {
        if round % 64 == 0 {
            // So that the server goes on: it does nothing for a client whose acknowledgements have
            // no room.
            for _ in 0..Block::ACK_QUEUE {
                drop(session.source.try_acked());
            }
            session.fill(3);
            session.server.submit();
        }
        scribble::<Block>(session.source.memory(), BUFFER, 300, &mut random)?;
    }
    Ok(())
}

/// Ends with packets in both queues and in the server's hands. Some servers take one session alone.
fn die(env: Env) -> Result<Vec<Session>, Error> {
    let config = env.config().read().map_err(Error::from)?;
    let mut sessions = Vec::new();
    for _ in 0..config.attr_or("dying", 4) {
        let mut session = Session::open(env, "dying")?;
        session.fill(4);
        session.server.submit();
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
