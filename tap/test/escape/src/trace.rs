//! Attempts at TRACE: to see components that a session's label does not permit, to trace or stop
//! them, and to make core reserve without measure.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use genode_host_proto::interface::AllocError;
use genode_host_proto::interface::trace::TraceError;
use genode_host_proto::opcode::OPCODES;
use genode_sys::*;
use genode_wire::Wire;
use genode_wire::trace::{Infos, SubjectInfo};
use rs_raw::{self as seam, Amount};

use crate::Tally;

/// Enough for a session with a buffer of 64 KiB, and some hundred subjects.
const DONATION: Amount = Amount::new(256 << 10, 8);
const BUFFER: &str = "arg_buffer_size=65536";
/// The label of this component.
const OWN: &str = "init -> rs_escape";

pub(crate) fn run(tally: &mut Tally) {
    routes(tally);
    let open = |label: &str| seam::open("TRACE", &arguments(label, BUFFER), DONATION);
    // Routed as the component itself, and as something below it.
    let (Ok((_, itself)), Ok((_, below))) = (open("itself"), open("below")) else {
        return tally.control("open sessions of TRACE", false);
    };
    let seen = labels(itself);
    tally.control("see its own threads", seen.iter().any(|label| label == OWN));
    tally.attempt("see threads of others beside them", seen.iter().any(|label| label != OWN));
    tally.attempt("see anything by a label below its own", !labels(below).is_empty());
    strangers(tally, below);
    tally.control("see its own threads after all that", labels(itself) == seen);
    sizes(tally, below);
}

/// A label that makes [`seam::open`] add arguments: a label that ends early.
fn arguments(label: &str, more: &str) -> String {
    format!("{label}\", {more}, rest=\"")
}

/// Routes that there are not, and labels that pretend to be another.
fn routes(tally: &mut Tally) {
    for label in ["", "init", "init -> ", "init -> rs_escape", "belo", "below2", "Itself"] {
        let opened = seam::open("TRACE", &arguments(label, BUFFER), DONATION);
        tally.attempt(&format!("open TRACE by the label \"{label}\""), opened.is_ok());
    }
    for forged in [
        "label=\"\"",
        "label=\"init\"",
        "label=\"init -> \", label=\"\"",
        "label_last=\"\", label=\" -> \"",
    ] {
        let more = format!("{forged}, {BUFFER}");
        let opened = seam::open("TRACE", &arguments("below", &more), DONATION);
        let sees = opened.is_ok_and(|(id, session)| {
            let sees = !labels(session).is_empty();
            // SAFETY: no precondition.
            unsafe { rs_session_close(id) };
            sees
        });
        tally.attempt(&format!("see others by a second {forged}"), sees);
    }
}

/// The labels of all that a session sees.
fn labels(session: rs_cap_t) -> Vec<String> {
    let dataspace = seam::call(session, OPCODES.trace.dataspace, &[], |_| {});
    let listed = seam::call(session, OPCODES.trace.subject_infos, &[], |_| {});
    let (Ok(dataspace), Ok(listed)) = (dataspace, listed) else { return Vec::new() };
    let Ok(Ok(count)) = listed.result::<Result<u32, AllocError>>() else { return Vec::new() };
    let Ok((at, size)) = seam::attach_at(dataspace.cap(), 0, false) else { return Vec::new() };
    let infos = Infos::of(size);
    let label = |index| {
        let mut bytes = [0; SubjectInfo::SIZE];
        let from = std::ptr::with_exposed_provenance::<u8>(at + infos.info(index));
        // SAFETY: within what was just attached; core writes there while it lists only.
        unsafe { from.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) };
        SubjectInfo::load(&bytes).map_or_else(|_| "?".into(), |info| info.label.to_string())
    };
    let labels = (0..infos.limit.min(count as usize)).map(label).collect();
    // SAFETY: attached above, and not looked at any more.
    unsafe { rs_detach(at) };
    labels
}

/// Subjects and policies that the session does not have.
fn strangers(tally: &mut Tally, session: rs_cap_t) {
    let ids = || (0..600_u32).chain([1 << 16, i32::MAX as u32, 1 << 31, u32::MAX]);
    let traces = |size: u64| {
        ids().any(|id| {
            let answer = seam::call(session, OPCODES.trace.trace, &[], |body| {
                body.put(&id).put(&(id % 3)).put(&size);
            });
            let result = answer.map(|answer| answer.result::<Result<(), TraceError>>());
            result.is_ok_and(|result| result.is_ok_and(|result| result.is_ok()))
        })
    };
    let sizes = [0, 4096, 1 << 40, u64::MAX];
    tally.attempt("trace threads by guessed numbers", sizes.into_iter().any(traces));
    let memory = |opcode| {
        ids().any(|id| {
            let answer = seam::call(session, opcode, &[], |body| _ = body.put(&id));
            answer.is_ok_and(|answer| answer.cap() != 0)
        })
    };
    tally.attempt("have the buffer of a thread", memory(OPCODES.trace.buffer));
    tally.attempt("have the memory of a policy", memory(OPCODES.trace.policy));
    for opcode in
        [OPCODES.trace.pause, OPCODES.trace.resume, OPCODES.trace.free, OPCODES.trace.unload_policy]
    {
        for id in ids() {
            let _ = seam::call(session, opcode, &[], |body| _ = body.put(&id));
        }
    }
}

/// Memory without measure.
fn sizes(tally: &mut Tally, session: rs_cap_t) {
    for size in [16_u64 << 20, 1 << 40, u64::MAX - 1, u64::MAX] {
        let more = format!("arg_buffer_size={size}");
        let opened = seam::open("TRACE", &arguments("below", &more), DONATION);
        tally.attempt(&format!("have an argument buffer of {size} bytes"), opened.is_ok());
        let answer =
            seam::call(session, OPCODES.trace.alloc_policy, &[], |body| _ = body.put(&size));
        let result = answer.map(|answer| answer.result::<Result<u32, AllocError>>());
        let made = result.is_ok_and(|result| result.is_ok_and(|result| result.is_ok()));
        tally.attempt(&format!("have a policy of {size} bytes"), made);
    }
}
