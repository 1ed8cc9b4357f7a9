//! Sends descriptors that nobody takes, as many as Linux permits. It counts them by user, so that no other component can
//! send any after that.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::BorrowedFd;

use genode::{connection::Connection, prelude::*};
use rustix::io::{Errno, IoSlice};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use crate::honest::Shared;

/// Descriptors in a message: what Linux permits.
const MANY: usize = 253;

pub(crate) fn send(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn Shared>::open(env, "flood")?;
    let _ = session.next(0)?;
    // SAFETY: a null device, which nobody closes.
    let null = unsafe { BorrowedFd::borrow_raw(0) };
    let all = [null; MANY];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MANY))];
    let mut under_way = 0;
    let mut refused = false;
    // All but the socket to core, which would end this component for it.
    for number in 4..64 {
        // SAFETY: a number that is no socket is refused.
        let socket = unsafe { BorrowedFd::borrow_raw(number) };
        loop {
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&all));
            let byte = [IoSlice::new(&[0])];
            match rustix::net::sendmsg(socket, &byte, &mut control, SendFlags::DONTWAIT) {
                Ok(_) => under_way += MANY,
                Err(e) => {
                    refused |= e == Errno::TOOMANYREFS;
                    break;
                }
            }
        }
    }
    log!("{under_way} descriptors are under way; Linux refuses more: {refused}");
    Box::leak(Box::new(session)); // what is under way stays there
    Ok(())
}
