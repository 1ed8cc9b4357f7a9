//! Refusals of a File_system server: one set for all functions, and for each function those that it
//! can express as exceptions.

use core::fmt;

/// Why a File_system server does not do as it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The session has no such handle, or it is of another kind.
    InvalidHandle,
    /// The name is empty, has a slash, or is `.` or `..`.
    InvalidName,
    /// There is no such node, or it is of another kind.
    LookupFailed,
    /// A name of the path is too long.
    NameTooLong,
    /// There is a node of this name already.
    NodeAlreadyExists,
    /// The storage is full.
    NoSpace,
    /// The directory has entries.
    NotEmpty,
    /// The session's donation has no RAM left for what the server must remember: upgrade it.
    OutOfRam,
    /// The session's donation has no capabilities left: upgrade it.
    OutOfCaps,
    /// The session, or the node, is not to be changed.
    PermissionDenied,
    /// The node was removed while it was open.
    Unavailable,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidHandle => "invalid handle: it was closed, or is of another kind",
            Self::InvalidName => {
                "invalid name: it has at least one byte, no slash, and is neither `.` nor `..`"
            }
            Self::LookupFailed => "not found, or not of this kind",
            Self::NameTooLong => "a name has at most 127 bytes",
            Self::NodeAlreadyExists => "exists already: open it without creating it",
            Self::NoSpace => "no space left: remove files, or give the server more RAM",
            Self::NotEmpty => "the directory has entries: remove them first",
            Self::OutOfRam => "the session's RAM is used up: donate more to it",
            Self::OutOfCaps => "the session's capabilities are used up: donate more to it",
            Self::PermissionDenied => {
                "permission denied: the session or the node is read-only; see the server's policy"
            }
            Self::Unavailable => "the node was removed meanwhile: look it up again",
        })
    }
}

impl core::error::Error for Refusal {}

/// Declares what a function can refuse by, in the order of Genode's header, and what stands for
/// everything else.
macro_rules! exceptions {
    ($($(#[$doc:meta])* $name:ident: $($variant:ident),+; else $other:ident)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Exceptions)]
        pub enum $name {
            $(
                #[doc = concat!("See [`Refusal::", stringify!($variant), "`].")]
                $variant,
            )+
        }

        impl From<$name> for Refusal {
            fn from(refusal: $name) -> Self {
                match refusal {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }

        impl From<Refusal> for $name {
            /// Takes the nearest one where the function cannot express the refusal.
            fn from(refusal: Refusal) -> Self {
                match refusal {
                    $(Refusal::$variant => Self::$variant,)+
                    #[allow(unreachable_patterns, reason = "a function may express all of them")]
                    _ => Self::$other,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Refusal::from(*self).fmt(f)
            }
        }

        impl core::error::Error for $name {}
    )* };
}

exceptions! {
    /// Why a file or symbolic link is not opened.
    OpenError: InvalidHandle, InvalidName, LookupFailed, NodeAlreadyExists, NoSpace, OutOfRam,
        OutOfCaps, PermissionDenied, Unavailable; else Unavailable

    /// Why a directory is not opened.
    DirError: LookupFailed, NameTooLong, NodeAlreadyExists, NoSpace, OutOfRam, OutOfCaps,
        PermissionDenied; else LookupFailed

    /// Why a node is not opened by its path.
    NodeError: LookupFailed, OutOfRam, OutOfCaps; else LookupFailed

    /// Why a node is not watched.
    WatchError: LookupFailed, OutOfRam, OutOfCaps, Unavailable; else Unavailable

    /// Why a handle is not taken.
    HandleError: InvalidHandle; else InvalidHandle

    /// Why a node's status is not known.
    StatusError: InvalidHandle, Unavailable; else Unavailable

    /// Why an entry is not removed.
    UnlinkError: InvalidHandle, InvalidName, LookupFailed, NotEmpty, PermissionDenied,
        Unavailable; else PermissionDenied

    /// Why a file's size does not change.
    TruncateError: InvalidHandle, NoSpace, PermissionDenied, Unavailable; else PermissionDenied

    /// Why an entry is not moved.
    MoveError: InvalidHandle, InvalidName, LookupFailed, PermissionDenied, Unavailable;
        else PermissionDenied
}
