//! The component's side of the socket to the terminal's relay.

use alloc::collections::VecDeque;

use genode::{
    session::terminal::{Listener, Size},
    signal::Transmitter,
    sync::{Condvar, Mutex},
};
use genode_host_proto::sys::{self, Fds};
use genode_host_proto::terminal::{MAX_PACKET, MAX_TEXT, Packet};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

/// Text for a component without a grant: what to do.
const NOT_GRANTED: &str = "no terminal was granted: start with --terminal LABEL, where LABEL is this \
     component's name below init";
/// Text for one that was granted something else.
const NO_RELAY: &str = "what was granted is no terminal: start with --terminal, not with --fs";

/// Keys that wait for the client. Further ones wait in the socket, and then are lost.
const KEYS: usize = 4096;

/// Time that the relay has to tell the size: it does so at once.
const FIRST: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };
/// Time that a write waits for room, during which the terminal shows what was written before.
const ROOM: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// State that the client's calls and the receiving thread share.
#[derive(Default)]
struct State {
    taken: bool,
    keys: VecDeque<u8>,
    size: Size,
    reader: Transmitter,
    sizer: Transmitter,
}

/// The socket, and what came from there.
pub(crate) struct Relay {
    socket: OwnedFd,
    state: Mutex<State>,
    /// Keys were taken.
    room: Condvar,
}

impl Relay {
    /// Takes the grant, and waits for the terminal's size.
    pub(crate) fn open() -> Result<Self, &'static str> {
        let socket = genode_host_rt::granted::take().ok_or(NOT_GRANTED)?;
        let relay = Self { socket, state: Mutex::new(State::default()), room: Condvar::new() };
        if !relay.wait(PollFlags::IN, &FIRST) || !relay.packet() {
            return Err(NO_RELAY);
        }
        Ok(relay)
    }

    /// Makes the caller the one that has the terminal, unless somebody has it.
    pub(crate) fn claim(&self) -> bool {
        !core::mem::replace(&mut self.state.lock().taken, true)
    }

    /// Ends what [`claim`](Self::claim) began.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        let size = state.size;
        *state = State { size, ..State::default() };
        drop(state);
        self.room.notify_all();
    }

    pub(crate) fn size(&self) -> Size {
        self.state.lock().size
    }

    pub(crate) fn avail(&self) -> bool {
        !self.state.lock().keys.is_empty()
    }

    /// Takes keys, as many as fit.
    pub(crate) fn read(&self, into: &mut [u8]) -> usize {
        let mut state = self.state.lock();
        let count = into.len().min(state.keys.len());
        for (to, key) in into.iter_mut().zip(state.keys.drain(..count)) {
            *to = key;
        }
        drop(state);
        self.room.notify_all();
        count
    }

    /// Writes to the terminal what there is room for within a moment.
    pub(crate) fn write(&self, from: &[u8]) -> usize {
        let mut bytes = [0; MAX_PACKET];
        let mut written = 0;
        for text in from.chunks(MAX_TEXT) {
            let len = Packet::Text(text).write(&mut bytes).unwrap_or_default();
            let packet = bytes.get(..len).unwrap_or_default();
            let send = || sys::send(&self.socket, packet, &[], SendFlags::DONTWAIT);
            let sent = match send() {
                Err(Errno::AGAIN) if self.wait(PollFlags::OUT, &ROOM) => send(),
                sent => sent,
            };
            if sent.is_err() {
                break;
            }
            written += text.len();
        }
        written
    }

    /// Sets whom to tell of an event, and tells of keys that came before.
    pub(crate) fn listen(&self, event: Listener, client: Transmitter) {
        let mut state = self.state.lock();
        match event {
            Listener::ReadAvail => {
                if !state.keys.is_empty() {
                    client.submit();
                }
                state.reader = client;
            }
            Listener::SizeChanged => state.sizer = client,
        }
    }

    /// Receives until the relay ends the connection.
    pub(crate) fn receive(&self) {
        while self.packet() {}
    }

    /// Receives one packet. False at the connection's end.
    fn packet(&self) -> bool {
        let (mut bytes, mut fds) = ([0; MAX_PACKET + 1], Fds::default());
        let Ok((len, _)) = sys::recv(&self.socket, &mut bytes, &mut fds, RecvFlags::empty()) else {
            return false;
        };
        match Packet::read(bytes.get(..len).unwrap_or_default()) {
            Some(Packet::Text(keys)) => self.typed(keys),
            Some(Packet::Size { columns, lines }) => {
                let mut state = self.state.lock();
                state.size = Size { columns: columns.into(), lines: lines.into() };
                state.sizer.submit();
            }
            None => return false,
        }
        true
    }

    /// Keeps keys for the client, and waits for it where there are many. Without one they are lost.
    fn typed(&self, mut keys: &[u8]) {
        let mut state = self.state.lock();
        while !keys.is_empty() && state.taken {
            let room = KEYS.saturating_sub(state.keys.len()).min(keys.len());
            if room == 0 {
                self.room.wait(&mut state);
                continue;
            }
            let (now, later) = keys.split_at(room);
            if state.keys.try_reserve(room).is_err() {
                return;
            }
            state.keys.extend(now);
            state.reader.submit();
            keys = later;
        }
    }

    /// Waits until the socket is ready, for some time. False if it is not.
    fn wait(&self, events: PollFlags, time: &Timespec) -> bool {
        matches!(poll(&mut [PollFd::new(&self.socket, events)], Some(time)), Ok(1..))
    }
}
