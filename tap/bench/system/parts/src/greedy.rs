//! rs_bench_greedy: takes all it can get of what its role says, for ever, while another component
//! measures its calls.
#![no_main]
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use genode::{node::Node, prelude::*, session::rom::RomConnection};
use genode_args::cost;
use genode_host_proto::PAGE;
use genode_host_proto::control::Request;
use genode_host_proto::interface::region_map::Attr;
use genode_host_proto::opcode::OPCODES;
use genode_sys::{RS_ENV_PD, rs_cap_drop, rs_cap_t, rs_env_cap};
use rs_raw::past::ask;
use rs_raw::{self as seam, Amount};

/// Objects of an entrypoint that is made and removed.
const OBJECTS: usize = 400;
/// Bytes of a dataspace that is written to and freed.
const BYTES: usize = 32 << 20;
/// Regions of a map that show one page.
const REGIONS: usize = 2000;
/// Threads that never rest.
const THREADS: usize = 64;

/// Makes entrypoints with many objects, and removes them.
fn objects() {
    let Some((made, _)) = ask(Request::EpCreate, &[], None) else { return };
    let ep = [made.arg(0)];
    for _ in 0..OBJECTS {
        if ask(Request::ObjectCreate, &ep, None).is_none() {
            break;
        }
    }
    let _ = ask(Request::EpDestroy, &ep, None);
}

/// Has memory, touches it all, and frees it.
fn memory() {
    let Ok(ds) = seam::alloc(BYTES) else { return };
    if let Ok(addr) = seam::attach(ds, true) {
        for page in (0..BYTES).step_by(PAGE) {
            // SAFETY: attached above, as many bytes, by nobody else.
            unsafe { std::ptr::with_exposed_provenance_mut::<u8>(addr + page).write_volatile(1) };
        }
        // SAFETY: attached above, and not used any more.
        unsafe { genode_sys::rs_detach(addr) };
    }
    seam::free(ds);
}

/// Attaches a page many times, and frees it.
fn maps(session: rs_cap_t) {
    let made = seam::call(session, OPCODES.rm.create, &[], |body| {
        body.put(&((REGIONS * PAGE) as u64));
    });
    let (map, Ok(page)) = (made.map_or(0, |answer| answer.cap()), seam::alloc(PAGE)) else {
        return;
    };
    let attr =
        Attr { size: 0, offset: 0, use_at: false, at: 0, executable: false, writeable: true };
    for _ in 0..REGIONS {
        let _ = seam::call(map, OPCODES.region_map.attach, &[page], |body| {
            body.put(&attr);
        });
    }
    // SAFETY: no precondition; the environment's capability is ours.
    let pd = unsafe { rs_env_cap(RS_ENV_PD) };
    let _ = seam::call(pd, OPCODES.pd.free_ram, &[page], |_| {});
    let _ = seam::call(session, OPCODES.rm.destroy, &[map], |_| {});
    for cap in [page, map] {
        // SAFETY: our own references.
        unsafe { rs_cap_drop(cap) };
    }
}

/// Runs on every CPU that there is.
fn spins() {
    let threads = (0..THREADS).map_while(|_| {
        let thread = std::thread::Builder::new().stack_size(64 << 10);
        thread
            .spawn(|| {
                loop {
                    std::hint::spin_loop();
                }
            })
            .ok()
    });
    log!("{} threads spin", threads.count());
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let text = RomConnection::open(env, "config")?.read(PAGE)?;
    let Ok(config) = Node::parse(&text) else { return Err(Error::Invalid) };
    match config.attr("role") {
        Some("objects") => loop {
            objects();
        },
        Some("memory") => loop {
            memory();
        },
        Some("maps") => {
            let donation = Amount::new(cost::RM.ram.0 + (1 << 20), cost::RM.caps.0 + 9);
            let (_, session) = seam::open("RM", "", donation).map_err(|_| Error::Invalid)?;
            loop {
                maps(session);
            }
        }
        Some("spins") => spins(),
        _ => return Err(Error::Invalid),
    }
    Ok(())
}
