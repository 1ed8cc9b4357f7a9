//! Objects called within the component: the same messages, no system.

use core::cell::RefCell;

use super::{
    Dispatch, Error, Interface, Opcodes,
    client::{Client, Invoke},
    dispatch::serve,
    message::{Caps, MAX_BODY},
    seal::Carrier,
};
use crate::sys::rpc::Answer;

/// A server that is called where it is, through the bytes of each message: for tests of servers and
/// clients, and for mocks of the services that a component uses.
///
/// ```
/// #[genode::rpc]
/// trait Counter {
///     fn add(&mut self, n: u32) -> u32;
/// }
///
/// struct Sum(u32);
/// impl Counter for Sum {
///     fn add(&mut self, n: u32) -> u32 { self.0 += n; self.0 }
/// }
///
/// let counter = genode::rpc::Local::<dyn Counter, _>::client(Sum(40));
/// assert_eq!(counter.add(2), Ok(42));
/// ```
#[derive(Debug)]
pub struct Local<I: ?Sized, S> {
    server: RefCell<S>,
    interface: core::marker::PhantomData<fn() -> *const I>,
}

impl<I: Dispatch<S> + ?Sized, S> Local<I, S> {
    /// An object that `server` implements.
    pub const fn new(server: S) -> Self {
        Self { server: RefCell::new(server), interface: core::marker::PhantomData }
    }

    /// A client of an object of its own that `server` implements.
    pub fn client(server: S) -> <I as Interface>::Client<Self> {
        Client::over(Self::new(server))
    }

    /// The server, for a look at its state.
    pub fn server(&self) -> &RefCell<S> {
        &self.server
    }
}

impl<I: Dispatch<S> + ?Sized, S> Carrier for Local<I, S> {}

impl<I: Dispatch<S> + ?Sized, S> Invoke for Local<I, S> {
    fn invoke(&self, call: (&[u8], &Caps), reply: (&mut [u8], &mut Caps)) -> Result<Answer, Error> {
        let mut server = self.server.try_borrow_mut().map_err(|_| Error::Busy)?;
        let mut caps = Caps::new();
        for cap in call.1.as_slice() {
            caps.push(cap.clone()).map_err(Error::Call)?;
        }
        let mut body = [0; MAX_BODY];
        let answer = serve::<I, S>(
            &mut server,
            Opcodes::DECLARED,
            (call.0, &mut caps),
            (&mut body, &mut *reply.1),
        );
        let (Some(target), Some(body)) = (reply.0.get_mut(..answer.len), body.get(..answer.len))
        else {
            return Err(Error::System(crate::Error::Overflow));
        };
        target.copy_from_slice(body);
        Ok(answer)
    }
}
