//! Memory that Linux counts for nobody, and what core does about it: page tables, and stacks that grow by themselves.
//!
//! Runtimes see to their page tables (see `genode_host_proto::tables`); who goes past them could fill the machine, since Linux
//! has no limit for them. They grow only while their owner runs. So a [timer](super::timer) on the CPU time of each process
//! lets core look.
//!
//! A stack grows up to a limit, but each part that is left of one that was cut grows up to that anew. So no stack grows any
//! more once a component said hello: its runtime has the first thread's stack grow before that. Until then, core looks.
use genode_host_proto::tables::{FREE, allowed};
use rustix::process::{Pid, Resource, Rlimit, Signal};

use super::Nucleus;
use super::ids::ProcId;
use super::process::Process;
use super::refusal::Refusal;
use crate::console::note;
use crate::isolation::MAX_STACK;

/// Page tables and growing stacks of a process, in bytes; `None` if it ended.
fn of(pid: Pid) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let bytes = |name| kibibytes(&status, name).map(|kib| kib << 10);
    Some((bytes("VmPTE:")?, bytes("VmStk:")?))
}

/// The number in a line of proc_pid_status(5).
fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.trim().strip_suffix("kB")?.trim().parse().ok()
}

impl Process {
    /// Let no stack of the process grow any more, and see that none grew too far.
    pub(super) fn fix_stack(&self) -> Result<(), Refusal> {
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        rustix::process::prlimit(Some(self.pid), Resource::Stack, none)?;
        match of(self.pid) {
            Some((_, stacks)) if stacks <= MAX_STACK => Ok(()),
            _ => Err(Refusal::Limit),
        }
    }
}

impl Nucleus {
    /// Look at a process that ran for a while.
    pub(crate) fn look(&self, id: ProcId) {
        let Some(process) = self.procs.get(&id) else { return };
        let quota = self.accounts.get(process.account).map_or(0, |a| a.quota.limit.ram.0);
        let Some((tables, stacks)) = of(process.pid) else { return };
        let (label, kib) = (&process.label, |bytes| bytes >> 10);
        let may = allowed(FREE, quota);
        if tables > may {
            note(format_args!(
                "\"{label}\" is ended: its mappings take {} KiB of page tables, its quota allows {} KiB",
                kib(tables),
                kib(may)
            ));
        } else if stacks > MAX_STACK {
            note(format_args!(
                "\"{label}\" is ended: stacks that grow take {} KiB, {} KiB is the limit for them",
                kib(stacks),
                kib(MAX_STACK)
            ));
        } else {
            return;
        }
        process.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tables_are_read_from_what_linux_says() {
        let status = "VmRSS:\t  1 kB\nVmPTE:\t      48 kB\nVmSwap:\t 0 kB\n";
        assert_eq!(kibibytes(status, "VmPTE:"), Some(48));
        for wrong in ["", "VmPTE:", "VmPTE: kB", "VmPTE: 12", "xVmPTE: 1 kB"] {
            assert_eq!(kibibytes(wrong, "VmPTE:"), None, "{wrong}");
        }
        assert!(of(rustix::process::getpid()).is_some_and(|(pte, stack)| pte > 0 && stack > 0));
    }
}
