//! Contents of files, between a descriptor and packets.
#![allow(unsafe_code, reason = "system calls read and write shared memory by address")]

use genode::packet_stream::View;
use rustix::fd::{AsRawFd, OwnedFd};

use crate::{Errno, Result};

/// Fills a packet's content from a place of a file, as far as the file goes. Returns how much there
/// was.
pub fn read_at(file: &OwnedFd, at: u64, content: View<'_>) -> Result<usize> {
    whole(content, at, |start, len, at| {
        // SAFETY: the range lies within the packet's content, which is mapped while its view lives.
        // Nothing refers to it: whoever shares it may write it at any time, as Linux does here.
        unsafe { libc::pread(file.as_raw_fd(), start.cast(), len, at) }
    })
}

/// Writes a packet's content to a place of a file. What was written before an error stays written.
pub fn write_at(file: &OwnedFd, at: u64, content: View<'_>) -> Result<()> {
    let written = whole(content, at, |start, len, at| {
        // SAFETY: as in `read_at`, and it is only read.
        unsafe { libc::pwrite(file.as_raw_fd(), start.cast_const().cast(), len, at) }
    })?;
    if written == content.len() { Ok(()) } else { Err(Errno::NOSPC) }
}

/// Repeats a call for what it left.
fn whole(content: View<'_>, at: u64, call: impl Fn(*mut u8, usize, i64) -> isize) -> Result<usize> {
    let (start, len) = (content.as_ptr(), content.len());
    let end = at.checked_add(len as u64).ok_or(Errno::FBIG)?;
    i64::try_from(end).map_err(|_| Errno::FBIG)?;
    let mut done = 0;
    while done < len {
        match call(start.wrapping_add(done), len - done, (at + done as u64) as i64) {
            0 => break,
            count if count > 0 => done += count as usize,
            _ => match Errno::from_raw_os_error(errno()) {
                Errno::INTR => {}
                error => return Err(error),
            },
        }
    }
    Ok(done)
}

fn errno() -> i32 {
    // SAFETY: the C library's own number for this thread.
    unsafe { *libc::__errno_location() }
}
