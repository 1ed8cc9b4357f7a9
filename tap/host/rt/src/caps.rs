//! The component's capabilities: descriptors, told apart by inode, counted.
//!
//! A handle is the index of an entry plus one, with the entry's generation above, so that a handle used
//! after its last reference was dropped names nothing.
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard};

use genode_abi::rs_cap_t;
use rs_host_proto::sys;

use crate::channel::{Channels, Claim};
use crate::sync::lock;

/// Capabilities a component can hold.
const MAX: usize = 8192;
const BUCKETS: usize = 2048;

/// The tables behind one lock.
pub(crate) struct State {
    pub(crate) caps: Caps,
    pub(crate) channels: Channels,
}

static STATE: Mutex<State> = Mutex::new(State { caps: Caps::new(), channels: Channels::new() });

/// Lock the tables. Nothing may allocate until the guard is dropped.
pub(crate) fn state() -> MutexGuard<'static, State> {
    lock(&STATE)
}

#[derive(Clone, Copy)]
struct Entry {
    inode: u64,
    fd: RawFd,
    refs: u32,
    generation: u32,
    /// Next in the bucket or in the free list, plus one.
    next: u16,
    claim: Option<Claim>,
}

/// All capabilities.
pub(crate) struct Caps {
    entries: [Entry; MAX],
    buckets: [u16; BUCKETS],
    free: u16,
    fresh: u16,
}

impl Caps {
    const fn new() -> Self {
        let empty = Entry { inode: 0, fd: 0, refs: 0, generation: 0, next: 0, claim: None };
        Self { entries: [empty; MAX], buckets: [0; BUCKETS], free: 0, fresh: 0 }
    }

    fn index(&self, handle: rs_cap_t) -> Option<usize> {
        let index = ((handle as u32) as usize).checked_sub(1)?;
        let entry = self.entries.get(index)?;
        (entry.refs > 0 && entry.generation == (handle >> 32) as u32).then_some(index)
    }

    fn entry(&self, handle: rs_cap_t) -> Option<&Entry> {
        self.entries.get(self.index(handle)?)
    }

    fn entry_mut(&mut self, handle: rs_cap_t) -> Option<&mut Entry> {
        let index = self.index(handle)?;
        self.entries.get_mut(index)
    }

    fn bucket(inode: u64) -> usize {
        inode as usize % BUCKETS
    }

    /// Take a received descriptor in; 0 if it is no capability or there is no room.
    pub(crate) fn adopt(&mut self, fd: OwnedFd) -> rs_cap_t {
        let Ok(identity) = sys::identity(&fd) else { return 0 };
        if !identity.regular {
            return 0;
        }
        let bucket = Self::bucket(identity.inode);
        let mut at = self.buckets[bucket];
        while let Some(index) = at.checked_sub(1) {
            let entry = &mut self.entries[index as usize];
            if entry.inode == identity.inode {
                entry.refs = entry.refs.saturating_add(1);
                return handle(index, entry.generation);
            }
            at = entry.next;
        }
        let index = if let Some(index) = self.free.checked_sub(1) {
            self.free = self.entries[index as usize].next;
            index
        } else if (self.fresh as usize) < MAX {
            self.fresh += 1;
            self.fresh - 1
        } else {
            return 0;
        };
        let entry = &mut self.entries[index as usize];
        entry.inode = identity.inode;
        entry.fd = fd.into_raw_fd();
        entry.refs = 1;
        entry.claim = None;
        entry.next = self.buckets[bucket];
        self.buckets[bucket] = index + 1;
        handle(index, entry.generation)
    }

    /// Descriptor of a capability, valid as long as its handle.
    pub(crate) fn fd(&self, handle: rs_cap_t) -> Option<RawFd> {
        self.entry(handle).map(|e| e.fd)
    }

    /// Where the object behind a capability is called, if that was found out.
    pub(crate) fn claim(&self, handle: rs_cap_t) -> Option<Claim> {
        self.entry(handle)?.claim
    }

    pub(crate) fn set_claim(&mut self, handle: rs_cap_t, claim: Claim) {
        if let Some(entry) = self.entry_mut(handle) {
            entry.claim = Some(claim);
        }
    }

    fn dup(&mut self, handle: rs_cap_t) -> rs_cap_t {
        match self.entry_mut(handle) {
            Some(entry) => {
                entry.refs = entry.refs.saturating_add(1);
                handle
            }
            None => 0,
        }
    }

    /// Drop a reference. The last one yields what to close and to release.
    fn release(&mut self, handle: rs_cap_t) -> Option<(OwnedFd, Option<Claim>)> {
        let index = self.index(handle)?;
        let entry = &mut self.entries[index];
        entry.refs -= 1;
        if entry.refs > 0 {
            return None;
        }
        let (inode, next) = (entry.inode, entry.next);
        // SAFETY: the table owns the descriptor and forgets it here.
        let fd = unsafe { OwnedFd::from_raw_fd(entry.fd) };
        let claim = entry.claim.take();
        entry.generation = entry.generation.wrapping_add(1);
        entry.inode = 0;
        entry.next = self.free;
        self.free = index as u16 + 1;
        let bucket = Self::bucket(inode);
        let link = index as u16 + 1;
        if self.buckets[bucket] == link {
            self.buckets[bucket] = next;
        } else {
            let mut at = self.buckets[bucket];
            while let Some(i) = at.checked_sub(1) {
                let entry = &mut self.entries[i as usize];
                if entry.next == link {
                    entry.next = next;
                    break;
                }
                at = entry.next;
            }
        }
        Some((fd, claim))
    }

    fn same(&self, a: rs_cap_t, b: rs_cap_t) -> bool {
        // Equal inodes share an entry.
        self.index(a) == self.index(b)
    }
}

fn handle(index: u16, generation: u32) -> rs_cap_t {
    (u64::from(generation) << 32) | (u64::from(index) + 1)
}

/// Take a received descriptor in as an owned capability.
pub(crate) fn adopt(fd: OwnedFd) -> rs_cap_t {
    state().caps.adopt(fd)
}

/// Borrow the descriptor of a capability.
///
/// # Safety
/// The caller owns or borrows a reference to `cap` for `'a`, so that the descriptor stays open.
pub(crate) unsafe fn borrow<'a>(cap: rs_cap_t) -> Option<BorrowedFd<'a>> {
    let fd = state().caps.fd(cap)?;
    // SAFETY: by the caller's promise.
    Some(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_cap_dup(cap: rs_cap_t) -> rs_cap_t {
    state().caps.dup(cap)
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_cap_drop(cap: rs_cap_t) {
    if cap == 0 {
        return;
    }
    let mut state = state();
    if let Some((fd, claim)) = state.caps.release(cap) {
        if let Some(claim) = claim {
            state.channels.release(claim);
        }
        drop(state);
        drop(fd);
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_cap_same(a: rs_cap_t, b: rs_cap_t) -> bool {
    a == b || state().caps.same(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{MemfdFlags, memfd_create};

    fn table() -> Box<Caps> {
        // The table is too large for a test thread's stack.
        let mut table = Box::<Caps>::new_uninit();
        // SAFETY: all-zero bytes are `Caps::new()`: numbers, and `None` of a type whose niche is zero-tagged.
        unsafe {
            table.as_mut_ptr().write_bytes(0, 1);
            table.assume_init()
        }
    }

    #[test]
    fn one_object_has_one_entry_however_often_it_arrives() {
        let mut caps = table();
        let fd = memfd_create("t", MemfdFlags::CLOEXEC).unwrap();
        let again = fd.try_clone().unwrap();
        let other = memfd_create("u", MemfdFlags::CLOEXEC).unwrap();
        let (a, b, c) = (caps.adopt(fd), caps.adopt(again), caps.adopt(other));
        assert!(a != 0 && a == b && c != 0 && c != a);
        assert!(caps.same(a, b) && !caps.same(a, c));
        assert!(caps.release(a).is_none());
        assert!(caps.release(b).is_some());
        assert!(caps.release(b).is_none(), "a stale handle names nothing");
        assert_eq!(caps.dup(a), 0);
        let fd = memfd_create("v", MemfdFlags::CLOEXEC).unwrap();
        let reused = caps.adopt(fd);
        assert!(reused as u32 == a as u32 && reused != a, "same entry, another generation");
    }

    #[test]
    fn what_is_no_memory_is_no_capability() {
        let mut caps = table();
        let (pipe, _end) = rustix::pipe::pipe().unwrap();
        assert_eq!(caps.adopt(pipe), 0);
    }

    #[test]
    fn buckets_stay_whole_when_entries_leave_in_any_order() {
        let mut caps = table();
        let make = || memfd_create("t", MemfdFlags::CLOEXEC).unwrap();
        let mut live: Vec<(rs_cap_t, OwnedFd)> = Vec::new();
        for i in 0..600 {
            let fd = make();
            live.push((caps.adopt(fd.try_clone().unwrap()), fd));
            if i % 3 == 2 {
                let (handle, _) = live.remove(i * 7 % live.len());
                assert!(caps.release(handle).is_some());
            }
        }
        for (handle, fd) in live {
            assert_eq!(caps.adopt(fd), handle);
            caps.release(handle);
            assert!(caps.release(handle).is_some());
        }
    }
}
