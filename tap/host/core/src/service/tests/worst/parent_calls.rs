//! Calls of the parent at their worst.
use super::*;

fn text<const N: usize>(text: &'static str) -> Text<'static, N> {
    Text::new(text).unwrap()
}

/// Sessions of each service, at the expense of a component that asked for much.
fn sessions(world: &mut World, name: &str) -> usize {
    let (parent, affinity, args) = (world.family.parent(), Affinity::default(), text(ARGS));
    let [_, child, _] = world.family.indices();
    let (payer, amount) = (child, Amount::new(u64::MAX / 2, 1));
    let mut most = 0;
    for (number, service) in
        ["PD", "CPU", "LOG", "RM", "ROM", "TRACE", "none"].into_iter().enumerate()
    {
        let (id, service) = (env_id::FIRST_FREE + number as u64, text(service));
        let call = match name {
            "Session" => Parent::Session { id, service, args, affinity },
            _ => {
                world.busy();
                Parent::SessionFor { id, service, args, affinity, payer, amount }
            }
        };
        most = most.max(world.steps(parent, &call, &[]));
    }
    most
}

/// Sessions with much in them.
fn closings(world: &mut World, name: &str) -> usize {
    let parent = world.family.parent();
    let [_, child, _] = world.family.indices();
    let close = |id| match name {
        "Close" => Parent::Close { id },
        _ => Parent::CloseFor { id, payer: child, amount: Amount::NONE },
    };
    // A CPU session with many threads, a PD session with many dataspaces, an RM session with large
    // maps.
    let (object, _) = world.cpu(3000);
    let id = world.session(object);
    let mut most = world.steps(parent, &close(id), &[]);
    for _ in 0..500 {
        let call = pd::Call::<Came<'_>>::AllocRam { size: K, cache: pd::Cache::Cached };
        let made: bool = world.family.call(world.pd(), &call, &[]);
        assert!(made);
    }
    world.family.nucleus.maps = maps::crowd_of(ObjId(1 << 20));
    for object in [world.pd(), world.object(CoreObject::Rm(owner()))] {
        let id = world.session(object);
        most = most.max(world.steps(parent, &close(id), &[]));
    }
    most
}

/// Core as the parent of init, which holds as much as it may give back at once.
#[test]
fn calls_of_the_parent() {
    all("Parent", Parent::NAMES, |name| {
        let mut world = World::new();
        let parent = world.family.parent();
        let (_, handler) = world.peer.object(&mut world.family.nucleus, world.ep);
        let handler = [Some(handler)];
        match name {
            "Session" | "SessionFor" => sessions(&mut world, name),
            "Close" | "CloseFor" => closings(&mut world, name),
            "Upgrade" => {
                let session = world.object(CoreObject::Rm(owner()));
                let id = world.session(session);
                world.steps(parent, &Parent::Upgrade { id, args: text(ARGS) }, &[])
            }
            "Exit" => world.steps(parent, &Parent::Exit { value: 0 }, &[]),
            "Announce" => world.steps(parent, &Parent::Announce { service: text("Service") }, &[]),
            "SessionSigh" => world.steps(parent, &Parent::SessionSigh { handler: CAP }, &handler),
            "ResourceAvailSigh" => {
                world.steps(parent, &Parent::ResourceAvailSigh { handler: CAP }, &handler)
            }
            "YieldSigh" => world.steps(parent, &Parent::YieldSigh { handler: CAP }, &handler),
            "HeartbeatSigh" => {
                world.steps(parent, &Parent::HeartbeatSigh { handler: CAP }, &handler)
            }
            "SessionCap" => world.steps(parent, &Parent::SessionCap { id: env_id::PD }, &[]),
            "SessionResponse" => {
                world.steps(parent, &Parent::SessionResponse { id: 9, response: 0 }, &[])
            }
            "DeliverSessionCap" => {
                world.steps(parent, &Parent::DeliverSessionCap { id: 9, cap: CAP }, &handler)
            }
            "MainThreadCap" => world.steps(parent, &Parent::MainThreadCap, &[]),
            "ResourceRequest" => {
                let args = FixedString::new("ram_quota=4K").unwrap();
                world.steps(parent, &Parent::ResourceRequest { args }, &[])
            }
            "YieldRequest" => world.steps(parent, &Parent::YieldRequest, &[]),
            "YieldResponse" => world.steps(parent, &Parent::YieldResponse, &[]),
            "HeartbeatResponse" => world.steps(parent, &Parent::HeartbeatResponse, &[]),
            _ => none("Parent", name),
        }
    });
}
