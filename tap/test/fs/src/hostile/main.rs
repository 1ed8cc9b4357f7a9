//! rs_fs_hostile: a client that breaks every rule of its session. After each attempt, a session
//! that keeps the rules must be served.
#![no_std]
#![no_main]

extern crate alloc;

mod peer;

use alloc::{string::String, vec::Vec};

use genode::{
    fs::{FileSystem, Mode},
    prelude::*,
    session::file_system::{DirEntry, Header, NodeHandle, Operation, SEEK_TAIL},
};
use rs_checks::{Test, ensure};

use crate::peer::{BULK, Peer, SLOTS};

/// Names the step that an error comes from.
fn at<E: core::fmt::Display>(step: &str) -> impl Fn(E) -> String + use<'_, E> {
    move |error| alloc::format!("{step}: {error}")
}

/// Says that an honest session is served still.
fn honest(fs: &FileSystem, after: &str) -> Test {
    let path = "/honest";
    let written = fs.wait(async {
        fs.write(path, after.as_bytes()).await?;
        fs.read(path, 1000).await
    });
    let read = written.map_err(at(after))?;
    ensure!(read == after.as_bytes(), "after {after} the file has {read:?}");
    log!("served after {after}");
    Ok(())
}

fn request(handle: u64, operation: Operation) -> Header {
    Header::request(NodeHandle(handle), operation)
}

/// Packets that must be answered without success, each with its place.
fn wrong(peer: &Peer) -> Test<Vec<([u64; 2], Header)>> {
    let file = peer.file("f", Mode::all())?;
    let reader = peer.file("f", Mode::READ)?;
    let stat = peer.file("f", Mode::empty())?;
    let (directory, watch) = (peer.directory()?, peer.watch()?);
    let closed = peer.file("f", Mode::all())?;
    peer.close(closed)?;
    let whole = [BULK, 4096];
    let bytes = |handle, operation, position, length| {
        (whole, Header { position, length, ..request(handle, operation) })
    };
    let mut wrong = Vec::new();
    for handle in [0, closed, 9999, u64::from(u32::MAX), u64::MAX, directory, stat, watch] {
        wrong.push(bytes(handle, Operation::Write, 0, 10));
    }
    for handle in [0, closed, u64::MAX, stat, watch] {
        wrong.push(bytes(handle, Operation::Read, 0, 10));
        wrong.push((whole, request(handle, Operation::Sync)));
    }
    wrong
        .retain(|&(_, header)| !(header.code == Operation::Sync as u32 && header.handle.0 == stat));
    wrong.push(bytes(reader, Operation::Write, 0, 10));
    wrong.push(bytes(reader, Operation::WriteTimestamp, 0, 0));
    // Lengths and positions.
    for operation in [Operation::Read, Operation::Write] {
        wrong.push(bytes(file, operation, 0, 4097));
        wrong.push(bytes(file, operation, 0, u64::MAX));
    }
    wrong.push(bytes(file, Operation::Write, u64::MAX - 1, 10));
    wrong.push(bytes(file, Operation::Write, i64::MAX as u64, 10));
    // Places outside of the bulk buffer.
    for place in [[0, 4096], [BULK - 8, 4096], [peer.size() - 1, 4096], [peer.size(), 1]] {
        for operation in [Operation::Read, Operation::Write] {
            wrong.push((place, Header { length: 1, ..request(file, operation) }));
        }
    }
    for place in [[u64::MAX, 4096], [BULK, u64::MAX], [1 << 63, 1 << 63]] {
        wrong.push((place, Header { length: 4096, ..request(file, Operation::Write) }));
    }
    // Operations.
    wrong.push((whole, request(file, Operation::ContentChanged)));
    wrong.push((whole, Header { code: 6, ..request(file, Operation::Read) }));
    wrong.push((whole, Header { code: u32::MAX, ..request(file, Operation::Read) }));
    // Directories are read by whole entries.
    let size = <DirEntry as genode::rpc::Wire>::SIZE as u64;
    for (position, length) in [(1, size), (0, size - 1), (0, 0), (SEEK_TAIL, size)] {
        wrong.push(bytes(directory, Operation::Read, position, length));
    }
    Ok(wrong)
}

fn descriptors(env: Env) -> Test {
    let peer = Peer::open(env)?;
    let wrong = wrong(&peer)?;
    for (number, (place, header)) in wrong.iter().enumerate() {
        peer.submit(*place, header);
        let (back, answer) = peer.acked();
        ensure!(back == *place, "packet {number}: {place:x?} came back as {back:x?}");
        ensure!(answer.handle == header.handle && answer.code == header.code, "packet {number}");
        ensure!(!answer.succeeded, "packet {number} was done: {header:?}");
    }
    // One that is right, twice: two requests.
    let file = peer.file("f", Mode::all())?;
    let right = Header { length: 8, ..request(file, Operation::Write) };
    for _ in 0..2 {
        peer.submit([BULK, 8], &right);
    }
    for _ in 0..2 {
        let (_, answer) = peer.acked();
        ensure!(answer.succeeded && answer.length == 8, "{answer:?}");
    }
    log!("{} packets were refused", wrong.len());
    Ok(())
}

/// Fills the queue again and again, and takes no answers.
fn flood(env: Env) -> Test<(Peer, usize)> {
    let peer = Peer::open(env)?;
    let file = peer.file("flood", Mode::all())?;
    let header = Header { length: 4096, ..request(file, Operation::Write) };
    // As many as both queues hold, and some: the server stops when there is no room for its
    // answers.
    let mut sent = 0;
    for _ in 0..4 * SLOTS {
        if peer.try_submit([BULK, 4096], &header) {
            sent += 1;
        } else {
            peer.ring();
        }
    }
    peer.ring();
    Ok((peer, sent))
}

/// Takes the answers after all: none is lost.
fn collect((peer, sent): (Peer, usize)) -> Test {
    for number in 0..sent {
        let (_, answer) = peer.acked();
        ensure!(answer.succeeded && answer.length == 4096, "answer {number}: {answer:?}");
        // There is room for another one.
        peer.ring();
    }
    Ok(())
}

/// Sets the indices to where they cannot be.
fn indices(env: Env) -> Test<Vec<Peer>> {
    let mut peers = Vec::new();
    for index in [SLOTS as u32, u32::MAX, 1 << 31] {
        for offset in [0, 4, peer::ACKS, peer::ACKS + 4] {
            let peer = Peer::open(env)?;
            peer.poke(offset, index);
            peer.ring();
            // Calls work as before.
            peer.directory()?;
            peers.push(peer);
        }
    }
    Ok(peers)
}

fn run(env: Env) -> Test {
    let fs = FileSystem::builder("/").label("honest").open(env).map_err(at("session"))?;
    honest(&fs, "nothing")?;
    descriptors(env)?;
    honest(&fs, "wrong descriptors")?;
    let flood = flood(env)?;
    honest(&fs, "a flood")?;
    collect(flood)?;
    honest(&fs, "its answers")?;
    let flood = self::flood(env)?;
    let indices = indices(env)?;
    honest(&fs, "wrong indices")?;
    drop((flood, indices));
    honest(&fs, "sessions that closed with packets out")?;
    // What dies with packets out and everything open.
    let left = [self::flood(env)?, self::flood(env)?];
    let watch = fs.watch("/honest").map_err(at("watch"))?;
    fs.wait(fs.write("/done", b"")).map_err(at("last write"))?;
    log!("dies with packets out");
    core::mem::forget((left, watch));
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    run(env)?;
    env.exit(0)
}
