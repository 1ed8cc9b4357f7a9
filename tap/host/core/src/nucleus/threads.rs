//! Reads what Linux shows of a component's threads: where each waits, and since when.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::thread::CpuSet;

use crate::work;

/// Threads of one component that are looked at.
const MOST: usize = 64;

/// A system call in which a thread waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Call {
    pub(super) number: libc::c_long,
    arguments: Vec<u64>,
}

impl Call {
    /// Reads what proc_pid_syscall(5) says of a thread that does not run: the call's number, its
    /// arguments, and two more.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let number = words.next()?.parse().ok()?;
        let arguments: Option<Vec<u64>> =
            words.map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect();
        Some(Self { number, arguments: arguments? })
    }

    pub(super) fn argument(&self, at: usize) -> Option<u64> {
        self.arguments.get(at).copied()
    }
}

/// A thread of a component.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) name: String,
    /// The call in which it waits; `None` if it runs.
    pub(super) call: Option<Call>,
    /// Time since it ran.
    pub(super) idle: Option<Duration>,
}

/// Lists the threads of a process, the oldest first.
pub(crate) fn ids(pid: i32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut ids: Vec<i32> = tasks.filter_map(|t| t.file_name().to_str()?.parse().ok()).collect();
    work::calls(4);
    work::count(ids.len());
    ids.sort_unstable();
    ids
}

/// The name of a thread, of which Linux keeps 15 bytes. The first one is the main entrypoint.
pub(crate) fn name(pid: i32, thread: i32) -> String {
    if thread == pid {
        return "ep".into();
    }
    work::calls(3);
    let name = std::fs::read(format!("/proc/{pid}/task/{thread}/comm")).unwrap_or_default();
    String::from_utf8_lossy(&name).trim_end().replace('\0', "")
}

/// State of a thread at this moment.
#[derive(Debug)]
pub(super) enum Doing {
    Runs,
    Waits(Call),
    /// It ended, stands still, or Linux does not tell.
    Gone,
}

/// Looks at what a thread does.
pub(super) fn call(pid: i32, thread: i32) -> Doing {
    work::calls(3);
    let text = std::fs::read_to_string(task(pid, thread).join("syscall")).unwrap_or_default();
    match Call::parse(&text) {
        Some(call) => Doing::Waits(call),
        None if text.starts_with("running") => Doing::Runs,
        None => Doing::Gone,
    }
}

/// Time that a thread ran; `None` if it ended.
pub(crate) fn ran(pid: i32, thread: i32) -> Option<Duration> {
    work::calls(3);
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

/// Looks at the first threads of a process.
pub(super) fn of(pid: i32, clocks: &mut Clocks) -> Vec<Thread> {
    let all = ids(pid).into_iter().take(MOST);
    all.map(|id| Thread { name: name(pid, id), ..look(&task(pid, id), clocks) }).collect()
}

fn task(pid: i32, thread: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/task/{thread}"))
}

fn look(task: &Path, clocks: &mut Clocks) -> Thread {
    let read = |file| std::fs::read_to_string(task.join(file)).unwrap_or_default();
    let call = Call::parse(&read("syscall"));
    let ran = last_ran(&read("sched"));
    let idle = call.as_ref().and(ran).and_then(|ran| {
        let now = clocks.now(cpu(&read("stat"))?)?;
        Duration::try_from_secs_f64((now - ran).max(0.0) / 1000.0).ok()
    });
    Thread { name: String::new(), call, idle }
}

/// The CPU on which a thread ran last, of proc_pid_stat(5).
fn cpu(stat: &str) -> Option<usize> {
    let (_, fields) = stat.rsplit_once(") ")?;
    // Field 39; behind the name, the first is 3.
    fields.split(' ').nth(36)?.parse().ok()
}

/// The time in milliseconds at which a thread ran last, by the clock of its CPU, of a thread's file
/// `sched`.
fn last_ran(sched: &str) -> Option<f64> {
    let line = sched.lines().find_map(|line| line.strip_prefix("se.exec_start"))?;
    line.trim().strip_prefix(':')?.trim().parse().ok()
}

/// The scheduler's clocks. Each CPU has its own, which stands still while a hypervisor runs others,
/// and which only a thread there can read: so the calling thread goes from one CPU to the other.
pub(super) struct Clocks {
    home: Option<CpuSet>,
    now: BTreeMap<usize, Option<f64>>,
}

impl Clocks {
    pub(super) fn new() -> Self {
        Self { home: rustix::thread::sched_getaffinity(None).ok(), now: BTreeMap::new() }
    }

    /// The time on a CPU, in milliseconds, when it was first asked for.
    fn now(&mut self, cpu: usize) -> Option<f64> {
        self.home.as_ref()?;
        *self.now.entry(cpu).or_insert_with(|| {
            let mut there = CpuSet::new();
            (cpu < CpuSet::MAX_CPU).then(|| there.set(cpu))?;
            rustix::thread::sched_setaffinity(None, &there).ok()?;
            last_ran(&std::fs::read_to_string("/proc/thread-self/sched").ok()?)
        })
    }
}

impl Drop for Clocks {
    fn drop(&mut self) {
        if let Some(home) = self.home.as_ref().filter(|_| !self.now.is_empty()) {
            let _ = rustix::thread::sched_setaffinity(None, home);
        }
    }
}

/// Finds where a process has shared memory mapped: the inode behind each address where such a
/// mapping begins.
pub(super) fn mappings(pid: i32) -> BTreeMap<u64, u64> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines().filter_map(mapping).collect()
}

/// The beginning and the inode of a line of proc_pid_maps(5) that tells of shared memory.
fn mapping(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (begin, _) = words.next()?.split_once('-')?;
    words.next()?.ends_with('s').then_some(())?;
    let inode = words.nth(2)?.parse().ok()?;
    Some((u64::from_str_radix(begin, 16).ok()?, inode))
}

/// The inode of the pipe behind a descriptor of a process.
pub(super) fn pipe(pid: i32, fd: u64) -> Option<u64> {
    let link = std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
    link.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_is_read() {
        let call = Call::parse("202 0x7f00 0x80 0x2 0x0 0x0 0x0 0x7ff 0x7f0\n").unwrap();
        assert_eq!((call.number, call.argument(0), call.argument(9)), (202, Some(0x7f00), None));
        for wrong in ["running", "", "0x1", "202 7"] {
            assert_eq!(Call::parse(wrong), None, "{wrong}");
        }
        let sched = "x (1, #threads: 1)\n---\nse.exec_start      :      39742808.115211\n";
        assert_eq!(last_ran(sched), Some(39_742_808.115_211));
        assert_eq!(last_ran("se.vruntime : 7\n"), None);
        let fields = (3..53).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(cpu(&format!("1 (a) b) {fields}")), Some(39));
        let line = "7f00-8f00 rw-s 00000000 00:01 1234    /memfd:slot (deleted)";
        assert_eq!(mapping(line), Some((0x7f00, 1234)));
        assert_eq!(mapping("7f00-8f00 rw-p 00000000 00:00 0"), None, "its own");
    }

    /// Linux tells since when a thread waits, across CPUs, and the caller stays where it may run.
    #[test]
    fn since_when_a_thread_waits_is_told() {
        let (send, wait) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let begun = std::time::Instant::now();
        let sleeper = std::thread::spawn(move || {
            tell.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
            wait.recv()
        });
        let task = format!("/proc/self/task/{}", told.recv().unwrap());
        let home = rustix::thread::sched_getaffinity(None).unwrap();
        let least = Duration::from_millis(300);
        // It may run once more before it waits for good: it waits longer and longer from then on.
        while look(Path::new(&task), &mut Clocks::new()).idle.unwrap_or_default() < least {
            assert!(begun.elapsed() < Duration::from_mins(1), "Linux does not tell");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(look(Path::new(&task), &mut Clocks::new()).idle.unwrap() <= begun.elapsed());
        assert!(rustix::thread::sched_getaffinity(None).unwrap() == home);
        send.send(()).unwrap();
        sleeper.join().unwrap().unwrap();
    }
}
