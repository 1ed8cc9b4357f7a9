//! What can go wrong with a call, told apart by whose fault it is.

use core::{convert::Infallible, fmt};

/// A message that cannot be written, or bytes that are not the message they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// The arguments or results need more bytes than a message has.
    Overflow,
    /// More than four capabilities.
    TooManyCaps,
    /// The message ends before its last argument.
    Short,
    /// A buffer is longer than the interface allows.
    TooLong,
    /// A number that the type does not define, such as an unknown enum value or a `bool` of 2.
    BadValue,
    /// Text without its terminating zero, or with one inside.
    BadText,
    /// The message carries fewer capabilities than the interface declares.
    MissingCap,
    /// The message carries more capabilities than the interface declares.
    SurplusCap,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "does not fit the message: pass bulk data through a dataspace",
            Self::TooManyCaps => "more than four capabilities: use several calls",
            Self::Short => "ends before its last argument: check that both sides use one interface",
            Self::TooLong => "holds a buffer longer than the interface allows: shorten or split it",
            Self::BadValue => {
                "holds a value that its type does not define: check that both sides use one interface"
            }
            Self::BadText => "holds text that is not terminated by exactly one zero byte",
            Self::MissingCap => "lacks a capability: pass an invalid one if there is none",
            Self::SurplusCap => "carries a capability that the interface does not declare",
        })
    }
}

impl core::error::Error for WireError {}

/// A call that did not come back with its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The system could not deliver the call or its reply.
    System(crate::Error),
    /// The server does not know the object any more.
    InvalidObject,
    /// The server does not know the function.
    InvalidOpcode,
    /// The server found the call malformed.
    Refused,
    /// The server's results did not fit its reply.
    ReplyOverflow,
    /// The function does not exist in the version of the interface that the [opcode table](super::Opcodes)
    /// describes.
    Unsupported,
    /// The arguments cannot be sent.
    Call(WireError),
    /// The reply is not what the interface declares.
    Reply(WireError),
    /// The reply's protocol word is none that the function declares.
    Undeclared(i64),
    /// The server is in the midst of a call already.
    Busy,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => error.fmt(f),
            Self::InvalidObject => {
                f.write_str("the server does not know the object: the session was closed")
            }
            Self::InvalidOpcode => f.write_str(
                "the server does not know the function: check that both sides use one interface version",
            ),
            Self::Refused => f.write_str(
                "the server found the call malformed: check that both sides use one interface version",
            ),
            Self::ReplyOverflow => f.write_str("the server's results do not fit the reply"),
            Self::Unsupported => {
                f.write_str("this version of the interface does not have the function")
            }
            Self::Call(error) => write!(f, "the call {error}"),
            Self::Reply(error) => write!(f, "the reply {error}"),
            Self::Undeclared(code) => write!(
                f,
                "the server replied with exception {code}, which the function does not declare"
            ),
            Self::Busy => f.write_str("the object is executing a call already"),
        }
    }
}

impl core::error::Error for Error {}

impl From<Error> for crate::Error {
    /// What is left of an RPC error for those who tell system errors apart only.
    fn from(error: Error) -> Self {
        match error {
            Error::System(error) => error,
            Error::InvalidObject => Self::Gone,
            Error::InvalidOpcode | Error::Unsupported => Self::Unsupported,
            Error::ReplyOverflow | Error::Call(WireError::Overflow | WireError::TooManyCaps) => {
                Self::Overflow
            }
            _ => Self::Invalid,
        }
    }
}

/// Why a function that can fail by itself failed: on the way, or by the server's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError<E> {
    /// The call did not come back with an answer.
    Rpc(Error),
    /// The server answered with an error that the interface declares.
    Service(E),
}

impl<E> CallError<E> {
    /// The server's answer, if there was one.
    pub fn service(self) -> Option<E> {
        match self {
            Self::Rpc(_) => None,
            Self::Service(error) => Some(error),
        }
    }
}

impl<E> From<Error> for CallError<E> {
    fn from(error: Error) -> Self {
        Self::Rpc(error)
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rpc(error) => error.fmt(f),
            Self::Service(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for CallError<E> {}

/// The protocol word of a reply that carries no result: 0 is success, everything else one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception(i64);

impl Exception {
    /// The object does not exist. C++ clients stop for ever when they see it.
    pub const INVALID_OBJECT: Self = Self(-1);
    /// The object has no such function.
    pub const INVALID_OPCODE: Self = Self(-2);
    /// The call is malformed. Genode has no such word; its clients read it as an undeclared exception.
    pub const MALFORMED: Self = Self(-3);
    /// The results do not fit the reply. As [`Self::MALFORMED`], unknown to Genode.
    pub const OVERFLOW: Self = Self(-4);
    /// The server is in the midst of something and cannot take calls. As [`Self::MALFORMED`].
    pub const BUSY: Self = Self(-5);
    /// Declared exceptions lie below this word (`Rpc_exception_code::EXCEPTION_BASE`).
    const BASE: i64 = -1000;

    /// The word for an exception that the function declares.
    pub fn declared<E: Exceptions>(exception: E) -> Self {
        let remaining = E::COUNT.saturating_sub(exception.position());
        Self(Self::BASE - remaining as i64)
    }

    /// The declared exception that `word` stands for.
    pub fn from_word<E: Exceptions>(word: i64) -> Option<E> {
        let remaining = usize::try_from(Self::BASE.checked_sub(word)?).ok()?;
        E::at(E::COUNT.checked_sub(remaining)?)
    }

    /// The protocol word.
    pub const fn word(self) -> i64 {
        self.0
    }

    /// Whether the exception is one that a function declares, so that the reply has a body.
    pub const fn is_declared(self) -> bool {
        self.0 < Self::BASE
    }
}

impl From<WireError> for Exception {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Overflow | WireError::TooManyCaps => Self::OVERFLOW,
            _ => Self::MALFORMED,
        }
    }
}

/// The exceptions that a function declares, in order. Derive it for an enum of unit variants:
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq, genode::Exceptions)]
/// enum Refusal { Invalid, Denied }
///
/// use genode::rpc::{Exception, Exceptions};
/// assert_eq!(Exception::declared(Refusal::Invalid).word(), -1002);
/// assert_eq!(Exception::declared(Refusal::Denied).word(), -1001);
/// ```
pub trait Exceptions: Copy {
    /// How many there are.
    const COUNT: usize;

    /// Position in the list, less than [`Self::COUNT`].
    fn position(self) -> usize;

    /// The exception at `position`, `None` beyond the list.
    fn at(position: usize) -> Option<Self>;
}

impl Exceptions for Infallible {
    const COUNT: usize = 0;

    fn position(self) -> usize {
        match self {}
    }

    fn at(_: usize) -> Option<Self> {
        None
    }
}
