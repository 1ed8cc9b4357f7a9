//! Measures what each control request costs core at its worst, in units of work, until core may
//! serve others.
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use genode_args::quota::Amount;
use genode_host_proto::control::{Packet, Request, Status};
use genode_host_proto::{GRANTS, MAX_SLOTS};

use super::channels::{MAX_CHANNEL_SLOTS, MAX_PROCESS_CHANNELS, MAX_PROCESS_SLOTS};
use super::map::{MapId, OwnerId, worst as maps};
use super::object::CoreObject;
use super::process::Ending;
use super::refusal::Verdict;
use super::testing::{Peer, nucleus};
use super::{ChanId, Gone, Nucleus, ObjId, ProcId};
use crate::{fd, work};

/// Tables of clients, and of servers.
const QUOTA: Amount = Amount::new(150 << 20, 300);
const SERVER: Amount = Amount::new(16 << 20, 30_000);
/// Objects of an entrypoint that is removed.
const MANY: usize = 20_000;

/// A nucleus with a client and a server at whose entrypoint it has a channel full of grants and
/// slots.
struct World {
    nucleus: Nucleus,
    client: Peer,
    server: Peer,
    ep: u64,
    /// Objects of the grants, each as often as there are channels full of them.
    object: ObjId,
    cap: OwnedFd,
    channel: u64,
}

impl World {
    fn new() -> Self {
        let mut nucleus = nucleus();
        let (client, server) = (nucleus.peer(QUOTA), nucleus.peer(SERVER));
        let ep = server.entrypoint(&mut nucleus);
        let (object, cap) = server.object(&mut nucleus, ep);
        let channel = client.claim(&mut nucleus, &cap).0;
        Self { nucleus, client, server, ep, object, cap, channel }
    }

    /// A world where the object is granted as often as may be, to several clients.
    fn full() -> Self {
        let mut world = Self::new();
        world.fill(|world| &world.client);
        for _ in 0..3 {
            let other = world.nucleus.peer(Amount::new(1 << 20, 10)).id;
            while world.nucleus.claim(other, world.object).is_ok() {}
        }
        world
    }

    /// Fills a channel of a peer: grants up to all but one, slots up to all but one.
    fn fill(&mut self, who: fn(&Self) -> &Peer) -> u64 {
        let mut channel = 0;
        for _ in 3..GRANTS {
            let client = who(self).id;
            channel = self.nucleus.claim(client, self.object).unwrap().channel.0;
        }
        for _ in 2..MAX_CHANNEL_SLOTS {
            self.nucleus.slot_open(ChanId(channel)).unwrap();
        }
        channel
    }

    fn by_client(&mut self, op: Request, args: &[u64]) -> (usize, Option<Packet>) {
        self.client.measure(&mut self.nucleus, op, args, None)
    }

    fn by_server(&mut self, op: Request, args: &[u64]) -> (usize, Option<Packet>) {
        self.server.measure(&mut self.nucleus, op, args, None)
    }

    /// Takes pieces until nothing is left, each within bounds; somebody else is served in between.
    fn pieces(&mut self, what: &str) -> (usize, Option<Gone>) {
        let (mut count, mut gone) = (0, None);
        while self.nucleus.is_going() {
            let (steps, done) = work::of(|| self.nucleus.take_back());
            within(what, steps + 1);
            gone = gone.or(done);
            count += 1;
        }
        (count, gone)
    }
}

/// Asserts that something takes few units of work.
fn within(what: &str, steps: usize) {
    assert!(steps > 0 && steps <= work::MAX, "{what}: {steps} steps");
}

/// As many channels and slots as a component may have, but for one.
fn crowded() -> (Nucleus, Peer, OwnedFd, u64, Vec<Peer>) {
    let mut nucleus = nucleus();
    let client = nucleus.peer(QUOTA);
    let mut servers = Vec::new();
    let mut last = (None, 0);
    for number in 1..MAX_PROCESS_CHANNELS {
        if number % 64 == 1 {
            servers.push(nucleus.peer(Amount::new(8 << 20, 100)));
        }
        let server = servers.last().unwrap();
        let ep = server.entrypoint(&mut nucleus);
        let (object, _) = server.object(&mut nucleus, ep);
        let claim = nucleus.claim(client.id, object).unwrap();
        last.1 = claim.channel.0;
    }
    servers.push(nucleus.peer(Amount::new(8 << 20, 100)));
    let server = servers.last().unwrap();
    let ep = server.entrypoint(&mut nucleus);
    let (_, cap) = server.object(&mut nucleus, ep);
    last.0 = Some(cap);
    (nucleus, client, last.0.unwrap(), last.1, servers)
}

/// A descriptor of an object of core's, which names a map.
fn names(world: &mut World, core: CoreObject) -> OwnedFd {
    let name = fd::managed_token().unwrap();
    let shown = name.try_clone().unwrap();
    world.nucleus.core_object_at(core, name).unwrap();
    shown
}

/// The steps of a request that is answered well.
fn ok((steps, reply): (usize, Option<Packet>)) -> usize {
    assert_eq!(reply.map(|r| r.op()), Some(Status::Ok.into()));
    steps
}

/// The steps of a request at its worst.
fn worst(request: Request) -> usize {
    let mut world = match request {
        Request::Claim
        | Request::Release
        | Request::ChannelClose
        | Request::EpDestroy
        | Request::ObjectDestroy
        | Request::ObjectsGone => World::full(),
        _ => World::new(),
    };
    match request {
        Request::Hello => {
            let peer = world.nucleus.peer(QUOTA);
            ok(peer.measure(&mut world.nucleus, request, &[], None))
        }
        Request::EpCreate => {
            for _ in 0..62 {
                world.server.entrypoint(&mut world.nucleus);
            }
            ok(world.by_server(request, &[]))
        }
        Request::EpDestroy
        | Request::ObjectCreate
        | Request::ObjectDestroy
        | Request::ObjectsGone => of_objects(request, world),
        Request::Claim
        | Request::SlotOpen
        | Request::Release
        | Request::ChannelClose
        | Request::Served => of_channels(request, world),
        Request::LastWords | Request::Frames => {
            // The longest, by one that says all at once and dies.
            let words = [u64::from_ne_bytes(*b"aaaaaaaa"); 7];
            let ops = [Request::LastWords, Request::Frames];
            let all = ops.into_iter().flat_map(|op| [op; 40]);
            assert!(all.filter(|op| world.client.post(*op, &words, None)).count() > 60);
            let id = world.client.id;
            work::of(|| world.nucleus.kill(id)).0
        }
        Request::DescriptorsFull => world.by_client(request, &[]).0,
        Request::ThreadBind => {
            let args = [world.client.pid(), 0, 0, 1, 1];
            ok(world.by_client(request, &args))
        }
        Request::Send => {
            // Its descriptors 0 to 2, with descriptor 0 four times.
            ok(world.by_client(request, &[0, 4, 1, 1, 1, 1]))
        }
        Request::Paging
        | Request::ViewOpen
        | Request::ViewClose
        | Request::Fault
        | Request::Unmapped
        | Request::Settled => with_views(request, world),
    }
}

/// The same for requests about entrypoints and objects.
fn of_objects(request: Request, mut world: World) -> usize {
    match request {
        Request::EpDestroy => {
            for _ in 0..MANY {
                world.server.object_at(&mut world.nucleus, world.ep);
            }
            let args = [world.ep];
            let (steps, reply) = world.by_server(request, &args);
            assert_eq!(reply, None, "it waits");
            assert!(world.pieces("an entrypoint goes").0 > 3);
            assert_eq!(world.server.answer().map(|r| r.op()), Some(Status::Ok.into()));
            steps
        }
        Request::ObjectCreate => {
            for _ in 0..MANY {
                world.server.object_at(&mut world.nucleus, world.ep);
            }
            let args = [world.ep];
            ok(world.by_server(request, &args))
        }
        Request::ObjectDestroy => {
            let args = [world.object.0];
            let steps = ok(world.by_server(request, &args));
            assert!(world.pieces("grants go").0 > 3);
            steps
        }
        _ => {
            let args = [0, world.object.0, 0, 1, 2, 3, u64::MAX];
            let (steps, _) = world.by_server(request, &args);
            assert!(world.pieces("grants go").0 > 3);
            steps
        }
    }
}

/// The same for requests about channels and slots.
fn of_channels(request: Request, mut world: World) -> usize {
    match request {
        Request::Claim => {
            let (mut nucleus, client, cap, _, _servers) = crowded();
            let steps = ok(client.measure(&mut nucleus, request, &[], Some(cap.as_fd())));
            assert_eq!(client.try_claim(&mut nucleus, &cap), Status::Ok, "the channel is there");
            let cap = Some(world.cap.as_fd());
            let again = ok(world.client.measure(&mut world.nucleus, request, &[], cap));
            steps.max(again)
        }
        Request::SlotOpen => {
            let (mut nucleus, client, _, channel, _servers) = crowded();
            let steps = ok(client.measure(&mut nucleus, request, &[channel], None));
            let held = nucleus.slots.len();
            assert_eq!(held, MAX_PROCESS_SLOTS, "as many as may be, of {MAX_SLOTS}");
            steps
        }
        Request::Release => {
            let args = [world.channel, GRANTS as u64 - 2];
            world.by_client(request, &args).0
        }
        Request::ChannelClose => {
            let args = [world.channel];
            let (steps, _) = world.by_client(request, &args);
            assert!(world.pieces("a channel goes").0 >= 1);
            steps
        }
        _ => {
            let args = [world.channel];
            ok(world.by_client(request, &args))
        }
    }
}

/// The same for requests about managed dataspaces.
fn with_views(request: Request, mut world: World) -> usize {
    match request {
        Request::Paging => ok(world.by_client(request, &[])),
        Request::ViewOpen => {
            let map = MapId(70);
            world.nucleus.maps = maps::many(ProcId(1 << 41));
            let (owner, ds) = (OwnerId(1), ObjId(1 << 40));
            world.nucleus.maps.create(map, owner, (ds, ds), 1 << 30);
            let cap = names(&mut world, CoreObject::Managed(map));
            ok(world.by_client(Request::Paging, &[]));
            let World { nucleus, client, .. } = &mut world;
            ok(client.measure(nucleus, request, &[0, 4096], Some(cap.as_fd())))
        }
        Request::ViewClose => {
            let (all, view) = maps::waiters(world.client.id);
            world.nucleus.maps = all;
            world.by_client(request, &[view.0]).0
        }
        Request::Fault => {
            let (all, view) = maps::waiters(world.client.id);
            world.nucleus.maps = all;
            ok(world.by_client(request, &[view.0, 4096, 1]))
        }
        Request::Unmapped => {
            world.nucleus.maps = maps::many(world.client.id);
            world.nucleus.maps.dataspace_gone(maps::MEMORY);
            ok(world.by_client(request, &[]));
            ok(world.by_client(request, &[]))
        }
        _ => {
            world.nucleus.maps = maps::many(world.client.id);
            let cap = names(&mut world, CoreObject::RegionMap(OwnerId(1), MapId(0)));
            let World { nucleus, client, .. } = &mut world;
            ok(client.measure(nucleus, request, &[], Some(cap.as_fd())))
        }
    }
}

#[test]
fn each_request_lets_others_be_served_after_a_millisecond() {
    for request in Request::ALL {
        let steps = worst(*request);
        println!("{request:?}: {steps} steps");
        within(&format!("{request:?}"), steps);
    }
}

/// More than an answer may wait for: what it asked for counts later.
#[test]
fn what_a_component_asked_for_before_an_answer_is_looked_at_within_bounds() {
    let mut world = World::new();
    let objects: Vec<_> =
        (0..1500).map(|_| world.server.object_at(&mut world.nucleus, world.ep).0).collect();
    let account = world.nucleus.procs[&world.server.id].account;
    let used = |world: &World| world.nucleus.accounts.get(account).unwrap().quota.used.caps.0;
    // As much as a runtime may have told of objects before core reads of it.
    let told =
        objects.chunks(7).take_while(|gone| world.server.post(Request::ObjectsGone, gone, None));
    let told = told.count() as u64 * 7;
    let before = used(&world);
    let (steps, ()) = work::of(|| world.nucleus.settle(account));
    within("objects that are gone", steps);
    assert!(told > 600 && used(&world) + told == before, "{told}");
    // Each of them nearly half of what an answer may take.
    world.nucleus.maps = maps::many(world.client.id);
    let cap = names(&mut world, CoreObject::RegionMap(OwnerId(1), MapId(0)));
    let account = world.nucleus.procs[&world.client.id].account;
    let posted = (0..100).filter(|_| world.client.post(Request::Settled, &[], Some(cap.as_fd())));
    let posted = posted.count();
    let (steps, ()) = work::of(|| world.nucleus.settle(account));
    within("questions", steps);
    let answers = std::iter::from_fn(|| world.client.answer()).count();
    assert!(answers > 0 && answers < posted, "{answers} of {posted}");
}

#[test]
fn a_process_that_ends_goes_in_pieces_others_are_served_and_all_comes_back() {
    let mut world = World::full();
    for _ in 0..MANY {
        world.server.object_at(&mut world.nucleus, world.ep);
    }
    // It has a channel full of grants itself, an entrypoint going, and one that stays.
    world.server.entrypoint(&mut world.nucleus);
    let own = world.fill(|world| &world.server);
    assert_eq!(world.by_server(Request::EpDestroy, &[world.ep]).1, None);
    let process = &world.nucleus.procs[&world.server.id];
    let (account, pd) = (process.account, process.pd);
    let unused = world.nucleus.accounts.get(account).unwrap().quota.limit;

    // Killing takes nothing: Linux is to say that it is gone.
    let id = world.server.id;
    let (steps, ()) = work::of(|| world.nucleus.kill(id));
    within("kill", steps + 1);
    assert_eq!(world.nucleus.control(id, || true), Verdict::Alive, "what it asks is not served");
    world.server.die();
    let (steps, ()) = work::of(|| world.nucleus.died(id));
    within("a process died", steps + 1);
    let (_, served) = world.by_client(Request::Served, &[world.channel]);
    assert_eq!(served.map(|r| r.op()), Some(Status::Ok.into()));
    let (count, gone) = world.pieces("a process goes");
    assert!(count > 6, "{count} pieces");
    assert_eq!(gone, Some(Gone { process: id, pd, ending: Ending::Killed(9) }));
    let left = world.nucleus.accounts.get(account).unwrap().quota;
    assert_eq!((left.avail(), world.nucleus.accounts.unfounded()), (unused, Amount::NONE));
    assert!(!world.nucleus.channels.contains_key(&ChanId(own)));
    assert!(!world.nucleus.procs.contains_key(&id));
    assert!(world.nucleus.objects.values().all(|object| object.owner != id));
    let (_, served) = world.by_client(Request::Served, &[world.channel]);
    assert_eq!(served.map(|r| r.arg(0)), Some(0), "its client is told so");
}

#[test]
fn many_slots_of_a_dead_server_are_declared_dead_again_some_at_a_time() {
    let mut world = World::new();
    for _ in 0..20 {
        let client = world.nucleus.peer(Amount::new(1 << 20, 10));
        let channel = world.nucleus.claim(client.id, world.object).unwrap().channel;
        for _ in 1..MAX_CHANNEL_SLOTS {
            world.nucleus.slot_open(channel).unwrap();
        }
    }
    assert_eq!(world.by_server(Request::EpDestroy, &[world.ep]).1, None);
    world.pieces("an entrypoint with many slots goes");
    let mut turns = 0;
    while world.nucleus.undead.wait() == Some(Duration::ZERO) {
        let (steps, ()) = work::of(|| world.nucleus.kill_undead());
        within("slots are declared dead again", steps);
        turns += 1;
    }
    assert!(turns > 10, "{turns} turns");
}
