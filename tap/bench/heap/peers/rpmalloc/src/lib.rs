//! rpmalloc's crate exports its functions under a prefix; this gives them C's names. The crate's `preload` feature
//! sets threads up and down, as rpmalloc's own preload library does.

#[path = "../../names.rs"]
#[macro_use]
mod names;

use rpmalloc_sys as rp;

c_names! {
    malloc: rp::rpmalloc,
    calloc: rp::rpcalloc,
    free: rp::rpfree,
    realloc: rp::rprealloc,
    malloc_usable_size: rp::rpmalloc_usable_size,
    aligned_alloc: rp::rpaligned_alloc,
}
