//! Facts that Linux tells about a process: memory, processor time, and which library answers to `malloc`.
#![allow(unsafe_code, reason = "asks the system by C functions")]

use std::ffi::CStr;
use std::time::Duration;

/// A `Name:  1234 kB` line of a status file, in bytes.
pub(crate) fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn own(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    field(&status, name).unwrap_or_default()
}

/// This process's resident memory now, in bytes.
pub(crate) fn resident() -> u64 {
    own("VmRSS:")
}

/// This process's resident memory at its highest, in bytes. Counted by the kernel since exec: `ru_maxrss`, which a
/// child inherits from the process that started it, would not do.
pub(crate) fn resident_peak() -> u64 {
    own("VmHWM:")
}

/// User and system time of this process.
pub(crate) fn processor_time() -> Duration {
    // SAFETY: an all-zero timespec is valid, and the clock writes only to it.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time);
        time
    };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The file of the library whose `malloc` this process uses.
pub(crate) fn malloc_library() -> String {
    // SAFETY: the symbol name is a C string; dladdr writes only to `info`, and the name it gives stays mapped.
    unsafe {
        let symbol = libc::dlsym(libc::RTLD_DEFAULT, c"malloc".as_ptr());
        let mut info: libc::Dl_info = std::mem::zeroed();
        if symbol.is_null() || libc::dladdr(symbol, &raw mut info) == 0 || info.dli_fname.is_null()
        {
            return "unknown".to_owned();
        }
        CStr::from_ptr(info.dli_fname).to_string_lossy().into_owned()
    }
}

/// Returns what the program had in use at its peak and how many blocks it asked for, if the counting library is preloaded.
pub(crate) fn counted() -> Option<(u64, u64)> {
    type Read = extern "C" fn() -> u64;
    let look_up = |name: &CStr| {
        // SAFETY: the name is a C string.
        let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        // SAFETY: only the counting library exports these names, as functions of this type.
        (!symbol.is_null())
            .then(|| unsafe { std::mem::transmute::<*mut libc::c_void, Read>(symbol)() })
    };
    Some((look_up(c"rs_heap_count_peak")?, look_up(c"rs_heap_count_blocks")?))
}

#[cfg(test)]
mod tests {
    use super::{field, malloc_library, resident, resident_peak};

    #[test]
    fn reads_status_lines() {
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!(field(status, "VmHWM:"), Some(2048 * 1024));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn knows_itself() {
        // Other tests grow the process meanwhile.
        let now = resident();
        assert!(now > 0 && resident_peak() >= now);
        assert!(malloc_library().contains("libc"), "tests run on the C library's malloc");
    }
}
