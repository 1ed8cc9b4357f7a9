//! The Parent interface of a child, in 26.02's opcodes and wire format.
use std::ffi::c_void;

use genode_abi::*;
use genode_host_proto::interface::Call as _;
use genode_host_proto::interface::parent::{
    Closed, ResourceArgs, SessionCapError, SessionResponse,
};
use genode_host_proto::opcode::{OPCODES, env_id};
use genode_wire::{Cap, ExceptionCode, Handle, WireError, Writer};

use super::answer::{self, Answer};
use super::reply::session_result;
use super::served::ChildId;
use super::world::{Child, Policy, world};
use super::{close, session, upgrade};
use crate::handle::{Lent, Owned};
use crate::rpc;
use crate::signal::rs_signal_submit;

type Call<'m> = genode_host_proto::interface::parent::Call<'m, Lent>;

/// Entry of calls: `ctx` is the number of the child.
pub(super) unsafe extern "C" fn dispatch(
    ctx: *mut c_void,
    call: *const rs_msg_t,
    reply: *mut rs_msg_t,
) -> i64 {
    let child = ctx.addr() as ChildId;
    // SAFETY: the messages of a dispatch function.
    unsafe {
        rpc::serve(call, reply, |call, reply| serve(child, Call::read(&OPCODES, call)?, reply))
    }
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

/// Serve one call.
fn serve(
    child: ChildId,
    call: Call<'_>,
    reply: &mut Writer<'_, Owned>,
) -> Result<(), ExceptionCode> {
    let changes = matches!(
        call,
        Call::Session { .. }
            | Call::SessionCap { .. }
            | Call::Upgrade { .. }
            | Call::Close { .. }
            | Call::SessionResponse { .. }
            | Call::DeliverSessionCap { .. }
    );
    let result = serve_call(child, call, reply);
    if changes {
        tell(child, |policy| policy.sessions_changed);
    }
    result
}

fn serve_call(
    child: ChildId,
    call: Call<'_>,
    reply: &mut Writer<'_, Owned>,
) -> Result<(), ExceptionCode> {
    match call {
        Call::Session { id, service, args, affinity } => {
            let result = session::request(child, id, &service, &args, affinity);
            if result.as_ref().is_ok_and(|cap| !cap.is_valid()) && answer::wait(child, id, true) {
                return Ok(()); // replied to by `late_session`
            }
            reply.put(&session_result(result))?;
        }
        Call::SessionCap { id } => reply.put(&session_cap_result(child, id))?,
        Call::Upgrade { id, args } => reply.put(&upgrade::upgrade(child, id, &args))?,
        Call::Close { id } => {
            let result = close::close_by_client(child, id);
            if result == Closed::Pending && answer::wait(child, id, false) {
                return Ok(()); // replied to by `late_end`
            }
            reply.put(&result)?;
        }
        Call::MainThreadCap => {
            let thread = world().children.get(&child).map(|c| c.thread.clone());
            reply.put(&Cap(thread.unwrap_or_default()))?;
        }
        Call::YieldRequest => {
            let wanted = world().children.get(&child).map(|c| c.yield_args.clone());
            let wanted = wanted.and_then(|wanted| ResourceArgs::new(&wanted));
            reply.put(&wanted.unwrap_or_default())?;
        }
        Call::SessionFor { .. } | Call::CloseFor { .. } => {
            return Err(ExceptionCode::INVALID_OPCODE); // core's
        }
        told => {
            hear(child, &told)?;
            reply.put(&())?;
        }
    }
    Ok(())
}

/// What the child tells, without an answer.
fn hear(child: ChildId, told: &Call<'_>) -> Result<(), ExceptionCode> {
    match told {
        Call::Exit { value } => ended(child, RS_CHILD_EXITED, *value),
        Call::Announce { service } => {
            if let Some((policy, function)) = policy(child).and_then(|p| Some((p, p.0.announce?))) {
                // SAFETY: the policy's own context, a live string.
                unsafe { function(policy.0.ctx, service.as_ptr().cast(), service.len()) };
            }
        }
        Call::SessionResponse { id, response } => {
            let response = SessionResponse::of(*response, &OPCODES)?;
            answer::respond(child, *id, Answer::of(response));
        }
        Call::DeliverSessionCap { id, cap } => answer::deliver(child, *id, Owned::dup(cap.0.0)),
        Call::SessionSigh { handler } => {
            with(child, |c| c.session_sigh = Owned::dup(handler.0.0));
            // what happened before the handler was known
            let sigh = world().session_sigh(Some(child));
            submit(&sigh);
        }
        Call::ResourceAvailSigh { handler } => {
            with(child, |c| c.resource_sigh = Owned::dup(handler.0.0));
        }
        Call::YieldSigh { handler } => {
            let mut pending = Owned::INVALID;
            with(child, |c| {
                c.yield_sigh = Owned::dup(handler.0.0);
                if !c.yield_args.is_empty() {
                    pending = c.yield_sigh.clone(); // it was asked before it could hear
                }
            });
            submit(&pending);
        }
        Call::HeartbeatSigh { handler } => {
            with(child, |c| c.heartbeat_sigh = Owned::dup(handler.0.0));
        }
        Call::ResourceRequest { args } => {
            let wanted = args.as_str().ok_or(WireError::BadText)?;
            let function = policy(child).and_then(|p| Some((p, p.0.resource_request?)));
            if let Some((policy, function)) = function {
                // SAFETY: the policy's own context, a live string.
                unsafe { function(policy.0.ctx, wanted.as_ptr().cast(), wanted.len()) };
            }
        }
        Call::YieldResponse => {
            with(child, |c| c.yield_args.clear());
            tell(child, |policy| policy.yield_response);
        }
        Call::HeartbeatResponse => tell(child, |policy| policy.heartbeat),
        _ => return Err(ExceptionCode::INVALID_OPCODE),
    }
    Ok(())
}

/// Tell the policy of a child something without arguments, if it wants to hear that.
fn tell(
    child: ChildId,
    which: fn(&rs_child_policy_t) -> Option<unsafe extern "C" fn(*mut c_void)>,
) {
    let policy = policy(child);
    if let Some(policy) = policy
        && let Some(function) = which(&policy.0)
    {
        // SAFETY: the policy's own context.
        unsafe { function(policy.0.ctx) };
    }
}

/// Signal a context of the child's.
fn submit(context: &Owned) {
    // SAFETY: a live reference; an invalid one is silent.
    unsafe { rs_signal_submit(context.get(), 1) };
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

fn environment_or_session(child: ChildId, id: u64) -> Result<Owned, rs_err_t> {
    let served = world().children.get(&child).map(|c| c.served).ok_or(RS_DENIED)?;
    match id {
        env_id::PD if !served.pd => world().pd(child).ok_or(RS_DENIED),
        env_id::CPU if served.cpu.is_none() => {
            let world = world();
            let cpu = world.children.get(&child).and_then(|c| c.cpu.as_ref());
            cpu.map(|c| c.cap.clone()).ok_or(RS_DENIED)
        }
        _ => session::session_cap(child, id),
    }
}

/// What `session_cap` answers.
fn session_cap_result(child: ChildId, id: u64) -> Result<Cap<Owned>, i32> {
    let error = |e| match e {
        RS_INSUFFICIENT_RAM => SessionCapError::InsufficientRam,
        RS_INSUFFICIENT_CAPS => SessionCapError::InsufficientCaps,
        _ => SessionCapError::Denied,
    };
    environment_or_session(child, id).map(Cap).map_err(|e| error(e).number(&OPCODES))
}
