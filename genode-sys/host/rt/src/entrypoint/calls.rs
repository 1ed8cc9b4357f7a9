//! Serving a call: copy it, find its object, run the object's function, answer.
use std::rc::Rc;

use genode_abi::*;
use genode_host_proto::slot::Found;
use genode_host_proto::sys::Futex;
use genode_host_proto::{MAX_BODY, MAX_CAPS};
use genode_wire::ExceptionCode;
use rustix::net::SendFlags;

use super::objects::{Kind, Object};
use super::peer::ClientSlot;
use super::state::Entrypoint;
use crate::call::{self, Passed};
use crate::caps::{rs_cap_drop, state};
use crate::control;
use crate::sync::lock;

impl Entrypoint {
    /// Serve what is in a slot, if anything.
    pub(super) fn serve_slot(&self, number: u16) {
        // SAFETY: used by the serving thread only, and calls do not nest.
        let body = unsafe { &mut (*self.buffers.get()).call };
        // SAFETY: the reference ends before the callback; the slot's mapping stays, see below.
        let inner = unsafe { self.inner() };
        // Kept by this call: while its function waits for I/O signals, the number may go to another client.
        let Some(slot) = inner.slots.get(number as usize).cloned().flatten() else { return };
        // Core's word, which the client cannot change: it may write into the slot even after it closed it.
        if slot.channel.is_closed() {
            inner.slots[number as usize] = None;
            return;
        }
        if slot.is_held() && !slot.page().is_dead() {
            return; // it rang for the call that it waits for
        }
        let found = match slot.page().take(body) {
            Found::Nothing => return,
            Found::Dead => {
                inner.slots[number as usize] = None;
                return;
            }
            Found::Call(call) => call,
        };
        let mut caps = [0; MAX_CAPS];
        if found.caps > 0 {
            call::receive_caps(slot.socket(), &mut caps);
        }
        inner.caller = found.cpu;
        inner.holding.begin(number, &slot);
        let object = slot.channel.object(found.index);
        let call = rs_msg_t {
            data: body.as_mut_ptr(),
            len: found.len,
            capacity: MAX_BODY,
            caps,
            num_caps: found.caps as u32,
        };
        // SAFETY: as for `body`.
        let out = unsafe { &mut (*self.buffers.get()).reply };
        let mut reply = rs_msg_t {
            data: out.as_mut_ptr(),
            len: 0,
            capacity: MAX_BODY,
            caps: [0; MAX_CAPS],
            num_caps: 0,
        };
        let code = self.dispatch(object, &call, &mut reply);
        // SAFETY: the reference ends with the statement.
        unsafe { self.inner() }.holding.end();
        for cap in caps {
            // SAFETY: received above, owned here, borrowed by the callback only.
            unsafe { rs_cap_drop(cap) };
        }
        if !slot.is_held() {
            self.reply(&slot, number, code, out, &reply);
        }
        for cap in reply.caps {
            // SAFETY: the callback handed them over.
            unsafe { rs_cap_drop(cap) };
        }
    }

    fn dispatch(&self, id: u64, call: &rs_msg_t, reply: &mut rs_msg_t) -> ExceptionCode {
        let mut objects = lock(&self.objects);
        let Some(Object { kind: Kind::Rpc { function }, ctx, .. }) = objects.map.get(&id) else {
            return ExceptionCode::INVALID_OBJECT;
        };
        let (function, ctx) = (*function, *ctx);
        objects.running.push(id);
        drop(objects);
        let code = match function {
            // SAFETY: the function and its context are valid until the object is dissolved, which waits for
            // this; the messages are valid for the call.
            Some(function) => ExceptionCode::new(unsafe { function(ctx, call, reply) }),
            None => ExceptionCode::INVALID_OBJECT,
        };
        self.done(id);
        code
    }

    pub(super) fn reply(
        &self,
        slot: &Rc<ClientSlot>,
        number: u16,
        code: ExceptionCode,
        out: &[u8],
        reply: &rs_msg_t,
    ) {
        control::flush();
        let mut caps = (reply.num_caps as usize).min(MAX_CAPS);
        if caps > 0 {
            let passed = Passed::new(&state(), &reply.caps[..caps]);
            if passed.send(slot.socket(), SendFlags::DONTWAIT).is_err() {
                // The client does not read what it is sent: its loss.
                caps = 0;
            }
        }
        let body = out.get(..reply.len).unwrap_or_default();
        if slot.page().reply(&Futex, code, body, caps).is_err() && slot.page().is_dead() {
            // SAFETY: no callback runs while the reference lives.
            let inner = unsafe { self.inner() };
            let place = inner.slots.get_mut(number as usize);
            if let Some(place) = place
                && place.as_ref().is_some_and(|s| Rc::ptr_eq(s, slot))
            {
                *place = None;
            }
        }
    }
}
