//! Tells who waits for whom: for a person who wonders why nothing happens (SIGUSR1), and whether
//! anything still can (SIGUSR2).
use std::collections::BTreeMap;
use std::fmt::Write;

use super::Nucleus;
use super::ids::{CORE_EP, ProcId};
use genode_host_proto::CONTROL_FD;
use genode_host_proto::slot::Found;

/// Components that are told of.
const MOST: usize = 256;

/// A call without an answer yet.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wait {
    /// `None` for core.
    server: Option<ProcId>,
    function: u64,
}

impl Nucleus {
    /// Tells of each component what it does, and for whom it waits, a line each; the last one says
    /// how many there are.
    pub(crate) fn who_waits(&self) -> Vec<String> {
        let waits = self.calls();
        let mut ids: Vec<ProcId> = self.procs.keys().copied().collect();
        ids.sort_unstable_by_key(|id| id.0);
        let mut lines = Vec::new();
        for id in ids.iter().take(MOST) {
            let Some(process) = self.procs.get(id) else { continue };
            let calls = waits.get(id).map_or(&[][..], Vec::as_slice);
            let pid = process.pid.as_raw_nonzero().get();
            let mut line = format!("who waits: \"{}\" {}", process.label, state(pid));
            for call in calls {
                let server = call.server.and_then(|s| self.procs.get(&s));
                let server = server.map_or("core", |s| s.label.as_str());
                let _ =
                    write!(line, "; waits for an answer of \"{server}\" to call {}", call.function);
            }
            if circle(&waits, *id) {
                line.push_str(", which waits for it: a circle");
            }
            lines.push(line);
        }
        lines.push(format!("who waits: {} components in all", ids.len()));
        lines
    }

    /// The calls under way, by client.
    fn calls(&self) -> BTreeMap<ProcId, Vec<Wait>> {
        let mut waits: BTreeMap<ProcId, Vec<Wait>> = BTreeMap::new();
        for slot in self.slots.values().filter(|slot| slot.page().called()) {
            let Some(channel) = self.channels.get(&slot.channel) else { continue };
            let server = (channel.ep != CORE_EP)
                .then(|| self.eps.get(&channel.ep).map(|ep| ep.owner))
                .flatten();
            let mut function = [0; 8];
            let Found::Call(_) = slot.page().take(&mut function) else { continue };
            let wait = Wait { server, function: u64::from_ne_bytes(function) };
            waits.entry(channel.client).or_default().push(wait);
        }
        waits
    }
}

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
            let tasks = format!("/proc/{}/task", process.pid.as_raw_nonzero());
            for task in std::fs::read_dir(tasks).ok()? {
                let task = task.ok()?.path();
                let call = std::fs::read_to_string(task.join("syscall")).ok()?;
                let status = std::fs::read_to_string(task.join("status")).ok()?;
                let thread = task.file_name()?.to_str()?.parse().ok()?;
                waits_for_another(&call).then_some(())?;
                switches.insert(thread, sum_of_switches(&status)?);
            }
        }
        Some(switches)
    }
}

/// Tells whether a thread waits for another, without an end: by what proc_pid_syscall(5) says, the
/// call's number and arguments.
fn waits_for_another(call: &str) -> bool {
    let mut words = call.split_whitespace();
    let number = words.next().and_then(|n| n.parse::<libc::c_long>().ok());
    let arguments: Option<Vec<u64>> =
        words.map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect();
    let (Some(number), Some(arguments)) = (number, arguments) else { return false };
    let argument = |at: usize| arguments.get(at).copied();
    match number {
        libc::SYS_read => true,
        // Answers of core come on the control socket.
        libc::SYS_recvmsg => argument(0) != Some(CONTROL_FD as u64),
        libc::SYS_futex => argument(3) == Some(0),
        libc::SYS_ppoll => argument(2) == Some(0),
        _ => false,
    }
}

/// The sum of the two numbers of context switches of proc_pid_status(5).
fn sum_of_switches(status: &str) -> Option<u64> {
    let numbers = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
    numbers.map(|(_, number)| number.trim().parse::<u64>().ok()).sum()
}

/// Tells whether who is waited for waits for `id` in the end.
fn circle(waits: &BTreeMap<ProcId, Vec<Wait>>, id: ProcId) -> bool {
    let servers = |id: ProcId| waits.get(&id).into_iter().flatten().filter_map(|w| w.server);
    let mut seen: Vec<ProcId> = servers(id).collect();
    let mut next = 0;
    while let Some(server) = seen.get(next).copied() {
        if server == id {
            return true;
        }
        for further in servers(server) {
            if !seen.contains(&further) {
                seen.push(further);
            }
        }
        next += 1;
    }
    false
}

/// Asks Linux about a process's threads.
fn state(pid: i32) -> String {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(") ") else { return "has ended".into() };
    let fields: Vec<&str> = fields.split(' ').collect();
    let number = |at: usize| fields.get(at).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    // Fields 14 and 15 of proc(5), in hundredths of a second: behind the name, the first is 3.
    let ms = (number(11) + number(12)) * 10;
    let doing = match fields.first() {
        Some(&"R") => "runs",
        Some(&"T") => "is stopped",
        Some(&"Z") => "has ended",
        _ => "sleeps",
    };
    let threads = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
    format!("{doing} ({threads}, {ms} ms of CPU time so far)")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use genode_args::quota::Amount;

    use super::super::ids::ProcId;
    use super::super::testing::nucleus;
    use super::{CONTROL_FD, Wait, circle, sum_of_switches, waits_for_another};

    #[test]
    fn a_wait_with_an_end_or_for_core_is_none_for_another() {
        let futex = libc::SYS_futex;
        assert!(waits_for_another(&format!("{futex} 0x7f 0x80 0x2 0x0 0x0 0x0 0x7ff 0x7f0")));
        assert!(!waits_for_another(&format!("{futex} 0x7f 0x80 0x2 0x7f10 0x0 0x0 0x7ff 0x7f0")));
        assert!(waits_for_another(&format!("{} 0x5 0x7f 0x40 0x0", libc::SYS_read)));
        assert!(!waits_for_another(&format!("{} {CONTROL_FD:#x} 0x7f 0x40", libc::SYS_recvmsg)));
        assert!(!waits_for_another(&format!("{} 0x0 0x7f 0x40", libc::SYS_nanosleep)));
        for other in ["running", "-1 0x7ff 0x7f0", "", "0x1", "202"] {
            assert!(!waits_for_another(other), "{other}");
        }
        let status = "Name: x\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(sum_of_switches(status), Some(10));
    }

    #[test]
    fn circles_are_found_and_chains_are_none() {
        let wait = |server: u64| vec![Wait { server: Some(ProcId(server)), function: 0 }];
        let mut waits = BTreeMap::from([(ProcId(1), wait(2)), (ProcId(2), wait(3))]);
        assert!(!circle(&waits, ProcId(1)));
        waits.insert(ProcId(3), wait(2));
        assert!(!circle(&waits, ProcId(1)), "the circle is behind it");
        assert!(circle(&waits, ProcId(2)) && circle(&waits, ProcId(3)));
    }

    #[test]
    fn a_call_without_an_answer_is_told_with_its_server() {
        let mut nucleus = nucleus();
        let server = nucleus.peer(Amount::new(1 << 20, 100));
        let client = nucleus.peer(Amount::new(1 << 20, 100));
        let ep = server.entrypoint(&mut nucleus);
        let (object, _cap) = server.object(&mut nucleus, ep);
        let claim = nucleus.claim(client.id, object).unwrap();
        let quiet = nucleus.who_waits();
        assert_eq!(quiet.len(), 3);
        assert!(quiet.iter().all(|line| !line.contains("answer")), "{quiet:?}");
        let slot = claim.new.unwrap().slot.id;
        nucleus.slots[&slot].page().post(claim.index, &7_u64.to_ne_bytes(), 0, 0).unwrap();
        let lines = nucleus.who_waits();
        let (server, client) = (&nucleus.procs[&server.id].label, &nucleus.procs[&client.id].label);
        let expected = format!("waits for an answer of \"{server}\" to call 7");
        let told: Vec<_> = lines.iter().filter(|line| line.ends_with(&expected)).collect();
        assert_eq!(told.len(), 1, "{lines:?}");
        assert!(told[0].starts_with(&format!("who waits: \"{client}\" ")), "{told:?}");
    }
}
