//! Threads of a CPU session: who says where they run.
use genode_affinity::Location;
use genode_host_proto::control::{Request as Ask, Status};
use genode_host_proto::interface::{AllocError, cpu_thread};
use rustix::process::Pid;
use rustix::thread::sched_getaffinity;

use super::super::message::Goes;
use super::super::state::SessionArgs;
use super::accounts::Family;
use super::*;
use crate::nucleus::testing::Peer;

const NUMBER: u64 = 0x40;

/// The component of the second PD session, with a process, and a CPU session.
struct Case {
    family: Family,
    peer: Peer,
    cpu: ObjId,
}

impl Case {
    fn new(governed: bool) -> Self {
        let mut family = Family::new();
        let peer = family.nucleus.peer(Amount::new(1 << 20, 100));
        let Some(CoreObject::Pd(pd)) = family.nucleus.objects[&family.pds[1]].core else {
            panic!()
        };
        family.nucleus.runs_as(pd, &peer);
        let cpu = session(&mut family);
        let mut case = Self { family, peer, cpu };
        // Its first thread, by which the PD is the session's.
        assert!(case.thread(cpu, 0, Location::default()).is_ok());
        case.family.nucleus.threads_of_session(case.peer.id, governed);
        case
    }

    fn thread(&mut self, cpu: ObjId, entry: u64, location: Location) -> Result<ObjId, AllocError> {
        let pd = self.family.nucleus.capability(self.family.pds[1]).unwrap();
        let name = FixedString::new("thread").unwrap();
        let call = cpu::Call::CreateThread { pd: CAP, name, location, entry };
        let made: Result<Cap<Goes>, AllocError> =
            self.family.call(cpu, &call, &[Some(pd.try_clone().unwrap())]);
        made.map(|Cap(thread)| self.family.nucleus.lookup(thread.unwrap()).unwrap())
    }

    /// Asks for a place as the component itself.
    fn bind(&mut self, number: u64) -> Status {
        let thread = self.peer.pid();
        self.peer.try_to(&mut self.family.nucleus, Ask::ThreadBind, &[thread, 0, 0, 1, 1, number])
    }

    /// CPUs on which Linux runs the component's thread.
    fn cpus(&self) -> u32 {
        sched_getaffinity(Pid::from_raw(self.peer.pid() as i32)).unwrap().count()
    }

    fn location(&self) -> Option<Location> {
        self.family.nucleus.thread_location(self.peer.id, self.peer.pid() as i32)
    }
}

fn session(family: &mut Family) -> ObjId {
    let donation = Amount::new(0, 10);
    let args = SessionArgs { label: "cpu", affinity: Affinity::default(), donation };
    family.services.cpu_open(&mut family.nucleus, &args).unwrap()
}

const FIRST: Location = Location { x: 0, y: 0, width: 1, height: 1 };

#[test]
fn only_a_component_whose_session_does_not_govern_places_its_threads() {
    for (governed, bound) in [(false, Status::Ok), (true, Status::Invalid)] {
        let mut case = Case::new(governed);
        let before = case.cpus();
        assert_eq!(case.bind(0), bound);
        assert_eq!(case.cpus(), if governed { before } else { 1 });
        assert_eq!(case.bind(NUMBER), Status::Invalid, "nobody made it");
        // The first thread has its object already, and cannot be another one.
        assert!(case.thread(case.cpu, NUMBER, FIRST).is_ok());
        assert_eq!(case.bind(NUMBER), Status::Invalid);
    }
}

#[test]
fn a_thread_object_moves_its_thread_within_the_session() {
    let mut case = Case::new(true);
    let everywhere = case.family.nucleus.machine.everywhere();
    assert_eq!(case.location(), Some(everywhere), "the first thread is known from the start");
    let pd = case.family.pds[1];
    let Some(CoreObject::Pd(id)) = case.family.nucleus.objects[&pd].core else { panic!() };
    let first = *case.family.services.cpus.values().next().unwrap().threads.iter().next().unwrap();
    assert_eq!(case.family.nucleus.objects[&first].core, Some(CoreObject::Thread(id)));
    let () = case.family.call(first, &cpu_thread::Call::Affinity { location: FIRST }, &[]);
    assert_eq!((case.location(), case.cpus()), (Some(FIRST), 1));
    for beyond in [
        Location { x: everywhere.width as i32, ..FIRST },
        Location { x: -1, ..FIRST },
        Location { width: everywhere.width + 1, ..FIRST },
        Location { width: u32::MAX, ..FIRST },
        Location::default(),
    ] {
        let refused = case.family.refused(first, &cpu_thread::Call::Affinity { location: beyond });
        assert_eq!(refused, Some(ExceptionCode::MALFORMED), "{beyond:?}");
    }
    assert_eq!((case.location(), case.cpus()), (Some(FIRST), 1));
    // With the session it is forgotten.
    let () = case.family.call(case.cpu, &cpu::Call::KillThread { thread: CAP }, &[None]);
    case.family.nucleus.object_destroy(first);
    assert_eq!(case.location(), None);
}

#[test]
fn a_thread_of_a_session_that_is_not_its_components_moves_nothing() {
    let mut case = Case::new(true);
    let other = session(&mut case.family);
    let thread = case.thread(other, NUMBER, FIRST).unwrap();
    assert_eq!(case.bind(NUMBER), Status::Invalid);
    let before = case.cpus();
    let refused = case.family.refused(thread, &cpu_thread::Call::Affinity { location: FIRST });
    assert_eq!(refused, Some(ExceptionCode::INVALID_OBJECT));
    assert_eq!(case.cpus(), before);
}

#[test]
fn a_place_outside_of_the_session_makes_no_thread() {
    let mut case = Case::new(false);
    let width = case.family.nucleus.machine.everywhere().width;
    let beyond = Location { x: width as i32, ..FIRST };
    assert_eq!(case.thread(case.cpu, NUMBER, beyond), Err(AllocError::Denied));
    assert!(case.thread(case.cpu, NUMBER, FIRST).is_ok());
}

#[test]
fn a_process_that_is_gone_leaves_no_thread() {
    let mut case = Case::new(true);
    assert!(case.location().is_some());
    case.peer.die();
    case.family.nucleus.bury(case.peer.id);
    assert_eq!(case.location(), None);
}
