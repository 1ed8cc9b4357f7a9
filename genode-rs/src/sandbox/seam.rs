//! The sandbox's backend on a system: children of the seam (`rs_child_*`).
#![allow(unsafe_code, reason = "the safe side of the seam's children")]

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{
    cell::{Cell, RefCell},
    ffi::{c_char, c_void},
};

use genode_sys as seam;

use super::{
    account::Amount,
    backend::{Backend, ConfigRom, Forward, Notice, Spec},
    event::{End, SessionState},
    hooks::{Answer, Hooks},
    rom::InlineConfig,
    session::{Environment, Listed, Provider},
};
use crate::{
    args::ArgsBuf,
    cap::{Capability, RawCap},
    env::Env,
    error::Error,
    label::Label,
    log::{self, Level},
    node::{Node, Syntax},
    quota::Quota,
    signal::{SignalContext, Transmitter},
    sys::{
        self,
        memory::NO_QUOTA,
        parent::{self, Response},
    },
};

type SeamHooks = Hooks<Server>;

/// A child of the seam as the target of a route. Only valid while the child exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Server(*mut seam::rs_child_t);

/// A child of the seam. Dropping it ends it.
pub(super) struct SeamChild {
    child: *mut seam::rs_child_t,
    /// What the callbacks' context points to.
    _hooks: Rc<SeamHooks>,
}

impl Drop for SeamChild {
    fn drop(&mut self) {
        // SAFETY: created by `create`, destroyed once, never from a callback of its own: the engine defers that.
        unsafe { seam::rs_child_destroy(self.child) }
    }
}

/// Lets the sandbox handle its events, once it is known whom to signal.
#[derive(Clone, Default)]
pub(super) struct Waker(Rc<RefCell<Transmitter>>);

impl Waker {
    pub(super) fn set(&self, context: Capability<SignalContext>) {
        *self.0.borrow_mut() = Transmitter::new(context);
    }

    fn wake(&self) {
        self.0.borrow().submit();
    }

    pub(super) fn closure(&self) -> Box<dyn Fn()> {
        let own = self.clone();
        Box::new(move || own.wake())
    }
}

/// The system that the component runs on.
pub(super) struct System {
    env: Env,
    pub(super) syntax: Cell<Syntax>,
}

impl System {
    pub(super) fn new(env: Env) -> Self {
        Self { env, syntax: Cell::new(Syntax::Xml) }
    }
}

fn transfer(child: &SeamChild, amount: Amount, sign: i64) -> Result<(), Error> {
    let ram = i64::try_from(amount.ram.0).map_err(|_| Error::Invalid)?;
    let caps = i64::try_from(amount.caps.0).map_err(|_| Error::Invalid)?;
    // SAFETY: the child exists while its handle does.
    Error::check(unsafe { seam::rs_child_transfer(child.child, sign * ram, sign * caps) })
}

impl Backend for System {
    type Child = SeamChild;
    type Server = Server;

    fn create(&self, spec: &Spec<'_>, hooks: Rc<SeamHooks>) -> Result<SeamChild, Error> {
        let attr = seam::rs_child_attr_t {
            name: spec.name.as_ptr().cast(),
            name_len: spec.name.len(),
            // routes replace the child's name by that of its program
            binary: spec.name.as_ptr().cast(),
            binary_len: spec.name.len(),
            ram: spec.quota.ram.0,
            caps: spec.quota.caps.0,
            affinity: sys::affinity::to_seam(spec.affinity),
        };
        let policy = seam::rs_child_policy_t {
            ctx: Rc::as_ptr(&hooks).cast_mut().cast::<c_void>(),
            route: Some(on_route),
            local_close: Some(on_local_close),
            announce: Some(on_announce),
            ended: Some(on_ended),
            resource_request: Some(on_resource_request),
            yield_response: Some(on_yield_response),
            heartbeat: Some(on_heartbeat),
            filter: Some(on_filter),
            sessions_changed: Some(on_sessions_changed),
            forwarded: Some(on_forwarded),
        };
        let mut child = core::ptr::null_mut();
        // SAFETY: attributes, policy and out parameter are live; the context lives as long as the handle, which
        // holds a reference to it and destroys the child first.
        Error::check(unsafe {
            seam::rs_child_create(
                self.env.ep().sys().raw(),
                &raw const attr,
                &raw const policy,
                &raw mut child,
            )
        })?;
        Ok(SeamChild { child, _hooks: hooks })
    }

    fn server(child: &SeamChild) -> Server {
        Server(child.child)
    }

    fn start(&self, child: &SeamChild) -> Result<(), Error> {
        // SAFETY: the child exists while its handle does.
        Error::check(unsafe { seam::rs_child_start(child.child) })
    }

    fn give(&self, child: &SeamChild, amount: Amount) -> Result<(), Error> {
        transfer(child, amount, 1)
    }

    fn take(&self, child: &SeamChild, amount: Amount) -> Result<(), Error> {
        transfer(child, amount, -1)
    }

    fn quotas(&self, children: &[&SeamChild]) -> Result<Vec<Quota>, Error> {
        let children: Vec<_> = children.iter().map(|child| child.child).collect();
        let mut quotas = alloc::vec![NO_QUOTA; children.len()];
        // SAFETY: the children exist while their handles do, and there is room for a quota of each.
        Error::check(unsafe {
            seam::rs_child_quotas(children.as_ptr(), children.len(), quotas.as_mut_ptr())
        })?;
        Ok(quotas.into_iter().map(Quota::from).collect())
    }

    fn notify(&self, child: &SeamChild, notice: Notice) {
        let mut args = ArgsBuf::<160>::new();
        let which = match notice {
            Notice::ResourcesAvailable => seam::RS_RESOURCE_AVAIL,
            Notice::Heartbeat => seam::RS_HEARTBEAT,
            Notice::Yield(amount) => {
                // two numbers always fit
                let _ = args.set_quota(amount);
                seam::RS_YIELD
            }
        };
        let args = args.as_str();
        // SAFETY: the child exists while its handle does, the string is live.
        unsafe { seam::rs_child_notify(child.child, which, args.as_ptr().cast(), args.len()) }
    }

    fn sessions(&self, child: &SeamChild, provided: bool) -> Vec<Listed<Server>> {
        let mut listed: Vec<Listed<Server>> = Vec::new();
        let ctx = (&raw mut listed).cast::<c_void>();
        // SAFETY: the child exists while its handle does; the context is what `on_session` expects and lives longer than
        // the call, which alone uses it.
        unsafe { seam::rs_child_sessions(child.child, provided, ctx, Some(on_session)) };
        listed
    }

    fn forward(&self, server: Server, forward: &Forward<'_>) -> Result<(), Error> {
        let request = seam::rs_request_t {
            service: forward.service.as_ptr().cast(),
            service_len: forward.service.len(),
            label: forward.label.as_ptr().cast(),
            label_len: forward.label.len(),
            args: forward.args.as_ptr().cast(),
            args_len: forward.args.len(),
            affinity: sys::affinity::to_seam(forward.affinity),
        };
        // SAFETY: the engine forwards to servers that it has the handle of; the strings live during the call.
        Error::check(unsafe { seam::rs_child_forward(server.0, forward.id, &raw const request) })
    }

    fn forward_upgrade(&self, id: u64, amount: Amount) -> Result<(), Error> {
        // SAFETY: an unknown number is an error.
        Error::check(unsafe { seam::rs_child_forward_upgrade(id, amount.ram.0, amount.caps.0) })
    }

    fn forward_close(&self, id: u64) {
        // SAFETY: an unknown number is ignored.
        unsafe { seam::rs_child_forward_close(id) }
    }

    fn respond(&self, id: u64, response: Response) {
        parent::session_response(id, response);
    }

    fn deliver(&self, id: u64, session: &RawCap) {
        parent::session_deliver(id, session);
    }

    fn own_quota(&self) -> Quota {
        self.env.quota()
    }

    fn config_rom(&self, _name: &str, content: &Node) -> Result<Box<dyn ConfigRom>, Error> {
        Ok(Box::new(InlineConfig::new(self.env.ep(), content, self.syntax.get())?))
    }

    fn say(&self, level: Level, text: &str) {
        log::print(level, format_args!("{text}"));
    }

    fn exit(&self, value: i32) {
        self.env.exit(value)
    }
}

/// The hooks behind a callback's context.
///
/// # Safety
/// `ctx` is the context given to the seam in [`Backend::create`].
unsafe fn hooks<'a>(ctx: *mut c_void) -> &'a SeamHooks {
    // SAFETY: the handle keeps the hooks alive until the seam's child is destroyed; only shared references are made.
    unsafe { &*ctx.cast::<SeamHooks>() }
}

/// A string of the seam; empty if it is none.
///
/// # Safety
/// `len` bytes at `text` are readable for `'a`.
unsafe fn text<'a>(text: *const c_char, len: usize) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: promised by the caller.
    let bytes = unsafe { core::slice::from_raw_parts(text.cast::<u8>(), len) };
    core::str::from_utf8(bytes).unwrap_or_default()
}

fn put_label(label: &Label, into: &mut [c_char; seam::RS_MAX_LABEL as usize]) {
    into.fill(0);
    // a label has at most 159 bytes, so that the last one stays zero
    for (to, from) in into.iter_mut().zip(label.as_str().bytes()) {
        *to = from as c_char;
    }
}

unsafe extern "C" fn on_route(
    ctx: *mut c_void,
    request: *const seam::rs_request_t,
    route: *mut seam::rs_route_t,
) {
    // SAFETY: the seam passes its context, a live request and a route that is ours to fill in.
    let (hooks, request, route) = unsafe { (hooks(ctx), &*request, &mut *route) };
    // SAFETY: strings of the request live as long as the callback.
    let (service, label, args) = unsafe {
        (
            text(request.service, request.service_len),
            text(request.label, request.label_len),
            text(request.args, request.args_len),
        )
    };
    let (answer, label, affinity) =
        hooks.route(service, label, args, sys::affinity::from_seam(&request.affinity));
    let nobody = core::ptr::null_mut();
    (route.kind, route.server, route.local, route.forwards_to) = match answer {
        Answer::Deny => (seam::RS_ROUTE_DENY, nobody, 0, 0),
        Answer::Parent => (seam::RS_ROUTE_PARENT, nobody, 0, 0),
        Answer::Child(server) => (seam::RS_ROUTE_CHILD, server.0, 0, 0),
        Answer::Local(cap, pd) => {
            (seam::RS_ROUTE_LOCAL, nobody, cap.into_handle(), pd.into_handle())
        }
    };
    put_label(&label, &mut route.label);
    route.affinity = sys::affinity::to_seam(affinity);
}

unsafe extern "C" fn on_local_close(ctx: *mut c_void, local: seam::rs_cap_t) {
    // SAFETY: the context is the seam's, which lends a live handle.
    let (hooks, cap) = unsafe { (hooks(ctx), RawCap::of_borrowed(local)) };
    hooks.local_close(&cap);
}

unsafe extern "C" fn on_announce(ctx: *mut c_void, service: *const c_char, len: usize) {
    // SAFETY: context and string are the seam's, live during the callback.
    unsafe { hooks(ctx).announce(text(service, len)) }
}

unsafe extern "C" fn on_ended(ctx: *mut c_void, how: seam::rs_child_end_t, value: i32) {
    let end = if how == seam::RS_CHILD_EXITED { End::Exited(value) } else { End::Faulted(value) };
    // SAFETY: the context is the seam's.
    unsafe { hooks(ctx).ended(end) }
}

unsafe extern "C" fn on_resource_request(ctx: *mut c_void, args: *const c_char, len: usize) {
    // SAFETY: context and string are the seam's, live during the callback.
    unsafe { hooks(ctx).resource_request(text(args, len)) }
}

unsafe extern "C" fn on_yield_response(ctx: *mut c_void) {
    // SAFETY: the context is the seam's.
    unsafe { hooks(ctx).yield_response() }
}

unsafe extern "C" fn on_heartbeat(ctx: *mut c_void) {
    // SAFETY: the context is the seam's.
    unsafe { hooks(ctx).heartbeat() }
}

unsafe extern "C" fn on_filter(
    ctx: *mut c_void,
    service: *const c_char,
    len: usize,
    args: *mut c_char,
    capacity: usize,
) {
    // SAFETY: context and strings are the seam's, live during the callback.
    let (hooks, service) = unsafe { (hooks(ctx), text(service, len)) };
    // SAFETY: the seam lends `capacity` bytes, which nobody else uses during the callback.
    let bytes = unsafe { core::slice::from_raw_parts_mut(args.cast::<u8>(), capacity) };
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(capacity);
    let filtered = core::str::from_utf8(&bytes[..end]).ok().and_then(|t| hooks.filter(service, t));
    let filtered = filtered.as_ref().map_or("", |args| args.as_str());
    // arguments that cannot be judged are none
    let filtered = if filtered.len() < capacity { filtered } else { "" };
    bytes.fill(0);
    bytes[..filtered.len()].copy_from_slice(filtered.as_bytes());
}

unsafe extern "C" fn on_sessions_changed(ctx: *mut c_void) {
    // SAFETY: the context is the seam's.
    unsafe { hooks(ctx).sessions_changed() }
}

unsafe extern "C" fn on_forwarded(
    ctx: *mut c_void,
    id: u64,
    state: seam::rs_session_state_t,
    session: seam::rs_cap_t,
) {
    // SAFETY: the context is the seam's, which lends a live handle.
    let (hooks, session) = unsafe { (hooks(ctx), RawCap::of_borrowed(session)) };
    hooks.forwarded(id, state_of(state), session.clone());
}

fn state_of(state: seam::rs_session_state_t) -> SessionState {
    match state {
        seam::RS_SESSION_CREATING => SessionState::Creating,
        seam::RS_SESSION_DENIED => SessionState::Denied,
        seam::RS_SESSION_INSUFFICIENT_RAM => SessionState::InsufficientRam,
        seam::RS_SESSION_INSUFFICIENT_CAPS => SessionState::InsufficientCaps,
        seam::RS_SESSION_AVAILABLE => SessionState::Available,
        seam::RS_SESSION_OPEN => SessionState::Open,
        seam::RS_SESSION_UPGRADING => SessionState::Upgrading,
        seam::RS_SESSION_CLOSING => SessionState::Closing,
        _ => SessionState::Closed,
    }
}

unsafe extern "C" fn on_session(ctx: *mut c_void, session: *const seam::rs_child_session_t) {
    // SAFETY: the context is the list that `sessions` made, the session lives during the callback.
    let (listed, session) = unsafe { (&mut *ctx.cast::<Vec<Listed<Server>>>(), &*session) };
    // SAFETY: strings of the session live as long as the callback, its capability is lent.
    let (service, requested, label, args, local) = unsafe {
        (
            text(session.service, session.service_len),
            text(session.requested, session.requested_len),
            text(session.label, session.label_len),
            text(session.args, session.args_len),
            RawCap::of_borrowed(session.local),
        )
    };
    listed.push(Listed {
        service: service.into(),
        requested: requested.into(),
        label: label.into(),
        args: args.into(),
        donated: Amount::new(session.ram, session.caps),
        state: state_of(session.state),
        environment: match session.environment {
            seam::RS_OF_PD => Some(Environment::Pd),
            seam::RS_OF_CPU => Some(Environment::Cpu),
            seam::RS_OF_LOG => Some(Environment::Log),
            seam::RS_OF_BINARY => Some(Environment::Binary),
            seam::RS_OF_LINKER => Some(Environment::Linker),
            _ => None,
        },
        provider: match session.kind {
            seam::RS_ROUTE_PARENT => Provider::Parent,
            seam::RS_ROUTE_CHILD => Provider::Child(Server(session.server)),
            seam::RS_ROUTE_LOCAL => Provider::Local(local.clone()),
            _ => Provider::System,
        },
    });
}
