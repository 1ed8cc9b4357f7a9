//! One session: a view of the machine, and the snapshot of it.

use alloc::{rc::Rc, string::String};
use core::cell::RefCell;

use genode::{
    Capability, Error,
    affinity::{Affinity, Location, Space},
    dataspace::{Dataspace, PAGE_SIZE, SharedRam},
    quota::RamQuota,
    signal::{SignalContext, Transmitter},
    warning,
};
use topology::{
    snapshot::{self, MAX_SIZE},
    view::View,
    wire::NumaRegion,
};
use topology_session::{Region, SharedSnapshot, Topo, Topology};

use crate::world::World;

/// What a session takes of its donation besides the snapshot: objects on the heap. A view takes 20 bytes a location
/// and a node, the snapshot in the making as much again.
pub(crate) const FIXED: u64 = 8 << 10;

/// The state of a session, shared by its RPC object and the list that is walked when the machine changes.
pub(crate) struct State {
    label: String,
    view: View,
    /// The affinity that the session was opened with, relative to a space of the client's own: it scales with the
    /// machine.
    granted: Affinity,
    /// The one that the client chose since, within the former.
    chosen: Option<Affinity>,
    world: Rc<RefCell<World>>,
    /// RAM that the client donated so far.
    donated: RamQuota,
    shared: Option<SharedRam>,
    sigh: Transmitter,
}

impl State {
    pub(crate) fn new(
        label: &str,
        (granted, view): (Affinity, View),
        world: Rc<RefCell<World>>,
        donated: RamQuota,
    ) -> Self {
        let mut state = Self {
            label: label.into(),
            view,
            granted,
            chosen: None,
            world,
            donated,
            shared: None,
            sigh: Transmitter::default(),
        };
        state.publish();
        state
    }

    /// Looks again after the machine has changed.
    pub(crate) fn refresh(&mut self) {
        {
            let world = self.world.borrow();
            let (machine, space) = (&world.known.machine, &world.known.space);
            match View::new(machine, space, self.granted, self.view.policy()) {
                Ok(view) => self.view = view,
                Err(_) => self.view.refresh(machine, space),
            }
            if let Some(chosen) = self.chosen
                && self.view.reconstruct(machine, space, chosen).is_err()
            {
                self.chosen = None;
            }
        }
        self.publish();
    }

    /// The client donated more.
    pub(crate) fn upgrade(&mut self, ram: RamQuota) {
        self.donated += ram;
        if self.shared.is_none() {
            self.publish();
        }
    }

    /// Writes the snapshot, to a larger dataspace if need be and paid for, and tells the client.
    fn publish(&mut self) {
        let words = {
            let world = self.world.borrow();
            snapshot::write(&world.known.machine, &self.view, world.generation)
        };
        let size = (words.len() * 8).next_multiple_of(PAGE_SIZE);
        if self.shared.as_ref().is_none_or(|shared| shared.size() < size) {
            // The old one goes first: both are paid by one donation.
            self.shared = None;
            match self.allocate(size) {
                Ok(shared) => self.shared = Some(shared),
                Err(error) => {
                    warning!("'{}' gets no snapshot of {size} bytes: {error}", self.label);
                }
            }
        }
        if let Some(shared) = &self.shared
            && let Err(error) = snapshot::publish(&SharedSnapshot(shared), &words)
        {
            warning!("snapshot of '{}': {error}", self.label);
        }
        self.sigh.submit();
    }

    fn allocate(&self, size: usize) -> Result<SharedRam, Error> {
        if size > MAX_SIZE {
            return Err(Error::Overflow);
        }
        if self.donated.0 < size as u64 + FIXED {
            return Err(Error::InsufficientRam);
        }
        SharedRam::new(size)
    }
}

/// The RPC object of a session.
pub(crate) struct Session(pub(crate) Rc<RefCell<State>>);

/// The rectangle that an affinity means; one without a space, as of a client that asks for nothing, is all.
pub(crate) fn rectangle(affinity: &Affinity) -> Affinity {
    if affinity.space == Space::default() {
        return Affinity::UNRESTRICTED;
    }
    *affinity
}

impl Topo for Session {
    fn node_affinity_of(&mut self, location: &Location) -> Region {
        let state = self.0.borrow();
        state.view.node_affinity_of(*location).unwrap_or(NumaRegion::INVALID).into()
    }

    fn node_at_id(&mut self, id: u32) -> Region {
        self.0.borrow().view.node_at_id(id).unwrap_or(NumaRegion::INVALID).into()
    }

    fn node_count(&mut self) -> u32 {
        self.0.borrow().view.node_count()
    }

    fn reconstruct(&mut self, affinity: Affinity) {
        let mut state = self.0.borrow_mut();
        let world = state.world.clone();
        let world = world.borrow();
        let chosen = rectangle(&affinity);
        match state.view.reconstruct(&world.known.machine, &world.known.space, chosen) {
            Ok(()) => {
                state.chosen = Some(chosen);
                drop(world);
                state.publish();
            }
            Err(error) => warning!("'{}' keeps its affinity: {error}", state.label),
        }
    }

    fn phys_id(&mut self, location: &Location) -> u32 {
        self.0.borrow().view.phys_id(*location).unwrap_or(u32::MAX)
    }

    fn global_affinity_space(&mut self) -> Space {
        self.0.borrow().view.global_affinity_space()
    }
}

impl Topology for Session {
    fn snapshot(&mut self) -> Capability<Dataspace> {
        let state = self.0.borrow();
        state.shared.as_ref().map(|shared| shared.cap().clone()).unwrap_or_default()
    }

    fn sigh(&mut self, context: Capability<SignalContext>) {
        self.0.borrow_mut().sigh = Transmitter::new(context);
    }
}
