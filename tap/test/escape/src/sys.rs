//! System calls by number, as a hostile program makes them.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::ffi::{CStr, c_long};

/// Makes a system call; its result, or the error's number.
pub(crate) fn sys<const N: usize>(number: c_long, args: [usize; N]) -> Result<usize, i32> {
    let arg = |i: usize| args.get(i).copied().unwrap_or(0);
    // SAFETY: the attempts pass numbers, null, or addresses of memory that lives until the call returns and is as
    // large as the call needs.
    let result = unsafe { libc::syscall(number, arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)) };
    if result >= 0 {
        Ok(result as usize)
    } else {
        Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }
}

/// Whether a call succeeds that returns a descriptor, which is closed again.
pub(crate) fn makes_fd<const N: usize>(number: c_long, args: [usize; N]) -> bool {
    let made = sys(number, args);
    if let Ok(fd) = made {
        close(fd);
    }
    made.is_ok()
}

pub(crate) fn close(fd: usize) {
    let _ = sys(libc::SYS_close, [fd]);
}

/// Address of a string.
pub(crate) fn text(text: &CStr) -> usize {
    text.as_ptr() as usize
}

/// Address of a variable.
pub(crate) fn at<T>(value: &mut T) -> usize {
    std::ptr::from_mut(value) as usize
}

/// A number that an argument's sign extends, as -1.
pub(crate) fn signed(value: i64) -> usize {
    value as usize
}

pub(crate) fn own_pid() -> usize {
    sys(libc::SYS_getpid, []).unwrap_or(0)
}

/// The parent: core, for a component. The call may be refused; then every process is tried that may be it.
pub(crate) fn other_pids() -> Vec<usize> {
    match sys(libc::SYS_getppid, []) {
        Ok(pid) => vec![pid],
        // Core was started before its components.
        Err(_) => (1..own_pid()).rev().take(2000).collect(),
    }
}

/// Run something that would change this process in a child, or here where no child can be had.
pub(crate) fn in_child(attempt: fn() -> bool) -> bool {
    match sys(libc::SYS_clone, [libc::SIGCHLD as usize]) {
        Ok(0) => {
            let _ = sys(libc::SYS_exit_group, [usize::from(!attempt())]);
            false
        }
        Ok(pid) => {
            let mut status = 0i32;
            let _ = sys(libc::SYS_wait4, [pid, at(&mut status), 0, 0]);
            status == 0
        }
        Err(_) => attempt(),
    }
}
