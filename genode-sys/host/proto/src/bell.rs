//! The doorbell's state page: tells clients whether an entrypoint polls or must be rung.
//!
//! Only the entrypoint writes it, clients map it read-only. The order that makes a lost wake-up
//! impossible: a client publishes its message, fences, reads the state; the entrypoint stores ASLEEP,
//! fences, and looks for messages once more before it blocks. In between it may serve as long as it likes: whatever
//! comes while it is AWAKE is found by that last look.

use crate::sync::{AtomicU32, Ordering, Poll, Site, fence, intact};

/// The entrypoint blocks, or is about to: ring.
pub const ASLEEP: u32 = 0;
/// The entrypoint polls its slots, or serves and will look again: no need to ring.
pub const AWAKE: u32 = 1;

/// Where an entrypoint is to look: two bytes that are written into its doorbell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hint {
    /// An event waits on its event socket.
    Event,
    /// Signals are pending on the channel of a number.
    Signals(u16),
    /// A call waits in the slot of a number.
    Slot(u16),
}

impl Hint {
    const EVENT: u16 = 0xffff;
    /// Flag of [`Self::Signals`], whose number is in the other bits.
    const SIGNALS: u16 = 0x8000;

    /// What to write into the doorbell.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 2] {
        let hint = match self {
            Self::Event => Self::EVENT,
            Self::Signals(channel) => Self::SIGNALS | channel,
            Self::Slot(slot) => slot,
        };
        hint.to_ne_bytes()
    }

    /// What two bytes off the doorbell mean.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 2]) -> Self {
        match u16::from_ne_bytes(bytes) {
            Self::EVENT => Self::Event,
            hint if hint & Self::SIGNALS != 0 => Self::Signals(hint & !Self::SIGNALS),
            slot => Self::Slot(slot),
        }
    }
}

/// The one hint that was read off a doorbell, as mostly; `None` if it was anything else.
pub fn only_hint(read: &[u8]) -> Option<Hint> {
    read.try_into().ok().map(Hint::from_bytes)
}

/// Most bytes of a doorbell that are taken for hints.
pub const FEW: usize = 64;

/// Hints that bytes off a doorbell may be, among them each that an honest client wrote; `None` if
/// there may be others: look at everything then.
///
/// Clients may write any number of any bytes. A hint of an honest one is two bytes in a row, which
/// Linux writes as a whole, but it may begin at an odd byte: so any two neighbours may be one. Of
/// many bytes that would be as much to look at as everything, and hints may be missing since the
/// pipe was full. A pipe with few bytes was not: for that the entrypoint reads all of it at once, a
/// page.
pub fn hints(read: &[u8]) -> Option<impl Iterator<Item = Hint>> {
    let few = (2..=FEW).contains(&read.len());
    few.then(|| read.array_windows().map(|bytes| Hint::from_bytes(*bytes)))
}

/// State of an entrypoint, in a page of its own.
#[repr(C)]
pub struct Bell {
    state: AtomicU32,
    /// CPU that the entrypoint last ran on; a hint for clients whether polling can pay.
    cpu: AtomicU32,
}

impl Bell {
    /// A bell that must be rung, as a zeroed page is.
    pub fn new() -> Self {
        Self { state: AtomicU32::new(ASLEEP), cpu: AtomicU32::new(0) }
    }

    /// Client: after publishing a message, whether the doorbell must be rung.
    pub fn must_ring(&self) -> bool {
        if intact(Site::ClientFence) {
            fence(Ordering::SeqCst);
        }
        self.state.load(Ordering::Relaxed) == ASLEEP
    }

    /// Client: CPU that the entrypoint last ran on.
    pub fn cpu(&self) -> u32 {
        self.cpu.load(Ordering::Relaxed)
    }

    /// Entrypoint: say which CPU it runs on.
    pub fn runs_on(&self, cpu: u32) {
        if self.cpu.load(Ordering::Relaxed) != cpu {
            self.cpu.store(cpu, Ordering::Relaxed);
        }
    }

    /// Entrypoint: say that nobody needs to ring, as it will call [`Self::sleeps`] before it
    /// blocks.
    pub fn wakes(&self) {
        if self.state.load(Ordering::Relaxed) != AWAKE {
            self.state.store(AWAKE, Ordering::Relaxed);
        }
    }

    /// Entrypoint: poll until `look` finds something, or until `poll` says that it is time to sleep. True if
    /// something was found. Either way clients go on to believe that it polls, so before it blocks
    /// it must call [`Self::sleeps`].
    pub fn poll(&self, poll: &mut impl Poll, mut look: impl FnMut() -> bool) -> bool {
        self.wakes();
        while poll.again() {
            if look() {
                return true;
            }
        }
        false
    }

    /// Entrypoint: before it blocks. True if `look` found what came while nobody needed to ring: it must not
    /// block then.
    pub fn sleeps(&self, look: impl FnOnce() -> bool) -> bool {
        // Only the entrypoint writes the state: when it is ASLEEP all who came since have rung.
        if self.state.load(Ordering::Relaxed) == ASLEEP {
            return false;
        }
        self.state.store(ASLEEP, Ordering::Relaxed);
        if intact(Site::ServerFence) {
            fence(Ordering::SeqCst);
        }
        intact(Site::LastLook) && look()
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::Looks;

    #[test]
    fn a_bell_is_to_be_rung_unless_the_entrypoint_will_look_again() {
        let bell = Bell::new();
        assert!(bell.must_ring(), "as a page of zeros");
        let unasked = || -> bool { panic!("all who came since have rung") };
        assert!(!bell.sleeps(unasked), "it slept already");
        let mut looks = 0;
        let second = || {
            looks += 1;
            looks == 2
        };
        assert!(bell.poll(&mut Looks(5), second), "found at the second look");
        assert_eq!(looks, 2);
        assert!(!bell.must_ring() && !bell.must_ring(), "it goes on to look");
        assert!(!bell.poll(&mut Looks(5), || false));
        assert!(!bell.must_ring());
        assert!(bell.sleeps(|| true), "found by the last look");
        assert!(bell.must_ring());
        bell.poll(&mut Looks(0), || true);
        assert!(!bell.sleeps(|| false));
        assert!(bell.must_ring());
        bell.wakes();
        assert!(!bell.must_ring());
        assert!(bell.sleeps(|| true), "found by the look that it promised");
    }

    #[test]
    fn a_bell_says_where_its_entrypoint_runs() {
        let bell = Bell::new();
        for cpu in [0, 7, 7, u32::MAX, 1] {
            bell.runs_on(cpu);
            assert_eq!(bell.cpu(), cpu);
        }
    }

    #[test]
    fn what_is_not_surely_a_hint_means_to_look_everywhere() {
        for hint in
            [Hint::Slot(0), Hint::Slot(4095), Hint::Signals(0), Hint::Signals(1023), Hint::Event]
        {
            let read: Option<Vec<_>> = hints(&hint.to_bytes()).map(Iterator::collect);
            assert_eq!((read, only_hint(&hint.to_bytes())), (Some(vec![hint]), Some(hint)));
        }
        for size in [0, 1, FEW + 1, FEW + 2, 4095, 4096] {
            assert!(hints(&[0; 4096][..size]).is_none(), "{size}");
            assert_eq!(only_hint(&[0; 4096][..size]), None, "{size}");
        }
    }

    #[test]
    fn no_byte_between_them_hides_the_hints_of_others() {
        let honest = [Hint::Slot(0x0102), Hint::Event, Hint::Signals(0x0304), Hint::Slot(0)];
        for before in 0..8 {
            for between in 0..8 {
                let bytes = |count| (0..count).map(|byte| 0xa0 + byte);
                let mut read: Vec<u8> = bytes(before).collect();
                for hint in honest {
                    read.extend(hint.to_bytes());
                    read.extend(bytes(between));
                }
                let found: Vec<_> = hints(&read).unwrap().collect();
                for hint in honest {
                    assert!(found.contains(&hint), "{hint:?} in {read:x?}");
                }
            }
        }
    }
}
