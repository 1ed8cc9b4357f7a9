//! mimalloc as its crate builds it, C's names included. Rust contributes nothing but the build.

#![no_std]

use libmimalloc_sys as _;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
