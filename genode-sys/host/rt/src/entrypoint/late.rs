//! Replies that come after their dispatch: a parent lets a client wait for its session until the server made it.
//!
//! The slot stays with the caller, who waits in its call as for any other reply, while the entrypoint goes on serving.
use std::cell::Cell;
use std::rc::Rc;

use genode_abi::*;
use genode_host_proto::MAX_CAPS;
use genode_host_proto::bell::HINT_EVENT;
use genode_wire::{Caps, Encode, ExceptionCode, Writer};

use super::{ClientSlot, Entrypoint};
use crate::handle::Owned;
use crate::sync::lock;

/// Names a call whose reply is still to come, once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    number: u16,
    serial: u64,
}

/// A late reply: a few words, and capabilities.
#[derive(Debug)]
pub(crate) struct Late {
    body: [u8; 32],
    len: usize,
    caps: Caps<Owned>,
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
    current: Option<(u16, Rc<ClientSlot>)>,
    last: Cell<u64>,
}

impl Holding {
    pub(super) fn begin(&mut self, number: u16, slot: &Rc<ClientSlot>) {
        self.current = Some((number, Rc::clone(slot)));
    }

    pub(super) fn end(&mut self) {
        self.current = None;
    }
}

impl Entrypoint {
    /// Let the call that is being served wait for its reply; `None` if the calling thread serves none.
    pub(crate) fn hold(&self) -> Option<Held> {
        if !self.served_here() {
            return None;
        }
        // SAFETY: the serving thread, and no callback runs while the reference lives.
        let holding = unsafe { &mut self.inner().holding };
        let (number, slot) = holding.current.take()?;
        let serial = holding.last.get() + 1;
        holding.last.set(serial);
        slot.held.set(serial);
        Some(Held { number, serial })
    }

    /// Reply to a held call, from any thread. A caller that is gone by now gets nothing.
    pub(crate) fn answer(&self, held: Held, late: Late) {
        if self.served_here() {
            self.answer_here(held, &late);
        } else {
            lock(&self.late).push((held, late));
            self.ring(HINT_EVENT);
        }
    }

    /// Send the replies that other threads gave.
    pub(super) fn answer_late(&self) {
        let late = std::mem::take(&mut *lock(&self.late));
        for (held, late) in &late {
            self.answer_here(*held, late);
        }
    }

    fn answer_here(&self, held: Held, late: &Late) {
        // SAFETY: the serving thread; the reference ends with the statement.
        let slot = unsafe { self.inner() }.slots.get(held.number as usize).cloned().flatten();
        let Some(slot) = slot.filter(|slot| slot.held.get() == held.serial) else { return };
        slot.held.set(0);
        let given = late.caps.as_slice();
        let mut caps = [0; MAX_CAPS];
        for (cap, given) in caps.iter_mut().zip(given) {
            *cap = given.get();
        }
        let reply = rs_msg_t {
            data: std::ptr::null_mut(),
            len: late.len,
            capacity: 0,
            caps,
            num_caps: given.len() as u32,
        };
        self.reply(&slot, held.number, ExceptionCode::SUCCESS, &late.body, &reply);
    }
}
