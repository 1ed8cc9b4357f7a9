//! Grants of the user of the machine to this component: a socket to a broker of host files.
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use crate::sync::lock;

static FILES: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Keeps what came with the first reply of core's.
pub(crate) fn keep(socket: Option<OwnedFd>) {
    *lock(&FILES) = socket;
}

/// Takes the socket to the broker of this component's grant, once; `None` without one.
pub fn take_files() -> Option<OwnedFd> {
    lock(&FILES).take()
}
