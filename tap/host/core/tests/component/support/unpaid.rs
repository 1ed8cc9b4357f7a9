//! Ways to private memory that a limit on data does not count by itself.

/// Bytes by which a cut stack grows.
const STEP: usize = 4 << 20;

/// Maps private memory, and writes to each page.
pub(super) fn take(size: usize) -> Option<usize> {
    let (prot, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh mapping, of which every page is written.
    unsafe {
        let start = libc::mmap(std::ptr::null_mut(), size, prot, flags, -1, 0);
        if start == libc::MAP_FAILED {
            return None;
        }
        (0..size).step_by(4096).for_each(|at| start.cast::<u8>().add(at).write_volatile(1));
        Some(start as usize)
    }
}

/// Lets memory be written no more.
pub(super) fn protect(start: usize, size: usize) -> bool {
    // SAFETY: memory that nobody uses.
    unsafe { libc::mprotect(start as *mut libc::c_void, size, libc::PROT_READ) == 0 }
}

/// Has the stack grow by `STEP` below `top` and cuts off what it was.
fn cut(top: usize) -> bool {
    (top - STEP..top).step_by(4096).all(|page| {
        // SAFETY: the kernel writes a byte, or says that there is no memory.
        unsafe { libc::getrandom(page as *mut libc::c_void, 1, 0) == 1 }
    }) && {
        // SAFETY: a page of the stack far below what is in use.
        unsafe { libc::munmap((top - STEP + 4096) as *mut libc::c_void, 4096) == 0 }
    }
}

/// Cuts the stack as often as it grows, at most `times`.
pub(super) fn cut_stack(times: usize) -> usize {
    let here = 0u8;
    let top = (std::ptr::from_ref(&here) as usize & !4095) - (1 << 20);
    (0..times).take_while(|cuts| cut(top - cuts * STEP)).count()
}
