//! Failures of a file system's client: which call, on which path, and why.

use alloc::boxed::Box;
use core::fmt;

use crate::{
    packet_stream::StreamError,
    rpc,
    session::file_system::{PathError, Refusal},
};

/// The call that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// Opening a session.
    Session,
    /// Opening a node.
    Open,
    /// Creating a node.
    Create,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Setting a file's size.
    Truncate,
    /// Making durable what was written.
    Sync,
    /// Setting the time of the last modification.
    SetModified,
    /// Asking for the status.
    Status,
    /// Removing an entry.
    Remove,
    /// Moving an entry.
    Rename,
    /// Watching a node.
    Watch,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "open a session with root",
            Self::Open => "open",
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Truncate => "set the size of",
            Self::Sync => "sync",
            Self::SetModified => "set the time of",
            Self::Status => "look at",
            Self::Remove => "remove",
            Self::Rename => "rename",
            Self::Watch => "watch",
        })
    }
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The server says no.
    Refused(Refusal),
    /// The path is none.
    Path(PathError),
    /// The server did not do what a packet asked for. It does not say why: no space, a position
    /// that is too large, or a handle that is not for it.
    Failed,
    /// The node is of another kind: what it is for is not what was asked for.
    Kind,
    /// The file has more bytes than the caller takes.
    TooLong {
        /// Bytes that the caller takes.
        limit: usize,
    },
    /// The directory has more entries than a list takes.
    TooMany {
        /// Entries that a list takes.
        limit: usize,
    },
    /// The server's answer makes no sense; what it claims was ignored.
    Nonsense,
    /// A call to the server did not come back with a result.
    Rpc(rpc::Error),
    /// The session was not opened, or needs more than this component has.
    System(crate::Error),
    /// The packet stream does not work.
    Stream(StreamError),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Path(error) => error.fmt(f),
            Self::Failed => f.write_str(
                "the server could not do it: see that it has space, and that the node may be changed",
            ),
            Self::Kind => f.write_str("a node of another kind: look at its metadata"),
            Self::TooLong { limit } => {
                write!(f, "more than {limit} bytes: read it piece by piece, or raise the limit")
            }
            Self::TooMany { limit } => {
                write!(f, "more than {limit} entries: divide the directory")
            }
            Self::Nonsense => f.write_str("the server's answer makes no sense: it was ignored"),
            Self::Rpc(error) => error.fmt(f),
            Self::System(error) => error.fmt(f),
            Self::Stream(error) => error.fmt(f),
        }
    }
}

/// A call on a path that failed.
///
/// ```
/// use genode::fs::{Call, Error, Refusal, Why};
///
/// let error = Error::new(Call::Open, "/a", Why::Refused(Refusal::LookupFailed));
/// assert_eq!(error.to_string(), "cannot open '/a': not found, or not of this kind");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    call: Call,
    path: Box<str>,
    why: Why,
}

impl Error {
    /// Makes the error of `call` on `path`.
    pub fn new(call: Call, path: &str, why: impl Into<Why>) -> Self {
        Self { call, path: path.into(), why: why.into() }
    }

    /// Returns what was tried.
    pub const fn call(&self) -> Call {
        self.call
    }

    /// Returns the path, as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the reason.
    pub const fn why(&self) -> Why {
        self.why
    }

    /// Returns what the server refused it by, if it did.
    pub const fn refusal(&self) -> Option<Refusal> {
        match self.why {
            Why::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} '{}': {}", self.call, self.path, self.why)
    }
}

impl core::error::Error for Error {}

impl From<Refusal> for Why {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<PathError> for Why {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

impl From<crate::Error> for Why {
    fn from(error: crate::Error) -> Self {
        Self::System(error)
    }
}

impl From<StreamError> for Why {
    fn from(error: StreamError) -> Self {
        Self::Stream(error)
    }
}

impl<E: Into<Refusal>> From<rpc::CallError<E>> for Why {
    fn from(error: rpc::CallError<E>) -> Self {
        match error {
            rpc::CallError::Service(refusal) => Self::Refused(refusal.into()),
            rpc::CallError::Rpc(error) => Self::Rpc(error),
        }
    }
}
