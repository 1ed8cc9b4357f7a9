//! rs_managed_ds_victim: accesses what it will never get. It is not to survive that, and everything else is.
#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use genode::{
    connection::Connection,
    dataspace::{Attached, PAGE_SIZE},
    prelude::*,
    session::rom,
};
use rs_managed_ds_test::{Managed, READ_ONLY};

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = rom::config(env, 1 << 16)?;
    let (writes, strays) = (config.attr_or("write", false), config.attr_or("stray", false));
    let session = Connection::<dyn Managed>::open(env, "")?;
    let dataspace = session.dataspace().map_err(|_| Error::Gone)?;
    let memory = Attached::writeable(&dataspace)?;
    if writes {
        let page = READ_ONLY * PAGE_SIZE;
        let before = memory.load_u64(page, Ordering::Relaxed)?;
        log!("reads page {}, then writes to it", before as u32);
        memory.atomic_u64(page)?.store(1, Ordering::Relaxed);
    } else if strays {
        log!("reads outside of all its memory");
        #[allow(unsafe_code, reason = "what safe code cannot do: an access that faults")]
        // SAFETY: the first page is never mapped, so the read ends the component and nothing else happens.
        unsafe {
            core::ptr::without_provenance::<u8>(8).read_volatile();
        }
    } else {
        log!("waits");
        memory.load_u64(0, Ordering::Relaxed)?;
    }
    log!("goes on");
    env.exit(0)
}
