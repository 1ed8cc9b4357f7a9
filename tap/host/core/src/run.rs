//! The event loop.
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use genode_args::quota::Amount;
use genode_host_proto::bell::{FEW, Hint, hints};
use genode_host_proto::slot::Found;
use genode_host_proto::sys::{self, Fds, Futex};
use genode_host_proto::{MAX_BODY, MAX_CAPS, PAGE};
use genode_wire::ExceptionCode;
use rustix::event::epoll;
use rustix::net::{RecvFlags, SendFlags};

use crate::account::Accounts;
use crate::attention::Attention;
use crate::balance::Balance;
use crate::console::note;
use crate::grants::{self, Grants, Wanted};
use crate::isolation::Isolation;
use crate::machine::Machine;
use crate::nucleus::{CORE_EP, Nucleus, ProcId, SlotId, Source, Verdict, timer};
use crate::overview;
use crate::service::{Modules, Request, Response, Services};
use crate::storm::{Moment, Plan, Storm};
use crate::work;

/// Capabilities of the whole system.
const TOTAL_CAPS: u64 = 100_000;

/// Processes that ran for a while, of which core looks at so many before it serves others.
const LOOKS: usize = 8;

/// Command line.
pub(crate) struct Options {
    boot: PathBuf,
    machine: Option<PathBuf>,
    storm: Option<Plan>,
    state: Option<PathBuf>,
    grants: Vec<Wanted>,
    /// Label of the component that has the terminal.
    terminal: Option<String>,
}

impl Options {
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut boot = None;
        let mut machine = None;
        let (mut storm, mut state, mut grants, mut terminal) = (None, None, Vec::new(), None);
        let mut args = args;
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--state" => state = Some(PathBuf::from(value()?)),
                "--fs" => grants.push(Wanted::parse(&value()?)?),
                "--terminal" => {
                    let label = grants::label(&value()?)
                        .map_err(|why| format!("--terminal: {why}; expected LABEL"))?;
                    if terminal.replace(label).is_some() {
                        return Err("--terminal: one component has the terminal".to_owned());
                    }
                }
                "--machine" => machine = Some(PathBuf::from(value()?)),
                "--storm" => {
                    let text = value()?;
                    let plan = Plan::parse(&text)
                        .ok_or(format!("--storm {text}: expected SEED:COUNT:LABEL"))?;
                    storm = Some(plan);
                }
                "--boot" => boot = Some(PathBuf::from(value()?)),
                other => {
                    return Err(format!(
                        "unknown argument \"{other}\"; usage: rs_host_core --boot DIR [--machine FILE] [--state SOCKET] [--storm SEED:COUNT:LABEL] [--fs LABEL=PATH[:rw]]... [--terminal LABEL]"
                    ));
                }
            }
        }
        let boot = boot.ok_or(
            "usage: rs_host_core --boot DIR [--machine FILE], where DIR holds the ROM modules",
        )?;
        if !boot.is_dir() {
            return Err(format!(
                "{} is no directory: build a boot directory first",
                boot.display()
            ));
        }
        Ok(Self { boot, machine, storm, state, grants, terminal })
    }
}

struct Core {
    nucleus: Nucleus,
    services: Services,
    attention: Attention,
    signals: OwnedFd,
    /// Tells who ran for a while.
    ran: OwnedFd,
    /// A signal asked core to stop.
    stopped: bool,
    /// Descriptors that core had before it started anything.
    descriptors: usize,
    storm: Option<Storm>,
    /// Socket at which tools connect that want to know the state.
    state: Option<OwnedFd>,
}

/// Open descriptors of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Boot and serve until init exits; returns core's exit code.
pub(crate) fn run(options: &Options) -> Result<u8, String> {
    let os = |what: &'static str| move |e: rustix::io::Errno| format!("{what}: {e}");
    let info = rustix::system::sysinfo();
    let real_ram = info.totalram * u64::from(info.mem_unit);
    crate::limits::check(real_ram)?;
    let signals = crate::isolation::termination_signals()
        .map_err(|e| format!("cannot catch signals: {e}"))?;
    let ran = timer::signals().map_err(|e| format!("cannot set timers: {e}"))?;
    let grants = Grants::begin(&options.grants, options.terminal.as_deref())?;
    let isolation = Isolation::new()?;
    let machine = match &options.machine {
        Some(path) => Machine::described(path)?,
        None => Machine::real()?,
    };
    let total_ram = machine.ram().unwrap_or(real_ram) & !(PAGE as u64 - 1);
    let description = machine.description.clone();
    let accounts = Accounts::new(Amount::new(total_ram, TOTAL_CAPS));
    let (nucleus, doorbell, bell) = Nucleus::new(accounts, machine, isolation, grants)
        .map_err(os("cannot create core's tables"))?;
    let attention =
        Attention::new(doorbell, &bell).map_err(os("cannot create core's entrypoint"))?;
    drop(bell);
    let services = Services::new(Modules::new(options.boot.clone()));
    nucleus.watch(&signals, Source::Signals, epoll::EventFlags::IN).map_err(os("epoll"))?;
    nucleus.watch(&ran, Source::Ran, epoll::EventFlags::IN).map_err(os("epoll"))?;
    let state = options.state.as_deref().map(|path| {
        overview::listen(path).map_err(|e| format!("cannot listen on {}: {e}", path.display()))
    });
    let state = state.transpose()?;
    if let Some(state) = &state {
        nucleus.watch(state, Source::State, epoll::EventFlags::IN).map_err(os("epoll"))?;
    }
    let storm = options.storm.clone().map(|plan| {
        Storm::begin(plan, |timer| nucleus.watch(timer, Source::Storm, epoll::EventFlags::IN))
    });
    let storm = storm.transpose().map_err(os("cannot set a timer"))?;
    let descriptors = descriptors();
    let mut core = Core {
        nucleus,
        services,
        attention,
        signals,
        ran,
        stopped: false,
        descriptors,
        storm,
        state,
    };
    if let Some(description) = description {
        core.services.modules.add(&mut core.nucleus, "machine", description.as_bytes());
    }
    core.services.boot(&mut core.nucleus)?;
    let code = core.serve().map_err(os("epoll"))?;
    core.services.shut_down(&mut core.nucleus);
    core.nucleus.kill_all_undead();
    core.summary();
    Ok(code)
}

impl Core {
    fn serve(&mut self) -> rustix::io::Result<u8> {
        let mut events = Vec::with_capacity(64);
        loop {
            events.clear();
            work::begin();
            self.nucleus.kill_undead();
            let busy = self.nucleus.is_going() || self.services.closings.any(&self.nucleus);
            if self.attention.wait(&self.nucleus, &mut events, busy)? {
                self.serve_all();
            }
            for event in &events {
                self.handle(Source::decode(event.data.u64()));
            }
            if self.stopped {
                return Ok(130);
            }
            self.go_on();
            if let Some(value) = self.services.init.as_ref().and_then(|i| i.exit) {
                note(format_args!("child \"init\" exited with exit value {value}"));
                return Ok(value as u8);
            }
            let init_gone = self.nucleus.procs.is_empty();
            if init_gone {
                note(format_args!("Error: init ended without exit"));
                return Ok(1);
            }
        }
    }

    /// A piece of what takes long.
    fn go_on(&mut self) {
        work::begin();
        if let Some(gone) = self.nucleus.take_back() {
            self.services.process_gone(&mut self.nucleus, gone);
        }
        if !work::over()
            && let Some((slot, response)) = self.services.close_a_piece(&mut self.nucleus)
        {
            self.reply(slot, ExceptionCode::SUCCESS, &response);
        }
    }

    fn handle(&mut self, source: Source) {
        work::begin();
        match source {
            Source::Doorbell => self.doorbell(),
            Source::Signals => {
                let mut info = [0u8; 128];
                let _ = rustix::io::read(&self.signals, &mut info);
                // The number of the signal comes first.
                match info.first_chunk().map(|number| i32::from_ne_bytes(*number)) {
                    Some(libc::SIGUSR1) => {
                        for line in self.nucleus.who_waits() {
                            note(format_args!("{line}"));
                        }
                    }
                    Some(libc::SIGUSR2) => {
                        if self.storm.is_none()
                            && !self.services.closings.pending()
                            && !self.nucleus.is_going()
                            && self.nucleus.is_still()
                        {
                            note(format_args!("nothing can happen any more"));
                        }
                    }
                    _ => self.stopped = true,
                }
            }
            Source::Control(process) => {
                self.serving(process, Moment::Request);
                // One request, since the next one is told of too: most come one at a time.
                if self.nucleus.control(process, || false) == Verdict::Broken {
                    self.nucleus.kill(process);
                }
                if let (Some((waits, provides)), Some(storm)) =
                    (self.nucleus.waits.take(), &mut self.storm)
                {
                    storm.waiting(&self.nucleus, waits, provides);
                }
            }
            Source::Death(process) => self.nucleus.died(process),
            Source::Event(ep) => self.nucleus.event_writable(ep),
            Source::Loader(process) => {
                self.serving(process, Moment::Question);
                self.nucleus.question(process);
            }
            Source::Ran => {
                // Anything else that ran is told of again.
                for process in (0..LOOKS).map_while(|_| timer::next(&self.ran)) {
                    self.nucleus.look(process);
                    self.nucleus.look_for_overdue(process);
                }
            }
            Source::State => {
                if let Some(state) = &self.state {
                    overview::serve(state, &self.nucleus, &self.services);
                }
            }
            Source::Storm => {
                if let Some(storm) = &mut self.storm {
                    storm.rang(&self.nucleus);
                }
            }
        }
    }

    /// Something of a process is about to be served.
    fn serving(&mut self, process: ProcId, moment: Moment) {
        if let Some(storm) = &mut self.storm {
            storm.serving(&self.nucleus, process, moment);
        }
    }

    /// Serve the slots that rang.
    fn doorbell(&mut self) {
        let mut few = [0; FEW];
        let read = self.attention.take(&mut few);
        let Some(hints) = hints(few.get(..read).unwrap_or_default()) else {
            return self.serve_all();
        };
        for hint in hints {
            // Core has no channels to tell it of events and signals.
            if let Hint::Slot(number) = hint {
                self.serve_slot(number.into());
            }
        }
    }

    /// Serve all slots where a call waits.
    fn serve_all(&mut self) {
        for number in 0..self.nucleus.core_pages.bound() {
            self.serve_slot(number);
        }
    }

    fn serve_slot(&mut self, number: usize) {
        let Some(id) = self.nucleus.eps.get(&CORE_EP).and_then(|ep| ep.slots.get(number)) else {
            return;
        };
        let id = *id;
        if self.services.closings.hold(id) {
            return;
        }
        let Some(slot) = self.nucleus.slots.get(&id).filter(|s| s.page().called()) else { return };
        let mut body = [0; MAX_BODY];
        let Found::Call(call) = slot.page().take(&mut body) else { return };
        work::begin();
        self.attention.called_from(call.cpu);
        let mut caps: [Option<OwnedFd>; MAX_CAPS] = Default::default();
        if call.caps > 0
            && let Some(socket) = &slot.socket
        {
            receive_caps(socket, &mut caps);
        }
        let channel_id = slot.channel;
        if let Some(client) = self.nucleus.channels.get(&channel_id).map(|c| c.client) {
            self.serving(client, Moment::Call);
        }
        let channel = self.nucleus.channels.get(&channel_id);
        let object = channel.and_then(|c| c.object(call.index));
        let mut response = Response::new();
        let request = Request {
            body: body.get(..call.len).unwrap_or_default(),
            caps: caps.get(..call.caps).unwrap_or_default(),
            channel: channel_id,
        };
        let served = match object {
            Some(object) => {
                self.services.dispatch(&mut self.nucleus, object, &request, &mut response)
            }
            None => Err(ExceptionCode::INVALID_OBJECT),
        };
        let code = match served {
            Ok(()) => ExceptionCode::SUCCESS,
            Err(code) => {
                response = Response::new();
                code
            }
        };
        if response.later {
            self.services.closings.from(id);
        } else {
            self.reply(id, code, &response);
        }
        while let Some(process) = self.nucleus.broken.pop() {
            self.nucleus.kill(process);
        }
    }

    fn reply(&self, id: SlotId, code: ExceptionCode, response: &Response) {
        // The call may have ended the caller.
        let Some(slot) = self.nucleus.slots.get(&id) else { return };
        let caps = response.caps.as_slice();
        let mut sent = 0;
        if !caps.is_empty() {
            let valid: Vec<u8> = caps.iter().map(|cap| cap.is_some().into()).collect();
            let fds: Vec<_> = caps.iter().flatten().map(std::os::fd::AsFd::as_fd).collect();
            let socket = slot.socket.as_ref();
            let delivered = socket
                .is_some_and(|socket| sys::send(socket, &valid, &fds, SendFlags::DONTWAIT).is_ok());
            if delivered {
                sent = caps.len();
            }
        }
        let body = response.body.get(..response.len).unwrap_or_default();
        let _ = slot.page().reply(&Futex, code, body, sent);
    }

    /// Show that nothing was lost: the accounts add up and nothing is left.
    fn summary(&self) {
        let accounts = &self.nucleus.accounts;
        let root = accounts.get(crate::account::ROOT).copied().unwrap_or_default();
        let nucleus = &self.nucleus;
        // The boot modules stay.
        let kept = self.services.modules.count();
        let objects = nucleus.objects.len().saturating_sub(kept);
        let calls = nucleus.channels.len() + nucleus.slots.len() + (nucleus.eps.len() - 1);
        let balance = Balance {
            start: accounts.total(),
            back: root.quota.avail(),
            sum: accounts.sum(),
            kept: self.services.kept,
            unfounded: accounts.unfounded(),
            accounts: accounts.open(),
            processes: nucleus.procs.len(),
            objects: objects + calls + nucleus.maps.count(),
            descriptors: descriptors().saturating_sub(self.descriptors + kept),
        };
        note(format_args!("{balance}"));
    }
}

/// One packet of capabilities: a byte per capability says whether it is valid.
fn receive_caps(socket: &OwnedFd, caps: &mut [Option<OwnedFd>; MAX_CAPS]) {
    let mut valid = [0u8; MAX_CAPS];
    let mut fds = Fds::default();
    if let Ok((len, _)) = sys::recv(socket, &mut valid, &mut fds, RecvFlags::DONTWAIT) {
        let mut fds = fds.into_iter().flatten();
        for (cap, valid) in caps.iter_mut().zip(valid.get(..len).unwrap_or_default()) {
            if *valid != 0 {
                *cap = fds.next();
            }
        }
    }
}
