//! The server's side of one session.

use alloc::rc::{Rc, Weak};
use core::{
    cell::{Cell, RefCell},
    fmt,
    ops::Deref,
};

use super::{Frames, MAX_FRAME, MacAddress, NicSession, Port};
use crate::{
    cap::Capability,
    packet_stream::{Buffer, Layout, Place, RxChannel, StreamError, TxChannel},
    root::{Refused, SessionRequest},
    signal::{SignalContext, Transmitter},
};

/// Memory of the server that a session takes beside its buffers, in bytes.
const OVERHEAD: usize = 8 << 10;

/// Least size of each buffer: it holds the queues and the largest frame.
const MIN_BUFFER: usize = Layout::queues::<Frames>() + MAX_FRAME;

/// Makes the server's end of the session that a client asks for by `tx_buf_size` and `rx_buf_size`.
/// Its donation pays.
pub(in crate::session) fn offer(
    request: &SessionRequest<'_>,
    place: Place,
) -> Result<Port, Refused> {
    let args = request.args();
    let size = |key| {
        let bytes = usize::try_from(args.u64(key, 0)).map_err(|_| Refused::InsufficientRam)?;
        if bytes < MIN_BUFFER { Err(Refused::Denied) } else { Ok(bytes) }
    };
    let (tx, rx) = (size("tx_buf_size")?, size("rx_buf_size")?);
    let account = request.account();
    account.charge(OVERHEAD)?;
    let (tx, rx) = (Buffer::new(place, account, tx)?, Buffer::new(place, account, rx)?);
    Port::offer(place, tx, rx).map_err(|error| match error {
        StreamError::System(error) => error.into(),
        _ => Refused::Denied,
    })
}

/// One session of a Nic server, whose frames go by the [`Port`] that it derefs to.
/// [`Root`](crate::root::Root) serves it as `Rc<NicServer>`.
#[must_use = "dropping it ends the session"]
pub struct NicServer {
    port: Port,
    mac: MacAddress,
    link: Cell<bool>,
    client: RefCell<Transmitter>,
}

impl NicServer {
    /// Makes the session that a client asks for, of an adapter with address `mac` and a link. The
    /// client's donation pays for the buffers.
    ///
    /// # Errors
    /// [`Refused::InsufficientRam`] when it does not, [`Refused::Denied`] for buffers that hold no
    /// frame.
    pub fn new(
        request: &SessionRequest<'_>,
        place: impl Into<Place>,
        mac: MacAddress,
    ) -> Result<Rc<Self>, Refused> {
        let port = offer(request, place.into())?;
        Ok(Rc::new(Self { port, mac, link: Cell::new(true), client: RefCell::default() }))
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

    /// Sets whether the adapter has a link, and signals the client if that changed.
    pub fn set_link(&self, up: bool) {
        if self.link.replace(up) != up {
            self.client.borrow().submit();
        }
    }
}

impl Deref for NicServer {
    type Target = Port;

    fn deref(&self) -> &Port {
        &self.port
    }
}

impl NicSession for Rc<NicServer> {
    fn mac_address(&mut self) -> MacAddress {
        self.mac
    }

    fn link_state(&mut self) -> bool {
        self.link.get()
    }

    fn link_state_sigh(&mut self, context: Capability<SignalContext>) {
        let before = self.client.replace(Transmitter::new(context));
        drop(before);
    }

    fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
        self.port.channels().0
    }

    fn rx_cap(&mut self) -> Capability<dyn RxChannel> {
        self.port.channels().1
    }
}

impl fmt::Debug for NicServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NicServer")
            .field("mac", &self.mac)
            .field("link", &self.link)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
