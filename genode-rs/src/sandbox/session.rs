//! Sessions that exist: what the system says of them, and what routes and reports make of it.

use alloc::string::String;

use super::{account::Amount, event::SessionState, route::To};
use crate::cap::RawCap;

/// The purpose of an environment session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Environment {
    Pd,
    Cpu,
    Log,
    Binary,
    Linker,
}

/// Who serves a session, as the system knows it.
#[derive(Clone, Debug)]
pub(super) enum Provider<S> {
    Parent,
    Child(S),
    Local(RawCap),
    /// The system itself: the ROM that brings a child its clients' requests.
    System,
}

/// A session at one moment.
#[derive(Clone, Debug)]
pub(super) struct Listed<S> {
    pub(super) service: String,
    /// Label that the policy was asked about.
    pub(super) requested: String,
    /// Label that the server sees.
    pub(super) label: String,
    pub(super) args: String,
    pub(super) donated: Amount,
    pub(super) state: SessionState,
    pub(super) environment: Option<Environment>,
    pub(super) provider: Provider<S>,
}

/// A session of a child, with its server by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) service: String,
    /// Label that the policy was asked about.
    pub(super) requested: String,
    /// Label that the server sees.
    pub(super) label: String,
    /// Who serves it. None is the system, or a child that is gone.
    pub(super) to: Option<To>,
    pub(super) environment: Option<Environment>,
}
