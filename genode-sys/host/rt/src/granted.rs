//! Grants of the user of the machine to this component: a socket to the broker of host files, or
//! to the relay of a terminal.
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use crate::sync::lock;

static SOCKET: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Keeps what came with the first reply of core's.
pub(crate) fn keep(socket: Option<OwnedFd>) {
    *lock(&SOCKET) = socket;
}

/// Takes the socket to the broker, or relay, of this component's grant, once; `None` without one.
pub fn take() -> Option<OwnedFd> {
    lock(&SOCKET).take()
}
