//! Where a server and its client run.
//!
//! Left to itself, the scheduler moves the threads of both about, and what is measured is its luck: a request and its
//! answer cost twice as much between two processors as on one. So each has its place, the same on every allocator.
#![allow(unsafe_code, reason = "asks the system by C functions")]

use std::path::Path;

use crate::problem::Problem;

/// The processors that a server and its client are put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places(Option<[usize; 2]>);

impl Places {
    /// The first two processors that this process may use; with fewer there is nothing to choose.
    pub(crate) fn of_machine() -> Self {
        // SAFETY: an all-zero set is valid, the call writes only to it, and the size is its own.
        let set = unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::sched_getaffinity(0, size_of_val(&set), &raw mut set);
            set
        };
        // SAFETY: the numbers are below the set's size.
        let mut usable =
            (0..libc::CPU_SETSIZE as usize).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) });
        Self(usable.next().zip(usable.next()).map(<[usize; 2]>::from))
    }

    /// Everything goes where the scheduler wants it.
    pub(crate) const ANYWHERE: Self = Self(None);

    /// The first or second processor.
    pub(crate) fn at(self, index: usize) -> Option<usize> {
        self.0.map(|cpus| cpus[index % cpus.len()])
    }
}

/// Puts a thread on a processor; 0 is the calling one. Async-signal-safe.
pub(crate) fn pin(thread: u32, cpu: usize) -> std::io::Result<()> {
    // SAFETY: an all-zero set is valid; the number is below the set's size, and the kernel reads only the set.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu % libc::CPU_SETSIZE as usize, &mut set);
        libc::sched_setaffinity(thread.cast_signed(), size_of_val(&set), &raw const set)
    };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// The same, with words for a person if it fails.
pub(crate) fn put(thread: u32, cpu: usize) -> Result<(), Problem> {
    pin(thread, cpu).map_err(|error| {
        Problem::new(format!("thread {thread} could not be put on processor {cpu}: {error}"))
    })
}

/// The threads of a process, and how often each has waited for something.
fn waits(pid: u32) -> Vec<(u32, u64)> {
    let read = |path: &Path| -> Option<(u32, u64)> {
        let status = std::fs::read_to_string(path.join("status")).ok()?;
        let count =
            status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        Some((path.file_name()?.to_str()?.parse().ok()?, count.trim().parse().ok()?))
    };
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| read(&thread.path())).collect()
}

/// The thread of a process that waited most often while `work` was done: the one that serves who did it.
pub(crate) fn who_serves(
    pid: u32,
    work: impl FnOnce() -> Result<(), Problem>,
) -> Result<u32, Problem> {
    let before = waits(pid);
    work()?;
    let more = |(thread, count): &(u32, u64)| {
        let old = before.iter().find(|(other, _)| other == thread).map_or(0, |(_, old)| *old);
        count.saturating_sub(old)
    };
    waits(pid)
        .into_iter()
        .max_by_key(more)
        .map(|(thread, _)| thread)
        .ok_or_else(|| Problem::new(format!("process {pid} has no thread any more")))
}

#[cfg(test)]
mod tests {
    use super::{Places, pin, who_serves};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    #[test]
    fn a_pinned_thread_has_one_place() {
        let places = Places::of_machine();
        let Some(cpu) = places.at(1) else {
            println!("SKIP: one processor only");
            return;
        };
        assert_ne!(places.at(0), places.at(1));
        let seen = std::thread::spawn(move || {
            pin(0, cpu).expect("a processor we may use");
            // SAFETY: sched_getcpu has no preconditions.
            (Places::of_machine(), unsafe { libc::sched_getcpu() })
        });
        assert_eq!(seen.join().expect("no panic"), (Places::ANYWHERE, cpu as i32));
    }

    #[test]
    fn finds_the_thread_that_answers() {
        let (ask, asked) = channel::<()>();
        let (answer, answered) = channel();
        let server = std::thread::spawn(move || {
            // SAFETY: gettid has no preconditions.
            answer.send(unsafe { libc::gettid() }).expect("a listener");
            for () in asked {
                answer.send(0).expect("a listener");
            }
        });
        let thread = answered.recv().expect("an answer");
        let busiest = who_serves(std::process::id(), || {
            for _ in 0..1000 {
                ask.send(()).expect("a server");
                while answered.try_recv().is_err() {
                    std::thread::yield_now();
                }
                // Awake, while the server goes to sleep.
                let start = Instant::now();
                while start.elapsed() < Duration::from_micros(20) {
                    std::hint::spin_loop();
                }
            }
            Ok(())
        });
        drop(ask);
        server.join().expect("no panic");
        assert_eq!(busiest.expect("a thread"), thread as u32);
    }
}
