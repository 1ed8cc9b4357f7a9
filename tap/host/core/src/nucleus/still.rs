//! Tells whether anything can happen still (SIGUSR2).
use std::collections::BTreeMap;

use genode_host_proto::CONTROL_FD;

use super::Nucleus;
use super::threads::Call;

impl Nucleus {
    /// Tells whether nothing can happen any more: each thread of each component waits, for another
    /// and not for a time to come, and core owes nobody an answer. False where Linux does not tell.
    pub(crate) fn is_still(&self) -> bool {
        // If nobody ran between two looks, each look is of one moment.
        let (before, after) = (self.stillness(), self.stillness());
        before.is_some() && before == after
    }

    /// Returns how often each thread gave up its CPU, if all of them wait as said.
    fn stillness(&self) -> Option<BTreeMap<u64, u64>> {
        if self.core_pages.called() || self.undead.wait().is_some() {
            return None;
        }
        let mut switches = BTreeMap::new();
        for process in self.procs.values() {
            let driver = self.grants.has(process.pd);
            let tasks = format!("/proc/{}/task", process.pid());
            for task in std::fs::read_dir(tasks).ok()? {
                let task = task.ok()?.path();
                let call = std::fs::read_to_string(task.join("syscall")).ok()?;
                let status = std::fs::read_to_string(task.join("status")).ok()?;
                let thread = task.file_name()?.to_str()?.parse().ok()?;
                waits_for_another(&Call::parse(&call)?, driver).then_some(())?;
                switches.insert(thread, sum_of_switches(&status)?);
            }
        }
        Some(switches)
    }
}

/// Tells whether a thread waits for another, without an end. A host driver's may wait for its
/// broker, who may wait for a disk.
fn waits_for_another(call: &Call, driver: bool) -> bool {
    match call.number {
        libc::SYS_read => true,
        // Answers of core come on the control socket.
        libc::SYS_recvmsg => !driver && call.argument(0) != Some(CONTROL_FD as u64),
        libc::SYS_futex => call.argument(3) == Some(0),
        libc::SYS_ppoll => call.argument(2) == Some(0),
        _ => false,
    }
}

/// The sum of the two numbers of context switches of proc_pid_status(5).
fn sum_of_switches(status: &str) -> Option<u64> {
    let numbers = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
    numbers.map(|(_, number)| number.trim().parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_with_an_end_or_for_core_is_none_for_another() {
        let waits =
            |text: &str| Call::parse(text).is_some_and(|call| waits_for_another(&call, false));
        let futex = libc::SYS_futex;
        assert!(waits(&format!("{futex} 0x7f 0x80 0x2 0x0 0x0 0x0 0x7ff 0x7f0")));
        assert!(!waits(&format!("{futex} 0x7f 0x80 0x2 0x7f10 0x0 0x0 0x7ff 0x7f0")));
        assert!(waits(&format!("{} 0x5 0x7f 0x40 0x0", libc::SYS_read)));
        assert!(!waits(&format!("{} {CONTROL_FD:#x} 0x7f 0x40", libc::SYS_recvmsg)));
        let from_another = format!("{} 0x9 0x7f 0x40", libc::SYS_recvmsg);
        assert!(waits(&from_another));
        let call = Call::parse(&from_another).unwrap();
        assert!(!waits_for_another(&call, true), "a driver may wait for its broker");
        assert!(!waits(&format!("{} 0x0 0x7f 0x40", libc::SYS_nanosleep)));
        for other in ["running", "-1 0x7ff 0x7f0", "", "0x1", "202"] {
            assert!(!waits(other), "{other}");
        }
        let status = "Name: x\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(sum_of_switches(status), Some(10));
    }
}
