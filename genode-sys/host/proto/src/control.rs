//! Packets on a component's control socket and on the event sockets of its entrypoints.
//!
//! These are the system calls of the host target: what Genode's kernels do for capabilities. Everything
//! else (memory, sessions, processes) is RPC to core's objects.

/// One packet: an operation or a status, then arguments. Descriptors travel beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Packet(pub [u64; 8]);

/// Bytes of a packet on the wire.
pub const PACKET_SIZE: usize = 64;

impl Packet {
    /// Packet of a request, a status or an event with `args`, at most seven.
    pub fn new(op: impl Into<u64>, args: &[u64]) -> Self {
        let op = op.into();
        let mut words = [0; 8];
        let all = core::iter::once(&op).chain(args);
        for (dst, src) in words.iter_mut().zip(all) {
            *dst = *src;
        }
        Self(words)
    }

    /// Number of the request, the status or the event.
    pub fn op(&self) -> u64 {
        self.0[0]
    }

    /// Argument `i`, 0 beyond the last.
    pub fn arg(&self, i: usize) -> u64 {
        self.0.get(i + 1).copied().unwrap_or(0)
    }

    /// Bytes to send.
    pub fn to_bytes(&self) -> [u8; PACKET_SIZE] {
        let mut out = [0; PACKET_SIZE];
        for (dst, src) in out.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            *dst = src.to_ne_bytes();
        }
        out
    }

    /// Packet from received bytes; missing ones read as 0.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut words = [0; 8];
        for (dst, src) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *dst = u64::from_ne_bytes(*src);
        }
        Self(words)
    }
}

/// Declares what packets may be: numbers, of which any other is none.
macro_rules! kinds {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$kind_doc:meta])* $kind:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u64)]
        pub enum $name {
            $($(#[$kind_doc])* $kind = $number,)*
        }

        impl $name {
            /// All kinds, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// What a number stands for, `None` for nothing.
            pub const fn of(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }

        impl From<$name> for u64 {
            fn from(kind: $name) -> Self {
                kind as Self
            }
        }
    };
}

kinds! {
    /// Requests of a component. Those marked (*) have no reply.
    ///
    /// Linux refuses to send descriptors when too many of the user's are under way, whoever sent those. Where a request is to
    /// have a descriptor, its number plus one may be in `arg 6` instead: core fetches it.
    pub enum Request {
        /// First request. Reply: main entrypoint as [`Self::EpCreate`]'s, and as fifth descriptor the parent's
        /// capability; argument 1 is the number of real CPUs.
        Hello = 1,
        /// New entrypoint. Reply: its number; descriptors: doorbell (read end), state page, event socket,
        /// doorbell (write end).
        EpCreate = 2,
        /// Remove entrypoint `arg 0`.
        EpDestroy = 3,
        /// New object at entrypoint `arg 0`, of which `arg 1` says whether it is a signal context.
        /// Reply: object id; descriptor: its capability.
        ObjectCreate = 4,
        /// Remove object `arg 0`.
        ObjectDestroy = 5,
        /// Make the capability in the descriptor callable. Reply: channel, index in it, whether the
        /// channel is new, and for a new one its slot; descriptors of a new one: doorbell (write
        /// end), state page, slot, slot's socket, signal page. Core's own entrypoint, 0, has no
        /// signals, so no page for them. The reply's argument 4 is the channel's number at the
        /// entrypoint and 5 the slot's, which serve as hints; 6 is the entrypoint.
        Claim = 6,
        /// (*) The index `arg 1` of channel `arg 0` is not used any more. With `arg 2`, the
        /// receiver has signals to take there that were submitted before: the index stays until it
        /// is released without.
        Release = 7,
        /// Another slot on channel `arg 0`. Reply: slot, its number at the entrypoint; descriptors: slot, its socket.
        SlotOpen = 8,
        /// (*) Channel `arg 0` and its slots are not used any more.
        ChannelClose = 9,
        /// Bind thread `arg 0` (kernel thread id) to location `arg 1` x, `arg 2` y, `arg 3` w,
        /// `arg 4` h; or, where `arg 5` is not 0, to that of the thread that the component's CPU
        /// session made under this number, which it is from then on.
        ThreadBind = 10,
        /// The page of [`paging`]. Reply: descriptor: the page, read-only.
        Paging = 11,
        /// Map the managed dataspace in the descriptor: from offset `arg 0`, `arg 1` bytes (0: all that follow), with
        /// [`Rights`] `arg 2`. Reply: the view's id, its size.
        ViewOpen = 12,
        /// (*) View `arg 0` is not used any more.
        ViewClose = 13,
        /// A thread accessed view `arg 0` at offset `arg 1` in way `arg 2` (the number of an
        /// [`Access`](crate::interface::region_map::Access)). Reply:
        /// 0 if nothing is there for now: ask again when the page says that there is news; or 1, then what to map: its
        /// offset in the view, size, offset in the memory, rights; descriptor: the memory. [`Status::Gone`] if
        /// the access will never be possible.
        Fault = 14,
        /// What the last answer said is unmapped; what is next? Reply: 0 if nothing, or 1, then view, offset, size.
        Unmapped = 15,
        /// Whether all that was detached from the region map in the descriptor is unmapped everywhere, or, for a session of
        /// the RM service, all that was in its region maps that are gone. Reply: 0 if not: ask again when the page says that
        /// there is news; or 1.
        Settled = 16,
        /// (*) The objects `arg 0` to `arg 6` are gone, except those that are 0.
        ObjectsGone = 17,
        /// Whether the entrypoint that channel `arg 0` leads to is there. Reply: 0 if not, or 1.
        Served = 18,
        /// Send for the component what it cannot send itself: over the socket with number `arg 0`, `arg 1` bytes, for each a
        /// descriptor's number plus one in `arg 2` to `arg 5`, or 0 with a byte of 0.
        Send = 19,
        /// (*) What ends the component, as a line of UTF-8: a piece of 56 bytes in `arg 0` to `arg
        /// 6`; a zero ends the line. Core says at most one line, of [`WORDS`] bytes.
        LastWords = 20,
        /// (*) Where the component is: offsets in its program of an instruction and of the calls
        /// that led there, in `arg 0` to `arg 6`, the innermost first; 0 is none. With [`OUTSIDE`]
        /// it is an address elsewhere, with [`AGAIN`] how often the one before comes once more.
        /// Core says at most [`FRAMES`].
        Frames = 21,
        /// (*) A descriptor that was sent to the component is lost, since it has as many as it may
        /// have. Core says so once.
        DescriptorsFull = 22,
    }
}

/// Bytes of a component's last words.
pub const WORDS: usize = 440;
/// Calls that are said of a component that dies.
pub const FRAMES: usize = 28;
/// Marks the address of a call that is not in the component's own program.
pub const OUTSIDE: u64 = 1 << 63;
/// Marks a number of repetitions.
pub const AGAIN: u64 = 1 << 62;

/// Managed dataspaces: a page that core writes and a component reads.
pub mod paging {
    /// Word of the page that counts reasons to ask for [`Unmapped`](super::Request::Unmapped).
    pub const UNMAP: usize = 0;
    /// Word of the page that counts reasons to repeat a [`Fault`](super::Request::Fault) or [`Settled`](super::Request::Settled).
    pub const NEWS: usize = 1;
}

bitflags::bitflags! {
    /// What a mapping of a managed dataspace permits besides reading.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Rights: u64 {
        /// It may be written.
        const WRITE = 1;
        /// It may be executed.
        const EXECUTE = 2;
    }
}

kinds! {
    /// Status of a reply.
    pub enum Status {
        /// Done.
        Ok = 0,
        /// The account of the PD session has no RAM left.
        OutOfRam = 1,
        /// The account of the PD session has no capabilities left.
        OutOfCaps = 2,
        /// An argument names nothing of the caller's.
        Invalid = 6,
        /// The object is gone.
        Gone = 7,
        /// A limit of core on one component is reached.
        Limit = 8,
    }
}

kinds! {
    /// Events for an entrypoint.
    pub enum Event {
        /// A client opened a channel: its number; descriptors: grants table (read-only), signal page.
        ChannelNew = 1,
        /// A client opened a slot: its number, the channel's number; descriptors: slot, socket.
        SlotNew = 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_a_frame_are_no_part_of_an_address() {
        // Linux gives programs addresses of 56 bits at most (five levels of page tables).
        let marks = [OUTSIDE, AGAIN];
        assert!(marks.iter().all(|mark| *mark > 1 << 56));
        assert_eq!(marks.iter().fold(0, |all, mark| all | mark).count_ones(), 2);
    }

    #[test]
    fn packets_round_trip_and_short_ones_read_as_zero() {
        let packet = Packet::new(3_u64, &[1, 2, u64::MAX]);
        assert_eq!(Packet::from_bytes(&packet.to_bytes()), packet);
        assert_eq!(Packet::from_bytes(&packet.to_bytes()[..12]), Packet::new(3_u64, &[]));
        assert_eq!(
            (packet.op(), packet.arg(2), packet.arg(6), packet.arg(70)),
            (3, u64::MAX, 0, 0)
        );
    }
}
