//! Children: start, route, account, restart, reconfigure them as a configuration says.
//!
//! What Genode's `init` does, as a library: `init` is its plain user, a component that manages its children in a
//! way of its own serves sessions to them ([`Sandbox::serve`]), listens to events, and applies configurations that
//! it made itself.
//!
//! ```no_run
//! # use genode::{node::Node, prelude::*, sandbox::Sandbox};
//! # fn main_of(env: Env) -> Result<Sandbox, Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::new(env, |events| log!("{events:?}"))?;
//! sandbox.apply(&Node::parse(br#"<config>
//!     <parent-provides> <service name="ROM"/> <service name="PD"/> <service name="CPU"/> <service name="LOG"/> </parent-provides>
//!     <default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>
//!     <default caps="100"/>
//!     <start name="hello"> <resource name="RAM" quantum="1M"/> </start>
//! </config>"#)?);
//! # Ok(sandbox) }
//! ```
//!
//! A supervisor reacts to events by the same handle ([`Sandbox::supervise`]).
//!
//! # What is decided where
//! Decisions are pure and tested without a system: what a configuration says (`config`), where a session goes
//! (`route`), what a new configuration means for children that run (`plan`), how much they get (`account`). The
//! `engine` applies them by way of a `Backend`, which the seam implements.
//!
//! # Differences to Genode's `init`
//! - Every denial says which rule was at fault and what to write.
//! - A changed default route or `parent-provides` counts for children that run, as a changed route does.
//! - A child that crashed is told apart from one that exited, and gives its quota back in either case.

mod account;
mod backend;
mod config;
mod diagnostic;
mod engine;
mod event;
mod forward;
mod hooks;
mod plan;
mod policy;
mod progress;
mod pulse;
mod report;
mod rom;
mod route;
mod seam;
mod session;
mod table;

use alloc::{
    boxed::Box,
    rc::{Rc, Weak},
    string::{String, ToString},
    vec::Vec,
};
use core::{
    cell::{OnceCell, RefCell},
    fmt,
};

pub use config::{Alias, Config, Details, Heartbeat, Provided, Report, Start};
pub use diagnostic::{Diagnostic, Severity};
pub use event::{End, Event, SessionState};
pub use hooks::{LocalRequest, LocalService};
pub use route::{Denial, Query, Route, RouteModel, Services, To, Unserved};

use self::{engine::Engine, hooks::Shared, seam::System};
use crate::{
    env::Env,
    error::Error,
    node::{Node, Syntax},
    quota::Quota,
    root::requests,
    session::{rom::RomConnection, timer::TimerConnection},
    signal::SignalHandler,
};

type OnEvents = Box<dyn FnMut(&[Event])>;

struct Inner {
    engine: RefCell<Engine<System>>,
    on_events: RefCell<OnEvents>,
    /// Runs `process` once the entrypoint is free.
    wakeup: RefCell<Option<SignalHandler>>,
    beat: RefCell<Option<Beat>>,
    /// What our parent wants of our children, once a configuration has services for it.
    asked: RefCell<Option<Asked>>,
    env: Env,
}

/// Requests of our parent.
struct Asked {
    requests: RomConnection,
    _handler: SignalHandler,
}

/// The timer that lets hearts beat.
struct Beat {
    ms: u64,
    _timer: TimerConnection,
    _handler: SignalHandler,
}

/// Children as a configuration wants them. A cheap handle: clones are the same sandbox.
#[derive(Clone)]
#[must_use = "dropping the last handle ends all children"]
pub struct Sandbox(Rc<Inner>);

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// A sandbox without children, on the main entrypoint. `on_events` gets what happened, at least one
    /// event, and may use the sandbox.
    ///
    /// # Errors
    /// What the system says when it cannot make a signal context.
    pub fn new(env: Env, on_events: impl FnMut(&[Event]) + 'static) -> Result<Self, Error> {
        let wake = seam::Waker::default();
        let shared = Shared::new(wake.closure());
        let engine = Engine::new(System::new(env), shared);
        let inner = Rc::new(Inner {
            engine: RefCell::new(engine),
            on_events: RefCell::new(Box::new(on_events)),
            wakeup: RefCell::new(None),
            beat: RefCell::new(None),
            asked: RefCell::new(None),
            env,
        });
        let weak = Rc::downgrade(&inner);
        let handler = SignalHandler::new(env.ep(), move |_| {
            if let Some(inner) = weak.upgrade() {
                Self(inner).process();
            }
        })?;
        wake.set(handler.cap().clone());
        *inner.wakeup.borrow_mut() = Some(handler);
        Ok(Self(inner))
    }

    /// A sandbox without children, on the main entrypoint, whose own handle `on_event` gets with
    /// each event: to restart a child, or to apply another configuration.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn supervise(
        env: Env,
        mut on_event: impl FnMut(&Self, &Event) + 'static,
    ) -> Result<Self, Error> {
        // Weak: the sandbox owns what it calls.
        let own = Rc::new(OnceCell::<Weak<Inner>>::new());
        let sandbox = Self::new(env, {
            let own = own.clone();
            move |events| {
                if let Some(inner) = own.get().and_then(Weak::upgrade) {
                    let sandbox = Self(inner);
                    for event in events {
                        on_event(&sandbox, event);
                    }
                }
            }
        })?;
        // Nothing happens before there is a configuration.
        own.get_or_init(|| Rc::downgrade(&sandbox.0));
        Ok(sandbox)
    }

    /// Makes the children what `config` says. What is wrong with it is logged, with place and remedy; the rest
    /// takes effect.
    pub fn apply(&self, config: &Node) {
        let Ok(mut engine) = self.0.engine.try_borrow_mut() else {
            return crate::warning!("configuration ignored: applied from within a session request");
        };
        engine.apply(config);
        let beat_ms = engine.config.heartbeat_ms;
        let serves = !engine.config.services.is_empty();
        drop(engine);
        self.beat(beat_ms);
        if serves {
            self.listen();
        }
        self.process();
    }

    /// Hears what our parent wants of our children, from now on.
    fn listen(&self) {
        if self.0.asked.borrow().is_some() {
            return;
        }
        let weak = Rc::downgrade(&self.0);
        let open = || -> Result<Asked, Error> {
            let handler = SignalHandler::new(self.0.env.ep(), move |_| {
                if let Some(inner) = weak.upgrade() {
                    Self(inner).on_requests();
                }
            })?;
            let requests = RomConnection::open(self.0.env, "session_requests")?;
            requests.sigh(handler.cap())?;
            Ok(Asked { requests, _handler: handler })
        };
        match open() {
            Ok(asked) => *self.0.asked.borrow_mut() = Some(asked),
            Err(e) => return crate::error!("cannot serve our parent: {e}"),
        }
        self.on_requests();
    }

    fn on_requests(&self) {
        let read = match &mut *self.0.asked.borrow_mut() {
            Some(asked) => asked.requests.read(requests::MAX_SIZE),
            None => return,
        };
        let requests = match read {
            Ok(bytes) if bytes.is_empty() => Vec::new(),
            Ok(bytes) => match Node::parse(&bytes) {
                Ok(node) => requests::parse(&node),
                Err(e) => return crate::warning!("session requests are malformed: {e}"),
            },
            Err(e) => return crate::warning!("session requests cannot be read: {e}"),
        };
        if let Ok(mut engine) = self.0.engine.try_borrow_mut() {
            engine.requested(requests);
        }
        self.process();
    }

    /// The syntax in which inline configurations are handed out; XML at first.
    pub fn syntax(&self, syntax: Syntax) {
        if let Ok(engine) = self.0.engine.try_borrow() {
            engine.backend.syntax.set(syntax);
        }
    }

    /// Serves sessions of `service` to children whose routes lead to `<local/>`. To be called before
    /// [`Self::apply`].
    pub fn serve(&self, service: &str, server: impl LocalService + 'static) {
        if let Ok(engine) = self.0.engine.try_borrow() {
            engine.shared.services.borrow_mut().push((service.to_string(), Box::new(server)));
            engine.shared.routing.borrow_mut().table.serve(service);
        }
    }

    /// The state of all children, as Genode's `init` reports it, to the detail that `<report>` asks for.
    pub fn state(&self) -> Node {
        self.0.engine.try_borrow().map_or_else(|_| Node::new("state"), |e| e.state())
    }

    /// What `<report>` asks for, None if there is no such node.
    pub fn report(&self) -> Option<Report> {
        self.0.engine.try_borrow().ok()?.config.report
    }

    /// The accounts of a child that runs.
    pub fn quota(&self, child: &str) -> Option<Quota> {
        let engine = self.0.engine.try_borrow().ok()?;
        let child = engine.children.iter().find(|c| c.start.name == child)?;
        backend::Backend::quota(&engine.backend, child.handle.as_ref()?).ok()
    }

    /// Starts a child anew, and those that use its services.
    pub fn restart(&self, child: &str) {
        if let Ok(mut engine) = self.0.engine.try_borrow_mut() {
            engine.restart(child);
        }
        self.process();
    }

    /// Handles what happened in the meantime.
    fn process(&self) {
        let events = match self.0.engine.try_borrow_mut() {
            Ok(mut engine) => engine.process(),
            Err(_) => return, // whoever holds it processes when done
        };
        self.tell(&events);
    }

    fn tell(&self, events: &[Event]) {
        if let (Ok(mut on_events), false) = (self.0.on_events.try_borrow_mut(), events.is_empty()) {
            on_events(events);
        }
    }

    /// Installs or removes the timer of heartbeats.
    fn beat(&self, ms: Option<u64>) {
        let mut beat = self.0.beat.borrow_mut();
        if beat.as_ref().map(|b| b.ms) == ms {
            return;
        }
        *beat = None;
        if let Some(ms) = ms.filter(|ms| *ms > 0) {
            match self.start_beat(ms) {
                Ok(started) => *beat = Some(started),
                Err(e) => crate::error!(
                    "no heartbeats without a Timer session, route one to this component: {e}"
                ),
            }
        }
    }

    fn start_beat(&self, ms: u64) -> Result<Beat, Error> {
        let weak = Rc::downgrade(&self.0);
        let handler = SignalHandler::new(self.0.env.ep(), move |count| match weak.upgrade() {
            Some(_) if count == 0 => {
                crate::error!("no heartbeats any more: the Timer service has died");
            }
            Some(inner) => Self(inner).on_beat(),
            None => {}
        })?;
        let timer = TimerConnection::open(self.0.env, "heartbeat")?;
        timer.sigh(handler.cap())?;
        timer.trigger_periodic(core::time::Duration::from_millis(ms))?;
        Ok(Beat { ms, _timer: timer, _handler: handler })
    }

    fn on_beat(&self) {
        let Ok(mut engine) = self.0.engine.try_borrow_mut() else { return };
        let missed = engine.heartbeat();
        let restart: Vec<String> = engine.overdue();
        for child in &restart {
            crate::warning!("child \"{child}\" shows no sign of life and is restarted");
            engine.restart(child);
        }
        drop(engine);
        self.tell(&missed);
        self.process();
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
