//! rs_part_block_test: clients of partitions, and beside them one of the whole device, which sees
//! what they do to it.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, string::String, vec, vec::Vec};

use genode::{
    connection::Connection,
    prelude::*,
    quota::RamQuota,
    session::block::{BlockConnection, BlockError, BlockSession, Operation},
    task::Tasks,
};
use rs_checks::{Test, at, ensure};

/// Bytes of the buffers.
const BUFFER: usize = 256 << 10;
/// Bytes of a block.
const BLOCK: usize = 512;

fn open(env: Env, label: &str) -> Result<BlockConnection, String> {
    BlockConnection::open(env, label, BUFFER).map_err(|error| alloc::format!("{label}: {error}"))
}

fn denied(env: Env, label: &str) -> Test {
    let opened = BlockConnection::open(env, label, BUFFER).map(drop);
    ensure(label, opened == Err(BlockError::from(Error::Denied)))
}

/// Reads blocks of the device that a partition lies on, and some around.
async fn around(device: &BlockConnection, first: u64, count: u64) -> Result<[Vec<u8>; 3], String> {
    let mut parts = [vec![0; BLOCK], vec![0; count as usize * BLOCK], vec![0; BLOCK]];
    for (place, part) in [first - 1, first, first + count].into_iter().zip(&mut parts) {
        device.read_at(place, part).await.map_err(at("read the device"))?;
    }
    Ok(parts)
}

/// Fills a partition, and looks at the device.
async fn translated(disk: &BlockConnection, device: &BlockConnection, first: u64) -> Test {
    let count = disk.info().block_count;
    let [before, _, behind] = around(device, first, count).await?;
    let all: Vec<u8> = (0..count as usize * BLOCK).map(|at| (at / 7 + at) as u8 | 1).collect();
    disk.write_at(0, &all).await.map_err(at("write"))?;
    disk.sync().await.map_err(at("sync"))?;
    let parts = around(device, first, count).await?;
    ensure("the device has it there, and nowhere else", parts == [before, all.clone(), behind])?;
    let mut back = vec![0; all.len()];
    disk.read_at(0, &mut back).await.map_err(at("read"))?;
    ensure("it is read again", back == all)?;
    disk.trim(3, 2).await.map_err(at("trim"))?;
    let [_, after, _] = around(device, first, count).await?;
    let mut trimmed = all;
    trimmed[3 * BLOCK..5 * BLOCK].fill(0);
    ensure("trimmed blocks are the partition's", after == trimmed)
}

/// Asks for what lies beside a partition, which others have.
async fn outside(disk: &BlockConnection) -> Test {
    let end = disk.info().block_count;
    for (block, count) in [(end, 1), (end - 1, 2), (u64::MAX, 1), (u64::MAX - 63, 2), (0, u64::MAX)]
    {
        for operation in [Operation::Read, Operation::Write] {
            let packet = disk.alloc(2).await.map_err(at("alloc"))?;
            let answer = disk.request(operation, block, count, Some(packet)).await.map(drop);
            ensure("out of range", answer == Err(BlockError::Failed))?;
        }
        let answer = disk.request(Operation::Trim, block, count, None).await.map(drop);
        ensure("trim out of range", answer == Err(BlockError::Failed))?;
    }
    Ok(())
}

/// Opens a session for a part of a partition.
fn part(env: Env, label: &str, offset: u64, count: u64) -> Result<u64, Error> {
    let session = Connection::<dyn BlockSession>::builder(label)
        .arg("tx_buf_size", BUFFER as u64)
        .arg("offset", offset)
        .arg("num_blocks", count)
        .ram(RamQuota(BUFFER as u64 + (14 << 10)))
        .open(env)?;
    Ok(session.info()?.block_count)
}

async fn partitions(env: Env, device: &BlockConnection) -> Test {
    let (one, three) = (open(env, "one")?, open(env, "three")?);
    log!("{} and {} blocks", one.info().block_count, three.info().block_count);
    translated(&three, device, 1300).await?;
    translated(&one, device, 64).await?;
    log!("requests reach their partition's blocks and no others");
    outside(&three).await?;
    outside(&one).await?;
    log!("what is out of range fails");
    denied(env, "one")?;
    drop(one);
    drop(open(env, "one")?);
    log!("a partition is one client's at a time");
    ensure("a part", part(env, "one", 10, 20) == Ok(20))?;
    ensure("no more than there is", part(env, "one", 590, 1000) == Ok(10))?;
    ensure("none outside", part(env, "one", 600, 1) == Err(Error::Denied))?;
    log!("a client may ask for a part of a partition");
    let reader = open(env, "last")?;
    ensure("it is read-only", !reader.info().writeable)?;
    ensure("write", reader.write_at(0, &[1; BLOCK]).await == Err(BlockError::Failed))?;
    reader.read_at(0, &mut [0; BLOCK]).await.map_err(at("read"))?;
    drop(reader);
    log!("a partition that a policy does not say is writeable is read-only");
    for label in ["overlap", "overlapped", "beyond", "absent", "none", "stranger", "zero"] {
        denied(env, label)?;
    }
    log!("partitions that overlap, are out of range or absent are denied");
    faults(env, &three).await?;
    log!("faulty blocks fail, and a device that shrank costs those beyond its end alone");
    Ok(())
}

/// Asks for what the device cannot do.
async fn faults(env: Env, good: &BlockConnection) -> Test {
    let bad = open(env, "bad")?;
    let mut blocks = vec![0; 8 * BLOCK];
    for round in 0..20 {
        let failed = bad.read_at(5, &mut blocks).await;
        ensure("a faulty block", failed == Err(BlockError::Failed))?;
        let failed = bad.write_at(5, &blocks).await;
        ensure("a faulty block", failed == Err(BlockError::Failed))?;
        let filled = vec![round + 1; 8 * BLOCK];
        bad.write_at(20, &filled).await.map_err(at("write beside faulty blocks"))?;
        bad.read_at(20, &mut blocks).await.map_err(at("read beside faulty blocks"))?;
        ensure("good blocks keep what they have", blocks == filled)?;
        good.write_at(0, &filled).await.map_err(at("write elsewhere"))?;
        good.read_at(0, &mut blocks).await.map_err(at("read elsewhere"))?;
        ensure("others keep what they have", blocks == filled)?;
    }
    good.sync().await.map_err(at("sync"))?;
    // The device is smaller by now, for those that come.
    denied(env, "small")?;
    drop(open(env, "one")?);
    Ok(())
}

async fn logical(env: Env, device: &BlockConnection) -> Test {
    for (label, first, count) in [("one", 64, 600), ("five", 700, 100), ("seven", 1200, 300)] {
        let disk = open(env, label)?;
        ensure(label, disk.info().block_count == count)?;
        translated(&disk, device, first).await?;
    }
    denied(env, "two")?;
    denied(env, "eight")?;
    log!("primary and logical partitions are served, an extended one is not");
    Ok(())
}

async fn test(env: Env) -> Test {
    let device = open(env, "device")?;
    let config = env.config().read().map_err(at("config"))?;
    match config.attr("table") {
        Some("mbr") => logical(env, &device).await,
        _ => partitions(env, &device).await,
    }
}

#[genode::component]
fn main(env: Env) -> Result<Rc<Tasks>, Error> {
    log!("--- partitions test ---");
    let tasks = Rc::new(Tasks::new(env.ep())?);
    tasks.spawn(async move {
        match test(env).await {
            Ok(()) => log!("--- partitions test finished ---"),
            Err(why) => {
                error!("failed: {why}");
                env.exit(1)
            }
        }
        env.exit(0)
    });
    Ok(tasks)
}
