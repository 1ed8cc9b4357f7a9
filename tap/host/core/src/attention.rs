//! How core waits for something to do: by epoll for everything, and by polling its slots while that pays.
//!
//! The rules are those of every entrypoint (see `genode_host_proto::spin` and `genode_host_proto::bell`).
#![allow(unsafe_code, reason = "descriptors by number")]

use std::os::fd::OwnedFd;

use genode_host_proto::PAGE;
use genode_host_proto::bell::{Bell, FEW};
use genode_host_proto::spin::{self, Adaptive};
use rustix::event::{Timespec, epoll};
use rustix::io::{Errno, Result};

use crate::fd::Mapping;
use crate::nucleus::Nucleus;

/// With more slots than this core does not poll: looking at all would take too long.
const MAX_POLLED: usize = 256;
/// Looks at the slots for one at everything else.
const LOOKS: u32 = 64;
/// Calls found by polling before one looks at everything else.
const CALLS_IN_A_ROW: u32 = 16;

/// What core is attentive to.
pub(crate) struct Attention {
    doorbell: OwnedFd,
    /// What was read off the doorbell.
    hints: [u8; PAGE],
    bell: Mapping,
    adaptive: Adaptive,
    /// CPU of the last call since core waited.
    caller: Option<u32>,
    found: u32,
}

impl Attention {
    /// By the read end of core's doorbell, and its state page.
    pub(crate) fn new(doorbell: OwnedFd, bell: &OwnedFd) -> Result<Self> {
        let bell = Mapping::new(bell, PAGE)?;
        Ok(Self {
            doorbell,
            hints: [0; PAGE],
            bell,
            adaptive: Adaptive::new(),
            caller: None,
            found: 0,
        })
    }

    fn bell(&self) -> &Bell {
        // SAFETY: a bell is atomics, and fits the page.
        unsafe { self.bell.at(0) }
    }

    /// A call came from a CPU.
    pub(crate) fn called_from(&mut self, cpu: u32) {
        self.caller = Some(cpu);
    }

    /// Wait for events, or calls in slots, unless there is something to do: true if the slots should be looked at.
    pub(crate) fn wait(
        &mut self,
        nucleus: &Nucleus,
        events: &mut Vec<epoll::Event>,
        busy: bool,
    ) -> Result<bool> {
        if busy {
            ready(nucleus, events, true)?;
            return Ok(nucleus.core_pages.called());
        }
        let here = spin::here();
        self.bell().runs_on(here);
        let few = nucleus.core_pages.bound() <= MAX_POLLED;
        let caller = self.caller.take().filter(|_| few).unwrap_or(here);
        let mut polling = self.adaptive.polling(here, caller);
        if polling.allowed() {
            let mut looks = 0u32;
            let found = self.bell().poll(&mut polling, || {
                looks = looks.wrapping_add(1);
                let other = looks.is_multiple_of(LOOKS) && ready(nucleus, events, true).is_ok();
                (other && !events.is_empty()) || nucleus.core_pages.called()
            });
            if !events.is_empty() {
                return Ok(found);
            }
            self.adaptive.learn(polling.outcome(!found));
            self.found = self.found.wrapping_add(1);
            if found && !self.found.is_multiple_of(CALLS_IN_A_ROW) {
                return Ok(true);
            }
        }
        let called = self.bell().sleeps(|| nucleus.core_pages.called());
        ready(nucleus, events, called)?;
        Ok(called)
    }

    /// Takes what rang off the doorbell. Returns how much of it is in `few`: nothing if it is more.
    pub(crate) fn take(&mut self, few: &mut [u8; FEW]) -> usize {
        let n = rustix::io::read(&self.doorbell, &mut self.hints).unwrap_or(0);
        let (Some(from), Some(to)) = (self.hints.get(..n), few.get_mut(..n)) else { return 0 };
        to.copy_from_slice(from);
        n
    }
}

/// Events that are ready; waits for one, or for the next time to kill slots, unless it must not.
fn ready(nucleus: &Nucleus, events: &mut Vec<epoll::Event>, at_once: bool) -> Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let later = || nucleus.undead.wait().and_then(|wait| wait.try_into().ok());
    let timeout = if at_once { Some(now) } else { later() };
    let space = rustix::buffer::spare_capacity(events);
    match epoll::wait(&nucleus.epoll, space, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(e) => Err(e),
    }
}
