//! The client side of a call: from arguments to a message, and from the reply to a result.

use genode_wire::{Decode, Encode, ExceptionCode, Exceptions, MAX_CAPS, WireError};

use super::{
    Opcodes,
    error::{CallError, Error},
    message::{Caps, MAX_FUNCTION, Reader, Writer},
    seal::Carrier,
};
use crate::{
    cap::{Capability, RawCap},
    sys::rpc::Answer,
};

/// Something that takes a call's message to the object and brings the reply back.
///
/// [`Capability`] does it by the system, [`Local`](super::Local) within the component. There is no other way, so that
/// it can change; a mock of a service is a server behind [`Local`](super::Local).
///
/// ```compile_fail,E0277
/// # use genode::{__private::Answer, rpc::{Caps, Error, Invoke}};
/// struct Mine;
/// impl Invoke for Mine {
///     fn invoke(&self, _: (&[u8], &Caps), _: (&mut [u8], &mut Caps)) -> Result<Answer, Error> {
///         Err(Error::Busy)
///     }
/// }
/// ```
pub trait Invoke: Carrier {
    /// Sends body and capabilities of `call`, waits, and fills those of `reply`.
    #[doc(hidden)]
    fn invoke(&self, call: (&[u8], &Caps), reply: (&mut [u8], &mut Caps)) -> Result<Answer, Error>;
}

impl<I: ?Sized> Carrier for Capability<I> {}

impl<I: ?Sized> Invoke for Capability<I> {
    #[inline]
    fn invoke(&self, call: (&[u8], &Caps), reply: (&mut [u8], &mut Caps)) -> Result<Answer, Error> {
        crate::sys::rpc::call(self.raw(), call, reply).map_err(Error::System)
    }
}

impl<P: Invoke + ?Sized> Carrier for &P {}

impl<P: Invoke + ?Sized> Invoke for &P {
    #[inline]
    fn invoke(&self, call: (&[u8], &Caps), reply: (&mut [u8], &mut Caps)) -> Result<Answer, Error> {
        (**self).invoke(call, reply)
    }
}

/// What a client consists of: how it reaches the object, and how that numbers its functions.
#[derive(Clone, Debug)]
pub struct Peer<P> {
    /// Takes the calls to the object.
    pub invoke: P,
    /// Opcodes of the interface in the version that the object has.
    pub opcodes: Opcodes,
}

/// A client that [`#[genode::rpc]`](macro@crate::rpc) made, for code that works with any of them.
pub trait Client<P: Invoke>: Sized {
    /// Makes a client of the object that `peer` reaches.
    #[doc(hidden)]
    fn from_peer(peer: Peer<P>) -> Self;

    /// Tells how the client reaches its object.
    #[doc(hidden)]
    fn peer(&self) -> &Peer<P>;

    /// Makes a client of the object that `invoke` reaches, its functions numbered in order of declaration.
    fn over(invoke: P) -> Self {
        Self::with_opcodes(invoke, Opcodes::DECLARED)
    }

    /// Makes a client of an object that knows another version of the interface.
    fn with_opcodes(invoke: P, opcodes: Opcodes) -> Self {
        Self::from_peer(Peer { invoke, opcodes })
    }
}

/// Size of a call's body and reply's body, and what they may not exceed. For the code that
/// [`#[genode::rpc]`](macro@crate::rpc) makes: a function that does not fit a message does not compile.
///
/// # Panics
/// While the interface is compiled, if a message cannot hold the function.
pub const fn body_size(items: &[usize], caps: &[usize]) -> usize {
    const fn sum(numbers: &[usize]) -> usize {
        let (mut sum, mut i) = (0, 0);
        while i < numbers.len() {
            sum += numbers[i];
            i += 1;
        }
        sum
    }
    assert!(
        sum(items) <= MAX_FUNCTION,
        "the function does not fit a message: pass bulk data through a dataspace"
    );
    assert!(sum(caps) <= MAX_CAPS, "a message carries at most four capabilities");
    sum(items)
}

/// One call of at most `CALL` bytes with a reply of at most `REPLY`, on the caller's stack.
#[must_use = "nothing is called before `invoke`"]
#[derive(Debug)]
pub struct Call<const CALL: usize, const REPLY: usize> {
    body: [u8; CALL],
    len: usize,
    caps: Caps,
    reply: [u8; REPLY],
    reply_caps: Caps,
}

impl<const CALL: usize, const REPLY: usize> Call<CALL, REPLY> {
    /// Starts a call of the function at position `function` of its interface.
    #[inline]
    pub fn new(opcodes: Opcodes, function: usize) -> Result<Self, Error> {
        let opcode = opcodes.opcode(function).ok_or(Error::Unsupported)?;
        let mut call = Self {
            body: [0; CALL],
            len: 0,
            caps: Caps::new(),
            reply: [0; REPLY],
            reply_caps: Caps::new(),
        };
        call.put(&opcode)?;
        Ok(call)
    }

    /// Appends an argument.
    #[inline]
    pub fn put<T: Encode<RawCap> + ?Sized>(&mut self, argument: &T) -> Result<(), Error> {
        let mut writer = Writer::resume(&mut self.body, self.len, &mut self.caps);
        writer.put(argument).map_err(Error::Call)?;
        self.len = writer.len();
        Ok(())
    }

    /// Executes the call of a function that declares no exceptions.
    #[inline]
    pub fn invoke(&mut self, peer: &impl Invoke) -> Result<Reply<'_>, Error> {
        let reply = self.invoke_throwing(peer)?;
        match reply.code {
            ExceptionCode::SUCCESS => Ok(reply),
            code => Err(Error::Undeclared(code.value())),
        }
    }

    /// Executes the call of a function that declares exceptions: ask the reply for them after the
    /// arguments that it brings back.
    #[inline]
    pub fn invoke_throwing(&mut self, peer: &impl Invoke) -> Result<Reply<'_>, Error> {
        // An argument's own `Encode` may have exchanged the writer for one with a larger buffer.
        let body = self.body.get(..self.len).ok_or(Error::Call(WireError::Overflow))?;
        let call = (body, &self.caps);
        let answer = peer.invoke(call, (&mut self.reply, &mut self.reply_caps))?;
        let body = self.reply.get(..answer.len).ok_or(Error::Reply(WireError::Overflow))?;
        check(answer.code)?;
        Ok(Reply { reader: Reader::new(body, &mut self.reply_caps), code: answer.code })
    }
}

/// Tells the exceptions that any call can have from those that its function declares.
#[inline]
fn check(code: ExceptionCode) -> Result<(), Error> {
    Err(match code {
        ExceptionCode::INVALID_OBJECT => Error::InvalidObject,
        ExceptionCode::INVALID_OPCODE => Error::InvalidOpcode,
        ExceptionCode::MALFORMED => Error::Refused,
        ExceptionCode::OVERFLOW => Error::ReplyOverflow,
        ExceptionCode::BUSY => Error::Busy,
        _ => return Ok(()),
    })
}

/// The reply to a [`Call`].
#[derive(Debug)]
pub struct Reply<'m> {
    reader: Reader<'m>,
    code: ExceptionCode,
}

impl<'m> Reply<'m> {
    /// Takes the next value out of the reply.
    #[inline]
    pub fn take<T: Decode<'m, RawCap>>(&mut self) -> Result<T, Error> {
        self.reader.take().map_err(Error::Reply)
    }

    /// Checks that nothing is left over.
    #[inline]
    pub fn finish(&mut self) -> Result<(), Error> {
        self.reader.finish().map_err(Error::Reply)
    }

    /// The exception that the function ended with, if it did.
    #[inline]
    pub fn exception<E: Exceptions>(&self) -> Result<Option<E>, Error> {
        match self.code {
            ExceptionCode::SUCCESS => Ok(None),
            code => code.exception().map(Some).ok_or(Error::Undeclared(code.value())),
        }
    }
}

/// Splits the `Attempt` that a function returned into its value and the service's error.
#[inline]
pub fn flatten<T, E>(attempt: Result<T, E>) -> Result<T, CallError<E>> {
    attempt.map_err(CallError::Service)
}
