//! Tells of calls that wait long for a component that runs all that time: it computes, or loops.
//!
//! Nobody sets a timer for that. Linux tells core of each 20 ms of CPU time that a component used
//! (see [`timer`](super::timer)), so that a component which rests costs nothing. Now and then core
//! looks then at the calls that wait for that component, and marks those that it finds. A call
//! whose mark is still there at a later look is the same one: each new call writes over it.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use genode_host_proto::slot::NOTE;

use super::Nucleus;
use super::entrypoint::Entrypoint;
use super::ids::{EpId, ProcId, SlotId};
use super::threads::{self, Doing};
use crate::console::note;
use crate::work;

/// CPU time of a component between two looks at the calls that wait for it.
const EVERY: Duration = Duration::from_millis(100);
/// A call is told of when it waited for so long, and its server ran for `RAN` of that.
const WAITED: Duration = Duration::from_millis(500);
const RAN: Duration = Duration::from_millis(400);
/// Slots of a component, and of its parent, that are looked at.
const SLOTS: usize = 2048;
/// Calls that are remembered of a component, and its threads that are looked at.
const CALLS: usize = 32;
const THREADS: usize = 32;
/// Calls that are told of at one look.
const LINES: usize = 4;

/// Calls that wait for a component, as it was looked at last.
#[derive(Default)]
pub(super) struct Overdue {
    /// CPU time of the component at the last look.
    looked: Duration,
    calls: BTreeMap<SlotId, Found>,
}

/// A call that was marked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Found {
    since: Instant,
    /// CPU time of the component then.
    ran: Duration,
    told: bool,
}

impl Found {
    /// Tells whether it is time to tell of the call, at a time and with a CPU time.
    fn due(&self, now: Instant, ran: Duration) -> bool {
        let waited = now.saturating_duration_since(self.since);
        !self.told && waited >= WAITED && ran.saturating_sub(self.ran) >= RAN
    }
}

/// Threads of a component at a moment.
#[derive(Default)]
struct Threads {
    /// Any of them runs.
    any: bool,
    /// The first one does, which serves the main entrypoint.
    first: bool,
    /// The pipes of entrypoints whose thread waits for signals or calls.
    listen: Vec<u64>,
    /// The first thread waits so with a time, or another one does: Linux does not show for which
    /// pipe.
    first_until: bool,
    other_until: bool,
}

impl Threads {
    fn of(pid: i32) -> Self {
        let mut threads = Self::default();
        for thread in threads::ids(pid).into_iter().take(THREADS) {
            match threads::call(pid, thread) {
                Doing::Runs => {
                    threads.any = true;
                    threads.first |= thread == pid;
                }
                Doing::Waits(call) if call.number == libc::SYS_read => {
                    let pipe = call.argument(0).and_then(|fd| threads::pipe(pid, fd));
                    threads.listen.extend(pipe);
                }
                Doing::Waits(call) if call.number == libc::SYS_ppoll => {
                    threads.first_until |= thread == pid;
                    threads.other_until |= thread != pid;
                }
                Doing::Waits(_) | Doing::Gone => {}
            }
        }
        threads
    }
}

/// A call that waits for a component: the entrypoint at which the component has it, unless it waits
/// at the parent until the component acts.
type Waiting = (SlotId, Option<EpId>);

impl Nucleus {
    /// Looks at the calls that wait for a component which ran for a while, and tells of each once
    /// that waited long.
    pub(crate) fn look_for_overdue(&mut self, id: ProcId) {
        let Some(ran) = self.procs.get(&id).and_then(|process| process.timer.ran()) else { return };
        for line in self.overdue(id, ran, Instant::now()) {
            note(format_args!("{line}"));
        }
    }

    /// Looks at a time, when the component used so much CPU time. Returns what there is to tell.
    fn overdue(&mut self, id: ProcId, ran: Duration, now: Instant) -> Vec<String> {
        let Some(process) = self.procs.get_mut(&id) else { return Vec::new() };
        if ran.saturating_sub(process.overdue.looked) < EVERY {
            return Vec::new();
        }
        let mut before = std::mem::take(&mut process.overdue.calls);
        process.overdue.looked = ran;
        let (mut calls, mut lines) = (BTreeMap::new(), Vec::new());
        let mut threads = None;
        for (slot, ep) in self.waiting_for(id) {
            let Some(page) = self.slots.get(&slot).map(super::channel::Slot::page) else {
                continue;
            };
            let same = before.remove(&slot).filter(|_| page.marked());
            let mut found = same.unwrap_or(Found { since: now, ran, told: false });
            if same.is_none() {
                page.mark();
            }
            if lines.len() < LINES && found.due(now, ran) {
                let threads = threads.get_or_insert_with(|| self.threads(id));
                if self.listens(id, threads, ep) {
                    // It waits for a signal within the call: that is no long computation.
                    found = Found { since: now, ran, told: false };
                } else if self.runs(id, threads, ep) {
                    lines.extend(self.tell_overdue(id, slot, ep, &found, now, ran));
                    found.told = true;
                }
            }
            calls.insert(slot, found);
        }
        if let Some(process) = self.procs.get_mut(&id) {
            process.overdue.calls = calls;
        }
        lines
    }

    /// The calls that wait for a component, up to a bound: at its entrypoints, and at its parent's
    /// where that waits for it.
    fn waiting_for(&self, id: ProcId) -> Vec<Waiting> {
        let Some(process) = self.procs.get(&id) else { return Vec::new() };
        let slots = |ep: EpId| {
            let entrypoint = self.eps.get(&ep);
            entrypoint.into_iter().flat_map(Entrypoint::slots).map(move |slot| (slot, ep))
        };
        let called = |slot: &SlotId| self.slots.get(slot).filter(|slot| slot.page().called());
        let all = process.eps.iter().copied().flat_map(slots).take(SLOTS);
        // With a note it waits for somebody else, whom `noted` below finds.
        let all = all.inspect(|_| work::count(1)).filter(|(slot, _)| {
            called(slot).is_some_and(|slot| slot.page().noted(&mut [0; NOTE]).is_none())
        });
        let mut waiting: Vec<Waiting> =
            all.take(CALLS).map(|(slot, ep)| (slot, Some(ep))).collect();
        let parent = process.parent_object.and_then(|object| self.objects.get(&object));
        let above = parent.and_then(|object| self.procs.get(&object.owner));
        let name = process.label.rsplit(" -> ").next().unwrap_or_default();
        let eps = above.into_iter().flat_map(|parent| parent.eps.iter().copied());
        let theirs = eps.flat_map(slots).take(SLOTS).inspect(|_| work::count(1));
        let noted = theirs.filter(|(slot, _)| {
            let mut text = [0; NOTE];
            let len = called(slot).and_then(|slot| slot.page().noted(&mut text));
            len.and_then(|len| text.get(..len)).is_some_and(|text| text == name.as_bytes())
        });
        waiting.extend(noted.take(CALLS).map(|(slot, _)| (slot, None)));
        waiting.truncate(CALLS);
        waiting
    }

    fn threads(&self, id: ProcId) -> Threads {
        self.procs.get(&id).map(|process| Threads::of(process.pid())).unwrap_or_default()
    }

    /// Tells whether the thread of an entrypoint waits for signals or calls, or may wait so.
    fn listens(&self, id: ProcId, threads: &Threads, ep: Option<EpId>) -> bool {
        let main = self.procs.get(&id).and_then(|process| process.main_ep);
        let until = if ep == main { threads.first_until } else { threads.other_until };
        if ep.is_some() && until {
            return true;
        }
        let pipe = ep.and_then(|ep| self.eps.get(&ep)).and_then(Entrypoint::pipe);
        pipe.is_some_and(|pipe| threads.listen.contains(&pipe))
    }

    /// Tells whether a component runs for an entrypoint, as far as Linux shows it.
    fn runs(&self, id: ProcId, threads: &Threads, ep: Option<EpId>) -> bool {
        let main = self.procs.get(&id).and_then(|process| process.main_ep);
        if ep.is_some() && ep == main { threads.first } else { threads.any }
    }

    /// Says who waits for whom in a call, since when, and what to do.
    fn tell_overdue(
        &self,
        id: ProcId,
        slot: SlotId,
        ep: Option<EpId>,
        found: &Found,
        now: Instant,
        ran: Duration,
    ) -> Option<String> {
        let client = self.channels.get(&self.slots.get(&slot)?.channel)?.client;
        let waits = match ep {
            Some(_) => self.asked(slot),
            None => self.asked_of_parent(slot),
        }?;
        Some(format!(
            "long wait: {} {waits}: it waited {} ms by now, and {} ran {} ms of that. It computes, or loops: cargo tap why --calls shows where; what takes long may answer later (#[rpc(later)])",
            self.name(client),
            now.saturating_duration_since(found.since).as_millis(),
            self.name(id),
            ran.saturating_sub(found.ran).as_millis(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use genode_args::quota::Amount;

    use super::super::testing::{Peer, nucleus};
    use super::*;

    /// A component that computes, a client of it with a call under way, and the slot.
    fn computing() -> (Nucleus, [Peer; 2], u64, SlotId, u32) {
        let mut nucleus = nucleus();
        let quota = Amount::new(1 << 20, 100);
        let server = nucleus.peer_of(quota, Command::new("sh").args(["-c", "while :; do :; done"]));
        let client = nucleus.peer(quota);
        let ep = server.entrypoint(&mut nucleus);
        nucleus.procs.get_mut(&server.id).unwrap().main_ep = Some(EpId(ep));
        let (object, _cap) = server.object(&mut nucleus, ep);
        let claim = nucleus.claim(client.id, object).unwrap();
        let slot = claim.new.unwrap().slot.id;
        (nucleus, [server, client], ep, slot, claim.index)
    }

    /// Waits until Linux says that the component's shell loops: it starts first.
    fn until_it_runs(nucleus: &Nucleus, id: ProcId) {
        let end = Instant::now() + Duration::from_mins(1);
        while !nucleus.threads(id).first {
            assert!(Instant::now() < end, "it does not run");
        }
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A component that runs on is looked at whenever it used 100 ms: what waits is told of within
    /// 600 ms of its CPU time, once, and by its next call again.
    #[test]
    fn a_call_is_told_of_once_and_within_its_time() {
        let (mut nucleus, [server, client], _, slot, index) = computing();
        let call = |nucleus: &Nucleus| {
            nucleus.slots[&slot].page().post(index, &7_u64.to_ne_bytes(), 0, 0).unwrap();
        };
        let answer = |nucleus: &Nucleus| {
            let page = nucleus.slots[&slot].page();
            let code = genode_wire::ExceptionCode::SUCCESS;
            page.reply(&genode_host_proto::sys::Futex, code, &[], 0).unwrap();
            let look = &mut genode_host_proto::sync::Looks(0);
            page.wait(&genode_host_proto::sys::Futex, look, &mut []).unwrap();
        };
        call(&nucleus);
        let begun = Instant::now();
        let at = |nucleus: &mut Nucleus, time| {
            // Linux decides whether a process runs at a moment.
            until_it_runs(nucleus, server.id);
            nucleus.overdue(server.id, ms(time), begun + ms(time))
        };
        for time in [100, 200, 300, 400, 500] {
            assert_eq!(at(&mut nucleus, time), [""; 0], "{time}");
        }
        assert_eq!(at(&mut nucleus, 599), [""; 0], "the next look is not due");
        let told = at(&mut nucleus, 600);
        let [server_label, label] =
            [server.id, client.id].map(|id| nucleus.procs[&id].label.clone());
        let expected = format!(
            "long wait: \"{label}\" waits for an answer of \"{server_label}\" to call 7: it waited \
             500 ms by now, and \"{server_label}\" ran 500 ms of that. "
        );
        assert!(told.len() == 1 && told[0].starts_with(&expected), "{told:?}");
        assert_eq!(at(&mut nucleus, 900), [""; 0], "once");
        // Calls one after the other are each within their time, however long they take together.
        for time in (1000..3000).step_by(100) {
            answer(&nucleus);
            call(&nucleus);
            assert_eq!(at(&mut nucleus, time), [""; 0], "{time}");
        }
        assert_eq!(at(&mut nucleus, 3400).len(), 1, "the last one goes on");
        answer(&nucleus);
        assert_eq!(at(&mut nucleus, 9000), [""; 0]);
        assert!(nucleus.procs[&server.id].overdue.calls.is_empty());
    }

    #[test]
    fn a_server_that_does_not_run_is_not_told_of() {
        let (mut nucleus, [server, _client], _, slot, index) = computing();
        nucleus.slots[&slot].page().post(index, &7_u64.to_ne_bytes(), 0, 0).unwrap();
        let now = Instant::now();
        assert_eq!(nucleus.overdue(server.id, ms(100), now), [""; 0]);
        // It waited for long, and had little CPU time: somebody else runs.
        assert_eq!(nucleus.overdue(server.id, ms(400), now + ms(60_000)), [""; 0]);
        let found = Found { since: now, ran: ms(100), told: false };
        assert!(found.due(now + WAITED, ms(100) + RAN));
        assert!(!found.due(now + WAITED, ms(99) + RAN));
        assert!(!found.due(now + ms(499), ms(100) + RAN));
        // It has CPU time, and stands still at this moment.
        let process = &nucleus.procs[&server.id];
        assert!(process.signal(rustix::process::Signal::STOP));
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
        while !state().contains(") T ") {}
        assert_eq!(nucleus.overdue(server.id, ms(9000), now + ms(60_000)), [""; 0]);
    }

    /// A thread that waits with a time may be that of a call's entrypoint: nobody computes for it.
    #[test]
    fn an_entrypoint_that_waits_with_a_time_does_not_compute() {
        let (nucleus, [server, _], main, ..) = computing();
        let listens =
            |threads: &Threads, ep: Option<u64>| nucleus.listens(server.id, threads, ep.map(EpId));
        let first = Threads { any: true, first_until: true, ..Threads::default() };
        let other = Threads { any: true, other_until: true, ..Threads::default() };
        let second = main + 1;
        assert!(listens(&first, Some(main)) && !listens(&first, Some(second)));
        assert!(listens(&other, Some(second)) && !listens(&other, Some(main)));
        assert!(!listens(&first, None) && !listens(&other, None));

        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let waits = std::thread::spawn(move || {
            let mut fds = [rustix::event::PollFd::new(&reader, rustix::event::PollFlags::IN)];
            let time = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
            rustix::event::poll(&mut fds, Some(&time)).unwrap()
        });
        let own = rustix::process::getpid().as_raw_nonzero().get();
        while !Threads::of(own).other_until {
            assert!(!waits.is_finished(), "Linux does not tell");
        }
        drop(writer);
        assert_eq!(waits.join().unwrap(), 1);
    }

    /// A client whose parent waits for a server that computes is told of, too.
    #[test]
    fn a_session_that_a_busy_server_is_to_open_is_told_of() {
        let (mut nucleus, [server, _], ..) = computing();
        let quota = Amount::new(1 << 20, 100);
        let [parent, client] = [(); 2].map(|()| nucleus.peer(quota));
        let ep = parent.entrypoint(&mut nucleus);
        let (object, _cap) = parent.object(&mut nucleus, ep);
        for id in [server.id, client.id] {
            nucleus.procs.get_mut(&id).unwrap().parent_object = Some(object);
        }
        let init = nucleus.procs[&parent.id].label.clone();
        nucleus.procs.get_mut(&server.id).unwrap().label = format!("{init} -> server");
        let claim = nucleus.claim(client.id, object).unwrap();
        let slot = claim.new.unwrap().slot.id;
        let mut body = [0; 512];
        let len = super::super::waits::tests::session_call(&mut body);
        nucleus.slots[&slot].page().post(claim.index, &body[..len], 0, 0).unwrap();
        nucleus.slots[&slot].page().note("another");
        let (found, now) = (|n: &Nucleus| n.waiting_for(server.id), Instant::now());
        assert_eq!(found(&nucleus), [], "another one is to act");
        assert_eq!(nucleus.waiting_for(parent.id), [], "nor is it the parent, however busy");
        nucleus.slots[&slot].page().note("server");
        assert_eq!(found(&nucleus), [(slot, None)]);
        assert_eq!(nucleus.overdue(server.id, ms(100), now), [""; 0]);
        until_it_runs(&nucleus, server.id);
        let told = nucleus.overdue(server.id, ms(600), now + ms(500));
        let what = format!(
            "waits for a session of Foo, for which \"{init} -> server\" is to act: it waited 500 ms"
        );
        assert!(told.len() == 1 && told[0].contains(&what), "{told:?}");
    }
}
