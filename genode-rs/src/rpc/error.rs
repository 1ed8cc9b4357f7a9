//! What can go wrong with a call, told apart by whose fault it is.

use core::fmt;

use genode_wire::WireError;

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
    /// The reply's exception code is none that the function declares.
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
                "the server replied with exception code {code}, which the function does not declare"
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

/// An argument that cannot be made, such as text for a buffer that is too small.
impl<E> From<WireError> for CallError<E> {
    fn from(error: WireError) -> Self {
        Self::Rpc(Error::Call(error))
    }
}

impl<E> From<crate::Error> for CallError<E> {
    /// So that calls and what the system does meet in one function.
    fn from(error: crate::Error) -> Self {
        Self::Rpc(Error::System(error))
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
