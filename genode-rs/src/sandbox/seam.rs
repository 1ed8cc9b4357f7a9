//! The sandbox's backend on a system: children of the seam (`rs_child_*`).
#![allow(unsafe_code, reason = "the safe side of the seam's children")]

use alloc::{boxed::Box, rc::Rc};
use core::{
    cell::{Cell, RefCell},
    ffi::{c_char, c_void},
};

use genode_sys as seam;

use super::{
    account::Amount,
    backend::{Backend, ConfigRom, Notice, Spec},
    event::End,
    hooks::{Answer, Hooks},
    rom::InlineConfig,
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
    sys::{self, memory::NO_QUOTA},
};

type SeamHooks = Hooks<Server>;

/// A child of the seam as the target of a route. Only valid while the child exists.
#[derive(Clone, Copy, Debug)]
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
            binary: spec.binary.as_ptr().cast(),
            binary_len: spec.binary.len(),
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

    fn quota(&self, child: &SeamChild) -> Result<Quota, Error> {
        let mut quota = NO_QUOTA;
        // SAFETY: the child exists while its handle does, the out parameter is live.
        Error::check(unsafe { seam::rs_child_quota(child.child, &raw mut quota) })?;
        Ok(quota.into())
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
    (route.kind, route.server, route.local) = match answer {
        Answer::Deny => (seam::RS_ROUTE_DENY, core::ptr::null_mut(), 0),
        Answer::Parent => (seam::RS_ROUTE_PARENT, core::ptr::null_mut(), 0),
        Answer::Child(server) => (seam::RS_ROUTE_CHILD, server.0, 0),
        Answer::Local(cap) => (seam::RS_ROUTE_LOCAL, core::ptr::null_mut(), cap.into_handle()),
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
