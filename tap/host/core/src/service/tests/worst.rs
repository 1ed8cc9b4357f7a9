//! Measures what each call of core's interfaces costs core at its worst, in units of work, until
//! core may serve others.
mod parent_calls;

use genode_affinity::Location;
use genode_host_proto::interface::pd::{Transfer, Transfers};
use genode_host_proto::interface::region_map::Attr;
use genode_host_proto::interface::{cpu, cpu_thread, native_pd, parent, rm};
use genode_host_proto::{PAGE, opcode::env_id};

use super::super::closing::BYTES;
use super::super::state::{Session, SessionArgs};
use super::accounts::Family;
use super::looks::{accounts, fill};
use super::*;
use crate::account::ROOT;
use crate::nucleus::map::{MapId, OwnerId, worst as maps};
use crate::nucleus::testing::Peer;
use crate::work;

const K: u64 = PAGE as u64;
pub(super) const MANY: Amount = Amount::new(64 << 20, 30_000);

/// Init with three PD sessions, the second of which is that of a component that asked for much.
pub(super) struct World {
    pub(super) family: Family,
    peer: Peer,
    ep: u64,
}

impl World {
    fn new() -> Self {
        let mut family = Family::new();
        let peer = family.nucleus.peer(MANY);
        family.nucleus.belongs(family.accounts[1], &peer);
        family.nucleus.accounts.transfer(ROOT, family.accounts[1], MANY).unwrap();
        let ep = peer.entrypoint(&mut family.nucleus);
        Self { family, peer, ep }
    }

    /// Lets the component ask for much.
    pub(super) fn busy(&mut self) {
        fill(&mut self.family.nucleus, &self.peer, self.ep);
    }

    pub(super) fn pd(&self) -> ObjId {
        self.family.pds[1]
    }

    /// Steps of a call, which is answered now or later.
    pub(super) fn steps<'m>(
        &mut self,
        object: ObjId,
        call: &impl Call<'m, Came<'m>>,
        caps: &[Option<OwnedFd>],
    ) -> usize {
        let (mut body, mut none) = ([0; MAX_BODY], Caps::new());
        let mut writer = Writer::new(&mut body, &mut none);
        call.write(&OPCODES, &mut writer).unwrap();
        let len = writer.len();
        let request = Request { body: &body[..len], caps, channel: self.family.channel() };
        let mut response = Response::new();
        let Family { services, nucleus, .. } = &mut self.family;
        let (steps, served) =
            work::of(|| services.dispatch(nucleus, object, &request, &mut response));
        assert_eq!(served, Ok(()));
        let mut most = steps;
        while services.closings.any(nucleus) || nucleus.is_going() {
            let (steps, _) = work::of(|| nucleus.take_back());
            let (more, _) = work::of(|| services.close_a_piece(nucleus));
            most = most.max(steps).max(more);
        }
        most
    }

    /// A capability of an object of core's.
    fn cap(&self, object: ObjId) -> Option<OwnedFd> {
        self.family.nucleus.capability(object).map(|cap| cap.try_clone().unwrap())
    }

    /// An RM session of core's, with an owner of maps that exist already.
    fn object(&mut self, core: CoreObject) -> ObjId {
        self.family.nucleus.core_object(core).unwrap()
    }

    /// A session of a component with many threads, or with many dataspaces.
    fn cpu(&mut self, threads: u64) -> (ObjId, u64) {
        let affinity = Affinity::default();
        let args = SessionArgs { label: "cpu", affinity, donation: Amount::new(0, threads + 9) };
        let Family { services, nucleus, .. } = &mut self.family;
        let object = services.cpu_open(nucleus, &args).unwrap();
        let Some(CoreObject::Cpu(id)) = nucleus.objects[&object].core else { panic!() };
        let pd = self.cap(self.pd());
        for _ in 0..threads {
            let made: bool = self.family.call(
                object,
                &create_thread(),
                &[pd.as_ref().map(|c| c.try_clone().unwrap())],
            );
            assert!(made);
        }
        (object, id)
    }

    /// A session of init's.
    fn session(&mut self, object: ObjId) -> u64 {
        let id = env_id::FIRST_FREE + 99;
        let session = Session { object, donation: Amount::NONE };
        self.family.services.init.as_mut().unwrap().sessions.insert(id, session);
        id
    }
}

fn create_thread<'a>() -> cpu::Call<Came<'a>> {
    let name = FixedString::new("ep").unwrap();
    cpu::Call::CreateThread { pd: CAP, name, location: Location::default(), entry: 0 }
}

/// Asserts that each of an interface's calls has a worst case, and that it is bounded.
fn all(interface: &str, names: &[&str], worst: impl Fn(&str) -> usize) {
    for name in names {
        let steps = worst(name);
        println!("{interface}::{name}: {steps} steps");
        assert!(steps <= work::MAX, "{interface}::{name}: {steps} steps");
    }
}

fn none(interface: &str, name: &str) -> ! {
    panic!("{interface}::{name} has no worst case: say what makes core work most for it")
}

type Pd<'a> = pd::Call<Came<'a>>;

/// Transfers from the account of a component that asked for much.
fn transfers(world: &mut World, name: &str, to: &[Option<OwnedFd>]) -> usize {
    let (pd, ram) = (world.pd(), u64::MAX / 2);
    world.busy();
    match name {
        "TransferRam" => world.steps(pd, &Pd::TransferRam { to: CAP, amount: ram }, to),
        "TransferCaps" => {
            let amount = MANY.caps.0;
            world.steps(pd, &Pd::TransferCaps { to: CAP, amount }, to)
        }
        _ => {
            let [own, child, _] = world.family.indices();
            let one = Transfer { from: child, to: own, amount: Amount::new(ram, 0) };
            let transfers = Transfers([one; 4].into_iter().collect());
            world.steps(pd, &Pd::TransferAll { transfers }, &[])
        }
    }
}

/// A look at the account of a component that asked for much.
fn quota(world: &mut World, name: &str) -> usize {
    world.busy();
    let call = match name {
        "CapQuota" => Pd::CapQuota,
        "UsedCaps" => Pd::UsedCaps,
        "RamQuota" => Pd::RamQuota,
        "Account" => Pd::Account,
        _ => Pd::UsedRam,
    };
    world.steps(world.pd(), &call, &[])
}

#[test]
fn calls_of_a_pd_session() {
    all("Pd", Pd::NAMES, |name| {
        let mut world = World::new();
        let pd = world.pd();
        let own = || {
            [world.family.nucleus.capability(world.family.pds[0]).map(|c| c.try_clone().unwrap())]
        };
        let (own, ram) = (own(), u64::MAX / 2);
        match name {
            "TransferRam" | "TransferCaps" | "TransferAll" => transfers(&mut world, name, &own),
            "AssignParent" => world.steps(pd, &Pd::AssignParent { parent: CAP }, &own),
            "RefAccount" => world.steps(pd, &Pd::RefAccount { account: CAP }, &own),
            "AllocRam" => {
                world.busy();
                let call = Pd::AllocRam { size: ram & !(K - 1), cache: pd::Cache::Cached };
                world.steps(pd, &call, &[])
            }
            "AllocRamOnNode" => {
                world.busy();
                let call = Pd::AllocRamOnNode { size: 16 << 20, cache: pd::Cache::Cached, node: 0 };
                world.steps(pd, &call, &[])
            }
            "FreeRam" => {
                let call = Pd::AllocRam { size: BYTES, cache: pd::Cache::Cached };
                let made: bool = world.family.call(pd, &call, &[]);
                assert!(made);
                // It is in as many regions as there may be, with as many views as those may have.
                let ds =
                    world.family.services.pds.values().find_map(|pd| pd.ram.keys().next().copied());
                world.family.nucleus.maps = maps::crowd_of(ds.unwrap());
                let cap = world.cap(ds.unwrap());
                world.steps(pd, &Pd::FreeRam { ds: CAP }, &[cap])
            }
            "RamSize" => world.steps(pd, &Pd::RamSize { ds: CAP }, &own),
            "CapQuota" | "UsedCaps" | "RamQuota" | "UsedRam" | "Account" => quota(&mut world, name),
            "NativePd" => world.steps(pd, &Pd::NativePd, &[]),
            "Accounts" => accounts(&mut world),
            _ => none("Pd", name),
        }
    });
}

#[test]
fn calls_of_a_native_pd_and_of_a_cpu_session() {
    type Native<'a> = native_pd::Call<Came<'a>>;
    all("NativePd", Native::NAMES, |name| {
        let mut world = World::new();
        let Some(CoreObject::Pd(id)) = world.family.nucleus.objects[&world.pd()].core else {
            panic!()
        };
        let native = world.family.services.pds[&id].native;
        match name {
            "Start" => {
                // A file that is no program: Linux starts and ends a process for it.
                let parent = world.cap(world.pd());
                let () = world.family.call(
                    world.pd(),
                    &pd::Call::AssignParent { parent: CAP },
                    &[parent],
                );
                let memory = fd::ram(PAGE).unwrap();
                let core = CoreObject::Dataspace { size: K, writeable: true };
                let binary = world.family.nucleus.core_object_at(core, memory).unwrap();
                let cap = world.cap(binary);
                world.steps(native, &Native::Start { binary: CAP }, &[cap])
            }
            "Termination" => world.steps(native, &Native::Termination, &[]),
            _ => none("NativePd", name),
        }
    });
    type Cpu<'a> = cpu::Call<Came<'a>>;
    all("Cpu", Cpu::NAMES, |name| {
        let mut world = World::new();
        let (session, id) = world.cpu(2000);
        match name {
            "CreateThread" => {
                let cap = world.cap(world.pd());
                world.steps(session, &create_thread(), &[cap])
            }
            "KillThread" => {
                let thread = world.family.services.cpus[&id].threads.iter().next().copied();
                let cap = world.cap(thread.unwrap());
                world.steps(session, &Cpu::KillThread { thread: CAP }, &[cap])
            }
            "ExceptionSigh" => {
                let (_, cap) = world.peer.object(&mut world.family.nucleus, world.ep);
                world.steps(session, &Cpu::ExceptionSigh { handler: CAP }, &[Some(cap)])
            }
            "AffinitySpace" => world.steps(session, &Cpu::AffinitySpace, &[]),
            "NativeCpu" => world.steps(session, &Cpu::NativeCpu, &[]),
            _ => none("Cpu", name),
        }
    });
}

#[test]
fn calls_of_a_thread() {
    type Thread = cpu_thread::Call;
    all("CpuThread", <Thread as Call<'_, Came<'_>>>::NAMES, |name| {
        let mut world = World::new();
        let (_, id) = world.cpu(2000);
        let location = Location::cpu(0, 0);
        // Of those with one number, the first one moves the thread.
        let threads: Vec<_> = world.family.services.cpus[&id].threads.iter().copied().collect();
        match name {
            "Affinity" => {
                let call = Thread::Affinity { location };
                let first = threads.into_iter().min().unwrap();
                world.steps(first, &call, &[])
            }
            _ => none("CpuThread", name),
        }
    });
}

#[test]
fn calls_of_rom_and_log_sessions_and_of_dataspaces() {
    type Rom<'a> = rom::Call<Came<'a>>;
    all("Rom", Rom::NAMES, |name| {
        let mut world = World::new();
        let Family { services, nucleus, .. } = &mut world.family;
        services.modules.add(nucleus, "module", b"text");
        let rom = world.object(CoreObject::Rom(0));
        match name {
            "Dataspace" => world.steps(rom, &Rom::Dataspace, &[]),
            "Update" => world.steps(rom, &Rom::Update, &[]),
            "Sigh" => {
                let (_, cap) = world.peer.object(&mut world.family.nucleus, world.ep);
                world.steps(rom, &Rom::Sigh { handler: CAP }, &[Some(cap)])
            }
            _ => none("Rom", name),
        }
    });
    all("Log", <log::Call<'_> as Call<'_, Came<'_>>>::NAMES, |name| {
        let mut world = World::new();
        let affinity = Affinity::default();
        let args = SessionArgs { label: "log", affinity, donation: Amount::NONE };
        let Family { services, nucleus, .. } = &mut world.family;
        let object = services.log_open(nucleus, &args).unwrap();
        match name {
            "Write" => {
                // As many lines as a message has bytes.
                let mut text = vec![b'\n'; log::MAX - 1];
                text.push(0);
                world.steps(
                    object,
                    &log::Call::Write { text: InBuffer::bytes(&text).unwrap() },
                    &[],
                )
            }
            _ => none("Log", name),
        }
    });
    all("Dataspace", <dataspace::Call as Call<'_, Came<'_>>>::NAMES, |name| {
        let mut world = World::new();
        let object = world.object(CoreObject::Dataspace { size: K, writeable: true });
        match name {
            "Size" => world.steps(object, &dataspace::Call::Size, &[]),
            "Writeable" => world.steps(object, &dataspace::Call::Writeable, &[]),
            _ => none("Dataspace", name),
        }
    });
}

#[test]
fn calls_of_rm_sessions() {
    let owner = owner();
    type Rm<'a> = rm::Call<Came<'a>>;
    all("Rm", Rm::NAMES, |name| {
        let mut world = World::new();
        if name == "Destroy" {
            world.family.nucleus.maps = maps::crowd_of(ObjId(1 << 20));
        } else {
            world.family.nucleus.maps.open(owner, Amount::new(1 << 20, 100));
        }
        let session = world.object(CoreObject::Rm(owner));
        match name {
            "Create" => world.steps(session, &Rm::Create { size: 1 << 30 }, &[]),
            "Destroy" => {
                let steps = [0, 1].map(|map| {
                    let map = world.object(CoreObject::RegionMap(owner, MapId(map)));
                    let cap = world.cap(map);
                    world.steps(session, &Rm::Destroy { map: CAP }, &[cap])
                });
                steps.into_iter().max().unwrap()
            }
            _ => none("Rm", name),
        }
    });
}

#[test]
fn calls_of_region_maps() {
    type Map<'a> = region_map::Call<Came<'a>>;
    let owner = owner();
    all("RegionMap", Map::NAMES, |name| {
        let mut world = World::new();
        if matches!(name, "Attach" | "Detach") {
            world.family.nucleus.maps = maps::crowd_of(ObjId(1 << 20));
        } else {
            world.family.nucleus.maps = maps::waiters(world.peer.id).0;
        }
        let map = world.object(CoreObject::RegionMap(owner, MapId(0)));
        let at = 17 * K;
        match name {
            "Attach" => {
                let attr = Attr {
                    size: K,
                    offset: 0,
                    use_at: false,
                    at: 0,
                    executable: true,
                    writeable: true,
                };
                let core = CoreObject::Dataspace { size: K, writeable: true };
                let memory = fd::ram(PAGE).unwrap();
                let ds = world.family.nucleus.core_object_at(core, memory).unwrap();
                let cap = world.cap(ds);
                world.steps(map, &Map::Attach { ds: CAP, attr }, &[cap])
            }
            "Detach" => {
                let inner = world.steps(map, &Map::Detach { at }, &[]);
                let outer = world.object(CoreObject::RegionMap(owner, MapId(1)));
                inner.max(world.steps(outer, &Map::Detach { at }, &[]))
            }
            "FaultHandler" => {
                let (_, cap) = world.peer.object(&mut world.family.nucleus, world.ep);
                world.steps(map, &Map::FaultHandler { handler: CAP }, &[Some(cap)])
            }
            "Fault" => world.steps(map, &Map::Fault, &[]),
            "Dataspace" => {
                let object = world.object(CoreObject::Managed(MapId(0)));
                assert!(world.family.nucleus.objects.contains_key(&object));
                world.steps(map, &Map::Dataspace, &[])
            }
            _ => none("RegionMap", name),
        }
    });
}

/// A session that sees as many components and threads as a piece is not enough for.
#[test]
fn calls_of_trace_sessions() {
    all("Trace", <trace::Call as Call<'_, Came<'_>>>::NAMES, |name| {
        let mut world = World::new();
        let (many, _threads) = super::traces::crowd(&mut world.family);
        let session = super::traces::open(&mut world.family, "init -> ", 1 << 20, 1 << 20);
        // Those that were looked at before are in the way of later calls.
        if matches!(name, "Free" | "Trace") {
            world.steps(session, &trace::Call::SubjectInfos, &[]);
        }
        let (subject, policy, size) = (1, 1, 1 << 20);
        let steps = match name {
            "Dataspace" => world.steps(session, &trace::Call::Dataspace, &[]),
            "AllocPolicy" => world.steps(session, &trace::Call::AllocPolicy { size }, &[]),
            "Policy" => world.steps(session, &trace::Call::Policy { policy }, &[]),
            "UnloadPolicy" => world.steps(session, &trace::Call::UnloadPolicy { policy }, &[]),
            "Trace" => world.steps(session, &trace::Call::Trace { subject, policy, size }, &[]),
            "Pause" => world.steps(session, &trace::Call::Pause { subject }, &[]),
            "Resume" => world.steps(session, &trace::Call::Resume { subject }, &[]),
            "Subjects" => world.steps(session, &trace::Call::Subjects, &[]),
            "Buffer" => world.steps(session, &trace::Call::Buffer { subject }, &[]),
            "Free" => world.steps(session, &trace::Call::Free { subject }, &[]),
            "SubjectInfos" => world.steps(session, &trace::Call::SubjectInfos, &[]),
            _ => none("Trace", name),
        };
        if matches!(name, "Subjects" | "SubjectInfos") {
            assert!(super::traces::subjects(&world.family) >= many, "all are seen");
        }
        steps
    });
}

type Parent<'a> = parent::Call<'a, Came<'a>>;

/// Arguments of a session that offers enough for any.
const ARGS: &str = "label=\"x\", ram_quota=262144, cap_quota=20";

fn owner() -> OwnerId {
    OwnerId(1)
}
