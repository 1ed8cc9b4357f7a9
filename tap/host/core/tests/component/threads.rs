//! Starts threads until it gets no more, asks a few times again, and exits with 0.
#![no_main]
#![allow(unsafe_code, reason = "a component below the SDK")]

use genode_sys::rs_exit;

extern "C" fn construct() {
    let start = || {
        let small = std::thread::Builder::new().stack_size(64 << 10);
        small
            .spawn(|| {
                loop {
                    std::thread::park();
                }
            })
            .is_ok()
    };
    let more = (0..4096).take_while(|_| start()).count();
    let again = (0..10).filter(|_| start()).count();
    // SAFETY: nothing is owed to the system.
    unsafe { rs_exit(i32::from(more > 2048 || again > 0)) }
}

genode_sys::component_entry!(construct);
