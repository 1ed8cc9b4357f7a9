//! Does nothing, for ever.
#![no_main]

extern "C" fn construct() {}

genode_sys::component_entry!(construct);
