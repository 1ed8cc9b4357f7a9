//! The component's capabilities: descriptors, told apart by inode, counted.
//!
//! Most capabilities that arrive are handed on or dropped, and what they name does not matter for that. So they get an
//! entry each, and the kernel is asked for the inode when a capability is called, signalled or compared: then
//! entries of the same object are tied together, and share what was found out about where it is called.
//!
//! A handle is the index of an entry plus one, with the entry's generation above, so that a handle used
//! after its last reference was dropped names nothing.
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use genode_abi::rs_cap_t;
use genode_host_proto::sys;

use crate::channel::{Channels, Claim};
use crate::sync::lock;

/// Capabilities a component can hold.
const MAX: usize = 8192;
const BUCKETS: usize = 2048;

/// The tables behind one lock.
#[repr(C)]
pub(crate) struct State {
    pub(crate) caps: Caps,
    pub(crate) channels: Channels,
}

static STATE: Mutex<State> =
    Mutex::new(State { caps: Caps::new(&COUNTS), channels: Channels::new() });

static COUNTS: Counts = Counts([const { AtomicU64::new(0) }; MAX]);

/// Lock the tables. Nothing may allocate until the guard is dropped.
pub(crate) fn state() -> MutexGuard<'static, State> {
    lock(&STATE)
}

/// Of each entry the generation, in the upper half, and the number of references. References come and go without
/// the lock, but for the first and the last.
struct Counts([AtomicU64; MAX]);

impl Counts {
    /// The count that a handle names, unless its last reference is gone.
    fn of(&self, handle: rs_cap_t) -> Option<(usize, &AtomicU64, u64)> {
        let index = ((handle as u32) as usize).checked_sub(1)?;
        let count = self.0.get(index)?;
        let value = count.load(Ordering::Relaxed);
        (value as u32 > 0 && value >> 32 == handle >> 32).then_some((index, count, value))
    }

    /// Another reference. False if the handle names nothing.
    fn dup(&self, handle: rs_cap_t) -> bool {
        let Some((_, count, mut value)) = self.of(handle) else { return false };
        loop {
            if value as u32 == 0 || value >> 32 != handle >> 32 {
                return false;
            }
            match count.compare_exchange_weak(
                value,
                value.saturating_add(u64::from(value as u32 != u32::MAX)),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => value = now,
            }
        }
    }

    /// Drop a reference that is not the last one. False if it is, or if the handle names nothing.
    fn drop_one_of_many(&self, handle: rs_cap_t) -> bool {
        let Some((_, count, mut value)) = self.of(handle) else { return false };
        while value as u32 > 1 && value >> 32 == handle >> 32 {
            match count.compare_exchange_weak(
                value,
                value - 1,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => value = now,
            }
        }
        false
    }
}

#[derive(Clone, Copy)]
struct Entry {
    /// 0 until somebody asked, and for entries that stand for another.
    inode: u64,
    fd: RawFd,
    /// Next in the bucket or in the free list, plus one.
    next: u16,
    /// Entry of the same object that was known before, plus one. A reference to it.
    same: u16,
    claim: Option<Claim>,
}

/// What to give back after the last reference was dropped.
#[derive(Default)]
struct Left {
    fds: [Option<OwnedFd>; 2],
    claim: Option<Claim>,
}

/// All capabilities. In this order, so that what a call needs of a small component lies on few pages: after a switch
/// between processes each page costs a walk of the page tables.
#[repr(C)]
pub(crate) struct Caps {
    counts: &'static Counts,
    free: u16,
    fresh: u16,
    entries: [Entry; MAX],
    buckets: [u16; BUCKETS],
}

impl Caps {
    const fn new(counts: &'static Counts) -> Self {
        let empty = Entry { inode: 0, fd: 0, next: 0, same: 0, claim: None };
        Self { counts, entries: [empty; MAX], buckets: [0; BUCKETS], free: 0, fresh: 0 }
    }

    fn index(&self, handle: rs_cap_t) -> Option<usize> {
        self.counts.of(handle).map(|(index, ..)| index)
    }

    /// The count of an entry.
    fn count(&self, index: usize) -> &'static AtomicU64 {
        &self.counts.0[index]
    }

    fn entry(&self, handle: rs_cap_t) -> Option<&Entry> {
        self.entries.get(self.index(handle)?)
    }

    fn bucket(inode: u64) -> usize {
        inode as usize % BUCKETS
    }

    /// Take a received descriptor in; 0 if there is no room.
    pub(crate) fn adopt(&mut self, fd: OwnedFd) -> rs_cap_t {
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
        entry.inode = 0;
        entry.fd = fd.into_raw_fd();
        entry.same = 0;
        entry.claim = None;
        // Its generation, and one reference.
        let generation = self.count(index as usize).fetch_add(1, Ordering::Relaxed) >> 32;
        (generation << 32) | (u64::from(index) + 1)
    }

    /// The entry that stands for the object of a capability; `None` if there is none, since nobody but core can make
    /// a capability, but anybody can send a descriptor.
    fn object(&mut self, handle: rs_cap_t) -> Option<usize> {
        let index = self.index(handle)?;
        let entry = self.entries[index];
        if let Some(same) = entry.same.checked_sub(1) {
            return Some(same as usize);
        }
        if entry.inode != 0 {
            return Some(index);
        }
        // SAFETY: the table owns the descriptor.
        let identity = sys::identity(unsafe { BorrowedFd::borrow_raw(entry.fd) }).ok()?;
        if !identity.regular {
            return None;
        }
        let bucket = Self::bucket(identity.inode);
        let mut at = self.buckets[bucket];
        while let Some(other) = at.checked_sub(1) {
            let known = self.entries[other as usize];
            if known.inode == identity.inode {
                // In use, and the last reference goes with the lock only.
                self.count(other as usize).fetch_add(1, Ordering::Relaxed);
                self.entries[index].same = at;
                return Some(other as usize);
            }
            at = known.next;
        }
        let next = self.buckets[bucket];
        self.buckets[bucket] = index as u16 + 1;
        let entry = &mut self.entries[index];
        entry.inode = identity.inode;
        entry.next = next;
        Some(index)
    }

    /// Descriptor of a capability, valid as long as its handle.
    pub(crate) fn fd(&self, handle: rs_cap_t) -> Option<RawFd> {
        self.entry(handle).map(|e| e.fd)
    }

    /// Where the object behind a capability is called, if that was found out.
    pub(crate) fn claim(&mut self, handle: rs_cap_t) -> Option<Claim> {
        let index = self.object(handle)?;
        self.entries[index].claim
    }

    /// Note where the object behind a capability is called. False if the capability names none.
    pub(crate) fn set_claim(&mut self, handle: rs_cap_t, claim: Claim) -> bool {
        let index = self.object(handle);
        if let Some(index) = index {
            self.entries[index].claim = Some(claim);
        }
        index.is_some()
    }

    /// Drop a reference. The last one yields what to close and to release.
    fn release(&mut self, handle: rs_cap_t) -> Left {
        let mut left = Left::default();
        if let Some(index) = self.index(handle) {
            let same = self.entries[index].same;
            left.fds[0] = self.unref(index, &mut left.claim);
            // The reference to the entry that stood for it went with it.
            if left.fds[0].is_some()
                && let Some(same) = same.checked_sub(1)
            {
                left.fds[1] = self.unref(same as usize, &mut left.claim);
            }
        }
        left
    }

    /// Drop a reference to an entry. The last one frees it and yields its descriptor.
    fn unref(&mut self, index: usize, claim: &mut Option<Claim>) -> Option<OwnedFd> {
        let count = self.count(index);
        let left = |count: u64| match count as u32 {
            0 => None,
            // The generation after.
            1 => Some(((count >> 32) + 1) << 32),
            _ => Some(count - 1),
        };
        let before = count.fetch_update(Ordering::AcqRel, Ordering::Relaxed, left).ok()?;
        if before as u32 > 1 {
            return None;
        }
        let entry = &mut self.entries[index];
        let (inode, next) = (entry.inode, entry.next);
        // SAFETY: the table owns the descriptor and forgets it here.
        let fd = unsafe { OwnedFd::from_raw_fd(entry.fd) };
        *claim = claim.take().or(entry.claim.take());
        entry.inode = 0;
        entry.same = 0;
        entry.next = self.free;
        let link = index as u16 + 1;
        self.free = link;
        if inode == 0 {
            return Some(fd);
        }
        let bucket = Self::bucket(inode);
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
        Some(fd)
    }

    fn same(&mut self, a: rs_cap_t, b: rs_cap_t) -> bool {
        // Equal inodes share an entry.
        self.object(a).is_some_and(|a| Some(a) == self.object(b))
    }
}

/// Tells whether there is no room for another capability.
pub(crate) fn is_full() -> bool {
    let state = state();
    state.caps.free == 0 && state.caps.fresh as usize >= MAX
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
    if COUNTS.dup(cap) { cap } else { 0 }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_cap_drop(cap: rs_cap_t) {
    if cap == 0 || COUNTS.drop_one_of_many(cap) {
        return;
    }
    let mut state = state();
    let left = state.caps.release(cap);
    if let Some(claim) = left.claim {
        state.channels.release(claim);
    }
    drop(state);
    drop(left);
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
        // SAFETY: all-zero bytes are `Caps::new()`, numbers and `None` of a type whose niche is zero-tagged, but for the
        // counts.
        unsafe {
            table.as_mut_ptr().write_bytes(0, 1);
            let counts = Box::new(Counts([const { AtomicU64::new(0) }; MAX]));
            (&raw mut (*table.as_mut_ptr()).counts).write(Box::leak(counts));
            table.assume_init()
        }
    }

    fn memory() -> OwnedFd {
        memfd_create("t", MemfdFlags::CLOEXEC).unwrap()
    }

    fn gone(left: &Left) -> bool {
        left.fds[0].is_some()
    }

    #[test]
    fn one_object_is_the_same_however_often_it_arrives() {
        let mut caps = table();
        let fd = memory();
        let again = fd.try_clone().unwrap();
        let (a, b, c) = (caps.adopt(fd), caps.adopt(again), caps.adopt(memory()));
        assert!(a != 0 && b != 0 && c != 0);
        let claim = Claim { channel: 3, index: 4 };
        assert!(caps.set_claim(a, claim));
        assert_eq!((caps.claim(b), caps.claim(c)), (Some(claim), None));
        assert!(caps.same(a, b) && !caps.same(a, c));
        let left = caps.release(a);
        assert!(!gone(&left) && left.claim.is_none(), "the other one uses what is known");
        let left = caps.release(b);
        assert!(left.fds.iter().all(Option::is_some) && left.claim == Some(claim));
        assert!(!gone(&caps.release(b)), "a stale handle names nothing");
        assert!(!caps.counts.dup(a) && !caps.counts.dup(b));
        let reused = caps.adopt(memory());
        assert!(reused as u32 == a as u32 && reused != a, "same entry, another generation");
        assert!(!caps.same(reused, c));
    }

    #[test]
    fn what_is_only_handed_on_is_not_looked_at() {
        let mut caps = table();
        let fd = memory();
        let (a, b) = (caps.adopt(fd.try_clone().unwrap()), caps.adopt(fd));
        assert!(caps.counts.dup(a) && caps.counts.dup(a) && caps.counts.drop_one_of_many(a));
        assert!(caps.entries[..2].iter().all(|e| e.inode == 0));
        assert!(!gone(&caps.release(a)) && gone(&caps.release(a)) && gone(&caps.release(b)));
    }

    #[test]
    fn what_is_no_memory_is_no_capability() {
        let mut caps = table();
        let (pipe, _end) = rustix::pipe::pipe().unwrap();
        let cap = caps.adopt(pipe);
        assert!(!caps.set_claim(cap, Claim { channel: 0, index: 1 }));
        assert!(!caps.same(cap, cap), "it names nothing, not even the same");
        assert!(!caps.counts.drop_one_of_many(cap), "the last one is for the lock");
        assert!(gone(&caps.release(cap)));
    }

    #[test]
    fn buckets_stay_whole_when_entries_leave_in_any_order() {
        let mut caps = table();
        let mut live: Vec<(rs_cap_t, OwnedFd)> = Vec::new();
        for i in 0..600u32 {
            let fd = memory();
            let cap = caps.adopt(fd.try_clone().unwrap());
            assert!(caps.set_claim(cap, Claim { channel: 0, index: i + 1 }));
            live.push((cap, fd));
            if i % 3 == 2 {
                let (handle, _) = live.remove(i as usize * 7 % live.len());
                assert!(gone(&caps.release(handle)));
            }
        }
        for (handle, fd) in live {
            let again = caps.adopt(fd);
            assert!(caps.same(again, handle));
            assert!(gone(&caps.release(again)) && gone(&caps.release(handle)));
        }
    }
}
