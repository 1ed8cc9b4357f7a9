//! Tells who waits for whom: for a person who wonders why nothing happens (SIGUSR1).
//!
//! Whoever waits tells nobody of it, so that it costs a call nothing. Core looks, when it is asked,
//! at the slots through which calls go, at what Linux shows of each thread, and at the notes of
//! parents that let a call wait. All of that is what others say, and only shown.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use genode_host_proto::CONTROL_FD;
use genode_host_proto::interface::Call as _;
use genode_host_proto::interface::parent;
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::slot::{Found, NOTE};
use genode_host_proto::sys::identity;
use genode_wire::{Caps, Reader};

use super::Nucleus;
use super::channel::Slot;
use super::entrypoint::Entrypoint;
use super::ids::{CORE, CORE_EP, ChanId, EpId, ProcId, SlotId};
use super::process::Process;
use super::threads::{self, Clocks, Thread};

/// Components that are told of.
const MOST: usize = 256;
/// The capabilities of a call are of no interest: it counts as having none.
type NoCap = Option<std::convert::Infallible>;
/// Components that are named as those that may signal one.
const NAMES: usize = 4;

/// A call without an answer yet.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wait {
    /// `None` for core.
    server: Option<ProcId>,
    /// Says in words for what a thread waits.
    what: String,
    /// The inode of the slot's memory.
    slot: u64,
}

impl Nucleus {
    /// Tells of each component what it does, and for whom it waits, a line each; the last one says
    /// how many there are.
    pub(crate) fn who_waits(&self) -> Vec<String> {
        let waits = self.calls();
        let mut clocks = Clocks::new();
        let mut ids: Vec<ProcId> = self.procs.keys().copied().collect();
        ids.sort_unstable_by_key(|id| id.0);
        let mut lines = Vec::new();
        for id in ids.iter().take(MOST) {
            let Some(process) = self.procs.get(id) else { continue };
            let calls = waits.get(id).map_or(&[][..], Vec::as_slice);
            let pid = process.pid();
            let threads = threads::of(pid, &mut clocks);
            let mut line = format!("who waits: \"{}\" {}", process.label, state(pid));
            self.tell_waits(&mut line, process, calls, &threads);
            if circle(&waits, *id) {
                line.push_str(", which waits for it: a circle");
            }
            lines.push(line);
        }
        lines.push(format!("who waits: {} components in all", ids.len()));
        lines
    }

    /// Tells of a component's threads and calls. The calls come last.
    fn tell_waits(&self, line: &mut String, process: &Process, calls: &[Wait], threads: &[Thread]) {
        let pid = process.pid();
        let mappings = threads::mappings(pid);
        let slot_of = |thread: &Thread| {
            let call = thread.call.as_ref().filter(|call| call.number == libc::SYS_futex)?;
            mappings.get(&call.argument(0)?).copied()
        };
        for thread in threads {
            if slot_of(thread).is_some_and(|slot| calls.iter().any(|call| call.slot == slot)) {
                continue;
            }
            if let Some(what) = self.wait_of(process, thread) {
                let _ = write!(line, "; {what}{}", of(thread));
            }
        }
        for call in calls {
            let thread = threads.iter().find(|thread| slot_of(thread) == Some(call.slot));
            let _ = write!(line, "; {}{}", call.what, thread.map(of).unwrap_or_default());
        }
    }

    /// Tells for what a thread waits, if that is no call.
    fn wait_of(&self, process: &Process, thread: &Thread) -> Option<String> {
        let call = thread.call.as_ref()?;
        Some(match call.number {
            libc::SYS_read => {
                let pipe = threads::pipe(process.pid(), call.argument(0)?)?;
                let mut eps = process.eps.iter();
                let ep =
                    eps.find(|ep| self.eps.get(ep).and_then(Entrypoint::pipe) == Some(pipe))?;
                self.at_entrypoint(*ep)
            }
            // With a timeout, of which Linux shows the address.
            libc::SYS_ppoll => match process.eps.iter().collect::<Vec<_>>().as_slice() {
                [ep] => format!("{}, or a time", self.at_entrypoint(**ep)),
                _ => "waits for calls and signals, or a time".into(),
            },
            libc::SYS_recvmsg if call.argument(0) == Some(CONTROL_FD as u64) => {
                "waits for core".into()
            }
            libc::SYS_futex if call.argument(3) == Some(0) => "waits for another thread".into(),
            libc::SYS_futex => "waits for another thread, or a time".into(),
            libc::SYS_nanosleep | libc::SYS_clock_nanosleep => "waits for a time".into(),
            _ => return None,
        })
    }

    /// Tells for what the thread of an entrypoint waits: the calls that it has begun, and who may
    /// signal it.
    fn at_entrypoint(&self, id: EpId) -> String {
        let Some(ep) = self.eps.get(&id) else { return String::new() };
        let (mut contexts, mut silent, mut names) = (0, 0, BTreeSet::new());
        for object in ep.objects.iter().filter_map(|id| self.objects.get(id)).filter(|o| o.signal) {
            contexts += 1;
            silent += usize::from(object.granted.is_empty());
            let clients =
                object.granted.iter().filter_map(|(channel, _)| self.channels.get(channel));
            names.extend(clients.map(|channel| self.name(channel.client)));
        }
        let begun: Vec<String> = ep.slots().filter_map(|slot| self.begun(slot)).collect();
        let mut text = match begun.as_slice() {
            [] => "waits for calls and signals".to_owned(),
            [call] => format!("waits for a signal within {call}"),
            [call, more @ ..] => {
                format!("waits for a signal within {call} and {} more", more.len())
            }
        };
        if contexts > 0 {
            let some: Vec<&str> = names.iter().map(String::as_str).take(NAMES).collect();
            let more = names.len().saturating_sub(NAMES);
            let plural = if contexts == 1 { "" } else { "s" };
            let _ = write!(text, " ({contexts} signal context{plural}");
            if !some.is_empty() {
                let _ = write!(text, ", known to {}", some.join(", "));
            }
            if more > 0 {
                let _ = write!(text, " and {more} more");
            }
            if silent > 0 {
                let _ = write!(text, ", {silent} to nobody");
            }
            text.push(')');
        }
        text
    }

    /// A call that an entrypoint has, in words: to serve, or to answer later.
    fn begun(&self, id: SlotId) -> Option<String> {
        let slot = self.slots.get(&id).filter(|slot| slot.page().called())?;
        let client = self.channels.get(&slot.channel)?.client;
        let mut note = [0; NOTE];
        // An entrypoint that waits for somebody else does not serve meanwhile.
        slot.page().noted(&mut note).is_none().then_some(())?;
        self.call(slot, client)
    }

    /// Tells who waited for an entrypoint that is gone: calls without an answer in the slots of a
    /// channel to it.
    pub(super) fn unanswered(&self, id: ChanId) -> Vec<String> {
        let Some(channel) = self.channels.get(&id) else { return Vec::new() };
        let slots = channel.slots.iter().filter_map(|slot| self.slots.get(slot));
        let called = slots.filter(|slot| slot.page().called());
        called.filter_map(|slot| self.call(slot, channel.client)).collect()
    }

    /// The call in a slot, in words.
    fn call(&self, slot: &Slot, client: ProcId) -> Option<String> {
        Some(format!("call {} of {}", function(slot)?, self.name(client)))
    }

    /// For what the client of a call waits, in words.
    pub(super) fn asked(&self, id: SlotId) -> Option<String> {
        let slot = self.slots.get(&id)?;
        let channel = self.channels.get(&slot.channel)?;
        let server = self.eps.get(&channel.ep).map(|ep| ep.owner);
        Some(waits_for(&self.name(server.unwrap_or(CORE)), function(slot)?))
    }

    /// The same of a call to a parent that waits for somebody else.
    pub(super) fn asked_of_parent(&self, id: SlotId) -> Option<String> {
        let slot = self.slots.get(&id)?;
        let channel = self.channels.get(&slot.channel)?;
        let server = self.eps.get(&channel.ep).map(|ep| ep.owner);
        let (what, _) = self.pending(slot, channel.client, server, &self.labels())?;
        Some(what)
    }

    /// The label of a component, in quotes.
    pub(super) fn name(&self, id: ProcId) -> String {
        match self.procs.get(&id) {
            Some(process) => format!("\"{}\"", process.label),
            None if id == CORE => "\"core\"".into(),
            None => "somebody who is gone".into(),
        }
    }

    /// The components by label.
    fn labels(&self) -> BTreeMap<&str, ProcId> {
        self.procs.iter().map(|(id, process)| (process.label.as_str(), *id)).collect()
    }

    /// The calls under way, by client.
    fn calls(&self) -> BTreeMap<ProcId, Vec<Wait>> {
        let labels = self.labels();
        let mut waits: BTreeMap<ProcId, Vec<Wait>> = BTreeMap::new();
        let mut slots: Vec<_> =
            self.slots.iter().filter(|(_, slot)| slot.page().called()).collect();
        slots.sort_unstable_by_key(|(id, _)| id.0);
        for (_, slot) in slots {
            let Some(channel) = self.channels.get(&slot.channel) else { continue };
            let server = (channel.ep != CORE_EP)
                .then(|| self.eps.get(&channel.ep).map(|ep| ep.owner))
                .flatten();
            let Some(number) = function(slot) else { continue };
            let name = self.name(server.unwrap_or(CORE));
            let mut wait = Wait {
                server,
                what: waits_for(&name, number),
                slot: identity(&slot.file.file).map_or(0, |identity| identity.inode),
            };
            if let Some((what, who)) = self.pending(slot, channel.client, server, &labels) {
                wait.what = what;
                wait.server = who.or(server);
            }
            waits.entry(channel.client).or_default().push(wait);
        }
        waits
    }

    /// Tells what a component asks its parent for, and who is to act, if it does that in a slot.
    fn pending(
        &self,
        slot: &Slot,
        client: ProcId,
        server: Option<ProcId>,
        labels: &BTreeMap<&str, ProcId>,
    ) -> Option<(String, Option<ProcId>)> {
        let mut body = [0; 512];
        let Found::Call(call) = slot.page().take(&mut body) else { return None };
        let process = self.procs.get(&client)?;
        let parent = process.parent_object?;
        let asks = self.channels.get(&slot.channel)?.object(call.index) == Some(parent);
        asks.then_some(())?;
        let mut none = Caps::<NoCap>::new();
        let mut message = Reader::new(body.get(..call.len)?, &mut none);
        let asked = match parent::Call::read(&OPCODES, &mut message).ok()? {
            parent::Call::Session { ref service, .. } => format!("a session of {}", &**service),
            parent::Call::Upgrade { .. } => "the upgrade of a session".into(),
            parent::Call::Close { .. } => "the end of a session".into(),
            _ => return None,
        };
        let mut note = [0; NOTE];
        let len = slot.page().noted(&mut note);
        let who = len.and_then(|len| std::str::from_utf8(note.get(..len)?).ok());
        let Some(who) = who.filter(|who| !who.is_empty()) else {
            return Some((format!("waits for {asked}, asked of {}", self.name(server?)), None));
        };
        let label = format!("{} -> {who}", self.procs.get(&server?)?.label);
        let there = labels.get(label.as_str()).copied();
        let state = if there.is_some() { "" } else { ", which does not run" };
        Some((format!("waits for {asked}, for which \"{label}\" is to act{state}"), there))
    }
}

/// Work of a client until a server answers.
fn waits_for(server: &str, function: u64) -> String {
    format!("waits for an answer of {server} to call {function}")
}

/// The number of the function that is called in a slot.
fn function(slot: &Slot) -> Option<u64> {
    let mut function = [0; 8];
    match slot.page().take(&mut function) {
        Found::Call(_) => Some(u64::from_ne_bytes(function)),
        _ => None,
    }
}

/// The name of a thread, and since when it waits.
fn of(thread: &Thread) -> String {
    let idle = thread.idle.map_or_else(String::new, |idle| {
        format!(" for {}.{} s", idle.as_secs(), idle.subsec_millis() / 100)
    });
    format!(" [\"{}\"{idle}]", thread.name)
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
    let threads = threads::ids(pid).len();
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
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::os::fd::OwnedFd;

    use genode_args::quota::Amount;
    use genode_host_proto::control::{Request, Status};

    use super::super::ids::{EpId, ObjId, ProcId};
    use super::super::testing::{Peer, nucleus};
    use super::{Nucleus, Wait, circle};

    /// A component that serves an object at an entrypoint, with its capability, and another one.
    fn pair() -> (Nucleus, [Peer; 2], u64, (ObjId, OwnedFd)) {
        let mut nucleus = nucleus();
        let [server, client] = [(); 2].map(|()| nucleus.peer(Amount::new(1 << 20, 100)));
        let ep = server.entrypoint(&mut nucleus);
        let object = server.object(&mut nucleus, ep);
        (nucleus, [server, client], ep, object)
    }

    #[test]
    fn circles_are_found_and_chains_are_none() {
        let wait =
            |server: u64| vec![Wait { server: Some(ProcId(server)), what: String::new(), slot: 0 }];
        let mut waits = BTreeMap::from([(ProcId(1), wait(2)), (ProcId(2), wait(3))]);
        assert!(!circle(&waits, ProcId(1)));
        waits.insert(ProcId(3), wait(2));
        assert!(!circle(&waits, ProcId(1)), "the circle is behind it");
        assert!(circle(&waits, ProcId(2)) && circle(&waits, ProcId(3)));
    }

    #[test]
    fn a_call_without_an_answer_is_told_with_its_server() {
        let (mut nucleus, [server, client], _, (object, _cap)) = pair();
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
        // Of a thread that calls nobody it is told for what it waits, and since when.
        let waits = "; waits for a time [\"ep\" for ";
        let end = std::time::Instant::now() + std::time::Duration::from_mins(2);
        let mut lines = lines;
        // They come to it when they are executed.
        while !lines[..2].iter().all(|line| line.contains(waits)) {
            assert!(std::time::Instant::now() < end, "{lines:?}");
            std::thread::sleep(std::time::Duration::from_millis(10));
            lines = nucleus.who_waits();
        }
    }

    #[test]
    fn signal_contexts_are_told_with_those_who_may_signal_them() {
        let (mut nucleus, [server, client], ep, (object, _cap)) = pair();
        nucleus.claim(client.id, object).unwrap();
        let id = EpId(ep);
        assert_eq!(nucleus.at_entrypoint(id), "waits for calls and signals", "that is no context");
        let context = |nucleus: &mut _| {
            let (reply, _) = server.ask(nucleus, Request::ObjectCreate, &[ep, 1], None);
            ObjId(reply.arg(0))
        };
        let (first, _) = (context(&mut nucleus), context(&mut nucleus));
        let claim = nucleus.claim(client.id, first).unwrap();
        let contexts = format!(
            "(2 signal contexts, known to \"{}\", 1 to nobody)",
            nucleus.procs[&client.id].label
        );
        assert_eq!(nucleus.at_entrypoint(id), format!("waits for calls and signals {contexts}"));
        let slot = nucleus.channels[&claim.channel].slots[0];
        nucleus.slots[&slot].page().post(claim.index, &7_u64.to_ne_bytes(), 0, 0).unwrap();
        let within = format!("call 7 of \"{}\"", nucleus.procs[&client.id].label);
        assert_eq!(
            nucleus.at_entrypoint(id),
            format!("waits for a signal within {within} {contexts}")
        );
    }

    /// Calls that an entrypoint leaves without an answer as it goes are told, with their clients.
    #[test]
    fn calls_that_a_server_leaves_are_told_when_it_goes() {
        let (mut nucleus, [server, client], _, (object, _cap)) = pair();
        let claim = nucleus.claim(client.id, object).unwrap();
        let new = claim.new.unwrap();
        assert_eq!(nucleus.unanswered(claim.channel), [""; 0]);
        let call = |nucleus: &Nucleus, number: u64| {
            let slot = nucleus.slots[&new.slot.id].page();
            slot.post(claim.index, &number.to_ne_bytes(), 0, 0).unwrap();
        };
        call(&nucleus, 7);
        let label = nucleus.procs[&client.id].label.clone();
        assert_eq!(nucleus.unanswered(claim.channel), [format!("call 7 of \"{label}\"")]);
        assert_eq!(nucleus.name(server.id), format!("\"{}\"", nucleus.procs[&server.id].label));
        nucleus.server_gone(claim.channel);
        assert_eq!(nucleus.unanswered(claim.channel), [""; 0], "once");
    }

    #[test]
    fn a_session_that_is_pending_is_told_with_who_is_to_act() {
        let (mut nucleus, [parent, client], ep, (object, cap)) = pair();
        nucleus.procs.get_mut(&client.id).unwrap().parent = Some(std::rc::Rc::new(cap));
        let hello = client.try_to(&mut nucleus, Request::Hello, &[]);
        assert_eq!(hello, Status::Ok, "core keeps what its parent is, and no descriptor of it");
        assert!(nucleus.procs[&client.id].parent.is_none());
        let claim = nucleus.claim(client.id, object).unwrap();
        let slot = claim.new.unwrap().slot.id;
        let mut body = [0; 512];
        let len = session_call(&mut body);
        let page = |nucleus: &Nucleus, act: &dyn Fn(&genode_host_proto::slot::Slot)| {
            act(nucleus.slots[&slot].page());
        };
        page(&nucleus, &|page| page.post(claim.index, &body[..len], 0, 0).unwrap());
        let label = |nucleus: &Nucleus, id| nucleus.procs[&id].label.clone();
        let asked = |nucleus: &Nucleus| {
            let calls = nucleus.calls();
            calls[&client.id][0].clone()
        };
        let init = label(&nucleus, parent.id);
        assert_eq!(
            asked(&nucleus).what,
            format!("waits for a session of Foo, asked of \"{init}\"")
        );
        assert!(nucleus.at_entrypoint(EpId(ep)).starts_with("waits for a signal within call 3 of"));
        page(&nucleus, &|page| page.note("server"));
        let parent_waits = nucleus.at_entrypoint(EpId(ep));
        assert_eq!(parent_waits, "waits for calls and signals", "another one is to act");
        let what = format!("waits for a session of Foo, for which \"{init} -> server\" is to act");
        assert_eq!(asked(&nucleus).what, format!("{what}, which does not run"));
        assert_eq!(asked(&nucleus).server, Some(parent.id));
        let server = nucleus.peer(Amount::new(1 << 20, 100));
        nucleus.procs.get_mut(&server.id).unwrap().label = format!("{init} -> server");
        assert_eq!((asked(&nucleus).what, asked(&nucleus).server), (what, Some(server.id)));
    }

    /// Writes a call that asks a parent for a session of Foo; returns its length.
    pub(in super::super) fn session_call(body: &mut [u8; 512]) -> usize {
        use genode_affinity::Affinity;
        use genode_host_proto::interface::{Call as _, parent};
        use genode_wire::{Caps, Text, Writer};
        let (service, args) = (Text::new("Foo").unwrap(), Text::new("").unwrap());
        let affinity = Affinity::default();
        let call: parent::Call<'_, super::NoCap> =
            parent::Call::Session { id: 9, service, args, affinity };
        let mut none = Caps::<super::NoCap>::new();
        let mut writer = Writer::new(body, &mut none);
        call.write(&super::OPCODES, &mut writer).unwrap();
        writer.len()
    }
}
