//! The ROM session's interface and its client.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    args::cost,
    cap::Capability,
    connection::Connection,
    dataspace::{Attached, Dataspace},
    env::Env,
    error::{Call, Error},
    node::{Node, ParseError},
    signal::SignalContext,
};

/// Bytes of content that are read where nothing else is said.
pub(super) const DEFAULT_MAX: usize = 1 << 20;

/// A ROM session (`rom_session/rom_session.h`).
#[genode::rpc(service = "ROM", caps = cost::ROM.caps.0, ram = cost::ROM.ram.0)]
pub trait RomSession {
    /// The dataspace with the current content, invalid if there is none. The server may take back the one
    /// it gave before, so detach that first.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// Brings the content of the dataspace up to date, if it fits; `false` if a new one must be requested.
    fn update(&mut self) -> bool;
    /// Whom to tell that the content changed.
    fn sigh(&mut self, context: Capability<SignalContext>);
}

/// A ROM session with its content attached.
///
/// The server can change the content while it is read: what is read is a copy.
#[derive(Debug)]
#[must_use = "dropping it closes the session"]
pub struct RomConnection {
    attached: Option<Attached>,
    session: Connection<dyn RomSession>,
}

impl RomConnection {
    /// Opens a session for the ROM module `name`.
    ///
    /// # Errors
    /// [`Error::Denied`] when there is no such module, else what opening a session says.
    pub fn open(env: Env, name: &str) -> Result<Self, Error> {
        Ok(Self { attached: None, session: Connection::open(env, name)? })
    }

    /// Whom to tell that the content changed. The content that is read stays the same until the next
    /// [`update`](Self::update).
    pub fn sigh(&self, context: &Capability<SignalContext>) -> Result<(), Error> {
        Ok(self.session.sigh(context.clone())?)
    }

    /// Takes over what the server has by now.
    ///
    /// # Errors
    /// Those of the call and of attaching the dataspace. No content is none: it has size 0.
    pub fn update(&mut self) -> Result<(), Error> {
        if self.attached.is_some() && self.session.update()? {
            return Ok(());
        }
        self.attached = None;
        let dataspace = self.session.dataspace()?;
        if dataspace.is_valid() {
            self.attached = Some(Attached::read_only(&dataspace)?);
        }
        Ok(())
    }

    /// Size of the content in bytes, rounded up to pages; 0 if there is none.
    pub fn size(&self) -> usize {
        self.attached.as_ref().map_or(0, |attached| attached.size())
    }

    /// The mapping of the content, `None` if there is none.
    pub fn attached(&self) -> Option<&Attached> {
        self.attached.as_ref()
    }

    /// Updates, and copies the content up to its first zero byte, or all of it: text.
    ///
    /// # Errors
    /// As [`update`](Self::update), and [`Error::Argument`] when the text is longer than `max` bytes.
    pub fn read(&mut self, max: usize) -> Result<Vec<u8>, Error> {
        self.update()?;
        let Some(attached) = &self.attached else { return Ok(Vec::new()) };
        let mut text = Vec::new();
        let mut chunk = [0; 256];
        let mut at = 0;
        while at < attached.size() {
            let chunk = &mut chunk[..(attached.size() - at).min(256)];
            attached.read(at, chunk)?;
            let len = chunk.iter().position(|&byte| byte == 0);
            let bytes = &chunk[..len.unwrap_or(chunk.len())];
            if text.len() + bytes.len() > max {
                return Err(Error::argument(Call::Rom, attached.size() as u64, max as u64));
            }
            text.extend_from_slice(bytes);
            if len.is_some() {
                break;
            }
            at += chunk.len();
        }
        Ok(text)
    }

    /// Updates, and reads the content as a tree of nodes.
    ///
    /// # Errors
    /// As [`read`](Self::read) and [`Node::parse`].
    pub fn read_node(&mut self, max: usize) -> Result<Node, NodeError> {
        Ok(Node::parse(&self.read(max)?)?)
    }

    /// Updates, and reads the content as a configuration of at most 1 MiB. One that cannot be read
    /// is told as an error, and gives an empty one, so that a server which serves by policies
    /// serves nobody more than it may.
    pub fn read_config(&mut self) -> Node {
        self.read_node(DEFAULT_MAX).unwrap_or_else(|error| {
            crate::error!("config: {error}");
            Node::new("config")
        })
    }
}

/// Reads the component's configuration, its ROM `config`, of at most `max` bytes. A component that
/// follows changes calls [`Env::config`] instead.
///
/// # Errors
/// As [`RomConnection::open`] and [`RomConnection::read_node`].
pub fn config(env: Env, max: usize) -> Result<Node, NodeError> {
    RomConnection::open(env, "config")?.read_node(max)
}

/// Why the content of a ROM is not known as a tree of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeError {
    /// The ROM cannot be read.
    Rom(Error),
    /// It holds something else.
    Parse(ParseError),
}

impl From<Error> for NodeError {
    fn from(error: Error) -> Self {
        Self::Rom(error)
    }
}

impl From<ParseError> for NodeError {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}

impl From<NodeError> for Error {
    /// Leaves of a malformed content that it is invalid.
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Rom(error) => error,
            NodeError::Parse(_) => Self::Invalid,
        }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rom(error) => error.fmt(f),
            Self::Parse(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NodeError {}
