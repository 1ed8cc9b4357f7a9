//! A thread's heap on systems with thread-local storage and an exit hook: Linux, and the host
//! target.
//!
//! The pointer is initial-exec thread-local storage: two instructions, no call, no guard. Stable
//! Rust has no word for that, so the symbol is defined and read in assembly. It starts out at a
//! heap that is always empty, hence the fast path needs no check; a thread's first slow path
//! attaches a real one. There is one such word, so a process has one allocator of this kind.

use crate::core::heap::{GONE, Heap, Kind, MISSING};
use crate::core::shared::Core;
use crate::platform::{Linux, Platform};
use core::arch::{asm, global_asm};
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

global_asm!(
    ".pushsection .tdata, \"awT\", @progbits",
    ".hidden rs_hoard_heap",
    ".globl rs_hoard_heap",
    ".type rs_hoard_heap, @object",
    ".size rs_hoard_heap, 8",
    ".balign 8",
    "rs_hoard_heap:",
    ".quad {missing}",
    ".popsection",
    missing = sym MISSING,
);

/// The calling thread's heap; [`MISSING`] before it has one, [`GONE`] after.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn get() -> &'static Heap {
    let heap: *const Heap;
    // SAFETY: reads this thread's copy of the variable defined above, which always points to a
    // heap that lives for ever.
    unsafe {
        asm!("mov {t}, qword ptr [rip + rs_hoard_heap@GOTTPOFF]", "mov {t}, qword ptr fs:[{t}]",
            t = out(reg) heap, options(pure, readonly, nostack, preserves_flags));
        &*heap
    }
}

#[cfg(target_arch = "x86_64")]
fn set(heap: &'static Heap) {
    // SAFETY: writes this thread's copy of the variable defined above.
    unsafe {
        asm!("mov {t}, qword ptr [rip + rs_hoard_heap@GOTTPOFF]", "mov qword ptr fs:[{t}], {h}",
            t = out(reg) _, h = in(reg) core::ptr::from_ref(heap), options(nostack));
    }
}

/// The calling thread's heap; [`MISSING`] before it has one, [`GONE`] after.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub fn get() -> &'static Heap {
    let heap: *const Heap;
    // SAFETY: as on x86_64.
    unsafe {
        asm!("adrp {t}, :gottprel:rs_hoard_heap", "ldr {t}, [{t}, :gottprel_lo12:rs_hoard_heap]",
            "mrs {b}, tpidr_el0", "ldr {t}, [{b}, {t}]", t = out(reg) heap, b = out(reg) _,
            options(pure, readonly, nostack, preserves_flags));
        &*heap
    }
}

#[cfg(target_arch = "aarch64")]
fn set(heap: &'static Heap) {
    // SAFETY: as on x86_64.
    unsafe {
        asm!("adrp {t}, :gottprel:rs_hoard_heap", "ldr {t}, [{t}, :gottprel_lo12:rs_hoard_heap]",
            "mrs {b}, tpidr_el0", "str {h}, [{b}, {t}]", t = out(reg) _, b = out(reg) _,
            h = in(reg) core::ptr::from_ref(heap), options(nostack));
    }
}

// ---- the life of a thread ---------------------------------------------------------------------

unsafe extern "C" {
    fn pthread_key_create(
        key: *mut c_uint,
        exit: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> c_int;
    fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
    fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> c_int;
}

const NO_KEY: u32 = u32::MAX;
const MAKING: u32 = u32::MAX - 1;
/// The system has no key left: threads keep their heaps when they end.
const REFUSED: u32 = u32::MAX - 2;
static KEY: AtomicU32 = AtomicU32::new(NO_KEY);
/// The allocator that this process's threads have heaps of.
static CORE: AtomicPtr<Core> = AtomicPtr::new(null_mut());

fn core() -> Option<&'static Core> {
    // SAFETY: null, or set from a static reference.
    unsafe { CORE.load(Ordering::Acquire).as_ref() }
}

unsafe extern "C" fn thread_exit(_: *mut c_void) {
    let heap = get();
    if let Some(core) = core().filter(|_| heap.kind() == Kind::Thread) {
        set(&GONE);
        // SAFETY: `attach` got it from this core; the thread, its only user, has another now.
        unsafe { core.detach(heap) };
    }
}

unsafe extern "C" fn before_fork() {
    if let Some(core) = core() {
        core.before_fork();
    }
}

unsafe extern "C" fn after_fork() {
    if let Some(core) = core() {
        // SAFETY: `before_fork` ran before the fork.
        unsafe { core.after_fork() };
    }
}

/// The key whose destructor gives heaps back; made by the first thread, which sets the handlers of
/// fork, too.
fn key() -> Option<u32> {
    let mut waits = 0;
    loop {
        match KEY.load(Ordering::Acquire) {
            NO_KEY => {
                let won =
                    KEY.compare_exchange(NO_KEY, MAKING, Ordering::Acquire, Ordering::Relaxed);
                if won.is_err() {
                    continue;
                }
                let mut key = 0;
                // SAFETY: libc functions with valid arguments; the handlers live for ever.
                let made = unsafe {
                    pthread_atfork(Some(before_fork), Some(after_fork), Some(after_fork));
                    pthread_key_create(&raw mut key, Some(thread_exit)) == 0
                };
                KEY.store(if made { key } else { REFUSED }, Ordering::Release);
                return made.then_some(key);
            }
            // Another thread makes it; or it forked meanwhile and is not in this process.
            MAKING if waits < 1000 => {
                waits += 1;
                Linux.yield_now();
            }
            MAKING | REFUSED => return None,
            key => return Some(key),
        }
    }
}

/// Gives the calling thread a heap of `core`; [`MISSING`] if there is no memory for one.
#[cold]
#[inline(never)]
pub fn attach(allocator: &'static Core) -> &'static Heap {
    let this = core::ptr::from_ref(allocator).cast_mut();
    let other = CORE.compare_exchange(null_mut(), this, Ordering::AcqRel, Ordering::Acquire);
    if other.is_err_and(|other| other != this) {
        allocator
            .memory
            .fail("two allocators with thread-local heaps in one process, at", this.addr());
    }
    let Some(heap) = allocator.attach() else { return &MISSING };
    // From here on this thread's allocations find a heap, those of the calls below too.
    set(heap);
    if let Some(key) = key() {
        // SAFETY: a key that pthread_key_create made; the value is only compared with null.
        unsafe { pthread_setspecific(key, core::ptr::from_ref(heap).cast()) };
    }
    heap
}
