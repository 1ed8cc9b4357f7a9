//! Serving File_system sessions over a [`Volume`].
//!
//! Each session has a root directory and may be writeable, by policy; its handles are charged to
//! what its client donated; its packets are worked on a bounded amount at a time, between calls and
//! packets of other sessions. A client that does not take its acknowledgements stops itself alone.
//! When it dies, all that it had open is closed.
//!
//! ```no_run
//! # use std::rc::Rc;
//! # use genode::{prelude::*, node::Node, root::{Root, SessionRequest}};
//! # use genode::session::file_system::{FileSystemSession, Server, Volume};
//! # fn serve<V: Volume>(env: Env, volume: V, config: Rc<Node>) -> Result<Root, Error> {
//! let server = Server::new(volume);
//! let mut root = Root::new(env)?;
//! root.serve::<dyn FileSystemSession, _>(move |request: &SessionRequest<'_>| {
//!     server.session(request, &config)
//! })?;
//! # Ok(root) }
//! ```

mod handles;
mod packets;
mod session;
#[cfg(test)]
mod tests;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use core::{
    cell::{Cell, RefCell},
    fmt,
};

pub use session::Session;

use super::volume::Volume;
use crate::{
    node::Node,
    root::{Refused, SessionRequest},
};

/// News for a session that its client has not got yet: handles of watches.
#[derive(Default)]
struct Inbox {
    handles: RefCell<BTreeSet<u32>>,
    /// Lets the session look here, once the entrypoint is free.
    ring: RefCell<Option<Rc<dyn Fn()>>>,
}

/// A volume, and the sessions that work on it.
pub struct Server<V: Volume> {
    volume: RefCell<V>,
    inboxes: RefCell<BTreeMap<u32, Rc<Inbox>>>,
    last: Cell<u32>,
}

impl<V: Volume> Server<V> {
    /// Makes a server of `volume`.
    pub fn new(volume: V) -> Rc<Self> {
        let (inboxes, last) = (RefCell::default(), Cell::new(0));
        Rc::new(Self { volume: RefCell::new(volume), inboxes, last })
    }

    /// Opens a session for a client, as the policy of `config` for its label says: `root` is the
    /// directory that it sees, in which the label's last element or the argument `root` names one;
    /// with `writeable` the client may write if it asks for it.
    ///
    /// # Errors
    /// [`Refused::Denied`] without a policy, without such a directory, and for labels and arguments
    /// that do not fit, with a line in the log that says which; [`Refused::InsufficientRam`] when
    /// the client did not donate its buffer.
    pub fn session(
        self: &Rc<Self>,
        request: &SessionRequest<'_>,
        config: &Node,
    ) -> Result<Session<V>, Refused> {
        Session::open(self, request, config)
    }

    /// Looks at the volume, or changes it as no session does, and tells sessions of changes.
    ///
    /// Must not be called from within the volume's own functions.
    pub fn with_volume<T>(&self, act: impl FnOnce(&mut V) -> T) -> T {
        let result = act(&mut self.volume.borrow_mut());
        self.deliver();
        result
    }

    /// Makes a number for a session, and its inbox.
    fn join(&self) -> (u32, Rc<Inbox>) {
        let mut inboxes = self.inboxes.borrow_mut();
        let mut id = self.last.get().wrapping_add(1);
        while inboxes.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        self.last.set(id);
        let inbox = Rc::new(Inbox::default());
        inboxes.insert(id, inbox.clone());
        (id, inbox)
    }

    fn leave(&self, id: u32) {
        self.inboxes.borrow_mut().remove(&id);
    }

    /// Passes changes of watched nodes on to the sessions that watch them.
    fn deliver(&self) {
        loop {
            let Some(token) = self.volume.borrow_mut().next_change() else { return };
            let inbox = self.inboxes.borrow().get(&((token >> 32) as u32)).cloned();
            let Some(inbox) = inbox else { continue };
            if inbox.handles.borrow_mut().insert(token as u32)
                && let Some(ring) = &*inbox.ring.borrow()
            {
                ring();
            }
        }
    }
}

impl<V: Volume> fmt::Debug for Server<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sessions = self.inboxes.borrow().len();
        f.debug_struct("Server").field("sessions", &sessions).finish_non_exhaustive()
    }
}
