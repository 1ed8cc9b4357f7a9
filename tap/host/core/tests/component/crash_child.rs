//! Dies by the signal that its LOG-less life begins with: an abort in the constructor.
#![no_main]

extern "C" fn construct() {
    std::process::abort();
}

genode_sys::component_entry!(construct);
