//! Prints a line and exits with 7.
#![no_main]
#![allow(unsafe_code, reason = "a component below the SDK")]

use genode_sys::{RS_LOG, RS_WARNING, rs_exit, rs_log};

extern "C" fn construct() {
    let text = "one line";
    // SAFETY: valid strings; nothing is owed to the system.
    unsafe {
        rs_log(RS_LOG, text.as_ptr().cast(), text.len());
        rs_log(RS_WARNING, text.as_ptr().cast(), text.len());
        rs_exit(7);
    }
}

genode_sys::component_entry!(construct);
