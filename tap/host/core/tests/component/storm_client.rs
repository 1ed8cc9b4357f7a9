//! Calls, shares memory, allocates and signals until it is killed. Any error must be one that a dying server
//! explains; anything else ends it with an exit value.
#![no_main]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

use genode_sys::*;

fn round(echo: rs_cap_t) -> Result<(), rs_err_t> {
    let mut ds = 0;
    match unsafe { rs_ram_alloc(4096, RS_CACHED, RS_ANY_NODE, &mut ds) } {
        RS_OK => {}
        _ => support::exit(2),
    }
    let attr = rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable: true, executable: false };
    let (mut addr, mut size) = (0, 0);
    if unsafe { rs_attach(ds, &attr, &mut addr, &mut size) } != RS_OK {
        support::exit(3);
    }
    unsafe { (addr as *mut u64).write_volatile(7) };
    let answer = support::call(echo, 0, &[ds], |w| {
        w.u64(42);
    });
    let result = match answer {
        Ok(a) if a.protocol == 0 => {
            if a.reader().u64() != Ok(42) {
                support::exit(4);
            }
            for cap in a.caps {
                unsafe { rs_cap_drop(cap) };
            }
            Ok(())
        }
        // dissolved, or gone
        Ok(_) => Err(RS_GONE),
        Err(e) => Err(e),
    };
    unsafe {
        rs_detach(addr);
        rs_ram_free(ds);
    }
    result
}

extern "C" fn construct() {
    loop {
        let Ok((_, echo)) = support::open("Echo", "", 10000, 3) else {
            std::thread::sleep(std::time::Duration::from_micros(200));
            continue;
        };
        loop {
            match round(echo) {
                Ok(()) => {}
                Err(RS_GONE) => break,
                Err(e) => support::exit(10 + e as i32),
            }
        }
        unsafe { rs_cap_drop(echo) };
    }
}

genode_sys::component_entry!(construct);
