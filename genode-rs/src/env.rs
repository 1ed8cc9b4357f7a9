//! The component's environment: what it was given when it was started.

use crate::{
    affinity::Space,
    cap::Capability,
    entrypoint::Entrypoint,
    quota::Quota,
    session::{cpu::CpuSession, pd::PdSession, rom::Source},
    signal::SignalHandler,
    sys,
};

/// Access to the component's environment. Passed to the component's main function.
///
/// Belongs to the thread of an entrypoint, the main one's unless it was asked for by
/// [`Entrypoint::env`]: neither `Send` nor `Sync`. Copy it freely there.
///
/// ```compile_fail,E0277
/// # fn f(env: genode::Env) {
/// genode::thread::Builder::new("other").spawn(move || env.quota());
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Env {
    ep: Entrypoint,
}

impl Env {
    /// The component's environment, on `ep`.
    pub(crate) const fn new(ep: Entrypoint) -> Self {
        Self { ep }
    }

    /// The entrypoint on which handlers, tasks and objects are made.
    pub fn ep(self) -> Entrypoint {
        self.ep
    }

    /// The component's configuration, its ROM `config`: to be read, or followed as it changes.
    ///
    /// ```no_run
    /// # use genode::{prelude::*, node::Node, session::rom::Following};
    /// struct Config { interval: u64 }
    ///
    /// impl TryFrom<&Node> for Config {
    ///     type Error = genode::node::AttrError;
    ///     fn try_from(node: &Node) -> Result<Self, Self::Error> {
    ///         Ok(Self { interval: node.attr_checked("interval_ms")?.unwrap_or(1000) })
    ///     }
    /// }
    ///
    /// # fn f(env: Env) -> Result<Following, Error> {
    /// let following = env.config().on_change(|old: Option<&Config>, new: &Config| {
    ///     log!("{:?} ms, now {}", old.map(|old| old.interval), new.interval);
    /// })?;
    /// # Ok(following) }
    /// ```
    pub fn config(self) -> Source<'static> {
        self.rom("config")
    }

    /// The ROM `name`: to be read, or followed as it changes.
    pub fn rom(self, name: &str) -> Source<'_> {
        Source::new(self, name)
    }

    /// The component's accounts.
    pub fn quota(self) -> Quota {
        sys::memory::quota()
    }

    /// The CPUs that the component may use.
    pub fn affinity_space(self) -> Space {
        sys::thread::affinity_space()
    }

    /// The component's protection domain.
    pub fn pd(self) -> Capability<dyn PdSession> {
        Capability::new(sys::parent::env_cap(sys::parent::EnvCap::Pd))
    }

    /// The component's CPU session.
    pub fn cpu(self) -> Capability<dyn CpuSession> {
        Capability::new(sys::parent::env_cap(sys::parent::EnvCap::Cpu))
    }

    /// The component's parent.
    pub fn parent(self) -> Parent {
        Parent { _env: self }
    }

    /// Ends the component. The parent gets `value`; 0 means success.
    pub fn exit(self, value: i32) -> ! {
        sys::parent::exit(value)
    }
}

/// The component's parent beyond sessions: balancing of resources, signs of life.
#[derive(Clone, Copy, Debug)]
pub struct Parent {
    _env: Env,
}

/// The interface of a component's parent, for use in [`Capability`].
#[derive(Debug)]
pub enum ParentSession {}

impl Parent {
    /// The parent's capability, for interfaces that the SDK does not cover.
    pub fn cap(self) -> Capability<ParentSession> {
        Capability::new(sys::parent::env_cap(sys::parent::EnvCap::Parent))
    }

    /// Asks for resources; the answer is the [`resource_avail_sigh`](Self::resource_avail_sigh) signal.
    pub fn request_resources(self, ram: crate::quota::RamQuota, caps: crate::quota::CapQuota) {
        let args = alloc::format!("ram_quota={}, cap_quota={}", ram.0, caps.0);
        sys::parent::resource_request(&args);
    }

    /// Whom to tell that resources were granted; `None` to be left alone.
    pub fn resource_avail_sigh(self, handler: Option<&SignalHandler>) {
        Self::sigh(sys::parent::Notification::ResourceAvail, handler);
    }

    /// Whom to tell that the parent wants resources back; `None` to be left alone. A request that comes while there is no
    /// handler is lost as a signal, so a component that installs one looks at [`yield_request`](Self::yield_request) once
    /// behind it.
    pub fn yield_sigh(self, handler: Option<&SignalHandler>) {
        Self::sigh(sys::parent::Notification::Yield, handler);
    }

    /// Whom to ask for signs of life; `None` to be left alone.
    pub fn heartbeat_sigh(self, handler: Option<&SignalHandler>) {
        Self::sigh(sys::parent::Notification::Heartbeat, handler);
    }

    fn sigh(which: sys::parent::Notification, handler: Option<&SignalHandler>) {
        match handler {
            Some(handler) => sys::parent::sigh(which, handler.cap().raw()),
            None => sys::parent::sigh(which, &crate::RawCap::INVALID),
        }
    }

    /// The resources that the parent wants back, as session arguments; empty if it wants none.
    pub fn yield_request(self) -> alloc::string::String {
        let mut buf = [0; genode_sys::RS_MAX_ARGS as usize];
        sys::parent::yield_request(&mut buf).into()
    }

    /// Tells the parent that resources were given back.
    pub fn yield_response(self) {
        sys::parent::yield_response();
    }

    /// Shows a sign of life.
    pub fn heartbeat_response(self) {
        sys::parent::heartbeat_response();
    }
}
