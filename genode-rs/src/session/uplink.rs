//! Uplink: a network adapter's driver as the client of whoever uses the network.
//!
//! The client tells the adapter's address when it opens the session, sends what the adapter
//! received by the stream `tx`, and receives by `rx` what is to be sent. Both ends have a [`Port`].
//!
//! ```no_run
//! # use genode::{prelude::*, session::{nic::{MacAddress, PortError}, uplink::UplinkConnection}};
//! async fn driver(env: Env, received: &[u8]) -> Result<(), PortError> {
//!     let mac = MacAddress([2, 0, 0, 0, 0, 1]);
//!     let uplink = UplinkConnection::open(env, "", mac, 256 << 10, 256 << 10)?;
//!     uplink.send(received).await
//! }
//! ```
//!
//! Functions, queues and descriptors are those of Genode 22.08, 24.11 and 26.02, which agree. A
//! client closes the session when its adapter loses its link. Reference:
//! `repos/os/include/uplink_session/uplink_session.h`.

use alloc::{
    rc::{Rc, Weak},
    string::ToString,
};
use core::ops::Deref;

use super::nic::{MacAddress, OVERHEAD, Port, PortError, offer};
use crate::{
    args::ArgsRef,
    cap::Capability,
    connection::Connection,
    env::Env,
    packet_stream::{Place, RxChannel, TxChannel},
    quota::RamQuota,
    root::{Refused, SessionRequest},
};

/// An Uplink session (`uplink_session/uplink_session.h`).
#[genode::rpc(service = "Uplink", caps = 8, ram = 256 * 1024)]
pub trait UplinkSession {
    /// Returns the channel of the frames that the client sends.
    fn tx_cap(&mut self) -> Capability<dyn TxChannel>;
    /// Returns the channel of the frames that the client receives.
    fn rx_cap(&mut self) -> Capability<dyn RxChannel>;
}

/// Session argument with the adapter's address.
const MAC: &str = "mac_address";

/// An Uplink session. Frames go by the [`Port`] that it derefs to.
#[must_use = "dropping it closes the session"]
#[derive(Debug)]
pub struct UplinkConnection {
    // Dropped in this order: the streams go before the session.
    port: Port,
    _session: Connection<dyn UplinkSession>,
}

impl UplinkConnection {
    /// Opens a session of an adapter with address `mac`, with buffers of `tx` and `rx` bytes for
    /// queues and frames, which it donates. The queues take 33 KiB of each.
    ///
    /// # Errors
    /// What opening the session says;
    /// [`StreamError::TooSmall`](crate::packet_stream::StreamError::TooSmall) for buffers that hold
    /// no frame.
    pub fn open(
        env: Env,
        label: &str,
        mac: MacAddress,
        tx: usize,
        rx: usize,
    ) -> Result<Self, PortError> {
        Self::open_at(env, env.ep(), label, mac, (tx, rx))
    }

    /// As [`open`](Self::open), with the streams at a place of their own; the buffers are `tx` and
    /// `rx`.
    ///
    /// # Errors
    /// As there.
    pub fn open_at(
        env: Env,
        place: impl Into<Place>,
        label: &str,
        mac: MacAddress,
        (tx, rx): (usize, usize),
    ) -> Result<Self, PortError> {
        let (tx, rx) = (tx as u64, rx as u64);
        let session = Connection::<dyn UplinkSession>::builder(label)
            .arg_str(MAC, &mac.to_string())
            .arg("tx_buf_size", tx)
            .arg("rx_buf_size", rx)
            .ram(RamQuota(OVERHEAD.saturating_add(tx).saturating_add(rx)))
            .open(env)?;
        let port = Port::open(place, &session.tx_cap()?, &session.rx_cap()?)?;
        Ok(Self { port, _session: session })
    }
}

impl Deref for UplinkConnection {
    type Target = Port;

    fn deref(&self) -> &Port {
        &self.port
    }
}

/// Reads the address of a client's adapter from its session arguments. An adapter's own address is
/// neither that of a group nor all zeros.
pub fn mac_address(args: ArgsRef<'_>) -> Option<MacAddress> {
    let mut text = heapless::String::<17>::new();
    for char in args.get(MAC)?.chars()? {
        text.push(char).ok()?;
    }
    let mac: MacAddress = text.parse().ok()?;
    (!mac.is_multicast() && mac != MacAddress::default()).then_some(mac)
}

/// One session of an Uplink server, whose frames go by the [`Port`] that it derefs to.
/// [`Root`](crate::root::Root) serves it as `Rc<UplinkServer>`.
#[must_use = "dropping it ends the session"]
#[derive(Debug)]
pub struct UplinkServer {
    port: Port,
    mac: MacAddress,
}

impl UplinkServer {
    /// Makes the session that a client asks for. Its donation pays for the buffers.
    ///
    /// # Errors
    /// [`Refused::InsufficientRam`] when it does not, [`Refused::Denied`] for buffers that hold no
    /// frame, and for a session without an adapter's address.
    pub fn new(request: &SessionRequest<'_>, place: impl Into<Place>) -> Result<Rc<Self>, Refused> {
        let mac = mac_address(request.args()).ok_or(Refused::Denied)?;
        Ok(Rc::new(Self { port: offer(request, place.into())?, mac }))
    }

    /// Calls `handle` with the session at each signal of its client's.
    pub fn on_signal(self: &Rc<Self>, mut handle: impl FnMut(&Rc<Self>) + 'static) {
        let weak: Weak<Self> = Rc::downgrade(self);
        self.port.on_signal(move || {
            if let Some(session) = weak.upgrade() {
                handle(&session);
            }
        });
    }

    /// Returns the address of the client's adapter.
    pub fn mac_address(&self) -> MacAddress {
        self.mac
    }
}

impl Deref for UplinkServer {
    type Target = Port;

    fn deref(&self) -> &Port {
        &self.port
    }
}

impl UplinkSession for Rc<UplinkServer> {
    fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
        self.port.channels().0
    }

    fn rx_cap(&mut self) -> Capability<dyn RxChannel> {
        self.port.channels().1
    }
}
