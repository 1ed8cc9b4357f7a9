//! Replies that come after their dispatch: a parent lets a client wait for its session until the server made it.
//!
//! The slot stays with the caller, who waits in its call as for any other reply, while the entrypoint goes on serving.
use genode_abi::*;
use genode_host_proto::MAX_CAPS;
use genode_host_proto::bell::Hint;
use genode_wire::ExceptionCode;

use super::held::{Held, Late};
use super::state::Entrypoint;
use crate::sync::lock;

impl Entrypoint {
    /// Lets the call that is being served wait for its reply, until `who` did something; `None` if
    /// the calling thread serves none. Core tells of it to a person who asks.
    pub(crate) fn hold(&self, who: &str) -> Option<Held> {
        if !self.served_here() {
            return None;
        }
        // SAFETY: the serving thread, and no callback runs while the reference lives.
        let holding = unsafe { &mut self.inner().holding };
        let (number, slot) = holding.current.take()?;
        let serial = holding.last.get() + 1;
        holding.last.set(serial);
        slot.held.set(serial);
        slot.page().note(who);
        Some(Held { number, serial })
    }

    /// Reply to a held call, from any thread. A caller that is gone by now gets nothing.
    pub(crate) fn answer(&self, held: Held, late: Late) {
        if self.served_here() {
            self.answer_here(held, &late);
        } else {
            lock(&self.late).push((held, late));
            self.ring(Hint::Event);
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
        slot.page().unnote();
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
