//! Heap, dataspaces, quotas.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::sync::atomic::Ordering;

use genode::{
    dataspace::{Attached, PAGE_SIZE, PrivateRam, RamDataspace, SharedRam},
    prelude::*,
};

use rs_checks::{at, ensure};

/// The heap grows, keeps what it holds apart, aligns, and gives RAM back.
pub(crate) fn heap(env: Env) -> Result<(), String> {
    let before = env.quota();
    {
        let mut blocks: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for n in 0..200 {
            blocks.insert(n, vec![n as u8; n * 37 + 1]);
        }
        for n in (0..200).step_by(3) {
            blocks.remove(&n);
        }
        for (n, block) in &blocks {
            ensure!(
                block.len() == n * 37 + 1 && block.iter().all(|byte| *byte == *n as u8),
                "heap block {n} was overwritten"
            );
        }
        #[repr(align(256))]
        struct Aligned([u8; 300]);
        let aligned: Vec<Box<Aligned>> = (0..10).map(|n| Box::new(Aligned([n; 300]))).collect();
        for (n, block) in aligned.iter().enumerate() {
            let address = core::ptr::from_ref::<Aligned>(block).addr();
            ensure!(address.is_multiple_of(256), "block at {address:#x} is not aligned to 256");
            ensure!(block.0.iter().all(|byte| *byte == n as u8), "aligned block {n} overwritten");
        }
        let large = vec![7_u8; 1 << 20];
        ensure!(large.iter().all(|byte| *byte == 7), "1 MiB block was overwritten");
        let during = env.quota();
        ensure!(
            during.ram_used.0 >= before.ram_used.0 + (1 << 20),
            "1 MiB on the heap, but only {} of RAM used",
            during.ram_used
        );
    }
    let after = env.quota();
    ensure!(
        after.ram_used.0 < before.ram_used.0 + (1 << 20),
        "the heap kept {} after everything was freed, {} before",
        after.ram_used,
        before.ram_used
    );
    let mut none: Vec<u8> = Vec::new();
    for size in [1 << 46, isize::MAX as usize / 2, isize::MAX as usize - 1, isize::MAX as usize] {
        ensure!(none.try_reserve_exact(size).is_err(), "{size} bytes were allocated");
    }
    let mut some = vec![1_u8; 100];
    ensure!(some.try_reserve_exact(isize::MAX as usize - 100).is_err(), "a block grew without end");
    ensure!(some.iter().all(|byte| *byte == 1), "a block was lost that could not grow");
    log!("heap: ok");
    Ok(())
}

/// What cannot be done is refused by an error that tells what was asked and what is allowed.
fn refused<T>(result: &Result<T, Error>, message: &str) -> Result<(), String> {
    match result {
        Ok(_) => Err(alloc::format!("not refused: {message}")),
        Err(error) => {
            ensure!(error.to_string() == message, "'{error}' instead of '{message}'");
            Ok(())
        }
    }
}

/// Dataspaces are zeroed, shared by capability, bounded, and accounted.
pub(crate) fn dataspaces(env: Env) -> Result<(), String> {
    let before = env.quota();
    {
        let mut private = PrivateRam::new(3 * PAGE_SIZE - 5, None).map_err(at("private RAM"))?;
        ensure!(private.len() == 3 * PAGE_SIZE, "size is {}", private.len());
        ensure!(private.iter().all(|byte| *byte == 0), "RAM is not zeroed");
        private.fill(0xa5);
    }
    {
        // What was dirty must come back clean.
        let private = PrivateRam::new(3 * PAGE_SIZE, None).map_err(at("private RAM again"))?;
        ensure!(private.iter().all(|byte| *byte == 0), "reused RAM is not zeroed");
    }
    {
        let shared = SharedRam::new(2 * PAGE_SIZE).map_err(at("shared RAM"))?;
        let other = Attached::read_only(shared.cap()).map_err(at("second mapping"))?;
        shared.write(PAGE_SIZE - 3, b"across pages").map_err(at("write"))?;
        let mut seen = [0; 12];
        other.read(PAGE_SIZE - 3, &mut seen).map_err(at("read"))?;
        ensure!(&seen == b"across pages", "the second mapping shows {seen:?}");
        refused(
            &other.write(0, b"x"),
            "write at byte 0 of a read-only mapping: map it by Attached::writeable",
        )?;
        refused(
            &shared.write(2 * PAGE_SIZE - 1, b"xy"),
            "access up to byte 8193 of a mapping of 8192 bytes",
        )?;
        refused(
            &other.read(usize::MAX, &mut seen),
            "access up to byte 18446744073709551615 of a mapping of 8192 bytes",
        )?;
        refused(
            &other.load_u64(9, Ordering::Acquire),
            "word at byte 9 of a mapping: take a multiple of 8",
        )?;
    }
    let used = env.quota();
    ensure!(
        used.ram_used == before.ram_used && used.caps_used == before.caps_used,
        "quota did not return: RAM {} -> {}, caps {} -> {}",
        before.ram_used,
        used.ram_used,
        before.caps_used,
        used.caps_used
    );
    refused(&RamDataspace::new(0), "RAM of 0 bytes: take 1 or more")?;
    refused(
        &PrivateRam::new(PAGE_SIZE, Some(99)),
        "RAM at NUMA node 99: there is no such node, or this system does not place memory; None is any",
    )?;
    log!("dataspaces: ok");
    Ok(())
}

/// Running out is an answer, and over when something is freed.
pub(crate) fn exhaustion(env: Env) -> Result<(), String> {
    let available = env.quota().ram_avail();
    let Err(error) = RamDataspace::new(available.0 as usize + PAGE_SIZE) else {
        return Err("more RAM than the quota was allocated".into());
    };
    ensure!(error == Error::OutOfRam, "too much RAM is answered by: {error}");

    let chunk = (available.0 as usize / 4).next_multiple_of(PAGE_SIZE);
    let mut chunks = Vec::with_capacity(8);
    let error = loop {
        match RamDataspace::new(chunk) {
            Ok(ds) if chunks.len() < 8 => chunks.push(ds),
            Ok(_) => return Err("the RAM quota has no end".into()),
            Err(error) => break error,
        }
    };
    ensure!(error == Error::OutOfRam, "exhausted RAM is answered by: {error}");
    chunks.pop();
    drop(RamDataspace::new(chunk).map_err(at("allocation after a free"))?);
    drop(chunks);
    ensure!(env.quota().ram_avail() == available, "RAM got lost");
    log!("exhaustion: ok");
    Ok(())
}
