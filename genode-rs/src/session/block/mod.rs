//! Block: devices of numbered blocks, over a packet stream.
//!
//! ```no_run
//! # use genode::{prelude::*, session::block::{BlockConnection, BlockError}};
//! async fn copy_first(env: Env) -> Result<(), BlockError> {
//!     let disk = BlockConnection::open(env, "disk", 256 << 10)?;
//!     let block = disk.info().block_size as usize;
//!     let mut content = vec![0; 8 * block];
//!     disk.read_at(0, &mut content).await?;
//!     disk.write_at(8, &content).await?;
//!     disk.sync().await
//! }
//! # extern crate alloc;
//! # use alloc::vec;
//! ```
//!
//! A server takes [`Job`]s from a [`BlockServer`], each checked against device, view and buffer,
//! and finishes them in any order: at once by [`BlockServer::handle`], or in tasks by
//! [`BlockServer::next`].

mod client;
mod protocol;
mod server;
#[cfg(test)]
mod tests;

pub use client::{BlockConnection, BlockError, Builder};
pub use protocol::{Access, Block, Header, Info, Operation};
pub use server::{BlockServer, Job};

use crate::{cap::Capability, packet_stream::TxChannel};

/// A Block session (`block_session/block_session.h`).
#[genode::rpc(service = "Block", caps = 5, ram = 14 * 1024 + 128 * 1024)]
pub trait BlockSession {
    /// Returns what the device is.
    fn info(&self) -> Info;
    /// Returns the channel of the packet stream.
    fn tx_cap(&mut self) -> Capability<dyn TxChannel>;
}
