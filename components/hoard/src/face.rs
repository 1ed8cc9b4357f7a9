//! The allocator of a Linux process: one core, and a pointer per thread to its heap.
//!
//! The pointer is initial-exec thread-local storage: two instructions, no call, no guard. Stable
//! Rust has no word for that, so the symbol is defined and read in assembly. It starts out at a
//! heap that is always empty, hence the fast path needs no check; a thread's first slow path
//! attaches a real one.

use crate::heap::{Heap, Kind};
use crate::ops;
use crate::platform::linux::Linux;
use crate::shared::Core;
use crate::stats::Stats;
use crate::superblock::Table;
use core::arch::{asm, global_asm};
use core::ffi::{c_int, c_uint, c_void};
use core::sync::atomic::{AtomicU32, Ordering};

static TABLE: Table = Table::new();
static CORE: Core = Core::new(&Linux, &TABLE);
static MISSING: Heap = Heap::new(Kind::Missing);
static GONE: Heap = Heap::new(Kind::Gone);

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

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn get() -> &'static Heap {
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

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn get() -> &'static Heap {
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
static KEY: AtomicU32 = AtomicU32::new(NO_KEY);

unsafe extern "C" fn thread_exit(_: *mut c_void) {
    let heap = get();
    if heap.kind() == Kind::Thread {
        set(&GONE);
        CORE.detach(heap);
    }
}

unsafe extern "C" fn before_fork() {
    CORE.before_fork();
}

unsafe extern "C" fn after_fork() {
    CORE.after_fork();
}

fn key() -> Option<u32> {
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
                KEY.store(if made { key } else { NO_KEY }, Ordering::Release);
                return made.then_some(key);
            }
            // Another thread makes it, or this one does and pthread_atfork allocates.
            MAKING => return None,
            key => return Some(key),
        }
    }
}

/// Gives the calling thread a heap.
#[cold]
#[inline(never)]
fn attach() -> &'static Heap {
    let Some(heap) = CORE.attach() else { return &MISSING };
    // From here on this thread's allocations find a heap, those of the calls below too.
    set(heap);
    let mut waits = 0;
    let key = loop {
        match key() {
            None if waits < 1000 => {
                waits += 1;
                crate::platform::Platform::yield_now(&Linux);
            }
            other => break other,
        }
    };
    if let Some(key) = key {
        // SAFETY: a key that pthread_key_create made; the value is only compared with null.
        unsafe { pthread_setspecific(key, core::ptr::from_ref(heap).cast()) };
    }
    heap
}

/// Runs `f` with a heap that allocates, or with none if there is no memory for one.
#[inline]
fn with<T>(f: impl FnOnce(&'static Heap) -> T) -> T {
    let heap = get();
    match heap.kind() {
        Kind::Missing => f(attach()),
        Kind::Gone => {
            CORE.last_lock.acquire(|| crate::platform::Platform::yield_now(&Linux));
            CORE.last.start(&CORE, 0);
            let result = f(&CORE.last);
            CORE.last_lock.release();
            result
        }
        _ => f(heap),
    }
}

// ---- the interface ----------------------------------------------------------------------------

/// The core, for statistics.
pub fn core() -> &'static Core {
    &CORE
}

/// A block of at least `size` bytes if the thread's heap has one at hand, or null.
#[inline(always)]
pub fn allocate_quick(size: usize) -> *mut u8 {
    get().quick(size)
}

/// A block of at least `size` bytes, or null, once [`allocate_quick`] had none.
#[cold]
#[inline(never)]
pub fn allocate_slow(size: usize) -> *mut u8 {
    with(|heap| heap.allocate_slow(size).0)
}

/// A block of at least `size` bytes, or null.
#[inline(always)]
pub fn allocate(size: usize) -> *mut u8 {
    let block = allocate_quick(size);
    if block.is_null() { allocate_slow(size) } else { block }
}

/// A block of at least `size` zeroed bytes at a multiple of `align` (a power of two), or null.
#[inline]
pub fn allocate_zeroed(size: usize, align: usize) -> *mut u8 {
    with(|heap| ops::allocate_zeroed(heap, size, align))
}

/// A block of at least `size` bytes at a multiple of `align` (a power of two), or null.
#[inline]
pub fn allocate_aligned(size: usize, align: usize) -> *mut u8 {
    if align <= 16 && size >= align {
        allocate(size)
    } else {
        with(|heap| ops::allocate_aligned(heap, size, align))
    }
}

/// Frees a block, or nothing for null.
///
/// # Safety
/// `block` is null or was allocated here and is not used again.
#[inline(always)]
pub unsafe fn free(block: *mut u8) {
    // SAFETY: checked to be in a segment; the rest is the caller's promise.
    if !(TABLE.has(block.addr()) && unsafe { get().quick_free(block) }) {
        // SAFETY: the caller's promise.
        unsafe { free_slow(block) };
    }
}

#[cold]
#[inline(never)]
unsafe fn free_slow(block: *mut u8) {
    if block.is_null() {
        return;
    }
    let mut heap = get();
    if heap.kind() == Kind::Missing {
        heap = attach();
    }
    // SAFETY: the caller's promise.
    unsafe { heap.free_slow(&CORE, block.expose_provenance()) };
}

/// Usable bytes of a block; 0 for null.
#[inline]
pub fn usable(block: *mut u8) -> usize {
    ops::usable(&CORE, block)
}

/// A block of at least `size` bytes with the contents of `block`, which is gone then; or null,
/// and `block` stays.
///
/// # Safety
/// `block` was allocated here and is not used again if the result is not null.
#[inline]
pub unsafe fn reallocate(block: *mut u8, size: usize, align: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    with(|heap| unsafe { ops::reallocate(&CORE, heap, block, size, align) })
}

/// Counts what is allocated; what the calling thread gathered counts as free.
pub fn stats() -> Stats {
    let heap = get();
    if heap.kind() == Kind::Thread {
        heap.flush(&CORE);
    }
    Stats::of(&CORE)
}

/// Gives memory that is not needed back to the system; how many bytes.
pub fn trim(keep: usize) -> usize {
    let heap = get();
    if heap.kind() == Kind::Thread {
        heap.flush(&CORE);
    }
    let mut bytes = CORE.huge.trim(&CORE);
    for node in 0..crate::shared::MAX_NODES {
        bytes += CORE.node(node).trim(keep);
    }
    bytes
}

/// The allocator as a Rust program's global one.
///
/// ```
/// #[global_allocator]
/// static HEAP: hoard::Hoard = hoard::Hoard;
/// let blocks: Vec<Vec<u8>> = (0..100).map(|n| vec![7; n]).collect();
/// assert_eq!(blocks[99], [7; 99]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Hoard;

// SAFETY: blocks come from `allocate*`: as large and aligned as asked, disjoint, valid until freed.
unsafe impl core::alloc::GlobalAlloc for Hoard {
    #[inline]
    unsafe fn alloc(&self, layout: core::alloc::Layout) -> *mut u8 {
        allocate_aligned(layout.size(), layout.align())
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: core::alloc::Layout) {
        // SAFETY: the caller's promise.
        unsafe { free(block) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: core::alloc::Layout) -> *mut u8 {
        allocate_zeroed(layout.size(), layout.align())
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: core::alloc::Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { reallocate(block, size, layout.align()) }
    }
}
