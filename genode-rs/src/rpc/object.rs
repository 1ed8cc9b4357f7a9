//! Objects of a server that others call by capability.

use core::{
    cell::{Ref, RefCell, RefMut},
    fmt,
    marker::PhantomData,
};

use genode_wire::ExceptionCode;

use super::{Dispatch, Error, Opcodes, dispatch::serve, message::Caps};
use crate::{
    cap::Capability,
    entrypoint::Entrypoint,
    sys::rpc::{Answer, Handler, Managed},
};

/// A server of type `S` whose entrypoint answers calls of interface `I`. Dropping it ends that.
///
/// It belongs to the thread of its entrypoint, so that calls never run beside the server's other code; a
/// signal handler that runs in the midst of a call (see
/// [`Entrypoint::wait_io_signal`]) finds the server busy instead of half changed. An object may drop itself in
/// its own call.
///
/// ```no_run
/// # use genode::rpc::Object;
/// # #[genode::rpc] trait Hello { fn add(&mut self, a: i32, b: i32) -> i32; }
/// # struct Server;
/// # impl Hello for Server { fn add(&mut self, a: i32, b: i32) -> i32 { a + b } }
/// # fn f(env: genode::Env) -> Result<(), genode::Error> {
/// let object = Object::<dyn Hello, _>::new(env.ep(), Server)?;
/// let cap = object.cap().clone(); // pass it on as an argument, a result, or a session
/// # Ok(()) }
/// ```
#[must_use = "dropping it ends the object: nobody can call it any more"]
pub struct Object<I: Dispatch<S> + ?Sized + 'static, S: 'static> {
    managed: Managed<Cell<I, S>>,
    cap: Capability<I>,
}

struct Cell<I: ?Sized, S> {
    server: RefCell<S>,
    opcodes: Opcodes,
    interface: PhantomData<fn() -> *const I>,
}

impl<I: Dispatch<S> + ?Sized, S> Handler for Cell<I, S> {
    #[inline]
    fn handle(&self, call: (&[u8], &mut Caps), reply: (&mut [u8], &mut Caps)) -> Answer {
        match self.server.try_borrow_mut() {
            Ok(mut server) => serve::<I, S>(&mut server, self.opcodes, call, reply),
            Err(_) => Answer { len: 0, code: ExceptionCode::BUSY },
        }
    }
}

impl<I: Dispatch<S> + ?Sized, S> Object<I, S> {
    /// Lets `ep` serve calls by `server`.
    ///
    /// # Errors
    /// What the system says when it cannot make a capability: out of RAM or capabilities.
    pub fn new(ep: Entrypoint, server: S) -> Result<Self, crate::Error> {
        Self::with_opcodes(ep, server, Opcodes::DECLARED)
    }

    /// As [`Self::new`], for clients that know another version of the interface.
    pub fn with_opcodes(ep: Entrypoint, server: S, opcodes: Opcodes) -> Result<Self, crate::Error> {
        let cell = Cell { server: RefCell::new(server), opcodes, interface: PhantomData };
        let managed = Managed::create(ep.sys(), cell)?;
        let cap = Capability::new(managed.cap().clone());
        Ok(Self { managed, cap })
    }

    /// What others call the object by.
    pub fn cap(&self) -> &Capability<I> {
        &self.cap
    }

    /// The server.
    ///
    /// # Errors
    /// [`Error::Busy`] in the midst of a call to it.
    pub fn server(&self) -> Result<Ref<'_, S>, Error> {
        self.managed.server.try_borrow().map_err(|_| Error::Busy)
    }

    /// The server, to be changed. Let go of it before returning to the entrypoint: a call that finds it in
    /// use is answered with an exception.
    ///
    /// # Errors
    /// As [`Self::server`].
    pub fn server_mut(&self) -> Result<RefMut<'_, S>, Error> {
        self.managed.server.try_borrow_mut().map_err(|_| Error::Busy)
    }
}

impl<I: Dispatch<S> + ?Sized, S> fmt::Debug for Object<I, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("interface", &I::NAME)
            .field("cap", &self.cap)
            .finish_non_exhaustive()
    }
}
