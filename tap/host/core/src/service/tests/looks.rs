//! Looks at several accounts by one call, at their worst.
use genode_host_proto::control::Request as Control;

use super::worst::{MANY, World};
use super::*;
use crate::nucleus::testing::Peer;
use crate::work;

type Pd<'a> = pd::Call<Came<'a>>;

/// A look at as many accounts as a call names, of two components that asked for much. Of the second
/// one no more is told than a request may take.
pub(super) fn accounts(world: &mut World) -> usize {
    world.busy();
    let nucleus = &mut world.family.nucleus;
    let other = nucleus.peer(MANY);
    nucleus.belongs(world.family.accounts[0], &other);
    let ep = other.entrypoint(nucleus);
    fill(nucleus, &other, ep);
    let [first, second, _] = world.family.indices().map(|index| index as u32);
    let pds = pd::Named([second, first].into_iter().cycle().take(pd::MAX_ACCOUNTS).collect());
    let call = Pd::Accounts { pds };
    let steps = world.steps(world.pd(), &call, &[]);
    world.busy();
    fill(&mut world.family.nucleus, &other, ep);
    work::begin();
    let told: pd::Accounts = world.family.call(world.pd(), &call, &[]);
    assert_eq!(told.0.len(), 1, "the other one is asked for again");
    steps
}

/// Fills a component's socket with requests, so that its account is looked at after them.
pub(super) fn fill(nucleus: &mut Nucleus, peer: &Peer, ep: u64) {
    nucleus.control(peer.id, || true);
    let gone: Vec<_> = (0..1000).map(|_| peer.object_at(nucleus, ep).0).collect();
    let told = gone.chunks(7).take_while(|gone| peer.post(Control::ObjectsGone, gone, None));
    assert!(told.count() > 90);
}
