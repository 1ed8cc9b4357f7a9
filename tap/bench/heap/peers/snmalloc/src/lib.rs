//! snmalloc's crate exports C's functions under a prefix; this gives them C's names.

#![no_std]

#[path = "../../names.rs"]
#[macro_use]
mod names;

use core::ffi::c_void;

use snmalloc_sys as sn;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// # Safety
/// None: any size and alignment may be asked for.
unsafe fn aligned(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the alignment is a power of two: rounded up to one if need be.
    unsafe { sn::sn_rust_alloc(alignment.next_power_of_two(), size) }
}

c_names! {
    malloc: sn::sn_malloc,
    calloc: sn::sn_calloc,
    free: sn::sn_free,
    realloc: sn::sn_realloc,
    malloc_usable_size: sn::sn_malloc_usable_size,
    aligned_alloc: aligned,
}
