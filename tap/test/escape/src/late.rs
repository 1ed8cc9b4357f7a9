//! rs_late: asks its parent for sessions that take their server long, and does not wait as it should: it makes another call in
//! the slot, takes the slot back, or closes the session from elsewhere. What comes late is to harm nobody else.
#![no_main]

use std::time::Duration;

use genode_affinity::Affinity;
use genode_host_proto::interface::parent::{Closed, ServiceName, SessionArgs};
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::slot;
use genode_wire::{Caps, ExceptionCode, Reader};
use rs_raw::past::{DESCRIPTORS, RawSlot, STATE, claim};
use rs_raw::{Body, NoCap, exit, log, quota};

/// Longer than a request is under way, and shorter than the server takes.
const SOON: Duration = Duration::from_millis(500);
/// Longer than the server takes.
const LATE: Duration = Duration::from_secs(5);

fn body(fill: impl FnOnce(&mut Body)) -> Vec<u8> {
    let mut body = Body::default();
    fill(&mut body);
    body.get().unwrap_or_default().to_vec()
}

/// Whether a reply brings a session, or says why not.
fn brings(body: &[u8]) -> Option<bool> {
    Reader::new(body, &mut Caps::<NoCap>::new()).take().ok()
}

/// A request for a session, which takes a while.
fn session(id: u64) -> Vec<u8> {
    body(|w| {
        let args = SessionArgs::new("label=\"late\", ram_quota=32768, cap_quota=8");
        if let (Some(service), Some(args)) = (ServiceName::new("Storm"), args) {
            w.put(&OPCODES.parent.session).put(&id).put(&service).put(&args);
        }
        w.put(&Affinity::default());
    })
}

/// The parent as seen past the runtime.
struct Parent {
    channel: u64,
    index: u32,
    slot: RawSlot,
    wrong: i32,
}

impl Parent {
    fn find() -> Option<Self> {
        // What is not core's is the parent's or our own; the parent was there before.
        let others = DESCRIPTORS.filter_map(claim).filter(|(.., ep)| *ep != 0);
        let (channel, index, _) = others.min_by_key(|(.., ep)| *ep)?;
        Some(Self { channel, index, slot: RawSlot::open(channel)?, wrong: 0 })
    }

    fn expect(&mut self, what: &str, so: bool) {
        log(&format!("{}: {what}", if so { "as it should be" } else { "WRONG" }));
        self.wrong += i32::from(!so);
    }

    /// Begins a call and leaves it alone for a moment; whether it waits.
    fn begin(&self, body: &[u8]) -> bool {
        let posted = self.slot.post(self.index, body);
        self.slot.ring();
        std::thread::sleep(SOON);
        posted && [slot::CALL, slot::ASLEEP].contains(&self.slot.read(STATE))
    }

    /// Whether the slot serves a call that is answered at once.
    fn serves(&self) -> bool {
        let call = body(|w| {
            w.put(&OPCODES.parent.yield_request);
        });
        let answer = self.slot.call(self.index, &call);
        // An empty text, and not a session, which would come with a capability.
        answer.is_some_and(|(reply, _)| {
            reply.code == ExceptionCode::SUCCESS && reply.caps == 0 && reply.len > 0
        })
    }

    fn close(&self, slot: &RawSlot, id: u64) -> Option<Closed> {
        let call = body(|w| {
            w.put(&OPCODES.parent.close).put(&id);
        });
        let (reply, body) = slot.call(self.index, &call)?;
        let result = Reader::new(&body, &mut Caps::<NoCap>::new()).take().ok();
        result.filter(|_| reply.code == ExceptionCode::SUCCESS)
    }
}

extern "C" fn construct() {
    let before = quota();
    let Some(mut parent) = Parent::find() else {
        log("no way to the parent");
        exit(1)
    };

    let waits = parent.begin(&session(1000));
    parent.expect("a session that its server makes is waited for", waits);
    parent.slot.write(STATE, slot::IDLE);
    let call = body(|w| {
        w.put(&OPCODES.parent.yield_request);
    });
    let posted = parent.slot.post(parent.index, &call);
    parent.slot.ring();
    let late = parent.slot.wait();
    let session_came = late.is_some_and(|(reply, body)| {
        reply.code == ExceptionCode::SUCCESS && reply.caps == 1 && brings(&body) == Some(true)
    });
    parent.expect(
        "whoever calls instead of waiting gets the answer that was due",
        posted && session_came,
    );
    let serves = parent.serves();
    parent.expect("after that the slot serves", serves);
    let closed = parent.close(&parent.slot, 1000);
    parent.expect("the session is there, and closed late", closed == Some(Closed::Done));

    let waits = parent.begin(&session(1001));
    parent.expect("another one is waited for", waits);
    parent.slot.write(STATE, slot::IDLE);
    std::thread::sleep(LATE);
    let untouched = parent.slot.read(STATE) == slot::IDLE;
    parent.expect("a slot that was taken back gets no answer", untouched);
    let serves = parent.serves();
    parent.expect("and serves", serves);
    let closed = parent.close(&parent.slot, 1001);
    parent.expect("the session is there nevertheless", closed == Some(Closed::Done));

    let waits = parent.begin(&session(1002));
    parent.expect("a third one is waited for", waits);
    let closed = RawSlot::open(parent.channel).and_then(|second| parent.close(&second, 1002));
    parent.expect("closed from elsewhere, it is still to come", closed == Some(Closed::Pending));
    let denied = parent.slot.wait().is_some_and(|(reply, body)| {
        reply.code == ExceptionCode::SUCCESS && reply.caps == 0 && brings(&body) == Some(false)
    });
    parent.expect("who waits for what was closed is told that it is denied", denied);
    let serves = parent.serves();
    parent.expect("after which the slot serves", serves);

    let after = quota();
    let same = (after.ram_limit, after.caps_limit) == (before.ram_limit, before.caps_limit);
    parent.expect("all donations are back", same);
    exit(parent.wrong)
}

genode_sys::component_entry!(construct);
