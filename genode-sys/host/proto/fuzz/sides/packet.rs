//! The control socket: packets with descriptors that a component and core send each other, one of them anything at all.
//!
//! Nothing of a packet reaches the next one, and no descriptor is kept by anybody after its packet was read: all of them
//! are write ends of one pipe, whose read end tells at the end that there are none.

use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use genode_host_proto::MAX_FDS;
use genode_host_proto::control::{Event, PACKET_SIZE, Packet, Request, Status};
use genode_host_proto::sys::{Fds, identity, recv, recv_packet, send, send_packet};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, IoSlice};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, sendmsg, socketpair,
};

use super::Moves;

/// More descriptors than a packet carries.
const MANY: usize = 20;
/// Packets that one side lets the other have unread: less than a socket holds.
const WAITING: usize = 8;

/// A packet under way.
struct Sent {
    bytes: Vec<u8>,
    fds: usize,
}

struct World {
    /// The component's end and core's.
    ends: [OwnedFd; 2],
    /// What is under way to each of them.
    under_way: [VecDeque<Sent>; 2],
    /// What all descriptors are, and the inode they are told by.
    pipe: OwnedFd,
    inode: u64,
}

impl World {
    fn new(pipe: OwnedFd) -> Option<Self> {
        let flags = SocketFlags::CLOEXEC;
        let (near, far) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).ok()?;
        let inode = identity(&pipe).ok()?.inode;
        Some(Self { ends: [near, far], under_way: Default::default(), pipe, inode })
    }

    fn fds(&self, count: usize) -> Vec<BorrowedFd<'_>> {
        vec![self.pipe.as_fd(); count]
    }

    /// An honest side: a request, a status or an event.
    fn say(&mut self, from: usize, moves: &Moves<'_>) {
        let op = match moves.byte() {
            number @ 0..160 => Request::of(u64::from(number % 20)).map(u64::from),
            number @ 160..240 => Status::of(u64::from(number % 10)).map(u64::from),
            number => Event::of(u64::from(number % 3)).map(u64::from),
        };
        let args: Vec<u64> = (0..moves.below(10)).map(|_| moves.word().into()).collect();
        let packet = Packet::new(op.unwrap_or(u64::MAX), &args);
        for i in 0..16 {
            let right = args.get(i).filter(|_| i < 7).copied().unwrap_or(0);
            assert_eq!(packet.arg(i), right, "what is not given reads as zero");
        }
        let fds = moves.below(MAX_FDS + 3);
        let sent = send_packet(&self.ends[from], &packet, &self.fds(fds), SendFlags::DONTWAIT);
        if fds > MAX_FDS {
            assert_eq!(sent, Err(Errno::TOOBIG), "more descriptors than a packet has");
        } else if sent == Ok(()) {
            let bytes = packet.to_bytes().to_vec();
            assert_eq!(bytes.len(), PACKET_SIZE);
            self.under_way[1 - from].push_back(Sent { bytes, fds });
        }
    }

    /// A hostile side: any bytes, any number of descriptors.
    fn shout(&mut self, from: usize, moves: &Moves<'_>) {
        let (len, first) = (moves.byte(), moves.byte());
        let bytes: Vec<u8> = (0..len).map(|i| first.wrapping_mul(i)).collect();
        let fds = self.fds(moves.below(MANY + 1));
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MANY))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        if sendmsg(&self.ends[from], &[IoSlice::new(&bytes)], &mut control, flags).is_ok() {
            let fds = fds.len();
            self.under_way[1 - from].push_back(Sent { bytes, fds });
        }
    }

    /// Reads a packet: exactly the oldest one, cut at what a packet has.
    fn hear(&mut self, at: usize) {
        let mut fds = Fds::default();
        let got = recv_packet(&self.ends[at], &mut fds, RecvFlags::DONTWAIT);
        let Some(sent) = self.under_way[at].pop_front() else {
            assert_eq!(got, Err(Errno::AGAIN));
            return;
        };
        let Ok(got) = got else { panic!("{got:?} for a packet of {} bytes", sent.bytes.len()) };
        // Nothing at all is the end, as that of a closed socket.
        assert_eq!(got.is_none(), sent.bytes.is_empty());
        if let Some(packet) = got {
            let whole = &sent.bytes[..sent.bytes.len().min(PACKET_SIZE)];
            assert_eq!(packet, Packet::from_bytes(whole));
            let words = whole.chunks_exact(8).map(|w| u64::from_ne_bytes(w.try_into().unwrap()));
            let right: Vec<u64> = words.chain(std::iter::repeat(0)).take(8).collect();
            assert_eq!(packet.0[..], right[..], "what did not come reads as zero");
            assert_eq!(Packet::from_bytes(&packet.to_bytes()), packet);
        }
        self.check(&fds, sent.fds);
    }

    /// Reads a packet into a few bytes, as capabilities beside a slot are read.
    fn glance(&mut self, at: usize, room: usize) {
        let (mut fds, mut bytes) = (Fds::default(), [0xa5; 16]);
        let got = recv(&self.ends[at], &mut bytes[..room], &mut fds, RecvFlags::DONTWAIT);
        match self.under_way[at].pop_front() {
            Some(sent) => {
                let len = sent.bytes.len().min(room);
                assert_eq!(got, Ok((len, sent.fds.min(MAX_FDS))));
                assert_eq!(bytes[..len], sent.bytes[..len]);
                self.check(&fds, sent.fds);
            }
            None => assert_eq!(got, Err(Errno::AGAIN)),
        }
        assert!(bytes[room..].iter().all(|b| *b == 0xa5));
    }

    /// As many as were sent and fit, from the first on, each what was sent.
    fn check(&self, fds: &Fds, sent: usize) {
        let got = fds.iter().flatten().count();
        assert_eq!(got, sent.min(MAX_FDS));
        assert!(fds.iter().take(got).all(Option::is_some));
        let same = |fd: &OwnedFd| identity(fd).is_ok_and(|identity| identity.inode == self.inode);
        assert!(fds.iter().flatten().all(same));
    }
}

/// A component and core at the component's control socket: both honest, or one of them hostile.
pub fn packet(data: &[u8]) {
    let moves = Moves::new(data);
    let hostile = moves.below(3);
    let Ok((alive, pipe)) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) else {
        return;
    };
    let Some(mut world) = World::new(pipe) else { return };
    while let Some(step) = moves.next() {
        let side = usize::from(step & 1);
        match (step >> 1) & 3 {
            0 | 1 if world.under_way[1 - side].len() >= WAITING => {}
            1 if hostile == side => world.shout(side, &moves),
            0 | 1 => world.say(side, &moves),
            2 => world.hear(side),
            _ => world.glance(side, moves.below(17)),
        }
    }
    // One end is closed: the other reads what is under way, and then the end, for ever.
    let [near, far] = &mut world.ends;
    if moves.byte().is_multiple_of(2) {
        std::mem::swap(near, far);
        world.under_way.swap(0, 1);
    }
    let World { ends: [near, far], under_way, pipe, .. } = world;
    drop(far);
    // A peer that closes while it has something unread is told once, as an error; what it sent comes nevertheless.
    let read = || recv_packet(&near, &mut Fds::default(), RecvFlags::DONTWAIT);
    let ended = (0..=under_way[0].len()).all(|_| matches!(read(), Ok(_) | Err(Errno::CONNRESET)));
    assert!(ended && matches!(read(), Ok(None)) && read() == Ok(None));
    assert!(send(&near, &[1], &[], SendFlags::DONTWAIT).is_err());
    drop((near, pipe));
    let mut events = [PollFd::new(&alive, PollFlags::IN)];
    let ready = poll(&mut events, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    assert_eq!(ready, Ok(1), "a descriptor is left somewhere");
}
