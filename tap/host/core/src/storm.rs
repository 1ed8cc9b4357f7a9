//! Fault injection: `--storm SEED:COUNT:LABEL` strikes components below LABEL, COUNT times.
//!
//! A strike is a signal that ends a process, any of those that do, or SIGSTOP, or first the one and then the other. Some come
//! at a random time, others exactly when core has a request, a call, or a question of the victim before it and did not answer
//! yet, or when a thread waits in a managed dataspace, for it or for who is to provide: moments that random times rarely meet. Victims and moments follow from the seed; when components run does not.
use std::collections::HashSet;
use std::os::fd::OwnedFd;

use rustix::process::Signal;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::console::note;
use crate::nucleus::{Nucleus, ProcId};

/// Signals that end a process, SIGPIPE apart, which components ignore.
const FATAL: [i32; 24] = [
    libc::SIGKILL,
    libc::SIGKILL,
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGUSR1,
    libc::SIGSEGV,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGSTKFLT,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGIO,
    libc::SIGPWR,
    libc::SIGSYS,
    libc::SIGKILL,
];

/// Of so many strikes one is a stop, and one ends what was stopped just before.
const STOPS: u64 = 24;
const STOPPED: u64 = 8;
/// Longest time between two strikes, in microseconds: some components are to live long enough to do something.
const PAUSE: u64 = 20_000;
/// How long a strike then waits for its moment, in microseconds.
const PATIENCE: u64 = 25_000;

/// When to strike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// At any time.
    Any,
    /// While core has a request on its control socket.
    Request,
    /// While core has a call of it.
    Call,
    /// While it asks for a library or a thread.
    Question,
    /// While a thread waits in a managed dataspace, by it or for it.
    Fault,
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    seed: u64,
    count: u32,
    below: String,
}

impl Plan {
    /// `SEED:COUNT:LABEL`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (seed, rest) = text.split_once(':')?;
        let (count, label) = rest.split_once(':')?;
        let (seed, count) = (seed.parse().ok()?, count.parse().ok()?);
        (count > 0 && !label.is_empty()).then(|| Self {
            seed,
            count,
            below: format!("{label} -> "),
        })
    }
}

/// The storm.
pub(crate) struct Storm {
    plan: Plan,
    timer: OwnedFd,
    random: u64,
    left: u32,
    /// The moment of the next strike, and whether the pause before it is over.
    next: Moment,
    armed: bool,
    /// Processes that were struck and did not end yet.
    struck: HashSet<ProcId>,
    stops: u32,
    /// Ends of what was stopped just before.
    stopped: u32,
    /// Strikes by moment, and those at who is to provide what a thread waits for.
    moments: [u32; 5],
    providers: u32,
}

impl Storm {
    /// Begins, with the first strike after some time. `watch` is told the descriptor of the timer.
    pub(crate) fn begin(
        plan: Plan,
        watch: impl FnOnce(&OwnedFd) -> rustix::io::Result<()>,
    ) -> rustix::io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        watch(&timer)?;
        let (left, seed) = (plan.count, plan.seed);
        let mut storm = Self {
            plan,
            timer,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            left,
            next: Moment::Any,
            armed: false,
            struck: HashSet::new(),
            stops: 0,
            stopped: 0,
            moments: [0; 5],
            providers: 0,
        };
        storm.prepare();
        Ok(storm)
    }

    /// A number below `n`.
    fn random(&mut self, n: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 16) % n
    }

    /// Choose the next moment, and how long not to strike.
    fn prepare(&mut self) {
        let pause = match self.random(8) {
            0 => 1,
            _ => PAUSE,
        };
        self.next = match self.random(8) {
            0 => Moment::Request,
            1 => Moment::Call,
            2 => Moment::Question,
            3 | 4 => Moment::Fault,
            _ => Moment::Any,
        };
        self.armed = false;
        let wait = 1 + self.random(pause);
        self.set(wait);
    }

    /// Set the timer, in microseconds.
    fn set(&self, wait: u64) {
        let wait = Timespec { tv_sec: 0, tv_nsec: (wait * 1000).cast_signed() };
        let once = Itimerspec { it_interval: Timespec::default(), it_value: wait };
        // A timer that cannot be set means no storm, which its end will not be told of.
        let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once);
    }

    /// The timer rang: wait for the moment, or strike anybody.
    pub(crate) fn rang(&mut self, nucleus: &Nucleus) {
        let mut count = [0u8; 8];
        if rustix::io::read(&self.timer, &mut count).is_err() || self.left == 0 {
            return;
        }
        if self.next != Moment::Any && !self.armed {
            self.armed = true;
            return self.set(PATIENCE);
        }
        self.struck.retain(|p| nucleus.procs.contains_key(p));
        let mut victims: Vec<ProcId> = nucleus
            .procs
            .iter()
            .filter(|(id, p)| p.label.starts_with(&self.plan.below) && !self.struck.contains(id))
            .map(|(id, _)| *id)
            .collect();
        // The table's order is not the seed's.
        victims.sort_unstable();
        if !victims.is_empty() {
            let at = self.random(victims.len() as u64) as usize;
            if let Some(victim) = victims.get(at) {
                self.strike(nucleus, *victim, Moment::Any);
            }
        }
        self.prepare();
    }

    /// Core is about to serve a process: strike it, if this is the moment.
    pub(crate) fn serving(&mut self, nucleus: &Nucleus, process: ProcId, moment: Moment) {
        let victim = nucleus.procs.get(&process);
        if self.left == 0
            || !self.armed
            || self.next != moment
            || self.struck.contains(&process)
            || victim.is_none_or(|p| !p.label.starts_with(&self.plan.below))
            // not the first to come along, unless few do
            || (moment != Moment::Fault && self.random(4) > 0)
        {
            return;
        }
        self.strike(nucleus, process, moment);
        self.prepare();
    }

    /// A thread began to wait in a managed dataspace: strike it, or who is to provide.
    pub(crate) fn waiting(&mut self, nucleus: &Nucleus, waits: ProcId, provides: Option<ProcId>) {
        if self.left == 0 || !self.armed || self.next != Moment::Fault {
            return;
        }
        let left = self.left;
        match provides.filter(|_| self.random(2) == 0) {
            Some(provider) => {
                self.serving(nucleus, provider, Moment::Fault);
                self.providers += left - self.left;
            }
            None => self.serving(nucleus, waits, Moment::Fault),
        }
    }

    fn strike(&mut self, nucleus: &Nucleus, victim: ProcId, moment: Moment) {
        let signal = match self.random(STOPS) {
            0 => libc::SIGSTOP,
            _ => {
                let at = self.random(FATAL.len() as u64) as usize;
                FATAL.get(at).copied().unwrap_or(libc::SIGKILL)
            }
        };
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        let Some(process) = nucleus.procs.get(&victim) else { return };
        // What is stopped must not be harder to get rid of. SIGKILL needs no more; others come when it continues.
        let stopped = signal != Signal::STOP && self.random(STOPPED) == 0;
        if stopped && !process.signal(Signal::STOP) || !process.signal(signal) {
            return; // it died by itself
        }
        if stopped && signal != Signal::KILL {
            process.signal(Signal::CONT);
        }
        self.struck.insert(victim);
        self.stops += u32::from(signal == Signal::STOP);
        self.stopped += u32::from(stopped);
        if let Some(n) = self.moments.get_mut(moment as usize) {
            *n += 1;
        }
        self.left -= 1;
        if self.left == 0 {
            self.over();
        }
    }

    fn over(&self) {
        let [any, request, call, question, fault] = self.moments;
        let Self { stops, stopped, providers, .. } = self;
        note(format_args!(
            "storm over: {} strikes, {stops} of them stops, {stopped} ends of what was just stopped; {any} at any time, {request} in a request, {call} in a call, {question} in a question to core, {fault} in a page fault, {providers} of these at its pager",
            self.plan.count
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_described_by_three_parts() {
        let plan = Plan { seed: 7, count: 300, below: "init -> storm -> ".into() };
        assert_eq!(Plan::parse("7:300:init -> storm"), Some(plan));
        for bad in ["", "7", "7:300", "7:300:", "7:0:x", "x:1:y", "1:-1:y"] {
            assert_eq!(Plan::parse(bad), None, "{bad}");
        }
    }
}
