//! What a program has in use: this library stands before glibc's heap and adds up the bytes that were asked for and
//! not yet freed. The benchmark runs each workload with it once, untimed; so the timed runs carry no counters.

#![no_std]

#[path = "../../names.rs"]
#[macro_use]
mod names;

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    fn __libc_free(pointer: *mut c_void);
}

static LIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);
static BLOCKS: AtomicU64 = AtomicU64::new(0);

/// Stands right before each block; 16 bytes, so that the block keeps glibc's alignment.
#[repr(C, align(16))]
struct Header {
    base: *mut c_void,
    size: usize,
}

const HEADER: usize = size_of::<Header>();

/// The most bytes that were in use at once.
#[unsafe(no_mangle)]
pub extern "C" fn rs_heap_count_peak() -> u64 {
    PEAK.load(Relaxed)
}

/// How many blocks were asked for.
#[unsafe(no_mangle)]
pub extern "C" fn rs_heap_count_blocks() -> u64 {
    BLOCKS.load(Relaxed)
}

fn allocate(alignment: usize, size: usize) -> *mut c_void {
    let alignment = alignment.max(HEADER).next_power_of_two();
    let Some(total) = size.checked_add(alignment) else { return null_mut() };
    // SAFETY: glibc accepts any size and any power of two.
    let base = unsafe {
        if alignment == HEADER { __libc_malloc(total) } else { __libc_memalign(alignment, total) }
    };
    if base.is_null() {
        return base;
    }
    let live = LIVE.fetch_add(size as u64, Relaxed) + size as u64;
    PEAK.fetch_max(live, Relaxed);
    BLOCKS.fetch_add(1, Relaxed);
    // SAFETY: the block begins `alignment` bytes, at least one header, into `total` bytes.
    unsafe {
        let block = base.byte_add(alignment);
        block.cast::<Header>().sub(1).write(Header { base, size });
        block
    }
}

/// The header of a block.
///
/// # Safety
/// `pointer` came from [`allocate`] and was not freed.
unsafe fn header(pointer: *const c_void) -> *const Header {
    // SAFETY: every block has a header before it.
    unsafe { pointer.cast::<Header>().sub(1) }
}

fn malloc(size: usize) -> *mut c_void {
    allocate(HEADER, size)
}

fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(total) = count.checked_mul(size) else { return null_mut() };
    let block = allocate(HEADER, total);
    if !block.is_null() {
        // SAFETY: the block has `total` bytes.
        unsafe { block.cast::<u8>().write_bytes(0, total) };
    }
    block
}

/// # Safety
/// As C's `free`.
unsafe fn free(pointer: *mut c_void) {
    if !pointer.is_null() {
        // SAFETY: the caller's promise: a live block of ours, so its base is glibc's.
        unsafe {
            let header = header(pointer).read();
            LIVE.fetch_sub(header.size as u64, Relaxed);
            __libc_free(header.base);
        }
    }
}

/// # Safety
/// As C's `realloc`.
unsafe fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    let block = allocate(HEADER, size);
    if !pointer.is_null() && !block.is_null() {
        // SAFETY: both blocks are live and have at least the smaller size; the old one is the caller's to free.
        unsafe {
            let old = (*header(pointer)).size;
            block.cast::<u8>().copy_from_nonoverlapping(pointer.cast(), old.min(size));
            free(pointer);
        }
    }
    block
}

/// # Safety
/// As C's `malloc_usable_size`.
unsafe fn usable(pointer: *mut c_void) -> usize {
    // SAFETY: the caller's promise.
    if pointer.is_null() { 0 } else { unsafe { (*header(pointer)).size } }
}

c_names! {
    malloc: super::malloc,
    calloc: super::calloc,
    free: super::free,
    realloc: super::realloc,
    malloc_usable_size: usable,
    aligned_alloc: allocate,
}
