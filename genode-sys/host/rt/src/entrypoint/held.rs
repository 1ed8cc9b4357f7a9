//! Replies that come after their dispatch.
use std::cell::Cell;
use std::rc::Rc;

use genode_wire::{Caps, Encode, Writer};

use super::peer::ClientSlot;
use crate::handle::Owned;

/// Names a call whose reply is still to come, once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(super) number: u16,
    pub(super) serial: u64,
}

/// A late reply: a few words, and capabilities.
#[derive(Debug)]
pub(crate) struct Late {
    pub(super) body: [u8; 32],
    pub(super) len: usize,
    pub(super) caps: Caps<Owned>,
}

impl Late {
    /// A reply with a result; an empty one if that is more than a few words.
    pub(crate) fn new(result: &impl Encode<Owned>) -> Self {
        let mut late = Self { body: [0; 32], len: 0, caps: Caps::new() };
        let mut writer = Writer::new(&mut late.body, &mut late.caps);
        if writer.put(result).is_ok() {
            late.len = writer.len();
        }
        late
    }
}

/// What an entrypoint knows of held calls, beside what each slot does.
#[derive(Default)]
pub(super) struct Holding {
    /// The call that is being served.
    pub(super) current: Option<(u16, Rc<ClientSlot>)>,
    pub(super) last: Cell<u64>,
}

impl Holding {
    pub(super) fn begin(&mut self, number: u16, slot: &Rc<ClientSlot>) {
        self.current = Some((number, Rc::clone(slot)));
    }

    pub(super) fn end(&mut self) {
        self.current = None;
    }
}
