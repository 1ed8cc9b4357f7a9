//! The start of a component, and what it asks for beside its requests. Its end is in `going`.
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use genode_affinity::Location;
use genode_host_proto::sys;
use rustix::event::epoll;
use rustix::net::RecvFlags;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use super::Nucleus;
use super::closed::Closed;
use super::ids::ProcId;
use super::overdue::Overdue;
use super::process::{Phase, Process};
use super::refusal::Refusal;
use super::source::Source;
use super::timer::Timer;
use super::upkeep::FREE_DESCRIPTORS;
use super::words::Words;
use crate::account::AccountId;
use crate::fd;
use crate::isolation::{Limits, Profile, loader};

impl Nucleus {
    /// Start `binary`, a descriptor of an executable, as a component whose parent is `parent`.
    pub(crate) fn spawn(
        &mut self,
        name: &str,
        binary: &OwnedFd,
        parent: Rc<OwnedFd>,
        account: AccountId,
        pd: u64,
        place: Location,
    ) -> Result<ProcId, Refusal> {
        let (control, far) = fd::sockets(fd::CONTROL)?;
        let beyond = self.beyond_free(account);
        let limits =
            Limits { cpus: self.machine.cpus(place), descriptors: FREE_DESCRIPTORS + beyond };
        let (granted, profile) = match self.grants.take(name, pd) {
            Some((socket, profile)) => (Some(socket), profile),
            None => (None, Profile::Ordinary),
        };
        let started = self.isolation.start(name, binary, &far, limits, profile);
        let pid = started.map_err(|e| {
            self.grants.give_back(pd);
            let why = crate::limits::of_start(&e);
            crate::console::note(format_args!("cannot start \"{name}\": {why}"));
            Refusal::Invalid
        })?;
        drop(far);
        let id = ProcId(self.fresh());
        let Ok((pidfd, listener, timer)) = self.follow(pid, id, &control) else {
            // Nobody would learn of its end.
            self.grants.give_back(pd);
            let _ = rustix::process::kill_process(pid, Signal::KILL)
                .and_then(|()| rustix::process::waitpid(Some(pid), WaitOptions::empty()));
            crate::console::note(format_args!(
                "cannot start \"{name}\": core cannot watch any more processes"
            ));
            return Err(Refusal::Limit);
        };
        let process = Process {
            label: name.to_owned(),
            pid,
            pidfd,
            control,
            account,
            pd,
            parent: Some(parent),
            granted,
            parent_object: None,
            place,
            governed: false,
            main_ep: None,
            eps: Vec::new(),
            channels: Vec::new(),
            closing: Vec::new(),
            closed: Closed::default(),
            listener,
            loading: loader::Loading::new(),
            words: Words::new(program(binary).unwrap_or_else(|| "its program".into())),
            phase: Phase::Runs,
            ruin: None,
            bytes: 0,
            beyond,
            timer,
            overdue: Overdue::default(),
        };
        self.procs.insert(id, process);
        self.by_account.insert(account, id);
        Ok(id)
    }

    /// Get ready for what a new process says, asks, and does. What was watched goes with its descriptor.
    fn follow(
        &self,
        pid: Pid,
        id: ProcId,
        control: &OwnedFd,
    ) -> std::io::Result<(OwnedFd, Option<OwnedFd>, Timer)> {
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        let timer = Timer::new(pid, id)?;
        // Sent before the binary was executed.
        let mut fds = sys::Fds::default();
        let _ = sys::recv_packet(control, &mut fds, RecvFlags::DONTWAIT);
        let [loader, ..] = fds;
        if let Some(loader) = &loader {
            self.watch(loader, Source::Loader(id), epoll::EventFlags::IN)?;
        }
        self.watch(control, Source::Control(id), epoll::EventFlags::IN)?;
        self.watch(&pidfd, Source::Death(id), epoll::EventFlags::IN)?;
        Ok((pidfd, loader, timer))
    }

    /// A process asks for a library or a thread.
    pub(crate) fn question(&mut self, id: ProcId) {
        let Some(process) = self.procs.get_mut(&id) else { return };
        let Some(listener) = &process.listener else { return };
        crate::work::calls(12);
        if loader::answer(listener, process.pid, &mut process.loading, &self.libraries).is_err() {
            process.listener = None;
        }
        if process.loading.refused_thread() {
            crate::console::note(format_args!(
                "\"{}\" has {} threads, as many as a component may have: it gets no more; let it use fewer, or divide it",
                process.label,
                genode_host_proto::MAX_THREADS
            ));
        }
    }

    /// Place a thread of a process within the process's place, or, with a number, where its CPU
    /// session says.
    pub(crate) fn thread_bind(
        &mut self,
        id: ProcId,
        thread: u64,
        location: Location,
        number: u64,
    ) -> Result<(), Refusal> {
        let thread = i32::try_from(thread).map_err(|_| Refusal::Invalid)?;
        if number != 0 {
            return self.thread_is(id, thread, number);
        }
        let process = self.procs.get(&id).ok_or(Refusal::Invalid)?;
        if process.governed {
            return Err(Refusal::Invalid);
        }
        let location = process.place.part(location).ok_or(Refusal::Invalid)?;
        self.run_at(id, thread, location)
    }

    /// Lets the CPU session of a process that was just started decide where its threads run, the
    /// first one included. If it is `governed`, the process itself may not.
    pub(crate) fn threads_of_session(&mut self, id: ProcId, governed: bool) {
        if let Some(process) = self.procs.get_mut(&id) {
            process.governed = governed;
        }
        self.first_thread_is(id);
    }
}

/// The name of a binary's memory: that of its ROM module.
fn program(binary: &OwnedFd) -> Option<String> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", binary.as_raw_fd())).ok()?;
    let name = path.to_str()?.strip_prefix("/memfd:")?.strip_suffix(" (deleted)")?;
    Some(name.to_owned())
}
