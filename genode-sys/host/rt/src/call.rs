//! Calls: claim the object once, take a slot, write, ring, wait, copy out.
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use genode_abi::*;
use genode_host_proto::bell::{Bell, Hint};
use genode_host_proto::control::Request;
use genode_host_proto::slot::Gone;
use genode_host_proto::spin::Outcome;
use genode_host_proto::sync::{AtomicU32, Sleep};
use genode_host_proto::sys::{self, Fds, Futex};
use genode_host_proto::{MAX_BODY, MAX_CAPS};
use genode_wire::ExceptionCode;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::caps::{self, State, state};
use crate::channel::{Claim, Line};
use crate::{control, descriptors, outside, serving, slices};

/// What came back from a call; `body` was filled up to `len`.
pub(crate) struct Answer {
    pub(crate) code: ExceptionCode,
    pub(crate) len: usize,
    pub(crate) caps: [rs_cap_t; MAX_CAPS],
    pub(crate) num_caps: usize,
    /// Whether the reply did not fit.
    pub(crate) cut: bool,
    /// What polling for the reply was good for.
    polled: Outcome,
}

/// Find out where `cap` is called, unless that is known.
pub(crate) fn claim_in(state: &mut State, cap: rs_cap_t) -> Result<Claim, rs_err_t> {
    if let Some(claim) = state.caps.claim(cap) {
        return Ok(claim);
    }
    let fd = state.caps.fd(cap).ok_or(RS_INVALID)?;
    // SAFETY: the caller holds a reference to `cap`, which keeps the descriptor open.
    let claim = state.channels.claim(unsafe { BorrowedFd::borrow_raw(fd) })?;
    state.caps.set_claim(cap, claim);
    Ok(claim)
}

/// Where `cap` is called; true as long as the caller holds its reference.
pub(crate) fn claim(cap: rs_cap_t) -> Result<Claim, rs_err_t> {
    claim_in(&mut state(), cap)
}

/// The index by which core is called for `cap`, `None` if somebody else serves that.
pub(crate) fn index_at_core(cap: rs_cap_t) -> Result<Option<u32>, rs_err_t> {
    let mut state = state();
    let claim = claim_in(&mut state, cap)?;
    Ok(state.channels.is_core(claim).then_some(claim.index))
}

/// Find out where `cap` is called, take a slot for the call, and look up what it passes.
fn line(cap: rs_cap_t, caps: &[rs_cap_t]) -> Result<(Claim, Line, Passed), rs_err_t> {
    loop {
        let mut state = state();
        let claim = claim_in(&mut state, cap)?;
        if let Some(line) = state.channels.take(claim)? {
            return Ok((claim, line, Passed::new(&state, caps)));
        }
        drop(state);
        std::thread::yield_now();
    }
}

/// Makes ready what a call of `dst` takes, so that one also goes when all descriptors are in use.
pub(crate) fn prepare(dst: rs_cap_t) {
    if let Ok((claim, line, _)) = line(dst, &[]) {
        state().channels.give(claim, &line, false, Outcome::Unknown);
    }
}

/// Wake the entrypoint if it sleeps.
pub(crate) fn ring(bell: *const Bell, doorbell: i32, hint: Hint) {
    // SAFETY: mapped as long as the channel, which the caller holds.
    if unsafe { (*bell).must_ring() } {
        // SAFETY: open as long as the channel.
        let doorbell = unsafe { BorrowedFd::borrow_raw(doorbell) };
        // A full pipe means that it rings already, a broken one that the entrypoint is gone.
        let _ = rustix::io::write(doorbell, &hint.to_bytes());
    }
}

/// Call `dst` with `body` and `caps`; the reply's body goes to `out`.
pub(crate) fn call(
    dst: rs_cap_t,
    body: &[u8],
    caps: &[rs_cap_t],
    out: &mut [u8],
) -> Result<Answer, rs_err_t> {
    if body.len() > MAX_BODY || caps.len() > MAX_CAPS {
        return Err(RS_OVERFLOW);
    }
    if dst == 0 {
        outside::refuse()?;
        return Err(RS_INVALID);
    }
    control::flush();
    let (claim, mut line, passed) = line(dst, caps)?;
    let result = send(claim, &mut line, body, &passed).and_then(|()| receive(&mut line, out));
    let gone = matches!(result, Err(RS_GONE));
    let polled = result.as_ref().map_or(Outcome::Unknown, |a| a.polled);
    state().channels.give(claim, &line, gone, polled);
    result
}

/// Sleeps as long as core says that there is a server.
struct Patience {
    channel: u64,
}

impl Sleep for Patience {
    fn wait(&self, word: &AtomicU32, expected: u32) {
        Futex::wait(word, expected);
    }

    fn wake(&self, word: &AtomicU32) {
        Futex::wake(word);
    }

    fn goes_on(&self) -> bool {
        let served = control::request(Request::Served, &[self.channel], None);
        served.is_ok_and(|reply| reply.arg(0) != 0)
    }
}

/// Call `dst` for what it does, without waiting for the reply, which says nothing. It is done before whatever else this
/// thread asks of `dst` later; [`done`] waits for it.
///
/// For the parent, whose capability is never dropped: a channel that is closed may take what was posted along.
pub(crate) fn post(dst: rs_cap_t, body: &[u8], caps: &[rs_cap_t]) -> Result<(), rs_err_t> {
    if body.len() > MAX_BODY || caps.len() > MAX_CAPS {
        return Err(RS_OVERFLOW);
    }
    if dst == 0 {
        return Err(RS_INVALID);
    }
    control::flush();
    let (claim, mut line, passed) = line(dst, caps)?;
    let result = send(claim, &mut line, body, &passed);
    line.posted |= result.is_ok();
    let gone = matches!(result, Err(RS_GONE));
    state().channels.give(claim, &line, gone, Outcome::Unknown);
    result
}

/// Wait until everything that was posted to `dst` is done. False if that cannot be said.
pub(crate) fn done(dst: rs_cap_t) -> bool {
    let Ok(claim) = claim(dst) else { return false };
    loop {
        let Some(mut line) = state().channels.take_posted(claim) else { return true };
        let received = discard(&mut line);
        let gone = received.is_err();
        state().channels.give(claim, &line, gone, Outcome::Unknown);
        if gone {
            return false;
        }
    }
}

/// Receive what a call answered that nobody waited for, and drop it.
fn discard(line: &mut Line) -> Result<(), rs_err_t> {
    let answer = receive(line, &mut [])?;
    line.posted = false;
    for cap in answer.caps {
        // SAFETY: owned by the answer.
        unsafe { caps::rs_cap_drop(cap) };
    }
    Ok(())
}

/// Hand a call to its server.
fn send(claim: Claim, line: &mut Line, body: &[u8], passed: &Passed) -> Result<(), rs_err_t> {
    if serving::is(line.ep) {
        // The calling thread is the one that would have to answer.
        return Err(RS_INVALID);
    }
    if line.posted {
        discard(line)?;
    }
    // SAFETY: mapped as long as the channel, which the slot in use keeps.
    let slot = unsafe { &*line.slot };
    if passed.len > 0 {
        // SAFETY: open as long as the channel.
        let socket = unsafe { BorrowedFd::borrow_raw(line.socket) };
        // Who takes no capabilities of calls that it answers is not waited for: its end of the socket may outlive it.
        passed.send(socket, SendFlags::DONTWAIT).map_err(|_| RS_GONE)?;
    }
    slot.post(claim.index, body, passed.len, line.cpu).map_err(|Gone| RS_GONE)?;
    ring(line.bell, line.doorbell, Hint::Slot(line.number));
    Ok(())
}

/// Wait for the reply.
fn receive(line: &mut Line, out: &mut [u8]) -> Result<Answer, rs_err_t> {
    let gone = |Gone| RS_GONE;
    // SAFETY: mapped as long as the channel, which the slot in use keeps.
    let slot = unsafe { &*line.slot };
    // SAFETY: open as long as the channel.
    let socket = unsafe { BorrowedFd::borrow_raw(line.socket) };
    let mut polling = line.polling;
    let reply = slot.wait(&Patience { channel: line.id }, &mut polling, out).map_err(gone)?;
    let mut answer = Answer {
        code: reply.code,
        len: reply.len,
        caps: [0; MAX_CAPS],
        num_caps: reply.caps,
        cut: reply.cut,
        polled: polling.outcome(reply.slept),
    };
    if reply.caps > 0 {
        receive_caps(socket, &mut answer.caps);
    }
    Ok(answer)
}

/// Capabilities on their way into a message.
pub(crate) struct Passed {
    /// For each, whether it is valid.
    valid: [u8; MAX_CAPS],
    len: usize,
    /// Descriptors of those that are.
    fds: [RawFd; MAX_CAPS],
    num_fds: usize,
}

impl Passed {
    /// Look `caps` up. They stay what they are as long as the caller holds references to them.
    pub(crate) fn new(state: &State, caps: &[rs_cap_t]) -> Self {
        let len = caps.len().min(MAX_CAPS);
        let mut passed = Self { valid: [0; MAX_CAPS], len, fds: [0; MAX_CAPS], num_fds: 0 };
        for (cap, valid) in caps.iter().zip(&mut passed.valid) {
            if let Some(fd) = state.caps.fd(*cap) {
                *valid = 1;
                passed.fds[passed.num_fds] = fd;
                passed.num_fds += 1;
            }
        }
        passed
    }

    /// Send them: a byte for each, and the descriptors.
    pub(crate) fn send(&self, socket: BorrowedFd<'_>, flags: SendFlags) -> rustix::io::Result<()> {
        let mut fds = [socket; MAX_CAPS];
        for (borrowed, fd) in fds.iter_mut().zip(&self.fds[..self.num_fds]) {
            // SAFETY: the caller of the call or the reply holds the capabilities until it is over.
            *borrowed = unsafe { BorrowedFd::borrow_raw(*fd) };
        }
        match sys::send(socket, &self.valid[..self.len], &fds[..self.num_fds], flags) {
            Err(Errno::TOOMANYREFS) => self.send_by_core(socket),
            result => result,
        }
    }

    /// Others have too many descriptors under way for this component to send any. Core may have more.
    fn send_by_core(&self, socket: BorrowedFd<'_>) -> rustix::io::Result<()> {
        let mut args = [0; 2 + MAX_CAPS];
        args[0] = socket.as_raw_fd() as u64;
        args[1] = self.len as u64;
        let mut fds = self.fds[..self.num_fds].iter();
        for (arg, valid) in args[2..].iter_mut().zip(&self.valid[..self.len]) {
            if *valid != 0 {
                *arg = fds.next().map_or(0, |fd| *fd as u64 + 1);
            }
        }
        control::request(Request::Send, &args, None).map(|_| ()).map_err(|_| Errno::TOOMANYREFS)
    }
}

/// Receive one packet of capabilities.
pub(crate) fn receive_caps(socket: BorrowedFd<'_>, out: &mut [rs_cap_t; MAX_CAPS]) {
    let mut valid = [0u8; MAX_CAPS];
    let mut fds = Fds::default();
    let Ok((len, _)) = sys::recv(socket, &mut valid, &mut fds, RecvFlags::DONTWAIT) else { return };
    let mut fds = fds.iter_mut().filter_map(Option::take);
    let mut state = state();
    let mut missing = false;
    for (cap, valid) in out.iter_mut().zip(&valid[..len.min(MAX_CAPS)]) {
        if *valid != 0 {
            match fds.next() {
                Some(fd) => *cap = state.caps.adopt(fd),
                None => missing = true,
            }
        }
    }
    drop(state);
    if missing {
        // Core says so; a null capability is what the caller gets.
        descriptors::are_full();
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call(
    dst: rs_cap_t,
    call: *const rs_msg_t,
    reply: *mut rs_msg_t,
    exception: *mut i64,
) -> rs_err_t {
    // SAFETY: the caller passes valid messages, by the contract.
    let (call, reply) = unsafe { (&*call, &mut *reply) };
    let num_caps = call.num_caps as usize;
    if num_caps > MAX_CAPS || call.len > MAX_BODY {
        return RS_OVERFLOW;
    }
    // SAFETY: `len` bytes at `data` are valid, by the contract.
    let body = unsafe { slices::shared(call.data, call.len) };
    // SAFETY: `capacity` bytes at `data` may be written, by the contract.
    let out = unsafe { slices::exclusive(reply.data, reply.capacity) };
    match self::call(dst, body, &call.caps[..num_caps], out) {
        Ok(answer) => {
            if answer.cut {
                for cap in answer.caps {
                    // SAFETY: owned by the answer, which is dropped.
                    unsafe { caps::rs_cap_drop(cap) };
                }
                return RS_OVERFLOW;
            }
            reply.len = answer.len;
            reply.caps = answer.caps;
            reply.num_caps = answer.num_caps as u32;
            // SAFETY: a valid pointer, by the contract.
            unsafe { *exception = answer.code.value() };
            RS_OK
        }
        Err(e) => e,
    }
}
