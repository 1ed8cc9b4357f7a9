//! The server side of a call: from a message to a function of the server and back.

use genode_wire::ExceptionCode;

use super::{
    Opcodes,
    client::{Client, Invoke},
    message::{Caps, Reader, Writer},
    seal::Derived,
};
use crate::sys::rpc::Answer;

/// An RPC interface, implemented by [`#[genode::rpc]`](macro@crate::rpc) for `dyn Trait` and by nothing else.
///
/// ```compile_fail,E0277
/// # #[genode::rpc] trait Book { fn pages(&self) -> u32; }
/// struct Mine;
/// impl genode::rpc::Interface for Mine {
///     const NAME: &'static str = "Mine";
///     type Client<P: genode::rpc::Invoke> = BookClient<P>;
///     const COUNT: usize = 0;
///     fn function(_: usize) -> Option<&'static str> { None }
/// }
/// ```
pub trait Interface: Derived {
    /// Name of the trait.
    const NAME: &'static str;
    /// The client, calling through a `P`; for a component that is a [`Capability`](crate::Capability).
    type Client<P: Invoke>: Client<P>;

    /// Number of functions, inherited ones included.
    #[doc(hidden)]
    const COUNT: usize;

    /// Names the function at `index` in order of declaration, inherited ones first.
    #[doc(hidden)]
    fn function(index: usize) -> Option<&'static str>;
}

/// An interface whose calls a server of type `S` can answer, implemented by
/// [`#[genode::rpc]`](macro@crate::rpc) for `dyn Trait` and all `S: Trait`.
pub trait Dispatch<S: ?Sized>: Interface {
    /// Executes the function at index `function` in order of declaration: arguments come from `call`,
    /// results go to `reply`.
    #[doc(hidden)]
    fn dispatch(
        server: &mut S,
        function: usize,
        call: &mut Reader<'_>,
        reply: &mut Writer<'_>,
    ) -> Result<(), ExceptionCode>;
}

/// Serves one call: reads the opcode and the arguments, executes the function, writes the reply.
///
/// A call that cannot be served has no effect on the server and an exception as answer. Capabilities that
/// came with `call` and were not taken by the function are given back.
#[inline]
pub fn serve<I: Dispatch<S> + ?Sized, S: ?Sized>(
    server: &mut S,
    opcodes: Opcodes,
    (call, call_caps): (&[u8], &mut Caps),
    (reply, reply_caps): (&mut [u8], &mut Caps),
) -> Answer {
    let mut reader = Reader::new(call, call_caps);
    let mut writer = Writer::new(reply, reply_caps);
    let result = match reader.take().map(|opcode: i64| opcodes.function(opcode)) {
        Ok(Some(function)) => I::dispatch(server, function, &mut reader, &mut writer),
        Ok(None) => Err(ExceptionCode::INVALID_OPCODE),
        Err(error) => Err(error.into()),
    };
    let code = match result {
        Ok(()) => ExceptionCode::SUCCESS,
        Err(code) => {
            if !code.is_declared() {
                writer.clear();
            }
            code
        }
    };
    Answer { len: writer.len(), code }
}
