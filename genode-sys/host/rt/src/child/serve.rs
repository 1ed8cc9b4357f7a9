//! The Parent interface of a child, in 26.02's opcodes and wire format.
use std::ffi::c_void;

use genode_abi::*;
use genode_host_proto::INVALID_OPCODE;
use genode_host_proto::opcode::close::{DONE, PENDING};
use genode_host_proto::opcode::{OPCODES, env_id};
use genode_host_proto::wire::{Malformed, Reader, Writer};

use super::answer::{self, Answer};
use super::cap::Cap;
use super::world::{Child, ChildId, Policy, world};
use super::{close, session, upgrade};
use crate::entrypoint::Late;
use crate::signal::rs_signal_submit;

/// Arguments and service names with their NUL.
const MAX_ARGS: usize = 160;
const MAX_NAME: usize = 64;

/// Entry of calls: `ctx` is the number of the child.
pub(super) unsafe extern "C" fn dispatch(
    ctx: *mut c_void,
    call: *const rs_msg_t,
    reply: *mut rs_msg_t,
) -> i64 {
    let child = ctx.addr() as ChildId;
    // SAFETY: the seam passes live messages, `len` bytes of the call are valid, `capacity` of the reply writeable.
    let (call, reply) = unsafe { (&*call, &mut *reply) };
    // SAFETY: as above.
    let (body, out) = unsafe {
        (
            std::slice::from_raw_parts(call.data, call.len),
            std::slice::from_raw_parts_mut(reply.data, reply.capacity),
        )
    };
    let cap = |i: usize| {
        let valid = i < call.num_caps as usize;
        Cap::dup(call.caps.get(i).copied().filter(|_| valid).unwrap_or(0))
    };
    let mut writer = Writer::new(out);
    match serve(child, Reader::new(body), cap, &mut writer) {
        Ok(result) => {
            if let Some(result) = result.filter(Cap::is_valid) {
                reply.caps[0] = result.release();
                reply.num_caps = 1;
            }
            reply.len = writer.finish().unwrap_or(0);
            0
        }
        Err(Malformed) => INVALID_OPCODE,
    }
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}

/// Change something about a child.
fn with(child: ChildId, change: impl FnOnce(&mut Child)) {
    if let Some(child) = world().children.get_mut(&child) {
        change(child);
    }
}

fn policy(child: ChildId) -> Option<Policy> {
    world().children.get(&child).map(|c| c.policy)
}

/// Serve one call: arguments are read completely before anything is done.
fn serve(
    child: ChildId,
    mut args: Reader<'_>,
    cap: impl Fn(usize) -> Cap,
    reply: &mut Writer<'_>,
) -> Result<Option<Cap>, Malformed> {
    let op = &OPCODES.parent;
    let opcode = args.u64()?;
    if opcode == op.session {
        let id = args.u64()?;
        let service = text(args.in_string(MAX_NAME)?)?;
        let given = text(args.in_string(MAX_ARGS)?)?;
        let affinity = args.affinity()?;
        let result = session::request(child, id, service, given, &affinity);
        if result.as_ref().is_ok_and(|cap| !cap.is_valid()) && answer::wait(child, id, true) {
            return Ok(None); // replied to by `late_session`
        }
        return Ok(attempt(reply, result, session_error));
    } else if opcode == op.session_cap {
        let result = environment_or_session(child, args.u64()?);
        return Ok(attempt(reply, result, session_cap_error));
    } else if opcode == op.upgrade {
        let id = args.u64()?;
        let given = text(args.in_string(MAX_ARGS)?)?;
        reply.i32(upgrade::upgrade(child, id, given));
        return Ok(None);
    } else if opcode == op.close {
        let id = args.u64()?;
        let result = close::close_by_client(child, id);
        if result == PENDING && answer::wait(child, id, false) {
            return Ok(None); // replied to by `late_end`
        }
        reply.i32(result);
        return Ok(None);
    } else if opcode == op.main_thread_cap {
        return Ok(world().children.get(&child).map(|c| c.thread.clone()));
    } else if opcode == op.yield_request {
        let wanted = world().children.get(&child).map(|c| c.yield_args.clone());
        reply.string(wanted.unwrap_or_default().as_bytes(), MAX_ARGS);
        return Ok(None);
    }

    if opcode == op.exit {
        ended(child, RS_CHILD_EXITED, args.i32()?);
    } else if opcode == op.announce {
        let service = text(args.in_string(MAX_NAME)?)?;
        if let Some((policy, function)) = policy(child).and_then(|p| Some((p, p.0.announce?))) {
            // SAFETY: the policy's own context, a live string.
            unsafe { function(policy.0.ctx, service.as_ptr().cast(), service.len()) };
        }
    } else if opcode == op.session_response {
        let id = args.u64()?;
        if let Some(response) = response(args.i32()?) {
            answer::respond(child, id, response);
        }
    } else if opcode == op.deliver_session_cap {
        answer::deliver(child, args.u64()?, cap(0));
    } else if opcode == op.session_sigh {
        with(child, |c| c.session_sigh = cap(0));
        // what happened before the handler was known
        let sigh = world().session_sigh(Some(child));
        // SAFETY: a live reference.
        unsafe { rs_signal_submit(sigh.get(), 1) };
    } else if opcode == op.resource_avail_sigh {
        with(child, |c| c.resource_sigh = cap(0));
    } else if opcode == op.yield_sigh {
        let mut pending = Cap::default();
        with(child, |c| {
            c.yield_sigh = cap(0);
            if !c.yield_args.is_empty() {
                pending = c.yield_sigh.clone(); // it was asked before it could hear
            }
        });
        // SAFETY: a live reference; an invalid one is silent.
        unsafe { rs_signal_submit(pending.get(), 1) };
    } else if opcode == op.heartbeat_sigh {
        with(child, |c| c.heartbeat_sigh = cap(0));
    } else if opcode == op.resource_request {
        let wanted = text(args.string(MAX_ARGS)?)?;
        let function = policy(child).and_then(|p| Some((p, p.0.resource_request?)));
        if let Some((policy, function)) = function {
            // SAFETY: the policy's own context, a live string.
            unsafe { function(policy.0.ctx, wanted.as_ptr().cast(), wanted.len()) };
        }
    } else if opcode == op.yield_response {
        with(child, |c| c.yield_args.clear());
        if let Some((policy, function)) = policy(child).and_then(|p| Some((p, p.0.yield_response?)))
        {
            // SAFETY: the policy's own context.
            unsafe { function(policy.0.ctx) };
        }
    } else if opcode == op.heartbeat_response {
        if let Some((policy, function)) = policy(child).and_then(|p| Some((p, p.0.heartbeat?))) {
            // SAFETY: the policy's own context.
            unsafe { function(policy.0.ctx) };
        }
    } else {
        return Err(Malformed);
    }
    reply.u64(0);
    Ok(None)
}

/// Tell the policy that a child ended, once.
pub(super) fn ended(child: ChildId, how: rs_child_end_t, value: i32) {
    let policy = {
        let mut world = world();
        let Some(child) = world.children.get_mut(&child) else { return };
        if std::mem::replace(&mut child.ended, true) {
            return;
        }
        child.policy
    };
    if let Some(function) = policy.0.ended {
        // SAFETY: the policy's own context.
        unsafe { function(policy.0.ctx, how, value) };
    }
}

fn environment_or_session(child: ChildId, id: u64) -> Result<Cap, rs_err_t> {
    match id {
        env_id::PD => world().pd(child).ok_or(RS_DENIED),
        env_id::CPU => {
            let world = world();
            let cpu = world.children.get(&child).and_then(|c| c.cpu.as_ref());
            cpu.map(|c| c.cap.clone()).ok_or(RS_DENIED)
        }
        _ => session::session_cap(child, id),
    }
}

/// The late reply to `session`.
pub(super) fn late_session(result: Result<Cap, rs_err_t>) -> Late {
    match result {
        Ok(cap) => Late::new(cap.release(), |w| {
            w.bool(true);
        }),
        Err(e) => Late::new(0, |w| {
            w.bool(false).i32(session_error(e));
        }),
    }
}

/// The late reply to `close`.
pub(super) fn late_end() -> Late {
    Late::new(0, |w| {
        w.i32(DONE);
    })
}

fn attempt(
    reply: &mut Writer<'_>,
    result: Result<Cap, rs_err_t>,
    code: fn(rs_err_t) -> i32,
) -> Option<Cap> {
    match result {
        Ok(cap) => {
            reply.bool(true);
            Some(cap)
        }
        Err(e) => {
            reply.bool(false).i32(code(e));
            None
        }
    }
}

fn session_error(error: rs_err_t) -> i32 {
    let values = &OPCODES.session_error;
    match error {
        RS_OUT_OF_RAM => values.out_of_ram,
        RS_OUT_OF_CAPS => values.out_of_caps,
        RS_INSUFFICIENT_RAM => values.insufficient_ram,
        RS_INSUFFICIENT_CAPS => values.insufficient_caps,
        _ => values.denied,
    }
}

fn session_cap_error(error: rs_err_t) -> i32 {
    let values = &OPCODES.session_cap_error;
    match error {
        RS_INSUFFICIENT_RAM => values.insufficient_ram,
        RS_INSUFFICIENT_CAPS => values.insufficient_caps,
        _ => values.denied,
    }
}

fn response(code: i32) -> Option<Answer> {
    let values = &OPCODES.session_response;
    match code {
        c if c == values.ok => Some(Answer::Ok),
        c if c == values.closed => Some(Answer::Closed),
        c if c == values.denied => Some(Answer::Refused(RS_DENIED)),
        c if c == values.insufficient_ram => Some(Answer::Refused(RS_INSUFFICIENT_RAM)),
        c if c == values.insufficient_caps => Some(Answer::Refused(RS_INSUFFICIENT_CAPS)),
        _ => None,
    }
}
