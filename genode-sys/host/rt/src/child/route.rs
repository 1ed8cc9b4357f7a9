//! Where a session of a child comes from: asks the policy.
use std::ffi::c_char;

use genode_abi::*;
use genode_affinity::Affinity;
use genode_args::ArgsBuf;
use genode_args::label::Label;

use super::served::ChildId;
use super::session::SERVER_ARGS;
use super::world::world;
use crate::handle::Owned;
use crate::{log, session};

/// The policy's answer to a request.
pub(super) struct Routed {
    pub(super) provider: Kind,
    pub(super) label: Label,
    pub(super) affinity: Affinity,
}

/// Where a request goes.
pub(super) enum Kind {
    Parent,
    Child(ChildId),
    /// Our owner, by a capability; for a PD, the session of ours that it forwards to.
    Local(Owned, Owned),
}

/// Say something about a child.
pub(super) fn warn(text: &str) {
    log::line(RS_WARNING, text.as_bytes());
}

/// Says that a child is denied something, in bounded number however often it asks.
pub(super) fn warn_of(child: ChildId, text: &str) {
    let told = world().children.get_mut(&child).and_then(|child| child.denials.note(text));
    if let Some(times) = told {
        warn(&format!("{text}{times}")); // without the lock, since it is a call
    }
}

/// Ask the policy of `child` where a request goes.
pub(super) fn ask(
    child: ChildId,
    service: &str,
    label: &str,
    args: &str,
    Affinity { space, location }: Affinity,
) -> Result<Routed, rs_err_t> {
    let policy = world().children.get(&child).map(|c| c.policy).ok_or(RS_GONE)?;
    let affinity = rs_affinity_t {
        space: rs_space_t { w: space.width, h: space.height },
        location: rs_location_t {
            x: location.x,
            y: location.y,
            w: location.width,
            h: location.height,
        },
    };
    let request = rs_request_t {
        service: service.as_ptr().cast(),
        service_len: service.len(),
        label: label.as_ptr().cast(),
        label_len: label.len(),
        args: args.as_ptr().cast(),
        args_len: args.len(),
        affinity,
    };
    let mut route = rs_route_t {
        kind: RS_ROUTE_DENY,
        server: std::ptr::null_mut(),
        local: 0,
        label: [0; RS_MAX_LABEL as usize],
        affinity,
        forwards_to: 0,
    };
    for (to, from) in route.label.iter_mut().zip(label.bytes().take(RS_MAX_LABEL as usize - 1)) {
        *to = from as c_char;
    }
    if let Some(function) = policy.0.route {
        // SAFETY: the policy's own context, live arguments, on the entrypoint of the child.
        unsafe { function(policy.0.ctx, &raw const request, &raw mut route) };
    }
    let (local, forwards_to) = (Owned::new(route.local), Owned::new(route.forwards_to));
    let provider = match route.kind {
        RS_ROUTE_PARENT => Kind::Parent,
        RS_ROUTE_CHILD => Kind::Child(route.server.addr() as ChildId),
        RS_ROUTE_LOCAL => Kind::Local(local, forwards_to),
        _ => return Err(RS_DENIED),
    };
    let bytes = route.label.map(|c| c as u8);
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|_| RS_DENIED)?;
    Ok(Routed {
        provider,
        label: Label::new(text).map_err(|_| RS_DENIED)?,
        affinity: session::affinity(&route.affinity),
    })
}

/// Let the policy of `child` edit the arguments of a request.
pub(super) fn filter(
    child: ChildId,
    service: &str,
    args: &ArgsBuf<SERVER_ARGS>,
) -> Result<ArgsBuf<SERVER_ARGS>, rs_err_t> {
    let policy = world().children.get(&child).map(|c| c.policy).ok_or(RS_GONE)?;
    let mut text = [0 as c_char; SERVER_ARGS];
    for (to, from) in text.iter_mut().zip(args.as_str().bytes().take(SERVER_ARGS - 1)) {
        *to = from as c_char;
    }
    if let Some(function) = policy.0.filter {
        let capacity = text.len();
        // SAFETY: the policy's own context, live arguments, on the entrypoint of the child.
        unsafe {
            function(
                policy.0.ctx,
                service.as_ptr().cast(),
                service.len(),
                text.as_mut_ptr(),
                capacity,
            );
        }
    }
    let bytes = text.map(|c| c as u8);
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|_| RS_DENIED)?;
    ArgsBuf::copy(text).map_err(|_| RS_DENIED)
}
