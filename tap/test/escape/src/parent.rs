//! Attempts at the parent: to have it remember, favour, or answer for others.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use genode_affinity::Affinity;
use genode_args::cost;
use genode_host_proto::interface::parent::{ServiceName, SessionArgs};
use genode_host_proto::opcode::{OPCODES, env_id};
use genode_sys::*;
use genode_wire::{ExceptionCode, FixedString};
use rs_raw as seam;

use crate::Tally;

/// Times that something is said to it.
const OFTEN: u64 = 1000;

fn parent() -> rs_cap_t {
    // SAFETY: no precondition; the environment's capability is ours.
    unsafe { rs_env_cap(RS_ENV_PARENT) }
}

/// Asks it for a session under a number; the capability, 0 if there is none.
fn session(id: u64, service: &str, args: &str) -> rs_cap_t {
    let answer = seam::call(parent(), OPCODES.parent.session, &[], |body| {
        if let (Some(service), Some(args)) = (ServiceName::new(service), SessionArgs::new(args)) {
            body.put(&id).put(&service).put(&args).put(&Affinity::default());
        }
    });
    answer.map_or(0, |answer| answer.cap())
}

/// Says something with a number, a second one and capabilities.
fn say(opcode: u64, numbers: &[u64], caps: &[rs_cap_t]) -> Option<seam::Answer> {
    let answer = seam::call(parent(), opcode, caps, |body| {
        for number in numbers {
            body.put(number);
        }
    });
    answer.ok().filter(|answer| answer.code == ExceptionCode::SUCCESS)
}

const LOG: &str = "label=\"x\", ram_quota=32768, cap_quota=4";

pub(crate) fn run(tally: &mut Tally) {
    let before = seam::quota();
    numbers(tally);
    labels(tally);
    services(tally);
    answers(tally);
    let after = seam::quota();
    tally.attempt("have more quota after all that", after.ram_limit > before.ram_limit);
    let serves = seam::open("ROM", "module", cost::ROM).map(|(id, _)| {
        // SAFETY: no precondition.
        unsafe { rs_session_close(id) };
    });
    tally.control("have its parent serve it after all that", serves.is_ok());
}

/// Numbers of sessions, which a child chooses.
fn numbers(tally: &mut Tally) {
    const ID: u64 = 5000;
    let first = session(ID, "LOG", LOG);
    tally.control("open a session under a number of its own", first != 0);
    tally.attempt("open another one under the same number", session(ID, "LOG", LOG) != 0);
    say(OPCODES.parent.close, &[ID], &[]);
    let own = [env_id::PD, env_id::CPU, env_id::LOG, env_id::BINARY];
    let taken = own.into_iter().any(|id| session(id, "LOG", LOG) != 0);
    tally.attempt("open sessions under the numbers of its environment", taken);
    let cap = say(OPCODES.parent.session_cap, &[ID], &[]).map_or(0, |answer| answer.cap());
    tally.attempt("have the capability of a session that it closed", cap != 0);
}

/// Labels that may read as those of others, or as more than a label.
fn labels(tally: &mut Tally) {
    for label in [
        "secret",
        "../secret",
        "init -> secret",
        "module\\\", label=\\\"secret",
        "rs_escape -> secret",
        " -> secret",
        "module -> secret",
    ] {
        let args = format!("label=\"{label}\", ram_quota=32768, cap_quota=4");
        let cap = session(6000, "ROM", &args);
        tally.attempt(&format!("open the module of another by the label {label}"), cap != 0);
        say(OPCODES.parent.close, &[6000], &[]);
    }
}

/// Services that it says it has.
fn services(tally: &mut Tally) {
    let announce = |name: &str| {
        let answer = seam::call(parent(), OPCODES.parent.announce, &[], |body| {
            if let Some(name) = ServiceName::new(name) {
                body.put(&name);
            }
        });
        answer.is_ok()
    };
    let all = (0..OFTEN).filter(|number| announce(&format!("Service{number}"))).count();
    tally.control("announce a thousand services, and be answered", all == OFTEN as usize);
    let opened = session(6001, "Service500", LOG) != 0;
    tally.attempt("have one of them routed that no rule names", opened);
    // Services that it announces here are what its parent provides.
    announce("ROM");
    let module = session(6002, "ROM", "label=\"module\", ram_quota=32768, cap_quota=4");
    let ds = seam::call(module, OPCODES.rom.dataspace, &[], |_| {}).map_or(0, |a| a.cap());
    tally.attempt("take the place of what its parent provides", ds == 0);
    say(OPCODES.parent.close, &[6002], &[]);
}

/// Answers to what nobody asked, and requests without end.
fn answers(tally: &mut Tally) {
    // SAFETY: no precondition; the environment's capability is ours.
    let pd = unsafe { rs_env_cap(RS_ENV_PD) };
    let limit = seam::quota();
    for id in 0..OFTEN {
        say(OPCODES.parent.session_response, &[id, 0], &[]);
        say(OPCODES.parent.deliver_session_cap, &[id], &[pd]);
        say(OPCODES.parent.yield_response, &[], &[]);
        say(OPCODES.parent.heartbeat_response, &[], &[]);
        let args = FixedString::<160>::new("ram_quota=64M, cap_quota=100").unwrap_or_default();
        let _ = seam::call(parent(), OPCODES.parent.resource_request, &[], |body| {
            body.put(&args);
        });
    }
    let after = seam::quota();
    let gained = (after.ram_limit, after.caps_limit) != (limit.ram_limit, limit.caps_limit);
    tally.attempt("have more by a thousand requests for more", gained);
    let sighs = [
        OPCODES.parent.session_sigh,
        OPCODES.parent.resource_avail_sigh,
        OPCODES.parent.yield_sigh,
        OPCODES.parent.heartbeat_sigh,
    ];
    for sigh in sighs {
        say(sigh, &[], &[pd]);
    }
    let args = FixedString::<160>::new("ram_quota=0").unwrap_or_default();
    let asked = seam::call(parent(), OPCODES.parent.resource_request, &[], |body| {
        body.put(&args);
    });
    tally.attempt("have its parent hang on a handler that is no context", asked.is_err());
}
