//! The few Linux mechanisms that both sides use, on rustix: descriptor passing, shared mappings, futexes.
#![allow(unsafe_code, reason = "memory that two processes share, and futexes")]

use core::mem::MaybeUninit;
use core::sync::atomic::AtomicU32;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, IoSlice, IoSliceMut, Result};
use rustix::mm::{MapFlags, ProtFlags};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use crate::MAX_FDS;
use crate::control::{PACKET_SIZE, Packet};
#[cfg(not(loom))]
use crate::sync::Sleep;

/// Descriptors that came with a packet, in order.
pub type Fds = [Option<OwnedFd>; MAX_FDS];

/// Send `bytes` with `fds` (at most [`MAX_FDS`]).
pub fn send(sock: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>], flags: SendFlags) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    // The space is rounded up, so that more may fit.
    let many = fds.len() > MAX_FDS;
    if many || !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Errno::TOOBIG);
    }
    loop {
        let iov = [IoSlice::new(bytes)];
        match rustix::net::sendmsg(&sock, &iov, &mut control, flags | SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            result => return result.map(|_| ()),
        }
    }
}

/// Receive one packet into `bytes`. Returns its length, 0 at the end, and how many descriptors came.
pub fn recv(
    sock: impl AsFd,
    bytes: &mut [u8],
    fds: &mut Fds,
    flags: RecvFlags,
) -> Result<(usize, usize)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let len = loop {
        let mut iov = [IoSliceMut::new(bytes)];
        match rustix::net::recvmsg(&sock, &mut iov, &mut control, flags | RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            result => break result?.bytes,
        }
    };
    let mut n = 0;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            for fd in rights {
                if let Some(dst) = fds.get_mut(n) {
                    *dst = Some(fd);
                    n += 1;
                }
            }
        }
    }
    Ok((len, n))
}

/// Send a control packet.
pub fn send_packet(
    sock: impl AsFd,
    packet: &Packet,
    fds: &[BorrowedFd<'_>],
    flags: SendFlags,
) -> Result<()> {
    send(sock, &packet.to_bytes(), fds, flags)
}

/// Receive a control packet; `None` when the other side closed the socket.
pub fn recv_packet(sock: impl AsFd, fds: &mut Fds, flags: RecvFlags) -> Result<Option<Packet>> {
    let mut bytes = [0; PACKET_SIZE];
    let (len, _) = recv(sock, &mut bytes, fds, flags)?;
    if len == 0 {
        return Ok(None);
    }
    Ok(Some(Packet::from_bytes(bytes.get(..len).unwrap_or(&bytes))))
}

/// Map `len` bytes of `fd` shared.
pub fn map(fd: impl AsFd, len: usize, writeable: bool) -> Result<*mut u8> {
    let prot = if writeable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
    // SAFETY: a fresh mapping at an address of the kernel's choice aliases nothing of this process.
    unsafe { rustix::mm::mmap(core::ptr::null_mut(), len, prot, MapFlags::SHARED, fd, 0) }
        .map(<*mut core::ffi::c_void>::cast)
}

/// Unmap what [`map`] mapped.
///
/// # Safety
/// Nothing refers to the mapping any more.
pub unsafe fn unmap(addr: *mut u8, len: usize) {
    // SAFETY: by the caller's promise. An error would mean that the range was never mapped: nothing to do.
    let _ = unsafe { rustix::mm::munmap(addr.cast(), len) };
}

/// Identity of the kernel object behind a descriptor, its size and access: what capabilities are told apart by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Device of the inode.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is a regular file, as every capability is.
    pub regular: bool,
    /// Whether it names a managed dataspace (see [`MANAGED`]).
    pub managed: bool,
}

/// Mode bit (sticky, which means nothing for memory) of the names of managed dataspaces. Core sets it, components have
/// no system call to do so; who trusts it wrongly asks core in vain.
pub const MANAGED: u32 = 0o1000;

/// Identity of `fd`.
pub fn identity(fd: impl AsFd) -> Result<Identity> {
    let stat = rustix::fs::fstat(fd)?;
    let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
    Ok(Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
        size: stat.st_size as u64,
        regular: kind == rustix::fs::FileType::RegularFile,
        managed: stat.st_mode & MANAGED != 0,
    })
}

/// Sleeping by futex, across processes.
#[derive(Clone, Copy, Debug)]
pub struct Futex;

impl Futex {
    /// FUTEX_WAIT on a word of shared memory.
    pub fn wait(word: &AtomicU32, expected: u32) {
        // EINTR and EAGAIN mean: look at the word again, which callers do in a loop.
        let flags = rustix::thread::futex::Flags::empty();
        let _ = rustix::thread::futex::wait(word, flags, expected, None);
    }

    /// FUTEX_WAKE of all waiters.
    pub fn wake(word: &AtomicU32) {
        let flags = rustix::thread::futex::Flags::empty();
        let _ = rustix::thread::futex::wake(word, flags, i32::MAX as u32);
    }
}

#[cfg(not(loom))]
impl Sleep for Futex {
    fn wait(&self, word: &AtomicU32, expected: u32) {
        Self::wait(word, expected);
    }
    fn wake(&self, word: &AtomicU32) {
        Self::wake(word);
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
