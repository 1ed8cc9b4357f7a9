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
//! Without a `<machine>`, the server takes core's `machine` ROM (host), or the ACPI tables that core's `platform_info` ROM
//! or the BIOS leads to (Genode; needs a route to IO_MEM). A session sees what lies inside its affinity rectangle and nothing
//! else; a policy can add nodes without CPUs and physical addresses. A machine that cannot be understood is refused
//! with the reason; the one before stays.
#![no_std]
#![no_main]

extern crate alloc;

mod session;
mod source;

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
use rs_topology_session::Topology;
use session::{Session, State, rectangle};
use source::{Known, MAX_TEXT};
use topology::view::{View, ViewPolicy};

/// What all sessions are views of.
pub(crate) struct World {
    pub(crate) known: Known,
    /// Counts changes of the machine, for the snapshots.
    pub(crate) generation: u32,
    config: Node,
}

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

fn read_config(rom: &mut RomConnection) -> Result<Node, String> {
    let bytes = rom.read(MAX_TEXT).map_err(|error| alloc::format!("config: {error}"))?;
    Node::parse(&bytes).map_err(|error| alloc::format!("config: {error}"))
}

fn report(known: &Known) {
    log!(
        "machine of {} nodes and {} CPUs, affinity space {} x {}, from {}",
        known.machine.nodes().len(),
        known.machine.cpus().len(),
        known.space.width(),
        known.space.height(),
        known.source
    );
}

#[genode::component]
fn main(env: Env) -> Result<(Root, SignalHandler), String> {
    let explain = |error| alloc::format!("cannot start: {error}");
    let mut rom = RomConnection::open(env, "config").map_err(explain)?;
    let config = read_config(&mut rom)?;
    let known = source::find(env, &config)?;
    report(&known);

    let world = Rc::new(RefCell::new(World { known, generation: 1, config }));
    let open = Rc::new(RefCell::new(Vec::new()));
    let mut root = Root::new(env).map_err(explain)?;
    root.serve::<dyn Topology, _>(Sessions { world: world.clone(), open: open.clone() })
        .map_err(explain)?;

    // The configuration changes: look again, and tell those who see a part of the machine.
    let cap = Rc::new(RefCell::new(rom));
    let changed = SignalHandler::new(env.ep(), {
        let rom = cap.clone();
        move |_| {
            let config = read_config(&mut rom.borrow_mut());
            match config.and_then(|config| Ok((source::find(env, &config)?, config))) {
                Ok((known, config)) => {
                    report(&known);
                    let mut world = world.borrow_mut();
                    world.known = known;
                    world.config = config;
                    world.generation = world.generation.wrapping_add(1);
                }
                Err(error) => {
                    warning!("the machine stays as it was: {error}");
                    return;
                }
            }
            // Policies of open sessions stay: what a client may see is decided when it asks.
            let sessions: Vec<_> = open.borrow().iter().filter_map(Weak::upgrade).collect();
            for session in sessions {
                session.borrow_mut().refresh();
            }
        }
    })
    .map_err(explain)?;
    cap.borrow().sigh(changed.cap()).map_err(explain)?;
    Ok((root, changed))
}
