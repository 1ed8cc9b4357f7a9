//! One slot: a client that calls, an entrypoint that serves, and core, which ends it.

use std::cell::{Cell, RefCell};

use genode_host_proto::slot::{ASLEEP, CALL, Call, DEAD, Found, Gone, IDLE, REPLY, Slot};
use genode_host_proto::sync::{AtomicU32, Ordering, Poll, Sleep};
use genode_host_proto::{MAX_BODY, MAX_CAPS};
use genode_wire::ExceptionCode;

use super::Moves;

/// Words of a slot that are atomics: the header, and the first and last words of the body.
const WORDS: [usize; 11] = [0, 1, 2, 3, 4, 5, 6, 16, 17, 526, 527];
/// What a buffer holds where nothing may be written.
const CANARY: u8 = 0xa5;

/// The page that both sides share.
#[repr(C, align(4096))]
pub(super) struct Page([AtomicU32; 1024]);

impl Page {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self([const { AtomicU32::new(0) }; 1024]))
    }

    pub(super) fn slot(&self) -> &Slot {
        // SAFETY: the page is larger than a slot, aligned as one, and zeroes are an idle slot; both are atomics where
        // anybody writes.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    pub(super) fn state(&self) -> u32 {
        self.0[0].load(Ordering::Relaxed)
    }

    /// Writes what a hostile side likes where it likes.
    pub(super) fn scribble(&self, moves: &Moves<'_>) {
        let word = WORDS[moves.below(WORDS.len())];
        self.0[word].store(moves.word(), Ordering::Relaxed);
    }
}

/// A message as its sender remembers it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Message {
    /// Index of the object, or the exception code.
    what: u32,
    body: Vec<u8>,
    caps: usize,
}

impl Message {
    fn draw(moves: &Moves<'_>) -> Self {
        let len = match moves.byte() {
            small @ 0..200 => usize::from(small),
            large => MAX_BODY - usize::from(255 - large),
        };
        let first = moves.byte();
        let body = (0..len).map(|i| first.wrapping_add(i as u8)).collect();
        Self { what: u32::from(moves.byte()), body, caps: moves.below(MAX_CAPS + 1) }
    }

    fn code(&self) -> ExceptionCode {
        ExceptionCode::new(-i64::from(self.what))
    }
}

/// Everything that happens beside the honest client: the entrypoint and core.
struct Beside<'a> {
    page: &'a Page,
    moves: &'a Moves<'a>,
    /// Whether the entrypoint is hostile.
    hostile: bool,
    posted: RefCell<Message>,
    /// The call that was taken and not answered yet.
    taken: Cell<bool>,
    answer: RefCell<Option<Message>>,
    killed: Cell<bool>,
    /// Whether anything but the protocol changed the page.
    scribbled: Cell<bool>,
    wakes: Cell<u32>,
}

impl Beside<'_> {
    /// One step of the entrypoint or of core; false at the end of the run.
    fn step(&self) -> bool {
        let Some(step) = self.moves.next() else { return false };
        match step % 8 {
            0..3 => self.take(),
            3..5 => self.reply(),
            5 if self.hostile => {
                self.page.scribble(self.moves);
                self.scribbled.set(true);
            }
            6 if step >= 0xf0 => self.kill(),
            // A wake-up without a reason: by a signal, or by whoever has the page.
            7 => self.wakes.set(self.wakes.get() + 1),
            _ => {}
        }
        true
    }

    fn take(&self) {
        let slot = self.page.slot();
        if self.taken.get() {
            return;
        }
        let mut body = [CANARY; MAX_BODY];
        let state = self.page.state();
        match slot.take(&mut body) {
            Found::Call(call) => {
                assert!(state == CALL || state == ASLEEP);
                self.taken.set(true);
                if !self.scribbled.get() {
                    let posted = self.posted.borrow();
                    let len = posted.body.len();
                    assert_eq!(call, Call { index: posted.what, len, caps: posted.caps, cpu: 1 });
                    assert_eq!(body[..len], posted.body[..]);
                }
            }
            Found::Dead => assert_eq!(state, DEAD),
            Found::Nothing => assert!(![CALL, ASLEEP, DEAD].contains(&state)),
        }
    }

    fn reply(&self) {
        if !self.taken.take() {
            return;
        }
        let answer = Message::draw(self.moves);
        let (before, woken) = (self.page.state(), self.wakes.get());
        let slot = self.page.slot();
        let given = slot.reply(self, answer.code(), &answer.body, answer.caps);
        match before {
            CALL | ASLEEP => {
                assert_eq!((given, self.page.state()), (Ok(()), REPLY));
                let wakes = self.wakes.get() - woken;
                assert_eq!(wakes, u32::from(before == ASLEEP), "who sleeps is woken");
                *self.answer.borrow_mut() = Some(answer);
            }
            _ => {
                assert_eq!((given, self.page.state()), (Err(Gone), before));
                assert!(self.killed.get() || self.scribbled.get());
            }
        }
    }

    /// Core's word that the entrypoint is gone; a hostile one may go on to write.
    fn kill(&self) {
        let woken = self.wakes.get();
        self.page.slot().kill(self);
        assert!(self.page.slot().is_dead() && self.wakes.get() > woken);
        self.killed.set(true);
    }
}

impl Sleep for Beside<'_> {
    /// Lets the others act until one of them wakes the client. At the end of the run an honest entrypoint answers, and
    /// one that is not ends.
    fn wait(&self, word: &AtomicU32, expected: u32) {
        let woken = self.wakes.get();
        while word.load(Ordering::Relaxed) == expected && self.wakes.get() == woken {
            if self.step() {
                continue;
            }
            if self.hostile || self.killed.get() {
                return self.kill();
            }
            self.take();
            self.reply();
            assert!(self.wakes.get() > woken, "the client sleeps for ever");
        }
    }

    fn wake(&self, _: &AtomicU32) {
        self.wakes.set(self.wakes.get() + 1);
    }

    fn goes_on(&self) -> bool {
        !self.killed.get()
    }
}

impl Poll for &Beside<'_> {
    fn again(&mut self) -> bool {
        !self.moves.byte().is_multiple_of(4) && self.step()
    }
}

/// Calls until the run is over. The entrypoint is honest, or writes anything.
fn calls(moves: &Moves<'_>, hostile: bool) {
    let page = Page::new();
    let beside = Beside {
        page: &page,
        moves,
        hostile,
        posted: RefCell::default(),
        taken: Cell::new(false),
        answer: RefCell::new(None),
        killed: Cell::new(false),
        scribbled: Cell::new(false),
        wakes: Cell::new(0),
    };
    while !moves.over() {
        let before = page.state();
        let call = Message::draw(moves);
        *beside.posted.borrow_mut() = call.clone();
        *beside.answer.borrow_mut() = None;
        beside.taken.set(false);
        let posted = page.slot().post(call.what, &call.body, call.caps, 1);
        assert_eq!(posted.is_ok(), before == IDLE, "only a free slot takes a call");
        if posted.is_err() {
            assert!(beside.killed.get() || beside.scribbled.get());
            assert_eq!(page.state(), before, "what is refused changes nothing");
            beside.step();
            continue;
        }
        let room = moves.below(9) * MAX_BODY / 8;
        let mut body = [CANARY; MAX_BODY + 8];
        let got = page.slot().wait(&beside, &mut &beside, &mut body[..room]);
        assert!(body[room..].iter().all(|b| *b == CANARY), "written beyond the buffer");
        match got {
            Ok(reply) => {
                assert_eq!(page.state(), IDLE, "ready for the next call");
                assert!(reply.len <= room && reply.caps <= MAX_CAPS);
                if !beside.scribbled.get() {
                    assert!(!beside.killed.get(), "death stays");
                    let answer = beside.answer.take().expect("an answer that nobody gave");
                    let len = answer.body.len().min(room);
                    assert_eq!((reply.code, reply.len), (answer.code(), len));
                    assert_eq!((reply.caps, reply.cut), (answer.caps, answer.body.len() > room));
                    assert_eq!(body[..len], answer.body[..len]);
                }
            }
            Err(Gone) => assert!(beside.killed.get() || beside.scribbled.get()),
        }
    }
}

/// Counts wake-ups; nobody sleeps by it.
struct Wakes(Cell<u32>);

impl Sleep for Wakes {
    fn wait(&self, _: &AtomicU32, _: u32) {}
    fn wake(&self, _: &AtomicU32) {
        self.0.set(self.0.get() + 1);
    }
}

/// Serves a client that writes anything at any time, also while its call is served.
fn serves(moves: &Moves<'_>) {
    let (page, wakes) = (Page::new(), Wakes(Cell::new(0)));
    let slot = page.slot();
    while let Some(step) = moves.next() {
        if step < 100 {
            page.scribble(moves);
            continue;
        }
        if step < 120 {
            let call = Message::draw(moves);
            let _ = slot.post(call.what, &call.body, call.caps, 1);
            continue;
        }
        if step == 255 {
            slot.kill(&wakes);
            continue;
        }
        let (state, room) = (page.state(), moves.below(9) * MAX_BODY / 8);
        let (called, pending) = (slot.called(), slot.pending());
        assert_eq!(called, state == CALL || state == ASLEEP);
        assert_eq!(pending, called || state == DEAD);
        let mut body = [CANARY; MAX_BODY + 8];
        match slot.take(&mut body[..room]) {
            Found::Call(call) => {
                assert!(called && call.len <= room && call.caps <= MAX_CAPS);
                while moves.byte().is_multiple_of(3) && !moves.over() {
                    page.scribble(moves); // while its function runs
                }
                let answer = Message::draw(moves);
                let (before, woken) = (page.state(), wakes.0.get());
                let given = slot.reply(&wakes, answer.code(), &answer.body, answer.caps);
                let waits = before == CALL || before == ASLEEP;
                assert_eq!(given.is_ok(), waits);
                assert_eq!(page.state(), if waits { REPLY } else { before });
                assert_eq!(wakes.0.get() - woken, u32::from(before == ASLEEP));
            }
            Found::Dead => assert!(state == DEAD && slot.is_dead()),
            Found::Nothing => assert!(!pending),
        }
        assert!(body[room..].iter().all(|b| *b == CANARY), "written beyond the buffer");
    }
}

/// A client and an entrypoint at one slot: both honest, a hostile entrypoint, or a hostile client.
pub fn slot(data: &[u8]) {
    let moves = Moves::new(data);
    match moves.byte() % 3 {
        0 => calls(&moves, false),
        1 => calls(&moves, true),
        _ => serves(&moves),
    }
}
