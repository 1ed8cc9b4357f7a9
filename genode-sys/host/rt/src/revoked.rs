//! Memory that its owner takes back while it is mapped here.
//!
//! Core truncates a dataspace when it is freed, or when its owner dies. A component that still looks at it would
//! get SIGBUS and die of somebody else's end. Instead it finds zeros: the page is replaced by private memory of its
//! own, which `rs_detach` unmaps as it would have unmapped the dataspace.
use std::ffi::{c_int, c_void};

use genode_host_proto::PAGE;

use crate::crash;
use crate::managed::{self, Served};

/// Survive accesses to revoked dataspaces.
pub(crate) fn survive() {
    // SAFETY: the handler only makes system calls.
    unsafe { crash::handle(libc::SIGBUS, on_bus_error) };
}

extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes the information of this signal.
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // In a managed dataspace, what was freed is detached as well: something else may be there by now.
    // SAFETY: the kernel passes the thread's state.
    match managed::serve(addr, unsafe { managed::access::kind(context) }) {
        Served::Mapped => return,
        Served::Never => return crash::died(signal, info, context),
        Served::Foreign => {}
    }
    let page = std::ptr::without_provenance_mut::<c_void>(addr & !(PAGE - 1));
    // Only a shared mapping beyond the end of its memory faults this way, so the page replaces nothing else.
    let replaced = code == libc::BUS_ADRERR && {
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: see above.
        unsafe { libc::mmap(page, PAGE, prot, flags, -1, 0) != libc::MAP_FAILED }
    };
    if !replaced {
        crash::died(signal, info, context);
    }
}
