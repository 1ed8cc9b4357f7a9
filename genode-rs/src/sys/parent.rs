//! The component's parent: sessions, announcements, and the component's end.

use genode_sys as seam;

use crate::{affinity::Affinity, cap::RawCap, dataspace::Attached, error::Error};

/// What a server answers to a session request when it does not deliver a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// The upgrade was taken.
    Ok,
    /// The session is closed.
    Closed,
    /// The session is refused.
    Denied,
    /// The donated RAM does not suffice.
    InsufficientRam,
    /// The donated capabilities do not suffice.
    InsufficientCaps,
}

/// What the parent may notify the component of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notification {
    /// Resources that were asked for are there.
    ResourceAvail,
    /// The parent wants resources back.
    Yield,
    /// The parent wants a sign of life.
    Heartbeat,
}

/// Capabilities of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvCap {
    /// The parent interface.
    Parent,
    /// The component's protection domain.
    Pd,
    /// The component's CPU session.
    Cpu,
}

/// A capability of the environment; invalid where the system has none.
pub(crate) fn env_cap(which: EnvCap) -> RawCap {
    let which = match which {
        EnvCap::Parent => seam::RS_ENV_PARENT,
        EnvCap::Pd => seam::RS_ENV_PD,
        EnvCap::Cpu => seam::RS_ENV_CPU,
    };
    // SAFETY: no preconditions; the reference is ours.
    unsafe { RawCap::from_handle(seam::rs_env_cap(which)) }
}

/// Opens a session and waits until it exists.
pub(crate) fn session_open(
    service: &str,
    args: &str,
    affinity: Affinity,
) -> Result<(u64, RawCap), Error> {
    let affinity = super::affinity::to_seam(affinity);
    let (mut id, mut cap) = (0, 0);
    // SAFETY: strings, affinity and out parameters are live; the reference is ours.
    unsafe {
        Error::check(seam::rs_session_open(
            service.as_ptr().cast(),
            service.len(),
            args.as_ptr().cast(),
            args.len(),
            &raw const affinity,
            &raw mut id,
            &raw mut cap,
        ))?;
        Ok((id, RawCap::from_handle(cap)))
    }
}

/// Donates quota to a session.
pub(crate) fn session_upgrade(id: u64, args: &str) -> Result<(), Error> {
    // SAFETY: the string is live; an unknown id is an error of the seam.
    Error::check(unsafe { seam::rs_session_upgrade(id, args.as_ptr().cast(), args.len()) })
}

/// Closes a session.
pub(crate) fn session_close(id: u64) {
    // SAFETY: an unknown id is ignored by the seam.
    unsafe { seam::rs_session_close(id) }
}

/// Announces a service.
pub(crate) fn announce(service: &str) -> Result<(), Error> {
    // SAFETY: the string is live.
    Error::check(unsafe { seam::rs_announce(service.as_ptr().cast(), service.len()) })
}

/// Answers the session request with server-side id `id`.
pub(crate) fn session_response(id: u64, response: Response) {
    let response = match response {
        Response::Ok => seam::RS_RESPONSE_OK,
        Response::Closed => seam::RS_RESPONSE_CLOSED,
        Response::Denied => seam::RS_RESPONSE_DENIED,
        Response::InsufficientRam => seam::RS_RESPONSE_INSUFFICIENT_RAM,
        Response::InsufficientCaps => seam::RS_RESPONSE_INSUFFICIENT_CAPS,
    };
    // SAFETY: an unknown id is ignored by the parent.
    unsafe { seam::rs_session_response(id, response) }
}

/// Answers the session request with server-side id `id` with a session.
pub(crate) fn session_deliver(id: u64, cap: &RawCap) {
    // SAFETY: live handle.
    unsafe { seam::rs_session_deliver(id, cap.handle()) }
}

/// Copies the requests to this component's services out of the attached ROM `session_requests`, as an update would bring
/// them, if they can be known without; their length.
pub(crate) fn session_requests(rom: &Attached, buf: &mut [u8]) -> Option<usize> {
    let mut len = 0;
    // SAFETY: the mapping lives as long as it is borrowed, pointer and capacity describe `buf`.
    let known = unsafe {
        seam::rs_session_requests(
            rom.as_ptr().expose_provenance(),
            rom.size(),
            buf.as_mut_ptr().cast(),
            buf.len(),
            &raw mut len,
        )
    };
    known.then_some(len)
}

/// Ends the component.
pub(crate) fn exit(value: i32) -> ! {
    // SAFETY: no preconditions.
    unsafe { seam::rs_exit(value) }
}

/// Asks the parent for resources.
pub(crate) fn resource_request(args: &str) {
    // SAFETY: the string is live.
    unsafe { seam::rs_resource_request(args.as_ptr().cast(), args.len()) }
}

/// Installs the context to be signalled for `which`; an invalid one removes it.
pub(crate) fn sigh(which: Notification, context: &RawCap) {
    let which = match which {
        Notification::ResourceAvail => seam::RS_RESOURCE_AVAIL,
        Notification::Yield => seam::RS_YIELD,
        Notification::Heartbeat => seam::RS_HEARTBEAT,
    };
    // SAFETY: live handle.
    unsafe { seam::rs_parent_sigh(which, context.handle()) }
}

/// The resources that the parent wants back, as an argument string written into `buf`.
pub(crate) fn yield_request(buf: &mut [u8]) -> &str {
    // SAFETY: pointer and capacity describe `buf`.
    let len = unsafe { seam::rs_yield_request(buf.as_mut_ptr().cast(), buf.len()) };
    buf.get(..len).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Tells the parent that resources were given back.
pub(crate) fn yield_response() {
    // SAFETY: no preconditions.
    unsafe { seam::rs_yield_response() }
}

/// Shows a sign of life.
pub(crate) fn heartbeat_response() {
    // SAFETY: no preconditions.
    unsafe { seam::rs_heartbeat_response() }
}
