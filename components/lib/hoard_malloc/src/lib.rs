//! `libhoard_malloc.so`: the hoard heap in place of the C library's.
//!
//! The symbols are in a crate of their own so that a Rust program that uses `hoard` for itself
//! does not replace malloc for every C library in it.
#![deny(missing_docs)]
#![allow(unsafe_code, reason = "C's malloc family")]

pub mod cpp;

use core::ffi::{c_int, c_void};
use hoard::internals::c;

macro_rules! export {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $ret:ty = $call:expr;)*) => {$(
        /// The C function of this name.
        ///
        /// # Safety
        /// As in C.
        #[unsafe(no_mangle)]
        #[allow(unused_unsafe)]
        pub unsafe extern "C" fn $name($($arg: $ty),*) -> $ret {
            // SAFETY: the C contract of the function, the caller's to keep.
            unsafe { $call }
        }
    )*};
}

type P = *mut c_void;

export! {
    malloc(size: usize) -> P = c::malloc(size);
    calloc(count: usize, size: usize) -> P = c::calloc(count, size);
    realloc(block: P, size: usize) -> P = c::realloc(block, size);
    reallocarray(block: P, count: usize, size: usize) -> P = c::reallocarray(block, count, size);
    free(block: P) -> () = c::free(block);
    cfree(block: P) -> () = c::free(block);
    free_sized(block: P, _size: usize) -> () = c::free(block);
    free_aligned_sized(block: P, _align: usize, _size: usize) -> () = c::free(block);
    posix_memalign(out: *mut P, align: usize, size: usize) -> c_int =
        c::posix_memalign(out, align, size);
    aligned_alloc(align: usize, size: usize) -> P = c::aligned_alloc(align, size);
    memalign(align: usize, size: usize) -> P = c::memalign(align, size);
    valloc(size: usize) -> P = c::valloc(size);
    pvalloc(size: usize) -> P = c::pvalloc(size);
    malloc_usable_size(block: P) -> usize = c::malloc_usable_size(block);
    mallinfo2() -> c::Mallinfo2 = c::mallinfo2();
    mallinfo() -> c::Mallinfo = c::mallinfo();
    malloc_stats() -> () = c::malloc_stats();
    malloc_info(options: c_int, stream: P) -> c_int = c::malloc_info(options, stream);
    malloc_trim(pad: usize) -> c_int = c::malloc_trim(pad);
    mallopt(parameter: c_int, value: c_int) -> c_int = c::mallopt(parameter, value);
}

// glibc's own names for the same functions. Who calls them and frees the block by its usual name
// would otherwise free a block of glibc's here.
export! {
    __libc_malloc(size: usize) -> P = c::malloc(size);
    __libc_calloc(count: usize, size: usize) -> P = c::calloc(count, size);
    __libc_realloc(block: P, size: usize) -> P = c::realloc(block, size);
    __libc_reallocarray(block: P, count: usize, size: usize) -> P =
        c::reallocarray(block, count, size);
    __libc_free(block: P) -> () = c::free(block);
    __libc_cfree(block: P) -> () = c::free(block);
    __libc_memalign(align: usize, size: usize) -> P = c::memalign(align, size);
    __libc_valloc(size: usize) -> P = c::valloc(size);
    __libc_pvalloc(size: usize) -> P = c::pvalloc(size);
    __libc_mallopt(parameter: c_int, value: c_int) -> c_int = c::mallopt(parameter, value);
    __libc_mallinfo() -> c::Mallinfo = c::mallinfo();
    __posix_memalign(out: *mut P, align: usize, size: usize) -> c_int =
        c::posix_memalign(out, align, size);
}
