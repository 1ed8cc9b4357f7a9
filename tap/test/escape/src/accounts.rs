//! Attempts at accounts, and at other kinds of objects: what is given back twice counts once, what belongs to others cannot
//! be given back at all, and an object of one kind is no object of another.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use genode_affinity::{Affinity, Location, Space};
use genode_args::cost;
use genode_host_proto::control::Request;
use genode_host_proto::interface::parent::{ServiceName, SessionArgs};
use genode_host_proto::interface::pd::{Referred, Transferred};
use genode_host_proto::opcode::{OPCODES, env_id};
use genode_sys::*;
use genode_wire::{ExceptionCode, FixedString};
use rs_raw::past::{DESCRIPTORS, ask, descriptor};
use rs_raw::{self as seam, Amount};

use crate::Tally;

pub(crate) fn run(tally: &mut Tally) {
    twice(tally);
    donations(tally);
    kinds(tally);
    threads(tally);
    environment(tally);
    pages(tally);
}

/// What the component has left, and what it uses.
fn left() -> (u64, u64, u64, u64) {
    let quota = seam::quota();
    (quota.ram_limit, quota.ram_used, quota.caps_limit, quota.caps_used)
}

/// Tells whether something changed the component's accounts in its favour.
fn gains(attempt: impl FnOnce()) -> bool {
    let before = left();
    attempt();
    let after = left();
    after.0 > before.0 || after.1 < before.1 || after.2 > before.2 || after.3 < before.3
}

fn pd() -> rs_cap_t {
    // SAFETY: no precondition; the environment's capability is ours.
    unsafe { rs_env_cap(RS_ENV_PD) }
}

fn cpu() -> rs_cap_t {
    // SAFETY: no precondition; the environment's capability is ours.
    unsafe { rs_env_cap(RS_ENV_CPU) }
}

fn parent() -> rs_cap_t {
    // SAFETY: no precondition; the environment's capability is ours.
    unsafe { rs_env_cap(RS_ENV_PARENT) }
}

/// Tells a PD session to free a dataspace.
fn free(at: rs_cap_t, ds: rs_cap_t) {
    let _ = seam::call(at, OPCODES.pd.free_ram, &[ds], |_| {});
}

/// Calls of the parent with a number and a text.
fn ask_parent(opcode: u64, id: u64, args: Option<&str>) -> bool {
    let answer = seam::call(parent(), opcode, &[], |body| {
        body.put(&id);
        if let Some(args) = args.and_then(SessionArgs::new) {
            body.put(&args);
        }
    });
    answer.is_ok_and(|answer| answer.code == ExceptionCode::SUCCESS)
}

/// Things that can be given back once.
fn twice(tally: &mut Tally) {
    let Ok(ds) = seam::alloc(8192) else { return tally.control("allocate RAM", false) };
    let used = seam::quota().ram_used;
    free(pd(), ds);
    tally.control("free its RAM", seam::quota().ram_used + 8192 == used);
    tally.attempt("free its RAM once more", gains(|| free(pd(), ds)));
    // SAFETY: our own reference.
    unsafe { rs_cap_drop(ds) };
    tally.attempt("allocate nothing", seam::alloc(0).is_ok());
    let far = |node: u32| {
        let answer = seam::call(pd(), OPCODES.pd.alloc_ram_on_node, &[], |body| {
            body.put(&4096_u64).put(&2_u32).put(&node);
        });
        answer.is_ok_and(|answer| answer.cap() != 0)
    };
    tally.attempt("allocate on nodes that there are not", far(1 << 20) || far(u32::MAX));
    let Ok((id, _)) = seam::open("ROM", "module", cost::ROM) else {
        return tally.control("open a session", false);
    };
    tally.control("close a session", ask_parent(OPCODES.parent.close, id, None));
    let again = gains(|| {
        for _ in 0..8 {
            ask_parent(OPCODES.parent.close, id, None);
        }
    });
    tally.attempt("close it again, for its donation", again);
    let before = left();
    for _ in 0..200 {
        if let Ok((id, _)) = seam::open("LOG", "many", cost::LOG) {
            // SAFETY: no precondition.
            unsafe { rs_session_close(id) };
        }
    }
    tally.control("have everything back after two hundred sessions", left() == before);
}

/// What is offered with sessions.
fn donations(tally: &mut Tally) {
    let odd = [
        "ram_quota=18446744073709551615",
        "ram_quota=1, ram_quota=4194304",
        "ram_quota=-1",
        "ram_quota=0x7fffffffffffffff, cap_quota=0x7fffffffffffffff",
        "cap_quota=4294967296",
        "ram_quota=99999999999999999999999999",
    ];
    let Ok((id, _)) = seam::open("LOG", "odd", cost::LOG) else {
        return tally.control("open a session to upgrade", false);
    };
    let before = left();
    for args in odd {
        let upgraded = gains(|| {
            ask_parent(OPCODES.parent.upgrade, id, Some(args));
        });
        tally.attempt(&format!("gain by an upgrade with {args}"), upgraded);
    }
    // SAFETY: no precondition.
    unsafe { rs_session_close(id) };
    let after = left();
    tally.attempt("have more limit after that", after.0 > before.0 + cost::LOG.ram.0);
    for opcode in [OPCODES.parent.session_for, OPCODES.parent.close_for] {
        let others = (0..64_u64).any(|payer| {
            let answer = seam::call(parent(), opcode, &[], |body| {
                body.put(&700_u64);
                if opcode == OPCODES.parent.session_for
                    && let (Some(service), Some(args)) =
                        (ServiceName::new("LOG"), SessionArgs::new("ram_quota=32768, cap_quota=3"))
                {
                    body.put(&service).put(&args).put(&Affinity::default());
                }
                body.put(&payer).put(&Amount::new(0, 0));
            });
            answer.is_ok_and(|answer| answer.code == ExceptionCode::SUCCESS)
        });
        tally.attempt("have its parent let somebody else pay", others);
    }
}

/// Objects of one kind where another kind is meant.
fn kinds(tally: &mut Tally) {
    let open =
        |service, label, amount| seam::open(service, label, amount).map_or(0, |(_, cap)| cap);
    let module = open("ROM", "module", cost::ROM);
    let log = open("LOG", "kinds", cost::LOG);
    let rm = open("RM", "", cost::RM);
    let ds = seam::call(module, OPCODES.rom.dataspace, &[], |_| {}).map_or(0, |a| a.cap());
    let all = [
        ("ROM session", module),
        ("LOG session", log),
        ("RM session", rm),
        ("module", ds),
        ("CPU session", cpu()),
    ];
    for (what, cap) in all {
        let answer = seam::call(pd(), OPCODES.pd.transfer_ram, &[cap], |body| {
            body.put(&4096_u64);
        });
        let given = answer.is_ok_and(|answer| answer.result() != Ok(Transferred::Invalid));
        tally.attempt(&format!("give RAM to a {what}"), given);
        let freed = gains(|| free(pd(), cap));
        tally.attempt(&format!("free a {what} as RAM"), freed);
        let thread = seam::call(cpu(), OPCODES.cpu.create_thread, &[cap], |body| {
            body.put(&FixedString::<32>::EMPTY).put(&Location::default()).put(&0_u64);
        });
        tally.attempt(&format!("make a thread of a {what}"), thread.is_ok_and(|a| a.cap() != 0));
    }
    let read = seam::attach(ds, false).is_ok_and(|addr| {
        // SAFETY: attached for reading just now.
        let first = unsafe { std::ptr::with_exposed_provenance::<u8>(addr).read_volatile() };
        first == b'w' // as the run script has it
    });
    tally.control("the module is there after all that", read);
    let refer = seam::call(pd(), OPCODES.pd.ref_account, &[pd()], |_| {});
    tally.attempt(
        "be its own reference account",
        refer.is_ok_and(|a| a.result() == Ok(Referred::Ok)),
    );
}

/// Threads that another CPU session paid for.
fn threads(tally: &mut Tally) {
    let second = seam::open("CPU", "second", cost::CPU).map_or(0, |(_, cap)| cap);
    tally.control("open a CPU session of its own", second != 0);
    let make = |session| {
        let made = seam::call(session, OPCODES.cpu.create_thread, &[pd()], |body| {
            body.put(&FixedString::<32>::EMPTY).put(&Location::default()).put(&0_u64);
        });
        made.ok().map(|answer| answer.cap()).filter(|cap| *cap != 0)
    };
    let kill = |session, thread: rs_cap_t| {
        let _ = seam::call(session, OPCODES.cpu.kill_thread, &[thread], |_| {});
    };
    let all: Vec<_> = (0..1000).map_while(|_| make(second)).collect();
    tally.control("make as many threads as it pays for", !all.is_empty() && all.len() < 1000);
    if let Some(one) = all.first() {
        kill(cpu(), *one);
        tally.attempt("end a thread of another CPU session", make(second).is_some());
        kill(second, *one);
        tally.control("end it by its own", make(second).is_some());
        kill(second, *one);
        tally.attempt("end it twice, for what it took", make(second).is_some());
    }
    // A place beyond its own: in an affinity space of one CPU, everything.
    let id = 900_u64;
    let whole = Affinity { space: Space::new(1, 1), location: Location::new(-1, 0, 4, 1) };
    let opened = seam::call(parent(), OPCODES.parent.session, &[], |body| {
        let args = "label=\"wide\", ram_quota=65536, cap_quota=8";
        if let (Some(service), Some(args)) = (ServiceName::new("CPU"), SessionArgs::new(args)) {
            body.put(&id).put(&service).put(&args).put(&whole);
        }
    });
    let cap = opened.map_or(0, |answer| answer.cap());
    let space = seam::call(cap, OPCODES.cpu.affinity_space, &[], |_| {});
    let cpus = space.ok().and_then(|answer| answer.result::<Space>().ok());
    let wide = cpus.is_some_and(|space| space.width * space.height > 1);
    tally.attempt("have a CPU session beyond its place", wide);
}

/// The sessions that it was born with.
fn environment(tally: &mut Tally) {
    for (what, id) in
        [("PD", env_id::PD), ("CPU", env_id::CPU), ("LOG", env_id::LOG), ("ROM", env_id::BINARY)]
    {
        let gained = gains(|| {
            ask_parent(OPCODES.parent.close, id, None);
            ask_parent(OPCODES.parent.upgrade, id, Some("ram_quota=18446744073709550000"));
        });
        tally.attempt(&format!("gain by closing the {what} session of its environment"), gained);
    }
    tally.control("still allocate after that", seam::alloc(4096).map(seam::free).is_ok());
    let limit = seam::quota().ram_limit;
    let args = FixedString::<160>::new("ram_quota=1073741824").unwrap_or_default();
    let _ = seam::call(parent(), OPCODES.parent.resource_request, &[], |body| {
        body.put(&args);
    });
    tally.attempt("have a gigabyte by asking for it", seam::quota().ram_limit > limit);
}

/// Pages, pipes and sockets that core made, and that are no capabilities.
fn pages(tally: &mut Tally) {
    let claimed = DESCRIPTORS.map(descriptor).any(|fd| {
        let capability = rustix::fs::fstat(fd).is_ok_and(|stat| {
            rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
        });
        !capability && ask(Request::Claim, &[], Some(fd)).is_some()
    });
    tally.attempt("claim a pipe or a socket as a capability", claimed);
    let Some((_, fds)) = ask(Request::EpCreate, &[], None) else {
        return tally.control("make an entrypoint", false);
    };
    let claimed = fds
        .iter()
        .flatten()
        .any(|fd| ask(Request::Claim, &[], Some(std::os::fd::AsFd::as_fd(fd))).is_some());
    tally.attempt("claim what an entrypoint consists of", claimed);
    let viewed = fds
        .iter()
        .flatten()
        .any(|fd| ask(Request::ViewOpen, &[0, 4096], Some(std::os::fd::AsFd::as_fd(fd))).is_some());
    tally.attempt("map it as managed memory", viewed);
}
