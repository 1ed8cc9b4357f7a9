//! Interception: CPU and PD sessions that a component serves in core's place.
//!
//! A resource manager wants to know of each thread and of all memory of those that it manages, and
//! to decide about both. It serves them CPU and PD sessions, each of which forwards to one of its
//! own. A [`Policy`] says what differs; everything else is forwarded as it is.
//!
//! ```no_run
//! # use genode::{affinity::Location, prelude::*, root::{Refused, Root}};
//! use genode::session::{cpu, intercept::{Client, Interceptor, Policy}};
//!
//! /// Lets all threads begin at the first CPU, and stay there.
//! struct First;
//! impl Policy for First {
//!     type Cpu = First;
//!     type Pd = ();
//!     fn cpu(&mut self, client: &Client<'_>) -> Result<First, Refused> {
//!         log!("\"{}\" starts", client.label);
//!         Ok(First)
//!     }
//!     fn pd(&mut self, _: &Client<'_>) -> Result<(), Refused> {
//!         Ok(())
//!     }
//!     fn moves(&mut self, _label: &str, _thread: &str, _asked: Location) -> Option<Location> {
//!         None
//!     }
//! }
//! impl cpu::Hooks for First {
//!     fn place(&mut self, _name: &str, _asked: Location) -> Option<Location> {
//!         Some(Location { x: 0, y: 0, width: 1, height: 1 })
//!     }
//! }
//!
//! fn serve(env: Env) -> Result<Root, Error> {
//!     let mut root = Root::new(env)?;
//!     Interceptor::new(env, First).serve(&mut root)?;
//!     Ok(root)
//! }
//! ```
//!
//! # To whom
//!
//! [`Interceptor::serve`] serves siblings, and whoever is below them: their parent routes `CPU` and
//! `PD` to this component, whose own requests for both it routes to itself.
//! [`Interceptor::serve_children`] serves the children of a sandbox whose routes lead to
//! `<local/>`, and those below them that ask their own parents. A component whose children's PD is
//! intercepted needs its own intercepted by the same component, since accounts exchange quota only
//! with such.
//!
//! # Powers
//!
//! An interceptor sees the names of its clients' threads, moves these within its own CPUs,
//! allocates from its clients' accounts, denies, and delays for ever. It does not gain: CPUs,
//! priority and quota of its sessions are what its parent gave. It cannot change what core allows a
//! component.

//!
//! # On Genode
//!
//! Genode's init calls a CPU session for a child's first thread from within the very call by which
//! its server delivers the session. A [`Root`] serves and delivers by one entrypoint, so both would
//! wait for each other: there, serve no CPU session to a child of a parent that is Genode's.

use alloc::{rc::Rc, vec::Vec};
use core::{cell::RefCell, fmt};

use super::{
    cpu::{self, CpuConnection, CpuSession, CpuThread, Guard},
    pd::{self, AllocError, PdAccount, PdConnection, PdSession, PdSessionClient},
};
use crate::{
    affinity::{Affinity, Location, Space},
    args::ArgsRef,
    cap::{Capability, RawCap},
    entrypoint::Entrypoint,
    env::Env,
    error::Error,
    quota::{CapQuota, RamQuota},
    root::{Factory, Refused, Root, SessionRequest},
    rpc::Object,
    sandbox::{LocalRequest, LocalService, Sandbox},
};

/// The component that a session is for.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The session's label, as routed.
    pub label: &'a str,
    /// All session arguments, which may be the client's choice.
    pub args: ArgsRef<'a>,
    /// The affinity that its parent chose.
    pub affinity: Affinity,
}

/// The part of the machine, and the priority, 0 being the highest, of a client's CPU session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Where its threads may run.
    pub affinity: Affinity,
    /// Their urgency.
    pub priority: u64,
}

/// Decisions of an interceptor.
pub trait Policy: 'static {
    /// Its decisions about one CPU session.
    type Cpu: cpu::Hooks + 'static;
    /// Its decisions about one PD session.
    type Pd: pd::Hooks + 'static;

    /// Accepts a client's CPU session.
    ///
    /// # Errors
    /// Why not.
    fn cpu(&mut self, client: &Client<'_>) -> Result<Self::Cpu, Refused>;

    /// Accepts a client's PD session.
    ///
    /// # Errors
    /// Why not.
    fn pd(&mut self, client: &Client<'_>) -> Result<Self::Pd, Refused>;

    /// Chooses the share of a client's CPU session; as it was asked for, unless implemented.
    fn share(&mut self, client: &Client<'_>) -> Share {
        Share { affinity: client.affinity, priority: client.args.u64("priority", 0) }
    }

    /// Decides where a client's own thread goes that the client wants to move; `None` leaves it.
    fn moves(&mut self, _label: &str, _thread: &str, asked: Location) -> Option<Location> {
        Some(asked)
    }

    /// Threads that one client may have beyond those that its session's donation pays, one
    /// capability of this component's for each.
    fn threads(&self) -> u32 {
        64
    }
}

/// PD sessions that are forwarded: the object that clients name, and what it stands for.
type Known = Rc<RefCell<Vec<(RawCap, RawCap)>>>;

/// Serves CPU and PD sessions. Clones serve by the same policy.
pub struct Interceptor<P: Policy> {
    env: Env,
    policy: Rc<RefCell<P>>,
    known: Known,
}

impl<P: Policy> Clone for Interceptor<P> {
    fn clone(&self) -> Self {
        Self { env: self.env, policy: self.policy.clone(), known: self.known.clone() }
    }
}

impl<P: Policy> fmt::Debug for Interceptor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interceptor").finish_non_exhaustive()
    }
}

/// A CPU session that is forwarded.
type CpuServer<P> = cpu::Forward<Capability<dyn CpuSession>, CpuHooks<<P as Policy>::Cpu>>;
/// A PD session that is forwarded.
type PdServer<P> = pd::Forward<Capability<dyn PdSession>, PdHooks<<P as Policy>::Pd>>;

impl<P: Policy> Interceptor<P> {
    /// Prepares to serve as `policy` decides.
    pub fn new(env: Env, policy: P) -> Self {
        Self { env, policy: Rc::new(RefCell::new(policy)), known: Known::default() }
    }

    /// Serves siblings and those below them.
    ///
    /// # Errors
    /// As [`Root::serve`].
    pub fn serve(&self, root: &mut Root) -> Result<(), Error> {
        root.serve::<dyn PdSession, _>(Pds(self.clone()))?;
        root.serve::<dyn CpuSession, _>(Cpus(self.clone()))
    }

    /// Serves children of a sandbox, and those below them. To be called before
    /// [`Sandbox::apply`].
    pub fn serve_children(&self, sandbox: &Sandbox) {
        sandbox.serve("PD", LocalPds { interceptor: self.clone(), all: Vec::new() });
        sandbox.serve("CPU", LocalCpus { interceptor: self.clone(), all: Vec::new() });
    }

    fn cpu(&self, ep: Entrypoint, client: &Client<'_>) -> Result<CpuServer<P>, Refused> {
        let mut policy = self.policy.try_borrow_mut().map_err(|_| Refused::Denied)?;
        let Share { affinity, priority } = policy.share(client);
        let inner = policy.cpu(client)?;
        let left = policy.threads();
        drop(policy);
        let connection = CpuConnection::governing(self.env, client.label, priority, affinity)?;
        let session = connection.client();
        let label = alloc::string::String::from(client.label);
        let policy = self.policy.clone();
        let guard = Guard::new(
            ep,
            Rc::new(move |thread: &str, asked: Location| {
                policy.try_borrow_mut().ok()?.moves(&label, thread, asked)
            }),
        );
        let hooks = CpuHooks { inner, connection, known: self.known.clone(), left };
        Ok(cpu::Forward::guarded(session, hooks, guard))
    }

    fn pd(&self, client: &Client<'_>) -> Result<PdServer<P>, Refused> {
        let inner = self.policy.try_borrow_mut().map_err(|_| Refused::Denied)?.pd(client)?;
        let connection = PdConnection::open(self.env, client.label)?;
        let session = PdSessionClient::new(connection.cap().clone());
        let known = self.known.clone();
        Ok(pd::Forward::new(session, PdHooks { inner, connection, known, own: None }))
    }
}

/// The capability behind one that a client names, or that itself.
fn behind<I: ?Sized>(known: &Known, named: Capability<I>) -> Capability<I> {
    let known = known.borrow();
    let found = known.iter().find(|(served, _)| served == named.raw());
    found.map_or(named, |(_, real)| Capability::new(real.clone()))
}

/// Decisions of the policy, and what lives as long as the session.
#[derive(Debug)]
struct CpuHooks<H> {
    inner: H,
    connection: CpuConnection,
    known: Known,
    left: u32,
}

impl<H: cpu::Hooks> cpu::Hooks for CpuHooks<H> {
    fn place(&mut self, name: &str, asked: Location) -> Option<Location> {
        self.inner.place(name, asked)
    }

    fn made(&mut self, name: &str, thread: &Capability<dyn CpuThread>) {
        self.inner.made(name, thread);
    }

    fn killed(&mut self, thread: &Capability<dyn CpuThread>) {
        self.inner.killed(thread);
    }

    fn space(&mut self, space: Space) -> Space {
        self.inner.space(space)
    }

    fn pd(&mut self, named: Capability<dyn PdSession>) -> Capability<dyn PdSession> {
        behind(&self.known, self.inner.pd(named))
    }

    fn provide(&mut self, lacks: AllocError) -> bool {
        if self.inner.provide(lacks) {
            return true;
        }
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        let (ram, caps) = match lacks {
            AllocError::OutOfRam => (RamQuota(4096), CapQuota(0)),
            _ => (RamQuota(0), CapQuota(1)),
        };
        self.connection.upgrade(ram, caps).is_ok()
    }
}

/// As [`CpuHooks`].
#[derive(Debug)]
struct PdHooks<H> {
    inner: H,
    connection: PdConnection,
    known: Known,
    /// The object that clients name it by.
    own: Option<RawCap>,
}

impl<H> PdHooks<H> {
    /// Lets clients name the session by an object.
    fn known_as(&mut self, cap: &RawCap) {
        self.own = Some(cap.clone());
        let real = self.connection.cap().raw().clone();
        self.known.borrow_mut().push((cap.clone(), real));
    }
}

impl<H> Drop for PdHooks<H> {
    fn drop(&mut self) {
        self.known.borrow_mut().retain(|(served, _)| Some(served) != self.own.as_ref());
    }
}

impl<H: pd::Hooks> pd::Hooks for PdHooks<H> {
    fn alloc_ram(&mut self, size: u64) -> bool {
        self.inner.alloc_ram(size)
    }

    fn alloc_rpc_cap(&mut self) -> bool {
        self.inner.alloc_rpc_cap()
    }

    fn transfer(&mut self, ram: RamQuota, caps: CapQuota) -> bool {
        self.inner.transfer(ram, caps)
    }

    fn account(&mut self, named: Capability<dyn PdAccount>) -> Capability<dyn PdAccount> {
        behind(&self.known, self.inner.account(named))
    }
}

fn client<'a>(request: &'a SessionRequest<'_>) -> Client<'a> {
    Client { label: request.label(), args: request.args(), affinity: request.affinity() }
}

/// CPU sessions of siblings.
struct Cpus<P: Policy>(Interceptor<P>);

impl<P: Policy> Factory<dyn CpuSession> for Cpus<P> {
    type Session = CpuServer<P>;

    fn create(&mut self, request: &SessionRequest<'_>) -> Result<CpuServer<P>, Refused> {
        self.0.cpu(request.ep(), &client(request))
    }
}

/// PD sessions of siblings.
struct Pds<P: Policy>(Interceptor<P>);

impl<P: Policy> Factory<dyn PdSession> for Pds<P> {
    type Session = PdServer<P>;

    fn create(&mut self, request: &SessionRequest<'_>) -> Result<PdServer<P>, Refused> {
        self.0.pd(&client(request))
    }

    fn made(&mut self, session: &mut PdServer<P>, cap: &RawCap) {
        session.hooks.known_as(cap);
    }
}

fn local<'a>(request: &LocalRequest<'a>) -> Client<'a> {
    Client { label: request.label.as_str(), args: request.args, affinity: request.affinity }
}

/// Why a local session is not there.
fn refused(refused: Refused) -> Error {
    match refused {
        Refused::InsufficientRam => Error::InsufficientRam,
        Refused::InsufficientCaps => Error::InsufficientCaps,
        Refused::Denied => Error::Denied,
    }
}

/// PD sessions of a sandbox's children.
struct LocalPds<P: Policy> {
    interceptor: Interceptor<P>,
    all: Vec<Object<dyn PdSession, PdServer<P>>>,
}

impl<P: Policy> LocalService for LocalPds<P> {
    fn open(&mut self, request: &LocalRequest<'_>) -> Result<RawCap, Error> {
        let server = self.interceptor.pd(&local(request)).map_err(refused)?;
        let object = Object::new(self.interceptor.env.ep(), server)?;
        let cap = object.cap().raw().clone();
        object.server_mut().map_err(|_| Error::Invalid)?.hooks.known_as(&cap);
        self.all.push(object);
        Ok(cap)
    }

    fn close(&mut self, session: &RawCap) {
        self.all.retain(|object| object.cap().raw() != session);
    }

    fn forwards_to(&self, session: &RawCap) -> Option<RawCap> {
        let object = self.all.iter().find(|object| object.cap().raw() == session)?;
        let server = object.server().ok()?;
        Some(server.hooks.connection.cap().raw().clone())
    }
}

/// CPU sessions of a sandbox's children.
struct LocalCpus<P: Policy> {
    interceptor: Interceptor<P>,
    all: Vec<Object<dyn CpuSession, CpuServer<P>>>,
}

impl<P: Policy> LocalService for LocalCpus<P> {
    fn open(&mut self, request: &LocalRequest<'_>) -> Result<RawCap, Error> {
        let ep = self.interceptor.env.ep();
        let server = self.interceptor.cpu(ep, &local(request)).map_err(refused)?;
        let object = Object::new(ep, server)?;
        let cap = object.cap().raw().clone();
        self.all.push(object);
        Ok(cap)
    }

    fn close(&mut self, session: &RawCap) {
        self.all.retain(|object| object.cap().raw() != session);
    }
}
