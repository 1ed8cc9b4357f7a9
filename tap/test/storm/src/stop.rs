//! A component that stops itself, as somebody else's SIGSTOP would stop it: all its threads at once, at a known moment.

use genode::prelude::*;

const SIGSTOP: usize = 19;

#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const GETPID: usize = 39;
    pub(super) const GETTID: usize = 186;
    pub(super) const TGKILL: usize = 234;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const GETPID: usize = 172;
    pub(super) const GETTID: usize = 178;
    pub(super) const TGKILL: usize = 131;
}

/// A system call of Linux: the SDK has no word for what a component does to itself on one platform only.
fn call(number: usize, args: [usize; 3]) -> usize {
    let result: usize;
    #[allow(unsafe_code, reason = "a component has no other way to stop itself")]
    // SAFETY: the calls made here take numbers, and neither read nor write memory.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("syscall", inlateout("rax") number => result, in("rdi") args[0],
            in("rsi") args[1], in("rdx") args[2], lateout("rcx") _, lateout("r11") _, options(nostack));
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!("svc #0", in("x8") number, inlateout("x0") args[0] => result,
            in("x1") args[1], in("x2") args[2], options(nostack));
    }
    result
}

/// Stops before anybody heard of it. Only a SIGCONT would let it go on.
pub(crate) fn now() -> Result<(), Error> {
    let (process, thread) = (call(number::GETPID, [0; 3]), call(number::GETTID, [0; 3]));
    call(number::TGKILL, [process, thread, SIGSTOP]);
    error!("surprise: goes on");
    Err(Error::Denied)
}
