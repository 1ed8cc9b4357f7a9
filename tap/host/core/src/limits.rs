//! Limits of whoever starts core, each with its name: what is too little is said once, with what to do.
#![allow(unsafe_code, reason = "the disposition of a signal")]

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::console::note;

/// A limit, and how much of it a small system needs.
struct Limit {
    resource: Resource,
    /// What it limits, and the option of the shell's `ulimit` that sets it.
    what: &'static str,
    option: &'static str,
    least: u64,
}

/// Checks what core was started with, and takes as much of it as it may.
pub(crate) fn check(ram: u64) -> Result<(), String> {
    // Linux sends the signal to who makes a file too large. Dataspaces are files; the error says it as well.
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let all = [
        Limit { resource: Resource::Nofile, what: "descriptors", option: "-n", least: 256 },
        // Memory is files: a dataspace may have all RAM.
        Limit { resource: Resource::Fsize, what: "bytes in a file", option: "-f", least: ram },
        Limit { resource: Resource::As, what: "bytes of addresses", option: "-v", least: 4 << 30 },
        Limit { resource: Resource::Data, what: "bytes of data", option: "-d", least: 64 << 20 },
        Limit { resource: Resource::Stack, what: "bytes of stack", option: "-s", least: 1 << 20 },
    ];
    all.iter().try_for_each(Limit::take)
}

impl Limit {
    fn take(&self) -> Result<(), String> {
        let maximum = getrlimit(self.resource).maximum;
        // Without it core runs with what it has.
        let _ = setrlimit(self.resource, Rlimit { current: maximum, maximum });
        match getrlimit(self.resource).current {
            Some(has) if has < self.least => Err(format!(
                "a process may have {has} {}, core and its components need {}: set `ulimit {} unlimited`, \
                 or to at least that, before core is started",
                self.what, self.least, self.option
            )),
            _ => Ok(()),
        }
    }
}

/// Says, once, that core has no descriptors left, where that is what an error means.
pub(crate) fn explain(error: Errno) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !matches!(error, Errno::MFILE | Errno::NFILE) || SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    let has = getrlimit(Resource::Nofile).current.unwrap_or(0);
    note(format_args!(
        "Warning: all {has} descriptors of core are in use, what needs more is refused as if capabilities ran out: \
         set `ulimit -n` higher before core is started"
    ));
}

/// Why a process did not start, with the limit if it is one.
pub(crate) fn of_start(error: &std::io::Error) -> String {
    let limit = |resource| {
        getrlimit(resource).current.map_or("any number of".to_owned(), |limit| limit.to_string())
    };
    match error.raw_os_error() {
        Some(libc::EAGAIN) => format!(
            "{error}: the user may have {} processes and threads: set `ulimit -u` higher, or end some",
            limit(Resource::Nproc)
        ),
        Some(libc::EMFILE | libc::ENFILE) => format!(
            "{error}: core may have {} descriptors: set `ulimit -n` higher",
            limit(Resource::Nofile)
        ),
        Some(libc::ENOMEM) => format!("{error}: Linux has no memory for another process"),
        _ => error.to_string(),
    }
}
