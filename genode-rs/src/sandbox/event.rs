//! Events of children, as the user of a sandbox is told of them.

use alloc::string::String;
use core::fmt;

use crate::quota::{CapQuota, RamQuota};

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// It said so itself, with an exit value.
    Exited(i32),
    /// It crashed; on Linux the number of the signal.
    Faulted(i32),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(value) => write!(f, "exited with exit value {value}"),
            Self::Faulted(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "crashed ({name})"),
                None => f.write_str("crashed"),
            },
        }
    }
}

/// Names the Linux signal of a crash.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        4 => "illegal instruction",
        5 => "trap",
        6 => "aborted",
        7 => "bus error",
        8 => "division by zero",
        9 => "killed",
        11 => "segmentation fault",
        31 => "forbidden system call",
        _ => return None,
    })
}

/// The stage of a session's life, as Genode's `init` reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionState {
    /// The server has yet to create it.
    Creating,
    /// The server refused it; the client has yet to learn that.
    Denied,
    /// The server wants more RAM.
    InsufficientRam,
    /// The server wants more capabilities.
    InsufficientCaps,
    /// It exists; the client has yet to fetch it.
    Available,
    /// The client uses it.
    Open,
    /// The server has yet to take a donation.
    Upgrading,
    /// The server has yet to close it.
    Closing,
    /// It is closed.
    Closed,
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creating => "CREATING",
            Self::Denied => "DENIED",
            Self::InsufficientRam => "INSUFFICIENT_RAM",
            Self::InsufficientCaps => "INSUFFICIENT_CAP",
            Self::Available => "AVAIL",
            Self::Open => "OK",
            Self::Upgrading => "UPGRADING",
            Self::Closing => "CLOSING",
            Self::Closed => "CLOSED",
        })
    }
}

/// What happened to a child.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It provides a service from now on.
    Announced {
        /// The child.
        child: String,
        /// The service.
        service: String,
    },
    /// Sessions of children were requested, opened, upgraded or closed.
    Sessions,
    /// It exited or crashed. Its sessions are closed and its quota is back.
    Ended {
        /// The child.
        child: String,
        /// How it ended.
        end: End,
    },
    /// It asks for more.
    ResourceRequest {
        /// The child.
        child: String,
        /// RAM that it asks for.
        ram: RamQuota,
        /// Capabilities that it asks for.
        caps: CapQuota,
    },
    /// It answered a yield request.
    Yielded {
        /// The child.
        child: String,
    },
    /// It showed the first sign of life that it was asked for. Before that it counts as starting, and as
    /// hanging once that takes longer than its configuration allows (`start_ms` of its heartbeat node).
    Alive {
        /// The child.
        child: String,
    },
    /// It did not show the signs of life that it was asked for.
    HeartbeatMissed {
        /// The child.
        child: String,
        /// How many in a row.
        skipped: u32,
    },
}
