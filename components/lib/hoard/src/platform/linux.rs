//! Linux by system call: no libc function, so that errno stays as the program left it and the
//! allocator works inside the dynamic linker.

use super::Platform;
use core::arch::asm;

/// The running Linux kernel: memory by `mmap`, backed when it is touched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Linux;

/// Bytes that every mapping is a multiple of, whatever the kernel's page size.
const LEAST_PAGE: usize = 4096;
const ENOMEM_LIMIT: isize = -4095;

#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const WRITE: usize = 1;
    pub(super) const MMAP: usize = 9;
    pub(super) const MUNMAP: usize = 11;
    pub(super) const SCHED_YIELD: usize = 24;
    pub(super) const MREMAP: usize = 25;
    pub(super) const MADVISE: usize = 28;
}
#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const WRITE: usize = 64;
    pub(super) const MMAP: usize = 222;
    pub(super) const MUNMAP: usize = 215;
    pub(super) const SCHED_YIELD: usize = 124;
    pub(super) const MREMAP: usize = 216;
    pub(super) const MADVISE: usize = 233;
}

unsafe extern "C" {
    fn abort() -> !;
    fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32;
}

/// # Safety
/// As the system call demands.
#[cfg(target_arch = "x86_64")]
unsafe fn call(number: usize, a: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the kernel's calling convention; it clobbers rcx and r11 only. What the call does to
    // memory is the caller's promise.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a[0], in("rsi") a[1],
            in("rdx") a[2], in("r10") a[3], in("r8") a[4], in("r9") a[5],
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// # Safety
/// As the system call demands.
#[cfg(target_arch = "aarch64")]
unsafe fn call(number: usize, a: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the kernel's calling convention; it clobbers x0 only. What the call does to memory
    // is the caller's promise.
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a[0] => result, in("x1") a[1],
            in("x2") a[2], in("x3") a[3], in("x4") a[4], in("x5") a[5], options(nostack));
    }
    result
}

fn address(result: isize) -> *mut u8 {
    if (ENOMEM_LIMIT..0).contains(&result) {
        core::ptr::null_mut()
    } else {
        core::ptr::with_exposed_provenance_mut(result as usize)
    }
}

impl Linux {
    fn map_any(size: usize, hint: usize) -> *mut u8 {
        const READ_WRITE: usize = 3;
        const PRIVATE_ANONYMOUS_NORESERVE: usize = 0x2 | 0x20 | 0x4000;
        // SAFETY: a new private mapping; without MAP_FIXED no existing one changes.
        address(unsafe {
            call(number::MMAP, [hint, size, READ_WRITE, PRIVATE_ANONYMOUS_NORESERVE, usize::MAX, 0])
        })
    }
}

// SAFETY: the kernel's private anonymous mappings: fresh, zeroed, and cut to the alignment.
unsafe impl Platform for Linux {
    fn map(&self, size: usize, align: usize, _node: usize) -> *mut u8 {
        if align <= LEAST_PAGE {
            return Self::map_any(size, 0);
        }
        let first = Self::map_any(size, 0);
        if first.is_null() || first.addr() & (align - 1) == 0 {
            return first;
        }
        // SAFETY: the mapping made above, not yet handed out.
        unsafe { self.unmap(first, size) };
        // The kernel places mappings downwards from the last one: the multiple below fits often.
        let below = first.addr() & !(align - 1);
        let second = Self::map_any(size, below);
        if second.is_null() || second.addr() & (align - 1) == 0 {
            return second;
        }
        // SAFETY: as above.
        unsafe { self.unmap(second, size) };
        let Some(padded) = size.checked_add(align - LEAST_PAGE) else {
            return core::ptr::null_mut();
        };
        let base = Self::map_any(padded, 0);
        if base.is_null() {
            return base;
        }
        let head = base.addr().wrapping_neg() & (align - 1);
        let tail = padded - head - size;
        // SAFETY: head and tail are the unused ends of the mapping made above.
        unsafe {
            let start = base.add(head);
            if head > 0 {
                self.unmap(base, head);
            }
            if tail > 0 {
                self.unmap(start.add(size), tail);
            }
            start
        }
    }

    unsafe fn unmap(&self, base: *mut u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe { call(number::MUNMAP, [base.expose_provenance(), size, 0, 0, 0, 0]) };
    }

    unsafe fn decommit(&self, base: *mut u8, size: usize) -> bool {
        const DONTNEED: usize = 4;
        // SAFETY: the caller's promise.
        unsafe { call(number::MADVISE, [base.expose_provenance(), size, DONTNEED, 0, 0, 0]) == 0 }
    }

    unsafe fn remap(&self, base: *mut u8, old: usize, new: usize, may_move: bool) -> *mut u8 {
        // SAFETY: the caller's promise.
        address(unsafe {
            call(number::MREMAP, [base.expose_provenance(), old, new, usize::from(may_move), 0, 0])
        })
    }

    fn current_node(&self) -> usize {
        0
    }

    fn nodes(&self) -> usize {
        1
    }

    fn now(&self) -> u64 {
        const MONOTONIC_COARSE: i32 = 6;
        let mut time = [0; 2];
        // SAFETY: libc fills the two words; this clock exists, so errno stays.
        unsafe { clock_gettime(MONOTONIC_COARSE, &raw mut time) };
        time[0] as u64 * 1000 + time[1] as u64 / 1_000_000
    }

    fn yield_now(&self) {
        // SAFETY: sched_yield takes nothing and touches no memory.
        unsafe { call(number::SCHED_YIELD, [0; 6]) };
    }

    fn message(&self, text: &[u8]) {
        // SAFETY: write only reads the given bytes.
        unsafe {
            call(number::WRITE, [2, text.as_ptr().expose_provenance(), text.len(), 0, 0, 0]);
        }
    }

    fn abort(&self) -> ! {
        // SAFETY: libc's abort has no preconditions and allocates nothing.
        unsafe { abort() }
    }
}
