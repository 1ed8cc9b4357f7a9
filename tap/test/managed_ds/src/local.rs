//! Region maps of the component's own.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use genode::{
    affinity::Location,
    dataspace::{Attach, Attached, PAGE_SIZE, RamDataspace, Rights, SharedRam},
    entrypoint::{DEFAULT_STACK, Entrypoint},
    prelude::*,
    region_map::{Access, RegionMap, RmSession},
    thread,
};

use rs_checks::{Test, at, ensure};

const WRITE: Attach = Attach { offset: 0, size: None, at: None, rights: Rights::WRITE };
const READ: Attach = Attach { rights: Rights::empty(), ..WRITE };

fn map(env: Env, pages: usize) -> Test<RegionMap> {
    let rm = RmSession::open(env).map_err(at("RM session"))?;
    rm.create(pages * PAGE_SIZE).map_err(at("region map"))
}

fn view(map: &RegionMap) -> Test<Attached> {
    let dataspace = map.dataspace().map_err(at("dataspace of a region map"))?;
    Attached::writeable(&dataspace).map_err(at("attach a managed dataspace"))
}

/// The word at a page.
fn word(memory: &Attached, page: usize) -> Test<u64> {
    memory.load_u64(page * PAGE_SIZE, Ordering::Relaxed).map_err(at("read"))
}

fn set(memory: &Attached, page: usize, value: u64) -> Test {
    let word = memory.atomic_u64(page * PAGE_SIZE).map_err(at("write"))?;
    word.store(value, Ordering::Relaxed);
    Ok(())
}

fn ram(pages: usize) -> Test<SharedRam> {
    SharedRam::new(pages * PAGE_SIZE).map_err(at("RAM"))
}

/// Two dataspaces look like one, attached before and after the managed one is.
pub(crate) fn side_by_side(env: Env) -> Test {
    let map = map(env, 6)?;
    let (first, second) = (ram(2)?, ram(3)?);
    set(&first, 1, 11)?;
    let size = map.attach(first.cap(), 0, &WRITE).map_err(at("attach the first"))?;
    ensure("as large as the dataspace", size == 2 * PAGE_SIZE)?;
    let info = map.dataspace().and_then(|ds| ds.info()).map_err(at("size"))?;
    ensure("the managed one is as large as its map", info.size == 6 * PAGE_SIZE)?;
    let memory = view(&map)?;
    let size = map.attach(second.cap(), 2 * PAGE_SIZE, &WRITE).map_err(at("attach the second"))?;
    ensure("as large as the second", size == 3 * PAGE_SIZE)?;
    ensure("what was there before", word(&memory, 1)? == 11)?;
    let text = b"across the border of two dataspaces";
    memory.write(2 * PAGE_SIZE - 9, text).map_err(at("write"))?;
    let mut seen = [0; 9];
    first.read(2 * PAGE_SIZE - 9, &mut seen).map_err(at("read"))?;
    ensure("the end of the first", seen == text[..9])?;
    let mut seen = [0; 26];
    second.read(0, &mut seen).map_err(at("read"))?;
    ensure("the start of the second", seen == text[9..])?;
    set(&second, 2, 22)?;
    ensure("and back", word(&memory, 4)? == 22)?;
    // A part of a dataspace, for reading.
    let part = Attach { offset: 2 * PAGE_SIZE, ..READ };
    map.attach(second.cap(), 5 * PAGE_SIZE, &part).map_err(at("attach a part"))?;
    ensure("the part", word(&memory, 5)? == 22)?;
    log!("two dataspaces side by side");
    Ok(())
}

pub(crate) fn conflicts(env: Env) -> Test {
    let map = map(env, 8)?;
    let ram = ram(2)?;
    map.attach(ram.cap(), 2 * PAGE_SIZE, &WRITE).map_err(at("attach"))?;
    for page in [1, 2, 3, 7, 8, usize::MAX / PAGE_SIZE] {
        let refused = map.attach(ram.cap(), page * PAGE_SIZE, &WRITE);
        ensure("a range in use, or outside", refused == Err(Error::RegionConflict))?;
    }
    let outside = Attach { offset: 2 * PAGE_SIZE, ..WRITE };
    let refused = map.attach(ram.cap(), 4 * PAGE_SIZE, &outside);
    ensure("more than the dataspace has", refused == Err(Error::RegionConflict))?;
    let nothing = map.attach(&Capability::INVALID, 4 * PAGE_SIZE, &WRITE);
    ensure("no dataspace", nothing == Err(Error::Invalid))?;
    let unaligned = map.attach(ram.cap(), 4 * PAGE_SIZE, &Attach { offset: 8, ..WRITE });
    ensure("part of a page", unaligned == Err(Error::Invalid))?;
    map.attach(ram.cap(), 4 * PAGE_SIZE, &WRITE).map_err(at("attach again"))?;
    map.attach(ram.cap(), 0, &WRITE).map_err(at("attach in front"))?;
    let empty = RmSession::open(env).map_err(at("RM session"))?.create(0);
    ensure("an empty map", matches!(empty, Err(Error::Denied)))?;
    log!("conflicts are refused");
    Ok(())
}

pub(crate) fn taken_away(env: Env) -> Test {
    let map = map(env, 2)?;
    let (first, second) = (ram(1)?, ram(1)?);
    set(&first, 0, 1)?;
    set(&second, 0, 2)?;
    let memory = view(&map)?;
    for round in 0..20 {
        let (ds, value) = if round % 2 == 0 { (&first, 1) } else { (&second, 2) };
        map.attach(ds.cap(), PAGE_SIZE, &WRITE).map_err(at("attach"))?;
        ensure("what is attached", word(&memory, 1)? == value)?;
        map.detach(PAGE_SIZE);
    }
    drop(memory);
    map.attach(first.cap(), PAGE_SIZE, &WRITE).map_err(at("attach"))?;
    ensure("a second view", word(&view(&map)?, 1)? == 1)?;
    log!("attached and detached");
    Ok(())
}

/// A map in a map in a map, and no circle.
pub(crate) fn nested(env: Env) -> Test {
    let rm = RmSession::open(env).map_err(at("RM session"))?;
    let maps = (0..3)
        .map(|_| rm.create(4 * PAGE_SIZE))
        .collect::<Result<Vec<_>, _>>()
        .map_err(at("region maps"))?;
    let names = maps.iter().map(RegionMap::dataspace).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(at("dataspaces"))?;
    let part = Attach { offset: PAGE_SIZE, ..WRITE };
    maps[0].attach(&names[1], PAGE_SIZE, &part).map_err(at("attach a managed dataspace"))?;
    maps[1]
        .attach(&names[2], 2 * PAGE_SIZE, &Attach { size: Some(PAGE_SIZE), ..part })
        .map_err(at("another"))?;
    let ram = ram(1)?;
    let memory = view(&maps[0])?;
    maps[2].attach(ram.cap(), PAGE_SIZE, &WRITE).map_err(at("attach RAM"))?;
    set(&memory, 2, 33)?;
    ensure("through three maps", word(&ram, 0)? == 33)?;
    maps[2].detach(PAGE_SIZE);
    let other = self::ram(1)?;
    maps[2].attach(other.cap(), PAGE_SIZE, &WRITE).map_err(at("attach other RAM"))?;
    ensure("what is there now", word(&memory, 2)? == 0)?;
    log!("nested three deep");
    Ok(())
}

/// Once a map is destroyed nobody sees what was in it, wherever it was attached: a thread that never stops looking does not
/// either. It waits until there is something else.
pub(crate) fn destroyed(env: Env) -> Test {
    const ROUNDS: u64 = 100;
    let outer = map(env, 1)?;
    let memory = Arc::new(view(&outer)?);
    let last = Arc::new(AtomicU64::new(0));
    let wrong = Arc::new(AtomicU64::new(0));
    let reader = thread::Builder::new("reader")
        .spawn({
            let (memory, last, wrong) = (memory.clone(), last.clone(), wrong.clone());
            move || {
                while last.load(Ordering::Relaxed) < ROUNDS {
                    match word(&memory, 0) {
                        Ok(u64::MAX) => wrong.store(1, Ordering::Relaxed),
                        Ok(value) => last.store(value, Ordering::Relaxed),
                        Err(_) => break,
                    }
                }
            }
        })
        .map_err(at("thread"))?;
    let rm = RmSession::open(env).map_err(at("RM session"))?;
    for round in 1..=ROUNDS {
        let inner = rm.create(PAGE_SIZE).map_err(at("region map"))?;
        let ram = ram(1)?;
        set(&ram, 0, round)?;
        inner.attach(ram.cap(), 0, &WRITE).map_err(at("attach"))?;
        let dataspace = inner.dataspace().map_err(at("dataspace of a region map"))?;
        outer.attach(&dataspace, 0, &WRITE).map_err(at("attach a managed dataspace"))?;
        while last.load(Ordering::Relaxed) < round {
            core::hint::spin_loop();
        }
        drop(inner);
        set(&ram, 0, u64::MAX)?;
        // As long as a mapping that was left would take to be looked at.
        for _ in 0..10_000 {
            core::hint::spin_loop();
        }
    }
    reader.join().map_err(at("join"))?;
    ensure("what was in a map that is destroyed", wrong.load(Ordering::Relaxed) == 0)?;
    log!("destroyed maps show nothing");
    Ok(())
}

/// As many maps as the quota pays for, and then an answer.
pub(crate) fn out_of_quota(env: Env) -> Test {
    let before = env.quota();
    let rm = RmSession::open(env).map_err(at("RM session"))?;
    let mut maps = Vec::with_capacity(4096);
    let error = loop {
        match rm.create(PAGE_SIZE) {
            Ok(map) if maps.len() < 4096 => maps.push(map),
            Ok(_) => return Err("the quota has no end".into()),
            Err(error) => break error,
        }
    };
    ensure("out of quota", matches!(error, Error::OutOfCaps | Error::OutOfRam))?;
    ensure("after some maps", !maps.is_empty())?;
    maps.pop();
    drop(rm.create(PAGE_SIZE).map_err(at("one more after one less"))?);
    drop(maps);
    drop(rm);
    let after = env.quota();
    ensure("the capabilities are back", after.caps_limit == before.caps_limit)?;
    log!("out of quota is an answer");
    Ok(())
}

/// Another entrypoint of the component provides what its threads access.
pub(crate) fn own_pager(env: Env) -> Test {
    const PAGES: usize = 32;
    let map = map(env, PAGES)?;
    let memory = view(&map)?;
    // On Genode a thread that faults before there is a handler never goes on.
    let ready = Arc::new(AtomicBool::new(false));
    let handled = ready.clone();
    Entrypoint::spawn("pager", DEFAULT_STACK, Location::cpu(0, 0), move |ep| {
        let mut pages = Vec::new();
        let map = alloc::rc::Rc::new(map);
        let handler = SignalHandler::new(ep, {
            let map = map.clone();
            move |_| {
                while let Ok(Some(fault)) = map.fault() {
                    let Ok(ram) = RamDataspace::new(PAGE_SIZE) else { return };
                    if fault.access != Access::Write
                        || map.attach(ram.cap(), fault.at, &WRITE).is_err()
                    {
                        error!("{fault:?} is not what was expected");
                    }
                    pages.push(ram);
                }
            }
        });
        if let Ok(handler) = &handler
            && let Err(e) = map.set_fault_handler(Some(handler))
        {
            error!("fault handler: {e}");
        }
        handled.store(true, Ordering::Release);
        (handler, map)
    })
    .map_err(at("entrypoint"))?;
    while !ready.load(Ordering::Acquire) {
        core::hint::spin_loop();
    }
    let memory = Arc::new(memory);
    let threads = (0..4)
        .map(|n| {
            let memory = memory.clone();
            thread::Builder::new("writer").spawn(move || {
                let own = (n..PAGES).step_by(4);
                own.clone().all(|page| set(&memory, page, page as u64 + 1).is_ok())
                    && own.clone().all(|page| word(&memory, page) == Ok(page as u64 + 1))
            })
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(at("threads"))?;
    let right = threads.into_iter().filter_map(|t| t.join().ok()).filter(|ok| *ok).count();
    ensure("each thread got its pages", right == 4)?;
    log!("{PAGES} pages provided to 4 threads by an entrypoint");
    Ok(())
}
