//! The server side of a call: from a message to a function of the server and back.

use super::{Caps, Client, ExceptionCode, Invoke, Reader, Writer};

/// An RPC interface, implemented by [`#[genode::rpc]`](macro@crate::rpc) for `dyn Trait`.
pub trait Interface {
    /// Name of the trait.
    const NAME: &'static str;
    /// How many functions it has, inherited ones included.
    const COUNT: usize;
    /// The client, calling through a `P`; for a component that is a [`Capability`](crate::Capability).
    type Client<P: Invoke>: Client<P>;

    /// Name of the function at `index` in order of declaration, inherited ones first.
    fn function(index: usize) -> Option<&'static str>;
}

/// An interface whose calls a server of type `S` can answer, implemented by
/// [`#[genode::rpc]`](macro@crate::rpc) for `dyn Trait` and all `S: Trait`.
pub trait Dispatch<S: ?Sized>: Interface {
    /// Executes the function at index `function` in order of declaration: arguments come from `call`,
    /// results go to `reply`.
    fn dispatch(
        server: &mut S,
        function: usize,
        call: &mut Reader<'_>,
        reply: &mut Writer<'_>,
    ) -> Result<(), ExceptionCode>;
}

/// Which number on the wire stands for which function of a trait.
///
/// Usually they are the same: an opcode is the position in the C++ list, and the trait declares its
/// functions in that order. Between versions of Genode they can differ, then a table tells how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opcodes(Option<&'static [i64]>);

impl Opcodes {
    /// Entry of a table for a function that does not exist in that version.
    pub const ABSENT: i64 = -1;

    /// Functions are numbered in order of declaration.
    pub const DECLARED: Self = Self(None);

    /// `table[i]` is the opcode of the function that the trait declares at position `i`; functions beyond
    /// the table are [`Self::ABSENT`].
    pub const fn table(table: &'static [i64]) -> Self {
        Self(Some(table))
    }

    /// The opcode of the function at position `function`, `None` if this version does not have it.
    #[inline]
    pub fn opcode(self, function: usize) -> Option<i64> {
        match self.0 {
            None => i64::try_from(function).ok(),
            Some(table) => table.get(function).copied().filter(|&opcode| opcode != Self::ABSENT),
        }
    }

    /// The position of the function that `opcode` stands for, `None` if there is none. Whether the
    /// interface has a function there is for its dispatcher to say.
    #[inline]
    pub fn function(self, opcode: i64) -> Option<usize> {
        match self.0 {
            None => usize::try_from(opcode).ok(),
            Some(table) if opcode != Self::ABSENT => {
                table.iter().position(|&entry| entry == opcode)
            }
            Some(_) => None,
        }
    }
}

/// What to send back besides the capabilities in the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Bytes of the reply's body.
    pub len: usize,
    /// Success, or why there is no result.
    pub code: ExceptionCode,
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
