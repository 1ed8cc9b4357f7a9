//! Two children that rest, until somebody ends the system.
#![no_main]
mod support;

extern "C" fn construct() {
    for _ in 0..2 {
        // It is not destroyed: it lives as long as we do.
        let _ = support::start("child", 8 << 20, 100, |_| 0, |_| {});
    }
}

genode_sys::component_entry!(construct);
