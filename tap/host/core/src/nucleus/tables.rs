//! Whether components stay within their page tables (see `genode_host_proto::tables`).
//!
//! Their runtimes see to it; who goes past them could fill the machine, since Linux has no limit for page tables. They grow only
//! while their owner runs. So a [timer](super::timer) on the CPU time of each process lets core look.
use genode_host_proto::tables::{FREE, allowed};
use rustix::process::{Pid, Signal};

use super::Nucleus;
use super::ids::ProcId;

/// Bytes of page tables of a process; `None` if it ended.
fn of(pid: Pid) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    kibibytes(&status).map(|kib| kib << 10)
}

/// The number in the line of page tables (proc_pid_status(5)).
fn kibibytes(status: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix("VmPTE:"))?;
    rest.trim().strip_suffix("kB")?.trim().parse().ok()
}

impl Nucleus {
    /// Look at a process that ran for a while.
    pub(crate) fn look(&self, id: ProcId) {
        let Some(process) = self.procs.get(&id) else { return };
        let quota = self.accounts.get(process.account).map_or(0, |a| a.quota.limit.ram.0);
        let allowed = allowed(FREE, quota);
        let Some(bytes) = of(process.pid).filter(|bytes| *bytes > allowed) else { return };
        crate::console::note(format_args!(
            "\"{}\" is ended: its mappings take {} KiB of page tables, its quota allows {} KiB",
            process.label,
            bytes >> 10,
            allowed >> 10
        ));
        process.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tables_are_read_from_what_linux_says() {
        assert_eq!(kibibytes("VmRSS:\t  1 kB\nVmPTE:\t      48 kB\nVmSwap:\t 0 kB\n"), Some(48));
        for wrong in ["", "VmPTE:", "VmPTE: kB", "VmPTE: 12", "xVmPTE: 1 kB"] {
            assert_eq!(kibibytes(wrong), None, "{wrong}");
        }
        assert!(of(rustix::process::getpid()).is_some_and(|bytes| bytes > 0));
    }
}
