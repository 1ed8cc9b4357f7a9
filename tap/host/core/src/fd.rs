//! Descriptors and mappings that core makes.
#![allow(unsafe_code, reason = "descriptors by number")]

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use genode_host_proto::sys;
use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};
use rustix::io::Result;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::work;

/// Seals of memory whose size nobody may change.
const FIXED: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// Shared memory of `size` bytes that core can take back by [`revoke`], and that nobody else resizes: components lack the
/// system call.
pub(crate) fn revocable_memory(name: &str, size: usize) -> Result<OwnedFd> {
    work::calls(6);
    let fd = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&fd, size as u64)?;
    rustix::fs::fcntl_add_seals(&fd, SealFlags::GROW | SealFlags::SEAL)?;
    Ok(fd)
}

/// Takes memory back, even where it is mapped. Core itself must not have it mapped any more.
pub(crate) fn revoke(memory: &OwnedFd) {
    work::calls(2);
    let _ = rustix::fs::ftruncate(memory, 0);
}

/// Shared memory of `size` bytes that stays that size.
pub(crate) fn fixed_memory(name: &str, size: usize) -> Result<OwnedFd> {
    work::calls(6);
    let fd = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&fd, size as u64)?;
    rustix::fs::fcntl_add_seals(&fd, FIXED)?;
    Ok(fd)
}

/// Memory of a RAM dataspace. It can shrink, which is how core takes it back; components lack the system
/// call to do that.
pub(crate) fn ram(size: usize) -> Result<OwnedFd> {
    revocable_memory("ram", size)
}

/// Bind the pages of a memory to a NUMA node of the real machine, before any is touched.
pub(crate) fn place_on_node(fd: &OwnedFd, size: usize, node: u32) -> Result<()> {
    const BIND: libc::c_long = 2; // MPOL_BIND
    let mut mask = [0u64; 16];
    let word = mask.get_mut(node as usize / 64).ok_or(rustix::io::Errno::INVAL)?;
    *word = 1 << (node % 64);
    let mapping = Mapping::new(fd, size)?;
    let bits = mask.len() * 64;
    // SAFETY: the policy applies to the shared memory behind the mapping; the mask outlives the call.
    let result =
        unsafe { libc::syscall(libc::SYS_mbind, mapping.addr, size, BIND, mask.as_ptr(), bits, 0) };
    if result == 0 { Ok(()) } else { Err(rustix::io::Errno::NOMEM) }
}

/// What may wait in a socket that capabilities travel over, in bytes by Linux' count: some messages, of which only one
/// is under way at a time.
pub(crate) const CAPABILITIES: usize = 4096;
/// What may wait in a socket of events: core keeps the rest.
pub(crate) const EVENTS: usize = 32 << 10;

/// Bytes that may wait in a socket between a component and a broker: a request or a reply, with one
/// descriptor at most.
pub(crate) const BROKER: usize = 12 << 10;

/// Bytes that may wait in a control socket: some hundred packets. A component that asks for more
/// waits, so that a look at its account finds no more than a piece of work.
pub(crate) const CONTROL: usize = 40 << 10;

/// A pair of sockets, in each of which messages of some bytes may wait: Linux counts them for nobody.
pub(crate) fn sockets(bytes: usize) -> Result<(OwnedFd, OwnedFd)> {
    work::calls(6);
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let (near, far) = rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None)?;
    for socket in [&near, &far] {
        rustix::net::sockopt::set_socket_send_buffer_size(socket, bytes)?;
    }
    Ok((near, far))
}

/// An unforgeable name: an empty sealed memory, told apart by its inode.
pub(crate) fn token() -> Result<OwnedFd> {
    work::calls(5);
    let fd = rustix::fs::memfd_create("cap", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::fcntl_add_seals(&fd, FIXED | SealFlags::WRITE)?;
    Ok(fd)
}

/// As [`token`], for a managed dataspace.
pub(crate) fn managed_token() -> Result<OwnedFd> {
    let fd = token()?;
    rustix::fs::fchmod(&fd, Mode::from_raw_mode(0o777 | sys::MANAGED))?;
    Ok(fd)
}

/// The content of a ROM module, immutable and opened read-only.
pub(crate) fn rom(name: &str, bytes: &[u8]) -> Result<OwnedFd> {
    // Linux has room for 249 bytes.
    let name = if name.len() < 250 { name } else { "rom" };
    // Dataspaces consist of whole pages; the rest of the last one reads as zero.
    content(name, bytes, bytes.len().next_multiple_of(genode_host_proto::PAGE))
}

/// Memory of `size` bytes that begins with some and reads as zero behind them, which nobody
/// changes any more, opened read-only.
pub(crate) fn content(name: &str, bytes: &[u8], size: usize) -> Result<OwnedFd> {
    let fd = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let n = rustix::io::write(&fd, rest)?;
        rest = rest.get(n..).unwrap_or_default();
    }
    rustix::fs::ftruncate(&fd, size as u64)?;
    rustix::fs::fcntl_add_seals(&fd, FIXED | SealFlags::WRITE)?;
    read_only(&fd)
}

/// A second, read-only descriptor of the same memory.
pub(crate) fn read_only(fd: &OwnedFd) -> Result<OwnedFd> {
    work::calls(2);
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

/// A shared mapping that core owns.
pub(crate) struct Mapping {
    addr: *mut u8,
    len: usize,
}

impl Mapping {
    pub(crate) fn new(fd: impl AsFd, len: usize) -> Result<Self> {
        work::calls(4); // its end too
        let addr = sys::map(fd, len, true)?;
        // Children of core are components: they must not inherit what core maps.
        // SAFETY: the range was just mapped and DONTFORK changes nothing in this process.
        unsafe {
            rustix::mm::madvise(addr.cast(), len, rustix::mm::Advice::LinuxDontFork)?;
        }
        Ok(Self { addr, len })
    }

    /// The mapping as a shared structure of atomics.
    ///
    /// # Safety
    /// `T` consists of atomics, is valid for any bits, and fits the mapping.
    pub(crate) unsafe fn at<T>(&self, offset: usize) -> &T {
        debug_assert!(offset + size_of::<T>() <= self.len);
        // SAFETY: the caller vouches for T; the mapping lives as long as `self` and is page-aligned.
        unsafe { &*self.addr.add(offset).cast::<T>() }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `at` ties its references to `self`.
        unsafe { sys::unmap(self.addr, self.len) };
    }
}
