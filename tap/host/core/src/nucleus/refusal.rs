//! Answers of the nucleus to what is asked of it.
use std::os::fd::OwnedFd;

use genode_args::quota::Lack;

/// Why the nucleus refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The account lacks RAM.
    OutOfRam,
    /// The account lacks capabilities, or core itself runs out of descriptors.
    OutOfCaps,
    /// Names nothing that the caller may name.
    Invalid,
    /// The object is gone.
    Gone,
    /// The component has too many of these.
    Limit,
}

impl From<rustix::io::Errno> for Refusal {
    fn from(e: rustix::io::Errno) -> Self {
        match e {
            rustix::io::Errno::NOMEM => Self::OutOfRam,
            _ => {
                crate::limits::explain(e);
                Self::OutOfCaps
            }
        }
    }
}

impl From<Lack> for Refusal {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Ram => Self::OutOfRam,
            Lack::Caps => Self::OutOfCaps,
        }
    }
}

/// What became of a control socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The component goes on.
    Alive,
    /// It closed its socket or broke the protocol: it is to be ended.
    Broken,
}

/// The answer to a request: words and descriptors.
pub(super) struct Answer {
    pub(super) args: Vec<u64>,
    pub(super) fds: Vec<OwnedFd>,
}

impl Answer {
    pub(super) fn empty() -> Self {
        Self { args: Vec::new(), fds: Vec::new() }
    }

    pub(super) fn words(args: &[u64]) -> Self {
        Self { args: args.to_vec(), fds: Vec::new() }
    }
}
