//! rs_topology: the TOPO server.
//!
//! ```xml
//! <start name="topology">
//!   <binary name="rs_topology"/> <resource name="RAM" quantum="4M"/>
//!   <provides> <service name="TOPO"/> </provides>
//!   <config>
//!     <machine> ... </machine>      <!-- optional: the machine, described; changes are followed -->
//!     <policy label_prefix="monitor" memory_only_nodes="yes" physical_ranges="yes"/>
//!   </config>
//! </start>
//! ```
//!
//! Without a `<machine>`, the server asks its [sources](source). A session sees what lies inside its affinity rectangle and
//! nothing else; a policy can add nodes without CPUs and physical addresses. A machine that cannot be understood is refused
//! with the reason; the one before stays, or clients wait until there is one.
#![no_std]
#![no_main]

extern crate alloc;

mod session;
mod source;
mod world;

use alloc::{
    rc::{Rc, Weak},
    string::String,
    vec::Vec,
};
use core::cell::RefCell;

use genode::{
    label,
    node::Node,
    prelude::*,
    quota::{CapQuota, RamQuota},
    root::{Factory, Refused, Root, SessionRequest},
    session::rom::RomConnection,
};
use session::{Session, State, rectangle};
use source::{Config, Known, Sources};
use topology::view::{View, ViewPolicy};
use topology_session::Topology;
use world::World;

/// Makes sessions, and knows those that are open.
struct Sessions {
    world: Rc<RefCell<World>>,
    open: Rc<RefCell<Vec<Weak<RefCell<State>>>>>,
}

impl Factory<dyn Topology> for Sessions {
    type Session = Session;

    fn create(&mut self, request: &SessionRequest<'_>) -> Result<Session, Refused> {
        if request.ram().0 < session::FIXED {
            return Err(Refused::InsufficientRam);
        }
        let affinity = rectangle(&request.affinity());
        let view = {
            let world = self.world.borrow();
            let policy = policy(&world.config, request.label());
            View::new(&world.known.machine, &world.known.space, affinity, policy)
        };
        let view = view.map_err(|error| {
            warning!("session of '{}' denied: {error}", request.label());
            Refused::Denied
        })?;
        let state =
            State::new(request.label(), (affinity, view), self.world.clone(), request.ram());
        let state = Rc::new(RefCell::new(state));
        let mut open = self.open.borrow_mut();
        open.retain(|session| session.strong_count() > 0);
        open.push(Rc::downgrade(&state));
        Ok(Session(state))
    }

    fn upgrade(&mut self, session: &mut Session, ram: RamQuota, _caps: CapQuota) {
        session.0.borrow_mut().upgrade(ram);
    }
}

fn policy(config: &Node, label: &str) -> ViewPolicy {
    let policy = label::policy(config, label);
    let allowed = |name| policy.is_some_and(|policy| policy.attr_or(name, false));
    ViewPolicy {
        memory_only_nodes: allowed("memory_only_nodes"),
        physical_ranges: allowed("physical_ranges"),
    }
}

/// The server: what it knows, and who asks.
struct Server {
    env: Env,
    config: RomConnection,
    sources: Sources,
    open: Rc<RefCell<Vec<Weak<RefCell<State>>>>>,
    /// There once a machine is known. Until then the service is not announced, and its clients wait.
    serving: Option<(Rc<RefCell<World>>, Root)>,
}

impl Server {
    /// Looks at the configuration and the sources, at the start and after a change.
    fn update(&mut self) {
        let config = Config::read(&mut self.config);
        let found = config.and_then(|config| Ok((self.sources.find(&config)?, config)));
        match (found, &self.serving) {
            (Ok((known, Config { node: config, .. })), None) => {
                known.refused.iter().for_each(|reason| warning!("refused: {reason}"));
                describe(self.env, &known);
                if let Err(error) = self.serve(known, config) {
                    error!("cannot serve: {error}");
                }
            }
            (Ok((known, Config { node: config, .. })), Some((world, _))) => {
                if !known.refused.is_empty() {
                    return warning!("the machine stays as it was: {}", known.refused.join("; "));
                }
                {
                    let mut world = world.borrow_mut();
                    if world.known.machine == known.machine && world.known.space == known.space {
                        world.config = config;
                        return;
                    }
                    describe(self.env, &known);
                    world.known = known;
                    world.config = config;
                    world.generation = world.generation.wrapping_add(1);
                }
                // Policies of open sessions stay: what a client may see is decided when it asks.
                let sessions: Vec<_> =
                    self.open.borrow().iter().filter_map(Weak::upgrade).collect();
                for session in sessions {
                    session.borrow_mut().refresh();
                }
            }
            (Err(error), None) => {
                error!(
                    "the machine is not known, sessions wait for another configuration: {error}"
                );
            }
            (Err(error), Some(_)) => warning!("the machine stays as it was: {error}"),
        }
    }

    /// Announces the service.
    fn serve(&mut self, known: Known, config: Node) -> Result<(), Error> {
        let world = Rc::new(RefCell::new(World { known, generation: 1, config }));
        let mut root = Root::new(self.env)?;
        let sessions = Sessions { world: world.clone(), open: self.open.clone() };
        root.serve::<dyn Topology, _>(sessions)?;
        self.serving = Some((world, root));
        Ok(())
    }
}

/// The ending of what there are `n` of.
fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn describe(env: Env, known: &Known) {
    source::report(known);
    let (nodes, cpus) = (known.machine.nodes().len(), known.machine.cpus().len());
    log!(
        "machine of {nodes} node{} and {cpus} CPU{}, affinity space {} x {}, from {}",
        plural(nodes),
        plural(cpus),
        known.space.width(),
        known.space.height(),
        known.source
    );
    let quota = env.quota();
    log!("RAM: {} bytes used of {}", quota.ram_used, quota.ram_limit);
}

#[genode::component]
fn main(env: Env) -> Result<(Rc<RefCell<Server>>, SignalHandler), String> {
    let explain = |error| alloc::format!("cannot start: {error}");
    let config = RomConnection::open(env, "config").map_err(explain)?;

    // The configuration changes, or the TOPO server that this one asks: look again.
    let slot: Rc<RefCell<Weak<RefCell<Server>>>> = Rc::default();
    let changed = SignalHandler::new(env.ep(), {
        let slot = slot.clone();
        move |_| {
            let server = slot.borrow().upgrade();
            if let Some(server) = server {
                server.borrow_mut().update();
            }
        }
    })
    .map_err(explain)?;
    config.sigh(changed.cap()).map_err(explain)?;

    let sources = Sources::new(env, changed.cap().clone());
    let open = Rc::default();
    let server = Rc::new(RefCell::new(Server { env, config, sources, open, serving: None }));
    *slot.borrow_mut() = Rc::downgrade(&server);
    server.borrow_mut().update();
    Ok((server, changed))
}
