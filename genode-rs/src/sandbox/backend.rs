//! What the sandbox needs of the system, so that its logic runs without one.

use alloc::{boxed::Box, rc::Rc, vec::Vec};

use super::{account::Amount, hooks::Hooks, session::Listed};
use crate::{
    affinity::Affinity, cap::RawCap, error::Error, node::Node, quota::Quota, sys::parent::Response,
};

/// A child to be created.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec<'a> {
    /// Also the label of its program's ROM session, for routes to replace.
    pub(super) name: &'a str,
    pub(super) quota: Amount,
    pub(super) affinity: Affinity,
}

/// What a child can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    ResourcesAvailable,
    Yield(Amount),
    Heartbeat,
}

/// The content of a child's ROM `config`.
pub(super) trait ConfigRom {
    /// A reference to the session, the same for all who ask.
    fn cap(&self) -> RawCap;
    /// Replaces the content and tells those who watch.
    fn set(&self, content: &Node);
}

/// A session at a child on behalf of a client of our parent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forward<'a> {
    pub(super) id: u64,
    pub(super) service: &'a str,
    /// As the server sees it.
    pub(super) label: &'a str,
    /// What is to be donated is in it.
    pub(super) args: &'a str,
    pub(super) affinity: Affinity,
}

/// The system.
pub(super) trait Backend: 'static {
    /// A child; dropping it ends it and closes all its sessions. Never dropped from one of its own callbacks.
    type Child;
    /// A child as the target of a route.
    type Server: Copy + PartialEq + 'static;

    fn create(&self, spec: &Spec<'_>, hooks: Rc<Hooks<Self::Server>>)
    -> Result<Self::Child, Error>;
    fn server(child: &Self::Child) -> Self::Server;
    fn start(&self, child: &Self::Child) -> Result<(), Error>;
    /// Moves quota to a child.
    fn give(&self, child: &Self::Child, amount: Amount) -> Result<(), Error>;
    /// Moves quota back from a child.
    fn take(&self, child: &Self::Child, amount: Amount) -> Result<(), Error>;
    /// The accounts of children, or none of them.
    fn quotas(&self, children: &[&Self::Child]) -> Result<Vec<Quota>, Error>;
    /// The accounts of a child.
    fn quota(&self, child: &Self::Child) -> Result<Quota, Error> {
        self.quotas(&[child])?.pop().ok_or(Error::Invalid)
    }
    fn notify(&self, child: &Self::Child, notice: Notice);
    /// The sessions that a child uses, or those that it provides.
    fn sessions(&self, child: &Self::Child, provided: bool) -> Vec<Listed<Self::Server>>;
    /// Opens a session at a child, which our account pays for.
    fn forward(&self, server: Self::Server, forward: &Forward<'_>) -> Result<(), Error>;
    fn forward_upgrade(&self, id: u64, amount: Amount) -> Result<(), Error>;
    fn forward_close(&self, id: u64);
    /// Answers a request of our parent's.
    fn respond(&self, id: u64, response: Response);
    fn deliver(&self, id: u64, session: &RawCap);
    /// The accounts of the component itself.
    fn own_quota(&self) -> Quota;
    fn config_rom(&self, name: &str, content: &Node) -> Result<Box<dyn ConfigRom>, Error>;
    /// A line for people.
    fn say(&self, level: crate::log::Level, text: &str);
    /// Ends the component itself.
    fn exit(&self, value: i32);
}
