//! Nic: Ethernet frames to and from a network, over two packet streams.
//!
//! The session's server is the network: a client sends by the stream `tx`, and receives by `rx`,
//! whose packets the server allocates. [`uplink`](crate::session::uplink) is the same for a driver,
//! whose server is the network's user.
//!
//! ```no_run
//! # use genode::{prelude::*, session::nic::{MAX_FRAME, NicConnection, PortError}};
//! async fn answer_all(env: Env) -> Result<(), PortError> {
//!     let nic = NicConnection::open(env, "", 256 << 10, 256 << 10)?;
//!     let mut frame = [0; MAX_FRAME];
//!     loop {
//!         let size = nic.receive(&mut frame).await?;
//!         nic.send(&frame[..size]).await?;
//!     }
//! }
//! ```
//!
//! Both ends of a session have a [`Port`]; a server gets its own by a [`NicServer`]. Handlers use
//! [`Port::on_signal`] with [`Port::try_send`] and [`Port::try_next`], and call [`Port::wakeup`]
//! after a batch.
//!
//! Functions, queues and descriptors are those of Genode 22.08, 24.11 and 26.02, which agree: see
//! [`QUEUE`] and [`Frames`]. Reference: `repos/os/include/nic_session/nic_session.h`.

mod client;
mod mac;
mod port;
mod server;
#[cfg(test)]
mod tests;

pub use client::NicConnection;
pub(super) use client::OVERHEAD;
pub use mac::{BadMac, MacAddress};
pub use port::{Frame, Frames, MAX_FRAME, Port, PortError, QUEUE};
pub use server::NicServer;
pub(super) use server::offer;

use crate::{
    cap::Capability,
    packet_stream::{RxChannel, TxChannel},
    signal::SignalContext,
};

/// A Nic session (`nic_session/nic_session.h`).
#[genode::rpc(service = "Nic", caps = 8, ram = 256 * 1024)]
pub trait NicSession {
    /// Returns the address of the network adapter.
    fn mac_address(&mut self) -> MacAddress;
    /// Tells whether the adapter has a link.
    fn link_state(&mut self) -> bool;
    /// Sets the handler that is signalled when the state of the link changes.
    fn link_state_sigh(&mut self, context: Capability<SignalContext>);
    /// Returns the channel of the frames that the client sends.
    fn tx_cap(&mut self) -> Capability<dyn TxChannel>;
    /// Returns the channel of the frames that the client receives.
    fn rx_cap(&mut self) -> Capability<dyn RxChannel>;
}
