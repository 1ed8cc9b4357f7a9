//! Offering a service: sessions are created, upgraded and closed as the parent asks.
//!
//! ```no_run
//! # use genode::{prelude::*, root::{Root, SessionRequest}};
//! # #[genode::rpc(service = "Hello")] trait Hello { fn say_hello(&mut self); }
//! # #[derive(Default)] struct HelloServer;
//! # impl Hello for HelloServer { fn say_hello(&mut self) {} }
//! # fn main_of(env: Env) -> Result<Root, Error> {
//! let mut root = Root::new(env)?;
//! root.serve::<dyn Hello, _>(|request: &SessionRequest<'_>| {
//!     log!("session requested by '{}'", request.label());
//!     Ok(HelloServer::default())
//! })?;
//! Ok(root) // kept for the component's life
//! # }
//! ```
//!
//! A client's donation is the server's to use for that client; what a session costs is checked before it is
//! created. When the client closes the session or dies, its server object is dropped.

mod account;
pub(crate) mod requests;

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{cell::RefCell, fmt, marker::PhantomData};

pub use account::Account;
use requests::Request;

use crate::{
    affinity::Affinity,
    args::{ArgsBuf, ArgsRef},
    cap::RawCap,
    connection::Service,
    entrypoint::Entrypoint,
    env::Env,
    error::Error,
    label::Label,
    node::Node,
    quota::{CapQuota, Lack, RamQuota},
    rpc::{Dispatch, Object},
    session::rom::RomConnection,
    signal::SignalHandler,
    sys::parent::{self, Response},
};

/// What a client wants.
#[derive(Debug)]
pub struct SessionRequest<'a> {
    args: &'a ArgsBuf,
    label: Label,
    affinity: Affinity,
    ep: Entrypoint,
    account: Account,
}

impl SessionRequest<'_> {
    /// Who asks for what, as routed: select policies by it.
    pub fn label(&self) -> &str {
        self.label.as_str()
    }

    /// All session arguments. The client chose them: check before use.
    pub fn args(&self) -> ArgsRef<'_> {
        self.args.args()
    }

    /// Where the client wants its session to be served.
    pub fn affinity(&self) -> Affinity {
        self.affinity
    }

    /// RAM that arrived of what the client donated: each parent on the way keeps 810 bytes, as on
    /// Genode, for its own records of the session.
    pub fn ram(&self) -> RamQuota {
        self.args().quota().ram
    }

    /// Capabilities that the client donated.
    pub fn caps(&self) -> CapQuota {
        self.args().quota().caps
    }

    /// RAM that the client donated and that is not spent yet, to be kept in the session: upgrades add to it.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The entrypoint that will serve the session.
    pub fn ep(&self) -> Entrypoint {
        self.ep
    }
}

/// Why a session is not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// Not for this client, or not with these arguments.
    Denied,
    /// The donated RAM does not suffice; the client may try with more.
    InsufficientRam,
    /// The donated capabilities do not suffice; the client may try with more.
    InsufficientCaps,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the session is denied to this client, or with these arguments",
            Self::InsufficientRam => "the donated RAM does not suffice: donate a larger ram_quota",
            Self::InsufficientCaps => {
                "the donated capabilities do not suffice: donate a larger cap_quota"
            }
        })
    }
}

impl core::error::Error for Refused {}

impl From<Error> for Refused {
    /// The server's own shortage counts as the client's: it did not donate what its session needs.
    fn from(error: Error) -> Self {
        match error {
            Error::OutOfRam | Error::InsufficientRam => Self::InsufficientRam,
            Error::OutOfCaps | Error::InsufficientCaps => Self::InsufficientCaps,
            _ => Self::Denied,
        }
    }
}

impl From<Lack> for Refused {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Ram => Self::InsufficientRam,
            Lack::Caps => Self::InsufficientCaps,
        }
    }
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied => Self::Denied,
            Refused::InsufficientRam => Self::InsufficientRam,
            Refused::InsufficientCaps => Self::InsufficientCaps,
        }
    }
}

/// Makes the server objects of a service, one a session.
///
/// Closures that take a [`SessionRequest`] and return a server object are factories too.
pub trait Factory<S: Service + ?Sized> {
    /// The server object of one session.
    type Session: 'static;

    /// A session for a client. Its capability is delivered when this returns.
    fn create(&mut self, request: &SessionRequest<'_>) -> Result<Self::Session, Refused>;

    /// Takes note of a session's capability, before the client has it.
    fn made(&mut self, _session: &mut Self::Session, _cap: &RawCap) {}

    /// The client donated more to its session.
    fn upgrade(&mut self, _session: &mut Self::Session, _ram: RamQuota, _caps: CapQuota) {}
}

impl<S: Service + ?Sized, T: 'static, F> Factory<S> for F
where
    F: FnMut(&SessionRequest<'_>) -> Result<T, Refused>,
{
    type Session = T;

    fn create(&mut self, request: &SessionRequest<'_>) -> Result<T, Refused> {
        self(request)
    }
}

/// A service, whatever its sessions.
trait AnyService {
    fn name(&self) -> &'static str;
    fn create(&mut self, id: u64, request: &SessionRequest<'_>) -> Result<RawCap, Refused>;
    /// False if the session is of another service.
    fn upgrade(&mut self, id: u64, ram: RamQuota, caps: CapQuota) -> bool;
    /// False if the session is of another service.
    fn close(&mut self, id: u64) -> bool;
}

/// An open session, by the parent's id.
struct Open<I: Dispatch<T> + ?Sized + 'static, T: 'static> {
    id: u64,
    account: Account,
    object: Object<I, T>,
}

/// A service and its open sessions, sorted by the parent's id. Parents count their ids up, so a new one goes to the end;
/// a map's code would be the largest part of a small server.
struct Served<S: Service + ?Sized, F: Factory<S>>
where
    S::Interface: Dispatch<F::Session>,
{
    factory: F,
    sessions: Vec<Open<S::Interface, F::Session>>,
    service: PhantomData<fn() -> *const S>,
}

impl<S: Service + ?Sized, F: Factory<S>> Served<S, F>
where
    S::Interface: Dispatch<F::Session>,
{
    /// What a session takes of the server's heap at least, in bytes: the object, its entry in the map, and the
    /// entrypoint's record of it.
    const COST: usize = size_of::<F::Session>() + 512;

    /// Where the session `id` is, or where it would be.
    fn find(&self, id: u64) -> Result<usize, usize> {
        self.sessions.binary_search_by_key(&id, |open| open.id)
    }
}

impl<S: Service + ?Sized, F: Factory<S>> AnyService for Served<S, F>
where
    S::Interface: Dispatch<F::Session>,
{
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn create(&mut self, id: u64, request: &SessionRequest<'_>) -> Result<RawCap, Refused> {
        if request.caps().0 == 0 {
            return Err(Refused::InsufficientCaps);
        }
        if request.ram().0 < Self::COST as u64 {
            return Err(Refused::InsufficientRam);
        }
        // Before anything is made: a parent that repeats itself gets one session.
        let Err(place) = self.find(id) else { return Err(Refused::Denied) };
        let session = self.factory.create(request)?;
        let object = Object::new(request.ep(), session)?;
        let cap = object.cap().raw().clone();
        if let Ok(mut session) = object.server_mut() {
            self.factory.made(&mut session, &cap);
        }
        let account = request.account().clone();
        self.sessions.insert(place, Open { id, account, object });
        Ok(cap)
    }

    fn upgrade(&mut self, id: u64, ram: RamQuota, caps: CapQuota) -> bool {
        let Ok(place) = self.find(id) else { return false };
        self.sessions[place].account.credit(ram);
        if let Ok(mut session) = self.sessions[place].object.server_mut() {
            self.factory.upgrade(&mut session, ram, caps);
        }
        true
    }

    fn close(&mut self, id: u64) -> bool {
        let found = self.find(id);
        found.is_ok_and(|place| {
            self.sessions.remove(place);
            true
        })
    }
}

/// The component's services and all their sessions. Dropping it closes them.
#[must_use = "dropping it closes all sessions: return it from `main`"]
pub struct Root {
    state: Rc<RefCell<State>>,
    _handler: SignalHandler,
}

struct State {
    ep: Entrypoint,
    requests: RomConnection,
    services: Vec<Box<dyn AnyService>>,
}

impl Root {
    /// Prepares for requests from the parent; no service yet.
    ///
    /// # Errors
    /// What opening the ROM session `session_requests` says.
    pub fn new(env: Env) -> Result<Self, Error> {
        let requests = RomConnection::open(env, "session_requests")?;
        let state = State { ep: env.ep(), requests, services: Vec::new() };
        let state = Rc::new(RefCell::new(state));
        let handler = SignalHandler::new(env.ep(), {
            let state = state.clone();
            move |_| {
                // Busy only if a factory waits for I/O signals: this handler is none.
                if let Ok(mut state) = state.try_borrow_mut() {
                    state.handle();
                }
            }
        })?;
        state.borrow_mut().requests.sigh(handler.cap())?;
        Ok(Self { state, _handler: handler })
    }

    /// Serves `S`: tells the parent, and lets `factory` make the sessions.
    ///
    /// A closure as factory names its parameter's type, `|request: &SessionRequest<'_>| ..`: without it the compiler
    /// takes one lifetime where any is meant, and says "not general enough".
    ///
    /// # Errors
    /// [`Error::Invalid`] from within a factory, else what the parent says.
    pub fn serve<S, F>(&mut self, factory: F) -> Result<(), Error>
    where
        S: Service + ?Sized + 'static,
        F: Factory<S> + 'static,
        S::Interface: Dispatch<F::Session>,
    {
        let served = Served::<S, F> { factory, sessions: Vec::new(), service: PhantomData };
        self.state.try_borrow_mut().map_err(|_| Error::Invalid)?.services.push(Box::new(served));
        parent::announce(S::NAME)
    }
}

impl State {
    /// Answers what the parent asks.
    fn handle(&mut self) {
        let mut shown = [0; requests::SHOWN];
        let known = |rom| parent::session_requests(rom, &mut shown);
        if let Some(len) = self.requests.attached().and_then(known) {
            return self.answer_all(&shown[..len]);
        }
        match self.requests.read(requests::MAX_SIZE) {
            Ok(bytes) => self.answer_all(&bytes),
            Err(error) => warning!("session requests cannot be read: {error}"),
        }
    }

    fn answer_all(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match Node::parse(bytes) {
            Ok(node) => requests::parse(&node).into_iter().for_each(|request| self.answer(request)),
            Err(error) => warning!("session requests are malformed: {error}"),
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Create { id, service, args, affinity } => {
                match self.create(id, &service, args, affinity) {
                    Ok(cap) => parent::session_deliver(id, &cap),
                    Err(refused) => parent::session_response(id, refused.into()),
                }
            }
            Request::Upgrade { id, ram, caps } => {
                self.services.iter_mut().any(|service| service.upgrade(id, ram, caps));
                parent::session_response(id, Response::Ok);
            }
            Request::Close { id } => {
                self.services.iter_mut().any(|service| service.close(id));
                parent::session_response(id, Response::Closed);
            }
        }
    }

    fn create(
        &mut self,
        id: u64,
        service: &str,
        args: requests::Args,
        affinity: Affinity,
    ) -> Result<RawCap, Refused> {
        let args = args.map_err(|_| Refused::Denied)?;
        let label = args.args().label().map_err(|_| Refused::Denied)?;
        let account = Account::new(args.args().quota().ram);
        let request = SessionRequest { args: &args, label, affinity, ep: self.ep, account };
        self.services
            .iter_mut()
            .find(|candidate| candidate.name() == service)
            .ok_or(Refused::Denied)?
            .create(id, &request)
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").finish_non_exhaustive()
    }
}
