//! A message slot: one page that a client thread and an entrypoint share, and core too.
//!
//! The state word goes IDLE → CALL (→ ASLEEP) → REPLY → IDLE, every step by compare-exchange, so that
//! DEAD, which core writes when either side is gone, stays. The body is copied into private memory
//! before anybody looks at it, and lengths are clamped when they are read.

use genode_wire::ExceptionCode;

use crate::sync::{AtomicU32, AtomicU64, Ordering, Poll, Site, Sleep, intact, order};
use crate::{MAX_BODY, MAX_CAPS};

/// Nobody uses the slot.
pub const IDLE: u32 = 0;
/// A call waits for the server, the client polls.
pub const CALL: u32 = 1;
/// A call waits for the server, the client sleeps and must be woken.
pub const ASLEEP: u32 = 2;
/// The reply is there.
pub const REPLY: u32 = 3;
/// A peer is gone.
pub const DEAD: u32 = 4;

const BODY_WORDS: usize = if cfg!(loom) { 1 } else { MAX_BODY / 8 };
/// Words at the end of the body that hold a [note](Slot::note): its head and its text.
const NOTE_WORDS: usize = 1 + NOTE / 8;
/// Marks the head of a note, whose lowest byte is its length.
const NOTED: u64 = u64::from_be_bytes(*b"rs_note\0");

/// Marks a call, beside the number of the CPU that it came from.
const MARK: u32 = 1 << 31;

/// Longest note, in bytes.
pub const NOTE: usize = 128;

/// The shared page. All fields are atomics because the other side may write at any time.
#[repr(C, align(64))]
pub struct Slot {
    state: AtomicU32,
    len: AtomicU32,
    index: AtomicU32,
    caps: AtomicU32,
    code: AtomicU64,
    /// CPU that the client called from; a hint for the server whether polling can pay. Core marks
    /// it, see [`Slot::mark`].
    cpu: AtomicU32,
    pad: [u32; 9],
    body: [AtomicU64; BODY_WORDS],
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() <= crate::PAGE);

/// The other side is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gone;

/// A call as the server sees it, checked: `len` and `caps` are within bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// Index of the object in the channel's grants table.
    pub index: u32,
    /// Valid bytes of the body.
    pub len: usize,
    /// Number of capabilities that follow on the slot's socket.
    pub caps: usize,
    /// CPU that the client called from, as it says.
    pub cpu: u32,
}

/// A reply as the client sees it, checked: `len` and `caps` are within bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Success, or why there is no result.
    pub code: ExceptionCode,
    /// Valid bytes of the body.
    pub len: usize,
    /// Number of capabilities that follow on the slot's socket.
    pub caps: usize,
    /// Whether the body is longer than the buffer it was copied to.
    pub cut: bool,
    /// Whether the client had to sleep for it.
    pub slept: bool,
}

/// What a server finds in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Nothing to do.
    Nothing,
    /// A call, copied out.
    Call(Call),
    /// The client is gone, the slot can be dropped.
    Dead,
}

impl Slot {
    /// An idle slot; in the system slots are zeroed pages that core maps, which is the same.
    pub fn new() -> Self {
        Self {
            state: AtomicU32::new(IDLE),
            len: AtomicU32::new(0),
            index: AtomicU32::new(0),
            caps: AtomicU32::new(0),
            code: AtomicU64::new(0),
            cpu: AtomicU32::new(0),
            pad: [0; 9],
            body: core::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Client: write a call and hand it to the server. Ring the doorbell afterwards.
    pub fn post(&self, index: u32, body: &[u8], caps: usize, cpu: u32) -> Result<(), Gone> {
        if self.state.load(Ordering::Relaxed) != IDLE {
            return Err(Gone);
        }
        self.store_body(body);
        self.index.store(index, Ordering::Relaxed);
        self.caps.store(caps as u32, Ordering::Relaxed);
        self.cpu.store(cpu, Ordering::Relaxed);
        match self.state.compare_exchange(
            IDLE,
            CALL,
            order(Site::Post, Ordering::Release),
            Ordering::Relaxed,
        ) {
            Ok(_) => Ok(()),
            Err(_) => Err(Gone),
        }
    }

    /// Client: wait for the reply and copy it into `body`.
    ///
    /// A server that writes nonsense into the state word counts as gone. One that is gone and left the slot to somebody who
    /// writes that nothing happened is found out when core wakes the client: it asks `sleep` before it sleeps again.
    pub fn wait(
        &self,
        sleep: &impl Sleep,
        poll: &mut impl Poll,
        body: &mut [u8],
    ) -> Result<Reply, Gone> {
        let mut slept = false;
        loop {
            match self.state.load(order(Site::Wait, Ordering::Acquire)) {
                REPLY => break,
                CALL if poll.again() => {}
                CALL => {
                    // The server sees ASLEEP and wakes, or has replied and this fails.
                    let _ = self.state.compare_exchange(
                        CALL,
                        ASLEEP,
                        Ordering::Relaxed,
                        Ordering::Relaxed,
                    );
                }
                ASLEEP => {
                    if slept && !sleep.goes_on() {
                        return Err(Gone);
                    }
                    slept = true;
                    sleep.wait(&self.state, ASLEEP);
                }
                _ => return Err(Gone),
            }
        }
        let mut reply = Reply {
            code: ExceptionCode::new(self.code.load(Ordering::Relaxed) as i64),
            len: 0,
            caps: (self.caps.load(Ordering::Relaxed) as usize).min(MAX_CAPS),
            cut: false,
            slept,
        };
        (reply.len, reply.cut) = self.load_body(body);
        match self.state.compare_exchange(REPLY, IDLE, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(reply),
            Err(_) => Err(Gone),
        }
    }

    /// Server: whether there is something to take; cheap enough to poll.
    pub fn pending(&self) -> bool {
        matches!(self.state.load(Ordering::Relaxed), CALL | ASLEEP | DEAD)
    }

    /// Core as a server: whether a call waits. Of a death it knows by itself, from whatever else than the slot, where
    /// a client may write anything.
    pub fn called(&self) -> bool {
        matches!(self.state.load(Ordering::Relaxed), CALL | ASLEEP)
    }

    /// Server: take a call, copying its body.
    pub fn take(&self, body: &mut [u8]) -> Found {
        match self.state.load(order(Site::Take, Ordering::Acquire)) {
            CALL | ASLEEP => Found::Call(Call {
                index: self.index.load(Ordering::Relaxed),
                len: self.load_body(body).0,
                caps: (self.caps.load(Ordering::Relaxed) as usize).min(MAX_CAPS),
                cpu: self.cpu.load(Ordering::Relaxed),
            }),
            DEAD => Found::Dead,
            _ => Found::Nothing,
        }
    }

    /// Server: answer the call that was taken.
    pub fn reply(
        &self,
        sleep: &impl Sleep,
        code: ExceptionCode,
        body: &[u8],
        caps: usize,
    ) -> Result<(), Gone> {
        self.store_body(body);
        self.caps.store(caps as u32, Ordering::Relaxed);
        self.code.store(code.value() as u64, Ordering::Relaxed);
        let mut seen = CALL;
        for _ in 0..2 {
            match self.state.compare_exchange(
                seen,
                REPLY,
                order(Site::Reply, Ordering::Release),
                Ordering::Relaxed,
            ) {
                Ok(CALL) => return Ok(()),
                Ok(_) => {
                    if intact(Site::ReplyWake) {
                        sleep.wake(&self.state);
                    }
                    return Ok(());
                }
                Err(ASLEEP) => seen = ASLEEP,
                // DEAD, or a client that scribbles: its own loss.
                Err(_) => return Err(Gone),
            }
        }
        Err(Gone)
    }

    /// Server: says who is to act before a call that was taken can be answered, for whoever looks
    /// at the slot meanwhile. It lies behind the call in the body, which the server has copied;
    /// what is longer than [`NOTE`] is cut.
    pub fn note(&self, text: &str) {
        let Some([head, words @ ..]) = self.body.last_chunk::<NOTE_WORDS>() else { return };
        let text = text.get(..text.floor_char_boundary(NOTE)).unwrap_or_default();
        for (word, bytes) in words.iter().zip(text.as_bytes().chunks(8)) {
            let mut whole = [0; 8];
            for (to, from) in whole.iter_mut().zip(bytes) {
                *to = *from;
            }
            word.store(u64::from_ne_bytes(whole), Ordering::Relaxed);
        }
        head.store(NOTED | text.len() as u64, Ordering::Release);
    }

    /// Server: takes the note back.
    pub fn unnote(&self) {
        if let Some([head, ..]) = self.body.last_chunk::<NOTE_WORDS>() {
            head.store(0, Ordering::Relaxed);
        }
    }

    /// Core: copies a note, or what somebody else wrote in its place. Returns its length.
    pub fn noted(&self, out: &mut [u8; NOTE]) -> Option<usize> {
        let [head, words @ ..] = self.body.last_chunk::<NOTE_WORDS>()?;
        let len = head.load(Ordering::Acquire) ^ NOTED;
        let len = usize::try_from(len).ok().filter(|len| *len <= NOTE)?;
        for (bytes, word) in out.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *bytes = word.load(Ordering::Relaxed).to_ne_bytes();
        }
        Some(len)
    }

    /// Core: marks the call that waits, so that it knows it again. The next call writes over the
    /// mark, which costs neither side anything: a server that takes a marked call finds a CPU that
    /// there is not, which is a hint only.
    pub fn mark(&self) {
        self.cpu.fetch_or(MARK, Ordering::Relaxed);
    }

    /// Core: tells whether the call that waits is the one that was marked, as its client says.
    pub fn marked(&self) -> bool {
        self.cpu.load(Ordering::Relaxed) & MARK != 0
    }

    /// Core: a peer is gone; wake whoever waits.
    pub fn kill(&self, sleep: &impl Sleep) {
        self.state.swap(DEAD, Ordering::Release);
        if intact(Site::KillWake) {
            sleep.wake(&self.state);
        }
    }

    /// A peer that lies, for models: whatever it likes in the state word and the lengths.
    #[cfg(loom)]
    pub fn scribble(&self, state: u32, len: u32) {
        self.len.store(len, Ordering::Relaxed);
        self.caps.store(len, Ordering::Relaxed);
        self.state.store(state, Ordering::Relaxed);
    }

    /// Whether core declared the slot dead.
    pub fn is_dead(&self) -> bool {
        self.state.load(Ordering::Relaxed) == DEAD
    }

    fn store_body(&self, body: &[u8]) {
        let len = body.len().min(BODY_WORDS * 8);
        let (words, tail) = body.get(..len).unwrap_or(body).as_chunks::<8>();
        let mut dst = self.body.iter();
        for (word, dst) in words.iter().zip(&mut dst) {
            dst.store(u64::from_ne_bytes(*word), Ordering::Relaxed);
        }
        if !tail.is_empty()
            && let Some(dst) = dst.next()
        {
            let mut word = [0; 8];
            for (d, s) in word.iter_mut().zip(tail) {
                *d = *s;
            }
            dst.store(u64::from_ne_bytes(word), Ordering::Relaxed);
        }
        self.len.store(len as u32, Ordering::Relaxed);
    }

    /// Copies at most what fits into `out`; returns how much, and whether there was more. The length is read
    /// once.
    fn load_body(&self, out: &mut [u8]) -> (usize, bool) {
        let there = (self.len.load(Ordering::Relaxed) as usize).min(BODY_WORDS * 8);
        let len = there.min(out.len());
        let cut = there > len;
        let (words, tail) = out.get_mut(..len).unwrap_or_default().as_chunks_mut::<8>();
        let mut src = self.body.iter();
        for (word, src) in words.iter_mut().zip(&mut src) {
            *word = src.load(Ordering::Relaxed).to_ne_bytes();
        }
        if let Some(src) = src.next() {
            let word = src.load(Ordering::Relaxed).to_ne_bytes();
            for (d, s) in tail.iter_mut().zip(word) {
                *d = s;
            }
        }
        (len, cut)
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::Looks;

    struct NoSleep;
    impl Sleep for NoSleep {
        fn wait(&self, _: &AtomicU32, _: u32) {}
        fn wake(&self, _: &AtomicU32) {}
    }

    #[test]
    fn a_call_and_its_reply_travel_unchanged() {
        let slot = Slot::new();
        let call: Vec<u8> = (0..MAX_BODY - 3).map(|i| i as u8).collect();
        slot.post(7, &call, 3, 1).unwrap();
        let mut got = [0; MAX_BODY];
        let expected = Call { index: 7, len: call.len(), caps: 3, cpu: 1 };
        assert_eq!(slot.take(&mut got), Found::Call(expected));
        assert_eq!(&got[..call.len()], &call[..]);
        let code = ExceptionCode::new(-1001);
        slot.reply(&NoSleep, code, &[1, 2, 3], 1).unwrap();
        let reply = slot.wait(&NoSleep, &mut Looks(0), &mut got).unwrap();
        assert_eq!(reply, Reply { code, len: 3, caps: 1, cut: false, slept: false });
        assert_eq!(&got[..3], &[1, 2, 3]);
        slot.post(1, &[], 0, 0).unwrap();
    }

    #[test]
    fn a_hostile_length_or_capability_count_is_clamped() {
        let slot = Slot::new();
        slot.post(1, &[9; 16], 0, 0).unwrap();
        slot.len.store(u32::MAX, Ordering::Relaxed);
        slot.caps.store(u32::MAX, Ordering::Relaxed);
        let mut got = [0; 100];
        let Found::Call(call) = slot.take(&mut got) else { panic!("no call") };
        assert_eq!((call.len, call.caps), (100, MAX_CAPS));
    }

    #[test]
    fn a_note_is_read_until_it_is_taken_back_and_never_beyond_its_place() {
        let (slot, mut out) = (Slot::new(), [0; NOTE]);
        assert_eq!(slot.noted(&mut out), None);
        slot.post(7, b"a call", 0, 0).unwrap();
        slot.note("server");
        assert_eq!(slot.noted(&mut out), Some(6));
        assert_eq!(&out[..6], b"server");
        let mut call = [0; 16];
        let Found::Call(found) = slot.take(&mut call) else { panic!("no call") };
        assert_eq!(&call[..found.len], b"a call", "the call is as it was");
        slot.note(&"\u{e4}".repeat(NOTE));
        assert_eq!(slot.noted(&mut out), Some(NOTE));
        assert_eq!(out, *"\u{e4}".repeat(NOTE / 2).as_bytes(), "to the last byte");
        slot.note(&format!("x{}", "\u{e4}".repeat(NOTE)));
        assert_eq!(slot.noted(&mut out), Some(NOTE - 1), "cut before a character");
        for lie in [u64::MAX, NOTED | 0x81, NOTED | 0xff, NOTED ^ (1 << 63)] {
            slot.body[BODY_WORDS - NOTE_WORDS].store(lie, Ordering::Relaxed);
            assert_eq!(slot.noted(&mut out), None, "{lie:#x}");
        }
        slot.note("server");
        slot.unnote();
        assert_eq!(slot.noted(&mut out), None);
    }

    #[test]
    fn a_mark_stays_until_the_next_call() {
        let slot = Slot::new();
        slot.post(7, b"a call", 0, 3).unwrap();
        assert!(!slot.marked());
        slot.mark();
        slot.mark();
        assert!(slot.marked());
        let mut call = [0; 16];
        let Found::Call(found) = slot.take(&mut call) else { panic!("no call") };
        assert_eq!((&call[..found.len], found.index), (&b"a call"[..], 7), "nothing else changes");
        slot.reply(&NoSleep, ExceptionCode::SUCCESS, &[], 0).unwrap();
        slot.wait(&NoSleep, &mut Looks(0), &mut []).unwrap();
        assert!(slot.marked());
        slot.post(7, &[], 0, 3).unwrap();
        assert!(!slot.marked(), "another call");
    }

    /// Wakes without a reason for `self.0` times, and then says that there is nobody to wait for.
    struct Restless(core::cell::Cell<u32>);
    impl Sleep for Restless {
        fn wait(&self, _: &AtomicU32, _: u32) {}
        fn wake(&self, _: &AtomicU32) {}
        fn goes_on(&self) -> bool {
            let left = self.0.get();
            self.0.set(left.saturating_sub(1));
            left > 0
        }
    }

    #[test]
    fn who_is_woken_for_nothing_asks_before_it_sleeps_again() {
        let slot = Slot::new();
        slot.post(1, &[], 0, 0).unwrap();
        let sleep = Restless(core::cell::Cell::new(5));
        assert_eq!(slot.wait(&sleep, &mut Looks(0), &mut []), Err(Gone));
        assert_eq!(sleep.0.get(), 0);
    }

    /// Answers a call at a look or a wake-up of its client, the third.
    struct Third<'a>(&'a Slot, core::cell::Cell<u32>);
    impl Third<'_> {
        fn next(&self) {
            self.1.set(self.1.get() + 1);
            if self.1.get() == 3 {
                self.0.take(&mut []);
                assert_eq!(self.0.reply(&NoSleep, ExceptionCode::SUCCESS, &[], 0), Ok(()));
            }
        }
    }
    impl crate::sync::Poll for Third<'_> {
        fn again(&mut self) -> bool {
            self.next();
            true
        }
    }
    impl Sleep for Third<'_> {
        fn wait(&self, _: &AtomicU32, _: u32) {
            self.next();
        }
        fn wake(&self, _: &AtomicU32) {}
    }

    #[test]
    fn who_polls_need_not_sleep_and_who_sleeps_goes_on_until_it_is_answered() {
        struct Awake;
        impl Sleep for Awake {
            fn wait(&self, _: &AtomicU32, _: u32) {
                panic!("it is to poll");
            }
            fn wake(&self, _: &AtomicU32) {}
        }
        let slot = Slot::new();
        slot.post(1, &[], 0, 0).unwrap();
        let mut third = Third(&slot, core::cell::Cell::new(0));
        assert!(!slot.wait(&Awake, &mut third, &mut []).unwrap().slept);
        assert_eq!(third.1.get(), 3);
        slot.post(1, &[], 0, 0).unwrap();
        let third = Third(&slot, core::cell::Cell::new(0));
        assert!(slot.wait(&third, &mut Looks(0), &mut []).unwrap().slept);
        assert_eq!(third.1.get(), 3);
    }

    #[test]
    fn death_stays_and_is_told_to_both_sides() {
        let slot = Slot::new();
        assert!(!slot.is_dead());
        slot.post(1, &[], 0, 0).unwrap();
        assert!(!slot.is_dead());
        slot.kill(&NoSleep);
        let mut buf = [0; 8];
        assert_eq!(slot.take(&mut buf), Found::Dead);
        assert_eq!(slot.reply(&NoSleep, ExceptionCode::SUCCESS, &[], 0), Err(Gone));
        assert_eq!(slot.wait(&NoSleep, &mut Looks(3), &mut buf), Err(Gone));
        assert_eq!(slot.post(1, &[], 0, 0), Err(Gone));
        assert!(slot.is_dead());
    }
}
