//! Attempts at capabilities: what was not given cannot be named, what was taken back cannot be used.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::AsFd;

use genode_affinity::Location;
use genode_args::cost;
use genode_host_proto::control::Request;
use genode_host_proto::interface::pd::Transferred;
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::{CONTROL_FD, GRANTS};
use genode_sys::*;
use genode_wire::{ExceptionCode, FixedString};
use rs_raw::past::{CAPABILITIES, DESCRIPTORS, LENGTH, RawSlot, ask, claim, descriptor};
use rs_raw::{self as seam, Amount};

use crate::Tally;

pub(crate) fn run(tally: &mut Tally) {
    names(tally);
    objects(tally);
    slots(tally);
    sessions(tally);
    threads(tally);
}

/// Descriptors that are no capabilities.
fn names(tally: &mut Tally) {
    let claims = |fd| ask(Request::Claim, &[], fd).is_some();
    tally.attempt("claim a file as a capability", claims(Some(descriptor(0))));
    tally.attempt("claim its socket to core", claims(Some(descriptor(CONTROL_FD))));
    tally.attempt("claim nothing", claims(None));
    tally.attempt("say hello again", ask(Request::Hello, &[], None).is_some());
}

/// Entrypoints and objects of its own, and of others.
fn objects(tally: &mut Tally) {
    let other = (0..4096).any(|ep| ask(Request::EpDestroy, &[ep], None).is_some() && ep == 0);
    tally.attempt("end core's entrypoint", other);
    let Some((made, _fds)) = ask(Request::EpCreate, &[], None) else {
        return tally.control("make an entrypoint", false);
    };
    let ep = made.arg(0);
    let Some((made, [Some(cap), ..])) = ask(Request::ObjectCreate, &[ep], None) else {
        return tally.control("make an object", false);
    };
    tally.control("make an object at its own entrypoint", true);
    let id = made.arg(0);
    let at_others = (0..ep).any(|e| ask(Request::ObjectCreate, &[e], None).is_some());
    tally.attempt("make an object at another's entrypoint", at_others);
    let destroys = (1..id).any(|o| ask(Request::ObjectDestroy, &[o], None).is_some());
    tally.attempt("destroy another's object, by every number so far", destroys);
    let releases = (1..id).any(|c| ask(Request::SlotOpen, &[c], None).is_some_and(|_| c < 3));
    tally.attempt("call through another's channel", releases);

    tally.control("claim its own object", ask(Request::Claim, &[], Some(cap.as_fd())).is_some());
    tally.control("destroy its own object", ask(Request::ObjectDestroy, &[id], None).is_some());
    tally.attempt("destroy it again", ask(Request::ObjectDestroy, &[id], None).is_some());
    let replayed = ask(Request::Claim, &[], Some(cap.as_fd())).is_some();
    tally.attempt("replay the capability of a destroyed object", replayed);
    tally.control("end its own entrypoint", ask(Request::EpDestroy, &[ep], None).is_some());
    tally.attempt("end it again", ask(Request::EpDestroy, &[ep], None).is_some());
}

/// A slot on some channel that the component has, and an index that it was granted there.
fn some_slot() -> Option<(RawSlot, u32)> {
    DESCRIPTORS
        .filter_map(claim)
        .find_map(|(channel, index, _)| Some((RawSlot::open(channel)?, index)))
}

/// Calls by an index with an opcode that no object has; the answer's exception code. `lie` changes a word meanwhile.
fn nonsense(slot: &RawSlot, index: u32, lie: Option<(usize, u32)>) -> Option<ExceptionCode> {
    if !slot.post(index, &u64::MAX.to_le_bytes()) {
        return None;
    }
    if let Some((word, value)) = lie {
        slot.write(word, value);
    }
    slot.ring();
    slot.wait().map(|(reply, _)| reply.code)
}

/// Calls past the seam, by indices of the grants table.
fn slots(tally: &mut Tally) {
    let Some((slot, granted)) = some_slot() else {
        return tally.control("open a slot of its own", false);
    };
    let served = |index| {
        nonsense(&slot, index, None).is_some_and(|code| code != ExceptionCode::INVALID_OBJECT)
    };
    tally.control("call what it was granted by its index", served(granted));
    let guesses = (64..GRANTS as u32).step_by(61).chain([0, GRANTS as u32, u32::MAX]);
    tally.attempt("call by an index that it was not granted", { guesses }.any(served));
    for (what, word) in [("length", LENGTH), ("number of capabilities", CAPABILITIES)] {
        let answered = nonsense(&slot, granted, Some((word, u32::MAX))).is_some();
        tally.control(&format!("a call with an impossible {what} is answered"), answered);
    }
    tally.control("and an honest one after it", served(granted));
}

/// Sessions of its own, closed ones, and those that it has no route to.
fn sessions(tally: &mut Tally) {
    let Ok((id, cap)) = seam::open("ROM", "module", cost::ROM) else {
        return tally.control("open a session that it has a route to", false);
    };
    tally.control("open a session that it has a route to", true);
    let dataspace = || seam::call(cap, OPCODES.rom.dataspace, &[], |_| {});
    tally.control("call it", dataspace().is_ok_and(|answer| answer.code == ExceptionCode::SUCCESS));
    // SAFETY: no precondition.
    unsafe { rs_session_close(id) };
    let replayed = dataspace().is_ok_and(|answer| answer.code == ExceptionCode::SUCCESS);
    tally.attempt("replay a closed session", replayed);
    for service in ["Timer", "IO_MEM", "IRQ", "VM", "Nothing"] {
        let opened = seam::open(service, "", Amount::new(1 << 16, 8)).is_ok();
        tally.attempt(&format!("open a session of {service}, which it has no route to"), opened);
    }
    let stolen = seam::open("ROM", "secret", cost::ROM).is_ok();
    tally.attempt("open a ROM module of another", stolen);
    let voices = seam::open("LOG", "a\n[core] forged", cost::LOG);
    tally.attempt("open a session with a label of two lines", voices.is_ok());
    let long = "x".repeat(300);
    let long = seam::open("LOG", &long, cost::LOG);
    tally.attempt("open a session with a label that no label is as long as", long.is_ok());
    for (ram, caps) in [(u64::MAX, 2), (1 << 63, 2), (cost::LOG.ram.0, u64::MAX)] {
        let huge = seam::open("LOG", "", Amount::new(ram, caps)).is_ok();
        tally.attempt(&format!("open a session with {ram} bytes and {caps} caps"), huge);
    }
    // SAFETY: no precondition; the environment's capability is ours.
    let pd = unsafe { rs_env_cap(RS_ENV_PD) };
    let gift = |to| {
        let answer = seam::call(pd, OPCODES.pd.transfer_ram, &[to], |w| {
            w.put(&4096_u64);
        });
        answer.is_ok_and(|a| a.result() == Ok(Transferred::Ok))
    };
    tally.attempt("transfer quota to itself", gift(pd));
    // SAFETY: as above.
    let parent = unsafe { rs_env_cap(RS_ENV_PARENT) };
    tally.attempt("take the parent for a PD session", gift(parent));
}

/// Thread objects, each of which takes a descriptor of core's.
fn threads(tally: &mut Tally) {
    // SAFETY: no precondition; the environment's capabilities are ours.
    let (cpu, pd) = unsafe { (rs_env_cap(RS_ENV_CPU), rs_env_cap(RS_ENV_PD)) };
    let make = |_| {
        let made = seam::call(cpu, OPCODES.cpu.create_thread, &[pd], |w| {
            w.put(&FixedString::<32>::EMPTY).put(&Location::default()).put(&0_u64);
        });
        made.ok().map(|answer| answer.cap()).filter(|cap| *cap != 0)
    };
    let made = (0..1000).map_while(make).count();
    tally.control("make a thread object that its CPU session pays for", made > 0);
    tally.attempt("make a thousand thread objects", made == 1000);
}
