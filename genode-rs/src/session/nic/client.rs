//! The client's side of a session.

use core::ops::Deref;

use super::{MacAddress, NicSession, Port, PortError};
use crate::{
    cap::Capability, connection::Connection, env::Env, packet_stream::Place, quota::RamQuota,
    signal::SignalContext,
};

/// Cost of a session beside its buffers, in bytes, as Genode's client counts.
pub(in crate::session) const OVERHEAD: u64 = 256 << 10;

/// A Nic session. Frames go by the [`Port`] that it derefs to.
#[must_use = "dropping it closes the session"]
#[derive(Debug)]
pub struct NicConnection {
    // Dropped in this order: the streams go before the session.
    port: Port,
    mac: MacAddress,
    session: Connection<dyn NicSession>,
}

impl NicConnection {
    /// Opens a session with buffers of `tx` and `rx` bytes for queues and frames, which it donates.
    /// The queues take 33 KiB of each.
    ///
    /// # Errors
    /// What opening the session says;
    /// [`StreamError::TooSmall`](crate::packet_stream::StreamError::TooSmall) for buffers that hold
    /// no frame.
    pub fn open(env: Env, label: &str, tx: usize, rx: usize) -> Result<Self, PortError> {
        Self::open_at(env, env.ep(), label, tx, rx)
    }

    /// As [`open`](Self::open), with the streams at a place of their own.
    ///
    /// # Errors
    /// As there.
    pub fn open_at(
        env: Env,
        place: impl Into<Place>,
        label: &str,
        tx: usize,
        rx: usize,
    ) -> Result<Self, PortError> {
        let (tx, rx) = (tx as u64, rx as u64);
        let session = Connection::<dyn NicSession>::builder(label)
            .arg("tx_buf_size", tx)
            .arg("rx_buf_size", rx)
            .ram(RamQuota(OVERHEAD.saturating_add(tx).saturating_add(rx)))
            .open(env)?;
        let mac = session.mac_address()?;
        let port = Port::open(place, &session.tx_cap()?, &session.rx_cap()?)?;
        Ok(Self { port, mac, session })
    }

    /// Returns the address of the network adapter. The server chose it.
    pub fn mac_address(&self) -> MacAddress {
        self.mac
    }

    /// Asks whether the adapter has a link.
    ///
    /// # Errors
    /// What the call says.
    pub fn link_state(&self) -> Result<bool, PortError> {
        Ok(self.session.link_state()?)
    }

    /// Sets the handler that is signalled when the state of the link changes.
    ///
    /// # Errors
    /// What the call says.
    pub fn link_state_sigh(&self, context: &Capability<SignalContext>) -> Result<(), PortError> {
        Ok(self.session.link_state_sigh(context.clone())?)
    }
}

impl Deref for NicConnection {
    type Target = Port;

    fn deref(&self) -> &Port {
        &self.port
    }
}
