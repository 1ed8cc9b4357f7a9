//! TRACE: what a session sees, what it takes of its donation, and what is written for it.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use genode_host_proto::interface::AllocError;
use genode_host_proto::interface::trace::TraceError;
use genode_wire::Wire;
use genode_wire::trace::{Infos, SubjectInfo, SubjectState};

use super::super::state::SessionArgs;
use super::accounts::Family;
use super::*;
use crate::nucleus::testing::Peer;
use crate::nucleus::threads;

/// Opens a session of a label, with a donation of RAM and an argument buffer of a size.
pub(super) fn open(family: &mut Family, label: &str, ram: u64, buffer: u64) -> ObjId {
    let donation = Amount::new(ram + buffer + 4096, 6);
    let args = SessionArgs { label, affinity: Affinity::default(), donation };
    let text = format!("arg_buffer_size={buffer}");
    let Family { services, nucleus, .. } = family;
    services.trace_open(nucleus, &args, genode_args::ArgsRef::new(&text)).unwrap()
}

/// Components of which each has a thread, and one that has many. Returns how many threads.
pub(super) fn crowd(family: &mut Family) -> (usize, Vec<Peer>) {
    let few = (0..40).map(|_| family.nucleus.peer(Amount::new(1 << 20, 100)));
    let mut peers: Vec<Peer> = few.collect();
    peers.push(family.nucleus.peer_of(Amount::new(1 << 20, 100), &mut with_threads()));
    while threads::ids(peers[40].pid() as i32).len() < THREADS {
        std::thread::yield_now();
    }
    (40 + THREADS, peers)
}

/// Threads of a component that has many.
const THREADS: usize = 300;
/// Set for a process of this program that is to have them.
const WITH_THREADS: &str = "RS_CORE_TEST_WITH_THREADS";

/// This program, as a process with many threads.
fn with_threads() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = "service::tests::traces::a_process_with_many_threads_is_listed_whole";
    command.args([test, "--exact", "--nocapture"]).env(WITH_THREADS, "yes").stdout(Stdio::null());
    command
}

#[test]
fn a_process_with_many_threads_is_listed_whole() {
    if std::env::var_os(WITH_THREADS).is_some() {
        // Beside the first thread and that of the test.
        let sleep = || std::thread::sleep(std::time::Duration::from_mins(10));
        let threads: Vec<_> = (2..THREADS).map(|_| std::thread::spawn(sleep)).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        return;
    }
    let mut child = with_threads().spawn().unwrap();
    while threads::ids(child.id() as i32).len() < THREADS {
        assert_eq!(child.try_wait().unwrap(), None, "it ended");
        std::thread::yield_now();
    }
    assert_eq!(threads::ids(child.id() as i32).len(), THREADS);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Subjects of the only session.
pub(super) fn subjects(family: &Family) -> usize {
    family.services.traces.values().next().unwrap().count()
}

/// Answers a call, however many pieces it takes.
fn ask<T: genode_wire::Wire>(
    family: &mut Family,
    session: ObjId,
    call: &trace::Call,
) -> Result<T, u32> {
    let (mut body, mut none) = ([0; MAX_BODY], Caps::new());
    let mut writer = Writer::<Came<'_>>::new(&mut body, &mut none);
    call.write(&OPCODES, &mut writer).unwrap();
    let len = writer.len();
    let request = Request { body: &body[..len], caps: &[], channel: family.channel() };
    let mut response = Response::new();
    let Family { services, nucleus, .. } = family;
    crate::work::begin();
    services.dispatch(nucleus, session, &request, &mut response).unwrap();
    if response.later {
        services.closings.from(crate::nucleus::SlotId(77));
        response = loop {
            crate::work::begin();
            if let Some((_, response)) = services.close_a_piece(nucleus) {
                break response;
            }
        };
    }
    let (ok, value) = (response.body[0] == 1, &response.body[8..16]);
    if ok { Ok(T::load(&value[..T::SIZE]).unwrap()) } else { Err(u32::load(&value[..4]).unwrap()) }
}

/// Infos that a session writes into its argument buffer, by id.
fn infos(family: &mut Family, session: ObjId) -> BTreeMap<u32, SubjectInfo> {
    let count = ask::<u32>(family, session, &trace::Call::SubjectInfos).unwrap();
    let bytes = buffer(family, session);
    let infos = Infos::of(bytes.len());
    let one = |index: usize| {
        let info = SubjectInfo::load(&bytes[infos.info(index)..][..SubjectInfo::SIZE]).unwrap();
        (u32::load(&bytes[infos.id(index)..][..4]).unwrap(), info)
    };
    (0..count as usize).map(one).collect()
}

/// The content of an argument buffer.
fn buffer(family: &Family, session: ObjId) -> Vec<u8> {
    let Some(CoreObject::Trace(id)) = family.nucleus.objects[&session].core else { panic!() };
    let memory = family.nucleus.capability(family.services.traces[&id].buffer).unwrap();
    let size = rustix::fs::fstat(&*memory).unwrap().st_size as usize;
    let mut bytes = vec![0; size];
    assert_eq!(rustix::io::pread(&*memory, &mut bytes, 0), Ok(size));
    bytes
}

fn labels(infos: &BTreeMap<u32, SubjectInfo>) -> Vec<String> {
    let mut labels: Vec<String> = infos.values().map(|info| info.label.to_string()).collect();
    labels.sort();
    labels
}

/// A component that is there as long as the value.
fn named(family: &mut Family, label: &str) -> Peer {
    let peer = family.nucleus.peer(Amount::new(1 << 20, 100));
    family.nucleus.procs.get_mut(&peer.id).unwrap().label = label.into();
    peer
}

#[test]
fn a_session_sees_itself_and_those_below_it_and_all_with_the_empty_label_of_init() {
    let mut family = Family::new();
    let names = ["init -> a", "init -> a -> b", "init -> ab", "init -> b -> init -> a"];
    let _peers: Vec<Peer> = names.iter().map(|name| named(&mut family, name)).collect();
    let mut seen = |label: &str| {
        let session = open(&mut family, label, 1 << 16, 1 << 16);
        labels(&infos(&mut family, session))
    };
    assert_eq!(seen("init -> a"), ["init -> a", "init -> a -> b"]);
    assert_eq!(seen("init -> a -> b"), ["init -> a -> b"]);
    assert_eq!(seen("init -> c"), [""; 0]);
    assert_eq!(seen("init -> a -> "), ["init -> a", "init -> a -> b"], "asked without a label");
    // Labels that only look like that of all.
    for label in ["init -> c -> ", "init ->", "init", "init -> c -> init -> ", "ini", " -> "] {
        let seen = seen(label);
        // Init's own session would show what is below it.
        let others = seen.iter().filter(|seen| label != "init" || !seen.starts_with("init -> "));
        assert_eq!(others.count(), 0, "\"{label}\" sees {seen:?}");
    }
    let all = seen("init -> ");
    assert!(names.iter().all(|name| all.contains(&(*name).into())), "{all:?}");
}

#[test]
fn subjects_are_paid_for_until_they_are_freed() {
    let mut family = Family::new();
    let mut peers: Vec<Peer> = (0..6).map(|_| named(&mut family, "init -> a")).collect();
    let session = open(&mut family, "init -> a", 512 * 4, 4096);
    let short = AllocError::OutOfRam as u32;
    for call in [trace::Call::Subjects, trace::Call::SubjectInfos] {
        assert_eq!(ask::<u32>(&mut family, session, &call), Err(short));
    }
    let Some(CoreObject::Trace(id)) = family.nucleus.objects[&session].core else { panic!() };
    family.services.trace_upgrade(id, Amount::new(512 * 2, 0));
    assert_eq!(ask::<u32>(&mut family, session, &trace::Call::Subjects), Ok(6));
    let seen = infos(&mut family, session);
    assert!(seen.values().all(|info| info.state == SubjectState::Unattached));
    assert!(seen.values().all(|info| info.thread.to_string() == "ep"));
    // One that lives stays; one that ended goes, and makes room.
    for subject in [1, 77] {
        let () = family.call(session, &trace::Call::Free { subject }, &[]);
    }
    peers[0].die();
    family.nucleus.died(peers[0].id);
    while family.nucleus.is_going() {
        crate::work::begin();
        family.nucleus.take_back();
    }
    let dead = infos(&mut family, session);
    let dead: Vec<u32> = dead
        .iter()
        .filter(|(_, info)| info.state == SubjectState::Dead)
        .map(|(id, _)| *id)
        .collect();
    assert_eq!((dead.len(), infos(&mut family, session).len()), (1, 6));
    let refused = |subject, family: &mut Family| {
        let call = trace::Call::Trace { subject, policy: 1, size: 4096 };
        ask::<u8>(family, session, &call).unwrap_err()
    };
    assert_eq!(refused(dead[0], &mut family), TraceError::SourceIsDead as u32);
    assert_eq!(refused(77, &mut family), TraceError::InvalidSubject as u32);
    let () = family.call(session, &trace::Call::Free { subject: dead[0] }, &[]);
    let _more = named(&mut family, "init -> a");
    assert_eq!(infos(&mut family, session).len(), 6, "its place is another's");
    assert_eq!(refused(dead[0], &mut family), TraceError::InvalidSubject as u32);
}

/// Time is told as Linux counts it, by thread.
#[test]
fn the_time_that_a_thread_ran_is_told() {
    let mut family = Family::new();
    let busy = "n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done; echo done >&2; exec sleep 600";
    let mut command = Command::new("sh");
    command.args(["-c", busy]).stderr(Stdio::piped());
    let mut peer = family.nucleus.peer_of(Amount::new(1 << 20, 100), &mut command);
    let mut line = String::new();
    BufReader::new(peer.stderr()).read_line(&mut line).unwrap();
    family.nucleus.procs.get_mut(&peer.id).unwrap().label = "init -> busy".into();
    let session = open(&mut family, "init -> busy", 1 << 16, 4096);
    let linux = || -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/schedstat", peer.pid())).unwrap();
        text.split(' ').next().unwrap().parse::<u64>().unwrap() / 1000
    };
    let before = linux();
    let told = infos(&mut family, session)[&1].time;
    assert!(before > 1000 && (before..=linux()).contains(&told.thread_context), "{told:?}");
    assert_eq!(told.scheduling_context, told.thread_context);
    // Linux gives numbers of threads again: who has run for less is another one.
    for trace in family.services.traces.values_mut() {
        trace.age(1);
    }
    assert_eq!(infos(&mut family, session)[&1].state, SubjectState::Dead);
}

#[test]
fn a_listing_ends_where_its_buffer_does_and_with_its_session() {
    let mut family = Family::new();
    let (many, _peers) = crowd(&mut family);
    let session = open(&mut family, "init -> ", 1 << 20, 4096);
    assert_eq!(infos(&mut family, session).len(), 15);
    assert_eq!(ask::<u32>(&mut family, session, &trace::Call::Subjects), Ok(many as u32 + 1));
    // A session that is closed while it is told: the caller gets an answer.
    let Some(CoreObject::Trace(id)) = family.nucleus.objects[&session].core else { panic!() };
    let mut listing = Response::new();
    let Family { services, nucleus, .. } = &mut family;
    crate::work::begin();
    let call = trace::Call::Subjects;
    services.trace_call(nucleus, id, &call, &mut listing).unwrap();
    let buffer = services.traces[&id].buffer;
    services.trace_close(nucleus, id);
    while services.closings.pending() {
        crate::work::begin();
        services.close_a_piece(nucleus);
    }
    assert!(!nucleus.objects.contains_key(&buffer) && !services.traces.contains_key(&id));
}
