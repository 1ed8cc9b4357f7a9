//! Attempts at capabilities: what was not given cannot be named, what was taken back cannot be used.
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use genode_sys::*;
use rs_host_proto::control::{Packet, request, status};
use rs_host_proto::opcode::{OPCODES, cost, rom};
use rs_host_proto::slot::Slot;
use rs_host_proto::sync::{AtomicU32, Looks, Ordering};
use rs_host_proto::sys::{self, Fds, Futex};
use rs_host_proto::wire::Affinity;
use rs_host_proto::{CONTROL_FD, GRANTS, INVALID_OBJECT, MAX_BODY, PAGE};
use rustix::net::{RecvFlags, SendFlags};

use crate::{Tally, seam};

/// A descriptor by its number.
fn descriptor(number: i32) -> BorrowedFd<'static> {
    // SAFETY: 0 to 2 are null devices, 3 is the socket to core; nobody closes one of the seam's own meanwhile, and a
    // number that is not open is what the kernel says it is.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Asks core directly, past the seam.
fn ask(op: u64, args: &[u64], cap: Option<BorrowedFd<'_>>) -> Option<(Packet, Fds)> {
    let control = descriptor(CONTROL_FD);
    sys::send_packet(control, &Packet::new(op, args), cap.as_slice(), SendFlags::empty()).ok()?;
    let mut fds = Fds::default();
    let packet = sys::recv_packet(control, &mut fds, RecvFlags::empty()).ok()??;
    (packet.op() == status::OK).then_some((packet, fds))
}

pub(crate) fn run(tally: &mut Tally) {
    names(tally);
    objects(tally);
    slots(tally);
    sessions(tally);
    threads(tally);
}

/// Descriptors that are no capabilities.
fn names(tally: &mut Tally) {
    let claims = |fd| ask(request::CLAIM, &[], fd).is_some();
    tally.attempt("claim a file as a capability", claims(Some(descriptor(0))));
    tally.attempt("claim its socket to core", claims(Some(descriptor(CONTROL_FD))));
    tally.attempt("claim nothing", claims(None));
    tally.attempt("say hello again", ask(request::HELLO, &[], None).is_some());
}

/// Entrypoints and objects of its own, and of others.
fn objects(tally: &mut Tally) {
    let other = (0..4096).any(|ep| ask(request::EP_DESTROY, &[ep], None).is_some() && ep == 0);
    tally.attempt("end core's entrypoint", other);
    let Some((made, _fds)) = ask(request::EP_CREATE, &[], None) else {
        return tally.control("make an entrypoint", false);
    };
    let ep = made.arg(0);
    let Some((made, [Some(cap), ..])) = ask(request::OBJECT_CREATE, &[ep], None) else {
        return tally.control("make an object", false);
    };
    tally.control("make an object at its own entrypoint", true);
    let id = made.arg(0);
    let at_others = (0..ep).any(|e| ask(request::OBJECT_CREATE, &[e], None).is_some());
    tally.attempt("make an object at another's entrypoint", at_others);
    let destroys = (1..id).any(|o| ask(request::OBJECT_DESTROY, &[o], None).is_some());
    tally.attempt("destroy another's object, by every number so far", destroys);
    let releases = (1..id).any(|c| ask(request::SLOT_OPEN, &[c], None).is_some_and(|_| c < 3));
    tally.attempt("call through another's channel", releases);

    tally.control("claim its own object", ask(request::CLAIM, &[], Some(cap.as_fd())).is_some());
    tally.control("destroy its own object", ask(request::OBJECT_DESTROY, &[id], None).is_some());
    tally.attempt("destroy it again", ask(request::OBJECT_DESTROY, &[id], None).is_some());
    let replayed = ask(request::CLAIM, &[], Some(cap.as_fd())).is_some();
    tally.attempt("replay the capability of a destroyed object", replayed);
    tally.control("end its own entrypoint", ask(request::EP_DESTROY, &[ep], None).is_some());
    tally.attempt("end it again", ask(request::EP_DESTROY, &[ep], None).is_some());
}

/// A slot of its own, filled in as it likes, past the seam.
struct RawSlot {
    page: *const Slot,
    _socket: OwnedFd,
    number: u16,
}

/// Words of a slot that lie about the message: its length, its capabilities.
const LENGTH: usize = 1;
const CAPABILITIES: usize = 3;

impl RawSlot {
    /// A slot on some channel that the component has, and an index that it was granted there.
    fn new() -> Option<(Self, u32)> {
        (4..256).find_map(|number| {
            let (claim, _fds) = ask(request::CLAIM, &[], Some(descriptor(number)))?;
            let (made, fds) = ask(request::SLOT_OPEN, &[claim.arg(0)], None)?;
            let [Some(memory), Some(socket), ..] = fds else { return None };
            let page = sys::map(&memory, PAGE, true).ok()?;
            let number = made.arg(1) as u16;
            Some((
                Self { page: page.cast_const().cast(), _socket: socket, number },
                claim.arg(1) as u32,
            ))
        })
    }

    /// Calls by an index with an opcode that no object has; the answer's word. `lie` changes a word meanwhile.
    fn call(&self, index: u32, lie: Option<(usize, u32)>) -> Option<i64> {
        // SAFETY: a slot is atomics, valid for any bits; mapped for the rest of the program.
        let slot = unsafe { &*self.page };
        slot.post(index, &u64::MAX.to_le_bytes(), 0, 0).ok()?;
        if let Some((word, value)) = lie {
            // SAFETY: a word of the page, which consists of atomics.
            unsafe { (*self.page.cast::<AtomicU32>().add(word)).store(value, Ordering::SeqCst) };
        }
        // Which pipe is the doorbell is the seam's knowledge: every one is rung.
        for pipe in (4..256).map(descriptor) {
            let kind = |s: rustix::fs::Stat| rustix::fs::FileType::from_raw_mode(s.st_mode);
            if rustix::fs::fstat(pipe).map(kind) == Ok(rustix::fs::FileType::Fifo) {
                let _ = rustix::io::write(pipe, &self.number.to_ne_bytes());
            }
        }
        let mut body = [0; MAX_BODY];
        slot.wait(&Futex, &mut Looks(0), &mut body).ok().map(|reply| reply.protocol)
    }
}

/// Calls past the seam, by indices of the grants table.
fn slots(tally: &mut Tally) {
    let Some((slot, granted)) = RawSlot::new() else {
        return tally.control("open a slot of its own", false);
    };
    let served = |index| slot.call(index, None).is_some_and(|p| p != INVALID_OBJECT);
    tally.control("call what it was granted by its index", served(granted));
    let guesses = (64..GRANTS as u32).step_by(61).chain([0, GRANTS as u32, u32::MAX]);
    tally.attempt("call by an index that it was not granted", { guesses }.any(served));
    for (what, word) in [("length", LENGTH), ("number of capabilities", CAPABILITIES)] {
        let answered = slot.call(granted, Some((word, u32::MAX))).is_some();
        tally.control(&format!("a call with an impossible {what} is answered"), answered);
    }
    tally.control("and an honest one after it", served(granted));
}

/// Sessions of its own, closed ones, and those that it has no route to.
fn sessions(tally: &mut Tally) {
    let Some((id, cap)) = seam::open("ROM", "module", cost::ROM.ram, cost::ROM.caps) else {
        return tally.control("open a session that it has a route to", false);
    };
    tally.control("open a session that it has a route to", true);
    let dataspace = || seam::call(cap, rom::DATASPACE, &[], |_| {});
    tally.control("call it", dataspace().is_some_and(|(p, ..)| p == 0));
    // SAFETY: no precondition.
    unsafe { rs_session_close(id) };
    tally.attempt("replay a closed session", dataspace().is_some_and(|(p, ..)| p == 0));
    for service in ["Timer", "IO_MEM", "IRQ", "VM", "Nothing"] {
        let opened = seam::open(service, "", 1 << 16, 8).is_some();
        tally.attempt(&format!("open a session of {service}, which it has no route to"), opened);
    }
    let stolen = seam::open("ROM", "secret", cost::ROM.ram, cost::ROM.caps).is_some();
    tally.attempt("open a ROM module of another", stolen);
    let voices = seam::open("LOG", "a\n[core] forged", cost::LOG.ram, cost::LOG.caps);
    tally.attempt("open a session with a label of two lines", voices.is_some());
    let long = "x".repeat(300);
    let long = seam::open("LOG", &long, cost::LOG.ram, cost::LOG.caps);
    tally.attempt("open a session with a label that no label is as long as", long.is_some());
    for (ram, caps) in [(u64::MAX, 2), (1 << 63, 2), (cost::LOG.ram, u64::MAX)] {
        let huge = seam::open("LOG", "", ram, caps).is_some();
        tally.attempt(&format!("open a session with {ram} bytes and {caps} caps"), huge);
    }
    // SAFETY: no precondition; the environment's capability is ours.
    let pd = unsafe { rs_env_cap(RS_ENV_PD) };
    let gift = |to| {
        let answer = seam::call(pd, OPCODES.pd.transfer_ram, &[to], |w| {
            w.u64(4096);
        });
        answer.is_some_and(|(p, result, _)| p == 0 && result as i32 == 0)
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
            w.string(b"t", 32).affinity(&Affinity::default()).u64(0);
        });
        made.map(|(.., cap)| cap).filter(|cap| *cap != 0)
    };
    let made = (0..1000).map_while(make).count();
    tally.control("make a thread object that its CPU session pays for", made > 0);
    tally.attempt("make a thousand thread objects", made == 1000);
}
