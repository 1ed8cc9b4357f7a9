//! The C malloc family as Rust functions; `hoard_malloc` exports them under their C names.
//!
//! On error each does what C23 and POSIX.1-2024 say, or glibc where those are silent.
#![allow(clippy::missing_safety_doc)] // the contracts are those of the C functions

use super::allocator::Process;
use super::process::{Hoard, Local};
use crate::core::text::Text;
use crate::platform::PAGE;
use core::ffi::{c_int, c_void};
use core::fmt::Write;
use core::ptr::null_mut;

const ENOMEM: c_int = 12;
const EINVAL: c_int = 22;

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
    fn fwrite(text: *const c_void, size: usize, count: usize, stream: *mut c_void) -> usize;
}

#[cold]
#[inline(never)]
fn fail(code: c_int) -> *mut c_void {
    // SAFETY: libc's pointer to this thread's errno.
    unsafe { *__errno_location() = code };
    null_mut()
}

#[inline(always)]
fn or_enomem(block: *mut u8) -> *mut c_void {
    if block.is_null() { fail(ENOMEM) } else { block.cast() }
}

/// `malloc`; a size of 0 gives a block that can be freed.
#[inline(always)]
pub fn malloc(size: usize) -> *mut c_void {
    let block = Hoard::allocate_quick(size);
    if block.is_null() { malloc_slow(size) } else { block.cast() }
}

#[cold]
#[inline(never)]
fn malloc_slow(size: usize) -> *mut c_void {
    or_enomem(Hoard::allocate_slow(size))
}

/// `calloc`; an overflowing product fails.
#[inline]
pub fn calloc(count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        Some(bytes) => or_enomem(Hoard::allocate_zeroed(bytes, 1)),
        None => fail(ENOMEM),
    }
}

/// `free`; keeps errno.
///
/// # Safety
/// `block` is null or a block in use.
#[inline(always)]
pub unsafe fn free(block: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { Hoard::free(block.cast()) };
}

/// `realloc`; a size of 0 frees, as glibc's does.
///
/// # Safety
/// `block` is null or a block in use.
pub unsafe fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        return malloc(size);
    }
    if size == 0 {
        // SAFETY: the caller's promise.
        unsafe { free(block) };
        return null_mut();
    }
    // SAFETY: the caller's promise.
    or_enomem(unsafe { Hoard::reallocate(block.cast(), size, 1) })
}

/// `reallocarray`; an overflowing product fails and `block` stays.
///
/// # Safety
/// `block` is null or a block in use.
pub unsafe fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: the caller's promise.
        Some(bytes) => unsafe { realloc(block, bytes) },
        None => fail(ENOMEM),
    }
}

/// `posix_memalign`; returns its error, keeps errno.
///
/// # Safety
/// `out` may be written.
pub unsafe fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || !align.is_multiple_of(size_of::<*mut c_void>()) {
        return EINVAL;
    }
    let block = Hoard::allocate_aligned(size, align);
    if block.is_null() {
        return ENOMEM;
    }
    // SAFETY: the caller's promise.
    unsafe { *out = block.cast() };
    0
}

/// `aligned_alloc`; any size, as C23 allows.
pub fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if !align.is_power_of_two() {
        return fail(EINVAL);
    }
    or_enomem(Hoard::allocate_aligned(size, align))
}

/// `memalign`; an alignment that is no power of two is rounded up to one, as glibc does.
pub fn memalign(align: usize, size: usize) -> *mut c_void {
    match align.checked_next_power_of_two() {
        Some(align) => or_enomem(Hoard::allocate_aligned(size, align)),
        None => fail(EINVAL),
    }
}

/// `valloc`: a page-aligned block.
pub fn valloc(size: usize) -> *mut c_void {
    or_enomem(Hoard::allocate_aligned(size, PAGE))
}

/// `pvalloc`: whole pages.
pub fn pvalloc(size: usize) -> *mut c_void {
    match size.max(1).checked_next_multiple_of(PAGE) {
        Some(size) => valloc(size),
        None => fail(ENOMEM),
    }
}

/// `malloc_usable_size`; 0 for null.
///
/// # Safety
/// `block` is null or a block in use.
pub unsafe fn malloc_usable_size(block: *mut c_void) -> usize {
    Hoard::usable(block.cast())
}

/// `malloc_trim`: 1 if memory went back to the system.
pub fn malloc_trim(pad: usize) -> c_int {
    c_int::from(Hoard::trim(pad) > 0)
}

/// glibc's `struct mallinfo2`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // the names are glibc's
pub struct Mallinfo2 {
    pub arena: usize,
    pub ordblks: usize,
    pub smblks: usize,
    pub hblks: usize,
    pub hblkhd: usize,
    pub usmblks: usize,
    pub fsmblks: usize,
    pub uordblks: usize,
    pub fordblks: usize,
    pub keepcost: usize,
}

/// glibc's `struct mallinfo`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Mallinfo(pub [c_int; 10]);

/// `mallinfo2`.
pub fn mallinfo2() -> Mallinfo2 {
    let s = Hoard::stats();
    let free = s.superblock_bytes.saturating_sub(s.block_bytes) + s.idle_bytes;
    Mallinfo2 {
        arena: s.superblock_bytes + s.idle_bytes,
        ordblks: s.owned + s.floating + s.global,
        hblks: s.huge,
        hblkhd: s.huge_bytes,
        uordblks: s.block_bytes,
        fordblks: free,
        keepcost: s.idle_bytes + s.kept_bytes,
        ..Mallinfo2::default()
    }
}

/// `mallinfo`: the same, with what does not fit cut off at the largest `int`.
pub fn mallinfo() -> Mallinfo {
    let i = mallinfo2();
    let all = [
        i.arena, i.ordblks, i.smblks, i.hblks, i.hblkhd, i.usmblks, i.fsmblks, i.uordblks,
        i.fordblks, i.keepcost,
    ];
    Mallinfo(all.map(|n| c_int::try_from(n).unwrap_or(c_int::MAX)))
}

/// `malloc_stats`: a table on standard error.
pub fn malloc_stats() {
    Hoard::stats().print(Local::core());
}

/// `malloc_info`: what is allocated as XML, to a C stream.
///
/// # Safety
/// `stream` is a `FILE *`.
pub unsafe fn malloc_info(options: c_int, stream: *mut c_void) -> c_int {
    if options != 0 {
        return EINVAL;
    }
    let mut text = Text::<1024>::EMPTY;
    let i = mallinfo2();
    // There is room for all of it.
    let _ = write!(
        text,
        "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n</sizes>\n\
         <total type=\"rest\" count=\"{0}\" size=\"{1}\"/>\n\
         <system type=\"current\" size=\"{2}\"/>\n</heap>\n\
         <total type=\"rest\" count=\"{0}\" size=\"{1}\"/>\n\
         <total type=\"mmap\" count=\"{3}\" size=\"{4}\"/>\n\
         <system type=\"current\" size=\"{2}\"/>\n</malloc>\n",
        i.ordblks, i.fordblks, i.arena, i.hblks, i.hblkhd,
    );
    let text = text.bytes();
    // SAFETY: the text is as long as its slice; the stream is the caller's promise.
    let written = unsafe { fwrite(text.as_ptr().cast(), 1, text.len(), stream) };
    if written == text.len() { 0 } else { -1 }
}

/// `mallopt`: glibc's hints for its own heap mean nothing here and are taken as heeded (1);
/// `M_CHECK_ACTION`, `M_PERTURB` and what is unknown are refused (0).
pub fn mallopt(parameter: c_int, _value: c_int) -> c_int {
    const M_MXFAST: c_int = 1;
    const M_TRIM_THRESHOLD: c_int = -1;
    const M_MMAP_MAX: c_int = -4;
    const M_ARENA_TEST: c_int = -7;
    const M_ARENA_MAX: c_int = -8;
    c_int::from(matches!(
        parameter,
        M_MXFAST | M_MMAP_MAX..=M_TRIM_THRESHOLD | M_ARENA_MAX..=M_ARENA_TEST
    ))
}

/// A block for C++'s `operator new` at a multiple of `align`, or null; leaves errno.
#[inline(always)]
pub fn new_aligned(size: usize, align: usize) -> *mut c_void {
    Hoard::allocate_aligned(size, align.max(1)).cast()
}

/// The quick part of C++'s `operator new`; null if that is not enough.
#[inline(always)]
pub fn new_quick(size: usize) -> *mut c_void {
    Hoard::allocate_quick(size).cast()
}
