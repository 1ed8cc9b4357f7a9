//! Heap, dataspaces, quotas.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec, vec::Vec};

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
    ensure!(none.try_reserve(1 << 46).is_err(), "64 TiB were allocated");
    log!("heap: ok");
    Ok(())
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
        ensure!(other.write(0, b"x") == Err(Error::Denied), "a read-only mapping was written");
        ensure!(
            shared.write(2 * PAGE_SIZE - 1, b"xy") == Err(Error::Invalid),
            "a write past the end was taken"
        );
        ensure!(
            other.read(usize::MAX, &mut seen) == Err(Error::Invalid),
            "a read that wraps around was taken"
        );
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
    ensure!(RamDataspace::new(0).is_err(), "an empty dataspace was allocated");
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
