//! Says that it is there, and stays.
#![no_main]
#![allow(unsafe_code, reason = "a component below the SDK")]

use genode_sys::{RS_LOG, rs_log};

extern "C" fn construct() {
    let text = "here";
    // SAFETY: a valid string.
    unsafe { rs_log(RS_LOG, text.as_ptr().cast(), text.len()) };
}

genode_sys::component_entry!(construct);
